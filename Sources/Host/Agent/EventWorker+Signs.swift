import Core
import Storage

/// What people see while, and after, the robot is at work on what they said.
extension EventWorker {
  /// How long people wait before they are shown that the robot is at work.
  private static let patience = Duration.seconds(1)

  func concludeShowingWork(_ event: ChatEvent) async -> CommandAgent.Conclusion {
    guard let presence = presences[event.conversation.channel], presence.showsTyping(in: event.conversation.scene.kind) else {
      return await agent.conclude(event)
    }
    return await withTaskGroup(of: CommandAgent.Conclusion?.self) { group in
      group.addTask(executorPreference: executor) { await self.agent.conclude(event) }
      group.addTask {
        await self.showTyping(to: event, by: presence)
        return nil
      }
      for await case let conclusion? in group {
        group.cancelAll()
        return conclusion
      }
      return { _ in nil }
    }
  }

  private func showTyping(to event: ChatEvent, by presence: any Presence) async {
    let address = event.replyAddress
    guard (try? await pause(Self.patience)) != nil, event.kind == .message,
      let sequence = try? await store.write({ try $0.reserveTyping(for: address) })
    else { return }
    await presence.showTyping(in: event.conversation, answering: event.reference, sequence: sequence)
  }

  /// A button's client waits, with a spinner, until the press was taken.
  func acknowledge(_ event: ChatEvent, as outcome: PressOutcome) async {
    guard case .button(let press) = event.kind, press.mustBeAcknowledged else { return }
    await presences[event.conversation.channel]?.acknowledge(press, in: event.conversation, as: outcome)
  }
}
