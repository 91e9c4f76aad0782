import AdapterHTTP
import Core

/// The implementation's HTTP API.
struct OneBotHTTPAPI: Sendable {
  struct Answer: Sendable {
    let status: Int
    /// Nil when the body is not a JSON object.
    let response: OneBotResponse?
  }

  let client: JSONClient
  let base: String
  let accessToken: Secret?

  /// Runs one action; ends within `limit` and one second.
  func call(_ action: String, _ parameters: JSON, limit: Duration) async throws(JSONClient.Failure) -> Answer {
    let headers = accessToken.map { [("Authorization", "Bearer \($0.reveal())")] } ?? []
    let answer = try await client.post(parameters, to: "\(base)/\(action)", headers: headers, limit: limit)
    return Answer(
      status: answer.status, response: answer.body.flatMap { $0.object == nil ? nil : OneBotResponse(parsing: $0) })
  }
}
