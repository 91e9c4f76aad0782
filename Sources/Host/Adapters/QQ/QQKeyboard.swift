import Core

/// The buttons below a message.
enum QQKeyboard {
  /// Rows, and buttons in a row, that the platform takes.
  static let limit = 5

  /// Nil without buttons. What is too much is left out: the text tells how to do it by typing.
  static func json(_ rows: [[MessageContent.Button]]) -> JSON? {
    let rows = rows.filter { !$0.isEmpty }.prefix(limit)
    guard !rows.isEmpty else { return nil }
    let json = rows.enumerated().map { row, buttons -> JSON in
      let buttons = buttons.prefix(limit).enumerated().map { column, button in
        Self.button(button, id: "\(row + 1)-\(column + 1)")
      }
      return ["buttons": .array(buttons)]
    }
    return ["content": ["rows": .array(json)]]
  }

  private static func button(_ button: MessageContent.Button, id: String) -> JSON {
    let label = JSON.string(DisplayName.singleLine(button.label))
    return [
      "id": .string(id), "render_data": ["label": label, "visited_label": label, "style": button.isPrimary ? 1 : 0],
      // Type 1 sends the data back to us; who may press is checked when it arrives.
      "action": [
        "type": 1, "permission": ["type": 2], "data": .string(button.data), "unsupport_tips": "当前版本不支持按钮，请直接输入命令",
      ],
    ]
  }
}
