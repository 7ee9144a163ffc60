/*
 * usage_test.c - unit tests of src/usage*.c: the rules, by what a scan tells
 * of a few samples (see usage_rig.h). All tests run twice: on samples, and on
 * rows of closed days, which are made of what is there whenever usage is
 * asked for.
 */
#include "usage_rig.h"

#define TEST(name) FIXTURE_TEST(name)

static bool on_rows;

static void
usage_at(struct fixture *f, int64_t from, int64_t to, int64_t now,
    const char *expected)
{
	struct buf b = BUF_INIT;
	struct records r;

	if (on_rows)
		compact(f, FIXTURE_NOW + 10000 * INT64_C(3600));
	same_if_named(f, from, to, now);
	scan(f, from, to, now, &r);
	for (size_t i = 0; i < r.count; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", r.list[i]);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	free(r.list);
}

/* Of hours from to to, long after they are over. */
static void
usage_is(struct fixture *f, int64_t from, int64_t to, const char *expected)
{
	usage_at(f, from, to, FIXTURE_NOW + 10000 * INT64_C(3600), expected);
}

/* --- measured hours --- */

static void
an_hour_is_the_mean_of_its_samples(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 59, 8, "");
	sample(f, 0, 0, 4, "");
	sample(f, 1, 0, 10, "");
	sample(f, 2, 1, 1, "");
	sample(f, 2, 2, 2, "");
	sample(f, 2, 3, 2, "");
	usage_is(f, 0, 3, "0m6 1m10 2m1.6667");
	usage_is(f, 1, 2, "1m10");
	usage_is(f, 1, 1, "");
}

static void
of_one_instant_the_highest_revision_counts(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 100, "\"revision\":3");
	sample(f, 0, 0, 4, "");
	sample(f, 0, 0, 50, "\"revision\":2");
	sample(f, 0, 1, 200, "");
	usage_is(f, 0, 1, "0m150");
}

static void
nothing_is_before_the_first_sample(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	usage_is(f, -5, 5, "");
	sample(f, 2, 30, 5, "");
	usage_is(f, -5, 3, "2m5");
	usage_is(f, -5, 2, "");
}

static void
bins_have_means_of_their_own(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 7,
	    "\"size_bins\":[{\"max_age\":\"1d\",\"bytes\":3},"
	    "{\"max_age\":null,\"bytes\":4}]");
	sample(f, 0, 1, 11,
	    "\"size_bins\":[{\"max_age\":null,\"bytes\":6},"
	    "{\"max_age\":\"1d\",\"bytes\":5}]");
	sample(f, 1, 0, 7, "\"size_bins\":[{\"max_age\":\"12h\",\"bytes\":7}]");
	sample(f, 1, 1, 9, "");
	usage_is(f, 0, 3, "0m24=4,5 1m12=3.5,4.5 2e12=3.5,4.5");
}

static void
the_largest_sizes_are_exact(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_INTERPOLATE, 6);
	sample(f, 0, 0, INT64_MAX, "");
	sample(f, 0, 30, INT64_MAX, "");
	sample(f, 1000, 0, INT64_MAX, "");
	usage_is(f, 0, 1, "0m9223372036854775807");
	/* Halfway each end is half. */
	usage_is(f, 500, 501,
	    "500e4611686018427387903.5 500+e4611686018427387903.5");
}

/* --- gaps --- */

static void
a_gap_is_carried_as_far_as_allowed(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 2);
	sample(f, 0, 0, 4, "");
	sample(f, 0, 1, 6, "");
	sample(f, 5, 0, 7, "");
	usage_is(f, 0, 9, "0m5 1e5 2e5 3u0 4u0 5m7 6e7 7e7 8u0");
	usage_is(f, 2, 4, "2e5 3u0");
}

static void
a_gap_is_not_carried_at_all_with_0_hours(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 0);
	sample(f, 0, 0, 5, "");
	usage_is(f, 0, 3, "0m5 1u0 2u0");
}

static void
by_zero_a_gap_is_unbilled(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_ZERO, 6);
	sample(f, 0, 0, 5, "");
	sample(f, 3, 0, 7, "");
	usage_is(f, 0, 5, "0m5 1u0 2u0 3m7 4u0");
}

static void
by_hold_a_gap_is_unbilled(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_HOLD, 6);
	sample(f, 0, 0, 5, "");
	sample(f, 2, 0, 7, "");
	usage_is(f, 0, 4, "0m5 1u0 2m7 3u0");
}

