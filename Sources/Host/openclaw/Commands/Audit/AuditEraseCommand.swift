import Agent
import ArgumentParser
import Audit
import Core
import Policy
import Storage

/// `openclaw audit erase`
struct AuditEraseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase", abstract: "Empty what is kept of one person: texts, answers, arguments, bodies of audit records.",
    discussion: """
      The heads of the records stay, and verify: in them the person is a keyed reference that leads nowhere. What is still open \
      is left until it is done: run it again then. Whoever is enrolled stays so; openclaw admin revoke ends that. Backups and \
      what skills have stored are not touched.
      """)

  @Argument(
    help: ArgumentHelp(
      "A person of roles.yaml or `openclaw admin list`, or an id as the platform gives it.", valueName: "name or id"))
  var name: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      let audit = try AuditDesk.trail(of: configuration)
      let ids = try await ids(in: store, configuration)
      let summary = try await PersonErasure(store: store, audit: audit).erase(name, ids: ids)
      try store.close()
      return .init(
        text: """
          \(summary.texts) texts, the arguments of \(summary.calls) calls and \(summary.bodies) bodies of audit records were \
          emptied.
          """,
        fields: [
          "texts": .integer(Int64(summary.texts)), "calls": .integer(Int64(summary.calls)),
          "bodies": .integer(Int64(summary.bodies)),
        ])
    }
  }

  private func ids(in store: Store, _ configuration: Configuration) async throws -> [String] {
    let enrolled = try await store.read { try $0.enrolledPeople() }
    let people = try AdminDesk.people(of: configuration) + enrolled.map { Person($0) }
    let known = Set(people.filter { $0.name == name }.flatMap(\.ids))
    if !known.isEmpty { return known.sorted() }
    // Ids have a colon, and names have none.
    guard name.contains(":") else {
      throw CommandFailure(.notSo, code: "unknown_person", "nobody is called \(name); openclaw admin list shows who there is")
    }
    return [name]
  }
}
