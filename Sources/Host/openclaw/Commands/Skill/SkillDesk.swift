import ArgumentParser
import Core
import Skills

/// What the verbs that manage skills have in common: whom to ask, whom to tell, and when it has taken effect.
struct SkillDesk {
  /// How long a running service may take to follow a decision before the verb says so.
  private static let patience: Duration = .seconds(10)

  let configuration: Configuration

  init(_ options: ConfigurationOptions) throws(ConfigurationError) {
    configuration = try options.load()
  }

  /// Everything that is known now.
  func overview() throws(CommandFailure) -> SkillOverview {
    do throws(SkillDecisionsError) {
      return try SkillOverview.read(
        plugins: configuration.plugins, data: configuration.data, isServed: DataFolder.isServed(configuration.data))
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Writes a decision down and waits until a running service follows it. What is known then.
  func decide(_ change: (inout SkillDecisions) -> Void) async throws -> SkillOverview {
    do throws(SkillDecisionsError) {
      try SkillDecisionsFile(data: configuration.data).change(change)
    } catch {
      throw CommandFailure(error)
    }
    let deadline = ContinuousClock.now + Self.patience
    var overview = try overview()
    while overview.isServed, overview.report.decisions != overview.decisions.digest {
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(
          .unavailable, code: "not_followed",
          "the decision is written down, and the service has not followed it within \(Self.patience): see its log")
      }
      try await Task.sleep(for: .milliseconds(20))
      overview = try self.overview()
    }
    return overview
  }

  /// Stops serving a skill or serves it again: what `disable` and `enable` report.
  func setDisabled(_ name: String, _ isDisabled: Bool) async throws -> OutputOptions.Report {
    let before = try overview()
    let id = try before.found(name)
    let after = try await decide { decisions in
      if isDisabled { decisions.disabled.insert(id) } else { decisions.disabled.remove(id) }
    }
    let isNews = before.decisions.disabled.contains(id) != isDisabled
    let text =
      switch (isDisabled, isNews) {
      case (true, true): "\(id) is disabled."
      case (true, false): "\(id) was disabled before."
      case (false, true): "\(id) is enabled."
      case (false, false): "\(id) was not disabled."
      }
    return .init(
      text: "\(text) \(Self.standing(of: id, in: after))",
      fields: [
        "skill": .string(id), "disabled": .bool(isDisabled), "changed": .bool(isNews), "running": .bool(after.isServed),
      ])
  }

  /// How a skill stands, as the last words of an answer.
  static func standing(of id: String, in overview: SkillOverview) -> String {
    guard overview.isServed else { return "The service is not running; it follows when it starts." }
    guard let entry = overview.entry(of: id) else { return "No file holds it now." }
    let version = entry.version.map { " \($0)" } ?? ""
    return "Now\(version) \(entry.state)\(entry.detail.map { ": \($0)" } ?? ".")"
  }
}

extension CommandFailure {
  init(_ error: SkillDecisionsError) {
    let status: ExitStatus =
      switch error.code {
      case .malformed: .badConfiguration
      case .unreadable: .unavailable
      case .notWritable: .cannotWrite
      }
    self.init(status, code: error.code.rawValue, "openclaw skill: \(error)")
  }

  init(_ error: SkillOperatingError) {
    self.init(.notSo, code: error.code.rawValue, "openclaw skill: \(error.message)")
  }
}

extension SkillOverview {
  /// `id(named:)`, with the command line's error.
  func found(_ name: String) throws(CommandFailure) -> String {
    do throws(SkillOperatingError) {
      return try id(named: name)
    } catch {
      throw CommandFailure(error)
    }
  }
}
