/*
 * trouble_test.c - unit tests of src/trouble.c.
 */
#include "fixture.h"
#include "src/archive.h"
#include "src/grant.h"
#include "src/trouble.h"

static int
set_up(void **state)
{
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	fixture_account(f, "acme");
	fixture_account(f, "globex");
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

/* What is told with the October bill of the account (NULL: of both). */
static void
load(struct fixture *f, const char *account, struct trouble *out)
{
	static const char *const names[] = {"acme", "globex"};
	struct invoice bills[2];
	size_t n = 0;

	memset(bills, 0, sizeof bills);
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < 2; i++) {
		if (account != NULL && strcmp(account, names[i]) != 0)
			continue;
		assert_true(
		    account_find(f->db, names[i], &bills[n].account, &f->err));
		assert_true(invoice_parse_period(
		    "2026-10", &bills[n++].period, &f->err));
	}
	assert_true(trouble_load(f->db, bills, n, f->now, out, &f->err));
}

/* A report that was sent ahead of its arrival, or after it. */
static void
report(struct fixture *f, int64_t ahead_secs, const char *account)
{
	int64_t now = f->now;
	char members[64];

	snprintf(members, sizeof members, "\"account\":\"%s\"", account);
	f->now = now + ahead_secs;
	fixture_begin_report(f, ++f->next_report);
	f->now = now;
	fixture_add_sample(f, 1, now + ahead_secs, 0, 1, members);
	if (fixture_send_report(f) != LEDGER_STORED)
		fail_msg("report: %s", f->err.text);
}

static void
clocks_are(struct fixture *f, const char *account, const char *expected)
{
	struct trouble t;
	struct buf b = BUF_INIT;

	load(f, account, &t);
	for (size_t i = 0; i < t.clock_count; i++)
		buf_printf(&b, "%s %lld ", t.clocks[i].name,
		    (long long)t.clocks[i].skew_secs);
	assert_string_equal(buf_text(&b), expected);
	trouble_fini(&t);
	buf_fini(&b);
}

static void
samples_in_quarantine_are_counted_for_their_account(void **state)
{
	struct fixture *f = *state;
	int64_t first = f->now;
	struct trouble t;

	fixture_source(f, "admin1", "acme,globex");
	load(f, NULL, &t);
	assert_int_equal(t.quarantined, 0);
	trouble_fini(&t);
	report(f, 3600, "globex");
	f->now += 60;
	report(f, 3600, "acme");
	report(f, 3601, "acme");
	load(f, "acme", &t);
	assert_int_equal(t.quarantined, 2);
	assert_int_equal(t.quarantined_since, first + 60);
	trouble_fini(&t);
	load(f, NULL, &t);
	assert_int_equal(t.quarantined, 3);
	assert_int_equal(t.quarantined_since, first);
	trouble_fini(&t);
	assert_true(sql_exec(
	    f->db, "UPDATE quarantine SET state = 'discarded'", &f->err));
	load(f, NULL, &t);
	assert_int_equal(t.quarantined, 0);
	trouble_fini(&t);
}

static void
a_clock_that_is_off_all_day_is_told_of(void **state)
{
	struct fixture *f = *state;

	fixture_source(f, "late", "globex");
	report(f, -61, "globex");
	fixture_source(f, "early", "acme");
	report(f, 200, "acme");
	f->now += 3600;
	report(f, 130, "acme");
	clocks_are(f, NULL, "early 130 late -61 ");
	clocks_are(f, "acme", "early 130 ");
	clocks_are(f, "globex", "late -61 ");
	/* Off by no more than a minute. */
	report(f, 60, "acme");
	clocks_are(f, "acme", "");
	assert_true(sql_exec(f->db, "UPDATE source SET disabled = 1", &f->err));
	clocks_are(f, NULL, "");
}

