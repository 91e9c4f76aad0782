/// Texts of policies that use the whole language: mostly of matching types, and not too rarely not.
struct RandomPolicies {
  enum Kind: CaseIterable {
    case bool, long, string, entity, set, record
  }

  static let attributes = ["flag", "n", "text", "owner", "tags", "inner", "if", "a b"]

  static func kind(of attribute: String) -> Kind {
    switch attribute {
    case "flag": .bool
    case "n", "if": .long
    case "text", "a b": .string
    case "owner": .entity
    case "tags": .set
    default: .record
    }
  }

  /// Several policies.
  static func text(_ dice: inout Dice) -> String {
    dice.list(2...5) { policy(&$0) }.joined(separator: "\n")
  }

  private static func policy(_ dice: inout Dice) -> String {
    let annotations = dice.once(in: 4) ? "@note(\"\(dice.next(below: 9))\") @bare " : ""
    let effect = dice.once(in: 3) ? "forbid" : "permit"
    let scope = [entityScope("principal", &dice), actionScope(&dice), entityScope("resource", &dice)].joined(separator: ", ")
    let conditions = dice.list(0...2) { dice in
      "\(dice.once(in: 4) ? "unless" : "when") { \(expression(.bool, 4, &dice)) }"
    }
    return "\(annotations)\(effect) (\(scope)) \(conditions.joined(separator: " "));"
  }

  private static func entityScope(_ variable: String, _ dice: inout Dice) -> String {
    switch dice.next(below: 9) {
    case 0: "\(variable) == \(entity(&dice))"
    case 1, 2: "\(variable) in \(entity(&dice))"
    case 3: "\(variable) is \(dice.one(of: RandomWorld.types))"
    case 4: "\(variable) is \(dice.one(of: RandomWorld.types)) in \(entity(&dice))"
    default: variable
    }
  }

  private static func actionScope(_ dice: inout Dice) -> String {
    switch dice.next(below: 6) {
    case 0: "action == \(action(&dice))"
    case 1: "action in \(action(&dice))"
    case 2: "action in [\(dice.list(0...3) { action(&$0) }.joined(separator: ", "))]"
    default: "action"
    }
  }

  static func quoted(_ text: String, isPattern: Bool = false) -> String {
    let scalars = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\n": "\\n"
      case "*" where isPattern: "\\*"
      case "\u{301}", "\u{1f600}": "\\u{\(String(scalar.value, radix: 16))}"
      default: String(scalar)
      }
    }
    return "\"\(scalars.joined())\""
  }

  private static func entity(_ dice: inout Dice) -> String {
    "\(dice.one(of: RandomWorld.types))::\(quoted(dice.one(of: RandomWorld.ids)))"
  }

  private static func action(_ dice: inout Dice) -> String {
    "Action::\(quoted(dice.one(of: RandomWorld.actions)))"
  }
}

// MARK: - Damage

extension RandomPolicies {
  /// The text with one slip: something lost, doubled or put in.
  static func damaged(_ text: String, _ dice: inout Dice) -> String {
    var scalars = Array(text.unicodeScalars)
    let place = dice.next(below: scalars.count)
    switch dice.next(below: 4) {
    case 0: scalars.remove(at: place)
    case 1: scalars.insert(scalars[place], at: place)
    case 2: scalars.swapAt(place, dice.next(below: scalars.count))
    default:
      let slips = [
        "=", "&", "!", "-", "(", ")", "]", "}", ";", ",", ".", "::", "\"", "\\", " in ", " has ", " if ", "1", "*", "?", "@", "é",
      ]
      scalars.insert(contentsOf: dice.one(of: slips).unicodeScalars, at: place)
    }
    return String(String.UnicodeScalarView(scalars))
  }
}

// MARK: - Expressions

extension RandomPolicies {
  private static func expression(_ wanted: Kind, _ depth: Int, _ dice: inout Dice) -> String {
    let kind = dice.once(in: 14) ? dice.one(of: Kind.allCases) : wanted
    let text = depth <= 0 ? leaf(kind, &dice) : inner(kind, depth - 1, &dice)
    return dice.once(in: 6) ? "(\(text))" : text
  }

  /// An operand: in parentheses wherever the grammar might otherwise bind it to something else.
  private static func operand(_ kind: Kind, _ depth: Int, _ dice: inout Dice) -> String {
    let text = expression(kind, depth, &dice)
    return text.contains(" ") ? "(\(text))" : text
  }

  private static func leaf(_ kind: Kind, _ dice: inout Dice) -> String {
    if dice.once(in: 2) { return access(kind, &dice) }
    switch kind {
    case .bool: return dice.one(of: ["true", "false"])
    case .long: return "\(dice.one(of: RandomWorld.numbers))"
    case .string: return quoted(dice.one(of: RandomWorld.texts))
    case .entity: return dice.one(of: ["principal", "action", "resource", entity(&dice)])
    case .set: return "[\(dice.list(0...3) { leaf(element(&$0), &$0) }.joined(separator: ", "))]"
    case .record: return dice.one(of: ["context", "{}", "{n: 1, \"a b\": \"a\"}", "{inner: {n: 2}, flag: true}"])
    }
  }

