import Foundation

extension ServiceProcess {
  /// How many descriptors the process holds, and how many of them are sockets, by the kernel's word.
  var descriptors: (all: Int, sockets: Int) {
    let folder = "/proc/\(processIdentifier)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let targets = names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
    return (targets.count, targets.count { $0.hasPrefix("socket:") })
  }

  /// Memory that it alone uses, in bytes: what is shared with other processes of the same program depends on how many there are.
  var memory: Int {
    let text = (try? String(contentsOfFile: "/proc/\(processIdentifier)/smaps_rollup", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
    return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }
}
