import ArgumentParser
import Core

/// `--json`, for every verb that prints: one object, `{"ok":…,"error":{"code","message"}}`.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  /// What a verb has found out, in both forms.
  struct Report: Sendable {
    let text: String
    let fields: [String: JSON]
  }

  /// Prints the report on standard output; with `--json` a failure goes there too.
  func report(_ verb: () async throws -> Report) async throws {
    do {
      let report = try await verb()
      try StandardOutput.write(json ? JSON.object(report.fields.merging(["ok": true]) { $1 }).canonical : report.text)
    } catch {
      guard json, let failure = CommandFailure(error) else { throw error }
      let details: JSON = ["code": .string(failure.code), "message": .string(failure.message)]
      try StandardOutput.write(JSON.object(["ok": false, "error": details]).canonical)
      throw failure.status.exitCode
    }
  }
}
