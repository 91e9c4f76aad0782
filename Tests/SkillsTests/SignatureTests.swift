import Core
import Testing

@testable import Skills

@Suite("Signatures and arguments")
struct SignatureTests {
  @Test("a signature is read in order")
  func reads() throws {
    let signature = try Signature(parsing: "f64(x:f64,unit:str,n:i32)")
    #expect(signature.result == .f64)
    #expect(signature.parameters.map(\.name) == ["x", "unit", "n"])
    #expect(signature.parameters.map(\.type) == [.f64, .str, .i32])
    #expect(try Signature(parsing: "bool()").parameters.isEmpty)
  }

  @Test(
    "a signature that is not one says where",
    arguments: [
      ("", 0), ("f64", 3), ("f65()", 0), ("f64(", 4), ("f64(x)", 5), ("f64(x:)", 6), ("f64(x:f64", 9), ("f64(x:f64,)", 10),
      ("f64(x:f64) ", 10), ("f64(x:f64,x:i32)", 10), ("f64( x:f64)", 4), ("f64(9x:f64)", 4), ("f64(ü:f64)", 4), ("void()", 0),
      ("i32(" + (0..<17).map { "p\($0):i32" }.joined(separator: ",") + ")", 122),
    ])
  func refuses(_ text: String, _ offset: Int) {
    do throws(SignatureError) {
      _ = try Signature(parsing: text)
      Issue.record("accepted")
    } catch {
      #expect(error.offset == offset, "\(error)")
    }
  }

  /// What `(x:type)` makes of an argument: the slot, or the error. By the short way, which must be that of the long one.
  private func slot(_ type: String, _ value: JSON) throws(ToolError) -> UInt64 {
    guard let signature = try? Signature(parsing: "i32(x:\(type))"),
      let schema = try? ObjectSchema(signature, refinedBy: nil)
    else { throw ToolError(.internal, "signature") }
    let packed = try TypedArguments(signature, schema).withPacked(["x": value]) { Array($0) }
    let long = try signature.pack(try schema.check(["x": value]))
    guard packed == long else { throw ToolError(.internal, "packed as \(packed), the long way as \(long)") }
    return packed.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
  }

  @Test(
    "a number is packed as its type",
    arguments: [
      ("i32", JSON.integer(-1), UInt64.max), ("i32", .double(2), 2), ("i32", .integer(2_147_483_647), 0x7fff_ffff),
      ("i64", .integer(.min), 0x8000_0000_0000_0000), ("u32", .integer(4_294_967_295), 0xffff_ffff),
      ("u64", .integer(.max), 0x7fff_ffff_ffff_ffff), ("f64", .integer(1), 0x3ff0_0000_0000_0000),
      ("f64", .double(-0.5), 0xbfe0_0000_0000_0000), ("f32", .double(0.5), 0x3f00_0000), ("bool", .bool(true), 1),
      ("bool", .bool(false), 0),
    ])
  func packs(_ type: String, _ value: JSON, _ expected: UInt64) throws {
    #expect(try slot(type, value) == expected)
  }

  @Test("strings are found through their slots, in whatever order they were packed")
  func packsStrings() throws {
    let signature = try Signature(parsing: "str(a:str,n:i32,b:str,c:str)")
    let schema = try ObjectSchema(signature, refinedBy: nil)
    let texts = ["a": "hé", "b": "", "c": "a rather long text that is no small string"]
    let arguments = JSON.object(texts.mapValues(JSON.string).merging(["n": -7]) { $1 })
    let packed = try TypedArguments(signature, schema).withPacked(arguments) { Array($0) }
    for (index, name) in ["a", "n", "b", "c"].enumerated() where name != "n" {
      let slot = packed.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
      let (offset, length) = (32 + Int(slot & 0xffff_ffff), Int(slot >> 32))
      #expect(String(decoding: packed[offset..<offset + length], as: UTF8.self) == texts[name])
      #expect(packed[offset + length] == 0)
    }
    #expect(packed[8..<16].elementsEqual([0xf9] + Array(repeating: 0xff, count: 7)))
  }

  @Test(
    "names and ranges are checked on the short way too",
    arguments: [
      (["n": 1, "m": 2], "unknown argument 'm'"), (["m": 1], "unknown argument 'm'"), ([:], "'n' is missing"),
      (["n": 9], "1 to 5"), ([1], "must be an object"),
    ] as [(JSON, String)])
  func shortWayChecks(_ arguments: JSON, _ words: String) throws {
    let refinement: JSON = ["properties": ["n": ["type": "integer", "minimum": 1, "maximum": 5]]]
    let signature = try Signature(parsing: "i32(n:i32)")
    let typed = TypedArguments(signature, try ObjectSchema(signature, refinedBy: ManifestValue(refinement)))
    do throws(ToolError) {
      _ = try typed.withPacked(arguments) { $0.count }
      Issue.record("accepted")
    } catch {
      #expect(error.code == .badArgument && error.message.contains(words), "\(error)")
    }
  }

