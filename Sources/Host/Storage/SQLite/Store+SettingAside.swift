package import Core

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
      if let obstacle = DatabaseFile.move(path, to: aside) {
        throw StoreError(.damaged, "\(error.message); it could not be moved aside: \(obstacle)")
      }
      return (try open(), aside)
    }
  }
}
