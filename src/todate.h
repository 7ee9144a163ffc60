/*
 * todate.h - a day or a week as the period of a summary.
 *
 * What a summary of a day or a week shows is a month to date: the bill of the
 * month that its last day lies in, as far as that day's end.
 */
#ifndef SRC_TODATE_H
#define SRC_TODATE_H

#include <stdbool.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/utc.h"

struct todate {
	int64_t from, to; /* unix seconds; [from, to) */
};

/* "2026-10-04" or an ISO 8601 week, "2026-W40", of the years 2000 to 2199;
 * false for anything else. */
bool todate_parse(const char *text, struct todate *out);

/* What is shown at now (unix seconds): the bill of month without the hours
 * from *until on, which is the end of the day or week; or 0 when nothing is to
 * be left out, since that end has not come or is the month's. day is the date
 * that the bill reaches to. ERR_INPUT before it has begun. */
bool todate_month(const struct todate *todate, int64_t now,
    struct invoice_period *month, int64_t *until, char day[UTC_TEXT_SIZE],
    struct err *err);

#endif
