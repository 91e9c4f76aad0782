package import Core

extension Store {
  /// Opens a store in a PostgreSQL database, and prepares the database when it is new. Blocks meanwhile, for a bounded time.
  ///
  /// - Parameters:
  ///   - clock: tests hand in one of their own; nil is the server's, which is the same for all instances.
  ///   - onRemoteChange: told when another instance may have written something.
  package convenience init(
    postgres address: PostgresAddress, clock: WallClock? = nil, sendingRules: [String: SendingRules] = [:],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }, onRemoteChange: @escaping @Sendable () -> Void = {}
  ) throws(StoreError) {
    let engine = try PostgresEngine(address, clock: clock, onChange: onChange, onRemoteChange: onRemoteChange)
    self.init(engine: engine, clock: clock ?? .steady(), sendingRules: sendingRules)
  }
}
