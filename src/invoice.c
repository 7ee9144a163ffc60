/*
 * invoice.c - bills of invoice.h. In: an account, a period, rated months.
 * Out: rounded lines that add up to a rounded total. Owns nothing in the
 * database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invoice.h"
#include "lib/currency.h"
#include "lib/utc.h"
#include "usage.h"

static const char *const states[] = {"open", "draft", "held"};
static const char *const reasons[] = {
    NULL, "unrated_usage", "too_many_estimates", "missing_hours"};

enum {
	FIRST_YEAR = 2000,
	LAST_YEAR = 2199,
	QUARTER_MONTHS = 3
};

const char *
invoice_state_name(enum invoice_state state)
{
	return states[state];
}

const char *
invoice_reason_name(enum invoice_reason reason)
{
	return reasons[reason];
}

static void
set_period(struct invoice_period *out, int year, int month, size_t month_count)
{
	memset(out, 0, sizeof *out);
	out->from = utc_from_date(year, month, 1);
	out->to = utc_month_add(out->from, (int)month_count);
	out->month_count = month_count;
	if (month_count == 1)
		snprintf(out->text, sizeof out->text, "%04d-%02d", year % 10000,
		    month % 100);
	else
		snprintf(out->text, sizeof out->text, "%04d-Q%d", year % 10000,
		    (month - 1) / QUARTER_MONTHS % 4 + 1);
}

static bool
digits(const char *text, size_t count, int *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return true;
}

bool
invoice_parse_period(
    const char *text, struct invoice_period *out, struct err *err)
{
	int year, number;

	if (strlen(text) == 7 && digits(text, 4, &year) && text[4] == '-' &&
	    year >= FIRST_YEAR && year <= LAST_YEAR) {
		if (text[5] == 'Q' && digits(text + 6, 1, &number) &&
		    number >= 1 && number <= 4) {
			set_period(out, year, (number - 1) * QUARTER_MONTHS + 1,
			    QUARTER_MONTHS);
			return true;
		}
		if (digits(text + 5, 2, &number) && number >= 1 &&
		    number <= 12) {
			set_period(out, year, number, 1);
			return true;
		}
	}
	return err_set(err, ERR_INPUT,
	    "a period is a month such as 2026-10 or a quarter such as "
	    "2026-Q4, of the years %d to %d: \"%s\"",
	    FIRST_YEAR, LAST_YEAR, text);
}

void
invoice_period_before(
    const struct invoice_period *period, struct invoice_period *out)
{
	struct utc_civil civil;

	utc_to_civil(
	    utc_month_add(period->from, -(int)period->month_count), &civil);
	set_period(out, civil.year, civil.month, period->month_count);
}

void
invoice_month_of(int64_t at, struct invoice_period *out)
{
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	set_period(out, civil.year, civil.month, 1);
}

/* --- rounding --- */

static void
round_lines(struct invoice *inv)
{
	struct exact *total = exact_new(), *one = exact_new();

	for (size_t i = 0; i < inv->line_count; i++) {
		if (!inv->lines[i].rated->rated)
			continue;
		exact_set(one, inv->lines[i].rated->amount);
		exact_round(one, inv->digits, inv->account.rounding_mode);
		inv->lines[i].amount = exact_fixed(one, inv->digits);
		exact_add(total, one);
	}
	inv->total = exact_fixed(total, inv->digits);
	exact_free(total);
	exact_free(one);
}

static bool
round_document(struct invoice *inv, struct err *err)
{
	size_t n = inv->line_count;
	struct exact **exacts = calloc(n + 1, sizeof(struct exact *));
	struct exact **shares = calloc(n + 1, sizeof(struct exact *));
	struct exact *total = exact_new();
	bool ok = exacts != NULL && shares != NULL;

	exact_set(total, inv->exact);
	exact_round(total, inv->digits, inv->account.rounding_mode);
	inv->total = exact_fixed(total, inv->digits);
	for (size_t i = 0; ok && i < n; i++) {
		exacts[i] = inv->lines[i].rated->amount;
		shares[i] = exact_new();
	}
	if (ok)
		exact_share(total, exacts, n, inv->digits, shares);
	for (size_t i = 0; ok && i < n; i++) {
		if (inv->lines[i].rated->rated)
			inv->lines[i].amount =
			    exact_fixed(shares[i], inv->digits);
		exact_free(shares[i]);
	}
	free(exacts);
	free(shares);
	exact_free(total);
	return ok || err_nomem(err);
}

