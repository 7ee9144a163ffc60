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

static const char *const states[] = {"open", "draft", "held", "closed"};
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
invoice_period_after(
    const struct invoice_period *period, struct invoice_period *out)
{
	struct utc_civil civil;

	utc_to_civil(period->to, &civil);
	set_period(out, civil.year, civil.month, period->month_count);
}

void
invoice_period_of(
    const struct account *account, int64_t at, struct invoice_period *out)
{
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	if (account->period == ACCOUNT_QUARTERLY)
		set_period(out, civil.year,
		    (civil.month - 1) / QUARTER_MONTHS * QUARTER_MONTHS + 1,
		    QUARTER_MONTHS);
	else
		set_period(out, civil.year, civil.month, 1);
}

void
invoice_month_of(int64_t at, struct invoice_period *out)
{
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	set_period(out, civil.year, civil.month, 1);
}

/* --- rounding --- */

void
invoice_round(const struct invoice *invoice, struct exact *x)
{
	exact_round(x, invoice->digits, invoice->account.rounding_mode);
}

void
invoice_sum_lines(
    const struct invoice *invoice, int64_t volume, struct exact *out)
{
	struct exact *one = exact_new();

	exact_set_int(out, 0);
	for (size_t i = 0; i < invoice->line_count; i++) {
		const struct rating_line *rated = invoice->lines[i].rated;

		if (rated == NULL || !rated->rated ||
		    (volume != 0 && rated->volume != volume))
			continue;
		exact_set(one, rated->amount);
		invoice_round(invoice, one);
		exact_add(out, one);
	}
	exact_free(one);
}

