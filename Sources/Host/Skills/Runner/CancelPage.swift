import Glibc
import LinuxCalls
import SkillLoader

/// The word in shared memory that tells a skill which of its calls is not wanted any more. Only the host can write it.
///
/// `@unchecked Sendable`: the mapping lives as long as the object, and the word is written atomically.
final class CancelPage: @unchecked Sendable {
  private static let size = 4096

  let descriptor: Descriptor
  private let page: UnsafeMutableRawPointer

  init?() {
    guard let descriptor = Descriptor(linux_memfd("openclaw-cancel")), ftruncate(descriptor.number, off_t(Self.size)) == 0,
      let page = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, 0), page != MAP_FAILED
    else { return nil }
    self.descriptor = descriptor
    self.page = page
    guard linux_seal_future_writes(descriptor.number) == 0 else { return nil }
  }

  deinit {
    munmap(page, Self.size)
  }

  func raise(_ call: UInt64) {
    linux_store_shared(page.assumingMemoryBound(to: UInt64.self), call)
  }
}
