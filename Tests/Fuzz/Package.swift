// swift-tools-version: 6.2
import PackageDescription

/// Every edge is counted, so that libFuzzer sees what an input reached.
let instrumented: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-sanitize=fuzzer", "-enable-testing"]),
]

/// The rooms are those of the service, by links; of the rooms of skills, approvals and agent only what reads what strangers
/// wrote.
let package = Package(
  name: "fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .target(name: "SkillABI", path: "Sources/SkillABI"),
    .target(
      name: "SkillLoader", dependencies: ["SkillABI"], path: "Sources/SkillLoader", linkerSettings: [.linkedLibrary("ffi")]),
    .target(name: "LinuxCalls", path: "Sources/LinuxCalls"),
    .target(name: "Core", path: "Sources/Core", swiftSettings: instrumented),
    .target(
      name: "Skills",
      dependencies: ["Core", "LinuxCalls", "SkillLoader", .product(name: "Crypto", package: "swift-crypto")],
      path: "Sources/Skills",
      sources: [
        "Manifest", "Signature", "Capabilities/IPAddress+Public.swift", "Provenance/SkillPublicKey.swift",
        "Provenance/SkillSignature.swift", "Runner/Frame.swift", "Runner/ProcessorMeter.swift", "Runner/RunnerEnd.swift",
        "Runner/RunnerMessage.swift", "Runner/RunnerSession.swift",
      ],
      swiftSettings: instrumented),
    .target(
      name: "Policy", dependencies: ["Core", .product(name: "Yams", package: "Yams")], path: "Sources/Policy",
      swiftSettings: instrumented),
    .target(
      name: "Approvals", dependencies: ["Core"], path: "Sources/Approvals",
      sources: ["ApprovalCode.swift", "ShownText.swift"], swiftSettings: instrumented),
    .target(name: "Agent", dependencies: ["Core"], path: "Sources/Agent", sources: ["Commands"], swiftSettings: instrumented),
    .target(name: "LibFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["Agent", "Approvals", "Core", "LibFuzzer", "Policy", "Skills", "SkillLoader"],
      swiftSettings: instrumented,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ]
)
