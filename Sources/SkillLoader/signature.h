/* The signature of a typed tool, parsed. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include "skill_loader.h"

typedef struct signature {
  uint32_t result; /* OC_TYPE_* */
  uint32_t count;
  uint32_t parameters[OC_PARAMETERS_MAX]; /* OC_TYPE_* */
} signature;

oc_status signature_parse(oc_slice text, signature *parsed, char *error, size_t error_size);

#endif