  private static func element(_ dice: inout Dice) -> Kind { dice.one(of: [.long, .string, .entity, .bool]) }

  private static func access(_ kind: Kind, _ dice: inout Dice) -> String {
    let fitting = attributes.filter { self.kind(of: $0) == kind }
    let base = dice.one(of: ["context", "principal", "resource", "context.inner", "context.owner", "{n: 3, flag: true}"])
    return base + step(dice.one(of: fitting.isEmpty ? attributes : fitting), &dice)
  }

  private static func step(_ attribute: String, _ dice: inout Dice) -> String {
    let mustBeQuoted = attribute == "if" || attribute.contains(" ")
    return mustBeQuoted || dice.once(in: 5) ? "[\(quoted(attribute))]" : ".\(attribute)"
  }

  private static func inner(_ kind: Kind, _ depth: Int, _ dice: inout Dice) -> String {
    if dice.once(in: 7) {
      return "if \(expression(.bool, depth, &dice)) then \(expression(kind, depth, &dice)) else \(expression(kind, depth, &dice))"
    }
    switch kind {
    case .bool: return truth(depth, &dice)
    case .long: return number(depth, &dice)
    case .set: return "[\(dice.list(0...3) { expression(element(&$0), depth - 1, &$0) }.joined(separator: ", "))]"
    case .record:
      let names = dice.list(0...2) { $0.one(of: attributes) }
      let members = Set(names).sorted().map { "\(quoted($0)): \(expression(self.kind(of: $0), depth - 1, &dice))" }
      return "{\(members.joined(separator: ", "))}"
    case .string, .entity: return leaf(kind, &dice)
    }
  }

  private static func number(_ depth: Int, _ dice: inout Dice) -> String {
    switch dice.next(below: 5) {
    case 0: "-\(operand(.long, depth, &dice))"
    case 1: "\(operand(.long, depth, &dice)) * \(operand(.long, depth, &dice))"
    case 2: "\(operand(.long, depth, &dice)) - \(operand(.long, depth, &dice))"
    case 3: "\(operand(.long, depth, &dice)) + \(operand(.long, depth, &dice)) * \(operand(.long, depth, &dice))"
    default: leaf(.long, &dice)
    }
  }

  private static func truth(_ depth: Int, _ dice: inout Dice) -> String {
    switch dice.next(below: 15) {
    case 0: return "!\(operand(.bool, depth, &dice))"
    case 1, 2: return "\(operand(.bool, depth, &dice)) && \(operand(.bool, depth, &dice)) && \(operand(.bool, depth, &dice))"
    case 3, 4: return "\(operand(.bool, depth, &dice)) || \(operand(.bool, depth, &dice))"
    case 5:
      let kind = dice.one(of: Kind.allCases)
      return "\(operand(kind, depth, &dice)) \(dice.one(of: ["==", "!="])) \(operand(kind, depth, &dice))"
    case 6, 7:
      return "\(operand(.long, depth, &dice)) \(dice.one(of: ["<", "<=", ">", ">="])) \(operand(.long, depth, &dice))"
    case 8: return "\(operand(.entity, depth, &dice)) in \(operand(dice.one(of: [.entity, .set]), depth, &dice))"
    case 9: return "\(operand(.entity, depth, &dice)) in [\(dice.list(0...3) { entity(&$0) }.joined(separator: ", "))]"
    case 10:
      let test = "\(operand(.entity, depth, &dice)) is \(dice.one(of: RandomWorld.types))"
      return dice.once(in: 2) ? test : "\(test) in \(operand(.entity, depth, &dice))"
    case 11: return "\(operand(.string, depth, &dice)) like \(pattern(&dice))"
    case 12: return has(depth, &dice)
    case 13:
      let method = dice.one(of: ["contains", "containsAll", "containsAny"])
      let argument = method == "contains" ? element(&dice) : .set
      return "\(operand(.set, depth, &dice)).\(method)(\(expression(argument, depth, &dice)))"
    default: return "\(operand(.set, depth, &dice)).isEmpty()"
    }
  }

  private static func has(_ depth: Int, _ dice: inout Dice) -> String {
    let object = operand(dice.one(of: [.record, .entity]), depth, &dice)
    if dice.once(in: 3) { return "\(object) has \(quoted(dice.one(of: attributes)))" }
    let names = ["flag", "n", "inner", "owner", "tags"]
    return "\(object) has \(dice.list(1...3) { $0.one(of: names) }.joined(separator: "."))"
  }

  private static func pattern(_ dice: inout Dice) -> String {
    let pieces = dice.list(1...4) { $0.one(of: ["*", "a", "b", "/", "notes", "\\*", "\\u{e9}", "e\\u{301}", "*b", "\\x2a"]) }
    return "\"\(pieces.joined())\""
  }
}