static void
by_interpolation_a_gap_is_a_straight_line(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_INTERPOLATE, 1);
	sample(f, 0, 0, 8, "");
	sample(f, 0, 1, 12, "");
	sample(f, 4, 0, 30, "");
	/* 15, 20 and 25, in two parts each. */
	usage_is(f, 0, 5, "0m10 1e7.5 1+e7.5 2e5 2+e15 3e2.5 3+e22.5 4m30");
	/* With the far end behind the range. */
	usage_is(f, 1, 3, "1e7.5 1+e7.5 2e5 2+e15");
	/* Without one, as carry. */
	usage_is(f, 4, 7, "4m30 5e30 6u0");
}

static void
an_interpolation_knows_its_far_end_over_month_ends(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_INTERPOLATE, 1);
	sample(f, -998, 0, 10, "");
	sample(f, 2, 0, 30, "");
	usage_is(f, 0, 3, "0e0.02 0+e29.94 1e0.01 1+e29.97 2m30");
	usage_is(f, -498, -497, "-498e5 -498+e15");
}

static void
an_hour_that_is_not_over_is_not_missing(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 5, "");
	usage_at(f, 0, 9, FIXTURE_NOW + 2 * INT64_C(3600) + 3599, "0m5 1e5");
	usage_at(f, 0, 9, FIXTURE_NOW + 3 * INT64_C(3600), "0m5 1e5 2e5");
	/* A measured hour counts though it is not over. */
	usage_at(f, 0, 9, FIXTURE_NOW + 60, "0m5");
}

static void
carrying_goes_on_over_the_month_end(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 3);
	sample(f, -1, 59, 5, "");
	usage_is(f, 0, 4, "0e5 1e5 2e5 3u0");
	usage_is(f, -2, 1, "-1m5 0e5");
}

static void
a_volume_silent_for_long_is_still_there(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 3);
	sample(f, -2000, 0, 5, "");
	usage_is(f, 0, 2, "0u0 1u0");
	sample(f, 1, 0, 7, "");
	usage_is(f, 0, 3, "0u0 1m7 2e7");
}

static void
a_gap_longer_than_two_days_is_carried_when_allowed(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 8760);
	sample(f, -3000, 0, 5, "");
	usage_is(f, 0, 2, "0e5 1e5");
}

static void
the_account_of_the_last_sample_decides_about_a_gap(void **state)
{
	struct fixture *f = *state;

	begin_two(f, ACCOUNT_MEAN, ACCOUNT_MEAN, ACCOUNT_GAP_ZERO);
	sample(f, 0, 0, 6, ACME);
	sample(f, 0, 20, 12, OTHER);
	sample(f, 3, 0, 5, OTHER);
	sample(f, 3, 20, 7, ACME);
	/* What is carried is the whole hour, whoever paid it. */
	usage_is(f, 0, 6, "0m3 0m6@2 1u0@2 2u0@2 3m2.5@2 3m3.5 4e6 5e6");
}

/* --- retirement --- */

static void
nothing_is_after_the_end_of_a_volume(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 5, "\"retired_at\":\"2026-10-01T02:30:00Z\"");
	usage_is(f, 0, 9, "0m5 1e5 2e5");
	usage_is(f, 3, 9, "");
	sample(f, 0, 1, 5, "\"retired_at\":\"2026-10-01T02:00:00Z\"");
	usage_is(f, 0, 9, "0m5 1e5");
}

static void
samples_stored_before_the_end_was_known_do_not_count(void **state)
{
	struct fixture *f = *state;
	char before[] = "0m5 1m5 2e5";

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 5, "");
	sample(f, 3, 0, 100, "");
	sample(f, 2, 31, 100, "");
	sample(f, 900, 0, 100, "");
	sample(f, 1, 0, 5, "\"retired_at\":\"2026-10-01T02:30:00Z\"");
	usage_is(f, 0, 9, before);
	usage_is(f, 3, 9, "");
	usage_is(f, 899, 903, "");
	/* The very instant still counts. */
	sample(f, 2, 30, 9, "");
	usage_is(f, 0, 9, "0m5 1m5 2m9");
}

static void
an_interpolation_ends_with_the_volume(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_INTERPOLATE, 1);
	sample(f, 0, 0, 5, "");
	sample(f, 4, 0, 100, "");
	sample(f, 0, 1, 5, "\"retired_at\":\"2026-10-01T03:30:00Z\"");
	usage_is(f, 0, 9, "0m5 1e5 2u0 3u0");
}

/* --- time-weighted --- */

static void
time_weighted_hours_are_integrals(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 6);
	/* Only from the first sample on. */
	sample(f, 0, 30, 4, "");
	sample(f, 0, 45, 8, "");
	/* 8 runs on until :30. */
	sample(f, 1, 30, 12, "");
	sample(f, 2, 0, 3, "");
	usage_is(f, 0, 4, "0m3 1m10 2m3 3e3");
	usage_is(f, 1, 2, "1m10");
}

