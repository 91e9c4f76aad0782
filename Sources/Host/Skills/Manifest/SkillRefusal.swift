/// Why a file in the plug-in folder is not served.
struct SkillRefusal: Error, Sendable, Equatable {
  enum Code: String, Sendable {
    /// The file is still being copied; not an error yet.
    case incomplete
    /// The file could not be read or copied.
    case unreadable
    /// Not a shared library for this machine.
    case notALibrary = "not_a_library"
    /// It asks the loader for something that no skill may have.
    case unsafeImage = "unsafe_image"
    /// No manifest, or one that breaks the rules.
    case manifest
    /// It carries no signature, and the operator demands one.
    case unsigned
    /// Signed, but by a key that the operator does not trust.
    case untrustedSignature = "untrusted_signature"
    /// Its signature does not fit it.
    case badSignature = "bad_signature"
    /// Its id or a tool name belongs to another file.
    case collision
    /// Crashed too often.
    case quarantined
    /// The runner could not load it, or died doing so.
    case startFailed = "start_failed"
    /// The library was not loaded in time.
    case startTimedOut = "start_timed_out"
    /// The host could not start a process at all; worth another try later.
    case hostFailure = "host_failure"
    /// A protection that isolation needs is not in force on this machine.
    case unprotected
    /// The operator's decisions cannot be read, and so nothing is served.
    case undecided
    /// The kept build that is to be served instead is not there any more, or not what it was.
    case notKept = "not_kept"
  }

  /// Whether the same bytes would be refused again, so that there is no use in trying.
  var isLasting: Bool {
    switch code {
    // Keys are trusted while the host runs.
    case .incomplete, .unreadable, .collision, .hostFailure, .startTimedOut, .untrustedSignature, .undecided, .notKept: false
    case .notALibrary, .unsafeImage, .manifest, .quarantined, .startFailed, .unprotected, .unsigned, .badSignature: true
    }
  }

  /// Whether a start that failed so counts against the image.
  var isSkillsFault: Bool { code == .startFailed || code == .startTimedOut }

  let code: Code
  /// One line for status and log: what was wrong, where, what is allowed.
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
