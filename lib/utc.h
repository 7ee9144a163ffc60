/*
 * utc.h - instants and the calendar, UTC only.
 *
 * An instant is unix seconds; a civil date is the proleptic Gregorian one
 * (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). No time
 * zone, no leap second, no locale: an hour is 3600 s everywhere.
 */
#ifndef LIB_UTC_H
#define LIB_UTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UTC_HOUR_SECS = 3600,
	UTC_DAY_SECS = 86400,
	UTC_TEXT_SIZE = 32, /* fits every text made here, with its NUL */
};

struct utc_civil {
	int year;  /* 1970.. */
	int month; /* 1..12 */
	int day;   /* 1..31 */
	int hour, minute, second;
	int weekday; /* 0 is Sunday */
};

void utc_to_civil(int64_t at, struct utc_civil *out);

/* Midnight at the start of a civil day; month and day may overflow upwards
 * (month 13 is next January). */
int64_t utc_from_date(int year, int month, int day);

/* Start of the month that at lies in; and of the month n further on. */
int64_t utc_month_start(int64_t at);
int64_t utc_month_add(int64_t month_start, int months);

/* The week of ISO 8601 that at lies in: weeks begin on Monday, and week 1 of
 * a year (which may not be the civil one) has its first Thursday. */
void utc_iso_week(int64_t at, int *year, int *week);

/* Monday's midnight of such a week; false when the year has no week of that
 * number. */
bool utc_from_iso_week(int year, int week, int64_t *at);

/* Parses RFC 3339 (date, T, time, optional 1 to 9 digits of fraction, Z or
 * an offset), all len bytes of it. A second of 60 is not taken. nanos may be
 * NULL; a fraction is then dropped. */
bool utc_parse(const char *text, size_t len, int64_t *at, int32_t *nanos);

/* "2026-10-01T00:00:00Z"; returns out. */
char *utc_format(int64_t at, char out[UTC_TEXT_SIZE]);

/* "2026-10-01"; returns out. */
char *utc_format_date(int64_t at, char out[UTC_TEXT_SIZE]);

/* "Thu, 01 Oct 2026 00:00:00 +0000" (RFC 5322); returns out. */
char *utc_format_mail(int64_t at, char out[UTC_TEXT_SIZE]);

#endif
