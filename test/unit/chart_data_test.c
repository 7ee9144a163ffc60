/*
 * chart_data_test.c - unit tests of src/chart_data.c: which values belong to
 * the pictures of a period. Values are written as the text of their tables.
 */
#include "fixture.h"
#include "src/bill.h"
#include "src/chart_data.h"
#include "src/close.h"
#include "src/rate.h"

#define GIB (INT64_C(1) << 30)

static const int64_t HOUR = 3600, DAY = INT64_C(24) * 3600;

enum {
	MAX_ACCOUNTS = 3
};

static void
set_rate(struct fixture *f, int64_t account, const char *money)
{
	struct rate r;

	memset(&r, 0, sizeof r);
	r.account = account;
	snprintf(r.rate, sizeof r.rate, "%s", money);
	if (!rate_create(f->db, &r, 0, "acme", "operator:me", f->now, &f->err))
		fail_msg("rate: %s", f->err.text);
}

static int64_t
add_account(struct fixture *f, const char *name, const char *currency,
    enum account_period period)
{
	struct account a = fixture_rules(name);

	memcpy(a.currency, currency, 4);
	a.period = period;
	a.max_carry_hours = 8760;
	return fixture_add(f, &a);
}

static void
sample(
    struct fixture *f, int volume, int64_t at, int64_t gib, const char *members)
{
	fixture_sample(f, volume, at, gib * GIB, members);
}

/* The tables of all pictures of bills; they are given back. */
static void
expect_tables(struct fixture *f, struct invoice *bills, size_t count,
    int64_t now, const char *expected)
{
	struct chart_data data = {.chart_count = 0};
	struct buf b = BUF_INIT, lines = BUF_INIT;
	size_t len;

	if (!chart_data_load(f->db, bills, count, now, &data, &f->err))
		fail_msg("%s", f->err.text);
	for (size_t i = 0; i < data.chart_count; i++) {
		struct chart_table table;

		assert_true(chart_tabulate(&data.charts[i], &table, &f->err));
		chart_table_csv(&table, true, &b);
		chart_table_fini(&table);
	}
	for (const char *line = buf_text(&b); *line != '\0'; line += len + 2) {
		len = strcspn(line, "\r");
		buf_add(&lines, line, len);
		buf_char(&lines, '\n');
	}
	assert_string_equal(buf_text(&lines), expected);
	chart_data_fini(&data);
	for (size_t i = 0; i < count; i++)
		invoice_fini(&bills[i]);
	buf_fini(&lines);
	buf_fini(&b);
}

/* Of a period; name is an account, or NULL. Bills that tell their days make
 * the same pictures. */
static void
tables_are(struct fixture *f, const char *name, const char *period, int64_t now,
    const char *expected)
{
	struct account *accounts = NULL, one;
	struct invoice bills[MAX_ACCOUNTS];
	struct invoice_period p;
	size_t count = 1;

	assert_true(invoice_parse_period(period, &p, &f->err));
	if (name == NULL)
		assert_true(account_list(f->db, &accounts, &count, &f->err));
	else
		assert_true(account_find(f->db, name, &one, &f->err));
	assert_true(count <= MAX_ACCOUNTS);
	if (!bill_build(f->db, accounts != NULL ? accounts : &one, count, &p,
		now, bills, &f->err))
		fail_msg("%s", f->err.text);
	expect_tables(f, bills, count, now, expected);
	if (!bill_build_days(f->db, accounts != NULL ? accounts : &one, count,
		&p, now, bills, &f->err))
		fail_msg("%s", f->err.text);
	expect_tables(f, bills, count, now, expected);
	free(accounts);
}

