package import Core
import Synchronization

/// A toolbox in memory: tools are closures, calls are counted.
package final class FakeToolbox: Toolbox {
  package typealias Body = @Sendable (ToolCall) async throws(ToolError) -> JSON

  private struct State {
    var tools: [String: Tool] = [:]
    var bodies: [String: Body] = [:]
    var calls: [ToolCall] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// Adds or replaces a tool.
  package func add(
    _ name: String, _ effect: Effect, build: String = "aaaa", parameters: [ToolParameter] = [], rest: String? = nil,
    body: @escaping Body = { _ in "done" }
  ) {
    let tool = Tool(
      name: name, skill: "org.example", build: build, summary: "a tool", effect: effect, parameters: parameters, rest: rest)
    state.withLock { state in
      state.tools[name] = tool
      state.bodies[name] = body
    }
  }

  /// The calls made so far.
  package var calls: [ToolCall] { state.withLock(\.calls) }

  package var tools: [Tool] { state.withLock { $0.tools.values.sorted { $0.name < $1.name } } }

  package func tool(named name: String) -> Tool? { state.withLock { $0.tools[name] } }

  package func validate(_ arguments: JSON, for tool: Tool) throws(ToolError) {
    for parameter in tool.parameters where parameter.required && arguments[parameter.name] == nil {
      throw ToolError(.badArgument, "\(parameter.name) is missing")
    }
  }

  package func call(_ call: ToolCall) async throws(ToolError) -> JSON {
    let body = state.withLock { state in
      state.calls.append(call)
      return state.bodies[call.tool.name]
    }
    guard let body else { throw ToolError(.gone, "no such tool") }
    return try await body(call)
  }

  package func status() -> [SkillStatus] { [] }
}
