/// One `permit` or `forbid` with everything that was written around it. (Cedar calls it a policy.)
struct Rule: Sendable {
  enum Effect: String, Sendable {
    case permit, forbid
  }

  /// What the head of a rule asks of principal, action or resource.
  enum Constraint: Sendable, Equatable {
    case any
    case equal(EntityUID)
    /// In any of these; `in Role::"admin"` is a list of one.
    case within([EntityUID])
    case type(Text)
    case typeWithin(Text, EntityUID)
  }

  struct Annotation: Sendable {
    let name: String
    let value: Text
    let span: Span
  }

  struct Condition: Sendable {
    let isUnless: Bool
    let expression: Expression
  }

  /// A name of the host's world that the rule relies on; checked against what exists.
  struct Mention: Sendable {
    enum Kind: Sendable {
      case entity(EntityUID)
      case type(Text)
      case contextAttribute(Text)
    }

    let kind: Kind
    let span: Span
  }

  /// The value of `@id`: unique in a snapshot, stable across edits, what audit records name.
  let id: String
  let effect: Effect
  let annotations: [Annotation]
  let principal: Constraint
  let action: Constraint
  let resource: Constraint
  let conditions: [Condition]
  let mentions: [Mention]
  let source: SourceFile
  /// The word `permit` or `forbid`.
  let span: Span

  func annotation(_ name: String) -> Annotation? {
    annotations.first { $0.name == name }
  }

  /// The gate that a call permitted by this rule must pass.
  var gate: String? { annotation("gate")?.value.string }

  /// How a forbid is tried out before it counts.
  enum Trial: String, Sendable, CaseIterable {
    /// It is recorded what it would have denied.
    case audit
    /// The caller is told as well.
    case warn
  }

  /// Nil for a rule that counts.
  var trial: Trial? { annotation("mode").flatMap { Trial(rawValue: $0.value.string) } }
}
