import Core
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite("The official platform by WebSocket, end to end", .timeLimit(.minutes(5)))
struct QQGatewayEndToEndTests {
  @Test("events of the gateway are answered, and a session goes on after the service was killed without answering twice")
  func killed() async throws {
    let platform = try await QQPlatform.start()
    let connections = Mutex(0)
    try await RawServer.run(serve: { client in
      guard var peer = await WebSocketPeer(client), let key = peer.headers["sec-websocket-key"],
        let accept = SocketKey.accept(key)
      else { return }
      let isFirst = connections.withLock { count in
        count += 1
        return count == 1
      }
      await peer.accept(accept)
      await peer.say(#"{"op":10,"d":{"heartbeat_interval":40000}}"#)
      let hello = await Self.hear(isFirst ? 2 : 6, from: &peer)
      #expect(hello?["token"]?.string?.hasPrefix("QQBot token-") == true)
      if isFirst {
        await peer.say(#"{"op":0,"s":1,"t":"READY","d":{"session_id":"s1","user":{"id":"b","bot":true},"shard":[0,1]}}"#)
      } else {
        #expect(hello?["session_id"] == "s1")
      }
      await peer.say(QQPlatform.groupMessage("m1", "/echo one", from: "ALICE", sequence: 2).canonical)
      if !isFirst { await peer.say(QQPlatform.groupMessage("m2", "/echo two", from: "ALICE", sequence: 3).canonical) }
      while await peer.listen() != nil {}
      await peer.close(1000)
    }) { port in
      platform.sendToGateway("ws://127.0.0.1:\(port)/websocket/")
      let house = try House(channels: platform.channelConfiguration(transport: "websocket"), people: qqPeople)
      let environment = ["QQ_SECRET": QQPlatform.secret]
      let first = try await ServiceProcess.start(in: house.folder, environment: environment)
      #expect(try await platform.answers(to: "m1") == ["one"])
      await first.kill()
      let second = try await ServiceProcess.start(in: house.folder, environment: environment)
      #expect(try await platform.answers(to: "m2") == ["two"])
      #expect(platform.replies.count { $0.messageID == "m1" } == 1)
      #expect(platform.violations.isEmpty)
      #expect(await second.terminate() == 0)
    }
  }

  /// The data of the next frame of that operation.
  private static func hear(_ operation: Int64, from peer: inout WebSocketPeer) async -> JSON? {
    while let text = await peer.listen() {
      guard let frame = try? JSON(parsing: text) else { return nil }
      if frame["op"]?.integer == operation { return frame["d"] }
    }
    return nil
  }
}
