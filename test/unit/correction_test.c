/*
 * correction_test.c - unit tests of src/correction.c: what closed periods are
 * corrected by, and on which bill. With a rate of 0.744 a GiB-hour of October
 * costs 0.001; a volume of 100 GiB costs 74.40 in it.
 */
#include "money_rig.h"
#include "src/correction.h"

/* October of volume n, at 100 GiB; names follow the numbers. */
static void
report_october(struct fixture *f, int n)
{
	char name[32];

	snprintf(name, sizeof name, "\"name\":\"v%d\"", n);
	rig_hours(f, n, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, name);
}

/* October of so many volumes, reported in time, and closed. */
static void
close_october(struct fixture *f, int volumes)
{
	rig_clock(f, "2026-11-01T00:00:00Z");
	for (int n = 1; n <= volumes; n++)
		report_october(f, n);
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_close(f, "acme", "2026-10");
}

/* One more GiB-hour than was billed is 0.001: the hour's second sample. */
static void
add_gib_hours(struct fixture *f, int n, const char *at, int64_t gib)
{
	rig_sample(f, n, at, (100 + 2 * gib) * GIB, "");
}

/* --- what --- */

static void
a_late_sample_is_a_line_of_the_next_bill(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 1);
	rig_corrections_are(f, "acme", "2026-11", "");
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 990);
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.99 20T05..20T06; ");
	rig_total_is(f, "acme", "2026-11", "1.61"); /* and 0.62 of its own */
	/* The closed one itself says what it said. */
	rig_total_is(f, "acme", "2026-10", "74.40");
}

static void
usage_that_comes_off_is_paid_back(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 2);
	for (int hour = 5; hour < 8; hour++) {
		char at[UTC_TEXT_SIZE];

		snprintf(at, sizeof at, "2026-10-20T%02d:00:00Z", hour);
		rig_sample(f, 2, at, 0, "\"revision\":1");
	}
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v2 -0.30 20T05..20T08; ");
}

static void
a_unit_goes_to_the_largest_difference(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 3);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 13);
	add_gib_hours(f, 2, "2026-10-21T05:30:00Z", 24);
	add_gib_hours(f, 3, "2026-10-22T05:30:00Z", 25);
	/* 0.062: 0.01 + 0.02 + 0.02, and one unit to who lost 0.005. */
	rig_corrections_are(f, "acme", "2026-11",
	    "2026-10 v1 0.01 20T05..20T06; 2026-10 v2 0.02 21T05..21T06; "
	    "2026-10 v3 0.03 22T05..22T06; ");
}

static void
of_equal_differences_the_first_by_name_gets_the_unit(void **state)
{
	struct fixture *f = *state;
	struct invoice inv;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"zebra\"");
	rig_hours(f, 3, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"ape\"");
	rig_hours(f, 2, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"ape\"");
	rig_close(f, "acme", "2026-10");
	for (int n = 1; n <= 3; n++)
		add_gib_hours(f, n, "2026-10-20T05:30:00Z", 4);
	/* 0.012, and 0.004 of each: by name, then by UUID. */
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 ape 0.01 20T05..20T06; ");
	rig_bill(f, "acme", "2026-11", &inv);
	assert_int_equal(inv.correction_count, 1);
	if (inv.correction_count == 1)
		assert_int_equal(
		    inv.corrections[0].volume_id.bytes[UUID_SIZE - 1], 2);
	invoice_fini(&inv);
}

static void
losses_share_downwards(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 3);
	for (int n = 1; n <= 3; n++)
		rig_sample(
		    f, n, "2026-10-20T05:00:00Z", 96 * GIB, "\"revision\":1");
	/* -0.012 is -0.01: each is cut down to -0.01, two get one back. */
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v3 -0.01 20T05..20T06; ");
}

