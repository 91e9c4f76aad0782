import Core

/// The platform's question whether we hold the bot secret (op 13), narrowed until it cannot be anything else.
///
/// The answer is a signature over text that the asker chose. An event body starts with `{`, so a token of letters and digits
/// and a time of digits can never be (the beginning of) one.
struct QQURLValidation: Sendable, Hashable {
  let plainToken: String
  let eventTimestamp: String

  init(parsing data: JSON) throws(QQPayloadError) {
    guard data.object != nil else { throw QQPayloadError(member: "d", problem: "is not an object") }
    guard let token = data["plain_token"]?.string, (1...128).contains(token.utf8.count),
      token.utf8.allSatisfy({ $0.isDecimalDigit || $0.isASCIILetter })
    else { throw QQPayloadError(member: "d.plain_token", problem: "is not 1 to 128 letters and digits") }
    guard let timestamp = data["event_ts"]?.string, QQTime.isUnixSeconds(timestamp) else {
      throw QQPayloadError(member: "d.event_ts", problem: "is not 1 to 20 decimal digits")
    }
    plainToken = token
    eventTimestamp = timestamp
  }

  /// The answer's body; nil only if signing itself fails.
  func answer(signedWith key: QQSigningKey) -> JSON? {
    guard let signature = key.signature(over: self) else { return nil }
    return ["plain_token": .string(plainToken), "signature": .string(signature)]
  }
}
