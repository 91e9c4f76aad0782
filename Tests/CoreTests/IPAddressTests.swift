import Core
import Testing

@Suite("Addresses")
struct IPAddressTests {
  @Test(
    "An address is read in its plain forms only",
    arguments: [
      ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8:0::1", "2001:db8::1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
      ("127.1", nil), ("0127.0.0.1", nil), ("[::1]", nil), ("::1%eth0", nil), ("", nil), ("localhost", nil), ("1.2.3.4:5", nil),
    ] as [(String, String?)])
  func reading(text: String, expected: String?) {
    #expect(IPAddress(text)?.description == expected)
  }

  @Test(
    "A range holds what begins with the same bits",
    arguments: [
      ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("192.0.2.128/25", "192.0.2.127", false),
      ("192.0.2.128/25", "192.0.2.129", true), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
      ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false), ("2001:db8::/33", "2001:db8:7fff::", true),
      ("2001:db8::/33", "2001:db8:8000::", false), ("::1", "::1", true), ("::/0", "2001::", true),
    ])
  func ranges(range: String, address: String, isInside: Bool) throws {
    let range = try #require(AddressRange(range))
    #expect(range.contains(try #require(IPAddress(address))) == isInside)
  }

  @Test(
    "What is no range, or means another than it says, is not read",
    arguments: [
      "10.1.0.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "10.0.0.0/+8", "10.0.0.0/8/8", "ten/8", "", "10.0.0.0/-1",
    ])
  func noRanges(text: String) {
    #expect(AddressRange(text) == nil)
  }

  @Test("A version 4 address in the clothes of version 6 is itself")
  func mapped() {
    #expect(IPAddress("::ffff:10.0.0.1")?.unmapped.description == "10.0.0.1")
    #expect(IPAddress("2001:db8::1")?.unmapped.description == "2001:db8::1")
    for text in ["127.9.9.9", "::1", "::ffff:127.0.0.1"] { #expect(IPAddress(text)?.isLoopback == true) }
    for text in ["128.0.0.1", "::2", "::"] { #expect(IPAddress(text)?.isLoopback == false) }
  }
}
