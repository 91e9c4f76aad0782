/// Follows what other instances, the command line or a chat wrote into the store, which tells nobody of it.
package enum StoreFollowing {
  /// How soon it is followed.
  private static let pause = Duration.milliseconds(500)

  /// Looks again and again until it is cancelled.
  package static func run(_ look: () async -> Void) async {
    while !Task.isCancelled {
      // Cancelled: the loop ends.
      try? await Task.sleep(for: pause)
      await look()
    }
  }
}
