/*
 * late_test.c - unit tests of src/late.c: which closed months are marked.
 * Marks are written as volume:month, with "!" when they are of the last fact.
 */
#include "money_rig.h"
#include "src/late.h"
#include "src/quarantine.h"

/* By volume and month. */
static void
marks_are(struct fixture *f, const char *expected)
{
	struct sql_stmt *s = sql_get(f->db,
	    "SELECT volume, month, fact = (SELECT max(fact) FROM late)"
	    " FROM late ORDER BY volume, month",
	    &f->err);
	struct buf b = BUF_INIT;

	assert_non_null(s);
	while (sql_step(s, &f->err) == SQL_ROW)
		buf_printf(&b, "%s%lld:%lld-%02lld%s", b.len > 0 ? " " : "",
		    (long long)sql_int(s, 0), (long long)sql_int(s, 1) / 12,
		    (long long)sql_int(s, 1) % 12 + 1,
		    sql_int(s, 2) != 0 ? "!" : "");
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
forget(struct fixture *f)
{
	assert_true(sql_exec(f->db, "DELETE FROM late", &f->err));
}

/* What ended up to then is being closed. */
static void
announce(struct fixture *f, const char *to)
{
	if (!late_announce(f->db, rig_at(to), &f->err))
		fail_msg("announce: %s", f->err.text);
}

/* --- what is closed --- */

static void
ends_are_announced_and_only_move_on(void **state)
{
	struct fixture *f = *state;
	int64_t at;

	assert_true(late_announced(f->db, &at, &f->err));
	assert_int_equal(at, 0);
	announce(f, "2026-11-01T00:00:00Z");
	announce(f, "2026-10-01T00:00:00Z");
	announce(f, "2026-11-01T00:00:00Z");
	assert_true(late_announced(f->db, &at, &f->err));
	assert_int_equal(at, rig_at("2026-11-01T00:00:00Z"));
	assert_false(sql_in_transaction(f->db));
}

static void
a_month_is_as_good_as_closed_when_its_grace_is_over(void **state)
{
	static const struct {
		const char *announced, *now, *closed;
	} cases[] = {
	    {NULL, "2026-11-02T23:59:59Z", "2026-10-01T00:00:00Z"},
	    {NULL, "2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z"},
	    {"2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z",
		"2026-11-01T00:00:00Z"},
	    {"2026-11-01T00:00:00Z", "2027-02-03T00:00:00Z",
		"2027-02-01T00:00:00Z"},
	    {"2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z",
		"2027-01-01T00:00:00Z"},
	};

	const struct grace grace = {.count = 0}; /* as preset */

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t announced =
		    cases[i].announced != NULL ? rig_at(cases[i].announced) : 0;

		assert_int_equal(
		    late_closed_hour(announced, rig_at(cases[i].now), &grace) *
			3600,
		    rig_at(cases[i].closed));
	}
}

/* --- samples --- */

static void
a_sample_in_time_marks_nothing(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-02T23:59:59Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-02T23:00:00Z", 5, "");
	marks_are(f, "");
}

static void
a_sample_of_a_closed_month_marks_it(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 5, "");
	announce(f, "2026-11-01T00:00:00Z");
	rig_sample(f, 1, "2026-10-20T05:30:00Z", 7, "");
	marks_are(f, "1:2026-10!");
	forget(f);
	/* The same again is no news; a correction of it is. */
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, rig_at("2026-10-20T05:30:00Z"), 0, 7, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.duplicates, 1);
	marks_are(f, "");
	rig_sample(f, 1, "2026-10-20T05:30:00Z", 8, "\"revision\":1");
	marks_are(f, "1:2026-10!");
}

static void
a_sample_behind_the_grace_is_late_though_nothing_is_closed(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_sample(f, 1, "2026-10-31T23:00:00Z", 5, "");
	marks_are(f, "1:2026-10!");
}

/* Samples of a volume in October and December, none in November; everything
 * up to the end of the year is closed. */
static void
close_a_year(struct fixture *f)
{
	rig_begin(f, "1");
	rig_clock(f, "2026-10-15T12:00:00Z");
	rig_sample(f, 1, "2026-10-15T00:00:00Z", 5, "");
	rig_clock(f, "2026-12-20T12:00:00Z");
	rig_sample(f, 1, "2026-12-20T00:00:00Z", 5, "");
	forget(f);
	announce(f, "2027-01-01T00:00:00Z");
}

static void
a_sample_between_others_marks_from_the_one_to_the_other(void **state)
{
	struct fixture *f = *state;

	close_a_year(f);
	rig_sample(f, 1, "2026-11-25T00:00:00Z", 7, "");
	marks_are(f, "1:2026-10! 1:2026-11! 1:2026-12!");
}

static void
a_sample_behind_all_others_marks_up_to_the_last_closed_month(void **state)
{
	struct fixture *f = *state;

	close_a_year(f);
	announce(f, "2027-03-01T00:00:00Z");
	rig_sample(f, 1, "2026-12-20T05:00:00Z", 7, "");
	marks_are(f, "1:2026-10! 1:2026-11! 1:2026-12! 1:2027-01! 1:2027-02!");
}

static void
the_first_sample_behind_what_is_closed_reaches_back(void **state)
{
	struct fixture *f = *state;

	close_a_year(f);
	rig_clock(f, "2027-01-02T12:00:00Z");
	rig_sample(f, 1, "2027-01-02T00:00:00Z", 7, "");
	marks_are(f, "1:2026-12!");
	forget(f);
	/* Those behind it do not, in whichever order they come; one before
	 * it does. */
	rig_sample(f, 1, "2027-01-02T09:00:00Z", 7, "");
	rig_sample(f, 1, "2027-01-02T05:00:00Z", 7, "");
	marks_are(f, "");
	rig_sample(f, 1, "2027-01-01T00:00:00Z", 7, "");
	marks_are(f, "1:2026-12!");
}

