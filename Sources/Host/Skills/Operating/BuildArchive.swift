package import Core
import Glibc

/// A build that was served once and is kept.
package struct KeptBuild: Sendable, Equatable {
  /// SHA-256 of the image.
  package let hash: String
  package let version: String
  /// The file that it came from, relative to the plug-in folder.
  package let file: String
  /// When it was served first, or again after another one.
  package let time: Timestamp
}

/// The last good builds of each skill, for going back to one of them.
package struct BuildArchive: Sendable {
  /// How many of one skill.
  package static let kept = 3
  private static let largestIndex = 16 << 20

  let folder: String

  /// - Parameter data: the installation's data folder.
  package init(data: String) {
    folder = SkillFolder(data: data).builds
  }

  private var indexPath: String { "\(folder)/index.json" }

  /// Where the image with this hash is kept, if it is.
  func path(of hash: String) -> String { "\(folder)/\(hash).so" }

  /// What is kept, by the id of the skill, oldest first. An index that cannot be read counts as an empty one: what is taken out
  /// of here is checked again anyway. Blocks.
  package func index() -> [String: [KeptBuild]] {
    guard let bytes = try? SmallFile.read(indexPath, maximumSize: Self.largestIndex), let json = try? JSON(parsing: bytes) else {
      return [:]
    }
    return (json.object ?? [:]).mapValues { ($0.array ?? []).compactMap(KeptBuild.init(json:)) }
  }

  /// Keeps an image as the newest of its skill, and lets go of those past the last three. Blocks.
  ///
  /// - Parameter pinned: hashes of builds that are not to be deleted.
  func keep(_ image: SkillImage, of skill: String, as build: KeptBuild, pinned: Set<String>) throws(SkillRefusal) {
    var index = index()
    let known = index[skill] ?? []
    guard known.last?.hash != build.hash || !has(build.hash, size: image.size) else { return }
    guard SkillFolder.make(folder) else {
      throw SkillRefusal(.hostFailure, "cannot create '\(folder)': \(SmallFileError.system.reason)")
    }
    if !has(build.hash, size: image.size) { _ = try image.writeCopy(into: folder, isDurable: true) }
    index[skill] = Array((known.filter { $0.hash != build.hash } + [build]).suffix(Self.kept))
    do throws(SmallFileError) {
      try SmallFile.replace(indexPath, with: JSON.object(index.mapValues { .array($0.map(\.json)) }).canonicalBytes)
    } catch {
      throw SkillRefusal(.hostFailure, "cannot write '\(indexPath)': \(error.reason)")
    }
    sweep(except: pinned.union(index.values.joined().map(\.hash)))
  }

  private func has(_ hash: String, size: Int) -> Bool {
    var status = stat()
    return lstat(path(of: hash), &status) == 0 && status.st_mode & S_IFMT == S_IFREG && Int(status.st_size) == size
  }

  /// Deletes images that nothing needs, and drafts that a full disk or a lost power left.
  private func sweep(except needed: Set<String>) {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name, name.hasSuffix(".so") || name.hasSuffix(".so.new"), let hash = name.split(separator: ".").first,
        name.hasSuffix(".new") || !needed.contains(String(hash))
      else { continue }
      unlink("\(folder)/\(name)")
    }
  }
}

extension KeptBuild {
  fileprivate init?(json: JSON) {
    guard let hash = json["hash"]?.string, let version = json["version"]?.string, let file = json["file"]?.string,
      let time = json["time"]?.integer
    else { return nil }
    self.init(hash: hash, version: version, file: file, time: Timestamp(milliseconds: time))
  }

  fileprivate var json: JSON {
    ["hash": .string(hash), "version": .string(version), "file": .string(file), "time": .integer(time.milliseconds)]
  }
}
