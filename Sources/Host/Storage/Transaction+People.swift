package import Core

/// Somebody whose accounts were bound by one-time codes.
package struct EnrolledPerson: Sendable, Hashable {
  package let name: String
  package let roles: [String]
  /// As in `Sender.id`, sorted.
  package let ids: [String]

  package init(name: String, roles: [String], ids: [String]) {
    self.name = name
    self.roles = roles
    self.ids = ids
  }
}

/// What a one-time code is good for.
package struct EnrolmentCode: Sendable, Hashable {
  /// Keyed: the code cannot be found out from it.
  package let digest: String
  package let person: String
  /// The roles that the person holds from its use on.
  package let roles: [String]
  package let expiresAt: Timestamp

  package init(digest: String, person: String, roles: [String], expiresAt: Timestamp) {
    self.digest = digest
    self.person = person
    self.roles = roles
    self.expiresAt = expiresAt
  }
}

extension Transaction {
  /// Everybody who is enrolled, by name.
  package func enrolledPeople() throws -> [EnrolledPerson] {
    let ids = try rows("SELECT id, person FROM enrolled_id ORDER BY id", [])
    let owners = try Dictionary(grouping: ids) { try $0["person"] as String }
    return try rows("SELECT name, roles FROM enrolled_person ORDER BY name", []).map { row in
      let name: String = try row["name"]
      return EnrolledPerson(
        name: name, roles: try StoredText.decode(try row["roles"]), ids: try owners[name, default: []].map { try $0["id"] })
    }
  }

  /// Whose this id is; nil when it was never bound.
  package func enrolledOwner(of id: String) throws -> String? {
    try row("SELECT person FROM enrolled_id WHERE id = ?", [id])?["person"]
  }

  /// Binds an id that is nobody's to a person, who holds these roles from now on.
  package func enrol(_ id: String, as person: String, roles: [String]) throws {
    try run(
      "INSERT INTO enrolled_person (name, roles) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET roles = excluded.roles",
      [person, try StoredText.encode(roles)])
    try run("INSERT INTO enrolled_id (id, person) VALUES (?, ?)", [id, person])
  }

  /// Ends the binding of one id; a person without ids is forgotten.
  ///
  /// - Returns: whose it was; nil when it was nobody's.
  package func unenrol(id: String) throws -> String? {
    guard let person = try enrolledOwner(of: id) else { return nil }
    try run("DELETE FROM enrolled_id WHERE id = ?", [id])
    try run(
      "DELETE FROM enrolled_person WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM enrolled_id WHERE person = ?1)", [person])
    return person
  }

  /// Ends all bindings of a person, and all codes that wait for that person.
  ///
  /// - Returns: how many ids and codes there were.
  package func unenrol(person: String) throws -> (ids: Int, codes: Int) {
    let codes = try run("DELETE FROM enrolment_code WHERE person = ?", [person])
    let ids = try run("DELETE FROM enrolled_id WHERE person = ?", [person])
    try run("DELETE FROM enrolled_person WHERE name = ?", [person])
    return (ids, codes)
  }

  // MARK: Codes

  /// Keeps a code until it is used or expires; the expired ones go.
  package func keep(_ code: EnrolmentCode) throws {
    try run("DELETE FROM enrolment_code WHERE expires_at <= ?", [now.milliseconds])
    try run(
      "INSERT INTO enrolment_code (digest, person, roles, expires_at) VALUES (?, ?, ?, ?)",
      [code.digest, code.person, try StoredText.encode(code.roles), code.expiresAt.milliseconds])
  }

  /// Codes that wait to be used, those that expire first before the others.
  package func enrolmentCodes() throws -> [EnrolmentCode] {
    try rows(
      "SELECT digest, person, roles, expires_at FROM enrolment_code WHERE expires_at > ? ORDER BY expires_at, person",
      [now.milliseconds]
    ).map(code)
  }

  /// Takes the code with that digest out, so that nobody uses it again; nil when there is none, or it has expired.
  package func takeEnrolmentCode(digest: String) throws -> EnrolmentCode? {
    let code = try row(
      "DELETE FROM enrolment_code WHERE digest = ? RETURNING digest, person, roles, expires_at", [digest]
    ).map(code)
    return code.flatMap { $0.expiresAt > now ? $0 : nil }
  }

  private func code(_ row: SQLRow) throws -> EnrolmentCode {
    EnrolmentCode(
      digest: try row["digest"], person: try row["person"], roles: try StoredText.decode(try row["roles"]),
      expiresAt: Timestamp(milliseconds: try row["expires_at"]))
  }

  // MARK: Wrong tries

  /// Wrong tries of this sender since `time`; older ones count no more.
  package func enrolmentMisses(of sender: String, since time: Timestamp) throws -> Int {
    try row(
      "SELECT misses FROM enrolment_miss WHERE sender = ? AND first_at > ?", [sender, time.milliseconds])?["misses"] ?? 0
  }

  /// Notes one more, and forgets those of everybody from before `time`.
  package func noteEnrolmentMiss(of sender: String, since time: Timestamp) throws {
    try run("DELETE FROM enrolment_miss WHERE first_at <= ?", [time.milliseconds])
    try run(
      """
      INSERT INTO enrolment_miss (sender, misses, first_at) VALUES (?, 1, ?)
      ON CONFLICT (sender) DO UPDATE SET misses = enrolment_miss.misses + 1
      """, [sender, now.milliseconds])
  }
}
