package import Core
import Foundation

extension Store {
  /// Opens or creates a store in one SQLite file. A damaged one is never written to: it is moved aside, with its log, and a new one
  /// begins.
  ///
  /// - Returns: the store, and where a damaged one lies now.
  package static func openSettingAside(
    path: String, clock: WallClock = .steady(), onChange: @escaping @Sendable (StoreError?) -> Void
  ) throws(StoreError) -> (store: Store, damaged: String?) {
    func open() throws(StoreError) -> Store {
      try SQLiteEngine.check(path)
      return Store(engine: try SQLiteEngine(path: path, clock: clock, onChange: onChange), clock: clock)
    }
    do throws(StoreError) {
      return (try open(), nil)
    } catch  where error.code == .damaged {
      let aside = "\(path).damaged-\(clock.now().milliseconds)"
      // The log belongs to the database: whoever repairs it needs both.
      for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
        guard rename(path + suffix, aside + suffix) == 0 else {
          throw StoreError(.damaged, "\(error.message); it could not be moved aside: \(String(cString: strerror(errno)))")
        }
      }
      return (try open(), aside)
    }
  }
}
