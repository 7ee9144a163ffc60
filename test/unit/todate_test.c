/*
 * todate_test.c - unit tests of src/todate.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/todate.h"

static int64_t
at(const char *text)
{
	int64_t secs;

	if (!utc_parse(text, strlen(text), &secs, NULL))
		fail_msg("no time: %s", text);
	return secs;
}

/* The month, the day and the end that a period shows at now; "" for no end. */
static void
shows(const char *period, const char *now, const char *month, const char *day,
    const char *end)
{
	struct todate todate;
	struct invoice_period found;
	struct err err = ERR_INIT;
	char text[UTC_TEXT_SIZE], until[UTC_TEXT_SIZE];
	int64_t secs;

	if (!todate_parse(period, &todate))
		fail_msg("refused: %s", period);
	if (!todate_month(&todate, at(now), &found, &secs, until, &err))
		fail_msg("%s: %s", period, err.text);
	assert_string_equal(found.text, month);
	assert_string_equal(until, day);
	assert_string_equal(secs != 0 ? utc_format(secs, text) : "", end);
}

static void
a_day_reaches_to_its_end_or_to_now(void **state)
{
	(void)state;
	shows("2026-10-04", "2026-10-05T06:00:00Z", "2026-10", "2026-10-04",
	    "2026-10-05T00:00:00Z");
	shows(
	    "2026-10-04", "2026-10-04T18:30:00Z", "2026-10", "2026-10-04", "");
	shows(
	    "2026-10-04", "2026-10-05T00:00:00Z", "2026-10", "2026-10-04", "");
	/* The end of the month is its own. */
	shows(
	    "2026-10-31", "2026-11-01T06:00:00Z", "2026-10", "2026-10-31", "");
	shows(
	    "2024-02-29", "2025-01-01T00:00:00Z", "2024-02", "2024-02-29", "");
	shows(
	    "2026-10-01", "2026-10-01T00:00:01Z", "2026-10", "2026-10-01", "");
}

static void
a_week_shows_the_month_of_its_last_day(void **state)
{
	(void)state;
	shows("2026-W40", "2026-10-05T06:00:00Z", "2026-10", "2026-10-04",
	    "2026-10-05T00:00:00Z");
	/* 28 September to 4 October, while it is still September. */
	shows("2026-W40", "2026-09-30T12:00:00Z", "2026-09", "2026-09-30", "");
	shows("2026-W53", "2027-01-04T06:00:00Z", "2027-01", "2027-01-03",
	    "2027-01-04T00:00:00Z");
}

static void
what_has_not_begun_is_refused(void **state)
{
	struct todate todate;
	struct invoice_period month;
	struct err err = ERR_INIT;
	char day[UTC_TEXT_SIZE];
	int64_t secs;

	(void)state;
	assert_true(todate_parse("2026-10-04", &todate));
	assert_false(todate_month(
	    &todate, at("2026-10-04T00:00:00Z"), &month, &secs, day, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(
	    err.text, "this day or week begins at 2026-10-04T00:00:00Z only");
}

static void
anything_else_is_no_day_and_no_week(void **state)
{
	static const char *const others[] = {"", "2026-10", "2026-Q4",
	    "2026-10-00", "2026-10-32", "2026-02-29", "2026-13-01",
	    "2026-1-001", "2026-10-4", "2026-10-04T", "2026-10-04 ",
	    "1999-12-31", "2200-01-01", "2026-W00", "2026-W54", "2025-W53",
	    "2026-w40", "2026W40", "2026-W4", "2026-W400", "2026-W4x",
	    "1999-W52", "2200-W01", "+026-W40", "20 6-W40"};
	struct todate todate;

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (todate_parse(others[i], &todate))
			fail_msg("taken: %s", others[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_day_reaches_to_its_end_or_to_now),
	    cmocka_unit_test(a_week_shows_the_month_of_its_last_day),
	    cmocka_unit_test(what_has_not_begun_is_refused),
	    cmocka_unit_test(anything_else_is_no_day_and_no_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
