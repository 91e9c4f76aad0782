import Foundation
import Storage

/// Where raw events lie, for the service and for `openclaw events raw`.
enum RawEventFolder {
  /// The name of their key in the data folder.
  static let keyName = "raw-events"

  static func archive(in store: Store, key: Data, _ settings: Configuration.RawEvents) -> RawEventArchive {
    var limits = RawEventArchive.Limits()
    limits.age = .seconds(Int64(settings.days) * 86_400)
    return RawEventArchive(store: store, key: key, limits: limits)
  }
}
