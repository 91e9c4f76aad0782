/// Finds what somebody probably meant.
package enum NearestName {
  /// The allowed name with the fewest typing errors away from `name`, the first of equals; nil when none is close.
  package static func nearest(to name: String, among allowed: some Sequence<String>) -> String? {
    let tolerance = max(1, name.count / 3)
    return
      allowed
      .map { (name: $0, distance: distance(Array(name.lowercased()), Array($0.lowercased()))) }
      .filter { $0.distance <= tolerance }
      .min { $0.distance < $1.distance }?
      .name
  }

  /// `; did you mean 'port'?`, or nothing.
  package static func hint(for name: String, among allowed: some Sequence<String>) -> String {
    nearest(to: name, among: allowed).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var rows = [Array(0...right.count)]
    for (i, character) in left.enumerated() {
      var row = [i + 1]
      for (j, other) in right.enumerated() {
        var best = min(rows[i][j] + (character == other ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, character == right[j - 1], left[i - 1] == other { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
