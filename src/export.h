/*
 * export.h - hourly usage and its exact cost as rows: by hour, day or month,
 * of accounts, volumes or age bins.
 *
 * Hours, rates and formula are those that a bill is made of (usage.h, rate.h,
 * rating.h), as they are known now. So the rows of an account and month that
 * is not closed add up to the exact amount of its bill; a closed one may have
 * been billed on earlier facts, and is corrected by later bills. Nothing is
 * rounded, and nothing is added up across accounts.
 *
 * Rows come one by one, by time, then by account, then by volume (in the
 * order in which they were first seen) or age; not all of them are in memory
 * at any time.
 */
#ifndef SRC_EXPORT_H
#define SRC_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "rating.h"

enum export_step {
	EXPORT_HOUR,
	EXPORT_DAY,
	EXPORT_MONTH
};

enum export_group {
	EXPORT_ACCOUNT, /* a row for each account */
	EXPORT_VOLUME,	/* for each volume that an account pays */
	EXPORT_BIN,	/* for each age bin of an account, of all volumes */
};

/* The words of the command line and of HTTP. */
bool export_parse_step(const char *word, enum export_step *out);
bool export_parse_group(const char *word, enum export_group *out);

struct export_query {
	int64_t from, to; /* unix seconds, whole hours; [from, to) */
	int64_t now;	  /* unix seconds */
	enum export_step step;
	enum export_group group;
	const struct account *accounts; /* borrowed: whose, in their order */
	size_t account_count;
};

/* Pointers are borrowed for the call. */
struct export_row {
	/* Unix seconds: an hour, UTC day or month, as far as it lies in the
	 * query's range. */
	int64_t from, to;
	const struct account *account;
	const char *state; /* of its period: "open", .. "closed", "empty" */
	/* Of a volume: its id, and the name last stated in these hours, or if
	 * none was, the one last heard for the first time; "" for none. */
	struct uuid volume_id;
	const char *name;
	uint32_t age_hours; /* of a bin; 0 for the open-ended one */
	/* Mean over the hours of the row that have begun. */
	struct exact *gib;
	struct exact *byte_hours, *gib_hours, *gib_months;
	struct exact *cost;	   /* NULL: some of it has no rate */
	struct rating_hours hours; /* volume-hours, as on a bill */
};

/* False ends it. */
typedef bool export_fn(
    void *ctx, const struct export_row *row, struct err *err);

/* Calls each for every row that has hours, all from one state of the
 * database; its connection keeps few pages in memory from then on. A range
 * that is empty, or not of whole hours, is ERR_INPUT. */
bool export_run(struct sql *db, const struct export_query *query,
    export_fn *each, void *ctx, struct err *err);

#endif
