/*
 * forecast_test.c - unit tests of src/forecast.c: what an open period will
 * come to. With a rate of 744 a GiB-hour of October costs 1; a forecast is
 * written as money and exactly.
 */
#include "money_rig.h"

static void
forecast_is(struct fixture *f, const char *account, const char *period,
    const char *expected)
{
	struct buf b = BUF_INIT;
	struct invoice inv;
	char *exact;

	rig_bill(f, account, period, &inv);
	if (inv.forecast == NULL) {
		assert_null(inv.forecast_exact);
		buf_str(&b, "none");
	} else {
		exact = exact_decimal(inv.forecast_exact, 6);
		buf_printf(&b, "%s %s", inv.forecast, exact);
		free(exact);
	}
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	invoice_fini(&inv);
}

static void
the_rest_is_at_the_mean_of_the_last_24_hours(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	/* The worked case: 900 GiB for ten days, then 1200. */
	rules.gap = ACCOUNT_GAP_ZERO;
	rig_begin_with(f, &rules, "0.03");
	rig_clock(f, "2027-04-13T00:00:00Z");
	rig_hours(f, 1, "2027-04-01T00:00:00Z", "2027-04-11T00:00:00Z",
	    900 * GIB, "");
	rig_hours(f, 1, "2027-04-11T00:00:00Z", "2027-04-13T00:00:00Z",
	    1200 * GIB, "");
	rig_total_is(f, "acme", "2027-04", "11.40");
	forecast_is(f, "acme", "2027-04", "33.00 33");
}

static void
only_as_many_hours_as_there_are_count(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-31T00:00:00Z");
	rig_hours(
	    f, 1, "2026-10-30T22:00:00Z", "2026-10-31T00:00:00Z", 3 * GIB, "");
	rig_sample(f, 1, "2026-10-30T23:30:00Z", 5 * GIB, "");
	/* 3 + 4, and 24 hours of 3.5. */
	forecast_is(f, "acme", "2026-10", "91.00 91");
}

static void
nothing_measured_is_nothing_to_go_by(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	forecast_is(f, "acme", "2026-10", "0.00 0");
}

static void
hours_before_the_month_count_too(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "720");
	rig_clock(f, "2026-11-01T12:00:00Z");
	rig_hours(
	    f, 1, "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z", 1 * GIB, "");
	rig_hours(
	    f, 1, "2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z", 3 * GIB, "");
	/* 36, and 708 hours of 2. */
	forecast_is(f, "acme", "2026-11", "1452.00 1452");
}

static void
gaps_are_no_measured_hours(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-31T00:00:00Z");
	rig_hours(
	    f, 1, "2026-10-10T00:00:00Z", "2026-10-10T12:00:00Z", 1 * GIB, "");
	rig_hours(
	    f, 1, "2026-10-30T12:00:00Z", "2026-10-31T00:00:00Z", 3 * GIB, "");
	/* 12 + 6 carried + 36, and 24 hours of 2. */
	forecast_is(f, "acme", "2026-10", "102.00 102");
}

static void
a_silent_volume_goes_on_as_it_was(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-02T00:00:00Z");
	rig_hours(
	    f, 1, "2026-10-01T00:00:00Z", "2026-10-01T12:00:00Z", 2 * GIB, "");
	rig_clock(f, "2026-10-31T12:00:00Z");
	/* 24 + 12 carried, and 12 hours of 2; what is over is over. */
	forecast_is(f, "acme", "2026-10", "60.00 60");
	/* Months later, too. */
	f->now = rig_at("2027-01-31T23:00:00Z");
	forecast_is(f, "acme", "2027-01", "2.00 2");
}

static void
an_hour_at_hand_with_a_sample_is_no_remaining_one(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-31T22:30:00Z");
	rig_hours(
	    f, 1, "2026-10-31T20:00:00Z", "2026-10-31T22:00:00Z", 1 * GIB, "");
	/* Remaining are 22 and 23. */
	forecast_is(f, "acme", "2026-10", "4.00 4");
	rig_sample(f, 1, "2026-10-31T22:30:00Z", 4 * GIB, "");
	/* 1 + 1 + 4, and one hour of 2. */
	forecast_is(f, "acme", "2026-10", "8.00 8");
	/* A sample that is ahead of the clock counts as its hour. */
	rig_clock(f, "2026-10-31T22:59:00Z");
	rig_sample(f, 1, "2026-10-31T23:01:00Z", 6 * GIB, "");
	forecast_is(f, "acme", "2026-10", "12.00 12");
}

