import Core
import NIOHTTP1
import Testing

@testable import Gateway

@Suite("HTTP rules")
struct RulesTests {
  @Test(
    "The path of a target is found in every form",
    arguments: [
      ("/a/b", "/a/b"), ("/a?b=c", "/a"), ("/?x", "/"), ("http://host/a?b", "/a"), ("http://host", "/"), ("*", "*"),
      ("host:443", "host:443"), ("", ""),
    ])
  func path(target: String, path: String) {
    #expect(HTTPRules.path(of: target) == path)
  }

  @Test(
    "Queries are decoded; the first of equal names counts",
    arguments: [
      ("/a", [:]), ("/a?", [:]), ("/a?b=c&d=e", ["b": "c", "d": "e"]), ("/a?b=1&b=2", ["b": "1"]),
      ("/a?b=%E9%95%BF+x%2B", ["b": "长 x+"]), ("/a?b=%zz&c=%e9&d", ["d": ""]), ("/a?=v&b==", ["": "v", "b": "="]),
      ("/a?b=%4", [:]),
    ] as [(String, [String: String])])
  func query(target: String, query: [String: String]) {
    #expect(HTTPRules.query(of: target) == query)
  }

  @Test(
    "JSON in UTF-8 is the only type",
    arguments: [
      ("application/json", true), ("Application/JSON", true), ("application/json;charset=utf-8", true),
      ("application/json; charset=UTF-8", true), ("application/json; charset=\"utf-8\"", true), ("application/json;", true),
      ("application/json; charset=latin1", false), ("application/json, text/plain", false), ("application/jsonp", false),
      ("text/json", false), ("", false), (";", false), ("application/json; charset=utf-8; charset=gbk", false),
    ])
  func types(type: String, isJSON: Bool) {
    #expect(HTTPRules.isJSON(type) == isJSON)
  }

  @Test("Repeated headers are joined, names lowered")
  func dictionary() {
    let headers: HTTPHeaders = ["X-A": "1", "x-b": "2", "x-A": "3"]
    #expect(HTTPRules.dictionary(of: headers) == ["x-a": "1, 3", "x-b": "2"])
  }

  @Test(
    "Only a direct client on this machine that uses a loopback name is local",
    arguments: [
      (["host": "localhost:8080"], "127.0.0.1", true), (["host": "127.0.0.1"], "127.8.9.1", true),
      (["host": "[::1]:8080"], "::1", true), (["host": "LocalHost"], "::ffff:127.0.0.1", true), ([:], "127.0.0.1", true),
      (["host": "localhost"], "192.0.2.1", false), (["host": "localhost"], "", false),
      (["host": "localhost.evil.example"], "127.0.0.1", false), (["host": "127.0.0.1.evil.example"], "127.0.0.1", false),
      (["host": "[::2]"], "::1", false), (["host": "[::1"], "::1", false), (["host": ""], "127.0.0.1", false),
      (["host": "localhost", "x-forwarded-for": "192.0.2.1"], "127.0.0.1", false),
      (["host": "localhost", "forwarded": "for=192.0.2.1"], "127.0.0.1", false),
      (["host": "localhost", "x-real-ip": "192.0.2.1"], "127.0.0.1", false),
      (["host": "localhost", "via": "1.1 proxy"], "127.0.0.1", false),
      (["host": "localhost", "x-forwarded-host": "robot.example"], "127.0.0.1", false),
      (["host": "localhost", "cf-connecting-ip": "192.0.2.1"], "127.0.0.1", false),
    ] as [([String: String], String, Bool)])
  func local(headers: [String: String], address: String, isLocal: Bool) {
    #expect(LocalClient.sent(headers, from: address) == isLocal)
  }

  @Test(
    "The table finds channels, knows its prefixes, and leaves the rest to others",
    arguments: [
      ("/qq/webhook/main", "main"), ("/qq/webhook/main/", "main"), ("/qq/webhook/main//", "unknown"),
      ("/qq/webhook/", "unknown"), ("/qq/webhook", "elsewhere"), ("/qq/webhook/main/ws", "unknown"),
      ("/onebot/v11/x", "unknown"), ("/onebot/v12/x", "elsewhere"), ("/", "elsewhere"), ("", "elsewhere"),
    ])
  func table(path: String, expected: String) {
    let table = ChannelTable(webhooks: ["/qq/webhook": [FakeWebhook(name: "main")]], prefixes: ["/onebot/v11"])
    switch table.lookup(path) {
    case .found(let entry): #expect(entry.channel == expected)
    case .unknownChannel: #expect(expected == "unknown")
    case .elsewhere: #expect(expected == "elsewhere")
    }
  }
}
