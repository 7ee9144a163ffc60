/*
 * correction.h - what closed periods have to be corrected by.
 *
 * Of a closed period P of an account, delta = rounded(exact cost of P as it is
 * known now) - what was billed for P so far, in its own invoice and in later
 * corrections. It is shared over the volumes whose exact cost is another one,
 * by largest remainder of the exact differences, ties to the earlier by name
 * and UUID; with rounding per line each volume gets the sum of its rounded
 * lines less what was billed for it. So the documents of P always add up to
 * the rounded truth.
 *
 * Corrections stand on one document only: that of the first period behind the
 * latest closed one, passing over those that are over and empty.
 */
#ifndef SRC_CORRECTION_H
#define SRC_CORRECTION_H

#include <stdbool.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

/*
 * Adds to a bill that was built with query what its account's closed periods
 * have to be corrected by, and adds its total up anew, inside the caller's
 * read transaction. *carries says whether the bill is the one that carries
 * corrections, also if there is none. Usage of a closed period that has no
 * rate now makes the bill one with unrated usage.
 */
bool correction_add(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, bool *carries, struct err *err);

#endif