static void
what_was_too_little_to_be_billed_is_not_lost(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 2);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 4);
	rig_corrections_are(f, "acme", "2026-11", "");
	rig_sample(f, 1, "2026-11-02T00:00:00Z", 72 * GIB, "");
	rig_clock(f, "2026-11-30T23:00:00Z");
	rig_sample(f, 1, "2026-11-30T22:00:00Z", 72 * GIB, "");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_close(f, "acme", "2026-11");
	/* Another volume alone would be too little, too. */
	rig_sample(f, 2, "2026-10-31T05:30:00Z", 104 * GIB, "");
	rig_corrections_are(
	    f, "acme", "2026-12", "2026-10 v1 0.01 20T05..20T06; ");
}

static void
all_documents_add_up_to_the_rounded_truth(void **state)
{
	struct fixture *f = *state;

	/* 10.004, then 10.008, then 9.996. */
	rig_begin(f, "0.744");
	rig_clock(f, "2026-10-20T06:00:00Z");
	rig_sample(f, 1, "2026-10-20T05:00:00Z", 10004 * GIB,
	    "\"retired_at\":\"2026-10-20T05:59:59Z\",\"name\":\"v1\"");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_close(f, "acme", "2026-10");
	rig_total_is(f, "acme", "2026-10", "10.00");
	rig_sample(f, 1, "2026-10-20T05:00:00Z", 10008 * GIB, "\"revision\":1");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.01 20T05..20T06; ");
	rig_sample(f, 2, "2026-10-31T23:00:00Z", 0, "\"name\":\"nil\"");
	rig_clock(f, "2026-11-20T00:00:00Z");
	rig_sample(f, 2, "2026-11-20T00:00:00Z", 0, "");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_close(f, "acme", "2026-11");
	f->now = rig_at("2026-12-01T00:00:00Z");
	/* The sample is older than what is taken: a backdated rate. */
	rig_rate(f, "acme", "0.7434", "", "2026-10-20T05:00:00Z");
	rig_corrections_are(
	    f, "acme", "2026-12", "2026-10 v1 -0.01 20T05..20T06; ");
}

static void
with_rounding_per_line_each_line_is_rounded_anew(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.rounding = ACCOUNT_PER_LINE;
	rig_begin_with(f, &rules, "0.744");
	close_october(f, 3);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 4);
	add_gib_hours(f, 2, "2026-10-20T05:30:00Z", 6);
	add_gib_hours(f, 3, "2026-10-20T05:30:00Z", 6);
	/* In one document these were 0.016. */
	rig_corrections_are(f, "acme", "2026-11",
	    "2026-10 v2 0.01 20T05..20T06; 2026-10 v3 0.01 20T05..20T06; ");
}

static void
lines_that_a_new_rate_cuts_otherwise_are_rounded_anew(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	/* Two hours of 0.004, on one line; then on a line each. */
	rules.rounding = ACCOUNT_PER_LINE;
	rig_begin_with(f, &rules, "0.744");
	rig_clock(f, "2026-10-01T02:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-10-01T02:00:00Z", 4 * GIB,
	    "\"name\":\"v1\",\"retired_at\":\"2026-10-01T02:00:00Z\"");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_close(f, "acme", "2026-10");
	rig_total_is(f, "acme", "2026-10", "0.01");
	rig_rate(f, "acme", "0.7440", "", "2026-10-01T01:00:00Z");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 -0.01 01T00..01T00; ");
}

static void
a_backdated_rate_corrects_every_volume(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 2);
	rig_rate(f, "acme", "1.488", "", "2026-10-31T14:00:00Z");
	rig_corrections_are(f, "acme", "2026-11",
	    "2026-10 v1 1.00 31T14..01T00; 2026-10 v2 1.00 31T14..01T00; ");
	/* One that only holds behind the closed period is none. */
	rig_rate(f, "acme", "9", "", "2026-11-01T00:00:00Z");
	rig_corrections_are(f, "acme", "2026-11",
	    "2026-10 v1 1.00 31T14..01T00; 2026-10 v2 1.00 31T14..01T00; ");
}

static void
an_end_that_is_stated_late_takes_usage_off(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 1);
	rig_sample(f, 1, "2026-10-31T12:30:00Z", 100 * GIB,
	    "\"retired_at\":\"2026-10-31T14:00:00Z\"");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 -0.90 31T15..01T00; ");
}

