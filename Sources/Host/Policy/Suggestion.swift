import Core

/// `did you mean …?` for a misspelt name; nil when nothing is near.
func suggestion(for word: String, among known: some Sequence<String>) -> String? {
  NearestName.nearest(to: word, among: known.sorted()).map { "did you mean `\($0)`?" }
}

/// Whether a name is short and made of ASCII letters, digits, `-`, `_`, `.` and `/`: safe in logs, labels and chat.
func isPlainName(_ name: String) -> Bool {
  (1...64).contains(name.utf8.count)
    && name.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || ("-"..."9").contains($0) || $0 == "_") }
}
