/// What must happen before a gated call may run.
package struct Gate: Sendable, Hashable, Codable {
  /// So many different people who hold one of these roles.
  package struct Factor: Sendable, Hashable, Codable {
    /// Never empty.
    package let roles: [String]
    package let count: Int

    package init(roles: [String], count: Int = 1) {
      self.roles = roles
      self.count = count
    }
  }

  /// Where a word on a request counts.
  package enum Place: String, Sendable, Codable, CaseIterable {
    /// The chat where it was asked for.
    case origin
    /// A chat that the operator named for this.
    case ops
    /// The approver's own chat with the robot.
    case dm
  }

  /// What an approver types.
  package enum Confirmation: String, Sendable, Codable, CaseIterable {
    /// The code of the request.
    case code
    /// The code and the end of the digest that the card shows: whoever types it has looked there.
    case typed
  }

  package let name: String
  /// Every one of them must hold; never empty.
  package let factors: [Factor]
  /// Different people whose refusal ends the request.
  package let denyQuorum: Int
  /// Never empty, without repetition.
  package let places: [Place]
  package let confirm: Confirmation
  /// How long the request waits for approval.
  package let expires: Duration
  /// How long after the approval the call may start.
  package let runWithin: Duration

  package init(
    name: String, factors: [Factor], denyQuorum: Int = 1, places: [Place] = [.origin, .dm], confirm: Confirmation = .code,
    expires: Duration = .seconds(900), runWithin: Duration = .seconds(300)
  ) {
    self.name = name
    self.factors = factors
    self.denyQuorum = denyQuorum
    self.places = places
    self.confirm = confirm
    self.expires = expires
    self.runWithin = runWithin
  }

  /// A gate with one factor.
  ///
  /// - Parameters:
  ///   - approvers: roles of which an approver must hold at least one.
  ///   - quorum: different people who must approve.
  package init(
    name: String, approvers: [String], quorum: Int = 1, expires: Duration = .seconds(900), runWithin: Duration = .seconds(300)
  ) {
    self.init(name: name, factors: [Factor(roles: approvers, count: quorum)], expires: expires, runWithin: runWithin)
  }

  /// Every role that lets somebody speak at this gate, in the order of the factors.
  package var approvers: [String] {
    factors.reduce(into: []) { roles, factor in roles += factor.roles.filter { !roles.contains($0) } }
  }

  /// The gate of a call whose rules name none.
  package static let defaultName = "default_write"
  static let builtIn = Gate(name: defaultName, approvers: ["admin"])
}
