/// Which database a store is in.
package enum StorePlace: Sendable, Equatable, CustomStringConvertible {
  /// A file, which one instance of the service uses.
  case sqlite(path: String)
  /// A database of a server, which several instances may share.
  case postgres(PostgresAddress)

  /// For people: without a password.
  package var description: String {
    switch self {
    case .sqlite(let path): "sqlite:\(path)"
    case .postgres(let address): "\(address)"
    }
  }
}

extension Store {
  /// Opens the store at `place`, for looking into it beside the service. Blocks meanwhile.
  package convenience init(at place: StorePlace) throws(StoreError) {
    switch place {
    case .sqlite(let path): try self.init(path: path)
    case .postgres(let address): try self.init(postgres: address)
    }
  }
}
