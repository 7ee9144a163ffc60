/*
 * utc_test.c - unit tests of lib/utc.c. The calendar is checked against a
 * second one that is too simple to be wrong (it counts days one by one), and
 * at a few dates that anybody can look up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/utc.h"

static bool
is_leap(int year)
{
	if (year % 400 == 0)
		return true;
	return year % 4 == 0 && year % 100 != 0;
}

static int
month_days(int year, int month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void
check_day(int64_t day, int year, int month, int dom)
{
	int64_t at = day * UTC_DAY_SECS, parsed;
	struct utc_civil c;
	char text[UTC_TEXT_SIZE];

	assert_int_equal(utc_from_date(year, month, dom), at);
	utc_to_civil(at + UTC_DAY_SECS - 1, &c);
	assert_int_equal(c.year, year);
	assert_int_equal(c.month, month);
	assert_int_equal(c.day, dom);
	assert_int_equal(c.hour, 23);
	assert_int_equal(c.minute, 59);
	assert_int_equal(c.second, 59);
	assert_int_equal(c.weekday, (day + 4) % 7);
	utc_format(at, text);
	assert_true(utc_parse(text, strlen(text), &parsed, NULL));
	assert_int_equal(parsed, at);
}

static void
every_day_from_1970_to_2200_is_counted_right(void **state)
{
	int64_t day = 0;
	int year, month, dom;

	(void)state;
	for (year = 1970; year <= 2200; year++)
		for (month = 1; month <= 12; month++)
			for (dom = 1; dom <= month_days(year, month); dom++)
				check_day(day++, year, month, dom);
}

static void
months_start_and_follow_each_other(void **state)
{
	int64_t start = utc_from_date(2000, 1, 1), next;
	int i, year, month;

	(void)state;
	for (i = 0; i < 12 * 200; i++) {
		year = 2000 + i / 12;
		month = i % 12 + 1;
		next = start + (int64_t)month_days(year, month) * UTC_DAY_SECS;
		assert_int_equal(utc_month_start(start), start);
		assert_int_equal(utc_month_start(next - 1), start);
		assert_int_equal(utc_month_add(start, 1), next);
		assert_int_equal(utc_month_add(next, -1), start);
		assert_int_equal(
		    utc_month_add(utc_from_date(2000, 1, 1), i), start);
		assert_int_equal(utc_from_date(2000, i + 1, 1), start);
		start = next;
	}
}

static void
dates_before_1970_are_counted_down(void **state)
{
	struct utc_civil c;

	(void)state;
	utc_to_civil(-1, &c);
	assert_int_equal(c.year, 1969);
	assert_int_equal(c.month, 12);
	assert_int_equal(c.day, 31);
	assert_int_equal(c.second, 59);
	assert_int_equal(c.weekday, 3);
	assert_int_equal(utc_from_date(1900, 3, 1), -2203891200);
	assert_int_equal(utc_from_date(0, 1, 1), -62167219200);
}

static void
days_may_overflow_upwards(void **state)
{
	(void)state;
	assert_int_equal(utc_from_date(2023, 2, 29), utc_from_date(2023, 3, 1));
	assert_int_equal(
	    utc_from_date(2023, 13, 32), utc_from_date(2024, 2, 1));
}

static void
texts_are_written_as_promised(void **state)
{
	char text[UTC_TEXT_SIZE];

	(void)state;
	assert_string_equal(
	    utc_format(1790812800, text), "2026-10-01T00:00:00Z");
	assert_string_equal(
	    utc_format(1790812799, text), "2026-09-30T23:59:59Z");
	assert_string_equal(utc_format_date(1790812799, text), "2026-09-30");
	assert_string_equal(utc_format_mail(1790812800, text),
	    "Thu, 01 Oct 2026 00:00:00 +0000");
	assert_string_equal(
	    utc_format_mail(951782400 + 3600 * 7 + 60 * 8 + 9, text),
	    "Tue, 29 Feb 2000 07:08:09 +0000");
}

static void
no_instant_overflows_a_text(void **state)
{
	char text[UTC_TEXT_SIZE];

	(void)state;
	assert_string_equal(
	    utc_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(
	    utc_format(INT64_MIN, text), "0000-01-01T00:00:00Z");
	assert_string_equal(utc_format_mail(INT64_MAX, text),
	    "Fri, 31 Dec 9999 23:59:59 +0000");
}

static const struct {
	const char *text;
	int64_t at;
	int32_t nanos;
} good[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"2026-10-01T00:00:00Z", 1790812800, 0},
    {"2026-10-01T00:00:00.5Z", 1790812800, 500000000},
    {"2026-10-01T00:00:00.000000001Z", 1790812800, 1},
    {"2026-10-01T00:00:00.123456789+00:00", 1790812800, 123456789},
    {"2026-10-01T02:00:00+02:00", 1790812800, 0},
    {"2026-09-30T18:30:00-05:30", 1790812800, 0},
    {"2026-10-01T23:59:00+23:59", 1790812800, 0},
    {"2026-10-01T00:00:00-00:00", 1790812800, 0},
    {"2000-02-29T12:34:56Z", 951827696, 0},
    {"2400-02-29T00:00:00Z", 13574563200, 0},
    {"0000-01-01T00:00:00Z", -62167219200, 0},
    {"9999-12-31T23:59:59Z", 253402300799, 0},
};

static void
times_are_read_with_fraction_and_offset(void **state)
{
	int64_t at;
	int32_t nanos;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(
		    utc_parse(good[i].text, strlen(good[i].text), &at, &nanos));
		assert_int_equal(at, good[i].at);
		assert_int_equal(nanos, good[i].nanos);
	}
}

static const char *const bad[] = {
    "",
    "2026-10-01",
    "2026-10-01T00:00:00",
    "2026-10-01T00:00Z",
    "2026-10-01 00:00:00Z",
    "2026-10-01t00:00:00Z",
    "2026-10-01T00:00:00z",
    "2026-10-01T00:00:00Z ",
    " 2026-10-01T00:00:00Z",
    "2026-10-01T00:00:00ZZ",
    "2026-10-01T00:00:00.Z",
    "2026-10-01T00:00:00.",
    "2026-10-01T00:00:00.5",
    "2026-10-01T00:00:00,5Z",
    "2026-10-01T00:00:00.1234567890Z",
    "2026-10-01T00:00:00+0200",
    "2026-10-01T00:00:00+02",
    "2026-10-01T00:00:00+24:00",
    "2026-10-01T00:00:00+00:60",
    "2026-10-01T00:00:00+0a:00",
    "2026-10-01T00:00:00+00-00",
    "2026-10-01T24:00:00Z",
    "2026-10-01T00:60:00Z",
    "2026-12-31T23:59:60Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-10-00T00:00:00Z",
    "2026-10-32T00:00:00Z",
    "2026-09-31T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "+026-10-01T00:00:00Z",
    "20 6-10-01T00:00:00Z",
    "2026/10/01T00:00:00Z",
    "2026-1-001T00:00:00Z",
    "2026-10-01T00.00:00Z",
    "2026-10-01T00:00.00Z",
    "2026-10-01T0x:00:00Z",
};

static void
anything_else_is_refused(void **state)
{
	int64_t at;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (utc_parse(bad[i], strlen(bad[i]), &at, NULL))
			fail_msg("taken: %s", bad[i]);
}

static void
every_cut_of_a_time_is_refused(void **state)
{
	static const char text[] = "2026-10-01T00:00:00.25+02:00";
	char copy[sizeof text];
	int64_t at;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof text - 1; len++) {
		memcpy(copy, text, len);
		assert_false(utc_parse(copy, len, &at, NULL));
	}
	assert_true(utc_parse(text, len, &at, NULL));
}

/* Against the definition: the civil year of the week's Thursday, and how many
 * Thursdays of it there were. */
