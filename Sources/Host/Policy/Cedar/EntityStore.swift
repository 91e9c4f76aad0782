/// One entity as conditions see it.
struct Entity: Sendable {
  let uid: EntityUID
  let attributes: [Text: Value]
  /// Everything it is in, directly or not, without itself.
  let ancestors: [EntityUID]
  /// The same for looking up, kept only when there are many.
  private let lookup: Set<EntityUID>
  private static let searchable = 8
  /// By the numbers of the rule set that prepared it, which alone may be asked about it.
  var resolved: ResolvedEntity?

  init(uid: EntityUID, attributes: [Text: Value] = [:], ancestors: [EntityUID] = []) {
    self.uid = uid
    self.attributes = attributes
    self.ancestors = ancestors
    lookup = ancestors.count > Self.searchable ? Set(ancestors) : []
  }

  func isWithin(_ group: EntityUID) -> Bool {
    uid == group || (ancestors.count > Self.searchable ? lookup.contains(group) : ancestors.contains(group))
  }
}

/// The entities that one question can see. A handful: searched from front to back, which beats hashing at this size.
struct EntityStore: Sendable {
  private var entities: [Entity] = []
  /// Positions by name, kept only when there are many.
  private var positions: [EntityUID: Int] = [:]
  private static let searchable = 8

  /// - Parameter entities: every name once.
  init(_ entities: [Entity]) {
    self.entities = entities
    guard entities.count > Self.searchable else { return }
    positions = Dictionary(entities.indices.map { (entities[$0].uid, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Makes a store from direct parents: the hierarchy is followed to its end here, once.
  init(_ nodes: [(uid: EntityUID, attributes: [Text: Value], parents: [EntityUID])]) {
    let parents = Dictionary(nodes.map { ($0.uid, $0.parents) }, uniquingKeysWith: { $0 + $1 })
    self.init(
      nodes.map { node in
        var ancestors: [EntityUID] = []
        var seen: Set<EntityUID> = []
        var open = node.parents
        while let next = open.popLast() {
          guard seen.insert(next).inserted else { continue }
          ancestors.append(next)
          open.append(contentsOf: parents[next] ?? [])
        }
        return Entity(uid: node.uid, attributes: node.attributes, ancestors: ancestors)
      })
  }

  subscript(_ uid: EntityUID) -> Entity? {
    guard entities.count > Self.searchable else { return entities.first { $0.uid == uid } }
    return positions[uid].map { entities[$0] }
  }

  func contains(_ uid: EntityUID, within group: EntityUID) -> Bool {
    uid == group || self[uid]?.isWithin(group) == true
  }
}
