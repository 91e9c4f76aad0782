import Glibc

/// The loader finds everything by address in memory, this host by offset in the file. Here is what makes both see the same bytes.
extension ELFImage {
  /// Refuses a library whose segments could be mapped in more than one way, or over each other.
  ///
  /// The loader maps whole pages, in the order of the headers, and what comes later covers what came before. It takes the
  /// last dynamic segment and the last stack header; so there may be only one of each.
  func checkLayout() throws(SkillRefusal) {
    let page = UInt64(getpagesize())
    var end: UInt64 = 0
    let loads = segments.filter { $0.kind == Segment.Kind.load }
    guard !loads.isEmpty else { throw malformed("no segment to load") }
    for segment in loads {
      guard segment.fileSize <= segment.memorySize else { throw malformed("a segment is larger in the file than in memory") }
      guard segment.address % page == segment.offset % page else { throw malformed("a segment is not aligned to pages") }
      let (last, overflow) = segment.address.addingReportingOverflow(segment.memorySize)
      guard !overflow, last <= UInt64(Int64.max) else { throw malformed("a segment ends beyond all memory") }
      guard segment.address / page * page >= end else { throw malformed("segments overlap, or are not in order") }
      end = (last + page - 1) / page * page
    }
    for (kind, name) in [(Segment.Kind.dynamic, "dynamic section"), (Segment.Kind.stack, "stack header")] {
      guard segments.count(where: { $0.kind == kind }) <= 1 else { throw malformed("more than one \(name)") }
    }
    for segment in segments where segment.kind == Segment.Kind.programHeaders {
      guard fileOffset(ofAddress: segment.address, count: segment.fileSize) == bytes.integer(UInt64.self, at: 32) else {
        throw malformed("the program headers are not where they say")
      }
    }
  }

  func malformed(_ what: String) -> SkillRefusal {
    SkillRefusal(.notALibrary, "malformed library: \(what)")
  }

  /// Where the bytes that will be mapped at `address` lie in the file; nil when they are not all of one segment's file contents.
  func fileOffset(ofAddress address: UInt64, count: UInt64) -> UInt64? {
    for segment in segments where segment.kind == Segment.Kind.load && address >= segment.address {
      let (end, overflow) = (address - segment.address).addingReportingOverflow(count)
      if !overflow, end <= segment.fileSize { return segment.offset + (address - segment.address) }
    }
    return nil
  }
}
