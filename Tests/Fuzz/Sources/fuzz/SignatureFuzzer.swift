import SkillLoader

@testable import Skills

/// The signature of a typed tool. Host and loader have a parser each: they must agree on every text.
func fuzzSignature(_ input: UnsafeRawBufferPointer) -> CInt {
  guard let text = String(validating: input, as: UTF8.self), input.count <= Int(OC_SIGNATURE_MAX) else { return 0 }
  var error = [CChar](repeating: 0, count: Int(OC_ERROR_SIZE))
  let status = oc_signature_check(
    oc_slice(ptr: input.baseAddress?.assumingMemoryBound(to: CChar.self), len: input.count), &error, error.count)
  let parsed = try? Signature(parsing: text)
  precondition((parsed != nil) == (status == OC_OK), "host and loader disagree about a signature")
  precondition(parsed.map { $0.text == text } ?? true)
  return 0
}