static void
several_accounts_are_stacked_by_account(void **state)
{
	struct fixture *f = *state;

	set_rate(f, add_account(f, "acme", "USD", ACCOUNT_MONTHLY), "0.744");
	set_rate(f, add_account(f, "beta", "EUR", ACCOUNT_MONTHLY), "7.44");
	add_account(f, "idle", "JPY", ACCOUNT_MONTHLY);
	fixture_source(f, "admin1", "acme,beta");
	/* Half of each hour's samples are of the other size. */
	for (int64_t at = FIXTURE_NOW; at < FIXTURE_NOW + 2 * DAY; at += HOUR) {
		sample(f, 1, at, 10, "\"account\":\"acme\"");
		sample(f, 1, at + 60, 30, "\"account\":\"acme\"");
		sample(f, 2, at, 1, "\"account\":\"acme\"");
		if (at >= FIXTURE_NOW + DAY)
			sample(f, 3, at, 7, "\"account\":\"beta\"");
	}
	tables_are(f, NULL, "2026-10", FIXTURE_NOW + 2 * DAY,
	    "day,total_gib,estimated_gib,missing_hours,acme,beta\n"
	    "2026-10-01,21.000000000,0.000000000,0,21.000000000,0.000000000\n"
	    "2026-10-02,28.000000000,0.000000000,0,21.000000000,7.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,USD,1.01,15.62\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,EUR,1.68,50.40\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,JPY,0,\n");
}

static void
one_account_is_stacked_by_volume(void **state)
{
	struct fixture *f = *state;

	set_rate(f, add_account(f, "acme", "USD", ACCOUNT_MONTHLY), "0.03");
	add_account(f, "beta", "EUR", ACCOUNT_MONTHLY);
	fixture_source(f, "admin1", "acme,beta");
	/* One that has ended before, one of another account, one without a
	 * name, one that got another name. */
	sample(f, 9, FIXTURE_NOW - 2 * HOUR, 99,
	    "\"account\":\"acme\",\"name\":\"old\","
	    "\"retired_at\":\"2026-09-30T23:00:00Z\"");
	for (int64_t at = FIXTURE_NOW; at < FIXTURE_NOW + DAY; at += HOUR) {
		sample(f, 1, at, 2,
		    at < FIXTURE_NOW + HOUR
			? "\"account\":\"acme\",\"name\":\"was\""
			: "\"account\":\"acme\",\"name\":\"is\"");
		sample(f, 2, at, 5, "\"account\":\"acme\"");
		/* Half of it is paid by somebody else. */
		sample(f, 3, at, 6, "\"account\":\"beta\"");
		sample(f, 3, at + 60, 6,
		    "\"account\":\"acme\",\"name\":\"shared\"");
	}
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + DAY,
	    "day,total_gib,estimated_gib,missing_hours,"
	    "7b1d0000-90a1-4c3e-8f00-000000000002,shared,is\n"
	    "2026-10-01,10.000000000,0.000000000,0,"
	    "5.000000000,3.000000000,2.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-09,USD,0.00,\n"
	    "2026-10,USD,0.01,0.39\n");
}

static void
a_day_that_goes_on_is_the_mean_of_the_hours_that_are_over(void **state)
{
	struct fixture *f = *state;

	set_rate(f, add_account(f, "acme", "USD", ACCOUNT_MONTHLY), "0.03");
	fixture_source(f, "admin1", "acme");
	sample(f, 1, FIXTURE_NOW, 4, "\"name\":\"lab\"");
	/* The very first hour is told at once. */
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + 600,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,4.000000000,0.000000000,0,4.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,USD,0.00,0.12\n");
	sample(f, 1, FIXTURE_NOW + HOUR, 8, "");
	sample(f, 1, FIXTURE_NOW + 2 * HOUR, 1000, "");
	/* The third hour is at hand. */
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + 2 * HOUR + 600,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,6.000000000,0.000000000,0,6.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,USD,0.04,10.12\n");
}

static void
gaps_are_told_as_the_account_has_them(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("acme");

	set_rate(f, fixture_add(f, &a), "0.03");
	fixture_source(f, "admin1", "acme");
	/* Six hours are carried, the other 17 of the day are missing. */
	sample(f, 1, FIXTURE_NOW, 24, "\"name\":\"lab\"");
	sample(f, 1, FIXTURE_NOW + DAY, 24, "");
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + DAY + HOUR,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,7.000000000,6.000000000,17,7.000000000\n"
	    "2026-10-02,24.000000000,0.000000000,0,24.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-10,USD,0.01,0.70\n");
}

/* --- months --- */

static void
close_by_hand(
    struct fixture *f, const char *account, const char *period, int64_t now)
{
	struct account a;
	struct invoice_period p;
	struct archive_row row;

