#include "journal_baseline.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- The rows ---- */

enum { KEY, EVENT, LANE, BUDGET, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [KEY] = "INSERT INTO event_key (channel, key, request_id, at) VALUES ('main', ?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [EVENT] = "INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state) "
              "VALUES (?1, ?2, 'main', ?3, ?4, ?5, 'pending')",
    [LANE] = "INSERT INTO lane (conversation, ready_at) VALUES (?1, ?2) "
             "ON CONFLICT (conversation) DO UPDATE SET ready_at = excluded.ready_at WHERE owner IS NULL AND ready_at IS NULL",
    [BUDGET] = "INSERT INTO reply_budget (lane, reference, kind, request_id, closes_at, replies) "
               "VALUES (?1, ?2, 'message', ?3, ?4, 5) ON CONFLICT DO NOTHING",
};

typedef struct journal {
  const journal_load *load;
  sqlite3 *database;
  sqlite3_stmt *statements[STATEMENTS];
} journal;

static bool complain(sqlite3 *database) {
  fprintf(stderr, "baseline: %s\n", database ? sqlite3_errmsg(database) : "no memory");
  return false;
}

static bool run(sqlite3 *database, const char *text) {
  return sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK || complain(database);
}

static void close_journal(journal *journal) {
  for (int index = 0; index < STATEMENTS; index++) sqlite3_finalize(journal->statements[index]);
  sqlite3_close(journal->database);
}

