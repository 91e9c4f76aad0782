import Foundation
package import Policy

extension PolicyEngine {
  /// The rules that the project ships, with two admins of the playground.
  ///
  /// - Parameter more: further files, by name.
  package static func shipped(
    people: String = PolicyEngine.twoAdmins, gates: String? = nil, adding more: [String: String] = [:], file: String = #filePath
  ) throws -> PolicyEngine {
    let engine = PolicyEngine()
    try engine.reloadShipped(people: people, gates: gates, adding: more, file: file)
    return engine
  }

  /// Takes up the shipped rules, with other tables and further files where given.
  package func reloadShipped(
    people: String = PolicyEngine.twoAdmins, gates: String? = nil, adding more: [String: String] = [:], file: String = #filePath
  ) throws {
    let project = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-policies-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: project.appending(path: "policies"), to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(people.utf8).write(to: folder.appending(path: "roles.yaml"))
    if let gates { try Data(gates.utf8).write(to: folder.appending(path: "gates.yaml")) }
    for (name, text) in more { try Data(text.utf8).write(to: folder.appending(path: name)) }
    // The shipped tests say what the shipped rules do, and nothing about further ones.
    if more.keys.contains(where: { $0.hasSuffix(".cedar") }) {
      try FileManager.default.removeItem(at: folder.appending(path: "tests"))
    }
    try reload(from: folder.path)
  }

  package static let twoAdmins = """
    people:
      - { name: root, roles: [owner, admin], ids: ["playground:admin", "playground:root2"] }
      - { name: second, roles: [admin], ids: ["playground:carol"] }
    defaults: { everyone: [member] }
    """
}