static void
a_step_runs_on_through_a_gap_that_is_carried(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 3);
	sample(f, 0, 0, 4, "");
	sample(f, 0, 45, 8, "");
	sample(f, 3, 30, 16, "");
	/* Hour 0 is 5; what runs on is 8. */
	usage_is(f, 0, 4, "0m5 1e5 2e5 3m12");
	usage_is(f, 3, 4, "3m12");
}

static void
a_step_does_not_run_on_through_a_longer_gap(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 2);
	sample(f, 0, 0, 4, "");
	sample(f, 3, 30, 16, "");
	usage_is(f, 0, 4, "0m4 1e4 2e4 3m8");
}

static void
a_step_does_not_run_on_through_zero(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_ZERO, 6);
	sample(f, 0, 0, 4, "");
	sample(f, 1, 30, 8, "");
	sample(f, 3, 30, 16, "");
	/* Into the next hour it does. */
	usage_is(f, 0, 4, "0m4 1m6 2u0 3m8");
}

static void
a_time_weighted_hour_ends_with_its_volume(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 4, "\"retired_at\":\"2026-10-01T02:15:00Z\"");
	sample(f, 0, 30, 12, "");
	/* A quarter of hour 0's 8. */
	usage_is(f, 0, 4, "0m8 1e8 2e2");
	/* 12 for 6 minutes, 20 for 9. */
	sample(f, 2, 6, 20, "");
	usage_is(f, 0, 4, "0m8 1e8 2m4.2");
}

static void
a_silent_time_weighted_volume_is_found_with_what_ran_on_before(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 8760);
	sample(f, -2000, 0, 100, "");
	sample(f, -1000, 30, 200, "");
	usage_is(f, -1000, -998, "-1000m150 -999e150");
	usage_is(f, 0, 1, "0e150");
	sample(f, 0, 15, 400, "");
	usage_is(f, 0, 1, "0m350");
}

static void
what_is_carried_for_days_begins_with_what_ran_on_before(void **state)
{
	struct fixture *f = *state;

	begin(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY, 100);
	sample(f, -110, 0, 100, "");
	sample(f, -50, 30, 200, "");
	usage_is(f, -50, -49, "-50m150");
	usage_is(f, 0, 1, "0e150");
}

/* --- shared hours --- */

static void
a_shared_hour_is_split_by_samples(void **state)
{
	struct fixture *f = *state;

	begin_two(f, ACCOUNT_MEAN, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY);
	sample(f, 0, 0, 6, ACME);
	sample(f, 0, 10, 9, OTHER);
	sample(f, 0, 20, 12, OTHER);
	usage_is(f, 0, 1, "0m2 0m7@2");
}

static void
a_shared_time_weighted_hour_is_split_by_time(void **state)
{
	struct fixture *f = *state;

	begin_two(
	    f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_TIME_WEIGHTED, ACCOUNT_GAP_CARRY);
	sample(f, 0, 0, 6, ACME);
	sample(f, 0, 15, 8, OTHER);
	sample(f, 0, 45, 12, ACME);
	usage_is(f, 0, 1, "0m4.5 0m4@2");
	/* The first account pays until the second one's sample. */
	sample(f, 1, 30, 20, OTHER);
	usage_is(f, 1, 2, "1m10@2 1m6");
}

static void
an_hour_shared_with_a_mean_is_a_mean(void **state)
{
	struct fixture *f = *state;

	begin_two(f, ACCOUNT_TIME_WEIGHTED, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY);
	sample(f, 0, 0, 6, ACME);
	sample(f, 0, 15, 8, OTHER);
	usage_is(f, 0, 1, "0m3 0m4@2");
}

/* --- names --- */

static bool
note_names(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct buf *b = ctx;

	(void)err;
	buf_printf(b, "%lld:", (long long)(hour->hour - BASE));
	for (size_t i = 0; i < hour->name_count; i++)
		buf_printf(b, " %lld", (long long)hour->names[i]);
	buf_char(b, ';');
	return true;
}

static void
an_hour_tells_the_names_stated_in_it_in_their_order(void **state)
{
	struct fixture *f = *state;
	struct usage_query query = hours(0, 3, FIXTURE_NOW + 99999);
	struct buf b = BUF_INIT;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 1, "\"name\":\"a\"");
	sample(f, 0, 1, 1, "\"name\":\"a\"");
	sample(f, 0, 2, 1, "");
	sample(f, 0, 3, 1, "\"name\":\"b\"");
	sample(f, 0, 4, 1, "\"name\":\"a\"");
	sample(f, 2, 0, 1, "");
	if (on_rows)
		compact(f, FIXTURE_NOW + 199999);
	assert_true(usage_scan(f->db, &query, note_names, &b, &f->err));
	assert_string_equal(buf_text(&b), "0: 1 2 1;1:;2:;");
	buf_fini(&b);
}

