/*
 * keep.h - a sample, or the end of a volume, into the tables with all that
 * follows from it: what the ledger and a release share.
 */
#ifndef SRC_KEEP_H
#define SRC_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "day.h"
#include "grace.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "report.h"
#include "sample.h"
#include "volume.h"

/* The zero value with a db is fine for keep_load. */
struct keep {
	struct sql *db;	      /* borrowed */
	int64_t announced_at; /* what ended up to then is being closed */
	struct grace grace;
	struct day_progress days; /* of this transaction */
	/* Of the report, or the release, at hand. */
	int64_t fact;
	int64_t closed_hour;	 /* the first one behind closed periods */
	struct sample_rows rows; /* what it stored */
};

/* What the transaction that was just opened finds. */
bool keep_load(struct keep *keep, struct err *err);

/* Begins a report, or a release, with the fact that it will have. */
void keep_begin(struct keep *keep, int64_t fact, int64_t now);
void keep_fini(struct keep *keep);

/* Whether the samples of an instant's day (unix seconds) are gone, so that
 * none can be added. */
bool keep_is_removed(const struct keep *keep, int64_t at);

/* As sample_store; place->fact is that of keep_begin. */
enum sample_result keep_sample(struct keep *keep, const struct report *report,
    const struct report_volume *rv, const struct sample_place *place,
    struct sample_known *before, struct err *err);

/* As volume_note_retirement and volume_extend. */
bool keep_end(struct keep *keep, struct volume *v, int64_t retired_at,
    bool *changed, struct err *err);
bool keep_extend(
    struct keep *keep, struct volume *v, int64_t until, struct err *err);

#endif
