/*
 * schedule_test.c - unit tests of src/schedule.c.
 */
#include "fixture.h"
#include "src/outbox.h"
#include "src/schedule.h"

#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static char none[] = "", csv[] = "csv", csv_json[] = "csv,json";

/* --- reports --- */

static struct schedule_report
timed(const char *name, enum schedule_every every, int64_t offset_secs)
{
	struct schedule_report r = {.every = every,
	    .offset_secs = offset_secs,
	    .to = none,
	    .accounts = none,
	    .attach = csv};

	snprintf(r.name, sizeof r.name, "%s", name);
	return r;
}

static struct schedule_report
after_close(const char *name, enum schedule_every every)
{
	struct schedule_report r = timed(name, every, 0);

	r.after_close = true;
	return r;
}

static int64_t
at(const char *text)
{
	int64_t secs;

	if (!utc_parse(text, strlen(text), &secs, NULL))
		fail_msg("no time: %s", text);
	return secs;
}

/* --- what is planned --- */

/* Looks, plans, and looks again, when nothing must be left. */
static struct schedule_result
plan(struct fixture *f, const struct schedule *schedule, int64_t now)
{
	struct schedule_result result, again;
	bool due;

	assert_true(schedule_is_due(f->db, schedule, now, &due, &f->err));
	if (!schedule_plan(f->db, schedule, now, &result, &f->err))
		fail_msg("%s", f->err.text);
	if (result.planned > 0 || result.missed > 0)
		assert_true(due);
	assert_true(schedule_is_due(f->db, schedule, now, &due, &f->err));
	assert_false(due);
	assert_true(schedule_plan(f->db, schedule, now, &again, &f->err));
	assert_int_equal(again.planned, 0);
	assert_int_equal(again.missed, 0);
	assert_false(sql_in_transaction(f->db));
	return result;
}

static void
planned(struct fixture *f, const struct schedule *schedule, int64_t now,
    int64_t count)
{
	assert_int_equal(plan(f, schedule, now).planned, count);
}

static bool
put_mail(void *ctx, const struct outbox_mail *mail, const char *recipients,
    struct err *err)
{
	(void)recipients;
	(void)err;
	buf_printf(ctx, "%s %s %s\n", mail->name, mail->period, mail->state);
	return true;
}

