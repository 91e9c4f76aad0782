import Core

/// Turns a question into what rules see: entities and `context`.
struct RequestFacts {
  private(set) var context: [Text: Value] = [:]
  private(set) var entities: [Entity] = []

  /// Common to all questions. Time is UTC: `minute` from 0 at midnight, `weekday` from 1 on Monday.
  init(requester: Entity, now: Timestamp, mode: Mode) {
    context.reserveCapacity(9)
    entities.reserveCapacity(4)
    let minutes = now.milliseconds.flooredQuotient(60_000)
    let day = minutes.flooredQuotient(1440)
    context["requester"] = .entity(requester.uid)
    context["minute"] = .long(minutes - day * 1440)
    // 1 January 1970 was a Thursday.
    context["weekday"] = .long(day + 3 - (day + 3).flooredQuotient(7) * 7 + 1)
    context["mode"] = .string(Text(mode.rawValue))
    entities.append(requester)
  }

  /// What concerns the call of a tool that is in these toolsets.
  mutating func add(_ call: CallQuestion, toolsets: [EntityUID]) {
    let scene = call.conversation.scene
    let sceneEntity = Entity(
      uid: EntityUID("Scene", scene.description), ancestors: [EntityUID("SceneKind", scene.kind.rawValue)])
    var untyped: Set<Value> = []
    context["args"] = .record(Self.record(call.arguments.object ?? [:], path: "", &untyped))
    context["untyped"] = .set(untyped)
    context["origin"] = .string(Text(call.origin.rawValue))
    context["scene"] = .entity(sceneEntity.uid)
    context["channel"] = .string(Text(call.conversation.channel))
    entities.append(sceneEntity)
    entities.append(
      Entity(
        uid: EntityUID("Tool", call.tool.name),
        ancestors: [EntityUID("Skill", call.tool.skill), EntityUID("Effect", call.tool.effect.rawValue)] + toolsets))
  }

  /// What concerns a skill's use of a capability. `kv.put` is in `Capability::"kv"`.
  mutating func add(_ use: UseQuestion) {
    context["effect"] = .entity(EntityUID("Effect", use.effect.rawValue))
    entities.append(Entity(uid: EntityUID("Skill", use.skill)))
    entities.append(Self.capability(use.capability))
  }

  /// `kv.put` in its families.
  static func capability(_ name: String) -> Entity {
    let families = name.indices.filter { name[$0] == "." }.map { String(name[..<$0]) }
    return Entity(uid: EntityUID("Capability", name), ancestors: families.map { EntityUID("Capability", $0) })
  }

  mutating func add(_ entity: Entity) {
    if !entities.contains(where: { $0.uid == entity.uid }) { entities.append(entity) }
  }
}

// MARK: - Arguments

extension RequestFacts {
  /// Null, fractions and mixed arrays have no counterpart in Cedar: such a member is absent and its path is in `untyped`.
  private static func record(_ members: [String: JSON], path: String, _ untyped: inout Set<Value>) -> [Text: Value] {
    var record: [Text: Value] = [:]
    record.reserveCapacity(members.count)
    for (name, member) in members {
      let memberPath = path.isEmpty ? name : "\(path).\(name)"
      if let value = value(member, path: memberPath, &untyped) {
        record[Text(name)] = value
      } else {
        untyped.insert(.string(Text(memberPath)))
      }
    }
    return record
  }

  private static func value(_ json: JSON, path: String, _ untyped: inout Set<Value>) -> Value? {
    switch json {
    case .null, .double: nil
    case .bool(let value): .bool(value)
    case .integer(let value): .long(value)
    case .string(let value): .string(Text(value))
    case .array(let elements): set(elements, path: path, &untyped)
    case .object(let members): .record(record(members, path: path, &untyped))
    }
  }

  /// A set loses order and repetition; it must not lose elements, so one that cannot be expressed takes the whole array with it.
  private static func set(_ elements: [JSON], path: String, _ untyped: inout Set<Value>) -> Value? {
    guard elements.allSatisfy({ $0.typeName == elements.first?.typeName }) else { return nil }
    var set: Set<Value> = []
    for element in elements {
      let before = untyped.count
      guard let value = value(element, path: path, &untyped), untyped.count == before else { return nil }
      set.insert(value)
    }
    return .set(set)
  }
}

extension Int64 {
  /// Division that rounds down, also below zero.
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
