import Core
import Testing

@testable import Skills

@Suite("Manifests")
struct ManifestTests {
  /// A manifest with one tool, both with further members.
  private func read(_ top: String = "", tool: String = #""call":"i32(a:i32)""#) throws(SkillRefusal) -> SkillManifest {
    let text =
      #"{"abi":[1,0],"id":"org.example.sum","version":"1.0.0","scopes":["kv:read","kv:write"]\#(top),"#
      + #""tools":[{"name":"sum","symbol":"sum",\#(tool)}]}"#
    return try SkillManifest(parsing: Array(text.utf8))
  }

  private func refusal(_ top: String = "", tool: String = #""call":"i32(a:i32)""#) -> String? {
    do throws(SkillRefusal) {
      _ = try read(top, tool: tool)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("what is not said has its default")
  func defaults() throws {
    let tool = try #require(try read().tools.first)
    #expect(tool.effect == .write)
    #expect(!tool.isIdempotent)
    #expect(tool.timeout == .seconds(10))
    #expect(tool.maximumResult == 262_144)
    #expect(tool.concurrency == 1)
    #expect(tool.scopes.isEmpty)
  }

  @Test("what is said is taken")
  func everything() throws {
    let manifest = try read(
      #","x-more":1,"requires":[]"#,
      tool: #""call":"str(text:str)","effect":"read","idempotent":true,"scopes":["kv:read"],"timeout_ms":500,"max_result":10,"#
        + #""concurrency":3,"summary":"Adds","result":{"type":"string"},"rest":"text","future":true"#)
    let tool = try #require(manifest.tools.first)
    #expect(tool.effect == .read)
    #expect(tool.isIdempotent)
    #expect(tool.scopes == [.keyValueRead])
    #expect(tool.timeout == .milliseconds(500))
    #expect(tool.maximumResult == 10)
    #expect(tool.concurrency == 3)
    let shown = tool.tool(skill: manifest.id, build: "ab")
    #expect(shown.summary == "Adds")
    #expect(shown.rest == "text")
    #expect(shown.parameters == [ToolParameter(name: "text", kind: .string, required: true)])
  }

  @Test(
    "an error names the key and what is allowed",
    arguments: [
      (#""call":"i32(a:i32)","effect":"writes""#, "tools[0].effect", "\"read\" or \"write\""),
      (#""call":"i32(a:i32)","timeout_ms":0"#, "tools[0].timeout_ms", "1 to 600000"),
      (#""call":"i32(a:i32)","timeout_ms":1.5"#, "tools[0].timeout_ms", "integer"),
      (#""call":"i32(a:i32)","concurrency":1000"#, "tools[0].concurrency", "1 to 64"),
      (#""call":"i32(a:i32)","max_result":9999999"#, "tools[0].max_result", "4194304"),
      (#""call":"i32(a:i32)","idempotent":"yes""#, "tools[0].idempotent", "true or false"),
      (#""call":"i32(a:i32)","scopes":["kv:admin"]"#, "tools[0].scopes[0]", "kv:read"),
      (#""call":"i32(a:i32)","scopes":["secret:x"]"#, "tools[0].scopes", "the skill's own"),
      (#""call":"i32(a:i32)","effect":"read","scopes":["kv:write"]"#, "tools[0].scopes", "write scope"),
      (#""call":"i32(a:i32)","summary":"two\nlines""#, "tools[0].summary", "one line"),
      (#""call":"i32(a:i32)","rest":"b""#, "tools[0].rest", "string parameter"),
      (#""call":"i32(a:i32)","rest":"a""#, "tools[0].rest", "string parameter"),
      (#""call":"i33(a:i32)""#, "tools[0].call", "byte 0"),
      (#""call":"i32(a:i32)","parameters":{"properties":{"b":{"type":"integer"}}}"#, "tools[0].parameters", "'b'"),
      (#""call":"i32(a:i32)","parameters":{"properties":{"a":{"type":"string"}}}"#, "parameters.properties.a", "i32"),
      (
        #""call":"i32(a:i32)","parameters":{"properties":{"a":{"type":"integer","default":3000000000}}}"#, "properties.a",
        "2147483647"
      ),
      (#""call":"json","parameters":{"properties":{"a":{"type":"float"}}}"#, "tools[0].parameters.properties.a.type", "integer"),
      (#""call":"json","parameters":{"properties":{"a":{"type":"string","minimum":1}}}"#, "properties.a", "'minimum'"),
      (#""call":"json","parameters":{"properties":{"a":{"type":"integer","minimum":2,"maximum":1}}}"#, "properties.a", "above"),
      (#""call":"json","parameters":{"properties":{"a":{"type":"string","enum":[1]}}}"#, "properties.a", "string"),
      (#""call":"json","parameters":{"anyOf":[]}"#, "tools[0].parameters", "'anyOf'"),
      (#""call":"json","parameters":{"required":["z"]}"#, "tools[0].parameters", "'z'"),
      (#""call":"json","parameters":{"additionalProperties":true}"#, "additionalProperties", "false"),
    ])
  func toolErrors(_ tool: String, _ key: String, _ allowed: String) {
    let message = refusal(tool: tool)
    #expect(message?.contains(key) == true && message?.contains(allowed) == true, "\(message ?? "accepted")")
  }

  @Test(
    "an error at the top names the key",
    arguments: [
      (#"{"abi":[2,0],"id":"a.b","version":"1.0.0","tools":[]}"#, "abi"),
      (#"{"abi":[1,1],"id":"a.b","version":"1.0.0","tools":[]}"#, "this host offers [1,0]"),
      (#"{"abi":[1],"id":"a.b","version":"1.0.0","tools":[]}"#, "abi"),
      (#"{"id":"a.b","version":"1.0.0","tools":[]}"#, "'abi' is missing"),
      (#"{"abi":[1,0],"id":"Tickets","version":"1.0.0","tools":[]}"#, "id: must be reverse-dotted"),
      (#"{"abi":[1,0],"id":"a.b","version":"1.0","tools":[]}"#, "version"),
      (#"{"abi":[1,0],"id":"a.b","version":"1.0.0","tools":[]}"#, "tools"),
      (#"{"abi":[1,0],"id":"a.b","version":"1.0.0","tools":{}}"#, "tools: must be an array"),
      (#"{"abi":[1,0],"id":"a.b","version":"1.0.0","requires":["gpu"],"tools":[]}"#, "requires[0]"),
      (#"{"abi":[1,0],"abi":[1,0]}"#, "given twice"),
      (#"[]"#, "top level"),
      (#"{"#, "not valid JSON"),
    ])
  func topErrors(_ text: String, _ words: String) {
    #expect(throws: SkillRefusal.self) { try SkillManifest(parsing: Array(text.utf8)) }
    do throws(SkillRefusal) { _ = try SkillManifest(parsing: Array(text.utf8)) } catch {
      #expect(error.message.contains(words), "\(error.message)")
    }
  }

  @Test(
    "scopes are those of the list",
    arguments: [
      ("kv:read", true), ("kv:write", true), ("http:GET https://a.example/*", true), ("secret:token", true), ("kv:", false),
      ("http:FETCH https://a.example/", false), ("http:GET ftp://a", false), ("secret:", false), ("chat:send", true),
      ("chat:read", false), ("", false),
    ])
  func scopes(_ text: String, _ isScope: Bool) {
    #expect(((try? Scope(parsing: text)) != nil) == isScope)
  }

  @Test("writing over HTTP is a write")
  func httpWrites() throws {
    #expect(try Scope(parsing: "http:POST https://a.example/").isWrite)
    #expect(try !Scope(parsing: "http:GET https://a.example/").isWrite)
  }
}
