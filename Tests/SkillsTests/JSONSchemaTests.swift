import Core
import Testing

@testable import Skills

@Suite("JSON Schema for the model")
struct JSONSchemaTests {
  private func schema(call: String, parameters: String? = nil) throws -> JSON {
    let more = parameters.map { #","parameters":\#($0)"# } ?? ""
    let text =
      #"{"abi":[1,0],"id":"a.b","version":"1.0.0","tools":[{"name":"t","summary":"S","symbol":"t","call":"\#(call)"\#(more)}]}"#
    let manifest = try SkillManifest(parsing: Array(text.utf8))
    return try #require(manifest.tools.first).tool(skill: "a.b", build: "00").inputSchema
  }

  @Test("a typed tool's schema comes from its signature")
  func typed() throws {
    let schema = try schema(call: "f64(a:i32,b:i64,c:u32,d:u64,e:f32,f:f64,g:bool,h:str)")
    #expect(
      schema.canonical
        == #"{"additionalProperties":false,"properties":{"a":{"maximum":2147483647,"minimum":-2147483648,"type":"integer"},"#
        + #""b":{"type":"integer"},"c":{"maximum":4294967295,"minimum":0,"type":"integer"},"d":{"minimum":0,"type":"integer"},"#
        + #""e":{"type":"number"},"f":{"type":"number"},"g":{"type":"boolean"},"h":{"type":"string"}},"#
        + #""required":["a","b","c","d","e","f","g","h"],"type":"object"}"#)
  }

  @Test("what the manifest adds to a typed tool is in its schema")
  func refined() throws {
    let schema = try schema(
      call: "str(name:str,times:i32,share:f64)",
      parameters: #"{"properties":{"name":{"type":"string","description":"Who","minLength":1,"maxLength":20},"#
        + #""times":{"type":"integer","minimum":1,"maximum":9,"default":1},"share":{"type":"number","minimum":0,"maximum":0.5}}}"#
    )
    #expect(
      schema.canonical
        == #"{"additionalProperties":false,"properties":{"name":{"description":"Who","maxLength":20,"minLength":1,"type":"string"},"#
        + #""share":{"maximum":0.5,"minimum":0,"type":"number"},"times":{"default":1,"maximum":9,"minimum":1,"type":"integer"}},"#
        + #""required":["name","share"],"type":"object"}"#)
  }

  @Test("a JSON tool's schema is what its manifest says, without remarks that are not enforced")
  func nested() throws {
    let schema = try schema(
      call: "json",
      parameters: #"{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object","#
        + #""required":["id"],"properties":{"id":{"type":"string","enum":["a","b"],"pattern":"^[ab]$"}}}},"any":{"type":"object"},"#
        + #""list":{"type":"array"}}}"#)
    #expect(
      schema.canonical
        == #"{"additionalProperties":false,"properties":{"any":{"type":"object"},"items":{"items":{"additionalProperties":false,"#
        + #""properties":{"id":{"enum":["a","b"],"type":"string"}},"required":["id"],"type":"object"},"type":"array"},"#
        + #""list":{"type":"array"}},"required":["items"],"type":"object"}"#)
  }

  @Test("a tool without arguments has an empty object")
  func none() throws {
    #expect(try schema(call: "json").canonical == #"{"additionalProperties":false,"properties":{},"type":"object"}"#)
    #expect(try schema(call: "i64()") == schema(call: "json"))
  }
}
