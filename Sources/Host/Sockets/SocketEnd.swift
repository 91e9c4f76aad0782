/// Which end of a WebSocket we are. Clients mask what they send, servers do not.
package enum SocketEnd: Sendable {
  case client, server
}
