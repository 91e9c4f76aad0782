import AsyncHTTPClient
import Core
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// The implementation's side of one reverse WebSocket: sends events, takes API calls and answers them.
struct OneBotImplementation {
  private var socket: WebSocketClient
  private let account: Int
  private var sent = 0

  static let token = "a token of the tests"
  static let secret = "a secret of the tests"

  static let channelConfiguration = """
      - name: napcat
        kind: onebot
        transport: [http, reverse-websocket]
        secret: { env: ONEBOT_SECRET }
        access_token: { env: ONEBOT_TOKEN }
    """
  static let environment = ["ONEBOT_SECRET": secret, "ONEBOT_TOKEN": token]

  static func connect(
    to port: Int, account: Int, _ body: (inout OneBotImplementation) async throws -> Void
  ) async throws {
    let headers = ["Authorization: Bearer \(token)", "X-Self-ID: \(account)", "X-Client-Role: Universal"]
    try await WebSocketClient.open(port, path: "/onebot/v11/napcat/ws", headers: headers) { socket in
      var implementation = OneBotImplementation(socket: socket, account: account)
      try await body(&implementation)
    }
  }

  private init(socket: WebSocketClient, account: Int) {
    self.socket = socket
    self.account = account
  }

  static func privateMessage(_ id: Int, _ text: String, from user: Int, account: Int) -> JSON {
    [
      "time": .integer(WallClock.system.now().seconds), "self_id": .integer(Int64(account)), "post_type": "message",
      "message_type": "private", "sub_type": "friend", "message_id": .integer(Int64(id)), "user_id": .integer(Int64(user)),
      "message": [["type": "text", "data": ["text": .string(text)]]], "raw_message": .string(text), "font": 0,
      "sender": ["user_id": .integer(Int64(user)), "nickname": "n", "sex": "unknown", "age": 0],
    ]
  }

  /// Says something as `user` and returns what the robot sends back, answering its API call.
  mutating func ask(_ text: String, as user: Int = 30003) async throws -> String {
    sent += 1
    let event = Self.privateMessage(sent, text, from: user, account: account)
    await socket.send(WebSocketClient.text(event.canonical))
    while let frame = await socket.read() {
      guard frame.opcode == 1 else { continue }
      let call = try JSON(parsing: frame.payload)
      let answer: JSON = [
        "status": "ok", "retcode": 0, "data": ["message_id": .integer(Int64(-sent))], "echo": call["echo"] ?? .null,
      ]
      await socket.send(WebSocketClient.text(answer.canonical))
      guard call["action"]?.string == "send_private_msg", call["params"]?["user_id"]?.integer == Int64(user) else { continue }
      let segments = call["params"]?["message"]?.array ?? []
      return segments.compactMap { $0["data"]?["text"]?.string }.joined()
    }
    throw ProcessProblem("the service closed the socket")
  }
}

@Suite("OneBot v11, end to end", .timeLimit(.minutes(5)))
struct OneBotTests {
  @Test("a message over the reverse WebSocket is answered by an API call on the same socket")
  func reverseSocket() async throws {
    let house = try House(channels: OneBotImplementation.channelConfiguration)
    let service = try await ServiceProcess.start(in: house.folder, environment: OneBotImplementation.environment)
    try await OneBotImplementation.connect(to: service.port, account: 10001) { implementation in
      let echo = try await implementation.ask("/echo 你好 [CQ:at,qq=all]")
      #expect(echo == "你好 [CQ:at,qq=all]")
      let sum = try await implementation.ask("/calc.add 1 2")
      #expect(sum == "3")
    }
    #expect(await service.terminate() == 0)
  }

  @Test("a wrong token is refused before the upgrade, and a posted event is acknowledged only with its signature")
  func credentials() async throws {
    let house = try House(channels: OneBotImplementation.channelConfiguration)
    let service = try await ServiceProcess.start(in: house.folder, environment: OneBotImplementation.environment)
    let wrong = WebSocketClient.upgrade(
      "/onebot/v11/napcat/ws", headers: ["Authorization: Bearer nonsense", "X-Self-ID: 10001"])
    let refused = try await RawClient.ask(service.port, wrong)
    #expect(refused?.status == 403)
    let none = WebSocketClient.upgrade("/onebot/v11/napcat/ws", headers: ["X-Self-ID: 10001"])
    let unknown = try await RawClient.ask(service.port, none)
    #expect(unknown?.status == 401)

    let body = OneBotImplementation.privateMessage(7, "/echo by post", from: 30003, account: 10001).canonical
    let key = SymmetricKey(data: Data(OneBotImplementation.secret.utf8))
    let code = HMAC<Insecure.SHA1>.authenticationCode(for: Data(body.utf8), using: key)
    let signature = "sha1=" + code.hexadecimal
    #expect(try await post(body, signature: signature, to: service.port) == 204)
    #expect(try await post(body, signature: "sha1=" + String(repeating: "0", count: 40), to: service.port) == 403)
    #expect(try await post(body, signature: nil, to: service.port) == 401)
    #expect(await service.terminate() == 0)
  }

  private func post(_ body: String, signature: String?, to port: Int) async throws -> UInt {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/onebot/v11/napcat")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "X-Self-ID", value: "10001")
    if let signature { request.headers.add(name: "X-Signature", value: signature) }
    request.body = .bytes(ByteBuffer(string: body))
    return try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code
  }
}

@Suite("Hot reload, end to end", .timeLimit(.minutes(5)))
struct ReloadTests {
  @Test("version 1 to 2 under four calling clients for ten seconds: no failed call, both seen, never 1 after 2 on one connection")
  func underLoad() async throws {
    let house = try House(channels: OneBotImplementation.channelConfiguration, skills: [])
    let built = try await TestSkills.built(in: house.folder)
    try house.install(built.appending(path: "version_1.so"), as: "version")
    let service = try await ServiceProcess.start(in: house.folder, environment: OneBotImplementation.environment)
    _ = try await service.logLine { $0["msg"]?.string == "skill_loaded" }

    let port = service.port
    let end = ContinuousClock.now + .seconds(10)
    let (progress, report) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: [String].self) { group in
      for account in 1...4 {
        group.addTask {
          var answers: [String] = []
          try await OneBotImplementation.connect(to: port, account: 10_000 + account) { implementation in
            while ContinuousClock.now < end {
              answers.append(try await implementation.ask("/version"))
              if answers.count == 50 { report.yield() }
            }
          }
          return answers
        }
      }
      // Everybody has called version 1 many times before version 2 is dropped in.
      var ready = progress.makeAsyncIterator()
      for _ in 1...4 { await ready.next() }
      try house.install(built.appending(path: "version_2.so"), as: "version")
      for try await answers in group {
        #expect(Set(answers) == ["1", "2"])
        #expect(answers == answers.sorted())
      }
    }
    #expect(await service.terminate() == 0)
  }
}
