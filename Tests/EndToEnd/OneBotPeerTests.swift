import Core
import Foundation
import TestSupport
import Testing

/// The simulator against applications on the frameworks that everybody uses: what they understand, the simulator says right.
@Suite("The OneBot simulator and other people's frameworks", .timeLimit(.minutes(5)), .enabled(if: Peers.areInstalled))
struct OneBotPeerTests {
  private static let token = "a-token"
  private static let secret = "a-secret"
  /// NoneBot reads every dialect; the account keeps them apart.
  private static let dialects = [
    OneBotDialect.napCat, .napCat.writing(strings: true), .llBot, .snowLuma, .lagrange, .goCQHTTP,
    .goCQHTTP.writing(strings: false),
  ]

  private static let words = ["hello", "[CQ:at,qq=all] & <x>, 你好"]

  /// Says everything, privately and in a group, and hears each back once.
  private static func converse(_ peer: OneBotSimulator) async {
    for group in [nil, 20002] as [Int64?] {
      for text in words {
        await peer.say(text, group: group)
        let answer = await peer.nextMessage()
        #expect(answer?.text == "echo " + text, "\(peer.dialect)")
        #expect(answer?.chat == group.map { "group:\($0)" } ?? "private:30003")
      }
    }
  }

  @Test("NoneBot2 works with it: reverse and forward WebSocket, HTTP")
  func noneBot() async throws {
    let forward = OneBotSimulator(.napCat, account: 20001, token: Self.token)
    let posting = OneBotSimulator(.goCQHTTP, account: 20002, token: Self.token, secret: Self.secret)
    try await forward.listen { forwardPort in
      try await posting.serveAPI { apiPort in
        let environment = [
          "DRIVER": "~fastapi+~websockets+~httpx", "LOG_LEVEL": "WARNING",
          "ONEBOT_ACCESS_TOKEN": Self.token, "ONEBOT_SECRET": Self.secret,
          "ONEBOT_WS_URLS": #"["ws://127.0.0.1:\#(forwardPort)/"]"#,
          "ONEBOT_API_ROOTS": #"{"20002":"http://127.0.0.1:\#(apiPort)/"}"#,
        ]
        try await Peers.run("nonebot_echo", environment: environment) { port in
          for (index, dialect) in Self.dialects.enumerated() {
            let peer = OneBotSimulator(dialect, account: Int64(10001 + index), token: Self.token)
            try await peer.connect(to: port, path: "/onebot/v11/ws") { await Self.converse(peer) }
          }
          try await posting.serveHTTP(postingTo: port, path: "/onebot/v11/") { await Self.converse(posting) }
          await forward.waitForApplication()
          await Self.converse(forward)
        }
      }
    }
  }

  @Test("aiocqhttp works with it: reverse WebSocket on one path and on two, HTTP")
  func aiocqhttp() async throws {
    let posting = OneBotSimulator(.goCQHTTP, account: 20002, token: Self.token, secret: Self.secret)
    try await posting.serveAPI { apiPort in
      let arguments = [Self.token, Self.secret, "http://127.0.0.1:\(apiPort)/"]
      try await Peers.run("aiocqhttp_echo", arguments) { port in
        for (index, dialect) in Self.dialects.enumerated() {
          let peer = OneBotSimulator(dialect, account: Int64(10001 + index), token: Self.token)
          try await peer.connect(to: port, path: "/ws/") { await Self.converse(peer) }
        }
        let separate = OneBotSimulator(.napCat, account: 10100, token: Self.token)
        try await separate.connect(to: port, path: "/ws", sockets: .separate) { await Self.converse(separate) }
        try await posting.serveHTTP(postingTo: port, path: "/") { await Self.converse(posting) }
      }
    }
  }
}