static void
a_volume_that_reports_on_marks_nothing(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-01T01:00:00Z");
	rig_hours(f, 1, "2026-10-15T00:00:00Z", "2026-11-01T01:00:00Z", 5, "");
	announce(f, "2026-11-01T00:00:00Z");
	/* Also by a process that has just begun. */
	ledger_close(f->ledger);
	f->ledger = NULL;
	rig_clock(f, "2026-11-01T02:00:00Z");
	rig_sample(f, 1, "2026-11-01T01:30:00Z", 5, "");
	rig_sample(f, 1, "2026-11-01T02:00:00Z", 5, "");
	marks_are(f, "");
}

static void
a_volume_that_is_new_marks_only_what_it_is_in(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	announce(f, "2026-12-01T00:00:00Z");
	rig_clock(f, "2026-12-01T12:00:00Z");
	rig_sample(f, 1, "2026-12-01T12:00:00Z", 5, "");
	marks_are(f, "");
	rig_sample(f, 2, "2026-11-30T12:00:00Z", 5, "");
	marks_are(f, "2:2026-11!");
}

static void
a_later_fact_moves_a_mark_and_an_earlier_one_does_not(void **state)
{
	struct fixture *f = *state;
	int64_t closed = rig_at("2026-11-01T00:00:00Z") / 3600;
	int64_t hour = rig_at("2026-10-20T00:00:00Z") / 3600;

	rig_begin(f, "1");
	rig_clock(f, "2026-10-20T12:00:00Z");
	rig_sample(f, 1, "2026-10-20T00:00:00Z", 5, "");
	assert_true(late_mark_sample(f->db, closed, 1, hour, 50, &f->err));
	assert_true(late_mark_sample(f->db, closed, 1, hour, 40, &f->err));
	assert_int_equal(
	    fixture_int(f->db, "SELECT fact FROM late", &f->err), 50);
	assert_true(late_mark_sample(f->db, closed, 1, hour, 60, &f->err));
	assert_int_equal(
	    fixture_int(f->db, "SELECT fact FROM late", &f->err), 60);
}

/* --- ends --- */

static void
an_end_marks_everything_behind_it(void **state)
{
	struct fixture *f = *state;

	close_a_year(f);
	/* The sample itself is after the end that it states. */
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, rig_at("2026-12-20T01:00:00Z"), 0, 5,
	    "\"retired_at\":\"2026-11-20T00:00:00Z\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 0);
	/* From the last sample before it, since a gap may end otherwise. */
	marks_are(f, "1:2026-10! 1:2026-11! 1:2026-12!");
}

static void
an_end_behind_what_is_closed_reaches_back_as_a_sample_does(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "1");
	rig_clock(f, "2026-11-01T01:00:00Z");
	rig_hours(f, 1, "2026-10-15T00:00:00Z", "2026-11-01T01:00:00Z", 5, "");
	announce(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-11-01T02:00:00Z");
	rig_sample(f, 1, "2026-11-01T01:30:00Z", 5,
	    "\"retired_at\":\"2026-11-01T01:40:00Z\"");
	marks_are(f, "1:2026-10!");
	forget(f);
	/* Said again, or later, it is no news. */
	rig_sample(f, 1, "2026-11-01T01:35:00Z", 5,
	    "\"retired_at\":\"2026-11-01T01:50:00Z\"");
	marks_are(f, "");
}

static void
an_end_that_moves_on_marks_from_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct quarantine_outcome outcome;

	rig_begin(f, "1");
	rig_clock(f, "2026-10-20T12:00:00Z");
	rig_sample(f, 1, "2026-10-20T00:00:00Z", 5,
	    "\"retired_at\":\"2026-10-20T06:00:00Z\"");
	announce(f, "2026-12-01T00:00:00Z");
	rig_clock(f, "2026-12-01T12:00:00Z");
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 1, rig_at("2026-12-01T10:00:00Z"), 0, 5, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 1);
	marks_are(f, "");
	assert_int_equal(quarantine_release(f->db, 1, "it lives", "operator:me",
			     f->now, &outcome, &f->err),
	    QUARANTINE_DONE);
	marks_are(f, "1:2026-10! 1:2026-11!");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(ends_are_announced_and_only_move_on),
	    FIXTURE_TEST(a_month_is_as_good_as_closed_when_its_grace_is_over),
	    FIXTURE_TEST(a_sample_in_time_marks_nothing),
	    FIXTURE_TEST(a_sample_of_a_closed_month_marks_it),
	    FIXTURE_TEST(
		a_sample_behind_the_grace_is_late_though_nothing_is_closed),
	    FIXTURE_TEST(
		a_sample_between_others_marks_from_the_one_to_the_other),
	    FIXTURE_TEST(
		a_sample_behind_all_others_marks_up_to_the_last_closed_month),
	    FIXTURE_TEST(the_first_sample_behind_what_is_closed_reaches_back),
	    FIXTURE_TEST(a_volume_that_reports_on_marks_nothing),
	    FIXTURE_TEST(a_volume_that_is_new_marks_only_what_it_is_in),
	    FIXTURE_TEST(a_later_fact_moves_a_mark_and_an_earlier_one_does_not),
	    FIXTURE_TEST(an_end_marks_everything_behind_it),
	    FIXTURE_TEST(
		an_end_behind_what_is_closed_reaches_back_as_a_sample_does),
	    FIXTURE_TEST(an_end_that_moves_on_marks_from_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
