/*
 * invoice_test.c - unit tests of src/invoice.c.
 */
#include "fixture.h"
#include "src/invoice.h"
#include "src/rate.h"

#define GIB (INT64_C(1) << 30)

static const int64_t LONG_AFTER = 1800000000; /* 2027-01-15 */

/* --- periods --- */

static void
a_period_is_a_month_or_a_quarter(void **state)
{
	struct invoice_period p;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(invoice_parse_period("2026-10", &p, &err));
	assert_string_equal(p.text, "2026-10");
	assert_int_equal(p.from, utc_from_date(2026, 10, 1));
	assert_int_equal(p.to, utc_from_date(2026, 11, 1));
	assert_int_equal(p.month_count, 1);
	assert_true(invoice_parse_period("2026-Q4", &p, &err));
	assert_string_equal(p.text, "2026-Q4");
	assert_int_equal(p.from, utc_from_date(2026, 10, 1));
	assert_int_equal(p.to, utc_from_date(2027, 1, 1));
	assert_int_equal(p.month_count, 3);
	assert_true(invoice_parse_period("2000-01", &p, &err));
	assert_true(invoice_parse_period("2199-12", &p, &err));
	assert_int_equal(p.to, utc_from_date(2200, 1, 1));
	assert_true(invoice_parse_period("2024-Q1", &p, &err));
	assert_int_equal(p.from, utc_from_date(2024, 1, 1));
}

static void
anything_else_is_no_period(void **state)
{
	static const char *const wrong[] = {"", "2026", "2026-", "2026-00",
	    "2026-13", "2026-1", "2026-Q0", "2026-Q5", "2026-Q", "2026-q1",
	    "2026-Q44", "2026-101", "1999-12", "2200-01", "2026/10", " 2026-1",
	    "2026-1 ", "2026-+1", "-026-10", "202a-10", "2026-10-01"};
	struct invoice_period p;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct err err = ERR_INIT;

		if (invoice_parse_period(wrong[i], &p, &err))
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

static void
the_period_before_is_as_long(void **state)
{
	struct invoice_period p, before;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(invoice_parse_period("2026-01", &p, &err));
	invoice_period_before(&p, &before);
	assert_string_equal(before.text, "2025-12");
	assert_int_equal(before.to, p.from);
	assert_true(invoice_parse_period("2026-Q1", &p, &err));
	invoice_period_before(&p, &before);
	assert_string_equal(before.text, "2025-Q4");
	assert_int_equal(before.to, p.from);
	invoice_month_of(utc_from_date(2026, 3, 1) - 1, &p);
	assert_string_equal(p.text, "2026-02");
	invoice_month_of(utc_from_date(2026, 3, 1), &p);
	assert_string_equal(p.text, "2026-03");
}

/* --- bills --- */

static void
set_rate(struct fixture *f, const char *money, int64_t from)
{
	struct rate r;

	memset(&r, 0, sizeof r);
	r.account = 1;
	snprintf(r.rate, sizeof r.rate, "%s", money);
	if (!rate_create(
		f->db, &r, from, "acme", "operator:me", f->now, &f->err))
		fail_msg("rate: %s", f->err.text);
}

static struct account
begin(struct fixture *f, const char *currency, enum account_rounding rounding,
    enum exact_rounding mode)
{
	struct account a = fixture_rules("acme");

	memcpy(a.currency, currency, 4);
	a.rounding = rounding;
	a.rounding_mode = mode;
	a.max_carry_hours = 8760;
	fixture_add(f, &a);
	fixture_source(f, "admin1", "acme");
	return a;
}

static void
build(struct fixture *f, const char *text, int64_t now, struct invoice *out)
{
	struct invoice_query query = {.now = 0};
	struct invoice_period p;
	struct account a;

	assert_true(account_load(f->db, 1, &a, &f->err));
	assert_true(invoice_parse_period(text, &p, &f->err));
	query.period = &p;
	query.now = now;
	assert_true(sql_begin_read(f->db, &f->err));
	assert_true(fact_load_head(f->db, &query.head, &f->err));
	if (!invoice_build(f->db, &a, 1, &query, out, &f->err))
		fail_msg("bill: %s", f->err.text);
	sql_rollback(f->db);
}

/* "total: line line ..", by the order of the lines. */
static void
money_is(struct fixture *f, const char *period, const char *expected)
{
	struct buf b = BUF_INIT;
	struct invoice inv;

	build(f, period, LONG_AFTER, &inv);
	buf_printf(&b, "%s:", inv.total != NULL ? inv.total : "-");
	for (size_t i = 0; i < inv.line_count; i++)
		buf_printf(&b, " %s",
		    inv.lines[i].amount != NULL ? inv.lines[i].amount : "-");
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
	invoice_fini(&inv);
}

/* An hour of so many bytes of volume n at the end of October: with a rate of
 * 744 * 2^30 / 1000 a byte costs 0.001. */
static void
last_hour(struct fixture *f, int n, int64_t bytes)
{
	char name[32];

	snprintf(name, sizeof name, "\"name\":\"n%02d\"", n);
	fixture_sample(f, n, FIXTURE_NOW + 743 * INT64_C(3600), bytes, name);
}

static void
a_document_is_rounded_once(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);

	set_rate(f, "798863917.056", 0);
	last_hour(f, 1, 1004);
	last_hour(f, 2, 2004);
	last_hour(f, 3, 3004);
	money_is(f, "2026-10", "6.01: 1.01 2.00 3.00");
	last_hour(f, 4, 7);
	money_is(f, "2026-10", "6.02: 1.01 2.00 3.00 0.01");
}

