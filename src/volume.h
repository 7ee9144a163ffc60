/*
 * volume.h - volumes by their UUID: names, region, life time, and the months
 * in which they were seen.
 *
 * Owns the tables volume, volume_name, volume_month, volume_account,
 * volume_end and account_month. The ledger asks for a volume with every
 * sample, so what is known is kept in memory; a cache is cleared when a
 * transaction is undone or another process has written.
 */
#ifndef SRC_VOLUME_H
#define SRC_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "report.h"

struct volume {
	struct uuid uuid;     /* the key */
	int64_t id;	      /* its row */
	int64_t retired_at;   /* unix seconds; 0: alive */
	int64_t lives_until;  /* an earlier end does not count */
	int64_t revised_hour; /* the latest with a revision above 0; or -1 */
	int64_t name_id;      /* row of the name last stated; 0: none */
	int64_t month;	      /* a month that volume_month has; -1: unknown */
	int64_t account;   /* volume_account has it from month on, or earlier */
	int64_t open_hour; /* late.c: it has a sample then; 0: not known */
	int64_t source;	   /* of its last sample; 0: none */
	int64_t missing_since; /* a complete report left it out; 0: no */
	int64_t seen_in;       /* ledger.c: fact of a report that lists it */
	char *name;   /* owned; NULL: none stated since it was cached */
	char *region; /* owned */
};

/* The zero value is an empty cache. */
struct volume_cache {
	void *tree; /* owned: tsearch(3) tree of struct volume */
};

void volume_cache_clear(struct volume_cache *cache);

/* The volume of a sample, made when it is seen for the first time; borrowed
 * until the cache is cleared. NULL and err when the database does not work. */
struct volume *volume_find(struct sql *db, struct volume_cache *cache,
    const struct uuid *id, int64_t created_at, struct err *err);

/* The same of one that exists; *out is NULL when there is none. */
bool volume_look_up(struct sql *db, struct volume_cache *cache,
    const struct uuid *id, struct volume **out, struct err *err);

/* What a sample states. Empty texts state nothing. Each is written only when
 * it is news. */
bool volume_note_name(struct sql *db, struct volume *v,
    const struct report_text *name, struct err *err);
bool volume_note_region(struct sql *db, struct volume *v,
    const struct report_text *region, struct err *err);
bool volume_note_month(struct sql *db, struct volume *v, int64_t account,
    int64_t at, struct err *err);
bool volume_note_revision(
    struct sql *db, struct volume *v, int64_t hour, struct err *err);

/* Who reported it last; since when (0: not any more) it is left out. */
bool volume_note_source(
    struct sql *db, struct volume *v, int64_t source, struct err *err);
bool volume_note_missing(
    struct sql *db, struct volume *v, int64_t since, struct err *err);

/* The earliest stated end counts, whatever order reports come in, but none
 * before lives_until; *changed says whether this one is earlier than what was
 * known. 0 states nothing. fact is that of the report. */
bool volume_note_retirement(struct sql *db, struct volume *v,
    int64_t retired_at, int64_t fact, bool *changed, struct err *err);

/* An operator's word: the volume lived until then, and ends there; what is
 * stated earlier does not count any more. */
bool volume_extend(struct sql *db, struct volume *v, int64_t until,
    int64_t fact, struct err *err);

/* A month as volume_month keeps it: year * 12 + month - 1; and the hour
 * (unix seconds / 3600) with which one begins. */
int64_t volume_month_of(int64_t at);
int64_t volume_month_hour(int64_t month);

/* Its UUID. */
bool volume_identify(
    struct sql *db, int64_t volume, struct uuid *id, struct err *err);

/* What it is called where no sample says a name: the one last heard for the
 * first time; yours. "" if there is none, and of a volume of which several
 * accounts have samples: whose name it is is not known then, and one account
 * does not read what another one calls its volumes. */
bool volume_last_name(
    struct sql *db, int64_t volume, char **name, struct err *err);

/* The first month in which an account has samples; -1: it has none. */
bool volume_first_month(
    struct sql *db, int64_t account, int64_t *month, struct err *err);

/* Rows of the volumes of which an account has a sample before an hour,
 * ascending; *list is the caller's to free(). */
bool volume_list_of(struct sql *db, int64_t account, int64_t before_hour,
    int64_t **list, size_t *count, struct err *err);

#endif
