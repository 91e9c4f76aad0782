import Foundation
import Logging
import Testing

@testable import Watching

@Suite("Watching a directory", .timeLimit(.minutes(5)))
struct DirectoryWatcherTests {
  private let start = ContinuousClock.now

  private func debouncer() -> ChangeDebouncer {
    ChangeDebouncer(quiet: .milliseconds(150), longest: .seconds(2), rescan: .seconds(30), now: start)
  }

  @Test("events become one change once it is quiet")
  func quiet() {
    var debouncer = debouncer()
    debouncer.event(now: start)
    debouncer.event(now: start + .milliseconds(100))
    #expect(debouncer.tick(now: start + .milliseconds(200)) == nil)
    #expect(debouncer.wakeAt == start + .milliseconds(250))
    #expect(debouncer.tick(now: start + .milliseconds(250)) == .changed)
    #expect(debouncer.tick(now: start + .milliseconds(251)) == nil)
  }

  @Test("a burst without end is cut")
  func burst() {
    var debouncer = debouncer()
    for step in 0...20 { debouncer.event(now: start + .milliseconds(100 * step)) }
    #expect(debouncer.tick(now: start + .seconds(2)) == .changed)
  }

  @Test("without events there is a look now and then")
  func rescan() {
    var debouncer = debouncer()
    #expect(debouncer.wakeAt == start + .seconds(30))
    #expect(debouncer.tick(now: start + .seconds(30)) == .rescan)
    #expect(debouncer.wakeAt == start + .seconds(60))
  }

  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "watch-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private func watcher(_ folder: URL, includingFolders: Bool = false) -> DirectoryWatcher {
    DirectoryWatcher(
      folder.path, includingFolders: includingFolders, quiet: .milliseconds(20), rescan: .seconds(3600),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("writing, moving and removing are seen")
  func sees() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var ticks = watcher(folder).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    let file = folder.appending(path: "a")
    try Data([1]).write(to: file)
    #expect(await ticks.next() == .changed)
    try FileManager.default.moveItem(at: file, to: folder.appending(path: "b"))
    #expect(await ticks.next() == .changed)
    try FileManager.default.removeItem(at: folder.appending(path: "b"))
    #expect(await ticks.next() == .changed)
  }

  @Test("a directory may go and come back")
  func returns() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var ticks = watcher(folder).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    try FileManager.default.removeItem(at: folder)
    #expect(await ticks.next() == .changed)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(await ticks.next() == .changed)
    try Data([1]).write(to: folder.appending(path: "a"))
    #expect(await ticks.next() == .changed)
  }

  @Test("a directory that another takes the place of is watched")
  func replaced() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var ticks = watcher(folder).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + ".old")
    defer { try? FileManager.default.removeItem(atPath: folder.path + ".old") }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(await ticks.next() == .changed)
    try Data([1]).write(to: folder.appending(path: "a"))
    #expect(await ticks.next() == .changed)
  }

  @Test("without an inotify instance there is a look now and then")
  func withoutInstance() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (stream, ticks) = AsyncStream.makeStream(of: DirectoryWatcher.Tick.self)
    let often = ChangeDebouncer(quiet: .milliseconds(1), longest: .seconds(1), rescan: .milliseconds(1), now: start)
    let watching = WatchLoop(
      path: folder.path, debouncer: often, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, ticks: ticks,
      makeInstance: { -1 })
    let loop = try #require(watching)
    Thread { loop.run() }.start()
    var seen = stream.makeAsyncIterator()
    for _ in 0..<3 { #expect(await seen.next() == .rescan) }
    loop.stop()
  }

  @Test("a directory that does not exist yet is found when it does")
  func later() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "watch-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var ticks = watcher(folder).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(await ticks.next() == .changed)
  }

  @Test("folders inside are watched: those that are there, those that come, and not those that went")
  func folders() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (early, late) = (folder.appending(path: "early"), folder.appending(path: "late"))
    try FileManager.default.createDirectory(at: early, withIntermediateDirectories: false)
    var ticks = watcher(folder, includingFolders: true).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    try Data([1]).write(to: early.appending(path: "a"))
    #expect(await ticks.next() == .changed)
    try FileManager.default.createDirectory(at: late, withIntermediateDirectories: false)
    #expect(await ticks.next() == .changed)
    try Data([1]).write(to: late.appending(path: "a"))
    #expect(await ticks.next() == .changed)
    let outside = folder.path + ".outside"
    defer { try? FileManager.default.removeItem(atPath: outside) }
    try FileManager.default.moveItem(atPath: late.path, toPath: outside)
    #expect(await ticks.next() == .changed)
    // Seen as nothing: the next tick is that of the file after it.
    try Data([1]).write(to: URL(filePath: outside).appending(path: "b"))
    try FileManager.default.removeItem(at: early)
    #expect(await ticks.next() == .changed)
    try FileManager.default.moveItem(atPath: outside, toPath: early.path)
    #expect(await ticks.next() == .changed)
    try Data([2]).write(to: early.appending(path: "b"))
    #expect(await ticks.next() == .changed)
  }

  @Test("the folders inside a directory that was replaced are watched")
  func replacedFolders() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var ticks = watcher(folder, includingFolders: true).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    let other = try self.folder()
    try FileManager.default.createDirectory(at: other.appending(path: "inside"), withIntermediateDirectories: false)
    try FileManager.default.removeItem(at: folder)
    #expect(await ticks.next() == .changed)
    try FileManager.default.moveItem(at: other, to: folder)
    #expect(await ticks.next() == .changed)
    try Data([1]).write(to: folder.appending(path: "inside/a"))
    #expect(await ticks.next() == .changed)
  }

  @Test("a change of mode is seen: it may have been what kept a file from being read")
  func mode() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a")
    try Data([1]).write(to: file)
    var ticks = watcher(folder).makeAsyncIterator()
    #expect(await ticks.next() == .rescan)
    #expect(chmod(file.path, 0o600) == 0)
    #expect(await ticks.next() == .changed)
  }
}
