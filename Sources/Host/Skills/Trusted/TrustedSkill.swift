import Core
import Foundation
import Glibc
import SkillLoader
import Synchronization

/// A skill loaded into this process, because the operator listed its hash. A crash of it is a crash of the host, and
/// nothing unloads it again. All calls run on one thread of its own.
///
/// `@unchecked Sendable`: `image` is used on `thread` alone, as the loader demands.
final class TrustedSkill: SkillInstance, @unchecked Sendable {
  private let image: OpaquePointer
  private let thread: SerialThread
  private let isStopped = Atomic(false)

  /// Opens a private copy of the image in `directory`, named by its hash: the C library recognises libraries by name, and
  /// this name is as good as the content.
  static func open(_ image: SkillImage, directory: String, log: SkillLog) async throws(SkillRefusal) -> TrustedSkill {
    let thread = SerialThread(name: "skill-trusted")
    let outcome: Result<TrustedSkill, SkillRefusal> = await thread.run {
      do throws(SkillRefusal) {
        let path = try image.writeCopy(into: directory)
        return .success(TrustedSkill(try load(path, log), thread))
      } catch {
        return .failure(error)
      }
    }
    do throws(SkillRefusal) {
      return try outcome.get()
    } catch {
      thread.close()
      throw error
    }
  }

  private init(_ image: OpaquePointer, _ thread: SerialThread) {
    self.image = image
    self.thread = thread
  }

  var isIdle: Bool { !isStopped.load(ordering: .relaxed) }

  func stop() {
    isStopped.store(true, ordering: .relaxed)
    thread.enqueue { oc_image_close(self.image) }
    thread.close()
  }

  func call(
    _ invocation: SkillInvocation, clock: WallClock, answer: @Sendable (CapabilityQuestion) async -> CapabilityAnswer
  ) async throws(ToolError) -> JSON {
    let call = TrustedCall(maximumResult: invocation.maximumResult)
    let deadline = clock.now().advanced(by: invocation.timeout).milliseconds
    thread.enqueue { call.finish(self.perform(invocation, deadline, call)) }
    let outcome = await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        // Nobody can stop a library in this process: at its deadline the caller is answered, and the call runs on alone.
        group.addTask {
          do { try await Task.sleep(for: invocation.timeout + RunnerSession.grace) } catch { return }
          call.finish(.failure(ToolError(.deadline, "no answer within \(invocation.timeout); the skill is trusted and runs on")))
        }
        defer { group.cancelAll() }
        while true {
          switch await call.events.next() {
          case .finish(let outcome): return outcome
          case .ask(let question): call.answer(await answer(question))
          }
        }
      }
    } onCancel: {
      call.cancel()
    }
    call.abandon()
    let reply = try outcome.get()
    return try invocation.decode(reply.result, pieces: reply.pieces)
  }

  /// On the thread.
  private func perform(
    _ invocation: SkillInvocation, _ deadline: Int64, _ call: TrustedCall
  ) -> Result<RunnerSession.Reply, ToolError> {
    // A call that was queued behind the end of the skill must not touch what is closed.
    guard isIdle else { return .failure(ToolError(.cancelled, "the host stopped the skill")) }
    var error = [CChar](repeating: 0, count: Int(OC_ERROR_SIZE))
    let signature = invocation.signature?.text ?? ""
    let binding = invocation.symbol.withSlice { symbol in
      signature.withSlice { signature in oc_image_bind(image, symbol, signature, &error, error.count) }
    }
    guard let binding else { return .failure(ToolError(.internal, error.text)) }

    // Packed arguments must be aligned to 8 bytes.
    let arguments = UnsafeMutableRawBufferPointer.allocate(byteCount: max(8, invocation.arguments.count), alignment: 8)
    defer { arguments.deallocate() }
    arguments.copyBytes(from: invocation.arguments)
    let slice = oc_slice(ptr: arguments.baseAddress?.assumingMemoryBound(to: CChar.self), len: invocation.arguments.count)

    var result = oc_result()
    invocation.key.withSlice { key in
      var details = oc_invocation(call: Unmanaged.passUnretained(call).toOpaque(), deadline_unix_ms: deadline, id: key)
      oc_binding_call(binding, slice, &details, &result)
    }
    guard !call.isOverLimit else {
      return .failure(ToolError(.tooLarge, "the result is over the allowed \(invocation.maximumResult) bytes"))
    }
    let text = Array(UnsafeRawBufferPointer(start: result.text.ptr, count: result.text.len))
    let ended = RunnerResult(status: result.status, type: result.type, bits: result.bits, text: text)
    return .success(RunnerSession.Reply(result: ended, pieces: call.pieces))
  }

  /// On the thread.
  private static func load(_ path: String, _ log: SkillLog) throws(SkillRefusal) -> OpaquePointer {
    var error = [CChar](repeating: 0, count: Int(OC_ERROR_SIZE))
    guard let image = oc_image_open_path(path, &error, error.count) else { throw SkillRefusal(.startFailed, error.text) }
    // The library may log for as long as it is mapped, which is for ever: so is its log.
    var door = TrustedCall.door(context: Unmanaged.passRetained(log).toOpaque())
    guard oc_image_start(image, &door, &error, error.count) == OC_OK else { throw SkillRefusal(.startFailed, error.text) }
    return image
  }
}

extension String {
  fileprivate func withSlice<Value>(_ body: (oc_slice) -> Value) -> Value {
    withCString { body(oc_slice(ptr: $0, len: utf8.count)) }
  }
}

extension [CChar] {
  fileprivate var text: String {
    String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