	assert_true(account_find(f->db, account, &a, &f->err));
	assert_true(invoice_parse_period(period, &p, &f->err));
	if (close_period(f->db, &a, &p, true,
		&(struct close_order){
		    .who = "operator:test", .reason = "", .now = now},
		&row, &f->err) != CLOSE_DONE)
		fail_msg("closing %s: %s", period, f->err.text);
}

static void
months_cost_what_was_billed_and_later_ones_what_their_bills_say(void **state)
{
	struct fixture *f = *state;
	const int64_t august = utc_from_date(2026, 8, 1);
	const int64_t july = utc_from_date(2026, 7, 1);

	set_rate(f, add_account(f, "acme", "USD", ACCOUNT_MONTHLY), "1");
	fixture_source(f, "admin1", "acme");
	/* Carried on for months. */
	sample(f, 1, july, 10, "\"name\":\"lab\"");
	close_by_hand(f, "acme", "2026-07", august + DAY);
	/* It comes too late for July, and is billed with August. */
	f->now = august + 2 * DAY;
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, 2, july + 31 * DAY - HOUR, 0, 744 * GIB,
	    "\"name\":\"late\",\"retired_at\":\"2026-08-01T00:00:00Z\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	close_by_hand(f, "acme", "2026-08", FIXTURE_NOW);
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + HOUR,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,10.000000000,10.000000000,0,10.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-07,USD,10.00,\n"
	    "2026-08,USD,11.00,\n"
	    "2026-09,USD,10.00,\n"
	    "2026-10,USD,0.01,10.00\n");
}

static void
a_quarters_months_add_up_to_its_invoice(void **state)
{
	struct fixture *f = *state;
	const int64_t july = utc_from_date(2026, 7, 1);

	/* A third of a cent and more in each month. */
	set_rate(f, add_account(f, "acme", "USD", ACCOUNT_QUARTERLY), "0.1234");
	fixture_source(f, "admin1", "acme");
	sample(f, 1, july, 1, "\"name\":\"lab\"");
	close_by_hand(f, "acme", "2026-Q3", FIXTURE_NOW + DAY);
	/* 0.3702 is 0.37: two months have lost most. */
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + DAY,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,1.000000000,1.000000000,0,1.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-07,USD,0.13,\n"
	    "2026-08,USD,0.12,\n"
	    "2026-09,USD,0.12,\n"
	    "2026-10,USD,0.00,0.12\n");
}

static void
usage_without_a_rate_makes_a_month_unknown(void **state)
{
	struct fixture *f = *state;

	add_account(f, "acme", "USD", ACCOUNT_MONTHLY);
	fixture_source(f, "admin1", "acme");
	sample(f, 1, FIXTURE_NOW - HOUR, 1, "\"name\":\"lab\"");
	tables_are(f, "acme", "2026-10", FIXTURE_NOW + HOUR,
	    "day,total_gib,estimated_gib,missing_hours,lab\n"
	    "2026-10-01,1.000000000,1.000000000,0,1.000000000\n"
	    "month,currency,cost,forecast\n"
	    "2026-09,USD,,\n"
	    "2026-10,USD,,\n");
}

static void
nobody_and_nothing_make_an_empty_picture(void **state)
{
	struct fixture *f = *state;

	add_account(f, "acme", "USD", ACCOUNT_MONTHLY);
	/* A period to come has its first day. */
	tables_are(f, "acme", "2026-11", FIXTURE_NOW,
	    "day,total_gib,estimated_gib,missing_hours\n"
	    "2026-11-01,0.000000000,0.000000000,0\n"
	    "month,currency,cost,forecast\n"
	    "2026-11,USD,0.00,\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(several_accounts_are_stacked_by_account),
	    FIXTURE_TEST(one_account_is_stacked_by_volume),
	    FIXTURE_TEST(
		a_day_that_goes_on_is_the_mean_of_the_hours_that_are_over),
	    FIXTURE_TEST(gaps_are_told_as_the_account_has_them),
	    FIXTURE_TEST(
		months_cost_what_was_billed_and_later_ones_what_their_bills_say),
	    FIXTURE_TEST(a_quarters_months_add_up_to_its_invoice),
	    FIXTURE_TEST(usage_without_a_rate_makes_a_month_unknown),
	    FIXTURE_TEST(nobody_and_nothing_make_an_empty_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
