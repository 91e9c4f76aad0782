package import NIOCore
import NIOWebSocket

/// Makes a channel a WebSocket after the handshake.
package enum SocketPipeline {
  /// Puts the WebSocket's handlers at the end of the pipeline. Call on the channel's event loop.
  ///
  /// - Parameter onGone: called once on the event loop, before the reader of the messages sees their end.
  /// - Returns: the complete text messages, in order; the channel is read as fast as they are taken.
  package static func install(
    on channel: any Channel, as end: SocketEnd, configuration: SocketConfiguration,
    onGone: @escaping @Sendable (SocketClosure) -> Void = { _ in }
  ) throws -> NIOAsyncChannel<[UInt8], Never> {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(WebSocketFrameEncoder())
    try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: configuration.maximumMessage)))
    try pipeline.addHandler(SocketHandler(configuration: configuration, end: end, onGone: onGone))
    return try NIOAsyncChannel<[UInt8], Never>(
      wrappingChannelSynchronously: channel,
      configuration: .init(backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8)))
  }
}
