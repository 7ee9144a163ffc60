/*
 * explain_part.h - what explain.c, explain_side.c, explain_samples.c,
 * explain_correction.c and explain_rounding.c share. For these alone.
 */
#ifndef SRC_EXPLAIN_PART_H
#define SRC_EXPLAIN_PART_H

#include "archive.h"
#include "explain.h"

/* Which samples of a volume are looked at. */
struct explain_scope {
	struct sql *db;
	int64_t volume; /* row */
	int64_t upto_fact;
	int64_t ended_at;    /* 0: it has not ended */
	int64_t removed_day; /* samples up to there are gone */
	int64_t fresh_after; /* facts behind this one are fresh */
};

/* --- explain_samples.c --- */

bool explain_load_fact(
    struct sql *db, int64_t seq, struct explain_fact *out, struct err *err);
void explain_fact_fini(struct explain_fact *fact);

/* The samples of an hour, and, unless it is 0, the last one of from_hour, which
 * runs on into it. out must be empty. */
bool explain_load_samples(const struct explain_scope *scope, int64_t hour,
    int64_t from_hour, struct explain_samples *out, struct err *err);
void explain_samples_fini(struct explain_samples *samples);
void explain_samples_keep(struct explain_samples *samples, int64_t account);

/* The mean bytes of an age bin, of an account or of all with 0, into *out,
 * which must exist. */
void explain_mean(const struct explain_samples *samples, int64_t account,
    uint32_t age_hours, struct exact *out);

/* --- explain_side.c --- */

/* Reads the hours that the account of e pays of its volume in [from, to); with
 * wanted those bins of which it is true. */
typedef bool explain_wanted_fn(
    const struct explain *e, const struct rating_hour *hour);
bool explain_side_load(struct sql *db, const struct explain *e, int64_t now,
    explain_wanted_fn *wanted, struct explain_side *side, struct err *err);

/* Reads, for the hours that are shown, what they rest on. */
bool explain_side_fill(struct sql *db, const struct explain *e, int64_t now,
    int64_t fresh_after, struct explain_side *side, struct err *err);

void explain_side_fini(struct explain_side *side);

/* --- explain_rounding.c --- */

/* How usage, and a correction, came to their amount. row: the invoice; NULL
 * while there is none. */
bool explain_round_usage(struct sql *db, struct explain *e,
    const struct archive_row *row, struct err *err);
bool explain_round_correction(struct sql *db, struct explain *e,
    const struct archive_row *row, const struct archive_row *closed,
    const struct invoice_query *query, struct err *err);
void explain_rounding_fini(struct explain_rounding *rounding);

/* --- explain_correction.c --- */

/* Both sides of a correction of closed that stands on row, or, with NULL, is to
 * stand on the next invoice; and the facts that came between. */
bool explain_correction(struct sql *db, struct explain *e,
    const struct archive_row *row, const struct archive_row *closed,
    const struct invoice_query *query, struct err *err);

/* --- explain.c --- */

/* "... does not add up; run `stat.flexfs verify`": false. */
bool explain_broken(const struct explain *e, struct err *err, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

#endif
