package import Core
import Crypto

/// What an approval binds: this tool of this build with these arguments, for this person, in this chat.
package enum CallDigest {
  /// SHA-256 in hexadecimal over a version label and canonical JSON.
  package static func digest(of call: ToolCall, in conversation: Conversation) -> String {
    let document: JSON = [
      "tool": .string(call.tool.name),
      "skill": .string(call.tool.skill),
      "build": .string(call.tool.build),
      "effect": .string(call.tool.effect.rawValue),
      "arguments": call.arguments,
      "requester": .string(call.requester),
      "conversation": .string(conversation.description),
    ]
    return SHA256.hash(data: Array("openclaw.call.v1\n".utf8) + document.canonicalBytes).hexadecimal
  }
}
