import Core
import Foundation
import Logging
import SkillLoader
import Synchronization

/// What one skill says, on its way into the host's log: cut to lines, limited in length and rate, tagged with the skill's name.
final class SkillLog: Sendable {
  private struct State: Sendable {
    var throttle = LogThrottle()
    var partial: [UInt8] = []
  }

  private static let longestLine = 1024

  private let logger: Logger
  private let skill: String
  private let files: SkillLogFiles?
  private let state = Mutex(State())

  /// - Parameter files: where the lines are kept too.
  init(logger: Logger, skill: String, files: SkillLogFiles? = nil) {
    self.skill = skill
    self.files = files
    var logger = logger
    logger[metadataKey: "skill"] = .string(skill)
    self.logger = logger
  }

  /// One line that the skill sent with `log`. `level` is an `OC_LOG_…` value.
  func write(_ line: String, level: UInt32) {
    let level: Logger.Level =
      switch level {
      case OC_LOG_DEBUG: .debug
      case OC_LOG_INFO: .info
      case OC_LOG_WARNING: .warning
      default: .error
      }
    emit(line, level: level)
  }

  /// Reads what waits in a pipe of the skill's standard output and error, without blocking and a bounded amount at a time.
  /// False at its end.
  func forward(from pipe: Descriptor) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { buffer in
      let size = read(pipe.number, buffer.baseAddress, buffer.count)
      guard size > 0 else { return size < 0 && (errno == EAGAIN || errno == EINTR) }
      for line in split(buffer[..<size]) { emit(line, level: .info) }
      return true
    }
  }

  /// Writes out a last line that was not ended.
  func flush() {
    let rest = state.withLock { state in
      defer { state.partial = [] }
      return state.partial
    }
    if !rest.isEmpty { emit(String(decoding: rest, as: UTF8.self), level: .info) }
  }

  private func split(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> [String] {
    state.withLock { state in
      var lines: [String] = []
      for byte in bytes {
        if byte == UInt8(ascii: "\n") {
          lines.append(String(decoding: state.partial, as: UTF8.self))
          state.partial.removeAll(keepingCapacity: true)
        } else if state.partial.count < Self.longestLine {
          state.partial.append(byte)
        }
      }
      return lines
    }
  }

  private func emit(_ line: String, level: Logger.Level) {
    let verdict = state.withLock { $0.throttle.admit(now: .now) }
    guard case .pass(let dropped) = verdict else { return }
    let text = String(String.UnicodeScalarView(line.unicodeScalars.prefix(Self.longestLine).map { $0.breaksLines ? " " : $0 }))
    logger.log(level: level, "skill_log", metadata: ["line": .string(text)])
    keep(text, level: level)
    guard dropped > 0 else { return }
    logger.warning("skill_log_dropped", metadata: ["lines": "\(dropped)"])
    keep("[host] \(dropped) lines came too fast and were dropped", level: .warning)
  }

  /// Keeps what the host has to say of the skill beside its lines.
  func note(_ text: String, level: Logger.Level) {
    keep("[host] \(text)", level: level)
  }

  private func keep(_ line: String, level: Logger.Level) {
    files?.append(line, level: level.rawValue, of: skill, at: WallClock.system.now())
  }
}

/// Lets through a burst of lines and then a steady rate.
struct LogThrottle: Sendable {
  enum Verdict: Equatable {
    /// `dropped` lines were held back since the last one that passed.
    case pass(dropped: Int)
    case drop
  }

  static let burst = 100
  static let perSecond = 20

  private var allowance = Double(burst)
  private var last: ContinuousClock.Instant?
  private var dropped = 0

  mutating func admit(now: ContinuousClock.Instant) -> Verdict {
    if let last {
      let (seconds, attoseconds) = last.duration(to: now).components
      let elapsed = Double(seconds) + Double(attoseconds) * 1e-18
      allowance = min(Double(Self.burst), allowance + elapsed * Double(Self.perSecond))
    }
    last = now
    guard allowance >= 1 else {
      dropped += 1
      return .drop
    }
    allowance -= 1
    defer { dropped = 0 }
    return .pass(dropped: dropped)
  }
}
