/*
 * volume_state.h - volumes as they stand: who sends them, who pays, how large
 * they were last, and whether they are live, missing or retired.
 *
 * Reads only. Of an instant the highest revision counts, and nothing after a
 * volume's end, as for a bill.
 */
#ifndef SRC_VOLUME_STATE_H
#define SRC_VOLUME_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/uuid.h"

enum {
	/* So far back the last samples of all volumes are looked for hour by
	 * hour at once; what is older is found volume by volume. */
	VOLUME_STATE_RECENT_HOURS = 48,
};

/* A sample that counts. hour -1: there is none, or it is no longer kept. */
struct volume_state_sample {
	int64_t hour; /* unix seconds / 3600 */
	int64_t at;   /* unix seconds */
	int32_t nanos;
	int64_t bytes;
	int64_t account, name; /* rows; name 0: it stated none */
};

struct volume_state {
	int64_t id; /* row */
	struct uuid uuid;
	char *name;   /* owned: last stated, "" for none */
	char *region; /* owned */
	char *source; /* owned: name of who sent its last sample, or "" */
	int64_t created_at, retired_at, missing_since; /* 0: not */
	struct volume_state_sample last;
};

/* "live", "missing" or "retired". */
const char *volume_state_word(const struct volume_state *v, int64_t now);

/* Whole hours since it is missed; 0 when it is not. */
int64_t volume_state_missing_hours(const struct volume_state *v, int64_t now);

/* All of them, by row; and one. An unknown one is ERR_INPUT. limited: they are
 * for one who may see one account only, and when the last sample states no
 * name there is but that of volume_last_name. */
bool volume_state_list(struct sql *db, int64_t now, bool limited,
    struct volume_state **list, size_t *count, struct err *err);
bool volume_state_load(struct sql *db, const struct uuid *uuid, int64_t now,
    bool limited, struct volume_state *out, struct err *err);

/* The first sample of it that is still kept. */
bool volume_state_first(struct sql *db, const struct volume_state *v,
    struct volume_state_sample *out, struct err *err);

/* Calls each for its names, in the order in which they were stated first
 * (number is 0); for the names of its accounts, with the first month in which
 * each has samples of it (year * 12 + month - 1). */
typedef bool volume_state_fn(
    void *ctx, const char *text, int64_t number, struct err *err);
bool volume_state_names(struct sql *db, const struct volume_state *v,
    volume_state_fn *each, void *ctx, struct err *err);
bool volume_state_accounts(struct sql *db, const struct volume_state *v,
    volume_state_fn *each, void *ctx, struct err *err);

void volume_state_fini(struct volume_state *v);
void volume_state_free(struct volume_state *list, size_t count);

#endif
