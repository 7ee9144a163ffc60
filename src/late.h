/*
 * late.h - which closed months may cost another than they did when they were
 * closed. Owns the tables late and late_from.
 *
 * A sample counts for its hour, and by the gap policy for hours without one
 * before and behind it. So one that comes when a month is closed may change
 * the months from the one of the sample before it to the one of the sample
 * behind it; an end changes everything from there on. Marking a month too
 * much costs another look, a month too few costs money: so months are marked
 * generously.
 */
#ifndef SRC_LATE_H
#define SRC_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "grace.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "volume.h"

/* Before a period that ends at to_at is read in order to close it: whatever is
 * stored from then on is late for it, if it was not read. A transaction of its
 * own. */
bool late_announce(struct sql *db, int64_t to_at, struct err *err);

/* The latest end that was announced; 0 when there is none. */
bool late_announced(struct sql *db, int64_t *to_at, struct err *err);

/* The first hour (unix seconds / 3600) behind everything that is closed, or
 * whose grace time is over at now, so that it is closed on earlier facts. */
int64_t late_closed_hour(
    int64_t announced_at, int64_t now, const struct grace *grace);

/* Whether a sample of this hour, which is not stored yet, may change a closed
 * month: *late. Costs nothing for a volume that reports on. */
bool late_look(struct sql *db, int64_t closed_hour, struct volume *v,
    int64_t hour, bool *late, struct err *err);

/* Marks the closed months that a sample of this hour may change. */
bool late_mark_sample(struct sql *db, int64_t closed_hour, int64_t volume,
    int64_t hour, int64_t fact, struct err *err);

/* Marks the closed months that an end of a volume (unix seconds), or the loss
 * of one, may change. */
bool late_mark_end(struct sql *db, int64_t closed_hour, int64_t volume,
    int64_t at, int64_t fact, struct err *err);

#endif
