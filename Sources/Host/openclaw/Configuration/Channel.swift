import AdapterQQ
import Core

/// One place where the robot talks to people.
struct Channel: Sendable {
  enum Kind: Sendable {
    case qq(QQ)
    case oneBot(OneBot)
    case playground
  }

  /// Part of URLs and of identities: letters, digits, `-` and `_`.
  let name: String
  let kind: Kind

  /// The word for `kind` in the file.
  var kindName: String {
    switch kind {
    case .qq: "qq"
    case .oneBot: "onebot"
    case .playground: "playground"
    }
  }

  var isPlayground: Bool {
    if case .playground = kind { true } else { false }
  }
}

extension Channel {
  /// One application of the official QQ Bot API.
  struct QQ: Sendable {
    enum Transport: String, Sendable, CaseIterable {
      /// The platform posts events to us.
      case webhook
      /// We connect to the platform's gateway.
      case webSocket = "websocket"
    }

    /// Which URL-validation requests (op 13) are answered.
    enum Validation: String, Sendable, CaseIterable {
      /// Only those that carry a valid signature.
      case signed
      /// Those without a signature as well: whoever sends one gets a text of his choice signed.
      case unsigned
    }

    var appID = ""
    /// The secret in use first; a second one during rotation.
    var secrets: [Secret] = []
    var transport = Transport.webhook
    var apiBase = "https://api.bot.qq.com"
    var tokenURL = "https://api.bot.qq.com/app/getAppAccessToken"
    var validation = Validation.signed
    /// How far the signed timestamp of a webhook may be from our clock.
    var freshness = Duration.seconds(300)
    /// What a gateway connection asks for.
    var intents = QQIntent.standard
    /// Gateway connections side by side.
    var shards = 1
    /// How much the bot may say.
    var sending = QQSendingLimits()
  }

  /// One account of a OneBot v11 implementation.
  struct OneBot: Sendable {
    enum Transport: String, Sendable, CaseIterable {
      /// The implementation posts events to us; we call its HTTP API.
      case http
      /// The implementation connects to us.
      case reverseWebSocket = "reverse-websocket"
      /// We connect to the implementation.
      case webSocket = "websocket"
    }

    /// How many WebSockets are opened to `url`.
    enum Sockets: String, Sendable, CaseIterable {
      /// One for everything.
      case universal
      /// One below `/api` and one below `/event`.
      case separate
    }

    var transports: [Transport] = [.reverseWebSocket]
    /// Keys of the HMAC over a posted event.
    var secrets: [Secret] = []
    /// Bearer tokens of WebSocket connections and of the HTTP API.
    var accessTokens: [Secret] = []
    /// The implementation's HTTP API, for `http`.
    var apiBase: String?
    /// The implementation's WebSocket server, for `websocket`.
    var url: String?
    var sockets = Sockets.universal
  }
}
