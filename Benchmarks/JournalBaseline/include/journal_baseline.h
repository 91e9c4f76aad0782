/* journal_baseline.h: what keeping events costs with SQLite alone, in the tables of the service. */
#ifndef JOURNAL_BASELINE_H
#define JOURNAL_BASELINE_H

#include <stdint.h>

typedef struct journal_load {
  const char *path;         /* a database that the service has made */
  const char *body;         /* what each event's row holds; the rest of the row is as long as the service's */
  uint32_t events;          /* to accept */
  uint32_t conversations;   /* over which they are spread */
  uint32_t waiting;         /* events that wait for a commit at once */
} journal_load;

/* Commits the events in groups of exactly `waiting`, from one thread. Events a second; -1 with a text on stderr. */
double journal_baseline_groups(const journal_load *load);

/* The same from `waiting` threads that each hand over one event and sleep until it is on disk: one writer commits all that wait. */
double journal_baseline_producers(const journal_load *load);

/* Runs statements without syncing, to prepare a database. 0, or -1 with a text on stderr. */
int journal_baseline_run(const char *path, const char *statements);

#endif
