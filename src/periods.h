/*
 * periods.h - the periods that accounts are invoiced by, from the first with
 * samples to the one at hand, and what became of each.
 *
 * A closed one is what its invoice's row says, and none of its hours are
 * looked at; one that was found empty, and has no samples, is not looked at
 * either. The others are billed as they are known now.
 */
#ifndef SRC_PERIODS_H
#define SRC_PERIODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive.h"
#include "grace.h"
#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

struct periods_row {
	const struct account *account; /* borrowed */
	struct invoice_period period;
	const char *state;  /* static: "open", .., "closed", "empty" */
	const char *reason; /* static; NULL: none */
	/* When closed: the archive's row. Borrowed; NULL: not closed. */
	const struct archive_row *closed;
	/* Of one that is billed now: has_hours is true. Owned. */
	bool has_hours;
	struct rating_hours hours;
	char *total, *exact, *forecast; /* NULL: none */
};

typedef bool periods_fn(
    void *ctx, const struct periods_row *row, struct err *err);

/* Calls each for the periods of the accounts, in their order and by time, as
 * known at now (unix seconds), from one state of the database. */
bool periods_each(struct sql *db, const struct account *accounts, size_t count,
    int64_t now, periods_fn *each, void *ctx, struct err *err);

/* Whether the grace time of a period is over, and there is nothing to bill: it
 * has no document then. */
bool periods_is_empty(
    const struct invoice *invoice, const struct grace *grace, int64_t now);

#endif
