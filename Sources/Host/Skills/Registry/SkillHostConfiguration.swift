/// How many faults of one image are borne, and how long it rests after each.
package struct CrashTolerance: Sendable {
  /// Faults that are older count no more.
  package var window: Duration = .seconds(600)
  /// Faults within the window that quarantine the image.
  package var limit = 5
  /// Rest after the first fault; each further one doubles it.
  package var firstDelay: Duration = .milliseconds(100)
  package var longestDelay: Duration = .seconds(60)

  package init() {}
}

/// Bounds on what skills may take; a manifest may ask for less.
package struct SkillLimits: Sendable {
  /// Longest run of one call.
  package var timeout: Duration = .seconds(60)
  /// Longest wait for a free runner.
  package var queueTime: Duration = .seconds(30)
  /// Calls that may wait for runners of one image and effect.
  package var queueLength = 64
  /// Runners of one image and effect.
  package var concurrency = 8
  /// Bytes of one call's arguments.
  package var arguments = 262_144
  /// Bytes of one result.
  package var result = 1_048_576
  /// Bytes of a library.
  package var image = 268_435_456
  /// Time for a runner to load its library.
  package var start: Duration = .seconds(2)
  /// Age at which an incomplete file is worth a warning.
  package var incompleteAge: Duration = .seconds(10)
  package var crashes = CrashTolerance()

  package init() {}
}

/// Where skills come from and how they are run.
package struct SkillHostConfiguration: Sendable {
  /// The folder into which libraries are dropped. It need not exist yet.
  package var plugins: String
  /// The installation's data folder; what the host keeps about skills goes into `skills` there.
  package var data: String
  /// The `openclaw-runner` executable.
  package var runner: String
  /// SHA-256 (lower-case hexadecimal) of each image that may be loaded into this process.
  package var trustedBuilds: Set<String>
  /// Which images must be signed.
  package var requireSignature: SignatureRequirement
  /// Keys that are trusted beside those that the operator decided on, by name. Asked at every look at the folder.
  package var trustedKeys: @Sendable () -> [String: SkillPublicKey]
  package var limits: SkillLimits

  package init(
    plugins: String, data: String, runner: String, trustedBuilds: Set<String> = [],
    requireSignature: SignatureRequirement = .never, trustedKeys: @escaping @Sendable () -> [String: SkillPublicKey] = { [:] },
    limits: SkillLimits = SkillLimits()
  ) {
    self.plugins = plugins
    self.data = data
    self.runner = runner
    self.trustedBuilds = trustedBuilds
    self.requireSignature = requireSignature
    self.trustedKeys = trustedKeys
    self.limits = limits
  }
}