static void
a_report_that_was_late_says_nothing_of_a_clock(void **state)
{
	struct fixture *f = *state;

	fixture_source(f, "admin1", "acme");
	report(f, -7200, "acme");
	clocks_are(f, "acme", "admin1 -7200 ");
	report(f, 0, "acme");
	clocks_are(f, "acme", "");
	/* Both ways: that is the network. */
	f->now += TROUBLE_CLOCK_FOR_SECS + 1;
	report(f, -120, "acme");
	report(f, 120, "acme");
	clocks_are(f, "acme", "");
	/* What was long ago is not told of. */
	f->now += TROUBLE_CLOCK_FOR_SECS + 121;
	clocks_are(f, "acme", "");
}

static void
note(struct fixture *f, int64_t account, const char *period, bool held)
{
	const struct archive_check check = {
	    .held = held, .reason = "missing_hours", .checked_at = f->now};

	assert_true(
	    archive_note_check(f->db, account, period, &check, &f->err));
}

static void
held_periods_are_told_of_but_those_that_are_shown(void **state)
{
	struct fixture *f = *state;
	struct trouble t;

	note(f, 1, "2026-10", true);
	note(f, 1, "2026-09", true);
	note(f, 1, "2026-07", false);
	note(f, 2, "2026-08", true);
	load(f, NULL, &t);
	assert_int_equal(t.held_count, 2);
	assert_string_equal(t.held[0].account, "globex");
	assert_string_equal(t.held[0].period, "2026-08");
	assert_string_equal(t.held[1].account, "acme");
	assert_string_equal(t.held[1].period, "2026-09");
	assert_int_equal(t.held[1].reason, INVOICE_MISSING_HOURS);
	trouble_fini(&t);
	load(f, "acme", &t);
	assert_int_equal(t.held_count, 1);
	assert_string_equal(t.held[0].period, "2026-09");
	trouble_fini(&t);
	/* Once more is fine. */
	trouble_fini(&t);
}

/* One for the source that reports now. */
static void
grant(struct fixture *f, int64_t secs)
{
	struct jws_key *key = jws_key_make(&f->err);
	struct grant g = {.id = 0};
	struct source source;

	assert_true(source_load(f->db, f->source, &source, &f->err));
	if (!grant_create(f->db, key, &source, f->now + secs, "operator:me",
		f->now, &g, &f->err))
		fail_msg("grant: %s", f->err.text);
	grant_fini(&g);
	jws_key_free(key);
}

static void
grants_are(struct fixture *f, int64_t after_secs, const char *expected)
{
	struct trouble t = {.grant_count = 0};
	struct buf b = BUF_INIT;

	assert_true(
	    trouble_load_grants(f->db, f->now + after_secs, &t, &f->err));
	for (size_t i = 0; i < t.grant_count; i++)
		buf_printf(&b, "%s %lld ", t.grants[i].name,
		    (long long)(t.grants[i].ends_at - f->now));
	assert_string_equal(buf_text(&b), expected);
	trouble_fini(&t);
	buf_fini(&b);
}

static void
a_grant_that_is_not_renewed_is_told_of(void **state)
{
	const int64_t DAY = 86400;
	struct fixture *f = *state;

	fixture_source(f, "never", "acme");
	fixture_source(f, "long", "acme");
	grant(f, 30 * DAY);
	fixture_source(f, "day", "acme");
	grant(f, DAY);
	/* A short one is renewed in time as well. */
	grants_are(f, DAY / 2 - 1, "");
	grants_are(f, DAY / 2, "day 86400 ");
	grants_are(f, 23 * DAY - 1, "day 86400 ");
	grants_are(f, 23 * DAY, "day 86400 long 2592000 ");
	grants_are(f, 40 * DAY, "day 86400 long 2592000 ");
	/* The last to end counts, whichever was signed last. */
	grant(f, 60 * DAY);
	grant(f, DAY);
	grants_are(f, 40 * DAY, "long 2592000 ");
	assert_true(sql_exec(f->db, "UPDATE source SET disabled = 1", &f->err));
	grants_are(f, 90 * DAY, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(samples_in_quarantine_are_counted_for_their_account),
	    TEST(a_clock_that_is_off_all_day_is_told_of),
	    TEST(a_report_that_was_late_says_nothing_of_a_clock),
	    TEST(held_periods_are_told_of_but_those_that_are_shown),
	    TEST(a_grant_that_is_not_renewed_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
