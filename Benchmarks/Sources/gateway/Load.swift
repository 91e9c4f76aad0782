import Foundation

/// Keeps a number of connections busy with one request each: the next is sent when the answer has come.
struct Load {
  struct Result {
    private(set) var seconds = 0.0
    /// Microseconds from before the request's first byte to after the answer's last.
    private(set) var latencies: [Double] = []

    var answers: Int { latencies.count }
    var rate: Double { Double(answers) / seconds }

    static func += (sum: inout Result, part: Result) {
      sum.seconds += part.seconds
      sum.latencies += part.latencies
    }
  }

  /// Milliseconds for an answer.
  private static let patience: Int32 = 10_000

  let port: Int
  let connections: Int
  /// No request is started after this.
  let duration: Duration

  /// Sends each request once, or all of them over and over.
  func run(_ requests: SignedRequests, repeating: Bool) throws -> Result {
    var open: [KeepAliveConnection] = []
    defer { open.forEach { $0.close() } }
    for _ in 0..<connections { open.append(try KeepAliveConnection(port: port)) }
    var waiting = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 8)
    defer { buffer.deallocate() }
    var latencies: [Duration] = []
    latencies.reserveCapacity(requests.count)
    var (next, underWay) = (0, 0)
    let start = ContinuousClock.now
    let end = start + duration

    func sendNext(on connection: Int) throws {
      guard repeating || next < requests.count, ContinuousClock.now < end else { return }
      try requests.withRequest(next % requests.count) { try open[connection].send($0) }
      next += 1
      underWay += 1
    }

    for connection in open.indices { try sendNext(on: connection) }
    while underWay > 0 {
      guard poll(&waiting, nfds_t(waiting.count), Self.patience) > 0 else {
        throw Problem("\(underWay) of \(connections) connections got no answer within \(Self.patience / 1000) s")
      }
      for connection in open.indices where waiting[connection].revents != 0 {
        guard try open[connection].receive(into: buffer) else { continue }
        latencies.append(ContinuousClock.now - open[connection].sentAt)
        underWay -= 1
        try sendNext(on: connection)
      }
    }
    let seconds = (ContinuousClock.now - start).seconds
    return Result(seconds: seconds, latencies: latencies.map { $0.seconds * 1e6 })
  }
}
