/// The right side of `like`.
struct Pattern: Hashable, Sendable {
  enum Element: Hashable, Sendable {
    case byte(UInt8)
    /// Any text, the empty one too.
    case wildcard
  }

  /// No two wildcards follow each other.
  let elements: [Element]

  /// Whether all of `text` fits. Never recursive; a mismatch goes back to the latest wildcard only, so the work is bounded by
  /// text length times pattern length whatever an attacker sends. Matching bytes is matching scalars: UTF-8 is self-synchronising.
  func matches(_ text: Text) -> Bool {
    var text = text.string
    return text.withUTF8 { bytes in
      var position = 0
      var element = 0
      var resume: (position: Int, element: Int)?
      while position < bytes.count {
        if element < elements.count, elements[element] == .byte(bytes[position]) {
          position += 1
          element += 1
        } else if element < elements.count, elements[element] == .wildcard {
          element += 1
          resume = (position, element)
        } else if let last = resume {
          position = last.position + 1
          element = last.element
          resume = (position, element)
        } else {
          return false
        }
      }
      return elements[element...].allSatisfy { $0 == .wildcard }
    }
  }
}
