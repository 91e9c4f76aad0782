// swift-tools-version: 6.2
import PackageDescription

/// Every room speaks the same dialect; a warning is an error.
let dialect: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// One folder of the host = one module. Listed so that a room names only rooms above it.
func room(_ name: String, in folder: String? = nil, needs: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: needs, path: "Sources/Host/\(folder ?? name)", swiftSettings: dialect)
}

func tests(_ name: String, needs: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: needs, resources: resources, swiftSettings: dialect)
}

extension Target.Dependency {
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let grdb = product(name: "GRDB", package: "GRDB.swift")
  static let grdbSQLite = product(name: "GRDBSQLite", package: "GRDB.swift")
  static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let logging = product(name: "Logging", package: "swift-log")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
  static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
  name: "openclaw",
  products: [
    .executable(name: "openclaw", targets: ["openclaw"]),
    .executable(name: "openclaw-runner", targets: ["SkillRunner"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    .target(name: "SkillABI", path: "Sources/SkillABI"),
    .target(
      name: "SkillLoader", dependencies: ["SkillABI"], path: "Sources/SkillLoader", linkerSettings: [.linkedLibrary("ffi")]),
    .executableTarget(
      name: "SkillRunner", dependencies: ["SkillLoader"], path: "Sources/SkillRunner",
      // A C program: without these the Swift driver would link the Swift runtime into it.
      linkerSettings: [.unsafeFlags(["-nostartfiles", "-static-stdlib"])]),

    // The sources of SkillKit and the templates are embedded: they are compiled where a skill is built.
    .target(name: "SkillTemplates", path: "Sources/SkillTemplates", exclude: ["files"]),

    room("Core"),
    room("Watching", needs: ["Core", .logging]),
    room("Policy", needs: ["Core", .yams]),
    .systemLibrary(name: "CPostgres", path: "Sources/CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    room("Storage", needs: ["Core", "CPostgres", .crypto, .grdb, .grdbSQLite, .lifecycle, .logging]),
    room("Audit", needs: ["Core", "Storage", .crypto, .lifecycle, .logging]),
    .target(name: "LinuxCalls", path: "Sources/Host/LinuxCalls"),
    room(
      "Skills",
      needs: [
        "Core", "LinuxCalls", "SkillLoader", "SkillTemplates", "Watching", .crypto, .httpClient, .lifecycle, .logging, .nioCore,
        .nioHTTP1, .nioPosix, .yams,
      ]),
    room("Approvals", needs: ["Core", "Policy", "Storage", "Audit", .crypto, .logging]),
    room("Agent", needs: ["Core", "Policy", "Storage", "Audit", "Approvals", .lifecycle, .logging]),
    room("Sockets", needs: ["Core", .crypto, .nioCore, .nioWebSocket]),
    room("AdapterHTTP", in: "Adapters/HTTP", needs: ["Core", "Sockets", .httpClient, .nioCore, .nioHTTP1, .nioPosix, .nioSSL]),
    room("AdapterQQ", in: "Adapters/QQ", needs: ["Core", "AdapterHTTP", "Sockets", .crypto, .httpClient, .nioHTTP1]),
    room("AdapterOneBot", in: "Adapters/OneBot", needs: ["Core", "AdapterHTTP", "Sockets", .crypto, .httpClient]),
    room("AdapterPlayground", in: "Adapters/Playground", needs: ["Core"]),
    room("Operations", needs: ["Core", .logging]),
    room(
      "Gateway",
      needs: [
        "Core", "Operations", "Sockets", "Watching", .crypto, .httpTypes, .hummingbird, .hummingbirdCore, .lifecycle, .logging,
        .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioTLS,
      ]),
    room("Delivery", needs: ["Core", "Storage", "Operations", .lifecycle, .logging]),
    room("Console", needs: ["Core", "Storage", "AdapterPlayground", "Gateway", .httpTypes, .hummingbird, .nioCore]),
    .target(name: "TerminalInput", path: "Sources/TerminalInput", linkerSettings: [.linkedLibrary("edit")]),
    .executableTarget(
      name: "openclaw",
      dependencies: [
        "Core", "Watching", "Policy", "Storage", "Audit", "Skills", "Approvals", "Agent", "AdapterHTTP", "AdapterQQ",
        "AdapterOneBot",
        "AdapterPlayground", "Operations", "Gateway", "Delivery", "Console", "SkillRunner", "TerminalInput",
        .argumentParser, .crypto, .httpClient, .hummingbird, .lifecycle, .logging, .nioCore, .nioHTTP1, .nioSSL,
        .unixSignals, .yams,
      ],
      path: "Sources/Host/openclaw", swiftSettings: dialect),

    .target(name: "SkillBaseline", path: "Benchmarks/SkillBaseline", linkerSettings: [.linkedLibrary("ffi")]),
    .executableTarget(
      name: "skill-benchmark", dependencies: ["Core", "Skills", "SkillBaseline", .crypto, .logging], path: "Benchmarks/Skills",
      exclude: ["bench.c"], swiftSettings: dialect),
    .executableTarget(
      name: "policy-benchmark", dependencies: ["Core", "Policy"], path: "Benchmarks/Policy", swiftSettings: dialect),
    .target(name: "JournalBaseline", path: "Benchmarks/JournalBaseline", linkerSettings: [.linkedLibrary("sqlite3")]),
    .executableTarget(
      name: "journal-benchmark", dependencies: ["Core", "Storage", "JournalBaseline"], path: "Benchmarks/Journal",
      swiftSettings: dialect),

    .target(
      name: "TestSupport",
      dependencies: ["Core", "CPostgres", "Policy", "Storage", .crypto, .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioWebSocket],
      path: "Tests/TestSupport",
      swiftSettings: dialect),
    tests("CoreTests", needs: ["Core", "TestSupport"]),
    tests("PolicyTests", needs: ["Core", "Policy"], resources: [.copy("Cases")]),
    tests("StorageTests", needs: ["Core", "Storage", "TestSupport", .grdb]),
    tests("AuditTests", needs: ["Core", "Storage", "Audit", "TestSupport", .crypto, .grdb, .logging]),
    tests("ApprovalsTests", needs: ["Core", "Policy", "Storage", "Audit", "Approvals", "TestSupport"]),
    tests(
      "AgentTests",
      needs: ["Core", "Policy", "Storage", "Audit", "Approvals", "Agent", "TestSupport", .lifecycle, .logging]),
    tests("DeliveryTests", needs: ["Core", "Storage", "Operations", "Delivery", "TestSupport", .lifecycle, .logging]),
    tests(
      "SkillsTests",
      needs: [
        "Core", "Skills", "SkillABI", "SkillLoader", "SkillTemplates", "Watching", .crypto, .logging, .nioCore, .nioHTTP1,
        .nioPosix,
      ]),
    tests(
      "AdapterTests",
      needs: [
        "Core", "AdapterHTTP", "AdapterQQ", "AdapterOneBot", "Sockets", "TestSupport", .crypto, .httpClient, .nioCore, .nioHTTP1,
        .nioPosix,
        .nioSSL,
      ],
      resources: [.copy("Vectors")]),
    tests("SocketsTests", needs: ["Sockets", "TestSupport", .nioCore, .nioWebSocket]),
    tests(
      "OpenClawTests",
      needs: ["Core", "AdapterQQ", "Agent", "Approvals", "Gateway", "Skills", "Storage", "openclaw", .argumentParser]),
    tests(
      "GatewayTests",
      needs: [
        "Core", "AdapterHTTP", "Gateway", "Operations", "Sockets", "Storage", "TestSupport", .hummingbird, .hummingbirdCore,
        .lifecycle, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL,
      ]),
    tests(
      "EndToEnd",
      needs: [
        "Core", "Storage", "Audit", "LinuxCalls", "Sockets", "TestSupport", "openclaw", "SkillRunner", .crypto, .grdb,
        .httpClient, .httpTypes, .hummingbird, .lifecycle, .logging, .nioCore, .nioHTTP1, .nioPosix,
      ]),
  ]
)