static void
a_transfer_that_is_told_late_corrects_both_accounts(void **state)
{
	struct fixture *f = *state;
	struct account other = fixture_rules("other");

	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_account(f, "acme");
	fixture_add(f, &other);
	rig_rate(f, "acme", "0.744", "", "2000-01-01T00:00:00Z");
	rig_rate(f, "other", "1.488", "", "2000-01-01T00:00:00Z");
	fixture_source(f, "admin1", "acme,other");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"v1\",\"account\":\"acme\"");
	rig_hours(f, 2, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"v2\",\"account\":\"other\"");
	rig_close(f, "acme", "2026-10");
	rig_close(f, "other", "2026-10");
	rig_sample(f, 1, "2026-10-20T05:00:00Z", 100 * GIB,
	    "\"revision\":1,\"account\":\"other\"");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 -0.10 20T05..20T06; ");
	/* What acme calls it is not for the other. */
	rig_corrections_are(
	    f, "other", "2026-11", "2026-10  0.20 20T05..20T06; ");
}

static void
usage_of_a_closed_period_without_a_rate_has_no_total(void **state)
{
	struct fixture *f = *state;
	struct archive_row row;

	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	rig_rate(f, "acme", "0.744", "30d", "2000-01-01T00:00:00Z");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB,
	    "\"size_bins\":[{\"max_age\":\"30d\",\"bytes\":107374182400}]");
	rig_close(f, "acme", "2026-10");
	rig_sample(f, 1, "2026-10-20T05:30:00Z", 5, "");
	rig_corrections_are(f, "acme", "2026-11", "unrated");
	rig_clock(f, "2026-12-01T00:00:00Z");
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-11", true, &row), CLOSE_UNRATED);
	rig_rate(f, "acme", "0.01", "", "2000-01-01T00:00:00Z");
	/* Half of the hour was in another bin. */
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10  -0.05 20T05..20T06; ");
}

/* --- which periods --- */

static void
several_closed_periods_are_corrected_in_their_order(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 2);
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 2, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "\"name\":\"beta\"");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "\"name\":\"alpha\"");
	rig_close(f, "acme", "2026-11");
	rig_rate(f, "acme", "7.44", "", "2026-10-31T23:00:00Z");
	rig_sample(f, 1, "2026-11-20T05:30:00Z", 100 * GIB, "");
	/* November's hours are 720: 744 / 720 * 10 * 72 less 74.40 of it. */
	rig_corrections_are(f, "acme", "2026-12",
	    "2026-10 v1 0.90 31T23..01T00; 2026-10 v2 0.90 31T23..01T00; "
	    "2026-11 alpha 669.60 01T00..01T00; "
	    "2026-11 beta 669.60 01T00..01T00; ");
}

static void
an_old_years_period_is_corrected_in_the_new_year(void **state)
{
	struct fixture *f = *state;
	struct archive_row row;

	rig_begin(f, "0.744");
	rig_clock(f, "2027-01-01T00:00:00Z");
	rig_hours(f, 1, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z",
	    100 * GIB, "\"name\":\"v1\"");
	row = rig_close(f, "acme", "2026-12");
	assert_string_equal(row.number, "2027-00001");
	add_gib_hours(f, 1, "2026-12-31T23:30:00Z", 990);
	rig_corrections_are(
	    f, "acme", "2027-01", "2026-12 v1 0.99 31T23..01T00; ");
}

static void
a_late_sample_may_change_more_than_its_month(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.max_carry_hours = 8760;
	rig_begin_with(f, &rules, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	report_october(f, 1);
	rig_close(f, "acme", "2026-10");
	rig_clock(f, "2026-12-02T00:00:00Z");
	rig_sample(f, 1, "2026-12-01T00:00:00Z", 100 * GIB, "");
	rig_close(f, "acme", "2026-11");
	rig_sample(f, 1, "2026-10-31T23:30:00Z", 300 * GIB, "");
	/* All of November was carried on from that hour. */
	rig_corrections_are(f, "acme", "2026-12",
	    "2026-10 v1 0.10 31T23..01T00; 2026-11 v1 74.40 01T00..01T00; ");
}

/* --- on which bill --- */

static void
corrections_stand_on_the_first_bill_behind_the_latest_closed_one(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 1);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 990);
	rig_clock(f, "2026-12-01T05:00:00Z");
	rig_sample(f, 1, "2026-12-01T05:00:00Z", 0, "");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.99 20T05..20T06; ");
	rig_corrections_are(f, "acme", "2026-12", "");
	/* Nor on another period that is not the account's own. */
	rig_corrections_are(f, "acme", "2026-Q4", "");
}

