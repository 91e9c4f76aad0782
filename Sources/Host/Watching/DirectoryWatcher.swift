import Foundation
package import Logging

/// Says when the contents of one directory, and of those directly in it if asked to, may have changed. Each iteration watches on a thread of its own.
///
/// The first tick comes as soon as the watch is in place, so whoever looks at the directory on every tick misses nothing.
/// A directory that does not exist, disappears or is replaced is found again. Ticks that come while the last one is
/// being dealt with become one.
package struct DirectoryWatcher: AsyncSequence, Sendable {
  package enum Tick: Sendable, Equatable {
    /// Something changed, and then it was quiet.
    case changed
    /// Nothing was seen; a look does no harm. Also the first tick.
    case rescan
  }

  private let path: String
  private let includesFolders: Bool
  private let quiet: Duration
  private let rescan: Duration
  private let logger: Logger

  /// - Parameters:
  ///   - path: the directory; it need not exist.
  ///   - includingFolders: whether to watch the directories in it too, without hidden ones and links, 1000 at most.
  ///   - quiet: how long nothing may happen before a change is reported.
  ///   - rescan: how long nothing may be reported before a look is asked for anyway.
  package init(
    _ path: String, includingFolders: Bool = false, quiet: Duration = .milliseconds(150), rescan: Duration = .seconds(30),
    logger: Logger
  ) {
    self.path = path
    includesFolders = includingFolders
    self.quiet = quiet
    self.rescan = rescan
    self.logger = logger
  }

  package func makeAsyncIterator() -> AsyncStream<Tick>.Iterator {
    let (stream, ticks) = AsyncStream.makeStream(of: Tick.self, bufferingPolicy: .bufferingNewest(1))
    let debouncer = ChangeDebouncer(quiet: quiet, longest: .seconds(2), rescan: rescan, now: .now)
    guard
      let loop = WatchLoop(
        path: path, includesFolders: includesFolders, debouncer: debouncer, logger: logger, ticks: ticks)
    else {
      logger.error("directory_not_watched", metadata: ["path": .string(path), "reason": "no descriptors"])
      ticks.finish()
      return stream.makeAsyncIterator()
    }
    ticks.onTermination = { _ in loop.stop() }
    let thread = Thread { loop.run() }
    thread.name = "directory-watch"
    thread.start()
    return stream.makeAsyncIterator()
  }
}
