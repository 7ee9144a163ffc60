/*
 * correction.h - what closed periods have to be corrected by.
 *
 * Of a closed period P of an account, delta = rounded(exact cost of P as it is
 * known now) - what was billed for P so far, in its own invoice and in later
 * corrections. It is shared over the volumes whose exact cost is another one,
 * by largest remainder of the exact differences, ties to the earlier by name
 * and UUID; when all cost again what was billed for them, but rounding moved
 * units with earlier corrections, over those that were corrected, by what they
 * are owed; with rounding per line each volume gets the sum of its rounded
 * lines less what was billed for it. So the documents of P always add up to
 * the rounded truth.
 *
 * Corrections stand on one document only: that of the first period behind the
 * latest closed one, passing over those that are over and empty.
 */
#ifndef SRC_CORRECTION_H
#define SRC_CORRECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive.h"
#include "invoice.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "lib/uuid.h"

/*
 * Adds to a bill that was built with query what its account's closed periods
 * have to be corrected by, and adds its total up anew, inside the caller's
 * read transaction. *carries says whether the bill is the one that carries
 * corrections, also if there is none. Usage of a closed period that has no
 * rate now makes the bill one with unrated usage.
 */
bool correction_add(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, bool *carries, struct err *err);

/* A volume that costs another in a closed period than was billed. */
struct correction_change {
	int64_t volume; /* row */
	struct uuid volume_id;
	char *name;	      /* owned: its latest one of the period */
	struct exact *exact;  /* owned: its cost now, less what was billed */
	struct exact *billed; /* owned: money billed for it so far */
	struct exact *owed;   /* owned: its cost now, less that money */
	struct exact *amount; /* owned: money that is to be billed now */
	int64_t upto_fact;    /* of the document that billed it last */
};

/* What a closed period has to be corrected by. */
struct correction_review {
	struct correction_change *list; /* owned; by name and UUID */
	size_t count;
	struct exact *exact;  /* owned: the cost of all of it now */
	struct exact *billed; /* owned: money billed for it so far */
	bool unrated;	      /* usage without a rate: the rest is not set */
};

/* Compares what a closed period of an account costs, as known at the head and
 * now of query, with what was billed for it in all documents, or in those
 * before an invoice (its row; 0: all), inside the caller's read transaction.
 * out must be empty; correction_review_fini gives it back, also after an
 * error. */
bool correction_review(struct sql *db, const struct account *account,
    const struct archive_row *row, const struct invoice_query *query,
    int64_t before, struct correction_review *out, struct err *err);
void correction_review_fini(struct correction_review *review);

#endif