  @Test(
    "what does not fit the type is refused and told the range",
    arguments: [
      ("i32", JSON.integer(2_147_483_648), "-2147483648 to 2147483647"), ("i32", .double(1.5), "integer"),
      ("i32", .string("1"), "integer, not string"), ("i32", .null, "not null"), ("i64", .double(1e19), "must be from"),
      ("i64", .double(.nan), "integer"), ("u32", .integer(-1), "0 to 4294967295"), ("u64", .integer(-1), "0 to"),
      ("u64", .double(9_223_372_036_854_775_808), "0 to"), ("f32", .double(1e39), "must be from"),
      ("f64", .double(.nan), "finite"), ("f64", .double(.infinity), "finite"), ("f64", .string("1"), "number, not string"),
      ("bool", .integer(1), "boolean, not number"), ("str", .integer(1), "string, not number"),
      ("str", .string("a\0b"), "U+0000"),
    ])
  func refusesValues(_ type: String, _ value: JSON, _ words: String) {
    do throws(ToolError) {
      _ = try slot(type, value)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .badArgument)
      #expect(error.message.contains("'x'") && error.message.contains(words), "\(error.message)")
    }
  }

  @Test("texts lie behind the slots, ended by NUL")
  func packsTexts() throws {
    let signature = try Signature(parsing: "i32(a:str,n:i32,b:str)")
    let packed = try signature.pack(["a": "hé", "n": 7, "b": ""])
    var expected: [UInt8] = []
    expected.appendInteger(UInt32(0))
    expected.appendInteger(UInt32(3))
    expected.appendInteger(UInt64(7))
    expected.appendInteger(UInt32(4))
    expected.appendInteger(UInt32(0))
    expected += Array("hé\0\0".utf8)
    #expect(packed == expected)
  }

  @Test("unknown and missing names are told")
  func names() throws {
    let schema = try ObjectSchema(try Signature(parsing: "i32(a:i32,b:i32)"), refinedBy: nil)
    #expect(throws: ToolError(.badArgument, "unknown argument 'c'; known: a, b")) { try schema.check(["a": 1, "b": 2, "c": 3]) }
    #expect(throws: ToolError(.badArgument, "argument 'b' is missing")) { try schema.check(["a": 1]) }
    #expect(throws: ToolError(.badArgument, "arguments must be an object, not array")) { try schema.check([]) }
  }

  private func schema(_ text: String) throws -> ObjectSchema {
    try ObjectSchema(ManifestValue(try JSON(parsing: text), path: "parameters"))
  }

  @Test("required names give the order, the others follow by name, defaults are filled in")
  func order() throws {
    let schema = try schema(
      #"{"type":"object","required":["title","id"],"properties":{"zeta":{"type":"boolean"},"id":{"type":"integer"},"#
        + #""alpha":{"type":"array","items":{"type":"number"},"default":[1]},"title":{"type":"string","description":"What"}}}"#)
    #expect(
      schema.toolParameters == [
        ToolParameter(name: "title", kind: .string, required: true, summary: "What"),
        ToolParameter(name: "id", kind: .integer, required: true),
        ToolParameter(name: "alpha", kind: .json, required: false), ToolParameter(name: "zeta", kind: .boolean, required: false),
      ])
    #expect(try schema.check(["title": "t", "id": .double(2)]) == ["title": "t", "id": 2, "alpha": [1]])
  }

  @Test(
    "a JSON tool's schema is kept",
    arguments: [
      (#"{"type":"integer","minimum":1,"maximum":5}"#, JSON.integer(6), "1 to 5"),
      (#"{"type":"number","minimum":0.5}"#, .integer(0), "0.5"),
      (#"{"type":"string","maxLength":3}"#, .string("äöüß"), "0 to 3 characters"),
      (#"{"type":"string","minLength":1}"#, .string(""), "at least 1"),
      (#"{"type":"string","enum":["a","b"]}"#, .string("c"), #""a", "b""#),
      (#"{"type":"array","items":{"type":"integer"}}"#, .array([1, "x"]), "x[1]"),
      (#"{"type":"object","properties":{"y":{"type":"integer"}},"required":["y"]}"#, .object([:]), "x.y"),
      (#"{"type":"object","properties":{"y":{"type":"integer"}}}"#, .object(["z": 1]), "x.z"),
      (#"{"type":"boolean"}"#, .null, "boolean, not null"),
    ])
  func keepsSchema(_ property: String, _ value: JSON, _ words: String) throws {
    let schema = try schema(#"{"properties":{"x":\#(property)}}"#)
    do throws(ToolError) {
      _ = try schema.check(["x": value])
      Issue.record("accepted")
    } catch {
      #expect(error.message.contains(words), "\(error.message)")
    }
  }

  @Test(
    "a typed result becomes JSON",
    arguments: [
      (NativeType.i32, UInt64(0xffff_ffff), JSON.integer(-1)), (.i64, .max, .integer(-1)), (.u32, .max, .integer(4_294_967_295)),
      (.u64, 5, .integer(5)), (.f32, UInt64(Float(0.1).bitPattern), .double(0.1)), (.f64, Double(1.5).bitPattern, .double(1.5)),
      (.bool, 1, .bool(true)), (.bool, 0, .bool(false)),
    ])
  func decodes(_ type: NativeType, _ bits: UInt64, _ expected: JSON) throws {
    #expect(try Signature.decode(bits, text: [], as: type) == expected)
  }

  @Test(
    "a result that JSON cannot hold is an error",
    arguments: [
      (NativeType.u64, UInt64.max, [] as [UInt8]), (.f64, Double.nan.bitPattern, []),
      (.f32, UInt64(Float.infinity.bitPattern), []),
      (.str, 0, [0xff]),
    ])
  func refusesResults(_ type: NativeType, _ bits: UInt64, _ text: [UInt8]) {
    #expect(throws: ToolError.self) { try Signature.decode(bits, text: text, as: type) }
  }
}
