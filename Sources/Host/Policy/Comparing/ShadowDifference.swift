/// An answer that rules in shadow would have given otherwise than those in force. Holds no value of the question.
package struct ShadowDifference: Sendable {
  /// `call`, `approve` or `use`.
  package let verb: String
  /// The tool or the capability.
  package let subject: String
  package let live: Outcome
  package let shadow: Outcome
}
