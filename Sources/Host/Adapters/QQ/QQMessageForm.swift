import Core

/// How much of a message is shown. Its text is complete in itself, so that any of them says everything.
enum QQMessageForm: Sendable {
  /// With markup, buttons and media.
  case full
  /// The words alone.
  case plain
  /// The words alone, with links that cannot be clicked.
  case unlinked

  /// What to show after the platform refused this form with `code`; nil when nothing else would help.
  func next(after code: String, of content: MessageContent) -> QQMessageForm? {
    guard let code = Int64(code) else { return nil }
    switch code {
    case 304_003, 40_054_010: return self == .unlinked ? nil : .unlinked
    case 304_036, 304_037, 305_007, 50037, 50054...50057, 40_034_008...40_034_011, 40_034_029, 40_034_090, 40_034_124,
      40_034_127:
      let hasMarkup = content.markdown != nil || !content.buttons.isEmpty
      return self == .full && hasMarkup ? .plain : nil
    default:
      guard self == .full, content.media != nil, QQErrorClass(code: code) == .media else { return nil }
      return .plain
    }
  }
}
