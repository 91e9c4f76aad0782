import Agent
import Approvals
import Core
import Gateway
import Skills

extension Configuration {
  /// What is in force, without a secret: for `config check --json`.
  var summary: JSON {
    .object([
      "file": file.map(JSON.string) ?? .null,
      "server": [
        "host": .string(server.host), "port": .integer(Int64(server.port)), "log_tool_calls": .bool(server.logToolCalls),
        "tls_cert": server.tlsCertificate.map(JSON.string) ?? .null, "tls_key": server.tlsKey.map(JSON.string) ?? .null,
        "trusted_proxies": .array(server.trustedProxies.map { .string($0.description) }),
      ],
      "data": .string(data),
      "store": .string("\(storePlace)"),
      "plugins": .string(plugins),
      "policies": .string(policies),
      "channels": .array(channels.map { ["name": .string($0.name), "kind": .string($0.kindName)] }),
      "chats": .array(
        chats.rules.map {
          [
            "match": .string($0.match), "respond": .string($0.respond.rawValue), "prefix": .string($0.prefix),
            "bots": .string($0.bots.rawValue),
          ]
        }),
      "limits": [
        "sender": limits.sender.summary, "group": limits.group.summary, "channel": limits.channel.summary,
        "address": limits.address.summary, "connections_per_address": .integer(Int64(limits.connectionsPerAddress)),
        "queue": .integer(Int64(limits.queue)), "queue_per_chat": .integer(Int64(limits.queuePerChat)),
        "events_in_flight": .integer(Int64(limits.eventsInFlight)), "writes_in_flight": .integer(Int64(limits.writesInFlight)),
        "calls_per_tool": .integer(Int64(limits.callsPerTool)),
        "duplicate_window": .integer(limits.duplicateWindow.components.seconds),
      ],
      "trusted_skills": .array(trustedSkills.sorted().map(JSON.string)),
      "skills": ["require_signature": .string(skills.requireSignature.rawValue)],
      "approvals": [
        "ops_chats": .array(approvals.opsChats.map { .string($0.description) }),
        "pending_per_requester": .integer(Int64(approvals.pendingPerRequester)),
        "pending_per_skill": .integer(Int64(approvals.pendingPerSkill)),
        "pending_per_chat": .integer(Int64(approvals.pendingPerChat)),
      ],
      "instances": ["lease": .integer(instances.lease.components.seconds)],
      "retention": [
        "bodies_days": .integer(Int64(retention.bodiesDays)), "ids_days": .integer(Int64(retention.idsDays)),
        "heads_days": .integer(Int64(retention.headsDays)),
      ],
      "raw_events": ["keep": .string(rawEvents.keep.rawValue), "days": .integer(Int64(rawEvents.days))],
      "model": model.model.map(JSON.string) ?? .null,
    ])
  }

  /// The same for a person: where it listens, which channels there are, which folders it uses.
  var overview: String {
    let channelList = channels.map { "\($0.name) (\($0.kindName))" }.joined(separator: ", ")
    return """
      Configuration is fine: \(file ?? "built-in defaults, no file").
        listens on  \(server.host):\(server.port)\(server.tlsCertificate == nil ? "" : ", with TLS")
        channels    \(channelList.isEmpty ? "none: nobody can talk to the robot" : channelList)
        data        \(data)
        database    \(storePlace)
        plugins     \(plugins)
        policies    \(policies)
      """
  }
}

extension Configuration.Limits.Rate {
  fileprivate var summary: JSON {
    ["per_minute": .integer(Int64(perMinute)), "burst": .integer(Int64(burst))]
  }
}