static void
every_week_from_1970_to_2200_is_counted_right(void **state)
{
	int64_t at, monday, thursday, first;
	struct utc_civil civil;
	int year, week;

	(void)state;
	for (at = 0; at < utc_from_date(2201, 1, 1); at += UTC_DAY_SECS) {
		utc_to_civil(at, &civil);
		monday = at - (civil.weekday + 6) % 7 * INT64_C(86400);
		thursday = monday + 3 * INT64_C(86400);
		utc_to_civil(thursday, &civil);
		first = utc_from_date(civil.year, 1, 1);
		utc_iso_week(at + UTC_DAY_SECS - 1, &year, &week);
		assert_int_equal(year, civil.year);
		assert_int_equal(
		    week, (thursday - first) / (7 * INT64_C(86400)) + 1);
		assert_true(utc_from_iso_week(year, week, &first));
		assert_int_equal(first, monday);
	}
}

static void
only_long_years_have_a_week_53(void **state)
{
	int64_t at;

	(void)state;
	assert_true(utc_from_iso_week(2026, 53, &at));
	assert_int_equal(at, utc_from_date(2026, 12, 28));
	assert_false(utc_from_iso_week(2025, 53, &at));
	assert_false(utc_from_iso_week(2026, 54, &at));
	assert_false(utc_from_iso_week(2026, 0, &at));
	assert_true(utc_from_iso_week(2025, 1, &at));
	assert_int_equal(at, utc_from_date(2024, 12, 30));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_day_from_1970_to_2200_is_counted_right),
	    cmocka_unit_test(months_start_and_follow_each_other),
	    cmocka_unit_test(dates_before_1970_are_counted_down),
	    cmocka_unit_test(days_may_overflow_upwards),
	    cmocka_unit_test(every_week_from_1970_to_2200_is_counted_right),
	    cmocka_unit_test(only_long_years_have_a_week_53),
	    cmocka_unit_test(texts_are_written_as_promised),
	    cmocka_unit_test(no_instant_overflows_a_text),
	    cmocka_unit_test(times_are_read_with_fraction_and_offset),
	    cmocka_unit_test(anything_else_is_refused),
	    cmocka_unit_test(every_cut_of_a_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
