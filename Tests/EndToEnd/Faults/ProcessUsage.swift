import Foundation

/// What a process and its children hold at one moment, by the word of the kernel.
struct ProcessUsage: Sendable, CustomStringConvertible {
  /// Proportional set size of all of them, in KiB.
  let memory: Int
  /// Open descriptors of the process itself.
  let descriptors: Int
  let children: Int

  init(of process: Int32) {
    let children = Self.children(of: process)
    memory = ([process] + children).map(Self.proportionalSetSize).reduce(0, +)
    descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
    self.children = children.count
  }

  var description: String { "\(memory) KiB, \(descriptors) descriptors, \(children) children" }

  private static func children(of process: Int32) -> [Int32] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return tasks.flatMap { task in
      let line = (try? String(contentsOfFile: "/proc/\(process)/task/\(task)/children", encoding: .utf8)) ?? ""
      return line.split(separator: " ").compactMap { Int32($0) }
    }
  }

  private static func proportionalSetSize(of process: Int32) -> Int {
    guard let rollup = try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8),
      let line = rollup.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first
    else { return 0 }
    return Int(kilobytes) ?? 0
  }
}
