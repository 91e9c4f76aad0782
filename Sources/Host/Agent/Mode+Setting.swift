package import Policy

extension Mode {
  /// Under which name the mode is kept in the store.
  package static let setting = "mode"
}
