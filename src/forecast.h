/*
 * forecast.h - what an open period will come to: its cost to date, and each
 * volume's remaining hours at the mean of its last 24 measured hours.
 *
 * The mean is of the whole volume, whoever paid those hours, each age bin for
 * itself; the account of the last sample pays. Remaining are the hours from
 * the one at hand on, or behind the last measured one, to the period's end or
 * the volume's; each at the rate that holds then, as far as it is known. A
 * forecast is rounded once, as a document. Of a period that has ended it is
 * the total.
 */
#ifndef SRC_FORECAST_H
#define SRC_FORECAST_H

#include <stdbool.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	FORECAST_HOURS = 24
};

/* Adds the forecast to each of some bills of one period that were built with
 * query, and to which their corrections have been added, inside the caller's
 * read transaction. While usage has no rate there is none. */
bool forecast_add(struct sql *db, struct invoice *invoices, size_t count,
    const struct invoice_query *query, struct err *err);

#endif
