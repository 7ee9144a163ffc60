/*
 * close_test.c - unit tests of src/close.c and close_due.c: which periods are
 * closed when, on which facts, and that nobody closes one twice. With a rate
 * of 0.744 a GiB-hour of October costs 0.001.
 */
#include <sys/wait.h>

#include "money_rig.h"
#include "src/verify.h"

/* October of volume 1 at 100 GiB, but for the last hours. */
static void
report_october(struct fixture *f, const char *until)
{
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(
	    f, 1, "2026-10-01T00:00:00Z", until, 100 * GIB, "\"name\":\"v1\"");
}

static void
no_invoice_but(struct fixture *f, int64_t count)
{
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM invoice", &f->err), count);
}

static bool
is_due(struct fixture *f, bool again)
{
	bool due;

	assert_true(close_is_due(f->db, f->now, again, &due, &f->err));
	return due;
}

/* --- when --- */

static void
a_period_is_closed_when_its_grace_is_over(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-11-02T23:59:59Z");
	assert_false(is_due(f, true));
	rig_due_is(f, "");
	rig_clock(f, "2026-11-03T00:00:00Z");
	assert_true(is_due(f, false));
	rig_due_is(f, "acme 2026-10 2026-00001 74.40; ");
	assert_false(is_due(f, false));
	rig_due_is(f, "");
}

static void
a_report_at_the_end_of_the_grace_is_late(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	report_october(f, "2026-10-31T22:00:00Z");
	rig_clock(f, "2026-11-02T23:59:59Z");
	rig_sample(f, 1, "2026-10-31T22:00:00Z", 1100 * GIB, "");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_sample(f, 1, "2026-10-31T23:00:00Z", 1100 * GIB, "");
	/* However late it is closed. */
	rig_clock(f, "2026-11-20T00:00:00Z");
	rig_due_is(f, "acme 2026-10 2026-00001 76.40; ");
	rig_total_is(f, "acme", "2026-10", "76.40");
	/* 742 hours of 0.1, 1.1 and what is carried on of it. */
	rig_corrections_are(f, "acme", "2026-11", "");
	rig_sample(f, 1, "2026-10-31T23:00:00Z", 100 * GIB, "\"revision\":1");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 -1.00 31T23..01T00; ");
}

static void
a_rate_that_is_stated_late_does_not_change_the_document(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_rate(f, "acme", "1.488", "", "2026-10-01T00:00:00Z");
	rig_due_is(f, "acme 2026-10 2026-00001 74.40; ");
	rig_corrections_are(
	    f, "acme", "2026-11", "2026-10 v1 74.40 01T00..01T00; ");
}

static void
by_hand_a_period_rests_on_all_that_is_known(void **state)
{
	struct fixture *f = *state;
	struct archive_row row;

	rig_begin(f, "0.744");
	report_october(f, "2026-10-31T22:00:00Z");
	rig_clock(f, "2026-11-20T00:00:00Z");
	rig_hours(f, 1, "2026-10-31T22:00:00Z", "2026-11-01T00:00:00Z",
	    1100 * GIB, "");
	row = rig_close(f, "acme", "2026-10");
	assert_string_equal(row.total, "76.40");
	assert_int_equal(row.closed_at, f->now);
	assert_int_equal(row.due_at, f->now + INT64_C(30) * 86400);
	rig_due_is(f, "");
}

static void
old_periods_are_made_up_for_the_earliest_first(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "\"retired_at\":\"2026-12-01T00:00:00Z\"");
	rig_clock(f, "2027-02-20T00:00:00Z");
	rig_due_is(f,
	    "acme 2026-10 2027-00001 74.40; acme 2026-11 2027-00002 74.40; "
	    "acme 2026-12 empty; acme 2027-01 empty; ");
}

struct watched {
	struct fixture *f;
	int told;
};

