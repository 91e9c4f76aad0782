import Foundation

/// A folder in which `openclaw serve` starts from nothing: the shipped rules, no skills, and limits that nobody reaches.
struct OpenClawFolder {
  let url: URL

  static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  /// What `swift build -c release --product openclaw` makes.
  static let builtProgram = project.appending(path: ".build/release/openclaw")

  /// - Parameter platformPort: where the platform's API answers, on this machine.
  init(at url: URL, platformPort: Int) throws {
    self.url = url
    let files = FileManager.default
    try files.createDirectory(at: url.appending(path: "Plugins"), withIntermediateDirectories: true)
    try files.copyItem(at: Self.project.appending(path: "policies"), to: url.appending(path: "policies"))
    let configuration = """
      channels:
        - name: main
          kind: qq
          app_id: "\(SignedRequests.appID)"
          secret: { env: QQ_SECRET }
          transport: webhook
          api_base: http://127.0.0.1:\(platformPort)
          token_url: http://127.0.0.1:\(platformPort)/app/getAppAccessToken
          sending: { per_second: 10000, chat_per_second: 1000 }
      limits:
        sender: { per_minute: 1000000, burst: 1000000 }
        group: { per_minute: 1000000, burst: 1000000 }
        channel: { per_minute: 1000000, burst: 1000000 }
        queue: 10000000

      """
    try Data(configuration.utf8).write(to: url.appending(path: "openclaw.yaml"))
  }
}
