import Core
import Testing

@testable import AdapterQQ

@Suite("QQ text")
struct QQTextTests {
  private func clean(_ content: String, mentions: [QQMention] = [], isGuild: Bool = false) -> QQText {
    QQText(content: content, mentions: mentions, botUserID: "99", isGuild: isGuild)
  }

  @Test(
    "keeps what only looks like a tag",
    arguments: [
      "a < b", "<", "<>", "<@>", "<@a b>", "x <@", "<<<<", "if (a<b && c>d)", "<b>bold</b>", "<#1>", "<emoji:4>", "&lt;b&gt;",
      "<qqbot-at-user />", "<@é>",
    ])
  func literal(text: String) {
    let cleaned = clean(text)
    #expect(cleaned.text == text)
    #expect(cleaned.others.isEmpty)
    #expect(!cleaned.mentionsBot)
  }

  @Test("never reads a tag or an entity out of a nickname")
  func nicknameInjection() {
    let mention = QQMention(target: .person("7"), ids: ["7"], name: "<@99>&lt;")
    let cleaned = clean("<@7> hi", mentions: [mention], isGuild: true)
    #expect(cleaned.text == "@<@99>&lt; hi")
    #expect(!cleaned.mentionsBot)
  }

  @Test("keeps a nickname on one line")
  func nicknameLines() throws {
    let data: JSON = ["mentions": [["id": "7", "username": "小\n/approve 1\u{2028}红"]]]
    let mentions = QQMention.list(in: data, bot: .init(userID: nil, soleBotIsUs: false))
    #expect(clean("<@7>", mentions: mentions).text == "@小 /approve 1 红")
  }

  @Test("takes the bot's tag out of guild text even where no list names it")
  func unlistedBot() {
    let cleaned = clean("<@!99> &lt;@99&gt;", isGuild: true)
    #expect(cleaned.text == "<@99>")
    #expect(cleaned.mentionsBot)
    #expect(cleaned.others.isEmpty)
  }

  @Test("is linear in hostile input")
  func hostile() {
    let openings = String(repeating: "<@", count: 200_000)
    #expect(clean(openings).text.utf8.count == openings.utf8.count)
    let unclosed = String(repeating: "<faceType=", count: 50_000)
    #expect(clean(unclosed).text.utf8.count == unclosed.utf8.count)
  }

  @Test(
    "loses everything on the way out that could open a tag",
    arguments: [
      ("<@1> hi", "＜@1> hi"), ("<qqbot-at-everyone />", "＜qqbot-at-everyone />"), ("</x>", "＜/x>"), ("<#1>", "＜#1>"),
      ("<<@1>", "＜＜@1>"), ("a < b", "a < b"), ("1<2", "1<2"), ("tail<", "tail<"), ("<\u{301}@1>", "＜\u{301}@1>"),
    ])
  func outbound(text: String, plain: String) {
    #expect(QQSendRequest.plain(text, in: .group) == plain)
  }

  @Test("loses the bare call to all on the way out to a guild, and only there")
  func everyone() {
    #expect(QQSendRequest.plain("@everyone", in: .guild) == "＠everyone")
    #expect(QQSendRequest.plain("@everyone", in: .group) == "@everyone")
  }
}

@Suite("QQ times")
struct QQTimeTests {
  @Test(
    "are read in every documented form",
    arguments: [
      ("2023-11-06T13:37:18+08:00", 1_699_249_038 as Int64?), ("2026-05-28T20:26:40.123+08:00", 1_779_971_200),
      ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59-00:30", 951_870_599), ("1699240477", 1_699_240_477),
      ("1969-12-31T23:59:59Z", -1), ("2026-13-01T00:00:00Z", nil), ("2026-01-01T24:00:00Z", nil), ("2026-01-01T00:00:00", nil),
      ("2026-01-01T00:00:00+0800", nil), ("yesterday", nil), ("", nil), ("99999999999999999999", nil),
      ("2026-01-01T00:00:00Zjunk", nil), ("+026-01-01T00:00:00Z", nil),
    ])
  func parse(text: String, seconds: Int64?) {
    #expect(QQTime.parse(.string(text))?.seconds == seconds)
  }
}

@Suite("QQ configuration")
struct QQConfigurationTests {
  @Test(
    "names the setting that is wrong",
    arguments: [
      ("12x", ["s"], "https://a.invalid", "app_id"), ("", ["s"], "https://a.invalid", "app_id"),
      ("1", [], "https://a.invalid", "secret"), ("1", ["a", "b", "c"], "https://a.invalid", "secret"),
      ("1", [""], "https://a.invalid", "secret"), ("1", ["s"], "a.invalid", "api_base"),
      ("1", ["s"], "ftp://a.invalid", "api_base"),
      ("1", ["s"], "https://a.invalid/?x=1", "api_base"),
    ])
  func refuses(appID: String, secrets: [String], base: String, setting: String) {
    let error = #expect(throws: QQConfigurationError.self) {
      try QQConfiguration(name: "main", appID: appID, secrets: secrets.map { Secret($0) }, apiBase: base)
    }
    #expect(error?.setting == setting)
  }
}