/* An operator who closes November while October is being closed. */
static void
close_november_by_hand(void *ctx, const struct close_outcome *outcome)
{
	struct watched *w = ctx;
	struct fixture *f = w->f;
	const struct close_order order = {
	    .who = "operator:me", .reason = "", .now = f->now};
	struct invoice_period period;
	struct archive_row row;
	struct account a = rig_account(f, "acme");
	struct sql *db;

	w->told++;
	if (strcmp(outcome->period->text, "2026-10") != 0)
		return;
	db = store_open_write(f->folder, 20000, NULL, &f->err);
	assert_non_null(db);
	assert_true(invoice_parse_period("2026-11", &period, &f->err));
	assert_int_equal(
	    close_period(db, &a, &period, true, &order, &row, &f->err),
	    CLOSE_DONE);
	sql_close(db);
}

static void
what_somebody_else_closes_meanwhile_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct close_order order = {.who = "server", .reason = ""};
	struct watched w = {.f = f};

	rig_begin(f, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "\"retired_at\":\"2026-12-01T00:00:00Z\"");
	rig_clock(f, "2026-12-03T00:00:00Z");
	order.now = f->now;
	assert_true(
	    close_due(f->db, &order, close_november_by_hand, &w, &f->err));
	assert_int_equal(w.told, 1);
	rig_due_is(f, "");
	rig_total_is(f, "acme", "2026-11", "74.40");
}

