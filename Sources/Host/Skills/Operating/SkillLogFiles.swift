import Core
import Glibc
import Synchronization

/// The last lines of each skill, in files: a bounded file each, and one older.
///
/// Never blocks who writes; lines that come faster than the disk takes them are lost.
package final class SkillLogFiles: Sendable {
  /// Bytes of a file before it is put aside.
  static let largestFile = 1 << 20
  /// Lines that may wait for the disk.
  private static let mostWaiting = 1000

  private let folder: String
  private let thread: SerialThread
  private let waiting = Mutex(0)

  init(folder: String, thread: SerialThread) {
    self.folder = folder
    self.thread = thread
  }

  /// Appends one line; `skill` is an id, and so fit for a file name.
  func append(_ line: String, level: String, of skill: String, at time: Timestamp) {
    let hasRoom = waiting.withLock { waiting in
      guard waiting < Self.mostWaiting else { return false }
      waiting += 1
      return true
    }
    guard hasRoom else { return }
    thread.enqueue {
      self.write("\(Self.text(of: time)) \(level) \(line)\n", to: "\(self.folder)/\(skill).log")
      self.waiting.withLock { $0 -= 1 }
    }
  }

  private func write(_ line: String, to path: String) {
    var file = Self.open(path)
    if file == nil, SkillFolder.make(folder) { file = Self.open(path) }
    // A log that cannot be written must not stop anything; the line went into the host's log too.
    guard let file, (try? SmallFile.write(Array(line.utf8), to: file)) != nil else { return }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_size > Self.largestFile else { return }
    rename(path, path + ".1")
  }

  private static func open(_ path: String) -> Descriptor? {
    Descriptor(Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600))
  }

  /// `2026-01-31T23:59:59.123Z`
  private static func text(of time: Timestamp) -> String {
    var seconds = time_t(time.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [(Int(parts.tm_year) + 1900, 4), (Int(parts.tm_mon) + 1, 2), (Int(parts.tm_mday), 2)].map(padded)
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
    let fraction = padded(Int(time.milliseconds - time.seconds * 1000), 3)
    return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(fraction)Z"
  }

  /// The last lines that a skill left, oldest first; nil when it never left any. Blocks.
  package static func lastLines(of skill: String, data: String, limit: Int) -> [String]? {
    let path = "\(SkillFolder(data: data).logs)/\(skill).log"
    let files = [path + ".1", path].compactMap { try? SmallFile.read($0, maximumSize: 2 * largestFile) }
    guard !files.isEmpty else { return nil }
    let lines = files.joined().split(separator: UInt8(ascii: "\n"))
    return lines.suffix(limit).map { String(decoding: $0, as: UTF8.self) }
  }
}
