// A skill in Swift with state: tickets live in the host's key-value store, so they survive crashes and reloads.
import FoundationEssentials

struct Ticket: Codable {
  let id: Int
  let title: String
  let priority: Int
  var isOpen = true

  var line: String { "#\(id) \(title) (priority \(priority)\(isOpen ? "" : ", closed"))" }

  static func key(_ id: Int) -> String { "ticket:\(id)" }
}

// MARK: Tools

@c(tickets_create)
public func create(_ call: UnsafePointer<oc_call>) -> oc_status {
  struct Arguments: Codable {
    let title: String
    var priority: Int?
  }
  return answer(call) { host in
    let arguments: Arguments = try host.arguments()
    let id = (try host.value(forKey: "last") ?? 0) + 1
    let ticket = Ticket(id: id, title: arguments.title, priority: arguments.priority ?? 3)
    try host.set(id, forKey: "last")
    try host.set(ticket, forKey: Ticket.key(id))
    return "Created \(ticket.line)"
  }
}

@c(tickets_list)
public func list(_ call: UnsafePointer<oc_call>) -> oc_status {
  answer(call) { host in
    let open = try host.values(prefix: "ticket:", limit: 500, as: Ticket.self).filter(\.isOpen)
    if open.isEmpty { return "No open tickets" }
    return open.sorted { $0.id < $1.id }.map(\.line).joined(separator: "\n")
  }
}

@c(tickets_show)
public func show(_ call: UnsafePointer<oc_call>) -> oc_status {
  answer(call) { host in try host.ticket().line }
}

@c(tickets_close)
public func close(_ call: UnsafePointer<oc_call>) -> oc_status {
  answer(call) { host in
    var ticket = try host.ticket()
    ticket.isOpen = false
    try host.set(ticket, forKey: Ticket.key(ticket.id))
    return "Closed \(ticket.line)"
  }
}

extension Host {
  /// The ticket whose number is in the arguments.
  func ticket() throws -> Ticket {
    struct Arguments: Codable { let id: Int }
    let id = (try arguments() as Arguments).id
    guard let ticket: Ticket = try value(forKey: Ticket.key(id)) else {
      throw Failure(code: OC_NOT_FOUND, message: "There is no ticket #\(id)")
    }
    return ticket
  }
}

// MARK: The host, seen from Swift

struct Failure: Error {
  let code: oc_status
  let message: String
}

/// Runs the body and turns its text, or its error, into the answer of the call.
func answer(_ call: UnsafePointer<oc_call>, _ body: (Host) throws -> String) -> oc_status {
  do {
    return try JSONEncoder().encode(body(Host(call: call))).withSlice { oc_reply(call, $0) }
  } catch let failure as Failure {
    return oc_fail(call, failure.code, failure.message)
  } catch {
    return oc_fail(call, OC_INTERNAL, "\(error)")
  }
}

struct Entry<Value: Codable>: Codable {
  let key: String
  let value: Value
}

struct Entries<Value: Codable>: Codable {
  let entries: [Entry<Value>]
}

struct Query: Codable {
  let prefix: String
  let limit: Int
}

struct Host {
  let call: UnsafePointer<oc_call>

  func arguments<Arguments: Decodable>() throws -> Arguments {
    try JSONDecoder().decode(Arguments.self, from: Data(call.pointee.args))
  }

  func value<Value: Decodable>(forKey key: String) throws -> Value? {
    do {
      return try JSONDecoder().decode(Value.self, from: request("kv.get", ["key": key]))
    } catch let failure as Failure where failure.code == OC_NOT_FOUND {
      return nil
    }
  }

  func set<Value: Codable>(_ value: Value, forKey key: String) throws {
    _ = try request("kv.put", Entry(key: key, value: value))
  }

  func values<Value: Codable>(prefix: String, limit: Int, as type: Value.Type) throws -> [Value] {
    let answer = try request("kv.list", Query(prefix: prefix, limit: limit))
    return try JSONDecoder().decode(Entries<Value>.self, from: answer).entries.map(\.value)
  }

  private func request(_ name: String, _ json: some Encodable) throws -> Data {
    var answer = oc_slice()
    let code = try JSONEncoder().encode(json).withSlice { oc_request(call, name, $0, &answer) }
    guard code == OC_OK else { throw Failure(code: code, message: "\(name): \(String(decoding: Data(answer), as: UTF8.self))") }
    return Data(answer)
  }
}

extension Data {
  init(_ slice: oc_slice) { self.init(UnsafeRawBufferPointer(start: slice.ptr, count: slice.len)) }

  func withSlice(_ body: (oc_slice) -> oc_status) -> oc_status {
    withUnsafeBytes { body(oc_slice(ptr: $0.bindMemory(to: CChar.self).baseAddress, len: $0.count)) }
  }
}
