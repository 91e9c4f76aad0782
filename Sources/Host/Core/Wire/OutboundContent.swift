/// What a message on its way out does.
package enum OutboundContent: Hashable, Codable, Sendable {
  case message(MessageContent)
  /// Takes back a message of ours, by the platform's id.
  case recall(messageID: String)

  /// A message of plain text.
  package static func text(_ text: String) -> OutboundContent { .message(MessageContent(text: text)) }

  /// The words, in their plainest form; empty when there are none.
  package var text: String {
    switch self {
    case .message(let content): content.text
    case .recall: ""
    }
  }
}

/// What a message shows. `text` is complete in itself; the rest is shown where the platform can and takes it.
package struct MessageContent: Hashable, Codable, Sendable {
  /// A button that sends its data back to us.
  package struct Button: Hashable, Codable, Sendable {
    package let label: String
    /// What the press will carry.
    package let data: String
    /// Whether it is the one to look at first.
    package let isPrimary: Bool

    package init(label: String, data: String, isPrimary: Bool = false) {
      self.label = label
      self.data = data
      self.isPrimary = isPrimary
    }
  }

  /// An image, a voice message, a video or a file.
  package struct Media: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
      case image, voice, video, file
    }

    package enum Source: Hashable, Codable, Sendable {
      /// Public, `http` or `https`; the platform or its bridge fetches it.
      case url(String)
      case bytes([UInt8])
    }

    package let kind: Kind
    package let source: Source
    /// What a file is called in the chat.
    package let name: String?

    package init(kind: Kind, source: Source, name: String? = nil) {
      self.kind = kind
      self.source = source
      self.name = name
    }
  }

  package var text: String
  /// The same words with markup.
  package var markdown: String?
  /// Rows of buttons; what they do can always be done by typing as well.
  package var buttons: [[Button]]
  package var media: Media?
  /// The platform's id of a message to show as quoted.
  package var quotes: String?

  package init(
    text: String, markdown: String? = nil, buttons: [[Button]] = [], media: Media? = nil, quotes: String? = nil
  ) {
    self.text = text
    self.markdown = markdown
    self.buttons = buttons
    self.media = media
    self.quotes = quotes
  }
}