/* All mails, oldest first: "name period state". */
static void
mails_are(struct fixture *f, const char *expected)
{
	struct buf b = BUF_INIT;

	assert_true(outbox_each(f->db, put_mail, &b, &f->err));
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

/* An account that has data from FIXTURE_NOW on: 2026-10. */
static void
acme(struct fixture *f)
{
	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	fixture_sample(f, 1, FIXTURE_NOW + 5, 1, "");
}

/* --- the calendar --- */

static void
instant_is(const struct schedule_report *r, const char *now,
    const char *instant, const char *period)
{
	char text[UTC_TEXT_SIZE], found[SCHEDULE_PERIOD_SIZE];
	int64_t last = schedule_instant(r, at(now));

	assert_string_equal(utc_format(last, text), instant);
	schedule_period(r, last, found);
	assert_string_equal(found, period);
}

static void
each_report_has_its_instants(void **state)
{
	struct schedule_report r = timed("d", SCHEDULE_DAY, 6 * HOUR);

	(void)state;
	instant_is(
	    &r, "2026-10-05T05:59:59Z", "2026-10-04T06:00:00Z", "2026-10-03");
	instant_is(
	    &r, "2026-10-05T06:00:00Z", "2026-10-05T06:00:00Z", "2026-10-04");
	instant_is(
	    &r, "2027-01-01T07:00:00Z", "2027-01-01T06:00:00Z", "2026-12-31");
	r = timed("m", SCHEDULE_MONTH, 6 * HOUR);
	instant_is(
	    &r, "2026-10-01T05:59:59Z", "2026-09-01T06:00:00Z", "2026-08");
	instant_is(
	    &r, "2026-10-01T06:00:00Z", "2026-10-01T06:00:00Z", "2026-09");
	instant_is(
	    &r, "2027-01-31T00:00:00Z", "2027-01-01T06:00:00Z", "2026-12");
	r = timed("m", SCHEDULE_MONTH, 27 * DAY + 23 * HOUR);
	instant_is(
	    &r, "2026-03-28T22:59:59Z", "2026-02-28T23:00:00Z", "2026-01");
	instant_is(
	    &r, "2026-03-28T23:00:00Z", "2026-03-28T23:00:00Z", "2026-02");
	r = timed("q", SCHEDULE_QUARTER, 4 * DAY);
	instant_is(
	    &r, "2026-10-04T23:59:59Z", "2026-07-05T00:00:00Z", "2026-Q2");
	instant_is(
	    &r, "2027-01-05T00:00:00Z", "2027-01-05T00:00:00Z", "2026-Q4");
	instant_is(
	    &r, "2026-12-31T00:00:00Z", "2026-10-05T00:00:00Z", "2026-Q3");
}

static void
a_week_is_over_on_monday_and_under_way_on_other_days(void **state)
{
	struct schedule_report r = timed("w", SCHEDULE_WEEK, 6 * HOUR);

	(void)state;
	/* 2026-10-05 is the Monday of week 41. */
	instant_is(
	    &r, "2026-10-05T06:00:00Z", "2026-10-05T06:00:00Z", "2026-W40");
	instant_is(
	    &r, "2026-10-05T05:59:59Z", "2026-09-28T06:00:00Z", "2026-W39");
	instant_is(
	    &r, "2027-01-04T06:00:00Z", "2027-01-04T06:00:00Z", "2026-W53");
	r = timed("w", SCHEDULE_WEEK, 4 * DAY + 18 * HOUR);
	instant_is(
	    &r, "2026-10-09T18:00:00Z", "2026-10-09T18:00:00Z", "2026-W41");
	r = timed("w", SCHEDULE_WEEK, DAY);
	instant_is(
	    &r, "2026-10-06T00:00:00Z", "2026-10-06T00:00:00Z", "2026-W41");
}

/* Whatever the report, its periods follow each other without a gap and none
 * comes twice: each is told once. */
static void
no_two_instants_of_a_report_have_the_same_period(void **state)
{
	static const enum schedule_every every[] = {
	    SCHEDULE_DAY, SCHEDULE_WEEK, SCHEDULE_MONTH, SCHEDULE_QUARTER};
	static const int64_t offsets[] = {
	    0, 6 * HOUR, DAY - 60, DAY, 3 * DAY + HOUR, 6 * DAY + 23 * HOUR};
	char before[SCHEDULE_PERIOD_SIZE], now[SCHEDULE_PERIOD_SIZE];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < (i == 0 ? 3 : 6); j++) {
			struct schedule_report r =
			    timed("x", every[i], offsets[j]);
			int64_t instant =
			    schedule_instant(&r, utc_from_date(2031, 1, 1));

			schedule_period(&r, instant, before);
			while (instant > utc_from_date(2024, 1, 1)) {
				int64_t last =
				    schedule_instant(&r, instant - 1);

				assert_true(last < instant);
				assert_int_equal(
				    schedule_instant(&r, last), last);
				schedule_period(&r, last, now);
				assert_string_not_equal(now, before);
				instant = last;
				memcpy(before, now, sizeof now);
			}
		}
}

/* --- timed reports --- */

static void
a_month_is_planned_once_at_its_instant(void **state)
{
	struct fixture *f = *state;
	struct schedule_report r = timed("monthly", SCHEDULE_MONTH, 6 * HOUR);
	const struct schedule s = {&r, 1, csv};
	struct outbox_mail m;

	acme(f);
	planned(f, &s, at("2026-10-31T00:00:00Z"), 0);
	planned(f, &s, at("2026-11-01T05:59:59Z"), 0);
	planned(f, &s, at("2026-11-01T06:00:00Z"), 1);
	planned(f, &s, at("2026-11-30T00:00:00Z"), 0);
	mails_are(f, "monthly 2026-10 due\n");
	assert_true(outbox_load(f->db, 1, &m, &f->err));
	assert_int_equal(m.account, 0);
	assert_int_equal(m.revision, 1);
	assert_int_equal(m.created_at, at("2026-11-01T06:00:00Z"));
	assert_int_equal(m.next_at, m.created_at);
	planned(f, &s, at("2026-12-01T06:00:00Z"), 1);
	mails_are(f, "monthly 2026-10 due\nmonthly 2026-11 due\n");
}

