/*
 * explain_test.c - unit tests of src/explain.c: samples that are gone, and
 * those that an operator let in. What everything else comes to is reckoned by
 * test/blackbox/explain_usage.py and explain_corrections.py.
 */
#include "money_rig.h"
#include "src/explain.h"
#include "src/history.h"
#include "src/quarantine.h"

enum {
	KEEP_SECS = 62 * 86400
};

/* Makes rows of all closed days, and removes what is old. */
static void
turn_history(struct fixture *f)
{
	struct history *h = history_new(KEEP_SECS, &f->err);
	bool more = true;

	assert_non_null(h);
	while (more)
		if (!history_turn(h, f->db, f->now, &more, &f->err))
			fail_msg("history: %s", f->err.text);
	history_free(h);
}

static void
explain(struct fixture *f, const char *bill, int64_t line, struct explain *out)
{
	if (!explain_build(f->db, bill, line, 0, f->now, out, &f->err))
		fail_msg(
		    "%s, line %lld: %s", bill, (long long)line, f->err.text);
}

static void
exact_is(const struct exact *x, const char *expected)
{
	char *text = exact_decimal(x, 30);

	assert_string_equal(text, expected);
	free(text);
}

/* How often a text stands in what is printed, as text and as JSON. */
static size_t
count_said(const struct explain *e, bool json, const char *words)
{
	struct buf b = BUF_INIT;
	size_t n = 0;

	if (json)
		explain_json(e, &b);
	else
		explain_text(e, &b);
	assert_false(b.failed);
	for (const char *p = buf_text(&b); (p = strstr(p, words)) != NULL; p++)
		n++;
	buf_fini(&b);
	return n;
}

/* --- samples that are gone --- */

static void
hours_whose_samples_are_gone_are_shown_with_their_sums(void **state)
{
	struct fixture *f = *state;
	struct explain e;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "");
	rig_close(f, "acme", "2026-10");
	rig_clock(f, "2026-12-20T00:00:00Z");
	turn_history(f);
	/* The days up to the 18th of October are. */
	explain(f, "2026-00001", 1, &e);
	assert_true(e.adds_up);
	assert_int_equal(e.hours.measured, 744);
	exact_is(e.exact, "74.4");
	assert_int_equal(
	    count_said(&e, true, "\"samples_removed\": true"), 18 * 24);
	assert_int_equal(
	    count_said(&e, true, "\"sampled_at\""), (31 - 18) * 24);
	assert_int_equal(count_said(&e, false, "Samples are removed"), 18 * 24);
	explain_fini(&e);
	explain_fini(&e);
}

static void
what_came_late_for_hours_that_are_gone_is_no_damage(void **state)
{
	struct fixture *f = *state;
	struct explain e;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "");
	rig_close(f, "acme", "2026-10");
	rig_sample(f, 1, "2026-10-10T05:30:00Z", 2080 * GIB, "");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "");
	rig_close(f, "acme", "2026-11");
	explain(f, "2026-00002", 2, &e);
	assert_true(e.adds_up);
	exact_is(e.exact, "0.99");
	explain_fini(&e);
	rig_clock(f, "2026-12-20T00:00:00Z");
	turn_history(f);
	explain(f, "2026-00001", 1, &e);
	assert_false(e.adds_up);
	exact_is(e.exact, "75.39");
	assert_string_equal(e.amount, "74.40");
	assert_int_equal(count_said(&e, false, "do not add up"), 1);
	assert_int_equal(count_said(&e, true, "\"adds_up\": false"), 1);
	explain_fini(&e);
	explain(f, "2026-00002", 2, &e);
	assert_false(e.adds_up);
	assert_string_equal(e.amount, "0.99");
	exact_is(e.exact, "0");
	explain_fini(&e);
}

static void
an_hour_that_begins_with_a_sample_that_is_gone_is_taken_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");
	const struct explain_hour *h;
	struct explain e;

	rules.average = ACCOUNT_TIME_WEIGHTED;
	rig_begin_with(f, &rules, "0.744");
	rig_clock(f, "2026-10-02T00:00:00Z");
	rig_sample(f, 1, "2026-10-01T23:30:00Z", 100 * GIB, "");
	rig_clock(f, "2026-10-03T00:00:00Z");
	rig_sample(f, 1, "2026-10-02T00:30:00Z", 300 * GIB, "");
	rig_clock(f, "2026-12-03T00:00:00Z");
	turn_history(f);
	explain(f, "acme/2026-10", 1, &e);
	assert_true(e.adds_up);
	h = explain_hour_of(
	    &e.now, rig_at("2026-10-01T23:00:00Z") / UTC_HOUR_SECS);
	assert_true(h->samples.removed);
	assert_int_equal(h->samples.count, 0);
	h++;
	assert_true(h->samples.removed);
	assert_int_equal(h->samples.count, 1);
	exact_is(h->bins[0].bytes, "214748364800");
	explain_fini(&e);
}

/* --- out of the quarantine --- */

static void
a_released_sample_names_its_report_and_who_let_it_in(void **state)
{
	struct fixture *f = *state;
	struct quarantine_outcome outcome;
	const struct explain_sample *s;
	struct explain e;
	int64_t report;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-10T00:00:00Z");
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(
	    f, 1, rig_at("2026-10-01T05:00:00Z"), 0, 100 * GIB, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 1);
	report = fixture_int(f->db, "SELECT max(fact) FROM report", &f->err);
	rig_clock(f, "2026-11-11T00:00:00Z");
	assert_int_equal(quarantine_release(f->db, 1, "it is right",
			     "operator:me", f->now, &outcome, &f->err),
	    QUARANTINE_DONE);
	explain(f, "acme/2026-10", 1, &e);
	assert_int_equal(e.now.hours[0].samples.count, 1);
	s = &e.now.hours[0].samples.list[0];
	assert_int_equal(s->report.seq, report);
	assert_string_equal(s->report.who, "source:admin1");
	assert_true(s->report.has_body);
	assert_int_equal(s->report.at, rig_at("2026-11-10T00:00:00Z"));
	assert_string_equal(s->released.who, "operator:me");
	assert_int_equal(s->released.at, f->now);
	assert_true(s->released.seq > report);
	/* Once in its hour, once as what estimates rest on. */
	assert_int_equal(
	    count_said(&e, false, "released by operator:me, fact"), 2);
	assert_int_equal(count_said(&e, true, "\"by\": \"operator:me\""), 2);
	explain_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(
		hours_whose_samples_are_gone_are_shown_with_their_sums),
	    FIXTURE_TEST(what_came_late_for_hours_that_are_gone_is_no_damage),
	    FIXTURE_TEST(
		an_hour_that_begins_with_a_sample_that_is_gone_is_taken_as_it_is),
	    FIXTURE_TEST(a_released_sample_names_its_report_and_who_let_it_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
