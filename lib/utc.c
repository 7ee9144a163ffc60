/*
 * utc.c - the calendar of utc.h: whole numbers in, whole numbers out.
 *
 * Days since 1970 and civil dates are turned into each other as in Howard
 * Hinnant's "chrono-Compatible Low-Level Date Algorithms": years are counted
 * from 1 March, so that the leap day is the last of its year, in eras of 400
 * years that all have the same length. Owns nothing, and asks nobody for a
 * locale or a time zone.
 *
 * Texts have years of four digits; an instant outside the years 0 to 9999 is
 * written as the first or the last second of them.
 */
#include <string.h>

#include "utc.h"

enum {
	ERA_YEARS = 400,
	ERA_DAYS = 146097,   /* days in 400 years */
	EPOCH_DAYS = 719468, /* 0000-03-01 to 1970-01-01 */
	EPOCH_WEEKDAY = 4,   /* 1970-01-01 was a Thursday */
	NANO_DIGITS = 9,
	DATE_TIME_LEN = 19, /* "2026-10-01T00:00:00" */
};

static const int64_t FIRST_WRITABLE = -62167219200; /* 0000-01-01T00:00:00Z */
static const int64_t LAST_WRITABLE = 253402300799;  /* 9999-12-31T23:59:59Z */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days from 1970-01-01; month 1..12, day may be any number. */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, ERA_YEARS);
	int64_t year_of_era = y - era * ERA_YEARS;
	int64_t from_march = month > 2 ? month - 3 : month + 9;
	int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;

	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - EPOCH_DAYS;
}

static void
civil_from_days(int64_t days, struct utc_civil *out)
{
	int64_t z = days + EPOCH_DAYS;
	int64_t era = floor_div(z, ERA_DAYS);
	int64_t day_of_era = z - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 +
				  day_of_era / 36524 - day_of_era / 146096) /
			      365;
	int64_t day_of_year =
	    day_of_era -
	    (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int from_march = (int)((5 * day_of_year + 2) / 153);

	out->day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
	out->month = from_march < 10 ? from_march + 3 : from_march - 9;
	out->year = (int)(year_of_era + era * ERA_YEARS + (out->month <= 2));
	out->weekday = (int)(days + EPOCH_WEEKDAY -
			     7 * floor_div(days + EPOCH_WEEKDAY, 7));
}

void
utc_to_civil(int64_t at, struct utc_civil *out)
{
	int secs = (int)(at % UTC_DAY_SECS);

	if (secs < 0)
		secs += UTC_DAY_SECS;
	civil_from_days(floor_div(at, UTC_DAY_SECS), out);
	out->hour = secs / UTC_HOUR_SECS;
	out->minute = secs / 60 % 60;
	out->second = secs % 60;
}

/* Midnight of a day of the month that lies months_on after January of year;
 * either may be negative. */
static int64_t
from_months(int64_t year, int64_t months_on, int day)
{
	int64_t years = floor_div(months_on, 12);
	int month = (int)(months_on - 12 * years) + 1;

	return days_from_civil(year + years, month, day) * UTC_DAY_SECS;
}

int64_t
utc_from_date(int year, int month, int day)
{
	return from_months(year, (int64_t)month - 1, day);
}

int64_t
utc_month_start(int64_t at)
{
	return utc_month_add(at, 0);
}

int64_t
utc_month_add(int64_t month_start, int months)
{
	struct utc_civil civil;

	utc_to_civil(month_start, &civil);
	return from_months(civil.year, (int64_t)civil.month - 1 + months, 1);
}

/* Days from Monday: 1970-01-01 was a Thursday. */
static int64_t
days_since_monday(int64_t days)
{
	return days + 3 - 7 * floor_div(days + 3, 7);
}

/* Monday of week 1: the week that 4 January lies in. */
static int64_t
first_monday(int64_t year)
{
	int64_t fourth = days_from_civil(year, 1, 4);

	return fourth - days_since_monday(fourth);
}

void
utc_iso_week(int64_t at, int *year, int *week)
{
	int64_t days = floor_div(at, UTC_DAY_SECS);
	int64_t monday = days - days_since_monday(days);
	struct utc_civil thursday;

	civil_from_days(monday + 3, &thursday);
	*year = thursday.year;
	*week = (int)((monday - first_monday(thursday.year)) / 7) + 1;
}

bool
utc_from_iso_week(int year, int week, int64_t *at)
{
	int64_t monday = first_monday(year) + 7 * ((int64_t)week - 1);

	*at = monday * UTC_DAY_SECS;
	return week >= 1 && monday < first_monday((int64_t)year + 1);
}

/* Reads count digits; *bad becomes true when one of them is none. */
static int
read_digits(const char *text, int count, bool *bad)
{
	unsigned digit, value = 0;
	int i;

	for (i = 0; i < count; i++) {
		digit = (unsigned)(unsigned char)text[i] - '0';
		*bad |= digit > 9;
		value = value * 10 + digit;
	}
	return (int)value;
}

