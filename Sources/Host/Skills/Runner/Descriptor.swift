import Glibc
import LinuxCalls

/// A file descriptor that is closed when the last reference goes. Close-on-exec, and above the numbers that a runner expects.
final class Descriptor: Sendable {
  private static let lowest: Int32 = 10

  let number: Int32

  /// Takes over `descriptor`. Nil when it is negative, or when there is no room for it above the low numbers.
  init?(_ descriptor: Int32) {
    guard descriptor >= 0 else { return nil }
    guard descriptor < Self.lowest else {
      number = descriptor
      return
    }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, Self.lowest)
    close(descriptor)
    guard moved >= 0 else { return nil }
    number = moved
  }

  deinit {
    close(number)
  }

  /// Two connected sockets that keep message boundaries; the first is non-blocking.
  static func packetPair() -> (Descriptor, Descriptor)? {
    var pair: [Int32] = [-1, -1]
    let type = Int32(bitPattern: SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { return nil }
    let ours = Descriptor(pair[0])
    let theirs = Descriptor(pair[1])
    guard let ours, let theirs else { return nil }
    let flags = fcntl(ours.number, F_GETFL)
    guard flags >= 0, fcntl(ours.number, F_SETFL, flags | O_NONBLOCK) == 0 else { return nil }
    return (ours, theirs)
  }

  /// A pipe: what is written to the second comes out of the first, which is non-blocking.
  static func pipe() -> (Descriptor, Descriptor)? {
    var ends: [Int32] = [-1, -1]
    guard linux_pipe(&ends) == 0 else { return nil }
    let reading = Descriptor(ends[0])
    let writing = Descriptor(ends[1])
    guard let reading, let writing else { return nil }
    return (reading, writing)
  }
}