static void
nothing_is_planned_without_data(void **state)
{
	struct fixture *f = *state;
	struct schedule_report list[] = {
	    timed("d", SCHEDULE_DAY, 0), timed("m", SCHEDULE_MONTH, 0)};
	const struct schedule s = {list, 2, csv};

	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	planned(f, &s, at("2026-09-01T00:00:00Z"), 0);
	planned(f, &s, at("2026-11-02T00:00:00Z"), 0);
	mails_are(f, "");
	/* A report that comes late is still told of. */
	fixture_sample(f, 1, at("2026-10-31T12:00:00Z"), 1, "");
	planned(f, &s, at("2026-11-02T00:00:01Z"), 2);
	planned(f, &s, at("2026-11-03T00:00:00Z"), 1);
}

static void
after_a_long_stop_the_newest_is_planned_and_the_others_noted(void **state)
{
	struct fixture *f = *state;
	struct schedule_report list[] = {timed("w", SCHEDULE_WEEK, 6 * HOUR),
	    timed("m", SCHEDULE_MONTH, 6 * HOUR)};
	const struct schedule s = {list, 2, csv};
	struct schedule_result result;
	struct outbox_mail m;

	acme(f);
	planned(f, &s, at("2026-11-01T06:00:00Z"), 1);
	planned(f, &s, at("2026-11-02T06:00:00Z"), 1);
	result = plan(f, &s, at("2027-01-01T06:00:00Z"));
	assert_int_equal(result.planned, 2);
	assert_int_equal(result.missed, 8);
	mails_are(f, "m 2026-10 due\n"
		     "w 2026-W44 due\n"
		     "w 2026-W51 aside\n"
		     "w 2026-W50 aside\n"
		     "w 2026-W49 aside\n"
		     "w 2026-W48 aside\n"
		     "w 2026-W47 aside\n"
		     "w 2026-W46 aside\n"
		     "w 2026-W45 aside\n"
		     "w 2026-W52 due\n"
		     "m 2026-11 aside\n"
		     "m 2026-12 due\n");
	assert_true(outbox_load(f->db, 3, &m, &f->err));
	assert_string_equal(m.last_words,
	    "missed: a newer one was due when the server was back");
}

static void
a_report_begins_when_it_is_first_seen(void **state)
{
	struct fixture *f = *state;
	struct schedule_report list[] = {timed("d", SCHEDULE_DAY, 6 * HOUR),
	    timed("w", SCHEDULE_WEEK, 6 * HOUR),
	    timed("m", SCHEDULE_MONTH, 6 * HOUR)};
	const struct schedule one = {list, 1, csv}, all = {list, 3, csv};

	acme(f);
	/* A day or a week that was over before is not told of. */
	planned(f, &one, at("2026-11-10T15:00:00Z"), 0);
	planned(f, &one, at("2026-11-11T06:00:00Z"), 1);
	/* The month is; the week comes with its next instant. */
	planned(f, &all, at("2026-11-11T07:00:00Z"), 1);
	mails_are(f, "d 2026-11-10 due\nm 2026-10 due\n");
	planned(f, &all, at("2026-11-16T06:00:00Z"), 2);
	mails_are(f, "d 2026-11-10 due\n"
		     "m 2026-10 due\n"
		     "d 2026-11-14 aside\n"
		     "d 2026-11-13 aside\n"
		     "d 2026-11-12 aside\n"
		     "d 2026-11-11 aside\n"
		     "d 2026-11-15 due\n"
		     "w 2026-W46 due\n");
}

static void
a_clock_that_was_wrong_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct schedule_report list[] = {timed("d", SCHEDULE_DAY, 6 * HOUR),
	    timed("m", SCHEDULE_MONTH, 6 * HOUR)};
	const struct schedule s = {list, 2, csv};

	acme(f);
	/* First seen a hundred years too early. */
	planned(f, &s, at("2126-11-10T15:00:00Z"), 1);
	planned(f, &s, at("2026-11-10T15:00:00Z"), 1);
	planned(f, &s, at("2026-11-11T06:00:00Z"), 1);
	planned(f, &s, at("2026-12-01T06:00:00Z"), 2);
	/* A jump forward is noted as far as a jump may be. */
	assert_int_equal(plan(f, &s, at("2036-12-01T06:00:00Z")).missed,
	    SCHEDULE_MAX_MISSED + 119);
	/* Back again, and nothing goes out twice. */
	planned(f, &s, at("2026-12-01T06:00:01Z"), 0);
	planned(f, &s, at("2026-12-02T06:00:00Z"), 1);
}

