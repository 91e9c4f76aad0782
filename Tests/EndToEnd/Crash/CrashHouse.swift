import Core
import Foundation
import Testing

/// A house whose write tool makes itself felt outside the process.
struct CrashHouse: Sendable {
  private static let port = "59999"

  let house: House
  var folder: URL { house.folder }
  var data: URL { house.folder.appending(path: "data") }

  /// Builds the skill for this world, and grants it what it asks for.
  ///
  /// - Parameter store: value of the setting `store`; nil is the default.
  init(platform: FaultyPlatform, world: OutsideWorld, store: String? = nil) async throws {
    let server = """
      skills: { allow_private: ["127.0.0.1:\(world.port)"] }
      approvals: { pending_per_requester: 1000, pending_per_skill: 1000, pending_per_chat: 1000 }
      \(store.map { "store: \($0)" } ?? "")
      """
    house = try House(
      channels: platform.channelConfiguration(transport: "webhook"), server: server, people: qqPeople, skills: ["echo"])
    let built = try await TestSkills.built(in: folder, only: "effect")
    let skill = folder.appending(path: "effect.so")
    try Self.skill(in: built, port: world.port).write(to: skill)
    try house.install(skill, as: "effect")
    try FileManager.default.removeItem(at: built)
    let grant = try await Finished.run(
      ServiceProcess.program("openclaw"), ["skill", "grant", "effect", "http:POST http://127.0.0.1:\(world.port)/effects"],
      in: folder, environment: Self.environment)
    guard grant.status == 0 else { throw ProcessProblem("the skill was not granted: \(grant.output)\(grant.errors)") }
  }

  /// What must hold when a load is over, however often somebody was killed: no effect and no answer twice, none missing, all in order,
  /// and an audit log that verifies.
  func expectOrder(on platform: FaultyPlatform, in world: OutsideWorld, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    #expect(world.repeated.isEmpty, "\(world.repeated)", sourceLocation: sourceLocation)
    #expect(
      platform.book.violations.isEmpty, "\(platform.book.violations.prefix(5))", sourceLocation: sourceLocation)
    let verified = try await Finished.run(
      ServiceProcess.program("openclaw"), ["audit", "verify"], in: folder, environment: Self.environment)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)", sourceLocation: sourceLocation)
  }

  static let environment = ["QQ_SECRET": QQPlatform.secret]

  /// The image with this port in its manifest and its code.
  private static func skill(in folder: URL, port: Int) throws -> Data {
    var image = try Data(contentsOf: folder.appending(path: "effect.so"))
    // As many digits as the number that is written over.
    let number = Data(String(port).utf8)
    guard number.count == Self.port.utf8.count else { throw ProcessProblem("port \(port) does not fit") }
    while let place = image.range(of: Data(Self.port.utf8)) { image.replaceSubrange(place, with: number) }
    return image
  }
}
