/// A document from a platform as it came, kept apart from the journal so that people can look at it.
package struct RawEvent: Sendable, Hashable {
  package let channel: String
  /// What became of it: the label under which it was ignored, or `event` when it was accepted.
  package let type: String
  package let requestID: RequestID
  package let receivedAt: Timestamp
  /// The bytes that came. They may hold whatever people write: never in a log.
  package let body: [UInt8]

  package init(channel: String, type: String, requestID: RequestID, receivedAt: Timestamp, body: [UInt8]) {
    self.channel = channel
    self.type = type
    self.requestID = requestID
    self.receivedAt = receivedAt
    self.body = body
  }
}

/// Where raw events lie, encrypted and for a limited time.
package protocol RawEventStore: Sendable {
  /// Keeps these, and drops the oldest where room is needed.
  func keep(_ events: [RawEvent]) async throws
  /// Drops some of those that are too old. True: there may be more.
  func dropOld() async throws -> Bool
}
