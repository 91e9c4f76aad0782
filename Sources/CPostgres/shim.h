#ifndef OPENCLAW_CPOSTGRES_H
#define OPENCLAW_CPOSTGRES_H

#include <libpq-fe.h>

/* Character constants, which Swift does not import. */
static const int PG_FIELD_SQLSTATE = PG_DIAG_SQLSTATE;
static const int PG_FIELD_MESSAGE = PG_DIAG_MESSAGE_PRIMARY;

#endif
