import Core

/// A message on its way into the outbox.
struct OutboxDraft: Equatable {
  /// Ends the last message of a text whose rest must wait.
  static let continues = "\n…(goes on with your next message)"

  var address: ReplyAddress
  var content: MessageContent
  /// Of the content as it was said; several, one after another, once messages were put together.
  var digest: String

  /// Whether other text may be put beside it.
  var isMergeable: Bool {
    content.markdown == nil && content.buttons.isEmpty && content.media == nil && content.quotes == nil
  }

  /// This text, and then the other's.
  func joined(with other: OutboxDraft) -> OutboxDraft {
    var joined = self
    joined.content = other.content
    joined.content.text = content.text + (content.text.hasSuffix("\n") ? "" : "\n") + other.content.text
    joined.digest = digest + " " + other.digest
    return joined
  }

  /// Pieces that the platform takes. Media and the quote go with the first, buttons with the last. Text that must be cut is
  /// plain: its markup might not survive the cut.
  func pieces(limit: Int) -> [OutboxDraft] {
    let longest = max(content.text.unicodeScalars.count, content.markdown?.unicodeScalars.count ?? 0)
    guard longest > limit else { return [self] }
    let texts = TextSplitter.pieces(of: content.text, limit: limit)
    return texts.enumerated().map { index, text in
      var piece = self
      piece.content = MessageContent(
        text: text, buttons: index == texts.count - 1 ? content.buttons : [], media: index == 0 ? content.media : nil,
        quotes: index == 0 ? content.quotes : nil)
      if index > 0 { piece.digest = "" }
      return piece
    }
  }

  /// The limit that leaves room for a notice; where there is no room for both, the notice is not to be had.
  static func limit(_ limit: Int, leavingRoomFor notice: String) -> Int {
    limit == .max ? limit : max(1, limit - notice.unicodeScalars.count)
  }
}