static void
a_held_period_keeps_them(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.max_carry_hours = 72;
	rig_begin_with(f, &rules, "0.744");
	close_october(f, 1);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 990);
	rig_sample(f, 1, "2026-11-02T00:00:00Z", 0, "");
	rig_sample(f, 1, "2026-11-02T20:00:00Z", 0, "");
	rig_clock(f, "2026-12-04T00:00:00Z");
	rig_hours(f, 1, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z",
	    100 * GIB, "");
	rig_due_is(f, "acme 2026-11 held too_many_estimates; ");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.99 20T05..20T06; ");
	rig_clock(f, "2027-01-04T00:00:00Z");
	rig_corrections_are(f, "acme", "2026-12", "");
	rig_close(f, "acme", "2026-11");
	rig_corrections_are(f, "acme", "2026-12", "");
}

static void
a_period_that_was_found_empty_is_passed_over(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-10-31T12:00:00Z",
	    100 * GIB,
	    "\"name\":\"v1\",\"retired_at\":\"2026-10-31T12:00:00Z\"");
	rig_close(f, "acme", "2026-10");
	rig_clock(f, "2026-12-03T00:00:00Z");
	rig_due_is(f, "acme 2026-11 empty; ");
	rig_sample(f, 1, "2026-10-31T11:30:00Z", 2080 * GIB, "");
	rig_corrections_are(f, "acme", "2026-11", "");
	rig_corrections_are(
	    f, "acme", "2026-12", "2026-10 v1 0.99 31T11..31T12; ");
}

static void
a_correction_is_billed_once(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	close_october(f, 1);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 990);
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "");
	rig_close(f, "acme", "2026-11");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.99 20T05..20T06; ");
	rig_corrections_are(f, "acme", "2026-12", "");
	add_gib_hours(f, 1, "2026-11-20T05:30:00Z", 990);
	/* Each difference is to what was billed last. */
	rig_corrections_are(
	    f, "acme", "2026-12", "2026-11 v1 1.02 20T05..20T06; ");
}

static void
another_accounts_closing_settles_nothing(void **state)
{
	struct fixture *f = *state;

	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_account(f, "acme");
	fixture_account(f, "other");
	for (int i = 0; i < 2; i++)
		rig_rate(f, i == 0 ? "acme" : "other", "0.744", "",
		    "2000-01-01T00:00:00Z");
	fixture_source(f, "admin1", "acme,other");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"v1\",\"account\":\"acme\"");
	rig_hours(f, 2, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "\"name\":\"v2\",\"account\":\"other\"");
	rig_close(f, "acme", "2026-10");
	rig_sample(
	    f, 1, "2026-10-20T05:30:00Z", 2080 * GIB, "\"account\":\"acme\"");
	rig_close(f, "other", "2026-10");
	rig_corrections_are(f, "other", "2026-11", "");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 0.99 20T05..20T06; ");
}

/* --- facts that are older than what was billed --- */

static void
a_bill_on_older_facts_takes_nothing_back(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	/* October waits for a decision; November's document rests on what
	 * was known on December 3rd, however late it is closed. */
	rules.gap = ACCOUNT_GAP_HOLD;
	rig_begin_with(f, &rules, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-10-31T20:00:00Z",
	    100 * GIB, "\"name\":\"v1\"");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z",
	    100 * GIB, "\"retired_at\":\"2026-11-03T00:00:00Z\"");
	rig_due_is(f, "acme 2026-10 held missing_hours; ");
	rig_clock(f, "2026-12-05T00:00:00Z");
	rig_hours(f, 1, "2026-10-31T20:00:00Z", "2026-10-31T22:00:00Z",
	    100 * GIB, "");
	rig_close(f, "acme", "2026-10");
	rig_sample(f, 1, "2026-10-31T22:00:00Z", 990 * GIB, "");
	rig_due_is(f, "acme 2026-11 2026-00002 4.96; ");
	rig_corrections_are(f, "acme", "2026-11", "");
	rig_corrections_are(
	    f, "acme", "2026-12", "2026-10 v1 0.99 31T22..31T23; ");
}