static void
who_had_the_last_sample_pays_for_the_rest(void **state)
{
	struct fixture *f = *state;

	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_account(f, "acme");
	fixture_account(f, "other");
	rig_rate(f, "acme", "744", "", "2000-01-01T00:00:00Z");
	rig_rate(f, "other", "1488", "", "2000-01-01T00:00:00Z");
	fixture_source(f, "admin1", "acme,other");
	rig_clock(f, "2026-10-31T12:00:00Z");
	rig_hours(f, 1, "2026-10-31T00:00:00Z", "2026-10-31T11:00:00Z", 1 * GIB,
	    "\"account\":\"acme\"");
	rig_hours(f, 1, "2026-10-31T11:00:00Z", "2026-10-31T12:00:00Z",
	    13 * GIB, "\"account\":\"other\"");
	forecast_is(f, "acme", "2026-10", "11.00 11");
	/* 13 * 2, and 12 hours of the whole volume's 2 at that rate. */
	forecast_is(f, "other", "2026-10", "74.00 74");
}

static void
a_volume_that_has_ended_is_not_forecast(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-31T12:00:00Z");
	rig_hours(f, 1, "2026-10-31T00:00:00Z", "2026-10-31T12:00:00Z", 1 * GIB,
	    "\"retired_at\":\"2026-10-31T12:00:00Z\"");
	rig_hours(f, 2, "2026-10-31T00:00:00Z", "2026-10-31T12:00:00Z", 1 * GIB,
	    "\"retired_at\":\"2026-10-31T15:30:00Z\"");
	rig_hours(f, 3, "2026-10-31T00:00:00Z", "2026-10-31T12:00:00Z", 1 * GIB,
	    "\"retired_at\":\"2027-01-01T00:00:00Z\"");
	/* The second one lives into the hour of 15:00, the third on. */
	forecast_is(f, "acme", "2026-10", "52.00 52");
}

static void
a_rate_that_will_hold_is_used_from_then_on(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-31T12:00:00Z");
	rig_hours(
	    f, 1, "2026-10-31T00:00:00Z", "2026-10-31T12:00:00Z", 1 * GIB, "");
	rig_rate(f, "acme", "7440", "", "2026-10-31T20:00:00Z");
	rig_rate(f, "acme", "74400", "", "2026-11-01T00:00:00Z");
	forecast_is(f, "acme", "2026-10", "60.00 60");
}

static void
each_bin_is_forecast_at_its_own_rate(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_rate(f, "acme", "7440", "30d", "2000-01-01T00:00:00Z");
	rig_clock(f, "2026-10-31T12:00:00Z");
	rig_hours(f, 1, "2026-10-31T10:00:00Z", "2026-10-31T11:00:00Z", 3 * GIB,
	    "\"size_bins\":[{\"max_age\":\"30d\",\"bytes\":1073741824},"
	    "{\"max_age\":null,\"bytes\":2147483648}]");
	rig_hours(
	    f, 1, "2026-10-31T11:00:00Z", "2026-10-31T12:00:00Z", 4 * GIB, "");
	/* 10 + 2 + 4; a mean of 0.5 in the one, of 3 in the other. */
	forecast_is(f, "acme", "2026-10", "112.00 112");
}

static void
a_quarter_has_the_hours_of_each_of_its_months(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.period = ACCOUNT_QUARTERLY;
	rig_begin_with(f, &rules, "1");
	rig_clock(f, "2026-10-31T23:00:00Z");
	rig_hours(f, 1, "2026-10-31T22:00:00Z", "2026-10-31T23:00:00Z",
	    744 * GIB, "");
	/* 1 + 1, then two whole months of 744 GiB at 1. */
	forecast_is(f, "acme", "2026-Q4", "1490.00 1490");
}

static void
a_quarter_that_is_not_the_accounts_own_is_forecast_too(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-12-31T23:00:00Z");
	rig_hours(f, 1, "2026-12-31T22:00:00Z", "2026-12-31T23:00:00Z",
	    744 * GIB, "");
	forecast_is(f, "acme", "2026-Q4", "2.00 2");
}

static void
a_period_that_is_over_comes_to_its_total(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(
	    f, 1, "2026-10-31T12:00:00Z", "2026-10-31T20:00:00Z", 1 * GIB, "");
	forecast_is(f, "acme", "2026-10", "12.00 12");
	rig_close(f, "acme", "2026-10");
	forecast_is(f, "acme", "2026-10", "12.00 12");
}

static void
a_period_to_come_is_all_remaining(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-10-31T23:00:00Z");
	rig_hours(
	    f, 1, "2026-10-31T22:00:00Z", "2026-10-31T23:00:00Z", 5 * GIB, "");
	forecast_is(f, "acme", "2027-02", "5.00 5");
}

