import Core

/// A value inside a manifest that knows its own path, so that an error names the key.
struct ManifestValue {
  let json: JSON
  /// `tools[1].timeout_ms`; empty for the whole.
  let path: String

  init(_ json: JSON, path: String = "") {
    self.json = json
    self.path = path
  }

  func failure(_ reason: String) -> SkillRefusal {
    SkillRefusal(.manifest, "manifest: \(path.isEmpty ? "top level" : path): \(reason)")
  }

  func member(_ key: String) -> ManifestValue? {
    json[key].map { ManifestValue($0, path: path.isEmpty ? key : "\(path).\(key)") }
  }

  func required(_ key: String) throws(SkillRefusal) -> ManifestValue {
    guard let value = member(key) else { throw failure("key '\(key)' is missing") }
    return value
  }

  func object() throws(SkillRefusal) -> [String: JSON] {
    guard let members = json.object else { throw failure("must be an object, is \(json.typeName)") }
    return members
  }

  func array(count: ClosedRange<Int>) throws(SkillRefusal) -> [ManifestValue] {
    guard let elements = json.array else { throw failure("must be an array, is \(json.typeName)") }
    guard count.contains(elements.count) else {
      throw failure("must have \(count.lowerBound) to \(count.upperBound) elements, has \(elements.count)")
    }
    return elements.enumerated().map { ManifestValue($1, path: "\(path)[\($0)]") }
  }

  func bool() throws(SkillRefusal) -> Bool {
    guard let value = json.bool else { throw failure("must be true or false") }
    return value
  }

  func integer(in range: ClosedRange<Int64>) throws(SkillRefusal) -> Int64 {
    guard let value = json.integer, range.contains(value) else {
      throw failure("must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// One line of text without control characters.
  func line(count: ClosedRange<Int>) throws(SkillRefusal) -> String {
    guard let value = json.string else { throw failure("must be a string, is \(json.typeName)") }
    guard count.contains(value.unicodeScalars.count) else {
      throw failure("must have \(count.lowerBound) to \(count.upperBound) characters")
    }
    guard !value.unicodeScalars.contains(where: \.breaksLines) else {
      throw failure("must be one line without control characters")
    }
    return value
  }

  /// Text for which `isValid` holds; `description` says what that means.
  func text(_ description: String, count: ClosedRange<Int>, where isValid: (String) -> Bool) throws(SkillRefusal) -> String {
    let value = try line(count: count)
    guard isValid(value) else { throw failure("must be \(description)") }
    return value
  }
}

extension Unicode.Scalar {
  /// Control characters, line and paragraph separators, and those that turn the direction of the text around.
  var breaksLines: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: (0x202a...0x202e).contains(value) || (0x2066...0x2069).contains(value)
    }
  }
}
