import AdapterHTTP
import Core

/// The implementation's HTTP API.
struct OneBotHTTPAPI: Sendable {
  struct Answer: Sendable {
    let status: Int
    /// Nil when the body is not a JSON object.
    let response: OneBotResponse?
  }

  private static let limit: Duration = .seconds(25)

  let client: JSONClient
  let base: String
  let accessToken: Secret?

  /// Runs one action; ends within 26 s.
  func call(_ action: String, _ parameters: JSON) async throws(JSONClient.Failure) -> Answer {
    let headers = accessToken.map { [("Authorization", "Bearer \($0.reveal())")] } ?? []
    let answer = try await client.post(parameters, to: "\(base)/\(action)", headers: headers, limit: Self.limit)
    return Answer(
      status: answer.status, response: answer.body.flatMap { $0.object == nil ? nil : OneBotResponse(parsing: $0) })
  }
}