static void
a_quarter_is_closed_when_it_is_over(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.period = ACCOUNT_QUARTERLY;
	rig_begin_with(f, &rules, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-12-31T00:00:00Z");
	rig_due_is(f, "");
	assert_false(is_due(f, true));
	rig_clock(f, "2027-01-03T00:00:00Z");
	assert_true(is_due(f, false));
	/* Six hours were carried on. */
	rig_due_is(f, "acme 2026-Q4 2027-00001 75.02; ");
	rig_total_is(f, "acme", "2026-Q4", "75.02");
}

/* --- what is held --- */

static void
what_is_estimated_for_too_long_is_held_and_told_once(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.max_carry_hours = 72;
	rig_begin_with(f, &rules, "0.744");
	report_october(f, "2026-10-30T10:00:00Z");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_due_is(f, "acme 2026-10 held too_many_estimates; ");
	no_invoice_but(f, 0);
	/* It is looked at again every hour, and not before. */
	assert_false(is_due(f, false));
	rig_clock(f, "2026-11-03T00:59:59Z");
	rig_due_is(f, "");
	rig_clock(f, "2026-11-03T01:00:00Z");
	assert_true(is_due(f, true));
	rig_due_is(f, "acme 2026-10 held too_many_estimates again; ");
}

static void
what_is_held_is_closed_when_the_cause_is_gone(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.gap = ACCOUNT_GAP_HOLD;
	rig_begin_with(f, &rules, "0.744");
	report_october(f, "2026-10-31T22:00:00Z");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_due_is(f, "acme 2026-10 held missing_hours; ");
	rig_clock(f, "2026-11-05T00:00:00Z");
	rig_hours(f, 1, "2026-10-31T22:00:00Z", "2026-11-01T00:00:00Z",
	    100 * GIB, "");
	/* With all that is known by then. */
	rig_due_is(f, "acme 2026-10 2026-00001 74.40; ");
	rig_corrections_are(f, "acme", "2026-11", "");
}

static void
usage_without_a_rate_waits_for_one(void **state)
{
	struct fixture *f = *state;
	struct archive_row row;

	rig_begin(f, NULL);
	report_october(f, "2026-11-01T00:00:00Z");
	rig_clock(f, "2026-11-03T00:00:00Z");
	rig_due_is(f, "acme 2026-10 unrated_usage unrated_usage; ");
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-10", true, &row), CLOSE_UNRATED);
	assert_int_equal(f->err.kind, ERR_INPUT);
	rig_clock(f, "2026-11-04T00:00:00Z");
	rig_rate(f, "acme", "0.744", "", "2000-01-01T00:00:00Z");
	rig_due_is(f, "acme 2026-10 2026-00001 74.40; ");
}

static void
a_period_that_waits_does_not_hold_up_the_next_one(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");

	rules.gap = ACCOUNT_GAP_HOLD;
	rig_begin_with(f, &rules, "0.744");
	report_october(f, "2026-10-31T22:00:00Z");
	rig_clock(f, "2026-12-01T00:00:00Z");
	rig_hours(f, 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
	    100 * GIB, "");
	rig_clock(f, "2026-12-03T00:00:00Z");
	rig_due_is(f,
	    "acme 2026-10 held missing_hours; acme 2026-11 2026-00001 74.40; ");
	assert_string_equal(
	    rig_close(f, "acme", "2026-10").number, "2026-00002");
}

/* --- by hand --- */

static void
what_cannot_be_closed_by_hand_is_refused(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("quarterly");
	struct archive_row row;

	rig_begin(f, "0.744");
	rules.period = ACCOUNT_QUARTERLY;
	fixture_add(f, &rules);
	report_october(f, "2026-10-30T10:00:00Z");
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-11", true, &row), CLOSE_NOT_OVER);
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-09", true, &row), CLOSE_EMPTY);
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-Q3", true, &row), CLOSE_WRONG);
	assert_int_equal(
	    rig_try_close(f, "quarterly", "2026-07", true, &row), CLOSE_WRONG);
	assert_non_null(strstr(f->err.text, "2026-Q3"));
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-10", false, &row), CLOSE_DONE);
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-10", true, &row), CLOSE_ALREADY);
	assert_string_equal(row.number, "2026-00001");
	no_invoice_but(f, 1);
	assert_string_equal(close_result_name(CLOSE_ALREADY), "already_closed");
	assert_null(close_result_name(CLOSE_DONE));
	assert_null(close_result_name(CLOSE_FAILED));
}

static void
what_is_held_takes_a_reason(void **state)
{
	struct fixture *f = *state;
	struct account rules = fixture_rules("acme");
	struct archive_row row;

	rules.gap = ACCOUNT_GAP_HOLD;
	rig_begin_with(f, &rules, "0.744");
	report_october(f, "2026-10-31T22:00:00Z");
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-10", false, &row), CLOSE_HELD);
	no_invoice_but(f, 0);
	assert_int_equal(
	    rig_try_close(f, "acme", "2026-10", true, &row), CLOSE_DONE);
	assert_string_equal(row.total, "74.20");
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT who = 'operator:me' AND subject = '2026-00001'"
		" AND detail LIKE '% reason=as agreed' FROM fact"
		" WHERE kind = 'invoice.closed'",
		&f->err),
	    1);
}

/* --- empty --- */

static void
an_empty_period_gets_no_number(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-11-01T00:00:00Z");
	rig_hours(f, 1, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", GIB,
	    "\"retired_at\":\"2026-11-01T00:00:00Z\"");
	rig_clock(f, "2026-12-03T00:00:00Z");
	rig_due_is(f, "acme 2026-10 2026-00001 0.74; acme 2026-11 empty; ");
	/* Looked at again once a day, and billed when samples have come. */
	rig_due_is(f, "");
	rig_clock(f, "2026-12-04T00:00:00Z");
	rig_due_is(f, "acme 2026-11 empty again; ");
	rig_sample(f, 2, "2026-11-30T23:00:00Z", 1000 * GIB, "");
	rig_due_is(f, "");
	rig_clock(f, "2026-12-05T00:00:00Z");
	rig_due_is(f, "acme 2026-11 2026-00002 1.03; ");
}

