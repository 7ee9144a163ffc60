/*
 * grace.h - how long after its end a period waits for late reports before it
 * is closed by itself.
 *
 * A change holds for the periods that end from then on: one that has ended
 * keeps the time that it ended with. So what was late for it stays late, and
 * what it rests on does not move. Owns the table grace.
 */
#ifndef SRC_GRACE_H
#define SRC_GRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"

enum {
	GRACE_DEFAULT_SECS = 48 * 3600,
	/* Below a month, so that periods are closed in the order in which
	 * they end, whatever was set when. */
	GRACE_MAX_SECS = 27 * 86400,
	/* As many changes are looked at: those of the last periods. */
	GRACE_ROWS = 16,
};

struct grace {
	struct {
		int64_t from_at, secs;
	} rows[GRACE_ROWS]; /* the latest first */
	size_t count;
};

bool grace_load(struct sql *db, struct grace *out, struct err *err);

/* For a period that ends at to_at (unix seconds). */
int64_t grace_of(const struct grace *grace, int64_t to_at);

/* The instant at which a period that ends at to_at may be closed. */
int64_t grace_end(const struct grace *grace, int64_t to_at);

/* Sets it for periods that end at now or later, with the fact, as one
 * transaction; *changed is false, and nothing is done, when it is so
 * already. */
bool grace_set(struct sql *db, int64_t secs, const char *who, int64_t now,
    bool *changed, struct err *err);

#endif
