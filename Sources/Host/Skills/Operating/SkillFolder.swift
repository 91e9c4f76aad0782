import Glibc

/// The folder `skills` in the installation's data folder, and what lies where in it.
struct SkillFolder: Sendable {
  let path: String

  init(data: String) {
    path = "\(data)/skills"
  }

  /// What the service says of its skills.
  var status: String { "\(path)/status.json" }
  /// The decisions that the service has taken in.
  var appliedDecisions: String { "\(path)/applied.json" }
  /// Images that were served.
  var builds: String { "\(path)/builds" }
  /// Lines of skills.
  var logs: String { "\(path)/logs" }
  /// Copies of images that run inside the host process.
  var trusted: String { "\(path)/trusted" }

  /// Makes a folder that only this user can enter, and the one that it lies in. False when that fails; `errno` says why. Blocks.
  static func make(_ path: String) -> Bool {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return true }
    guard errno == ENOENT, let end = path.lastIndex(of: "/"), end > path.startIndex else { return false }
    return make(String(path[..<end])) && (mkdir(path, 0o700) == 0 || errno == EEXIST)
  }
}
