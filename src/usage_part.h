/*
 * usage_part.h - what usage.c, usage_hour.c and usage_read.c share: a scan,
 * and what it knows of each volume while it passes over it.
 */
#ifndef SRC_USAGE_PART_H
#define SRC_USAGE_PART_H

#include "day.h"
#include "lib/utc.h"
#include "usage.h"

/* The samples of one hour of one volume, or sums of them. Borrowed. */
struct usage_hand {
	const struct day_entry *list; /* the first's hour is the hour */
	size_t count;
	const struct usage_bin *bins; /* of the day_hours that it is from */
};

/* What an account's rules say of its hours. */
struct usage_payer {
	bool known;
	enum account_average average;
	enum account_gap gap;
	int64_t max_carry_hours;
};

/* What is known of a volume. */
struct usage_track {
	int64_t volume;
	int64_t retired_at; /* 0: alive */
	bool started;	    /* last_* are set */
	bool looked_back;
	int64_t last_hour, last_account; /* the account of its last sample */
	uint64_t last_den;
	struct usage_bins last; /* the whole hour, whoever pays */
	struct usage_bins tail; /* its last sample, for the step function */
};

struct usage_scan {
	struct sql *db;
	const struct usage_query *query;
	int64_t from_hour, to_hour, first_hour; /* where reading begins */
	int64_t elapsed_hour;
	usage_fn *each;
	void *ctx;
	struct usage_payer *payers; /* owned; by account row */
	size_t payer_count;
	int64_t max_carry_hours;     /* of all of them */
	struct usage_track **tracks; /* owned; by volume row */
	size_t track_cap;
	int64_t max_volume;
	struct day_progress progress;
	struct day_mark *marks; /* owned: stale rows of the range */
	size_t mark_count;
	struct day_hours hours; /* what is at hand */
	struct day_hours past;	/* what is looked up beside it */
	struct usage_bins sum;	/* working space, as these */
	struct usage_bins whole;
	int64_t *names;
	size_t name_cap;
};

/* Rows of accounts are checked when they are read. */
static inline const struct usage_payer *
usage_payer(const struct usage_scan *scan, int64_t account)
{
	return &scan->payers[account];
}

static inline int64_t
usage_retired_hour(const struct usage_track *t)
{
	return t->retired_at / UTC_HOUR_SECS;
}

/* --- usage_hour.c --- */

/* Tells a measured hour, and the gap before it. hand is not empty. */
bool usage_take_hour(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err);

/* Tells hours that follow the last one without a gap, each of them one
 * sample, all of the same kind (see day_hours.h: even), as one run. */
bool usage_take_run(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err);

/* Only sets what the track knows to a measured hour. */
bool usage_remember(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err);

/* Tells the hours between the last measured one and until; end is the
 * measured hour that closes the gap, or NULL. */
bool usage_fill_gap(struct usage_scan *scan, struct usage_track *t,
    int64_t until, const struct usage_hand *end, struct err *err);

/* An hour is time-weighted when every account that shares it is. */
bool usage_is_time_weighted(
    const struct usage_scan *scan, const struct usage_hand *hand);

/* --- usage_read.c --- */

/* Takes every measured hour from first_hour on. */
bool usage_read(struct usage_scan *scan, struct err *err);

/* Finds the nearest measured hour before an hour, or from it on, in
 * scan->past; hand is empty when there is none. */
bool usage_find_hour(struct usage_scan *scan, const struct usage_track *t,
    int64_t hour, bool before, struct usage_hand *hand, struct err *err);

/* Starts a track from the last measured hour before hour, if there is one. */
bool usage_load_track(struct usage_scan *scan, struct usage_track *t,
    int64_t hour, bool deep, struct err *err);

#endif