static void
an_account_without_samples_has_nothing_due(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_clock(f, "2027-06-01T00:00:00Z");
	assert_false(is_due(f, true));
	rig_due_is(f, "");
	/* Nor does a period before its first sample. */
	rig_sample(f, 1, "2027-06-01T00:00:00Z", GIB, "");
	rig_clock(f, "2027-06-20T00:00:00Z");
	rig_due_is(f, "");
}

/* --- frozen --- */

static void
documents_stay_as_they_were(void **state)
{
	static const char *const formats[] = {"csv", "html", "json", "text"};
	struct fixture *f = *state;
	struct buf before[4] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	struct archive_row row;

	rig_begin(f, "0.744");
	report_october(f, "2026-11-01T00:00:00Z");
	row = rig_close(f, "acme", "2026-10");
	for (int i = 0; i < 4; i++) {
		assert_true(archive_document(
		    f->db, &row, formats[i], &before[i], &f->err));
		assert_true(before[i].len > 100);
	}
	rig_sample(f, 1, "2026-10-31T23:30:00Z", 9, "\"name\":\"other\"");
	rig_rate(f, "acme", "9", "", "2026-10-01T00:00:00Z");
	rig_clock(f, "2026-12-03T00:00:00Z");
	rig_due_is(f, "acme 2026-11 2026-00002 828.75; ");
	for (int i = 0; i < 4; i++) {
		struct buf now = BUF_INIT;

		assert_true(
		    archive_document(f->db, &row, formats[i], &now, &f->err));
		assert_int_equal(now.len, before[i].len);
		assert_memory_equal(now.data, before[i].data, now.len);
		buf_fini(&now);
		buf_fini(&before[i]);
	}
}

/* --- several at once --- */

enum {
	ACCOUNTS = 40, /* more than a batch */
	VOLUMES = 2,
};

static const char *
account_name(int i, char out[ACCOUNT_NAME_SIZE])
{
	snprintf(out, ACCOUNT_NAME_SIZE, "a%02d", i);
	return out;
}

/* A day of each account's volumes in October, and in November with something
 * late for October. */
static void
report_all(struct fixture *f)
{
	char name[ACCOUNT_NAME_SIZE], members[96];

	fixture_begin_report(f, ++f->next_report);
	for (int i = 0; i < ACCOUNTS * VOLUMES; i++) {
		snprintf(members, sizeof members, "\"account\":\"%s\"",
		    account_name(i / VOLUMES, name));
		for (int64_t at = f->now - 86400; at < f->now; at += 3600)
			fixture_add_sample(
			    f, i, at, 0, (100 + i) * GIB, members);
	}
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 0);
}

static void
open_accounts(struct fixture *f)
{
	const char *list[ACCOUNTS];
	char names[ACCOUNTS][ACCOUNT_NAME_SIZE], text[TOKEN_TEXT_SIZE];
	struct token_holder holder = {0};
	struct account a;

	f->now = rig_at("2026-10-01T00:00:00Z");
	for (int i = 0; i < ACCOUNTS; i++) {
		list[i] = account_name(i, names[i]);
		a = fixture_rules(list[i]);
		fixture_add(f, &a);
		rig_rate(f, list[i], "0.744", "", "2000-01-01T00:00:00Z");
	}
	assert_true(source_create(f->db, "admin1", list, ACCOUNTS, NULL,
	    "operator:test", f->now, text, &f->err));
	assert_true(token_find(f->db, NULL, text, &holder, &f->err));
	f->source = holder.source;
	f->token = holder.token;
}

/* A process of its own, with a connection of its own. */
static pid_t
start(const struct fixture *f, bool (*work)(struct sql *db, int64_t now))
{
	struct err err = ERR_INIT;
	pid_t pid = fork();
	struct sql *db;
	bool ok;

	if (pid != 0)
		return pid;
	db = store_open_write(f->folder, 20000, NULL, &err);
	ok = db != NULL && work(db, f->now);
	sql_close(db);
	_exit(ok ? 0 : 1);
}

