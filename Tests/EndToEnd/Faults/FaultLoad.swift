import Core
import TestSupport

/// People who talk to the robot in many chats, over a platform that repeats and reorders what it delivers.
struct FaultLoad: Sendable {
  /// How events reach the service.
  enum Transport: Sendable {
    case webhook(port: Int)
    case gateway(PlatformGateway)
  }

  let transport: Transport
  let book: ReplyBook
  let chats: Int
  /// Messages that may wait for an answer over all chats; more would only lengthen the queue.
  let mostOpen: Int

  /// One chat of the load: even numbers are groups, odd ones private.
  struct Chat: Sendable {
    let number: Int
    var path: String { number.isMultiple(of: 2) ? "/v2/groups/G\(number)/messages" : "/v2/users/U\(number)/messages" }

    func message(_ id: String, _ text: String) -> JSON {
      number.isMultiple(of: 2)
        ? QQPlatform.groupMessage(id, text, from: "M\(number)", in: "G\(number)")
        : QQPlatform.privateMessage(id, text, from: "U\(number)")
    }
  }

  /// Says `count` messages in each chat. In each chat they are offered one after the other, now and then the second of two before the
  /// first, and every tenth is delivered again later.
  func run(messagesPerChat count: Int, pace: Duration? = nil) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for number in 0..<chats {
        group.addTask { try await talk(in: Chat(number: number), count: count, pace: pace) }
      }
    }
  }

  private func talk(in chat: Chat, count: Int, pace: Duration?) async throws {
    let clock = ContinuousClock()
    var next = clock.now
    var random = SplitMix(state: UInt64(chat.number) &* 7919)
    var numbers = Array(0..<count)
    for place in stride(from: 0, to: count - 1, by: 2) where Int.random(in: 0..<10, using: &random) == 0 {
      numbers.swapAt(place, place + 1)
    }
    var earlier: JSON?
    for number in numbers {
      if let pace {
        next += pace
        // A load has a pace; nothing is being waited for.
        try await clock.sleep(until: next)
      }
      try await book.waitUntilOpen(atMost: mostOpen)
      let id = "ROBOT1.0_\(chat.number).\(number)"
      let text = "chat \(chat.number) message \(number)"
      let event = chat.message(id, "/echo \(text)")
      book.offer(.init(id: id, path: chat.path, answer: text))
      try await deliver(event)
      if let repeated = earlier, Int.random(in: 0..<10, using: &random) == 0 { try await deliver(repeated) }
      earlier = event
    }
  }

  private func deliver(_ event: JSON) async throws {
    switch transport {
    case .gateway(let gateway): gateway.publish(event)
    case .webhook(let port):
      // The platform comes again until it is told that the event was taken.
      for _ in 0..<10_000 {
        if let answer = try? await QQPlatform.deliver(event, to: port), answer.status == 200 { return }
      }
      throw ProcessProblem("an event was never acknowledged")
    }
  }
}
