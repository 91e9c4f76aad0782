import Core

/// Media at the platform: uploaded before the message that shows them, and used again while they last.
actor QQFiles {
  private let api: QQAPI
  private let wallClock: WallClock
  private let clock: any Clock<Duration>
  private var cache = QQFileCache()

  /// Bytes that go along in the request; larger ones are uploaded in parts.
  static let inlineLimit = 1024 * 1024

  init(api: QQAPI, wallClock: WallClock, clock: any Clock<Duration>) {
    self.api = api
    self.wallClock = wallClock
    self.clock = clock
  }

  /// What a message to `scene` calls `media`.
  func fileInfo(
    for media: MessageContent.Media, to scene: Scene, within deadline: QQDeadline
  ) async throws(DeliveryError) -> String {
    let key = QQFileCache.Key(media, scene.kind)
    if let info = cache.info(for: key, at: wallClock.now()) { return info }
    let upload = QQUpload(media: media, scene: scene, api: api, clock: clock, deadline: deadline)
    let file = try await upload.run()
    cache.store(file.info, for: key, lifetime: file.lifetime, at: wallClock.now())
    return file.info
  }

  /// After the platform does not know it any more.
  func forget(_ media: MessageContent.Media, of scene: Scene) {
    cache.forget(QQFileCache.Key(media, scene.kind))
  }
}