static bool
refuse(void *ctx, const struct usage_hour *hour, struct err *err)
{
	int *calls = ctx;

	(void)hour;
	(*calls)++;
	return err_set(err, ERR_INPUT, "enough");
}

/* Sample, end and revision, as they were known after each report. */
static void
a_scan_knows_what_the_ledger_knew_then(void **state)
{
	static const char *const known[] = {
	    "0m7 1e7 2e7", "0m7 1e7 2m9", "0m7 1e7 2m5", "0m7 1e7", "0m7 1m3"};
	struct fixture *f = *state;
	struct usage_query query = hours(0, 3, FIXTURE_NOW + 10800);
	int64_t facts[5];

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	for (int i = 0; i < 5; i++) {
		if (i == 0)
			sample(f, 0, 0, 7, "");
		if (i == 1)
			sample(f, 2, 0, 9, "");
		if (i == 2)
			sample(f, 2, 0, 5, "\"revision\":1");
		if (i == 3)
			sample(f, 0, 30, 7,
			    "\"retired_at\":\"2026-10-01T01:30:00Z\"");
		if (i == 4)
			sample(f, 1, 0, 3, "");
		facts[i] =
		    fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err);
		if (on_rows)
			compact(f, FIXTURE_NOW + 199999);
	}
	for (int i = 0; i < 5; i++) {
		struct buf b = BUF_INIT;
		struct records r = {.count = 0};

		query.upto_fact = facts[i];
		assert_true(usage_scan(f->db, &query, note, &r, &f->err));
		for (size_t k = 0; k < r.count; k++)
			buf_printf(&b, "%s%s", k > 0 ? " " : "", r.list[k]);
		assert_string_equal(buf_text(&b), known[i]);
		buf_fini(&b);
		free(r.list);
	}
}

static void
a_scan_ends_when_it_is_told_to(void **state)
{
	struct fixture *f = *state;
	int calls = 0;

	begin(f, ACCOUNT_MEAN, ACCOUNT_GAP_CARRY, 6);
	sample(f, 0, 0, 1, "");
	sample(f, 3, 0, 1, "");
	for (int from = 0; from < 3; from++) {
		struct usage_query query = hours(from, 9, FIXTURE_NOW + 99999);

		assert_false(
		    usage_scan(f->db, &query, refuse, &calls, &f->err));
		assert_int_equal(calls, from + 1);
		assert_string_equal(f->err.text, "enough");
	}
	/* The statements can be used again. */
	usage_is(f, 0, 1, "0m1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_hour_is_the_mean_of_its_samples),
	    TEST(of_one_instant_the_highest_revision_counts),
	    TEST(nothing_is_before_the_first_sample),
	    TEST(bins_have_means_of_their_own),
	    TEST(the_largest_sizes_are_exact),
	    TEST(a_gap_is_carried_as_far_as_allowed),
	    TEST(a_gap_is_not_carried_at_all_with_0_hours),
	    TEST(by_zero_a_gap_is_unbilled),
	    TEST(by_hold_a_gap_is_unbilled),
	    TEST(by_interpolation_a_gap_is_a_straight_line),
	    TEST(an_interpolation_knows_its_far_end_over_month_ends),
	    TEST(an_hour_that_is_not_over_is_not_missing),
	    TEST(carrying_goes_on_over_the_month_end),
	    TEST(a_volume_silent_for_long_is_still_there),
	    TEST(a_gap_longer_than_two_days_is_carried_when_allowed),
	    TEST(the_account_of_the_last_sample_decides_about_a_gap),
	    TEST(nothing_is_after_the_end_of_a_volume),
	    TEST(samples_stored_before_the_end_was_known_do_not_count),
	    TEST(an_interpolation_ends_with_the_volume),
	    TEST(time_weighted_hours_are_integrals),
	    TEST(a_step_runs_on_through_a_gap_that_is_carried),
	    TEST(a_step_does_not_run_on_through_a_longer_gap),
	    TEST(a_step_does_not_run_on_through_zero),
	    TEST(a_time_weighted_hour_ends_with_its_volume),
	    TEST(
		a_silent_time_weighted_volume_is_found_with_what_ran_on_before),
	    TEST(what_is_carried_for_days_begins_with_what_ran_on_before),
	    TEST(a_shared_hour_is_split_by_samples),
	    TEST(a_shared_time_weighted_hour_is_split_by_time),
	    TEST(an_hour_shared_with_a_mean_is_a_mean),
	    TEST(an_hour_tells_the_names_stated_in_it_in_their_order),
	    TEST(a_scan_knows_what_the_ledger_knew_then),
	    TEST(a_scan_ends_when_it_is_told_to),
	};

	int failed =
	    cmocka_run_group_tests_name("on samples", tests, NULL, NULL);

	on_rows = true;
	return failed +
	       cmocka_run_group_tests_name("on rows", tests, NULL, NULL);
}
