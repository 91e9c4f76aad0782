import Core
import Testing

@testable import Skills

@Suite("Scopes and URLs")
struct ScopeTests {
  @Test(
    "a scope has one canonical form",
    arguments: [
      ("http:GET https://API.Example.org/v1/*", "http:GET https://api.example.org/v1/*"),
      ("http:GET https://a.example:443/", "http:GET https://a.example/"),
      ("http:PUT http://a.example:80/x", "http:PUT http://a.example/x"),
      ("http:GET https://a.example", "http:GET https://a.example/"),
      ("http:GET https://*.example.org/*", "http:GET https://*.example.org/*"),
      ("http:GET https://a.example/%7euser/%e4*", "http:GET https://a.example/~user/%E4*"),
      ("http:GET http://[::0001]:8080/*", "http:GET http://[::1]:8080/*"), ("secret:weather", "secret:weather"),
      ("chat:send", "chat:send"),
    ])
  func canonical(_ text: String, _ expected: String) throws {
    let scope = try Scope(parsing: text)
    #expect(scope.text == expected)
    #expect(try Scope(parsing: scope.text) == scope)
  }

  @Test(
    "what is wrong with a scope is said",
    arguments: [
      ("http:get https://a.example/*", "method"), ("http:GET  https://a.example/*", "one space"),
      ("http:GET a.example/*", "https://"),
      ("http:GET ftp://a.example/*", "https://"), ("http:GET https://*/*", "host"), ("http:GET https://a*.example/*", "'*'"),
      ("http:GET https://*.com/*", "two labels"), ("http:GET https://*.0.0.1/*", "address"),
      ("http:GET https://a.example*", "https://host/*"),
      ("http:GET https://a.example/*/x", "'*'"), ("http:GET https://a.example/x?y=*", "query"),
      ("http:GET https://u@a.example/*", "user"),
      ("http:GET https://a.example/../x", "'..'"), ("http:GET https://a.example:0/*", "port"),
      ("http:GET https://a.example:99999/", "port"),
      ("http:GET https://例.example/*", "xn--"), ("http:GET https://0x7f.1/*", "spelling"), ("secret:a b", "letters"),
      ("http:GET https://a.example/%2e%2e/*", "%2E"), ("http:GET https://a.example/#*", "fragment"), ("kv:admin", "kv:read"),
    ])
  func refused(_ text: String, _ words: String) {
    let error = #expect(throws: ScopeError.self) { try Scope(parsing: text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(
    "a URL is allowed by a scope or it is not",
    arguments: [
      ("GET https://a.example/*", "https://a.example/", true),
      ("GET https://a.example/*", "https://A.EXAMPLE:443/x?y=/../z", true),
      ("GET https://a.example/*", "http://a.example/", false), ("GET https://a.example/*", "https://a.example:8443/", false),
      ("GET https://a.example/*", "https://a.example.evil.example/", false),
      ("GET https://a.example/v1/*", "https://a.example/v1", false),
      ("GET https://a.example/v1/*", "https://a.example/v1/../v2/x", false),
      ("GET https://a.example/v1/*", "https://a.example/v1/./x", true),
      ("GET https://a.example/v1", "https://a.example/v1?q=1", true),
      ("GET https://a.example/v1", "https://a.example/v1/", false),
      ("GET https://a.example/v1/*", "https://a.example/%76%31/x", true),
      ("GET https://*.example.org/*", "https://a.example.org/", true),
      ("GET https://*.example.org/*", "https://a.b.example.org/", false),
      ("GET https://*.example.org/*", "https://example.org/", false),
      ("GET https://*.example.org/*", "https://aexample.org/", false), ("POST https://a.example/*", "https://a.example/", false),
    ])
  func matches(_ scope: String, _ url: String, _ isAllowed: Bool) throws {
    #expect(try HTTPScope(parsing: scope).allows(.get, CanonicalURL(parsing: url)) == isAllowed)
  }

