package import NIOCore
import NIOPosix

/// A TCP server that says exactly what it is told, right or wrong.
package enum RawServer {
  /// Serves every connection to a port of its own by `serve`, side by side, until `body` returns.
  package static func run(
    setUp: @escaping @Sendable (any Channel) throws -> Void = { _ in },
    serve: @escaping @Sendable (inout RawClient) async throws -> Void, _ body: (_ port: Int) async throws -> Void
  ) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try setUp(channel)
          return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
      }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await server.executeThenClose { connections in
          try await withThrowingDiscardingTaskGroup { group in
            for try await connection in connections {
              group.addTask {
                // A peer that goes away in the middle ends its own connection only.
                try? await connection.executeThenClose { inbound, outbound in
                  var client = RawClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
                  try await serve(&client)
                }
              }
            }
          }
        }
      }
      try await body(server.channel.localAddress?.port ?? 0)
      group.cancelAll()
      while let result = await group.nextResult() { _ = result }
    }
  }
}