static void
corrections_are_part_of_it(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-31T22:00:00Z", "2026-11-01T00:00:00Z",
	    744 * GIB, "");
	rig_close(f, "acme", "2026-10");
	rig_sample(f, 1, "2026-10-31T22:00:00Z", 1488 * GIB, "\"revision\":1");
	/* 1 more for October, and November at a mean of 1116 GiB. */
	forecast_is(f, "acme", "2026-11", "1117.00 1116");
}

static void
it_is_rounded_once_as_the_account_rounds(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.rounding = ACCOUNT_PER_LINE;
	rules.rounding_mode = EXACT_HALF_EVEN;
	rig_begin_with(f, &rules, "0.744");
	rig_clock(f, "2026-10-31T21:00:00Z");
	for (int n = 1; n <= 3; n++)
		rig_hours(f, n, "2026-10-31T20:00:00Z", "2026-10-31T21:00:00Z",
		    n < 3 ? 6 * GIB : 9 * GIB / 4, "");
	/* Lines are 0.01 + 0.01 + 0.00; all four hours are 0.057. */
	rig_total_is(f, "acme", "2026-10", "0.02");
	forecast_is(f, "acme", "2026-10", "0.06 0.057");
}

static void
usage_that_has_no_rate_ahead_cannot_be_forecast(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rig_begin_with(f, &rules, NULL);
	rig_clock(f, "2026-10-31T12:00:00Z");
	rig_rate(f, "acme", "744", "30d", "2000-01-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-31T10:00:00Z", "2026-10-31T12:00:00Z", GIB,
	    "\"size_bins\":[{\"max_age\":\"30d\",\"bytes\":1073741824}]");
	forecast_is(f, "acme", "2026-10", "14.00 14");
	/* Nothing without a rate costs nothing. */
	rig_sample(f, 2, "2026-10-31T12:00:00Z", 0, "");
	forecast_is(f, "acme", "2026-10", "14.00 14");
	rig_sample(f, 3, "2026-10-31T12:00:00Z", 1, "");
	forecast_is(f, "acme", "2026-10", "none");
}

static void
many_volumes_are_forecast_as_each_alone(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "744");
	rig_clock(f, "2026-10-20T00:00:00Z");
	/* Every third one is silent, another third is young. */
	for (int n = 1; n <= 90; n++)
		if (n % 3 == 0)
			rig_hours(f, n, "2026-10-10T00:00:00Z",
			    "2026-10-11T06:00:00Z", n * GIB, "");
		else
			rig_hours(f, n,
			    n % 3 == 1 ? "2026-10-18T00:00:00Z"
				       : "2026-10-19T20:00:00Z",
			    "2026-10-20T00:00:00Z", n * GIB, "");
	/* 1395 GiB for 30 + 6 + 288 hours, 1335 for 48 + 288, 1365 for
	 * 4 + 288. */
	forecast_is(f, "acme", "2026-10", "1299120.00 1299120");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(the_rest_is_at_the_mean_of_the_last_24_hours),
	    FIXTURE_TEST(only_as_many_hours_as_there_are_count),
	    FIXTURE_TEST(nothing_measured_is_nothing_to_go_by),
	    FIXTURE_TEST(hours_before_the_month_count_too),
	    FIXTURE_TEST(gaps_are_no_measured_hours),
	    FIXTURE_TEST(a_silent_volume_goes_on_as_it_was),
	    FIXTURE_TEST(an_hour_at_hand_with_a_sample_is_no_remaining_one),
	    FIXTURE_TEST(who_had_the_last_sample_pays_for_the_rest),
	    FIXTURE_TEST(a_volume_that_has_ended_is_not_forecast),
	    FIXTURE_TEST(a_rate_that_will_hold_is_used_from_then_on),
	    FIXTURE_TEST(each_bin_is_forecast_at_its_own_rate),
	    FIXTURE_TEST(a_quarter_has_the_hours_of_each_of_its_months),
	    FIXTURE_TEST(
		a_quarter_that_is_not_the_accounts_own_is_forecast_too),
	    FIXTURE_TEST(a_period_that_is_over_comes_to_its_total),
	    FIXTURE_TEST(a_period_to_come_is_all_remaining),
	    FIXTURE_TEST(corrections_are_part_of_it),
	    FIXTURE_TEST(it_is_rounded_once_as_the_account_rounds),
	    FIXTURE_TEST(usage_that_has_no_rate_ahead_cannot_be_forecast),
	    FIXTURE_TEST(many_volumes_are_forecast_as_each_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
