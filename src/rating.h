/*
 * rating.h - hourly usage into exact money.
 *
 *     cost of a month = sum over its hours of Bh / 2^30 * Rm / Hm
 *
 * Bh is the hour's usage in bytes, Rm the rate per GiB-month that holds in
 * that hour, Hm the hours of that month (672, 696, 720 or 744). One line per
 * volume, age bin and rate. Nothing is rounded here.
 */
#ifndef SRC_RATING_H
#define SRC_RATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "rate.h"
#include "usage.h"

/* Hours of a line, or of a whole month, by what is known of them. */
struct rating_hours {
	int64_t measured, estimated, unbilled;
};

void rating_count_hours(
    struct rating_hours *hours, enum usage_kind kind, int64_t count);

struct rating_line {
	struct uuid volume_id;
	char *name;	     /* owned: the latest; "" when it has none */
	char **former_names; /* owned, earliest first */
	size_t former_count;
	uint32_t age_hours; /* of the bin; 0 for the open-ended one */
	bool rated;
	struct rate rate; /* when rated */
	struct rating_hours hours;
	struct exact *byte_hours; /* owned */
	struct exact *gib_months; /* owned */
	struct exact *amount;	  /* owned; zero when not rated */
	int64_t volume;		  /* row */
	/* Working state of rating.c. */
	int64_t until_hour;
	int64_t counted_hour; /* the last one in hours */
	struct exact_sum sum;
};

/* A day of the hours that are over, in byte-hours; each hour's usage counts to
 * the whole byte. For pictures, not for money. */
struct rating_day {
	exact_u128 measured, estimated;
	int64_t missing_hours; /* of volumes, not billed */
	bool used;	       /* there was an hour of it */
};

enum {
	RATING_DAYS = 31
};

/* A month of one account. */
struct rating {
	int64_t month_start; /* unix seconds */
	int64_t hours_in_month;
	struct rating_line *lines; /* owned; by name, UUID, age, rate */
	size_t line_count, line_cap;
	struct rating_hours hours; /* volume-hours, each once */
	bool unrated;		   /* usage without a rate: there is no total */
	struct exact *total;	   /* owned; exact */
	struct rating_day *days;   /* owned: RATING_DAYS, if asked for */
};

/* What is to be rated. */
struct rating_query {
	int64_t month_start; /* unix seconds */
	int64_t now;	     /* unix seconds: hours over then may be missing */
	int64_t
	    until; /* unix seconds: hours from then on are left out; 0: none */
	int64_t upto_fact; /* as in usage.h: USAGE_ALL_FACTS, or less */
	const int64_t
	    *volumes; /* rows, ascending; NULL: all of the accounts' */
	size_t volume_count;
	bool days; /* whether days are to be told, too */
};

/* Rates a month of each of several accounts, in one pass over its hours. out
 * has room for as many ratings, which must be empty; rating_fini gives each
 * back, also after an error. */
bool rating_run(struct sql *db, const struct account *accounts, size_t count,
    const struct rating_query *query, struct rating *out, struct err *err);

void rating_fini(struct rating *rating);

/* The formula: what byte-hours of one month are in GiB-months, and cost at a
 * rate; nothing without one (NULL). gib_months and cost must exist. */
void rating_price(const struct exact *byte_hours, const struct rate *rate,
    int64_t hours_in_month, struct exact *gib_months, struct exact *cost);

/* One account's part of one hour of a volume, in one age bin. */
struct rating_hour {
	int64_t hour; /* unix seconds / 3600 */
	enum usage_kind kind;
	uint32_t age_hours;
	/* An interpolated hour comes in two parts: both are added up here. */
	struct exact *bytes;	       /* borrowed: mean bytes of the hour */
	struct exact *cost;	       /* borrowed: exact money */
	const struct rate *rate;       /* borrowed; NULL: unrated */
	size_t sample_count;	       /* of the whole hour */
	int64_t from_hour, until_hour; /* as in usage.h */
};

/* Pointers are borrowed for the call. False ends the trace. */
typedef bool rating_hour_fn(
    void *ctx, const struct rating_hour *hour, struct err *err);

/* Calls each for every hour and bin that an account pays of one volume in
 * [from, to), whole months (unix seconds), in the order of time: what
 * rating_run adds up. */
bool rating_trace(struct sql *db, const struct account *account, int64_t volume,
    int64_t from, int64_t to, int64_t now, int64_t upto_fact,
    rating_hour_fn *each, void *ctx, struct err *err);

#endif
