/*
 * grace_test.c - unit tests of src/grace.c.
 */
#include "fixture.h"
#include "src/grace.h"
#include "src/late.h"

#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static bool
set(struct fixture *f, int64_t secs, int64_t now)
{
	bool changed;

	if (!grace_set(f->db, secs, "server", now, &changed, &f->err))
		fail_msg("%s", f->err.text);
	assert_false(sql_in_transaction(f->db));
	return changed;
}

static int64_t
of(struct fixture *f, int64_t to_at)
{
	struct grace grace;

	assert_true(grace_load(f->db, &grace, &f->err));
	assert_int_equal(
	    grace_end(&grace, to_at) - to_at, grace_of(&grace, to_at));
	return grace_of(&grace, to_at);
}

static int64_t
facts(struct fixture *f)
{
	return fixture_int(f->db,
	    "SELECT count(*) FROM fact WHERE kind = 'grace.set'", &f->err);
}

static void
without_a_change_it_is_two_days(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(of(f, 0), 48 * HOUR);
	assert_int_equal(of(f, f->now), 48 * HOUR);
	assert_false(set(f, 48 * HOUR, f->now));
	assert_int_equal(facts(f), 0);
}

static void
a_change_holds_for_what_ends_from_then_on(void **state)
{
	struct fixture *f = *state;
	int64_t first = utc_from_date(2026, 10, 15);
	int64_t second = utc_from_date(2026, 11, 15);

	assert_true(set(f, DAY, first));
	assert_false(set(f, DAY, first + 1));
	assert_true(set(f, 3 * DAY, second));
	assert_int_equal(facts(f), 2);
	assert_int_equal(of(f, first - 1), 48 * HOUR);
	assert_int_equal(of(f, first), DAY);
	assert_int_equal(of(f, second - 1), DAY);
	assert_int_equal(of(f, second), 3 * DAY);
	assert_int_equal(of(f, second + 400 * DAY), 3 * DAY);
}

/* First set by a clock that was far ahead. */
static void
the_later_word_counts_whatever_the_clock_was(void **state)
{
	struct fixture *f = *state;
	int64_t ahead = utc_from_date(2126, 1, 1);

	assert_true(set(f, DAY, ahead));
	assert_int_equal(of(f, f->now), 48 * HOUR);
	assert_true(set(f, 3 * DAY, f->now));
	assert_int_equal(of(f, f->now), 3 * DAY);
	assert_int_equal(of(f, ahead + 1), 3 * DAY);
}

/* What comes when the grace time is over is late, by the time that the
 * period ended with. */
static void
what_is_late_goes_by_the_end_of_each_period(void **state)
{
	struct fixture *f = *state;
	int64_t november = utc_from_date(2026, 11, 1);
	int64_t december = utc_from_date(2026, 12, 1);
	struct grace grace;

	assert_true(set(f, 5 * DAY, november + 1));
	assert_true(set(f, 0, december + 1));
	assert_true(grace_load(f->db, &grace, &f->err));
	assert_int_equal(late_closed_hour(0, november + 48 * HOUR - 1, &grace),
	    utc_from_date(2026, 10, 1) / HOUR);
	assert_int_equal(
	    late_closed_hour(0, november + 48 * HOUR, &grace), november / HOUR);
	assert_int_equal(late_closed_hour(0, december + 5 * DAY - 1, &grace),
	    november / HOUR);
	assert_int_equal(
	    late_closed_hour(0, december + 5 * DAY, &grace), december / HOUR);
	assert_int_equal(late_closed_hour(0, utc_from_date(2027, 1, 1), &grace),
	    utc_from_date(2027, 1, 1) / HOUR);
	/* What was announced counts at once. */
	assert_int_equal(
	    late_closed_hour(december, december + 1, &grace), december / HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(without_a_change_it_is_two_days),
	    FIXTURE_TEST(a_change_holds_for_what_ends_from_then_on),
	    FIXTURE_TEST(the_later_word_counts_whatever_the_clock_was),
	    FIXTURE_TEST(what_is_late_goes_by_the_end_of_each_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
