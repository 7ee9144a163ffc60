/*
 * history.h - closed days made small, and old samples taken away, in turns.
 *
 * A day is closed HISTORY_CLOSE_SECS after its end. The oldest one that has
 * no rows yet gets them, some hundred volumes a turn; a row that a late
 * sample has made stale is made again. Samples of a day that has been over
 * for longer than they are to be kept are removed, after each row has been
 * made from them once more and was the same: first the day's digest is a
 * fact (samples.removed) and the day's samples count no more, then they go.
 *
 * A turn is one transaction of a few milliseconds, so that who waits for the
 * same connection does not notice; what it has not done the next one does,
 * whatever happened in between. No amount changes by any of it.
 */
#ifndef SRC_HISTORY_H
#define SRC_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"

enum {
	HISTORY_CLOSE_SECS = 6 * 3600,
	/* A turn ends when so many samples were read, */
	HISTORY_TURN_SAMPLES = 2000,
	HISTORY_TURN_GROUPS = 16,    /* groups of volumes, */
	HISTORY_TURN_ROWS = 64,	     /* rows were made again or compared, */
	HISTORY_TURN_REMOVED = 2000, /* or samples removed. */
	/* A row that is not what its samples say stays, and is compared
	 * again so much later. */
	HISTORY_RETRY_SECS = 86400,
};

struct history;

/* keep_secs: how long samples are kept behind the end of their day. */
struct history *history_new(int64_t keep_secs, struct err *err);
void history_free(struct history *history);

/* One turn; *more says whether the next one has something to do. Not inside
 * a transaction. */
bool history_turn(struct history *history, struct sql *db, int64_t now,
    bool *more, struct err *err);

#endif
