/// One thing that is wrong with the configuration.
struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
  /// `openclaw.yaml:3:5`, `environment variable OPENCLAW_SERVER_PORT`, or nil when the whole is meant.
  let place: String?
  /// What is wrong and what is allowed.
  let message: String

  var description: String {
    place.map { "\($0): \(message)" } ?? message
  }
}

/// Everything that is wrong with the configuration, in the order of the file.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  let problems: [ConfigurationProblem]

  init(_ problems: [ConfigurationProblem]) {
    self.problems = problems
  }

  init(_ message: String, at place: String? = nil) {
    problems = [ConfigurationProblem(place: place, message: message)]
  }

  var description: String {
    problems.map(\.description).joined(separator: "\n")
  }
}

/// Why one value is not acceptable: completes the sentence "`port` …".
struct InvalidValue: Error, Equatable {
  let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}