static void
round_lines(struct invoice *inv)
{
	struct exact *total = exact_new(), *one = exact_new();

	for (size_t i = 0; i < inv->line_count; i++) {
		const struct rating_line *rated = inv->lines[i].rated;

		if (rated == NULL || !rated->rated)
			continue;
		exact_set(one, rated->amount);
		invoice_round(inv, one);
		inv->lines[i].amount = exact_fixed(one, inv->digits);
	}
	invoice_sum_lines(inv, 0, total);
	inv->usage_total = exact_fixed(total, inv->digits);
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
	invoice_round(inv, total);
	inv->usage_total = exact_fixed(total, inv->digits);
	for (size_t i = 0; ok && i < n; i++) {
		const struct rating_line *rated = inv->lines[i].rated;

		exacts[i] = rated != NULL ? rated->amount : NULL;
		shares[i] = exact_new();
	}
	if (ok)
		exact_share(total, exacts, n, inv->digits, shares);
	for (size_t i = 0; ok && i < n; i++) {
		if (inv->lines[i].rated != NULL && inv->lines[i].rated->rated)
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
	if (inv->reason == INVOICE_UNRATED_USAGE) {
		exact_free(inv->exact);
		inv->exact = NULL;
		return true;
	}
	if (inv->account.rounding == ACCOUNT_PER_DOCUMENT) {
		if (!round_document(inv, err))
			return false;
	} else {
		round_lines(inv);
	}
	return invoice_add_up(inv, err);
}

bool
invoice_add_up(struct invoice *invoice, struct err *err)
{
	struct exact *total, *one;

	free(invoice->total);
	invoice->total = NULL;
	if (invoice->usage_total == NULL ||
	    invoice->reason == INVOICE_UNRATED_USAGE)
		return true;
	total = exact_new();
	one = exact_new();
	exact_parse(total, invoice->usage_total);
	for (size_t i = 0; i < invoice->correction_count; i++)
		if (exact_parse(one, invoice->corrections[i].amount))
			exact_add(total, one);
	invoice->total = exact_fixed(total, invoice->digits);
	exact_free(total);
	exact_free(one);
	return invoice->total != NULL || err_nomem(err);
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

void
invoice_judge(struct invoice *invoice, enum invoice_reason reason, int64_t now)
{
	invoice->reason = reason;
	if (now < invoice->period.to)
		invoice->state = INVOICE_OPEN;
	else
		invoice->state =
		    reason == INVOICE_FINE ? INVOICE_DRAFT : INVOICE_HELD;
}

enum invoice_reason
invoice_find_reason(
    const struct account *account, const struct rating_hours *h, bool unrated)
{
	int64_t all = h->measured + h->estimated + h->unbilled;

	if (unrated)
		return INVOICE_UNRATED_USAGE;
	if (h->estimated * 100 > all * INVOICE_MAX_ESTIMATED_PERCENT)
		return INVOICE_TOO_MANY_ESTIMATES;
	if (h->unbilled > 0 && account->gap == ACCOUNT_GAP_HOLD)
		return INVOICE_MISSING_HOURS;
	return INVOICE_FINE;
}

static bool
has_unrated(const struct invoice *inv)
{
	for (size_t m = 0; m < inv->period.month_count; m++)
		if (inv->months[m].unrated)
			return true;
	return false;
}

static bool
begin(struct invoice *inv, const struct account *account,
    const struct invoice_query *query, struct err *err)
{
	memset(inv, 0, sizeof *inv);
	inv->account = *account;
	inv->period = *query->period;
	inv->exact = exact_new();
	inv->gib_months = exact_new();
	inv->digits = currency_digits(account->currency);
	inv->upto_fact = query->head.seq;
	fact_format_head(query->head.hash, inv->head);
	return inv->digits >= 0 ||
	       err_set(err, ERR_BROKEN,
		   "account \"%s\" has the unknown currency \"%s\"",
		   account->name, account->currency);
}

/* A month of all accounts. */
static bool
rate_month(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, size_t month, struct invoice *out,
    struct err *err)
{
	struct rating_query rating = {
	    .month_start = utc_month_add(query->period->from, (int)month),
	    .now = query->now,
	    .until = query->until,
	    .upto_fact = query->head.seq,
	    .days = query->days};
	struct rating *months = calloc(count + 1, sizeof *months);
	bool ok;

	if (months == NULL)
		return err_nomem(err);
	ok = rating_run(db, accounts, count, &rating, months, err);
	for (size_t i = 0; i < count; i++)
		out[i].months[month] = months[i];
	free(months);
	return ok;
}

bool
invoice_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, struct invoice *out, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; i < count; i++)
		ok = begin(&out[i], &accounts[i], query, err) && ok;
	for (size_t m = 0; ok && m < query->period->month_count; m++)
		ok = rate_month(db, accounts, count, query, m, out, err);
	for (size_t i = 0; ok && i < count; i++) {
		ok = collect_lines(&out[i], err);
		if (!ok)
			break;
		invoice_judge(&out[i],
		    invoice_find_reason(
			&out[i].account, &out[i].hours, has_unrated(&out[i])),
		    query->now);
		ok = round_money(&out[i], err);
	}
	return ok || err_context(err, "bill for %s", query->period->text);
}

bool
invoice_is_empty(const struct invoice *invoice)
{
	return invoice->hours.measured == 0 && invoice->hours.estimated == 0 &&
	       invoice->correction_count == 0;
}

void
invoice_fini(struct invoice *invoice)
{
	for (size_t i = 0; i < invoice->line_count; i++)
		free(invoice->lines[i].amount);
	free(invoice->lines);
	for (size_t m = 0; m < INVOICE_MAX_MONTHS; m++)
		rating_fini(&invoice->months[m]);
	for (size_t i = 0; i < invoice->correction_count; i++) {
		free(invoice->corrections[i].name);
		free(invoice->corrections[i].amount);
		exact_free(invoice->corrections[i].exact);
	}
	free(invoice->corrections);
	free(invoice->usage_total);
	free(invoice->total);
	free(invoice->forecast);
	exact_free(invoice->forecast_exact);
	exact_free(invoice->exact);
	exact_free(invoice->gib_months);
	memset(invoice, 0, sizeof *invoice);
}
