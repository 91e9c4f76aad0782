import Core
import SkillLoader

/// Why a request of a skill was not served.
struct CapabilityError: Error {
  let outcome: CapabilityRecord.Outcome
  let reason: String

  init(_ outcome: CapabilityRecord.Outcome, _ reason: String) {
    self.outcome = outcome
    self.reason = reason
  }

  /// As the skill sees it.
  var status: Int32 {
    switch outcome {
    case .begun, .ok: OC_OK
    case .badArgument: OC_BAD_ARGUMENT
    case .denied: OC_DENIED
    case .notFound: OC_NOT_FOUND
    case .unavailable: OC_UNAVAILABLE
    case .deadline: OC_DEADLINE
    case .tooLarge: OC_TOO_LARGE
    }
  }
}

/// The JSON of one request, member by member.
struct CapabilityRequest {
  private let members: [String: JSON]

  /// - Parameter limit: bytes at most.
  init(_ bytes: [UInt8], limit: Int) throws(CapabilityError) {
    guard bytes.count <= limit else {
      throw CapabilityError(.tooLarge, "a request has at most \(limit) bytes")
    }
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: bytes)
    } catch {
      throw CapabilityError(.badArgument, "the request is not valid JSON: \(error)")
    }
    guard let members = json.object else { throw CapabilityError(.badArgument, "the request must be an object") }
    self.members = members
  }

  func allow(_ keys: [String]) throws(CapabilityError) {
    guard members.keys.allSatisfy(keys.contains) else {
      throw CapabilityError(.badArgument, "unknown member; allowed: \(keys.isEmpty ? "none" : keys.joined(separator: ", "))")
    }
  }

  func key() throws(CapabilityError) -> String {
    guard let key = members["key"]?.string, !key.isEmpty, key.utf8.count <= CapabilityGate.longestKey, !key.utf8.contains(0)
    else {
      throw CapabilityError(.badArgument, "'key' must be a string of 1 to \(CapabilityGate.longestKey) bytes")
    }
    return key
  }

  func value() throws(CapabilityError) -> JSON {
    guard let value = members["value"] else { throw CapabilityError(.badArgument, "'value' is missing") }
    guard value.canonical.utf8.count <= CapabilityGate.largestValue else {
      throw CapabilityError(.tooLarge, "a value has at most \(CapabilityGate.largestValue) bytes")
    }
    return value
  }

  func prefix() throws(CapabilityError) -> String {
    guard let given = members["prefix"] else { return "" }
    guard let prefix = given.string, prefix.utf8.count <= CapabilityGate.longestKey, !prefix.utf8.contains(0) else {
      throw CapabilityError(.badArgument, "'prefix' must be a string of at most \(CapabilityGate.longestKey) bytes")
    }
    return prefix
  }

  func limit() throws(CapabilityError) -> Int {
    guard let given = members["limit"] else { return Int(CapabilityGate.mostEntries) }
    guard let limit = given.integer, (1...CapabilityGate.mostEntries).contains(limit) else {
      throw CapabilityError(.badArgument, "'limit' must be an integer from 1 to \(CapabilityGate.mostEntries)")
    }
    return Int(limit)
  }

  /// A text that must be there.
  func text(_ name: String, longest: Int) throws(CapabilityError) -> String {
    guard let text = try optionalText(name, longest: longest) else { throw CapabilityError(.badArgument, "'\(name)' is missing") }
    return text
  }

  func optionalText(_ name: String, longest: Int) throws(CapabilityError) -> String? {
    guard let given = members[name] else { return nil }
    guard let text = given.string else { throw CapabilityError(.badArgument, "'\(name)' must be a string") }
    guard text.utf8.count <= longest else { throw CapabilityError(.tooLarge, "'\(name)' has at most \(longest) bytes") }
    return text
  }

  func choice(_ name: String, of allowed: [String]) throws(CapabilityError) -> String {
    guard let text = members[name]?.string, allowed.contains(text) else {
      throw CapabilityError(.badArgument, "'\(name)' must be one of \(allowed.joined(separator: ", "))")
    }
    return text
  }

  /// The members of an object of texts, by name; none when it is absent.
  func texts(_ name: String) throws(CapabilityError) -> [(name: String, value: String)] {
    guard let given = members[name] else { return [] }
    guard let object = given.object else { throw CapabilityError(.badArgument, "'\(name)' must be an object of strings") }
    var texts: [(name: String, value: String)] = []
    for (key, value) in object.sorted(by: { $0.key < $1.key }) {
      guard let text = value.string else { throw CapabilityError(.badArgument, "'\(name)' must be an object of strings") }
      texts.append((name: key, value: text))
    }
    return texts
  }

  /// An `OC_LOG_…` value.
  func level() throws(CapabilityError) -> UInt32 {
    switch try choice("level", of: ["debug", "info", "warning", "error"]) {
    case "debug": OC_LOG_DEBUG
    case "info": OC_LOG_INFO
    case "warning": OC_LOG_WARNING
    default: OC_LOG_ERROR
    }
  }
}
