/* skill_templates.h: the files from which `openclaw skill new` makes a folder, inside the program: a deployed one has no checkout. */
#ifndef OPENCLAW_SKILL_TEMPLATES_H
#define OPENCLAW_SKILL_TEMPLATES_H

#include <stddef.h>
#include <stdint.h>

typedef struct skill_template {
  const char *language; /* c, cpp, swift, rust; empty: for all of them */
  const char *path;     /* in the new folder, with placeholders */
  const uint8_t *bytes;
  size_t size;
} skill_template;

size_t skill_template_count(void);
/* NULL past the end. Lives for ever. */
const skill_template *skill_template_at(size_t index);

#endif
