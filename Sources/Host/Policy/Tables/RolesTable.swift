import Core

/// Somebody who is known by name.
package struct Person: Sendable, Hashable {
  package let name: String
  /// Without those that everyone holds.
  package let roles: [String]
  /// The ids under which platforms know this person, as in `Sender.id`.
  package let ids: [String]

  package init(name: String, roles: [String], ids: [String]) {
    self.name = name
    self.roles = roles
    self.ids = ids
  }

  /// Whether somebody can be called that: at most 64 bytes, without spaces and colons.
  package static func isUsable(name: String) -> Bool {
    let isClean = name.unicodeScalars.allSatisfy { $0.isHarmless && $0 != ":" && !$0.properties.isWhitespace }
    return isClean && (1...64).contains(name.utf8.count)
  }

  /// Whether a role can be called that: 1 to 64 letters, digits, `-`, `_`, `.` or `/`.
  package static func isUsable(role: String) -> Bool { isPlainName(role) }
}

/// Who asks or answers, after `roles.yaml` was consulted.
package struct Subject: Sendable, Hashable {
  /// The id that was looked up.
  package let id: String
  /// The person's name when the id is enrolled. Ids of one person are one subject to every rule.
  package let person: String?
  /// All roles held, those of everyone included.
  package let roles: [String]

  /// What stands for this subject in votes and comparisons: the same for all ids of one person.
  package var principal: String { person ?? id }
  /// Whether the robot's own affairs are this subject's to know.
  package var isAdmin: Bool { roles.contains("admin") || roles.contains("owner") }
}

/// `roles.yaml`: people, their roles and their ids.
struct RolesTable: Sendable {
  private(set) var people: [Person] = []
  private(set) var everyone: [String] = []
  /// Roles that the platform's own ranks bring, for who asks for a call. None of them lets anybody approve.
  private(set) var platform: [Sender.PlatformRole: [String]] = [:]
  private var subjects: [Text: Subject] = [:]
  private var entities: [Text: Entity] = [:]

  static let fileName = "roles.yaml"

  /// Who an id is; a stranger when the table does not have it.
  func subject(_ id: String) -> Subject {
    subjects[Text(id)] ?? Subject(id: id, person: nil, roles: everyone)
  }

  /// The `User` entity for an id.
  func user(_ id: String) -> Entity {
    if let known = entities[Text(id)] { return known }
    // Person names have no colon and platform ids always do: a stranger cannot be called like a person.
    return Self.entity(id.utf8.contains(UInt8(ascii: ":")) ? id : ":" + id, roles: everyone)
  }

  /// The same for somebody whom the platform gives a rank in this chat.
  func user(_ id: String, as rank: Sender.PlatformRole?) -> Entity {
    let known = user(id)
    let more = (rank.flatMap { platform[$0] } ?? []).map { EntityUID("Role", $0) }.filter { !known.ancestors.contains($0) }
    return more.isEmpty ? known : Entity(uid: known.uid, ancestors: known.ancestors + more)
  }

  /// All role names in the table.
  var roles: Set<String> { Set(everyone).union(people.flatMap(\.roles)).union(platform.values.joined()) }

  init() {}

  init(people: [Person], everyone: [String], platform: [Sender.PlatformRole: [String]] = [:]) {
    self.people = people
    self.everyone = everyone
    self.platform = platform
    for person in people {
      let roles = person.roles + everyone.filter { !person.roles.contains($0) }
      let entity = Self.entity(person.name, roles: roles)
      for id in person.ids {
        subjects[Text(id)] = Subject(id: id, person: person.name, roles: roles)
        entities[Text(id)] = entity
      }
    }
  }

  /// The same table with people of whom the file does not know, or not all. The file wins: it alone says what roles its own people
  /// hold, and an id that it gives to somebody stays theirs.
  func adding(_ enrolled: [Person]) -> RolesTable {
    let taken = Set(subjects.keys)
    var people = people
    for person in enrolled {
      let ids = person.ids.filter { !taken.contains(Text($0)) }
      guard let index = people.firstIndex(where: { Text($0.name) == Text(person.name) }) else {
        people.append(Person(name: person.name, roles: person.roles, ids: ids))
        continue
      }
      people[index] = Person(name: people[index].name, roles: people[index].roles, ids: people[index].ids + ids)
    }
    return RolesTable(people: people, everyone: everyone, platform: platform)
  }

