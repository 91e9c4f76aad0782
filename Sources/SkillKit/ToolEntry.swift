/// What the code that `@Skill` writes calls. Not for skills themselves.
public enum ToolEntry {
  /// Runs a JSON tool and sends its result, or why it failed, to the host.
  public static func answer(_ pointer: UnsafeRawPointer, _ tool: (Call) throws -> some SkillValue) -> Int32 {
    do {
      let call = try Call(pointer)
      return call.reply(try tool(call).json)
    } catch let error as SkillError {
      return Call.fail(error, pointer)
    } catch {
      return Call.fail(SkillError(code: 9, "\(error)"), pointer)
    }
  }

  /// The same for a tool without a result.
  public static func answer(_ pointer: UnsafeRawPointer, _ tool: (Call) throws -> Void) -> Int32 {
    answer(pointer) { call -> JSON in
      try tool(call)
      return .null
    }
  }

  /// The C string of a typed tool's result; it lives until the next call. A skill has one call at a time, on one thread.
  public static func text(_ text: String) -> UnsafePointer<CChar> {
    kept?.deallocate()
    let bytes = text.utf8CString
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
    _ = buffer.initialize(from: bytes)
    kept = buffer
    // Never empty: the terminator is in it.
    return UnsafePointer(buffer.baseAddress ?? UnsafeMutablePointer.allocate(capacity: 1))
  }

  /// Only touched on the thread on which the host makes its calls.
  private nonisolated(unsafe) static var kept: UnsafeMutableBufferPointer<CChar>?
}