static void
by_line_each_line_is_rounded(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_LINE, EXACT_HALF_UP);
	set_rate(f, "798863917.056", 0);
	last_hour(f, 1, 1005);
	last_hour(f, 2, 2015);
	last_hour(f, 3, 3004);
	money_is(f, "2026-10", "6.03: 1.01 2.02 3.00");
}

static void
halves_go_by_the_accounts_mode(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_LINE, EXACT_HALF_EVEN);
	set_rate(f, "798863917.056", 0);
	last_hour(f, 1, 1005);
	last_hour(f, 2, 2015);
	money_is(f, "2026-10", "3.02: 1.00 2.02");
	assert_true(sql_exec(
	    f->db, "UPDATE account SET rounding = 'document'", &f->err));
	last_hour(f, 3, 5);
	/* 3.025, whose lines lost a half each. */
	money_is(f, "2026-10", "3.02: 1.01 2.01 0.00");
	assert_true(sql_exec(
	    f->db, "UPDATE account SET rounding_mode = 'half_up'", &f->err));
	money_is(f, "2026-10", "3.03: 1.01 2.02 0.00");
}

static void
the_minor_unit_is_the_currencys(void **state)
{
	struct fixture *f = *state;

	begin(f, "JPY", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "798863917.056", 0);
	last_hour(f, 1, 1400);
	last_hour(f, 2, 2100);
	money_is(f, "2026-10", "4: 2 2");
	assert_true(
	    sql_exec(f->db, "UPDATE account SET currency = 'KWD'", &f->err));
	money_is(f, "2026-10", "3.500: 1.400 2.100");
	assert_true(
	    sql_exec(f->db, "UPDATE account SET currency = 'CLF'", &f->err));
	money_is(f, "2026-10", "3.5000: 1.4000 2.1000");
}

static void
the_documented_bill_is_right(void **state)
{
	struct fixture *f = *state;
	struct invoice inv;
	char *text;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "0.067", 0);
	fixture_sample(f, 1, FIXTURE_NOW, 5 * GIB, "");
	build(f, "2026-10", LONG_AFTER, &inv);
	assert_string_equal(inv.total, "0.34");
	text = exact_decimal(inv.exact, INVOICE_EXACT_DIGITS);
	assert_string_equal(text, "0.335");
	free(text);
	text = exact_decimal(inv.gib_months, INVOICE_EXACT_DIGITS);
	assert_string_equal(text, "5");
	free(text);
	assert_int_equal(inv.digits, 2);
	assert_int_equal(inv.hours_in_period, 744);
	assert_memory_equal(inv.head, "sha256:", 7);
	invoice_fini(&inv);
	invoice_fini(&inv);
}

static void
a_quarter_is_its_three_months(void **state)
{
	struct fixture *f = *state;
	struct invoice inv;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "0.067", 0);
	fixture_sample(f, 1, FIXTURE_NOW, 5 * GIB, "");
	/* 3 * 0.335; ties to the earlier line. */
	money_is(f, "2026-Q4", "1.01: 0.34 0.34 0.33");
	build(f, "2026-Q4", LONG_AFTER, &inv);
	assert_int_equal(inv.hours_in_period, 2208);
	assert_int_equal(inv.hours.measured, 1);
	assert_int_equal(inv.hours.estimated, 2207);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(inv.lines[i].month, i);
	invoice_fini(&inv);
}

static void
a_period_is_open_until_its_end(void **state)
{
	struct fixture *f = *state;
	struct invoice inv;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "1", 0);
	last_hour(f, 1, 5);
	build(f, "2026-10", utc_from_date(2026, 11, 1) - 1, &inv);
	assert_int_equal(inv.state, INVOICE_OPEN);
	assert_string_equal(invoice_state_name(inv.state), "open");
	invoice_fini(&inv);
	build(f, "2026-10", utc_from_date(2026, 11, 1), &inv);
	assert_int_equal(inv.state, INVOICE_DRAFT);
	assert_string_equal(invoice_state_name(inv.state), "draft");
	assert_int_equal(inv.reason, INVOICE_FINE);
	assert_null(invoice_reason_name(inv.reason));
	invoice_fini(&inv);
}

