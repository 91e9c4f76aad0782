import Agent
import ArgumentParser
import Audit
import Core
import Policy
import Storage

/// `openclaw admin`
struct AdminCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admin", abstract: "Say which accounts belong to which person.",
    discussion: """
      People stand in policies/roles.yaml, or are enrolled here with a one-time code. A running service follows within a second.
      """,
    subcommands: [AdminEnrollCommand.self, AdminListCommand.self, AdminRevokeCommand.self])
}

/// `openclaw admin enroll`
struct AdminEnrollCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll", abstract: "Make a one-time code that binds an account to a person.",
    discussion: """
      The person sends `/enroll CODE` to the robot, as a message of its own, in the chat where the account is to count: an \
      official QQ bot knows the same member under another id in each group and in the direct chat, so each takes a code. The \
      code is good for a quarter of an hour and for one use; it is printed here and kept nowhere.
      """)

  @Argument(help: ArgumentHelp("The person's name, as rules will know it.", valueName: "name"))
  var name: String

  @Option(
    name: .customLong("role"),
    help: ArgumentHelp(
      "A role that the person will hold; may be repeated.",
      discussion:
        "Without it: those that the person has, and admin for somebody new. People of roles.yaml have their roles there.",
      valueName: "role"))
  var roles: [String] = []

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard Person.isUsable(name: name) else {
      throw ValidationError("A name has at most 64 bytes, and neither spaces nor colons.")
    }
    if let role = roles.first(where: { !Person.isUsable(role: $0) }) {
      throw ValidationError("There can be no role \(role): 1 to 64 letters, digits, -, _, . or /.")
    }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let isInFile = try AdminDesk.people(of: configuration).contains { $0.name == name }
      guard !isInFile || roles.isEmpty else {
        throw CommandFailure(
          .wrongUsage, code: "roles_in_file", "\(name) stands in roles.yaml, and the roles of \(name) with it; leave --role out")
      }
      let enrolment = Enrolment(audit: try AuditDesk.trail(of: configuration))
      let issued = try await ExistingStore.open(configuration).write { [name, roles] transaction in
        let known = try transaction.enrolledPeople().first { $0.name == name }
        let held = isInFile ? [] : roles.isEmpty ? known?.roles ?? ["admin"] : roles
        let issued = try enrolment.issue(to: name, roles: held, in: transaction)
        return (code: issued.code, expiresAt: issued.expiresAt, roles: held)
      }
      return .init(
        text: """
          /enroll \(issued.code)
          Whoever sends this to the robot before \(issued.expiresAt.iso8601) is \(name) there from then on\
          \(issued.roles.isEmpty ? "" : ", with the roles \(issued.roles.joined(separator: ", "))").
          """,
        fields: [
          "code": .string(issued.code), "person": .string(name), "roles": .array(issued.roles.map { .string($0) }),
          "expires_at": .string(issued.expiresAt.iso8601),
        ])
    }
  }
}

/// `openclaw admin list`
struct AdminListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show who is known, with roles and accounts, and the codes that wait to be used.")

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let inFile = try AdminDesk.people(of: configuration)
      let (enrolled, codes) = try await ExistingStore.open(configuration).read { transaction in
        (try transaction.enrolledPeople(), try transaction.enrolmentCodes())
      }
      let people = inFile.map { ($0, "roles.yaml") } + enrolled.map { (Person($0), "enrolled") }
      var lines = TextTable.lines(
        [["NAME", "ROLES", "ACCOUNT", "FROM"]]
          + people.flatMap { person, source in
            (person.ids.isEmpty ? ["-"] : person.ids).map { id in
              [person.name, person.roles.isEmpty ? "-" : person.roles.joined(separator: ","), id, source].map(\.printable)
            }
          })
      lines += codes.map { "A code for \($0.person) waits until \($0.expiresAt.iso8601)." }
      lines += AdminDesk.conflicts(inFile: inFile, enrolled: enrolled)
      return .init(
        text: lines.joined(separator: "\n"),
        fields: [
          "people": .array(
            people.map { person, source in
              [
                "name": .string(person.name), "roles": .array(person.roles.map { .string($0) }),
                "ids": .array(person.ids.map { .string($0) }), "from": .string(source),
              ]
            }),
          "codes": .array(
            codes.map { ["person": .string($0.person), "expires_at": .string($0.expiresAt.iso8601)] }),
        ])
    }
  }
}

/// `openclaw admin revoke`
struct AdminRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End the binding of one account, or all of a person with the codes that wait.",
    discussion:
      "Approvals that the person gave, and that have not run yet, count no more. People of roles.yaml are removed there.")

  @Argument(help: ArgumentHelp("An account or a person, as `list` shows them.", valueName: "id or name"))
  var name: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let enrolment = Enrolment(audit: try AuditDesk.trail(of: configuration))
      let gone = try await ExistingStore.open(configuration).write { [name] in try enrolment.revoke(name, in: $0) }
      guard gone != (0, 0) else {
        let isInFile = try AdminDesk.people(of: configuration).contains { $0.name == name || $0.ids.contains(name) }
        throw CommandFailure(
          .notSo, code: "not_enrolled",
          isInFile
            ? "\(name) stands in roles.yaml; take it out there"
            : "nobody is enrolled as \(name); openclaw admin list shows who is")
      }
      return .init(
        text: "\(name) is revoked: \(gone.ids) accounts, \(gone.codes) codes.",
        fields: ["ids": .integer(Int64(gone.ids)), "codes": .integer(Int64(gone.codes))])
    }
  }
}

/// What the verbs about people have in common.
enum AdminDesk {
  /// Everybody in roles.yaml.
  static func people(of configuration: Configuration) throws(CommandFailure) -> [Person] {
    do {
      return try PolicySnapshot.people(in: configuration.policies)
    } catch {
      throw CommandFailure(.notSo, code: "unusable_rules", "\(error)")
    }
  }

  /// Accounts that are one person's by roles.yaml and another's by enrolment. The file counts.
  static func conflicts(inFile: [Person], enrolled: [EnrolledPerson]) -> [String] {
    enrolled.flatMap { person in
      inFile.filter { $0.name != person.name }.flatMap { other in
        other.ids.filter(person.ids.contains).map {
          "\($0) is enrolled as \(person.name), but roles.yaml gives it to \(other.name), which counts; revoke one of them"
        }
      }
    }
  }
}
