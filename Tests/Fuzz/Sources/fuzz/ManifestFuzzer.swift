import Core

@testable import Skills

/// The JSON of a manifest; what is accepted must also make a schema for a model and survive arguments.
func fuzzManifest(_ input: UnsafeRawBufferPointer) -> CInt {
  guard let manifest = try? SkillManifest(parsing: Array(input)) else { return 0 }
  for tool in manifest.tools {
    let offered = tool.tool(skill: manifest.id, build: "")
    precondition(offered.name == tool.name)
    _ = try? tool.input.check([:])
  }
  return 0
}