static void
is_held(struct fixture *f, const char *expected)
{
	struct invoice inv;
	const char *reason;

	build(f, "2026-10", LONG_AFTER, &inv);
	reason = invoice_reason_name(inv.reason);
	assert_string_equal(reason != NULL ? reason : "fine", expected);
	assert_int_equal(
	    inv.state, reason != NULL ? INVOICE_HELD : INVOICE_DRAFT);
	invoice_fini(&inv);
}

/* Volume n has `measured` hours, and then gaps to the end of its life. */
static void
put_hours(struct fixture *f, int n, int64_t first, int measured)
{
	for (int i = 0; i < measured; i++)
		fixture_sample(f, n, FIXTURE_NOW + (first + i) * 3600, 5, "");
}

static void
more_than_5_percent_of_estimates_hold(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "1", 0);
	/* 19 measured hours, and the last of October carried. */
	put_hours(f, 1, 724, 19);
	is_held(f, "fine");
	/* 18 of 19. */
	assert_true(sql_exec(f->db,
	    "DELETE FROM sample WHERE hour ="
	    " (SELECT min(hour) FROM sample)",
	    &f->err));
	is_held(f, "too_many_estimates");
}

static void
missing_hours_hold_when_the_gap_policy_is_hold(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "1", 0);
	put_hours(f, 1, 700, 43);
	is_held(f, "fine");
	assert_true(
	    sql_exec(f->db, "UPDATE account SET gap_policy = 'zero'", &f->err));
	is_held(f, "fine");
	assert_true(
	    sql_exec(f->db, "UPDATE account SET gap_policy = 'hold'", &f->err));
	is_held(f, "missing_hours");
	fixture_sample(f, 1, FIXTURE_NOW + 743 * INT64_C(3600), 5, "");
	is_held(f, "fine");
}

static void
usage_without_a_rate_holds_and_has_no_total(void **state)
{
	struct fixture *f = *state;
	struct invoice inv;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	set_rate(f, "1", FIXTURE_NOW + 743 * INT64_C(3600));
	put_hours(f, 1, 742, 2);
	is_held(f, "unrated_usage");
	money_is(f, "2026-10", "-: - -");
	build(f, "2026-10", LONG_AFTER, &inv);
	assert_null(inv.exact);
	assert_string_equal(invoice_state_name(inv.state), "held");
	invoice_fini(&inv);
}

static void
a_bill_without_usage_is_0(void **state)
{
	struct fixture *f = *state;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	money_is(f, "2026-10", "0.00:");
	is_held(f, "fine");
	assert_true(
	    sql_exec(f->db, "UPDATE account SET rounding = 'line'", &f->err));
	money_is(f, "2026-10", "0.00:");
}

static void
a_bill_tells_the_head_of_the_chain(void **state)
{
	struct fixture *f = *state;
	char text[FACT_HEAD_TEXT_SIZE];
	struct fact_head head;
	struct invoice inv;

	begin(f, "USD", ACCOUNT_PER_DOCUMENT, EXACT_HALF_UP);
	assert_true(fact_load_head(f->db, &head, &f->err));
	build(f, "2026-10", LONG_AFTER, &inv);
	assert_string_equal(inv.head, fact_format_head(head.hash, text));
	invoice_fini(&inv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_period_is_a_month_or_a_quarter),
	    cmocka_unit_test(anything_else_is_no_period),
	    cmocka_unit_test(the_period_before_is_as_long),
	    FIXTURE_TEST(a_document_is_rounded_once),
	    FIXTURE_TEST(by_line_each_line_is_rounded),
	    FIXTURE_TEST(halves_go_by_the_accounts_mode),
	    FIXTURE_TEST(the_minor_unit_is_the_currencys),
	    FIXTURE_TEST(the_documented_bill_is_right),
	    FIXTURE_TEST(a_quarter_is_its_three_months),
	    FIXTURE_TEST(a_period_is_open_until_its_end),
	    FIXTURE_TEST(more_than_5_percent_of_estimates_hold),
	    FIXTURE_TEST(missing_hours_hold_when_the_gap_policy_is_hold),
	    FIXTURE_TEST(usage_without_a_rate_holds_and_has_no_total),
	    FIXTURE_TEST(a_bill_without_usage_is_0),
	    FIXTURE_TEST(a_bill_tells_the_head_of_the_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
