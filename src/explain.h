/*
 * explain.h - how one line of a bill comes about: every hour with the samples
 * that it rests on, the rate, the sum, and how rounding made the amount of it.
 *
 * The hours are computed by the steps that billed, as they were known at the
 * fact that the document rests on, and each is reckoned a second time from
 * its samples. What does not come out the same, or does not add up to the
 * line, is ERR_BROKEN: `verify` is what to run then. Only hours whose samples
 * are gone for good are taken as they are; what came late for them cannot be
 * told from what was there before, so that a line may then add up to another
 * sum, which is said and is no error.
 *
 * A line is usage, or the correction of a closed period. Of a correction both
 * sides are shown: the hours as they were billed, and as they are known now.
 */
#ifndef SRC_EXPLAIN_H
#define SRC_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact.h"
#include "invoice.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "rating.h"

/* A row of the ledger. */
struct explain_fact {
	int64_t seq; /* 0: there is none */
	int64_t at;
	char *who, *subject; /* owned */
	bool has_body;
	uint8_t body_sha256[FACT_HASH_SIZE];
};

/* Bytes of one age bin of a sample. */
struct explain_size {
	uint32_t age_hours;
	int64_t bytes;
};

enum explain_standing {
	EXPLAIN_COUNTS,
	EXPLAIN_SUPERSEDED, /* there is a higher revision */
	EXPLAIN_AFTER_END,  /* of its volume, which was stated later */
};

struct explain_sample {
	int64_t hour, nanos; /* its instant: unix seconds / 3600, and into it */
	int64_t revision;
	int64_t bytes;		    /* of all bins */
	struct explain_size *sizes; /* owned; one of age 0 without bins */
	size_t size_count;
	int64_t account; /* row */
	char account_name[ACCOUNT_NAME_SIZE];
	enum explain_standing standing;
	bool runs_on; /* it is the last one of an earlier hour */
	bool fresh;   /* it came behind what was billed */
	uint64_t weight;
	struct explain_fact report;   /* the one that it came with */
	struct explain_fact released; /* out of the quarantine; seq 0: not */
};

/* What was sampled in an hour: its usage is the sum of bytes times weight,
 * divided by weights. */
struct explain_samples {
	struct explain_sample *list; /* owned; by instant and revision */
	size_t count;
	uint64_t weights;
	bool removed; /* some, or all, are gone for good */
};

/* An hour that an estimate rests on: weight / of of its usage. */
struct explain_rest {
	int64_t hour, weight, of;
};

struct explain_bin {
	uint32_t age_hours;
	bool rated;
	struct rate rate;	    /* when rated */
	struct exact *bytes, *cost; /* owned */
};

struct explain_hour {
	int64_t hour; /* unix seconds / 3600 */
	enum usage_kind kind;
	struct explain_bin *bins; /* owned; by age, the open end last */
	size_t bin_count;
	struct exact *cost; /* owned: of all bins */
	/* As in usage.h. */
	int64_t from_hour, until_hour;
	/* Of those that are shown. */
	struct explain_samples samples; /* when measured */
	struct explain_rest rests[2];	/* when estimated */
	size_t rest_count;
};

/* The hours of a volume as known at a fact. */
struct explain_side {
	int64_t upto_fact;
	int64_t ended_at;	    /* the volume's end; 0: none is known */
	struct explain_hour *hours; /* owned; by hour */
	size_t count, cap;
	/* The measured hours that estimates rest on, of all accounts: their
	 * bins have no rate and no cost. */
	struct explain_hour *sources; /* owned; by hour */
	size_t source_count;
	bool removed; /* some hours rest on samples that are gone */
};

/* How an amount was made of an exact value. */
struct explain_rounding {
	/* Document: what was rounded as a whole, and came out. Of a correction
	 * the closed period, less what was billed for it before. */
	struct exact *exact, *rounded; /* owned */
	struct exact *billed;	       /* owned; of corrections */
	/* The line's own value, cut down, and what that took away. */
	struct exact *cut, *lost; /* owned */
	size_t rank, sharers;	  /* by what was lost, the most first */
	struct exact *missing;	  /* owned: units, of all sharers together */
	/* Line: a correction is what its lines come to, each rounded, less
	 * what was billed for the volume. */
	struct exact *lines; /* owned */
};

/* A fact that came between the two sides of a correction: a rate, or an end
 * of the volume. */
struct explain_news {
	bool is_end;
	int64_t ended_at;
	struct rate rate;
	struct explain_fact fact;
};

struct explain {
	struct invoice invoice; /* owned: the bill */
	size_t line;		/* from 1 */
	bool correction;
	int64_t only_hour; /* the one that is shown; 0: all */
	int64_t from, to;  /* the month of the line, or the closed period */
	int64_t volume;	   /* row */
	const struct invoice_line *usage;	    /* in invoice; or NULL */
	const struct invoice_correction *corrected; /* in invoice; or NULL */
	struct explain_side now;
	struct rating_hours hours;	  /* of the side now */
	struct exact *byte_hours, *exact; /* owned: what the hours add up to */
	bool adds_up;	    /* only with samples that are gone it may not */
	const char *amount; /* in invoice; NULL: there is no total */
	struct explain_rounding rounding;
	/* Of usage. */
	bool rated;
	struct rate rate; /* when rated */
	struct explain_fact rate_fact;
	/* Of a correction. */
	char corrects[INVOICE_NUMBER_SIZE];
	struct explain_side before;
	struct explain_news *news; /* owned; by fact */
	size_t news_count;
};

/*
 * Explains a line of a bill, counted from 1 in the order of its JSON: lines
 * first, corrections behind them. The bill is named by its number, or by
 * ACCOUNT/PERIOD. hour (unix seconds; 0: all hours) limits what is shown.
 * From one state of the database, as known at now. out must be empty;
 * explain_fini gives it back, also after an error.
 */
bool explain_build(struct sql *db, const char *bill, int64_t line, int64_t hour,
    int64_t now, struct explain *out, struct err *err);
void explain_fini(struct explain *explain);

/* For who sees one account only: takes other accounts' samples out of what is
 * shown. What the hours come to stays as it is. */
void explain_keep_account(struct explain *explain, int64_t account);

/* Whether an hour is shown: not with only_hour, nor one of a correction that
 * costs the same on both sides. */
bool explain_is_shown(const struct explain *explain, int64_t hour);

/* The hour of a side; NULL when it has none. */
const struct explain_hour *explain_hour_of(
    const struct explain_side *side, int64_t hour);

/* Plain text in at most 100 columns; one JSON object, indented. */
void explain_text(const struct explain *explain, struct buf *out);
void explain_json(const struct explain *explain, struct buf *out);

/* Bytes of a sample's bin; 0 when it has none of that age. */
int64_t explain_bytes_of(
    const struct explain_sample *sample, uint32_t age_hours);

/* By which policy an hour without samples is what it is. */
enum account_gap explain_policy(
    const struct explain *explain, const struct explain_hour *hour);

#endif
