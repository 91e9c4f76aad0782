/// What went wrong with the store itself.
package struct StoreError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file cannot be opened or created.
    case cannotOpen = "store_cannot_open"
    /// Another process has the data folder.
    case inUse = "store_in_use"
    /// Written by a newer version of the program.
    case newerSchema = "store_newer_schema"
    /// The file fails its integrity check.
    case damaged = "store_damaged"
    /// A transaction could not be committed: disk full, read-only, input/output error.
    case cannotCommit = "store_cannot_commit"
    /// What was claimed belongs to another instance by now; the transaction was undone.
    case claimLost = "store_claim_lost"
    /// A store that others have written to already cannot take a copy.
    case notEmpty = "store_not_empty"
    /// A statement failed; its transaction was undone.
    case failed = "store_failed"
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { "\(code.rawValue): \(message)" }
}