static void
wait_for(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
ignore_outcome(void *ctx, const struct close_outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

static bool
close_all_due(struct sql *db, int64_t now)
{
	const struct close_order order = {
	    .who = "server", .reason = "", .now = now};
	struct err err = ERR_INIT;
	bool ok = close_due(db, &order, ignore_outcome, NULL, &err);

	if (!ok)
		fprintf(stderr, "close due: %s\n", err.text);
	return ok;
}

/* By hand, the other way round; what somebody else has closed is fine. */
static bool
close_all_by_hand(struct sql *db, int64_t now)
{
	static const char *const periods[] = {"2026-10", "2026-11"};
	struct err err = ERR_INIT;
	char name[ACCOUNT_NAME_SIZE];
	bool ok = true;

	for (int p = 0; p < 2; p++)
		for (int i = ACCOUNTS - 1; ok && i >= 0; i--) {
			struct invoice_period period;
			struct archive_row row;
			struct account a;
			enum close_result result;

			ok = invoice_parse_period(periods[p], &period, &err) &&
			     account_find(db, account_name(i, name), &a, &err);
			if (!ok)
				break;
			result = close_period(db, &a, &period, true,
			    &(struct close_order){
				.who = "operator:me", .reason = "", .now = now},
			    &row, &err);
			ok = result == CLOSE_DONE || result == CLOSE_ALREADY;
		}
	if (!ok)
		fprintf(stderr, "close by hand: %s\n", err.text);
	return ok;
}

/* What each account was billed for October, corrections included, is its
 * rounded truth. */
static void
check_money(struct fixture *f)
{
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM invoice WHERE serial <= 80"
			     " AND year = 2026",
			     &f->err),
	    2 * ACCOUNTS);
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(serial) FROM invoice", &f->err),
	    2 * ACCOUNTS);
	for (int i = 0; i < ACCOUNTS; i++) {
		char name[ACCOUNT_NAME_SIZE];
		struct account a = rig_account(f, account_name(i, name));
		struct invoice_period p;
		struct invoice_query query = {.period = &p, .now = f->now};
		struct archive_bill billed;
		struct archive_row row;
		struct exact *truth = exact_new();
		struct invoice inv;
		bool found;

		assert_true(invoice_parse_period("2026-10", &p, &f->err));
		assert_true(fact_load_head(f->db, &query.head, &f->err));
		assert_true(invoice_build(f->db, &a, 1, &query, &inv, &f->err));
		assert_true(archive_find(
		    f->db, a.id, "2026-10", &row, &found, &f->err));
		assert_true(archive_billed(f->db, &row, 0, &billed, &f->err));
		assert_true(exact_parse(truth, inv.total));
		assert_int_equal(exact_cmp(billed.amount, truth), 0);
		assert_int_equal(exact_cmp(billed.exact, inv.exact), 0);
		archive_bill_fini(&billed);
		invoice_fini(&inv);
		exact_free(truth);
	}
}

static void
two_who_close_at_once_double_nothing(void **state)
{
	struct fixture *f = *state;
	pid_t one, other;

	open_accounts(f);
	rig_clock(f, "2026-11-01T00:00:00Z");
	report_all(f);
	rig_clock(f, "2026-11-03T00:00:00Z");
	one = start(f, close_all_due);
	other = start(f, close_all_due);
	wait_for(one);
	wait_for(other);
	no_invoice_but(f, ACCOUNTS);
	/* Late for October, and November. */
	rig_clock(f, "2026-11-04T00:00:00Z");
	fixture_begin_report(f, ++f->next_report);
	for (int i = 0; i < ACCOUNTS * VOLUMES; i++) {
		char name[ACCOUNT_NAME_SIZE], members[96];

		snprintf(members, sizeof members, "\"account\":\"%s\"",
		    account_name(i / VOLUMES, name));
		fixture_add_sample(f, i, rig_at("2026-10-31T05:30:00Z"), 0,
		    (5000 + 7 * i) * GIB, members);
		fixture_add_sample(f, i, f->now, 0, 100 * GIB, members);
	}
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	rig_clock(f, "2026-12-03T00:00:00Z");
	one = start(f, close_all_by_hand);
	other = start(f, close_all_due);
	wait_for(one);
	wait_for(other);
	no_invoice_but(f, INT64_C(2) * ACCOUNTS);
	check_money(f);
}