/* While usage without a rate is on it, a bill has no total, and its lines
 * show nothing but their exact amounts. */
static bool
round_money(struct invoice *inv, struct err *err)
{
	inv->digits = currency_digits(inv->account.currency);
	if (inv->digits < 0)
		return err_set(err, ERR_BROKEN,
		    "account \"%s\" has the unknown currency \"%s\"",
		    inv->account.name, inv->account.currency);
	if (inv->reason == INVOICE_UNRATED_USAGE) {
		exact_free(inv->exact);
		inv->exact = NULL;
		return true;
	}
	if (inv->account.rounding == ACCOUNT_PER_DOCUMENT)
		return round_document(inv, err);
	round_lines(inv);
	return true;
}

/* --- the document --- */

static bool
collect_lines(struct invoice *inv, struct err *err)
{
	size_t n = 0;

	for (size_t m = 0; m < inv->period.month_count; m++)
		n += inv->months[m].line_count;
	inv->lines = calloc(n + 1, sizeof *inv->lines);
	if (inv->lines == NULL)
		return err_nomem(err);
	for (size_t m = 0; m < inv->period.month_count; m++) {
		const struct rating *month = &inv->months[m];

		for (size_t i = 0; i < month->line_count; i++) {
			inv->lines[inv->line_count++] = (struct invoice_line){
			    .rated = &month->lines[i], .month = m};
			exact_add(inv->gib_months, month->lines[i].gib_months);
		}
		exact_add(inv->exact, month->total);
		inv->hours.measured += month->hours.measured;
		inv->hours.estimated += month->hours.estimated;
		inv->hours.unbilled += month->hours.unbilled;
		inv->hours_in_period += month->hours_in_month;
	}
	return true;
}

static void
judge(struct invoice *inv, int64_t now)
{
	const struct rating_hours *h = &inv->hours;
	int64_t all = h->measured + h->estimated + h->unbilled;

	inv->reason = INVOICE_FINE;
	if (h->unbilled > 0 && inv->account.gap == ACCOUNT_GAP_HOLD)
		inv->reason = INVOICE_MISSING_HOURS;
	if (h->estimated * 100 > all * INVOICE_MAX_ESTIMATED_PERCENT)
		inv->reason = INVOICE_TOO_MANY_ESTIMATES;
	for (size_t m = 0; m < inv->period.month_count; m++)
		if (inv->months[m].unrated)
			inv->reason = INVOICE_UNRATED_USAGE;
	if (now < inv->period.to)
		inv->state = INVOICE_OPEN;
	else
		inv->state =
		    inv->reason == INVOICE_FINE ? INVOICE_DRAFT : INVOICE_HELD;
}

/* One read transaction: the months, the rates and the head belong to the
 * same state of the ledger. */
bool
invoice_build(struct sql *db, const struct account *account,
    const struct invoice_period *period, int64_t now, struct invoice *out,
    struct err *err)
{
	struct rating_query query = {.now = now, .upto_fact = USAGE_ALL_FACTS};
	struct fact_head head;
	int64_t month = period->from;
	bool ok;

	memset(out, 0, sizeof *out);
	out->account = *account;
	out->period = *period;
	out->exact = exact_new();
	out->gib_months = exact_new();
	if (!sql_begin_read(db, err))
		return false;
	ok = fact_load_head(db, &head, err);
	for (size_t m = 0; ok && m < period->month_count; m++) {
		query.month_start = month;
		ok = rating_run(db, account, 1, &query, &out->months[m], err);
		month = utc_month_add(month, 1);
	}
	sql_rollback(db);
	if (!ok || !collect_lines(out, err))
		return err_context(
		    err, "bill of %s for %s", account->name, period->text);
	fact_format_head(head.hash, out->head);
	judge(out, now);
	return round_money(out, err);
}

void
invoice_fini(struct invoice *invoice)
{
	for (size_t i = 0; i < invoice->line_count; i++)
		free(invoice->lines[i].amount);
	free(invoice->lines);
	for (size_t m = 0; m < INVOICE_MAX_MONTHS; m++)
		rating_fini(&invoice->months[m]);
	free(invoice->total);
	exact_free(invoice->exact);
	exact_free(invoice->gib_months);
	memset(invoice, 0, sizeof *invoice);
}