static void
a_filter_counts_its_own_accounts_data(void **state)
{
	struct fixture *f = *state;
	char globex[] = "globex,nobody", com[] = "com";
	struct schedule_report list[] = {timed("all", SCHEDULE_MONTH, 0),
	    timed("globex", SCHEDULE_MONTH, 0),
	    timed("com", SCHEDULE_MONTH, 0)};
	const struct schedule s = {list, 3, csv};
	struct buf accounts = BUF_INIT, attach = BUF_INIT, names = BUF_INIT;

	list[1].accounts = globex;
	list[1].attach = csv_json;
	list[2].accounts = com;
	fixture_account(f, "acme");
	fixture_account(f, "globex");
	fixture_account(f, "acme.com");
	fixture_source(f, "admin1", "acme,globex,acme.com");
	fixture_sample(f, 1, FIXTURE_NOW, 1, "\"account\":\"acme\"");
	fixture_sample(f, 3, FIXTURE_NOW + 1, 1, "\"account\":\"acme.com\"");
	planned(f, &s, at("2026-11-01T00:00:00Z"), 1);
	fixture_sample(
	    f, 2, at("2026-11-05T00:00:00Z"), 1, "\"account\":\"globex\"");
	planned(f, &s, at("2026-12-01T00:00:00Z"), 2);
	mails_are(f, "all 2026-10 due\nall 2026-11 due\nglobex 2026-11 due\n");
	assert_true(outbox_contents(f->db, 3, &accounts, &attach, &f->err));
	assert_string_equal(buf_text(&accounts), "globex,nobody");
	assert_string_equal(buf_text(&attach), "csv,json");
	assert_true(schedule_strangers(f->db, &s, &names, &f->err));
	assert_string_equal(buf_text(&names), "nobody com");
	buf_fini(&accounts);
	buf_fini(&attach);
	buf_fini(&names);
}

/* --- closed periods --- */

static void
close_period(struct fixture *f, int serial, int64_t account, const char *period)
{
	struct sql_stmt *s = sql_get(f->db,
	    "INSERT INTO invoice (year, serial, account, period, from_at,"
	    " to_at, closed_at, due_at, currency, total, upto_fact, fact)"
	    " VALUES (2026, ?, ?, ?, 0, 0, 0, 0, 'USD', '1.00', 1, 1)",
	    &f->err);

	assert_non_null(s);
	sql_bind_int(s, 1, serial);
	sql_bind_int(s, 2, account);
	sql_bind_text(s, 3, period);
	assert_true(sql_run(s, &f->err));
}

static int64_t
customer(struct fixture *f, const char *name, const char *report_to)
{
	struct account a = fixture_rules(name);

	snprintf(a.report_to, sizeof a.report_to, "%s", report_to);
	return fixture_add(f, &a);
}

static bool
put_address(void *ctx, const char *address, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s ", address);
	return true;
}

