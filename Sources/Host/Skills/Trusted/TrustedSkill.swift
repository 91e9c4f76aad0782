import Core
import Foundation
import Glibc
import SkillLoader
import Synchronization

/// A skill loaded into this process, because the operator listed its hash. A crash of it is a crash of the host, and
/// nothing unloads it again. Typed tools run on the thread of their caller, all others on one of the skill's own; one call at a time.
///
/// `@unchecked Sendable`: `image` and `bindings` are used with `turn` locked, as the loader demands.
final class TrustedSkill: SkillInstance, @unchecked Sendable {
  private let image: OpaquePointer
  private let thread: SerialThread
  /// Held for the length of a call.
  private let turn = Mutex<Void>(())
  /// What was bound for direct calls, by the place of the tool in its manifest.
  private var bindings: [OpaquePointer?] = []
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
    thread.enqueue { self.turn.withLock { _ in oc_image_close(self.image) } }
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

  /// Calls a typed tool on this thread. Nil when the skill is busy or gone, and nothing was called.
  func callDirectly(
    _ tool: SkillBuild.PreparedTool, _ typed: TypedArguments, _ arguments: JSON, limits: SkillLimits
  ) throws(ToolError) -> JSON? {
    let outcome: Result<JSON, ToolError>? = try typed.withPacked(arguments) { packed in
      guard packed.count <= limits.arguments else {
        return .failure(.argumentsTooLarge(packed.count, limit: limits.arguments))
      }
      let outcome: Result<JSON, ToolError>?? = turn.withLockIfAvailable { _ in
        guard isIdle, let binding = binding(of: tool) else { return nil }
        var details = oc_invocation()
        var result = oc_result()
        oc_binding_call(
          binding, oc_slice(ptr: packed.baseAddress?.assumingMemoryBound(to: CChar.self), len: packed.count), &details, &result)
        do throws(ToolError) {
          return .success(
            try typed.result.decode(RunnerResult(result), maximumSize: min(tool.maximumResult, limits.result)))
        } catch {
          return .failure(error)
        }
      }
      return outcome ?? nil
    }
    return try outcome?.get()
  }

  /// With `turn` locked. Nil when the library has no such function, which the long way says better.
  private func binding(of tool: SkillBuild.PreparedTool) -> OpaquePointer? {
    if tool.index < bindings.count, let binding = bindings[tool.index] { return binding }
    var error = [CChar](repeating: 0, count: Int(OC_ERROR_SIZE))
    let signature = tool.declaration.signature?.text ?? ""
    let binding = tool.declaration.symbol.withSlice { symbol in
      signature.withSlice { signature in oc_image_bind(image, symbol, signature, &error, error.count) }
    }
    while bindings.count <= tool.index { bindings.append(nil) }
    bindings[tool.index] = binding
    return binding
  }

  /// On the thread.
  private func perform(
    _ invocation: SkillInvocation, _ deadline: Int64, _ call: TrustedCall
  ) -> Result<RunnerSession.Reply, ToolError> {
    // A call that was queued behind the end of the skill must not touch what is closed.
    guard isIdle else { return .failure(ToolError(.cancelled, "the host stopped the skill")) }
    return turn.withLock { _ in performInTurn(invocation, deadline, call) }
  }

  private func performInTurn(
    _ invocation: SkillInvocation, _ deadline: Int64, _ call: TrustedCall
  ) -> Result<RunnerSession.Reply, ToolError> {
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
    return .success(RunnerSession.Reply(result: RunnerResult(result), pieces: call.pieces))
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

extension RunnerResult {
  /// Copies what lives only until the next call.
  fileprivate init(_ result: oc_result) {
    self.init(
      status: result.status, type: result.type, bits: result.bits,
      text: Array(UnsafeRawBufferPointer(start: result.text.ptr, count: result.text.len)))
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
