/*
 * close_part.h - what close.c and close_due.c share: bills on their way into
 * the archive. For these two alone.
 */
#ifndef SRC_CLOSE_PART_H
#define SRC_CLOSE_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "close.h"
#include "correction.h"
#include "forecast.h"

struct close_bill {
	struct invoice invoice; /* owned */
	bool carries;		/* what is corrected stands on it */
	bool overtaken;		/* the account got another invoice since */
	int64_t latest;		/* row of the account's latest invoice then */
	enum close_result result;
};

struct close_set {
	struct close_bill *bills; /* owned */
	size_t count;
};

/* Builds the bills of a period in a read transaction of its own, on facts
 * stated before an instant (0: on all). set must be empty; close_set_fini
 * gives it back, also after an error. */
bool close_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t now, int64_t before,
    struct close_set *set, struct err *err);
void close_set_fini(struct close_set *set);

/* Numbers, writes and stores at most CLOSE_BATCH bills as one transaction; the
 * order of the list may change. Those marked overtaken then were left out. */
bool close_store(struct sql *db, const struct close_order *order,
    struct close_bill **bills, size_t count, struct err *err);

#endif
