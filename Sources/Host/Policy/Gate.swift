/// What must happen before a gated call may run.
package struct Gate: Sendable, Hashable {
  package let name: String
  /// Roles of which an approver must hold at least one; never empty.
  package let approvers: [String]
  /// Different people who must approve.
  package let quorum: Int
  /// How long the request waits for approval.
  package let expires: Duration
  /// How long after the approval the call may start.
  package let runWithin: Duration

  package init(
    name: String, approvers: [String], quorum: Int = 1, expires: Duration = .seconds(900), runWithin: Duration = .seconds(300)
  ) {
    self.name = name
    self.approvers = approvers
    self.quorum = quorum
    self.expires = expires
    self.runWithin = runWithin
  }

  /// The gate of a call whose rules name none.
  package static let defaultName = "default_write"
  static let builtIn = Gate(name: defaultName, approvers: ["admin"])
}
