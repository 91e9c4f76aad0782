import Foundation

/// A folder as it may be after the power went out: what was synced is there, and of everything else whatever chance left.
///
/// A sync of a file vouches for its content, one of a folder for the names in it; neither vouches for the other. Of what came after
/// it any part may have reached the disk: whole writes, single sectors, a cut without the write before it. Changes of names reach it
/// in their order, as file systems keep a journal of them.
struct PowerCutFolder {
  private static let sector = 512

  private enum Change {
    case write(at: Int, [UInt8])
    case truncate(Int)
  }

  private struct File {
    var durable: [UInt8] = []
    var pending: [Change] = []
  }

  private enum Renaming {
    case put(String, file: Int)
    case remove(String)
  }

  private struct Names {
    var durable: [String: Int] = [:]
    var current: [String: Int] = [:]
    var pending: [Renaming] = []

    mutating func note(_ renaming: Renaming) {
      Self.apply(renaming, to: &current)
      pending.append(renaming)
    }

    static func apply(_ renaming: Renaming, to names: inout [String: Int]) {
      switch renaming {
      case .put(let name, let file): names[name] = file
      case .remove(let name): names[name] = nil
      }
    }
  }

  private var files: [File] = []
  /// By the path of the folder.
  private var names: [String: Names] = [:]

  /// Everything in `folder` is on disk at the beginning.
  init(startingAs folder: URL) throws {
    let root = folder.resolvingSymlinksInPath().path + "/"
    let contents = FileManager.default.enumerator(
      at: folder.resolvingSymlinksInPath(), includingPropertiesForKeys: [.isRegularFileKey])
    for case let file as URL in contents ?? .init() {
      guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
      let place = Self.split(String(file.path.dropFirst(root.count)))
      files.append(File(durable: Array(try Data(contentsOf: file))))
      names[place.folder, default: Names()].durable[place.name] = files.count - 1
      names[place.folder, default: Names()].current[place.name] = files.count - 1
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  // MARK: What the service does

  mutating func apply(_ call: FileCall) throws {
    let (folder, name) = Self.split(call.name)
    switch call.kind {
    case .sent: break
    case .created:
      files.append(File())
      names[folder, default: Names()].note(.put(name, file: files.count - 1))
    case .written: files[try file(call)].pending.append(.write(at: call.offset, call.bytes))
    case .truncated: files[try file(call)].pending.append(.truncate(call.offset))
    case .synced:
      let number = try file(call)
      for change in files[number].pending { Self.apply(change, to: &files[number].durable) }
      files[number].pending = []
    case .folderSynced:
      var synced = names[call.name] ?? Names()
      synced.durable = synced.current
      synced.pending = []
      names[call.name] = synced
    case .unlinked: names[folder, default: Names()].note(.remove(name))
    case .renamed:
      let number = try file(call)
      let target = Self.split(String(decoding: call.bytes, as: UTF8.self))
      names[target.folder, default: Names()].note(.put(target.name, file: number))
      names[folder, default: Names()].note(.remove(name))
    }
  }

  private func file(_ call: FileCall) throws -> Int {
    let (folder, name) = Self.split(call.name)
    guard let number = names[folder]?.current[name] else { throw ProcessProblem("\(call.kind) of an unknown file \(call.name)") }
    return number
  }

  private static func apply(_ change: Change, to bytes: inout [UInt8]) {
    switch change {
    case .truncate(let size): resize(&bytes, to: size)
    case .write(let offset, let written):
      resize(&bytes, to: max(bytes.count, offset + written.count))
      bytes.replaceSubrange(offset..<offset + written.count, with: written)
    }
  }

  private static func resize(_ bytes: inout [UInt8], to size: Int) {
    if bytes.count > size { bytes.removeLast(bytes.count - size) }
    if bytes.count < size { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
  }

  // MARK: What is left

  /// The folder as the running system sees it, by path.
  var whole: [String: [UInt8]] {
    contents(names: { $0.current }) { file in
      file.pending.reduce(into: file.durable) { Self.apply($1, to: &$0) }
    }
  }

  /// The folder after the power went out now, by path.
  func cut(using random: inout some RandomNumberGenerator) -> [String: [UInt8]] {
    // Sometimes nothing that was not synced is left, sometimes nearly everything.
    let survival = Double(Int.random(in: 0...4, using: &random)) / 4
    var left: [String: [String: Int]] = [:]
    for (path, folder) in names.sorted(by: { $0.key < $1.key }) {
      let kept = folder.pending.prefix(Int.random(in: 0...folder.pending.count, using: &random))
      left[path] = kept.reduce(into: folder.durable) { Names.apply($1, to: &$0) }
    }
    var contents: [String: [UInt8]] = [:]
    for (path, folder) in left.sorted(by: { $0.key < $1.key }) {
      for (name, number) in folder.sorted(by: { $0.key < $1.key }) {
        var bytes = files[number].durable
        for change in files[number].pending where Double.random(in: 0..<1, using: &random) < survival {
          Self.apply(Bool.random(using: &random) ? change : Self.torn(change, using: &random), to: &bytes)
        }
        contents[path.isEmpty ? name : "\(path)/\(name)"] = bytes
      }
    }
    return contents
  }

  /// One run of sectors of a write.
  private static func torn(_ change: Change, using random: inout some RandomNumberGenerator) -> Change {
    guard case .write(let offset, let bytes) = change else { return change }
    let cuts = stride(from: (offset / sector + 1) * sector, to: offset + bytes.count, by: sector).map { $0 - offset }
    guard let end = cuts.randomElement(using: &random) else { return change }
    return Bool.random(using: &random)
      ? .write(at: offset, Array(bytes[..<end])) : .write(at: offset + end, Array(bytes[end...]))
  }

  private func contents(names: (Names) -> [String: Int], _ bytes: (File) -> [UInt8]) -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for (path, folder) in self.names {
      for (name, number) in names(folder) { contents[path.isEmpty ? name : "\(path)/\(name)"] = bytes(files[number]) }
    }
    return contents
  }
}
