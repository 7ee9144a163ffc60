/*
 * usage.h - samples into hourly usage.
 *
 * An hour is [h, h+1h) UTC by sampled_at. Its usage is the arithmetic mean of
 * its accepted samples (of one instant the highest revision counts), or, for
 * accounts with average time_weighted, the integral of the step function over
 * the hour. Each sample belongs to the account that it names: an hour that
 * two accounts share is split by samples, and together they pay one hour.
 *
 * A missing hour between a volume's first sample and its retirement follows
 * the gap policy of the account of the last sample before it: carry (the last
 * measured hour's usage, at most max_carry_hours long, then unbilled), zero
 * and hold (unbilled), interpolate (a straight line to the next measured
 * hour; without one, as carry). Nothing before the first sample, nothing after
 * retirement.
 *
 * The step function runs on into an hour from the measured hour before it, or
 * as far as carry reaches; after any other gap the minutes before the first
 * sample count as nothing. An hour that is shared by mean and time_weighted
 * payers is averaged as mean. max_carry_hours does not limit interpolation.
 * A carried hour in which a time_weighted volume is retired is cut there.
 * Nothing is kept: asking again reads everything again.
 *
 * upto_fact asks what was known when the ledger ended with that fact: samples
 * and ends that came later do not count.
 *
 * Closed days are read from the rows that day.h keeps of them, and from their
 * samples where a row is stale or holds more than was known at upto_fact;
 * either tells the same. Only where samples are gone for good (see removed_day
 * there) a row has the last word: it knows all that was known last, and an
 * end that is stated later takes whole hours away.
 */
#ifndef SRC_USAGE_H
#define SRC_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "usage_bins.h"

enum usage_kind {
	USAGE_MEASURED,	 /* at least one sample */
	USAGE_ESTIMATED, /* none; filled in by the gap policy */
	USAGE_UNBILLED,	 /* none, and not filled in: counts as nothing */
};

/* One account's part of one volume's hour. */
struct usage_hour {
	int64_t hour;		 /* unix seconds / 3600 */
	int64_t volume, account; /* rows */
	enum usage_kind kind;
	/* False for the second part of an hour that comes in two (the two
	 * ends of an interpolation): adds bytes, is not another hour. */
	bool counts;
	uint64_t den;
	const struct usage_bin *bins;
	size_t bin_count;
	/* Names stated in the hour, in their order; rows of volume_name. */
	const int64_t *names;
	size_t name_count;
	size_t sample_count;  /* of the whole hour, whoever pays */
	int64_t last_account; /* of the hour's last sample; 0: no sample */
	/* So many measured hours from this one on, of which bins are the sum
	 * and all else is the same. 1, unless runs are asked for. */
	int64_t run;
	/* What it rests on beside its samples: the measured hour before it
	 * that is carried on, or whose last sample runs on into this one; and
	 * the one behind it, of an interpolation. 0: none. */
	int64_t from_hour, until_hour;
};

/* Pointers in hour are borrowed for the call. False ends the scan. */
typedef bool usage_fn(
    void *ctx, const struct usage_hour *hour, struct err *err);

/* What a scan is to tell. */
struct usage_query {
	int64_t from_hour, to_hour; /* [from_hour, to_hour) */
	int64_t now;		    /* unix seconds */
	int64_t upto_fact;	    /* USAGE_ALL_FACTS: all that is known */
	const int64_t *volumes;	    /* rows, ascending; NULL: all volumes */
	size_t volume_count;
	/* Whether hours may come as runs, which is faster; a run never goes
	 * on over one of these hours (ascending, may be NULL). */
	bool runs;
	const int64_t *cuts;
	size_t cut_count;
};

#define USAGE_ALL_FACTS INT64_MAX

/*
 * Calls each for every hour of the volumes. Measured hours of a volume come in
 * the order of time; a gap is told when its end is known. Hours that are not
 * over at now are never missing. All is read in the caller's transaction; it
 * needs one when another connection may write.
 */
bool usage_scan(struct sql *db, const struct usage_query *query, usage_fn *each,
    void *ctx, struct err *err);

#endif
