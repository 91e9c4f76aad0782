import Core
import Testing

@testable import AdapterOneBot

@Suite("CQ codes")
struct OneBotCQCodeTests {
  @Test("read and written as the vector says", arguments: Vectors.cases("onebot-cq-codec"))
  func codec(_ vector: VectorCase) throws {
    let segments = OneBotCQCode.parse(try vector.text("string"))
    #expect(JSON.array(segments.map(\.json)) == vector["segments"])
    let canonical = try vector.text("canonical")
    #expect(OneBotCQCode.encode(segments) == canonical)
    #expect(OneBotCQCode.parse(canonical) == segments)
  }

  @Test(
    "that break off are text, and what follows them is still read",
    arguments: [
      ("[CQ:at,qq=1[CQ:face,id=2]", ["text", "face"]), ("[CQ:,a=b]", ["text"]), ("[CQ:at,=1]", ["text"]),
      ("[CQ:at,qq]", ["text"]),
      ("[CQ:at,,qq=1]", ["text"]), ("[CQ:a b]", ["text"]), ("[[CQ:dice]]", ["text", "dice", "text"]), ("[CQ:dice", ["text"]),
      ("[CQ:at,a=b=c]", ["at"]),
    ])
  func broken(text: String, types: [String]) {
    #expect(OneBotCQCode.parse(text).map(\.type) == types)
  }

  @Test("cut off at any byte never fail and never lose text")
  func truncated() {
    let whole = Array("a[CQ:share,url=u&amp;v&#44;w,title=&#91;标&#93;]b[CQ:dice]&#93;".utf8)
    for length in 0...whole.count {
      let text = String(decoding: whole[..<length], as: UTF8.self)
      let segments = OneBotCQCode.parse(text)
      #expect(OneBotCQCode.parse(OneBotCQCode.encode(segments)) == segments)
      #expect(segments.isEmpty == (length == 0))
    }
  }

  @Test("are read in linear time, however they are nested")
  func hostile() {
    let openings = String(repeating: "[CQ:at,qq=", count: 100_000)
    #expect(OneBotCQCode.parse(openings) == [.text(openings)])
  }
}