/* --- the review by itself --- */

static void
a_review_compares_with_what_was_billed_before_an_invoice(void **state)
{
	struct fixture *f = *state;
	struct invoice_query query = {.now = 0};
	struct correction_review r;
	struct archive_row october, november;
	struct account a;
	char *text;

	rig_begin(f, "0.744");
	close_october(f, 1);
	add_gib_hours(f, 1, "2026-10-20T05:30:00Z", 994);
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "");
	november = rig_close(f, "acme", "2026-11");
	assert_true(archive_load(f->db, "2026-00001", &october, &f->err));
	a = rig_account(f, "acme");
	query.now = november.closed_at;
	query.head.seq = november.upto_fact;
	assert_true(correction_review(
	    f->db, &a, &october, &query, november.id, &r, &f->err));
	assert_int_equal(r.count, 1);
	text = exact_decimal(r.list[0].exact, 30);
	assert_string_equal(text, "0.994");
	free(text);
	text = exact_fixed(r.list[0].amount, 2);
	assert_string_equal(text, "0.99");
	free(text);
	assert_int_equal(r.list[0].upto_fact, october.upto_fact);
	correction_review_fini(&r);
	/* With that invoice, all but 0.004 is billed: nothing is left. */
	assert_true(
	    correction_review(f->db, &a, &october, &query, 0, &r, &f->err));
	assert_int_equal(r.count, 0);
	text = exact_fixed(r.billed, 2);
	assert_string_equal(text, "75.39");
	free(text);
	correction_review_fini(&r);
	correction_review_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_late_sample_is_a_line_of_the_next_bill),
	    FIXTURE_TEST(usage_that_comes_off_is_paid_back),
	    FIXTURE_TEST(a_unit_goes_to_the_largest_difference),
	    FIXTURE_TEST(of_equal_differences_the_first_by_name_gets_the_unit),
	    FIXTURE_TEST(losses_share_downwards),
	    FIXTURE_TEST(what_was_too_little_to_be_billed_is_not_lost),
	    FIXTURE_TEST(all_documents_add_up_to_the_rounded_truth),
	    FIXTURE_TEST(with_rounding_per_line_each_line_is_rounded_anew),
	    FIXTURE_TEST(lines_that_a_new_rate_cuts_otherwise_are_rounded_anew),
	    FIXTURE_TEST(a_backdated_rate_corrects_every_volume),
	    FIXTURE_TEST(an_end_that_is_stated_late_takes_usage_off),
	    FIXTURE_TEST(a_transfer_that_is_told_late_corrects_both_accounts),
	    FIXTURE_TEST(usage_of_a_closed_period_without_a_rate_has_no_total),
	    FIXTURE_TEST(several_closed_periods_are_corrected_in_their_order),
	    FIXTURE_TEST(an_old_years_period_is_corrected_in_the_new_year),
	    FIXTURE_TEST(a_late_sample_may_change_more_than_its_month),
	    FIXTURE_TEST(
		corrections_stand_on_the_first_bill_behind_the_latest_closed_one),
	    FIXTURE_TEST(a_held_period_keeps_them),
	    FIXTURE_TEST(a_period_that_was_found_empty_is_passed_over),
	    FIXTURE_TEST(a_correction_is_billed_once),
	    FIXTURE_TEST(another_accounts_closing_settles_nothing),
	    FIXTURE_TEST(a_bill_on_older_facts_takes_nothing_back),
	    FIXTURE_TEST(
		a_review_compares_with_what_was_billed_before_an_invoice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
