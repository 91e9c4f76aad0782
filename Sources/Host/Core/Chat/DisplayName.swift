import Foundation

/// Names that people choose for themselves.
package enum DisplayName {
  /// A name from outside, fit to stand inside a line: no line breaks, no control characters, at most 64 characters.
  package static func singleLine(_ name: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
      default: line.append(scalar)
      }
    }
    return String(String(line).prefix(64)).trimmingCharacters(in: .whitespaces)
  }
}
