/*
 * todate.c - days and weeks of todate.h. In: texts and the time. Out: the
 * month and the instant for which a bill is made. Owns nothing.
 */
#include <stdio.h>
#include <string.h>

#include "todate.h"

enum {
	FIRST_YEAR = 2000,
	LAST_YEAR = 2199,
	WEEK_DAYS = 7,
};

static bool
parse_day(const char *text, struct todate *out)
{
	char whole[UTC_TEXT_SIZE];

	if (strlen(text) != strlen("2026-10-04"))
		return false;
	snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
	out->to = 0;
	if (!utc_parse(whole, strlen(whole), &out->from, NULL))
		return false;
	out->to = out->from + UTC_DAY_SECS;
	return true;
}

static bool
parse_week(const char *text, struct todate *out)
{
	static const char shape[] = "dddd-Wdd";
	int year = 0, week = 0;

	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i] != '\0'; i++) {
		int *number = i < 4 ? &year : &week;

		if (shape[i] != 'd' && text[i] != shape[i])
			return false;
		if (shape[i] != 'd')
			continue;
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = 10 * *number + (text[i] - '0');
	}
	if (!utc_from_iso_week(year, week, &out->from))
		return false;
	out->to = out->from + (int64_t)WEEK_DAYS * UTC_DAY_SECS;
	return true;
}

bool
todate_parse(const char *text, struct todate *out)
{
	return (parse_day(text, out) || parse_week(text, out)) &&
	       out->from >= utc_from_date(FIRST_YEAR, 1, 1) &&
	       out->to <= utc_from_date(LAST_YEAR + 1, 1, 1);
}

bool
todate_month(const struct todate *todate, int64_t now,
    struct invoice_period *month, int64_t *until, char day[UTC_TEXT_SIZE],
    struct err *err)
{
	int64_t at = now < todate->to ? now : todate->to;
	char from[UTC_TEXT_SIZE];

	if (at <= todate->from)
		return err_set(err, ERR_INPUT,
		    "this day or week begins at %s only",
		    utc_format(todate->from, from));
	/* At midnight it is the day that has just ended. */
	invoice_month_of(at - 1, month);
	utc_format_date(at - 1, day);
	*until = at < now && at < month->to ? at : 0;
	return true;
}
