/// Asks a freshly loaded rule set what must be denied whatever its rules say. Guards against a defect of ours, not of the rules:
/// a set that fails it is not taken into force.
enum SelfTest {
  private static let probes = """
    permit (principal, action == Action::"self-test", resource);
    forbid (principal, action == Action::"self-test", resource == Probe::"held");
    forbid (principal, action == Action::"self-test", resource == Probe::"erring") when { context.absent };
    """

  /// What is wrong with how these rules are evaluated; nil when nothing is.
  static func failure(of rules: [Rule]) -> String? {
    let parsed = Parser.parse(SourceFile(name: "self-test", text: probes), as: .official)
    guard parsed.problems.isEmpty else { return "the self-test cannot be read" }
    let nobody = EntityStore([Entity]())
    let plain = RuleSet(rules)
    let probed = RuleSet(rules + parsed.rules)
    for thing in ["held", "erring"] {
      let request = Request(
        principal: EntityUID("Probe", "somebody"), action: EntityUID("Action", "self-test"), resource: EntityUID("Probe", thing),
        context: [:])
      guard plain.authorize(request, nobody).permits.isEmpty else {
        return "the self-test failed: what no rule names is permitted"
      }
      let answer = probed.authorize(request, nobody)
      guard !answer.permits.isEmpty, !answer.isAllowed else {
        return "the self-test failed: a forbid that is \(thing) does not deny"
      }
    }
    return nil
  }
}
