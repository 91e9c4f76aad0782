/// What a skill's folder says in its `SKILL.md` about when and how to use the skill: for a model, and for people who list skills.
package struct SkillInstructions: Sendable, Hashable {
  /// Lower-case words joined by `-`, at most 64 characters.
  package let name: String
  /// When to use it, on one line of at most 1024 characters.
  package let description: String
  /// Markdown, at most 64 KiB.
  package let text: String

  package init(name: String, description: String, text: String) {
    self.name = name
    self.description = description
    self.text = text
  }
}
