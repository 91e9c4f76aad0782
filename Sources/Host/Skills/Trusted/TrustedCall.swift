import Core
import Foundation
import SkillLoader
import Synchronization

/// One call of a trusted skill: the skill's thread on one side, the caller's task on the other.
///
/// `@unchecked Sendable`: `pieces`, `isOverLimit` and `answerBytes` belong to the skill's thread, which is the only one
/// to touch them and hands them over inside the last event; everything else is guarded by itself.
final class TrustedCall: @unchecked Sendable {
  enum Event: Sendable {
    case ask(CapabilityQuestion)
    case finish(Result<RunnerSession.Reply, ToolError>)
  }

  let events = Mailbox<Event>()
  private let answers = Mutex<(isAbandoned: Bool, waiting: CapabilityAnswer?)>((false, nil))
  private let answered = DispatchSemaphore(value: 0)
  private let isCancelled = Atomic(false)
  private let maximumResult: Int

  private(set) var pieces: [UInt8] = []
  private(set) var isOverLimit = false
  private var answerBytes: UnsafeMutableRawBufferPointer?

  init(maximumResult: Int) {
    self.maximumResult = maximumResult
  }

  deinit {
    answerBytes?.deallocate()
  }

  func finish(_ outcome: Result<RunnerSession.Reply, ToolError>) {
    events.send(.finish(outcome))
  }

  func cancel() {
    isCancelled.store(true, ordering: .relaxed)
  }

  func answer(_ answer: CapabilityAnswer) {
    answers.withLock { $0.waiting = answer }
    answered.signal()
  }

  /// Nobody listens any more: what the skill still asks is answered with a deadline.
  func abandon() {
    cancel()
    answers.withLock { $0.isAbandoned = true }
    answered.signal()
  }

  // MARK: The skill's thread

  /// The functions that the loader calls; `context` is an unmanaged `SkillLog` that lives for ever.
  static func door(context: UnsafeMutableRawPointer) -> oc_door {
    oc_door(
      context: context,
      reply: { _, call, piece in
        guard let call = TrustedCall.at(call) else { return OC_INTERNAL }
        return call.append(piece)
      },
      request: { _, call, name, json, answer in
        guard let call = TrustedCall.at(call), let answer else { return OC_INTERNAL }
        return call.request(name, json, answer)
      },
      cancelled: { _, call in
        TrustedCall.at(call)?.isCancelled.load(ordering: .relaxed) ?? true
      },
      log: { context, level, line in
        guard let context else { return }
        Unmanaged<SkillLog>.fromOpaque(context).takeUnretainedValue()
          .write(String(decoding: line.bytes, as: UTF8.self), level: level)
      })
  }

  /// `call` is what `oc_invocation.call` was given: this object, held by the closure that makes the call.
  private static func at(_ call: UnsafeMutableRawPointer?) -> TrustedCall? {
    call.map { Unmanaged<TrustedCall>.fromOpaque($0).takeUnretainedValue() }
  }

  private func append(_ piece: oc_slice) -> oc_status {
    guard !isOverLimit, piece.len <= maximumResult - pieces.count else {
      isOverLimit = true
      return OC_TOO_LARGE
    }
    pieces.append(contentsOf: piece.bytes)
    return OC_OK
  }

  private func request(_ name: oc_slice, _ json: oc_slice, _ answer: UnsafeMutablePointer<oc_slice>) -> oc_status {
    let isAbandoned = answers.withLock { $0.isAbandoned }
    guard !isAbandoned else { return OC_DEADLINE }
    events.send(.ask(CapabilityQuestion(name: String(decoding: name.bytes, as: UTF8.self), json: Array(json.bytes))))
    answered.wait()
    guard let given = answers.withLock({ $0.waiting.take() }) else { return OC_DEADLINE }
    answerBytes?.deallocate()
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, given.body.count), alignment: 1)
    copy.copyBytes(from: given.body)
    answerBytes = copy
    answer.pointee = oc_slice(ptr: copy.baseAddress?.assumingMemoryBound(to: CChar.self), len: given.body.count)
    return given.status
  }
}

extension oc_slice {
  fileprivate var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: ptr, count: len) }
}