  /// The same table with each person's entity changed.
  func mapEntities(_ change: (Entity) -> Entity) -> RolesTable {
    var table = self
    table.entities = entities.mapValues(change)
    return table
  }

  /// The same table with exactly these roles for an id.
  func giving(_ roles: [String], to id: String) -> RolesTable {
    var table = self
    table.subjects[Text(id)] = Subject(id: id, person: subject(id).person, roles: roles)
    table.entities[Text(id)] = Self.entity(user(id).uid.id.string, roles: roles)
    return table
  }

  private static func entity(_ name: String, roles: [String]) -> Entity {
    Entity(uid: EntityUID("User", name), ancestors: roles.map { EntityUID("Role", $0) })
  }
}

// MARK: - Reading

extension RolesTable {
  static func read(_ source: SourceFile) -> (table: RolesTable, problems: [PolicyProblem]) {
    var reader = TableReader(source)
    guard let root = reader.root() else {
      if reader.problems.isEmpty { reader.report("the file is empty", at: nil, help: "it needs at least: people: []") }
      return (RolesTable(), reader.problems)
    }
    let fields = reader.fields(root, "the file", required: ["people"], optional: ["defaults", "platform"])
    var everyone: [String] = []
    if let defaults = fields["defaults"] {
      let fields = reader.fields(defaults, "`defaults`", required: ["everyone"])
      everyone = fields["everyone"].map { reader.roles($0, "`everyone`") } ?? []
    }
    var platform: [Sender.PlatformRole: [String]] = [:]
    if let ranks = fields["platform"] {
      let fields = reader.fields(ranks, "`platform`", required: [], optional: ["group_owner", "group_admin"])
      platform[.owner] = fields["group_owner"].map { reader.roles($0, "`group_owner`") }
      platform[.admin] = fields["group_admin"].map { reader.roles($0, "`group_admin`") }
    }
    var enrolled = Enrolment()
    for node in fields["people"].map({ reader.list($0, "`people`") }) ?? [] {
      let fields = reader.fields(node, "a person", required: ["name", "roles", "ids"])
      guard let nameNode = fields["name"], let name = reader.string(nameNode, "a name"),
        let rolesNode = fields["roles"], let idsNode = fields["ids"]
      else { continue }
      if let complaint = enrolled.add(name: name) { reader.report(complaint.message, at: nameNode, help: complaint.help) }
      let roles = reader.roles(rolesNode, "`roles`")
      var ids: [String] = []
      for idNode in reader.list(idsNode, "`ids`") {
        guard let id = reader.string(idNode, "an id") else { continue }
        if let complaint = enrolled.add(id: id, of: name) {
          reader.report(complaint.message, at: idNode, help: complaint.help)
        } else {
          ids.append(id)
        }
      }
      enrolled.people.append(Person(name: name, roles: roles, ids: ids))
    }
    return (RolesTable(people: enrolled.people, everyone: everyone, platform: platform), reader.problems)
  }

  /// People read so far, and what no second person may have.
  private struct Enrolment {
    var people: [Person] = []
    private var names: Set<Text> = []
    private var owners: [Text: String] = [:]

    mutating func add(name: String) -> (message: String, help: String?)? {
      guard Person.isUsable(name: name) else {
        return ("unusable person name", "at most 64 bytes, without spaces and colons")
      }
      return names.insert(Text(name)).inserted ? nil : ("person `\(name)` given twice", "list all ids in one entry")
    }

    mutating func add(id: String, of name: String) -> (message: String, help: String?)? {
      let isClean = id.unicodeScalars.allSatisfy { $0.isHarmless && !$0.properties.isWhitespace }
      guard isClean, id.utf8.contains(UInt8(ascii: ":")), id.utf8.count <= 256 else {
        return ("unusable id", "qq:<app_id>:<openid>, onebot:<channel>:<user_id> or playground:<name>")
      }
      if let owner = owners.updateValue(name, forKey: Text(id)) { return ("this id already belongs to `\(owner)`", nil) }
      return nil
    }
  }
}
