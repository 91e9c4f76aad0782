import Skills
import Testing

@testable import openclaw

@Suite struct SkillSettingsTests {
  private func load(_ text: String) throws -> Configuration {
    let folder = try ScratchFolder()
    try folder.write(text, to: "openclaw.yaml")
    return try ConfigurationLoader(environment: ["WEATHER": "s3cr3t"], workingDirectory: folder.path).load()
  }

  @Test("secrets and private places of skills are read")
  func reads() throws {
    let skills = try load(
      """
      skills:
        require_signature: always
        secrets:
          weather: { env: WEATHER, for: ["https://api.weather.example/*"] }
          signing: { env: WEATHER, for: [] }
        allow_private: ["127.0.0.1:9000", "[::1]:80", "db.internal:8080"]
      """
    ).skills
    #expect(skills.privateHosts.count == 3)
    #expect(try skills.privateHosts.contains(PrivateHost("127.0.0.1:9000")))
    #expect(!"\(skills)".contains("s3cr3t"))
  }

  @Test(
    "what is wrong is said, with its place",
    arguments: [
      ("secrets: { weather: { env: WEATHER } }", "'for' is missing"),
      ("secrets: { weather: { for: [] } }", "exactly one of 'file' and 'env'"),
      ("secrets: { weather: { env: WEATHER, file: x, for: [] } }", "exactly one of 'file' and 'env'"),
      ("secrets: { weather: { env: WEATHER, to: [], for: [] } }", "no key 'to'"),
      ("secrets: { weather: { env: WEATHER, for: [\"api.weather.example\"] } }", "not a URL pattern"),
      ("secrets: { \"we ather\": { env: WEATHER, for: [] } }", "letters, digits"),
      ("secrets: { weather: plain }", "must be"), ("secrets: [a]", "mapping of names"),
      ("allow_private: [\"127.0.0.1\"]", "not a host and port"),
      ("allow_private: [\"http://127.0.0.1:1\"]", "not a host and port"),
      ("allow_private: [\"127.1:80\"]", "spelling"), ("allow_private: x", "must be a list"),
    ])
  func refuses(_ line: String, _ words: String) {
    let error = #expect(throws: ConfigurationError.self) { try load("skills:\n  \(line)") }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("openclaw.yaml:2:") == true)
  }
}
