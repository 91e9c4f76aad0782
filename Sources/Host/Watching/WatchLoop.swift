import Glibc
import Logging

/// The thread behind one iteration of a `DirectoryWatcher`.
///
/// `@unchecked Sendable`: `inotify`, `watch`, `folders` and `debouncer` are touched by the thread that calls `run` only; the rest never changes.
final class WatchLoop: @unchecked Sendable {
  private static let interest = UInt32(
    IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
  private static let gone = UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
  /// How often a directory that is not there is looked for.
  private static let retry: Duration = .seconds(1)

  private let path: String
  private let includesFolders: Bool
  private let logger: Logger
  private let ticks: AsyncStream<DirectoryWatcher.Tick>.Continuation
  private let makeInstance: @Sendable () -> Int32
  /// Negative while the system has no instance to give: then there are looks now and then, and no events.
  private var inotify: Int32 = -1
  /// A connected pair: writing to the second wakes the first.
  private let wake: (receiver: Int32, sender: Int32)
  private var debouncer: ChangeDebouncer
  private var watch: Int32?
  /// The watches of the directories inside.
  private var folders: Set<Int32> = []

  /// Nil when the system has no descriptors left. `makeInstance` returns an inotify instance or a negative number.
  init?(
    path: String, includesFolders: Bool = false, debouncer: ChangeDebouncer, logger: Logger,
    ticks: AsyncStream<DirectoryWatcher.Tick>.Continuation,
    makeInstance: @escaping @Sendable () -> Int32 = { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }
  ) {
    var pair: [Int32] = [-1, -1]
    let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { return nil }
    wake = (pair[0], pair[1])
    self.makeInstance = makeInstance
    self.path = path
    self.includesFolders = includesFolders
    self.debouncer = debouncer
    self.logger = logger
    self.ticks = ticks
  }

  deinit {
    if inotify >= 0 { close(inotify) }
    close(wake.receiver)
    close(wake.sender)
  }

  /// Ends `run` soon.
  func stop() {
    var byte: UInt8 = 1
    _ = write(wake.sender, &byte, 1)
  }

  func run() {
    _ = find()
    if inotify < 0 {
      logger.error("directory_not_watched", metadata: ["path": .string(path), "reason": "no inotify instance"])
    }
    ticks.yield(.rescan)
    while true {
      var polled = [
        pollfd(fd: inotify, events: Int16(POLLIN), revents: 0), pollfd(fd: wake.receiver, events: Int16(POLLIN), revents: 0),
      ]
      poll(&polled, 2, Self.milliseconds(until: nextWake))
      if polled[1].revents != 0 { return }
      if polled[0].revents != 0 { readEvents() }
      if watch == nil, find() { debouncer.event(now: .now) }
      guard let tick = debouncer.tick(now: .now) else { continue }
      // The path may name another directory by now, for instance when a parent was renamed.
      if tick == .rescan {
        _ = find()
        findFolders()
      }
      ticks.yield(tick)
    }
  }

  private var nextWake: ContinuousClock.Instant {
    watch == nil ? min(debouncer.wakeAt, .now + Self.retry) : debouncer.wakeAt
  }

  /// Watches what the path names now. True when that is another directory than before.
  private func find() -> Bool {
    if inotify < 0 { inotify = makeInstance() }
    // Of files the end of writing counts; a directory is there with its creation.
    let found = inotify_add_watch(inotify, path, Self.interest | (includesFolders ? UInt32(IN_CREATE) : 0))
    guard found >= 0 else {
      if watch != nil { logger.warning("directory_gone", metadata: ["path": .string(path)]) }
      watch = nil
      findFolders()
      return false
    }
    guard found != watch else { return false }
    if let watch { inotify_rm_watch(inotify, watch) }
    watch = found
    findFolders()
    return true
  }

  /// Watches the directories inside that are there now, and no others.
  private func findFolders() {
    guard includesFolders else { return }
    var found: Set<Int32> = []
    if watch != nil {
      for name in FolderNames.read(path) {
        let folder = inotify_add_watch(inotify, "\(path)/\(name)", Self.interest | UInt32(IN_DONT_FOLLOW))
        if folder >= 0 { found.insert(folder) }
      }
    }
    for old in folders.subtracting(found) { inotify_rm_watch(inotify, old) }
    folders = found
  }

  private func readEvents() {
    withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
      while true {
        let size = read(inotify, buffer.baseAddress, buffer.count)
        guard size > 0 else { return }
        var position = 0
        while position + MemoryLayout<inotify_event>.size <= size {
          let event = buffer.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
          position += MemoryLayout<inotify_event>.size + Int(event.len)
          handle(event)
        }
      }
    }
  }

  private func handle(_ event: inotify_event) {
    let isOverflow = event.mask & UInt32(IN_Q_OVERFLOW) != 0
    if folders.contains(event.wd) {
      if event.mask & UInt32(IN_IGNORED) != 0 { folders.remove(event.wd) }
      debouncer.event(now: .now)
      return
    }
    guard isOverflow || event.wd == watch else { return }
    let isFolder = event.mask & UInt32(IN_ISDIR) != 0
    if event.mask & UInt32(IN_CREATE) != 0, !isFolder { return }
    // What was put into a new directory before it was watched is found by whoever looks after the tick.
    if isFolder || isOverflow { findFolders() }
    if event.mask & Self.gone != 0, let watch {
      logger.warning("directory_gone", metadata: ["path": .string(path)])
      inotify_rm_watch(inotify, watch)
      self.watch = nil
      findFolders()
    }
    debouncer.event(now: .now)
  }

  private static func milliseconds(until instant: ContinuousClock.Instant) -> Int32 {
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: instant).components
    return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
  }
}