  @Test(
    "a URL that could be read in two ways is refused",
    arguments: [
      "https://a.example\\@b.example/", "https://a@b.example/", "https://a.example/%2e%2e/x", "https://a.example/a%2fb",
      "https://a.example/a%5Cb", "https://a.example/%252e", "https://a.example/%00", "https://a.example/%zz",
      "https://a.example/%2",
      "https://a.example/..;/x", "https://a.example/#x", "https://a.example/a b", "https://a.example/\r\nx",
      "https://a..example/",
      "https://a.example./", "https:///x", "https:a.example", "//a.example/", "ftp://a.example/", "file:///etc/passwd",
      "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.0.0.0x1/",
      "https://1.2.3.4.5/",
      "https://[::1", "https://[::1%25lo]/", "https://[1.2.3.4]/", "https://[::1]x/", "https://a.example:/",
      "https://a.example:+1/",
      "https://a_b-.example/", "https://１２７.0.0.1/",
    ])
  func ambiguous(_ url: String) {
    #expect(throws: CanonicalURL.Invalid.self) { try CanonicalURL(parsing: url) }
  }

  @Test(
    "a reference is resolved against the URL it came from",
    arguments: [
      ("y", "https://a.example/b/y"), ("../y?q", "https://a.example/y?q"), ("../../../y", "https://a.example/y"),
      ("/y", "https://a.example/y"), ("?z", "https://a.example/b/c?z"), ("//b.example/y", "https://b.example/y"),
      ("http://b.example", "http://b.example/"), ("", "https://a.example/b/c?q"), ("y#part", "https://a.example/b/y"),
      ("./", "https://a.example/b/"), ("..", "https://a.example/"), ("y?u=http://x", "https://a.example/b/y?u=http://x"),
    ])
  func references(_ reference: String, _ expected: String) throws {
    #expect(try CanonicalURL(parsing: "https://a.example/b/c?q").resolving(reference).text == expected)
  }

  @Test(
    "a wider grant covers a narrower scope, never the other way",
    arguments: [
      ("http:GET https://a.example/*", "http:GET https://a.example/v1/*", true),
      ("http:GET https://a.example/v1/*", "http:GET https://a.example/*", false),
      ("http:GET https://a.example/*", "http:GET https://a.example/x", true),
      ("http:GET https://a.example/x", "http:GET https://a.example/x*", false),
      ("http:GET https://*.example.org/*", "http:GET https://a.example.org/*", true),
      ("http:GET https://*.example.org/*", "http:GET https://*.example.org/v1", true),
      ("http:GET https://a.example.org/*", "http:GET https://*.example.org/*", false),
      ("http:GET https://a.example/*", "http:HEAD https://a.example/*", false),
      ("http:GET https://a.example/*", "http:GET https://a.example:8443/*", false), ("secret:a", "secret:a", true),
      ("secret:a", "secret:ab", false), ("chat:send", "chat:send", true), ("chat:send", "secret:a", false),
    ])
  func covers(_ granted: String, _ declared: String, _ isCovered: Bool) throws {
    let grants = try SkillGrants(granting: [granted])
    #expect(try grants.isGranted(Scope(parsing: declared)) == isCovered)
    #expect(grants.isGranted(.keyValueRead) && grants.isGranted(.keyValueWrite))
  }

  @Test(
    "an address is public or it is not",
    arguments: [
      ("1.1.1.1", true), ("172.15.255.255", true), ("172.32.0.0", true), ("100.128.0.0", true), ("223.255.255.255", true),
      ("0.0.0.0", false), ("0.1.2.3", false), ("10.0.0.1", false), ("100.64.0.1", false), ("100.127.255.255", false),
      ("127.0.0.1", false), ("127.255.255.254", false), ("169.254.169.254", false), ("172.16.0.1", false),
      ("172.31.255.255", false),
      ("192.0.0.8", false), ("192.0.2.1", false), ("192.88.99.1", false), ("192.168.1.1", false), ("198.18.0.1", false),
      ("198.19.255.255", false), ("198.51.100.1", false), ("203.0.113.9", false), ("224.0.0.1", false),
      ("239.255.255.255", false),
      ("240.0.0.1", false), ("255.255.255.255", false), ("2606:4700:4700::1111", true), ("2a00:1450::1", true), ("::", false),
      ("::1", false), ("::ffff:1.1.1.1", false), ("::ffff:127.0.0.1", false), ("::127.0.0.1", false), ("64:ff9b::7f00:1", false),
      ("64:ff9b:1::1", false), ("100::1", false), ("2001::1", false), ("2001:db8::1", false), ("2002:7f00:1::", false),
      ("3fff::1", false), ("5f00::1", false), ("fc00::1", false), ("fd12:3456::1", false), ("fe80::1", false), ("fec0::1", false),
      ("ff02::1", false),
    ])
  func addresses(_ text: String, _ isPublic: Bool) throws {
    #expect(try #require(IPAddress(text[...])).isPublic == isPublic)
  }
}