/* --- what is computed again --- */

static void
expect_clean(struct fixture *f)
{
	const struct verify_options deep = {.deep = true};
	struct verify_anchors anchors = {0};
	struct verify_result r = {0};

	if (!verify_run(f->db, &deep, &anchors, &r, &f->err))
		fail_msg("verify: %s", f->err.text);
	for (size_t i = 0; i < r.count; i++)
		print_error(
		    "%s: %s\n", r.findings[i].where, r.findings[i].what);
	assert_int_equal(verify_found(&r), 0);
	verify_result_fini(&r);
}

static void
whatever_volumes_are_called_later_their_bill_is_the_same(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	fixture_account(f, "beta");
	fixture_source(f, "admin2", "acme,beta");
	rig_clock(f, "2026-11-01T00:00:00Z");
	for (int i = 1; i <= 3; i++) {
		rig_hours(f, i, "2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z",
		    GIB,
		    i == 1   ? "\"account\":\"acme\",\"name\":\"c\""
		    : i == 2 ? "\"account\":\"acme\",\"name\":\"b\""
			     : "\"account\":\"acme\",\"name\":\"a\"");
		rig_hours(f, i, "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z",
		    i * GIB, "\"account\":\"acme\"");
	}
	rig_clock(f, "2026-12-01T00:00:00Z");
	for (int i = 1; i <= 3; i++)
		rig_hours(f, i, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z",
		    i * GIB, "\"account\":\"acme\"");
	rig_close(f, "acme", "2026-10");
	rig_close(f, "acme", "2026-11");
	expect_clean(f);
	/* Nobody said a name in November: one gets another, one is beta's. */
	rig_sample(f, 3, "2026-12-01T00:00:00Z", GIB,
	    "\"account\":\"acme\",\"name\":\"d\"");
	expect_clean(f);
	rig_sample(f, 1, "2026-12-01T00:00:00Z", GIB,
	    "\"account\":\"beta\",\"name\":\"e\"");
	expect_clean(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(a_period_is_closed_when_its_grace_is_over),
	    FIXTURE_TEST(a_report_at_the_end_of_the_grace_is_late),
	    FIXTURE_TEST(
		a_rate_that_is_stated_late_does_not_change_the_document),
	    FIXTURE_TEST(by_hand_a_period_rests_on_all_that_is_known),
	    FIXTURE_TEST(old_periods_are_made_up_for_the_earliest_first),
	    FIXTURE_TEST(what_somebody_else_closes_meanwhile_is_left_alone),
	    FIXTURE_TEST(a_quarter_is_closed_when_it_is_over),
	    FIXTURE_TEST(what_is_estimated_for_too_long_is_held_and_told_once),
	    FIXTURE_TEST(what_is_held_is_closed_when_the_cause_is_gone),
	    FIXTURE_TEST(usage_without_a_rate_waits_for_one),
	    FIXTURE_TEST(a_period_that_waits_does_not_hold_up_the_next_one),
	    FIXTURE_TEST(what_cannot_be_closed_by_hand_is_refused),
	    FIXTURE_TEST(what_is_held_takes_a_reason),
	    FIXTURE_TEST(an_empty_period_gets_no_number),
	    FIXTURE_TEST(an_account_without_samples_has_nothing_due),
	    FIXTURE_TEST(documents_stay_as_they_were),
	    FIXTURE_TEST(two_who_close_at_once_double_nothing),
	    FIXTURE_TEST(
		whatever_volumes_are_called_later_their_bill_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