static int
days_in_month(int year, int month)
{
	static const int8_t days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Reads the first DATE_TIME_LEN characters. */
static bool
parse_date_time(const char *text, int64_t *at)
{
	int year, month, day, hour, minute, second;
	bool bad = false;

	year = read_digits(text, 4, &bad);
	month = read_digits(text + 5, 2, &bad);
	day = read_digits(text + 8, 2, &bad);
	hour = read_digits(text + 11, 2, &bad);
	minute = read_digits(text + 14, 2, &bad);
	second = read_digits(text + 17, 2, &bad);
	if (bad || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
	    text[13] != ':' || text[16] != ':')
		return false;
	if (month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*at = days_from_civil(year, month, day) * UTC_DAY_SECS +
	      (int64_t)hour * UTC_HOUR_SECS + (int64_t)minute * 60 + second;
	return true;
}

/* Reads ".123", if there is one, from text[*pos] on and moves *pos behind
 * it. */
static bool
parse_fraction(const char *text, size_t len, size_t *pos, int32_t *nanos)
{
	size_t i = *pos;
	int digits = 0;
	bool bad = false;

	*nanos = 0;
	if (i == len || text[i] != '.')
		return true;
	for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		if (++digits > NANO_DIGITS)
			return false;
		*nanos = *nanos * 10 + read_digits(text + i, 1, &bad);
	}
	*pos = i;
	if (digits == 0)
		return false;
	for (; digits < NANO_DIGITS; digits++)
		*nanos *= 10;
	return true;
}

/* Reads "Z" or "+hh:mm", which must be all of text. */
static bool
parse_offset(const char *text, size_t len, int64_t *offset_secs)
{
	int hours, minutes;
	bool bad = false;

	*offset_secs = 0;
	if (len == 1)
		return text[0] == 'Z';
	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return false;
	hours = read_digits(text + 1, 2, &bad);
	minutes = read_digits(text + 4, 2, &bad);
	if (bad || hours > 23 || minutes > 59)
		return false;
	*offset_secs = (int64_t)hours * UTC_HOUR_SECS + (int64_t)minutes * 60;
	if (text[0] == '-')
		*offset_secs = -*offset_secs;
	return true;
}

bool
utc_parse(const char *text, size_t len, int64_t *at, int32_t *nanos)
{
	size_t pos = DATE_TIME_LEN;
	int64_t local, offset_secs;
	int32_t fraction;

	if (len <= DATE_TIME_LEN || !parse_date_time(text, &local) ||
	    !parse_fraction(text, len, &pos, &fraction) ||
	    !parse_offset(text + pos, len - pos, &offset_secs))
		return false;
	*at = local - offset_secs;
	if (nanos != NULL)
		*nanos = fraction;
	return true;
}

/* Writes value with that many digits and returns what follows them. */
static char *
put_digits(char *out, int value, int count)
{
	int i;

	for (i = count - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + count;
}

static char *
put_text(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len + 1);
	return out + len;
}

static char *
put_date(char *out, const struct utc_civil *civil)
{
	out = put_digits(out, civil->year, 4);
	*out++ = '-';
	out = put_digits(out, civil->month, 2);
	*out++ = '-';
	out = put_digits(out, civil->day, 2);
	*out = '\0';
	return out;
}

static char *
put_time(char *out, const struct utc_civil *civil)
{
	out = put_digits(out, civil->hour, 2);
	*out++ = ':';
	out = put_digits(out, civil->minute, 2);
	*out++ = ':';
	return put_digits(out, civil->second, 2);
}

static void
to_writable(int64_t at, struct utc_civil *out)
{
	if (at < FIRST_WRITABLE)
		at = FIRST_WRITABLE;
	if (at > LAST_WRITABLE)
		at = LAST_WRITABLE;
	utc_to_civil(at, out);
}

char *
utc_format(int64_t at, char out[UTC_TEXT_SIZE])
{
	struct utc_civil civil;
	char *p;

	to_writable(at, &civil);
	p = put_date(out, &civil);
	*p++ = 'T';
	p = put_time(p, &civil);
	put_text(p, "Z");
	return out;
}

char *
utc_format_date(int64_t at, char out[UTC_TEXT_SIZE])
{
	struct utc_civil civil;

	to_writable(at, &civil);
	put_date(out, &civil);
	return out;
}

char *
utc_format_mail(int64_t at, char out[UTC_TEXT_SIZE])
{
	static const char days[][6] = {
	    "Sun, ", "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, "};
	static const char months[][6] = {" Jan ", " Feb ", " Mar ", " Apr ",
	    " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ",
	    " Dec "};
	struct utc_civil civil;
	char *p;

	to_writable(at, &civil);
	p = put_text(out, days[civil.weekday]);
	p = put_digits(p, civil.day, 2);
	p = put_text(p, months[civil.month - 1]);
	p = put_digits(p, civil.year, 4);
	*p++ = ' ';
	p = put_time(p, &civil);
	put_text(p, " +0000");
	return out;
}
