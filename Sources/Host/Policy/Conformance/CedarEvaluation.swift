package import Core

/// Official Cedar's answers from our evaluator: entities, schema and requests come as in Cedar's public tests, and a forbid that
/// errs counts as absent. Nothing of the house applies: neither its names nor its stricter rule about errors.
package enum CedarEvaluation {
  /// A file by the name that problems are reported under.
  package struct File: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// What is answered to one request.
  package struct Answer: Sendable, Equatable {
    package let isAllowed: Bool
    /// Policies that made it so: `policy0` is the first one of the file.
    package let reasons: [String]
    /// Policies that could not be evaluated, and why; names and types, never a value.
    package let errors: [PolicyFault]
  }

  /// A policy that could not be evaluated.
  package struct PolicyFault: Sendable, Equatable {
    package let policy: String
    package let message: String
  }

  /// Answers one request, or all of a file that has them in `requests`, as a public test has.
  ///
  /// - Throws: what is wrong with one of the files.
  package static func answers(
    policies: File, entities: File, schema: File?, request: File
  ) throws(PolicyError) -> (answers: [Answer], isList: Bool) {
    let parsed = Parser.parse(SourceFile(policies), as: .official)
    guard parsed.problems.isEmpty else { throw PolicyError(problems: parsed.problems) }
    let rules = RuleSet(parsed.rules)
    var types: Schema?
    if let schema { types = try Parser.schema(SourceFile(schema)) }
    let store = try CedarJSON(source: SourceFile(entities), schema: types).entities()
    let reader = CedarJSON(source: SourceFile(request), schema: types)
    let document = try reader.document()
    guard let list = document["requests"]?.array ?? document.array else {
      return ([answer(try reader.request(document, at: "request"), rules, store)], false)
    }
    var answers: [Answer] = []
    for (index, json) in list.enumerated() {
      answers.append(answer(try reader.request(json, at: "requests[\(index)]"), rules, store))
    }
    return (answers, true)
  }

  static func answer(_ request: Request, _ rules: RuleSet, _ entities: EntityStore) -> Answer {
    let answer = rules.authorize(request, entities)
    let determining = answer.forbids.isEmpty ? answer.permits : answer.forbids
    return Answer(
      isAllowed: answer.isAllowedByCedar, reasons: determining.map { rules.rules[$0].id },
      errors: answer.errors.map { rule, error in
        let rule = rules.rules[rule]
        return PolicyFault(policy: rule.id, message: "\(rule.source.place(of: error.span)): \(error.reason)")
      })
  }
}

extension CedarEvaluation.Answer {
  /// In the form of Cedar's public tests.
  package var fields: [String: JSON] {
    [
      "decision": isAllowed ? "allow" : "deny", "reason": .array(reasons.map(JSON.string)),
      "errors": .array(errors.map { .string($0.policy) }),
    ]
  }
}

extension SourceFile {
  fileprivate convenience init(_ file: CedarEvaluation.File) {
    self.init(name: file.name, bytes: file.bytes)
  }
}
