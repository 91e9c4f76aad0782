@testable import Skills

/// A whole library file: ELF reader, notes, safety rules, signature trailer and manifest.
func fuzzImage(_ input: UnsafeRawBufferPointer) -> CInt {
  _ = try? SkillManifest(ofImage: ImageBytes(input))
  _ = try? SkillSignature.read(input)
  return 0
}
