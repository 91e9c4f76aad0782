import Testing

@testable import Skills

@Suite("Processor time between calls")
struct ProcessorMeterTests {
  private let start = ContinuousClock.now

  /// One reading for each pair of seconds since the start and processor time, two processors.
  private func isExceeded(_ readings: [(at: Double, used: Double)], calls: [(at: Double, took: Double)] = []) -> Bool {
    var meter = ProcessorMeter(processors: 2, now: start)
    var calls = calls[...]
    for reading in readings {
      while let call = calls.first, call.at <= reading.at {
        meter.called(for: .seconds(call.took), now: start + .seconds(call.at))
        calls = calls.dropFirst()
      }
      meter.read(.seconds(reading.used), current: .zero, now: start + .seconds(reading.at))
    }
    return meter.isExceeded
  }

  @Test("a thread that spins is noticed at once, and one that spins a little sometimes is not")
  func idle() {
    #expect(isExceeded([(2, 2)]))
    #expect(!isExceeded([(2, 0.9)]))
    #expect(isExceeded([(2, 0.6), (4, 1.2)]))
    #expect(!isExceeded((1...100).map { (Double($0) * 32, Double($0) * 0.5) }))
    #expect(isExceeded((1...100).map { (Double($0) * 32, Double($0) * 0.6) }))
  }

  @Test("what is used during calls is free, on every processor")
  func busy() {
    #expect(!isExceeded([(10, 20)], calls: [(10, 10)]))
    #expect(isExceeded([(10, 22)], calls: [(10, 10)]))
    // One processor spins beside calls that take a tenth of the time.
    #expect(isExceeded([(2, 2), (4, 4)], calls: [(1, 0.2), (3, 0.2)]))
  }

  @Test("a call in flight counts for what it lasted, and once")
  func inFlight() {
    var meter = ProcessorMeter(processors: 1, now: start)
    meter.read(.seconds(2), current: .seconds(2), now: start + .seconds(2))
    meter.called(for: .seconds(3), now: start + .seconds(3))
    meter.read(.seconds(3), current: .zero, now: start + .seconds(4))
    #expect(!meter.isExceeded)
    meter.read(.seconds(6), current: .zero, now: start + .seconds(6))
    #expect(meter.isExceeded)
  }

  @Test("a quiet runner is read ever more rarely, until it is called again")
  func rare() {
    var meter = ProcessorMeter(processors: 1, now: start)
    var now = start
    var waits: [Duration] = []
    for _ in 0..<6 {
      waits.append(now.duration(to: meter.dueAt))
      now = meter.dueAt
      meter.read(.zero, current: .zero, now: now)
    }
    #expect(waits == [2, 4, 8, 16, 32, 32].map { .seconds($0) })
    meter.called(for: .milliseconds(1), now: now)
    #expect(now.duration(to: meter.dueAt) == ProcessorMeter.interval)
  }
}
