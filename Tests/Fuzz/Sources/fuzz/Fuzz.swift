import Glibc
import LibFuzzer

/// `fuzz image|manifest|signature|frames|rules|tables|chat [options and corpus folders of libFuzzer]`
@main
enum Fuzz {
  static func main() {
    var arguments = CommandLine.arguments
    guard arguments.count > 1, let target = Target(rawValue: arguments.remove(at: 1)) else {
      print("fuzz: name one of \(Target.allCases.map(\.rawValue).joined(separator: ", "))")
      exit(64)
    }
    var count = CInt(arguments.count)
    var pointers = arguments.map { strdup($0) } + [nil]
    pointers.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      exit(LLVMFuzzerRunDriver(&count, &start, target.callback))
    }
  }

  private enum Target: String, CaseIterable {
    case image, manifest, signature, frames, rules, tables, chat

    var callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt {
      switch self {
      case .image: { fuzzImage(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .manifest: { fuzzManifest(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .signature: { fuzzSignature(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .frames: { fuzzFrames(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .rules: { fuzzRules(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .tables: { fuzzTables(UnsafeRawBufferPointer(start: $0, count: $1)) }
      case .chat: { fuzzChat(UnsafeRawBufferPointer(start: $0, count: $1)) }
      }
    }
  }
}
