import Foundation
package import Policy

extension PolicyEngine {
  /// The rules that the project ships, with two admins of the playground.
  ///
  /// - Parameter more: further files, by name.
  package static func shipped(
    people: String = PolicyEngine.twoAdmins, adding more: [String: String] = [:], file: String = #filePath
  ) throws -> PolicyEngine {
    let project = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-policies-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: project.appending(path: "policies"), to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(people.utf8).write(to: folder.appending(path: "roles.yaml"))
    for (name, text) in more { try Data(text.utf8).write(to: folder.appending(path: name)) }
    let engine = PolicyEngine()
    try engine.reload(from: folder.path)
    return engine
  }

  package static let twoAdmins = """
    people:
      - { name: root, roles: [owner, admin], ids: ["playground:admin", "playground:root2"] }
      - { name: second, roles: [admin], ids: ["playground:carol"] }
    defaults: { everyone: [member] }
    """
}
