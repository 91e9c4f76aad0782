/* Every file of a new skill, by language. A file of SkillKit that is not listed here is missing in new skills: a test compares. */
#include "skill_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t file_0[] = {
#embed "files/SKILL.md.template"
};
static const uint8_t file_1[] = {
#embed "files/gitignore.template"
};
static const uint8_t file_2[] = {
#embed "files/c/skill.c.template"
};
static const uint8_t file_3[] = {
#embed "files/c/Makefile.template"
};
static const uint8_t file_4[] = {
#embed "files/cpp/skill.cpp.template"
};
static const uint8_t file_5[] = {
#embed "files/cpp/Makefile.template"
};
static const uint8_t file_6[] = {
#embed "files/swift/skill.swift.template"
};
static const uint8_t file_7[] = {
#embed "files/swift/Makefile.template"
};
static const uint8_t file_8[] = {
#embed "files/rust/skill.rs.template"
};
static const uint8_t file_9[] = {
#embed "files/rust/Makefile.template"
};
static const uint8_t file_10[] = {
#embed "../SkillABI/include/openclaw_skill.h"
};
static const uint8_t file_11[] = {
#embed "files/rust/openclaw.rs"
};
static const uint8_t file_12[] = {
#embed "files/swift/module.modulemap"
};
static const uint8_t file_13[] = {
#embed "../SkillKit/Call+Storage.swift"
};
static const uint8_t file_14[] = {
#embed "../SkillKit/Call.swift"
};
static const uint8_t file_15[] = {
#embed "../SkillKit/JSON+Text.swift"
};
static const uint8_t file_16[] = {
#embed "../SkillKit/JSON.swift"
};
static const uint8_t file_17[] = {
#embed "../SkillKit/SkillError.swift"
};
static const uint8_t file_18[] = {
#embed "../SkillKit/SkillKit.swift"
};
static const uint8_t file_19[] = {
#embed "../SkillKit/SkillValue.swift"
};
static const uint8_t file_20[] = {
#embed "../SkillKit/ToolEntry.swift"
};
static const uint8_t file_21[] = {
#embed "../SkillKit/Macros/DocComment.swift"
};
static const uint8_t file_22[] = {
#embed "../SkillKit/Macros/ManifestJSON.swift"
};
static const uint8_t file_23[] = {
#embed "../SkillKit/Macros/Problems.swift"
};
static const uint8_t file_24[] = {
#embed "../SkillKit/Macros/SkillDeclaration.swift"
};
static const uint8_t file_25[] = {
#embed "../SkillKit/Macros/SkillMacro.swift"
};
static const uint8_t file_26[] = {
#embed "../SkillKit/Macros/ToolFunction.swift"
};
static const uint8_t file_27[] = {
#embed "../SkillKit/Macros/ToolOptions.swift"
};
static const uint8_t file_28[] = {
#embed "../SkillKit/Macros/ValueType.swift"
};

#define ROW(language, path, bytes) {language, path, bytes, sizeof bytes}

static const skill_template table[] = {
    ROW("", "SKILL.md", file_0),
    ROW("", ".gitignore", file_1),
    ROW("c", "@NAME@.c", file_2),
    ROW("c", "Makefile", file_3),
    ROW("cpp", "@NAME@.cpp", file_4),
    ROW("cpp", "Makefile", file_5),
    ROW("swift", "@NAME@.swift", file_6),
    ROW("swift", "Makefile", file_7),
    ROW("rust", "@NAME@.rs", file_8),
    ROW("rust", "Makefile", file_9),
    ROW("c", "openclaw_skill.h", file_10),
    ROW("cpp", "openclaw_skill.h", file_10),
    ROW("rust", "openclaw.rs", file_11),
    ROW("swift", "SkillKit/ABI/openclaw_skill.h", file_10),
    ROW("swift", "SkillKit/ABI/module.modulemap", file_12),
    ROW("swift", "SkillKit/Call+Storage.swift", file_13),
    ROW("swift", "SkillKit/Call.swift", file_14),
    ROW("swift", "SkillKit/JSON+Text.swift", file_15),
    ROW("swift", "SkillKit/JSON.swift", file_16),
    ROW("swift", "SkillKit/SkillError.swift", file_17),
    ROW("swift", "SkillKit/SkillKit.swift", file_18),
    ROW("swift", "SkillKit/SkillValue.swift", file_19),
    ROW("swift", "SkillKit/ToolEntry.swift", file_20),
    ROW("swift", "SkillKit/Macros/DocComment.swift", file_21),
    ROW("swift", "SkillKit/Macros/ManifestJSON.swift", file_22),
    ROW("swift", "SkillKit/Macros/Problems.swift", file_23),
    ROW("swift", "SkillKit/Macros/SkillDeclaration.swift", file_24),
    ROW("swift", "SkillKit/Macros/SkillMacro.swift", file_25),
    ROW("swift", "SkillKit/Macros/ToolFunction.swift", file_26),
    ROW("swift", "SkillKit/Macros/ToolOptions.swift", file_27),
    ROW("swift", "SkillKit/Macros/ValueType.swift", file_28),
};

size_t skill_template_count(void) { return sizeof table / sizeof *table; }

const skill_template *skill_template_at(size_t index) {
  return index < skill_template_count() ? &table[index] : NULL;
}