static void
recipients_are(struct fixture *f, int64_t mail, const char *expected)
{
	struct buf b = BUF_INIT;

	assert_true(outbox_waiting(f->db, mail, put_address, &b, &f->err));
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
each_invoice_is_mailed_once_and_to_its_account_apart(void **state)
{
	struct fixture *f = *state;
	char ops[] = "ops@x.test,billing@x.test";
	struct schedule_report r = after_close("invoice", SCHEDULE_NEVER);
	const struct schedule s = {&r, 1, csv_json};
	struct buf accounts = BUF_INIT, attach = BUF_INIT;
	struct outbox_mail m;
	int64_t one, two, three;

	r.to = ops;
	one = customer(f, "acme", "pay@acme.test, boss@acme.test");
	two = customer(f, "globex", "pay@globex.test");
	three = customer(f, "silent", "");
	close_period(f, 1, one, "2026-10");
	close_period(f, 2, two, "2026-10");
	close_period(f, 3, three, "2026-Q3");
	planned(f, &s, at("2026-11-03T00:00:00Z"), 5);
	mails_are(f, "invoice:acme 2026-10 due\n"
		     "invoice:globex 2026-10 due\n"
		     "invoice:silent 2026-Q3 due\n"
		     "customer:acme 2026-10 due\n"
		     "customer:globex 2026-10 due\n");
	recipients_are(f, 1, "billing@x.test ops@x.test ");
	recipients_are(f, 4, "boss@acme.test pay@acme.test ");
	recipients_are(f, 5, "pay@globex.test ");
	assert_true(outbox_load(f->db, 5, &m, &f->err));
	assert_int_equal(m.account, two);
	assert_true(outbox_contents(f->db, 5, &accounts, &attach, &f->err));
	assert_string_equal(buf_text(&accounts), "");
	assert_string_equal(buf_text(&attach), "csv,json");
	close_period(f, 4, one, "2026-11");
	planned(f, &s, at("2026-12-03T00:00:00Z"), 2);
	buf_fini(&accounts);
	buf_fini(&attach);
}

static void
a_length_and_a_filter_choose_invoices(void **state)
{
	struct fixture *f = *state;
	char acme_only[] = "acme";
	struct schedule_report list[] = {after_close("m", SCHEDULE_MONTH),
	    after_close("q", SCHEDULE_QUARTER),
	    after_close("acme", SCHEDULE_NEVER)};
	const struct schedule s = {list, 3, csv};
	int64_t one, two;

	list[2].accounts = acme_only;
	one = customer(f, "acme", "");
	two = customer(f, "ac", "");
	close_period(f, 1, one, "2026-10");
	close_period(f, 2, two, "2026-Q3");
	planned(f, &s, at("2026-11-03T00:00:00Z"), 3);
	mails_are(f, "m:acme 2026-10 due\n"
		     "q:ac 2026-Q3 due\n"
		     "acme:acme 2026-10 due\n");
}

static void
a_new_report_begins_with_the_invoices_to_come(void **state)
{
	struct fixture *f = *state;
	struct schedule_report list[] = {after_close("old", SCHEDULE_NEVER),
	    after_close("new", SCHEDULE_NEVER)};
	const struct schedule one = {list, 1, csv}, both = {list, 2, csv};
	int64_t account = customer(f, "acme", "");

	/* The very first ones tell of what is there. */
	close_period(f, 1, account, "2026-10");
	planned(f, &one, at("2026-11-03T00:00:00Z"), 1);
	planned(f, &both, at("2026-11-04T00:00:00Z"), 0);
	close_period(f, 2, account, "2026-11");
	planned(f, &both, at("2026-12-03T00:00:00Z"), 2);
	mails_are(f, "old:acme 2026-10 due\n"
		     "old:acme 2026-11 due\n"
		     "new:acme 2026-11 due\n");
}

static void
many_invoices_are_planned_in_turns(void **state)
{
	struct fixture *f = *state;
	struct schedule_report r = after_close("invoice", SCHEDULE_NEVER);
	const struct schedule s = {&r, 1, csv};
	struct schedule_result result;
	int64_t now = at("2026-11-03T00:00:00Z");
	char name[16];

	for (int i = 1; i <= 2 * SCHEDULE_MAX_CLOSED + 1; i++) {
		snprintf(name, sizeof name, "a%d", i);
		close_period(f, i, customer(f, name, ""), "2026-10");
	}
	for (int i = 0; i < 2; i++) {
		assert_true(schedule_plan(f->db, &s, now, &result, &f->err));
		assert_int_equal(result.planned, SCHEDULE_MAX_CLOSED);
	}
	planned(f, &s, now, 1);
}

static void
without_reports_accounts_still_get_their_own(void **state)
{
	struct fixture *f = *state;
	const struct schedule s = {NULL, 0, csv};

	close_period(f, 1, customer(f, "acme", "pay@acme.test"), "2026-10");
	planned(f, &s, at("2026-11-03T00:00:00Z"), 1);
	mails_are(f, "customer:acme 2026-10 due\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_report_has_its_instants),
	    cmocka_unit_test(
		a_week_is_over_on_monday_and_under_way_on_other_days),
	    cmocka_unit_test(no_two_instants_of_a_report_have_the_same_period),
	    FIXTURE_TEST(a_month_is_planned_once_at_its_instant),
	    FIXTURE_TEST(nothing_is_planned_without_data),
	    FIXTURE_TEST(
		after_a_long_stop_the_newest_is_planned_and_the_others_noted),
	    FIXTURE_TEST(a_report_begins_when_it_is_first_seen),
	    FIXTURE_TEST(a_clock_that_was_wrong_does_no_harm),
	    FIXTURE_TEST(a_filter_counts_its_own_accounts_data),
	    FIXTURE_TEST(each_invoice_is_mailed_once_and_to_its_account_apart),
	    FIXTURE_TEST(a_length_and_a_filter_choose_invoices),
	    FIXTURE_TEST(a_new_report_begins_with_the_invoices_to_come),
	    FIXTURE_TEST(many_invoices_are_planned_in_turns),
	    FIXTURE_TEST(without_reports_accounts_still_get_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
