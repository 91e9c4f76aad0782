import Foundation
import Storage

/// The store of a configuration, for verbs that look into it while the service runs, or after it stopped.
enum ExistingStore {
  static func open(_ configuration: Configuration) throws(CommandFailure) -> Store {
    let path = try path(configuration)
    do {
      return try Store(path: path)
    } catch {
      throw CommandFailure(.unavailable, code: error.code.rawValue, error.message)
    }
  }

  /// The database file, which must be there: looking creates nothing.
  static func path(_ configuration: Configuration) throws(CommandFailure) -> String {
    let path = configuration.databasePath
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(.unavailable, code: "no_store", "there is no database at \(path)")
    }
    return path
  }
}