static bool open_journal(journal *journal, const journal_load *load) {
  memset(journal, 0, sizeof *journal);
  journal->load = load;
  if (sqlite3_open(load->path, &journal->database) != SQLITE_OK) return complain(journal->database);
  if (!run(journal->database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")) return false;
  for (int index = 0; index < STATEMENTS; index++) {
    if (sqlite3_prepare_v2(journal->database, texts[index], -1, &journal->statements[index], NULL) != SQLITE_OK) {
      return complain(journal->database);
    }
  }
  return true;
}

static bool step(journal *journal, sqlite3_stmt *statement) {
  bool done = sqlite3_step(statement) == SQLITE_DONE;
  sqlite3_reset(statement);
  return done || complain(journal->database);
}

static void text(sqlite3_stmt *statement, int place, const char *value) {
  sqlite3_bind_text(statement, place, value, -1, SQLITE_STATIC);
}

/* Texts are as long as those of the service. */
static bool insert(journal *journal, uint32_t number) {
  sqlite3_stmt *const *statements = journal->statements;
  char request[40], message[32], key[40], conversation[48];
  const sqlite3_int64 now = 1780000000000;
  snprintf(request, sizeof request, "%08x-0000-7000-8000-%012x", number, number);
  snprintf(message, sizeof message, "ROBOT1.0_%010u", number);
  snprintf(key, sizeof key, "message:ROBOT1.0_%010u", number);
  snprintf(conversation, sizeof conversation, "main/102000000/group:G%06u", number % journal->load->conversations);
  text(statements[KEY], 1, key);
  text(statements[KEY], 2, request);
  sqlite3_bind_int64(statements[KEY], 3, now);
  text(statements[EVENT], 1, request);
  text(statements[EVENT], 2, conversation);
  text(statements[EVENT], 3, message);
  text(statements[EVENT], 4, journal->load->body);
  sqlite3_bind_int64(statements[EVENT], 5, now);
  text(statements[LANE], 1, conversation);
  sqlite3_bind_int64(statements[LANE], 2, now);
  text(statements[BUDGET], 1, conversation);
  text(statements[BUDGET], 2, message);
  text(statements[BUDGET], 3, request);
  sqlite3_bind_int64(statements[BUDGET], 4, now + 300000);
  for (int index = 0; index < STATEMENTS; index++) {
    if (!step(journal, statements[index])) return false;
  }
  return true;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- Groups ---- */

double journal_baseline_groups(const journal_load *load) {
  journal journal;
  bool fine = open_journal(&journal, load);
  const double start = now();
  for (uint32_t number = 0; fine && number < load->events;) {
    fine = run(journal.database, "BEGIN IMMEDIATE");
    for (uint32_t index = 0; fine && index < load->waiting && number < load->events; index++) fine = insert(&journal, number++);
    fine = fine && run(journal.database, "COMMIT");
  }
  const double rate = fine ? load->events / (now() - start) : -1;
  close_journal(&journal);
  return rate;
}

/* ---- Producers ---- */

typedef struct producers {
  const journal_load *load;
  pthread_mutex_t lock;
  pthread_cond_t work, committed;
  uint32_t *queue;      /* numbers of events that wait */
  uint32_t queued;
  uint32_t handed_over; /* events that producers have taken on */
  uint64_t ticket;      /* of the event that was queued last */
  uint64_t durable;     /* every ticket up to here is on disk */
  bool failed;
} producers;

static void *produce(void *argument) {
  producers *shared = argument;
  pthread_mutex_lock(&shared->lock);
  while (shared->handed_over < shared->load->events && !shared->failed) {
    shared->queue[shared->queued++] = shared->handed_over++;
    const uint64_t ticket = ++shared->ticket;
    pthread_cond_signal(&shared->work);
    while (shared->durable < ticket && !shared->failed) pthread_cond_wait(&shared->committed, &shared->lock);
  }
  pthread_mutex_unlock(&shared->lock);
  return NULL;
}

static void *commit(void *argument) {
  producers *shared = argument;
  const uint32_t waiting = shared->load->waiting;
  uint32_t *group = calloc(waiting, sizeof *group);
  journal journal;
  bool fine = open_journal(&journal, shared->load) && group;
  uint32_t done = 0;
  while (fine && done < shared->load->events) {
    pthread_mutex_lock(&shared->lock);
    while (shared->queued == 0) pthread_cond_wait(&shared->work, &shared->lock);
    const uint32_t size = shared->queued;
    memcpy(group, shared->queue, size * sizeof *group);
    shared->queued = 0;
    pthread_mutex_unlock(&shared->lock);
    fine = run(journal.database, "BEGIN IMMEDIATE");
    for (uint32_t index = 0; fine && index < size; index++) fine = insert(&journal, group[index]);
    fine = fine && run(journal.database, "COMMIT");
    done += size;
    pthread_mutex_lock(&shared->lock);
    shared->durable += size;
    shared->failed = !fine;
    pthread_cond_broadcast(&shared->committed);
    pthread_mutex_unlock(&shared->lock);
  }
  close_journal(&journal);
  free(group);
  pthread_mutex_lock(&shared->lock);
  shared->failed = !fine;
  pthread_cond_broadcast(&shared->committed);
  pthread_mutex_unlock(&shared->lock);
  return NULL;
}

double journal_baseline_producers(const journal_load *load) {
  producers shared = {.load = load, .lock = PTHREAD_MUTEX_INITIALIZER};
  pthread_t writer, *threads = calloc(load->waiting, sizeof *threads);
  uint32_t started = 0;
  shared.queue = calloc(load->waiting, sizeof *shared.queue);
  pthread_cond_init(&shared.work, NULL);
  pthread_cond_init(&shared.committed, NULL);
  if (!threads || !shared.queue || pthread_create(&writer, NULL, commit, &shared) != 0) return -1;
  const double start = now();
  while (started < load->waiting && pthread_create(&threads[started], NULL, produce, &shared) == 0) started++;
  for (uint32_t index = 0; index < started; index++) pthread_join(threads[index], NULL);
  const double seconds = now() - start;
  pthread_join(writer, NULL);
  free(threads);
  free(shared.queue);
  return shared.failed || started < load->waiting ? -1 : load->events / seconds;
}

int journal_baseline_run(const char *path, const char *statements) {
  sqlite3 *database;
  bool fine = sqlite3_open(path, &database) == SQLITE_OK || complain(database);
  fine = fine && run(database, "PRAGMA synchronous = OFF") && run(database, statements);
  sqlite3_close(database);
  return fine ? 0 : -1;
}
