import Core
import Foundation
import Glibc
import Testing

@testable import Skills

/// A small file system in memory, mounted over a folder as long as this lives.
private final class SmallDisk: Sendable {
  let folder: String

  /// Whether this process may mount: root, in most places.
  static let isPossible: Bool = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mount-\(UUID().uuidString)").path
    guard mkdir(folder, 0o700) == 0 else { return false }
    defer { rmdir(folder) }
    guard mount("openclaw-test", folder, "tmpfs", 0, "size=64k") == 0 else { return false }
    return umount2(folder, Int32(MNT_DETACH)) == 0
  }()

  init(over folder: String, size: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard mount("openclaw-test", folder, "tmpfs", 0, "size=\(size)") == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  func unmount() { umount2(folder, Int32(MNT_DETACH)) }

  /// Takes all the room that is left.
  func fill() throws {
    let file = open("\(folder)/.filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    let block = [UInt8](repeating: 1, count: 4096)
    while write(file, block, block.count) > 0 {}
    guard errno == ENOSPC else { throw CocoaError(.fileWriteUnknown) }
  }

  func free() { unlink("\(folder)/.filler") }
}

@Suite(
  "A full disk (needs the right to mount: run as root)", .timeLimit(.minutes(5)),
  .enabled(if: SmallDisk.isPossible, "this process may not mount a file system"))
struct FullDiskTests {
  @Test("no room in the plug-in folder: the old build serves, the cut file waits, and the next copy is served")
  func plugins() async throws {
    let (first, second) = try (SkillFixtures.fixture("version_1"), SkillFixtures.fixture("version_2"))
    let size = try SkillFixtures.bytes(first).count
    let disks = Recorder<SmallDisk>()
    try await SkillHostHarness.run(
      [first], prepare: { disks.add(try SmallDisk(over: $0.path, size: "\(size + 16_384)")) }
    ) { harness in
      let disk = try #require(disks.all.first)
      defer { disk.unmount() }
      #expect(try await harness.call("version") == 1)
      try disk.fill()
      let copy = try SkillFixtures.run(["cp", second.path, harness.plugins.appending(path: "new.so").path])
      #expect(copy.status != 0)
      await harness.until { $0.status().contains { $0.state == .waiting } }
      #expect(try await harness.call("version") == 1)
      disk.free()
      try harness.remove("new.so")
      try harness.copy(second, as: "version_1.so")
      await harness.until { $0.status().first?.version == "2.0.0" }
      #expect(try await harness.call("version") == 2)
    }
  }

  @Test("no room in the data folder: what is isolated is served, what needs a copy is refused and served later")
  func data() async throws {
    let (first, trusted) = try (SkillFixtures.fixture("version_1"), SkillFixtures.example("calc"))
    let hash = try SkillImage.copy(trusted.path, maximumSize: 1 << 28).hash()
    let disks = Recorder<SmallDisk>()
    try await SkillHostHarness.run(
      [], trusted: [hash],
      prepare: { plugins in
        let disk = try SmallDisk(over: plugins.deletingLastPathComponent().path + "/skills", size: "1m")
        try disk.fill()
        disks.add(disk)
      }
    ) { harness in
      let disk = try #require(disks.all.first)
      defer { disk.unmount() }
      try harness.copy(first)
      try harness.copy(trusted)
      await harness.until { $0.status().count == 2 }
      #expect(try await harness.call("version") == 1)
      #expect(harness.status("calc.so")?.state == .refused)
      #expect(harness.status("calc.so")?.detail?.contains("No space left") == true)
      disk.free()
      try harness.touch()
      await harness.until { $0.tool(named: "calc.add") != nil }
      #expect(harness.status("calc.so")?.state == .loaded)
    }
  }
}
