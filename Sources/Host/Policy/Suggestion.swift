/// `did you mean …?` for a misspelt name; nil when nothing is near.
func suggestion(for word: String, among known: some Sequence<String>) -> String? {
  let limit = max(1, word.count / 3)
  let nearest = known.map { (name: $0, distance: editDistance(word, $0)) }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
  guard let nearest, nearest.distance <= limit else { return nil }
  return "did you mean `\(nearest.name)`?"
}

/// Insertions, deletions and replacements that turn one word into the other, letter case ignored.
private func editDistance(_ left: String, _ right: String) -> Int {
  let left = Array(left.lowercased())
  let right = Array(right.lowercased())
  var row = Array(0...right.count)
  for (i, a) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in right.enumerated() {
      let replaced = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[right.count]
}

/// Whether a name is short and made of ASCII letters, digits, `-`, `_`, `.` and `/`: safe in logs, labels and chat.
func isPlainName(_ name: String) -> Bool {
  (1...64).contains(name.utf8.count)
    && name.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || ("-"..."9").contains($0) || $0 == "_") }
}
