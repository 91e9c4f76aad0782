import Foundation

/// What this process and its children occupy.
enum ProcessMemory {
  /// In KiB, shared pages divided among those who share them.
  static func proportional() throws -> Int {
    let own = ProcessInfo.processInfo.processIdentifier
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
    return processes.filter { $0 == own || parent(of: $0) == own }.reduce(0) { $0 + size(of: $1) }
  }

  private static func parent(of process: Int32) -> Int32? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
    // Behind the name in parentheses: the state, and then the parent.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    return fields.count > 2 ? Int32(fields[2]) : nil
  }

  private static func size(of process: Int32) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") })
    else { return 0 }
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
