import Core
import Testing

@Suite("Strict and canonical JSON")
struct JSONTests {
  @Test(
    "refuses what two parsers could read differently",
    arguments: [
      (#"{"a":1,"a":2}"#, JSONError.Code.duplicateKey),
      (#"{"é":1,"é":2}"#, .duplicateKey),
      (#"{"a":1} x"#, .syntax),
      (#"[01]"#, .syntax),
      (#"[1,]"#, .syntax),
      (#"{"a"}"#, .syntax),
      ("[NaN]", .syntax),
      ("[1e999]", .number),
      (#"["\ud800"]"#, .encoding),
      (#"["\udc00\ud800"]"#, .encoding),
      ("[\"a\nb\"]", .syntax),
      (#"["\x"]"#, .syntax),
      ("", .syntax),
      ("\u{feff}{}", .syntax),
      (String(repeating: "[", count: 40) + String(repeating: "]", count: 40), .tooDeep),
    ])
  func refuses(text: String, code: JSONError.Code) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.code == code)
  }

  @Test("refuses bytes that are not UTF-8")
  func refusesBadEncoding() {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xc3, 0x28, 0x22]) }
    #expect(error?.code == .encoding)
  }

  @Test("keeps 64-bit integers exact")
  func keepsIntegers() throws {
    #expect(try JSON(parsing: "[9223372036854775807,-9223372036854775808]") == [.integer(.max), .integer(.min)])
    #expect(try JSON(parsing: "9223372036854775807").canonical == "9223372036854775807")
  }

  @Test(
    "writes the numbers of RFC 8785, appendix B",
    arguments: [
      ("333333333.33333329", "333333333.3333333"), ("1E30", "1e+30"), ("4.50", "4.5"), ("2e-3", "0.002"),
      ("0.000000000000000000000000001", "1e-27"), ("-0.0", "0"), ("1e21", "1e+21"), ("1e20", "100000000000000000000"),
      ("9.999999999999997e22", "9.999999999999997e+22"), ("0.000001", "0.000001"), ("1e-7", "1e-7"),
    ])
  func writesNumbers(input: String, output: String) throws {
    #expect(try JSON(parsing: input).canonical == output)
  }

  @Test("sorts keys by UTF-16 and escapes as little as it must")
  func sortsKeys() throws {
    let text = #"{"\u20ac":"Euro","\r":"CR","\ufb33":"Hebrew","1":"One","\ud83d\ude00":"Smile","\u0080":"Control","\u00f6":"o"}"#
    let canonical = try JSON(parsing: text).canonical
    #expect(
      canonical
        == "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"Smile\",\"\u{fb33}\":\"Hebrew\"}"
    )
  }

  @Test("every truncation of a document is refused, never a crash")
  func truncations() throws {
    let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",true,null],"b":{"c":{}}}"#.utf8)
    _ = try JSON(parsing: text)
    for length in 0..<text.count {
      #expect(throws: JSONError.self) { try JSON(parsing: text.prefix(length)) }
    }
  }
}

@Suite("Request ids")
struct RequestIDTests {
  @Test("are version 7, sortable by time and readable back")
  func shape() {
    let early = RequestID(at: Timestamp(milliseconds: 1_700_000_000_000))
    let late = RequestID(at: Timestamp(milliseconds: 1_700_000_000_001))
    #expect(early.description < late.description)
    #expect(Array(early.description)[14] == "7")
    #expect("89ab".contains(Array(early.description)[19]))
    #expect(RequestID(early.description) == early)
    #expect(RequestID("not-an-id") == nil)
  }
}
