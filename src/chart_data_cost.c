/*
 * chart_data_cost.c - what the months cost, for chart_data.h. In: closed
 * periods' totals, and bills of those that are not closed. Out: amounts by
 * currency and month. Owns nothing in the database.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "bill.h"
#include "chart_data_part.h"
#include "lib/utc.h"
#include "volume.h"

/* A month in one currency. */
struct cell {
	struct exact *amount, *forecast; /* owned; NULL: nothing so far */
	bool unknown, open, used;
};

struct costs {
	struct sql *db;
	const struct invoice *bills; /* borrowed */
	size_t count;
	int64_t now;
	const char *currencies[CHART_DATA_CURRENCIES]; /* borrowed */
	size_t currency_count;
	int64_t starts[CHART_MAX_MONTHS]; /* unix seconds */
	struct cell cells[CHART_DATA_CURRENCIES][CHART_MAX_MONTHS];
	/* Of the month at hand: the accounts that have no invoice for it. */
	struct account *open;  /* owned */
	struct invoice *built; /* owned */
	size_t open_count;
};

/* --- adding --- */

static struct cell *
cell_of(struct costs *c, const char *currency, size_t month)
{
	for (size_t i = 0; i < c->currency_count; i++)
		if (strcmp(c->currencies[i], currency) == 0)
			return &c->cells[i][month];
	return NULL;
}

static void
add(struct exact **sum, const char *text)
{
	struct exact *one = exact_new();

	if (*sum == NULL)
		*sum = exact_new();
	if (text != NULL && exact_parse(one, text))
		exact_add(*sum, one);
	exact_free(one);
}

static void
add_amount(struct cell *cell, const char *amount, const char *forecast)
{
	cell->unknown = cell->unknown || amount == NULL || forecast == NULL;
	cell->used = true;
	add(&cell->amount, amount);
	add(&cell->forecast, forecast);
}

static void
add_bill(struct costs *c, size_t month, const struct invoice *bill)
{
	struct cell *cell = cell_of(c, bill->account.currency, month);
	bool open = bill->state == INVOICE_OPEN;

	if (cell == NULL ||
	    (bill->line_count == 0 && bill->correction_count == 0))
		return;
	cell->open = cell->open || open;
	add_amount(cell, bill->total, open ? bill->forecast : bill->total);
}

/* A month of a quarter's invoice: its lines; corrections go to the last. */
static char *
share_of(const struct invoice *invoice, size_t month)
{
	struct exact *sum = exact_new(), *one = exact_new();
	char *text;

	for (size_t i = 0; i < invoice->line_count; i++)
		if (invoice->lines[i].month == month &&
		    invoice->lines[i].amount != NULL &&
		    exact_parse(one, invoice->lines[i].amount))
			exact_add(sum, one);
	for (size_t i = 0; month + 1 == invoice->period.month_count &&
			   i < invoice->correction_count;
	     i++)
		if (exact_parse(one, invoice->corrections[i].amount))
			exact_add(sum, one);
	text = exact_fixed(sum, invoice->digits);
	exact_free(sum);
	exact_free(one);
	return text;
}

static bool
add_quarter(struct costs *c, size_t month, const struct account *account,
    const struct archive_row *row, struct err *err)
{
	struct cell *cell = cell_of(c, row->currency, month);
	struct invoice invoice;
	char *share;
	bool ok;

	if (cell == NULL)
		return true;
	ok = archive_read(c->db, row, account, &invoice, err);
	for (size_t m = 0; ok && m < invoice.period.month_count; m++)
		if (invoice.months[m].month_start == c->starts[month]) {
			share = share_of(&invoice, m);
			add_amount(cell, share, share);
			free(share);
		}
	invoice_fini(&invoice);
	return ok;
}

/* --- months --- */

/* Whether an account has had a sample by the end of a month. */
static bool
has_begun(struct costs *c, int64_t account, int64_t start, bool *begun,
    struct err *err)
{
	struct sql_stmt *s = sql_get(c->db,
	    "SELECT EXISTS (SELECT 1 FROM account_month"
	    " WHERE account = ? AND month <= ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_int(s, 2, volume_month_of(start));
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*begun = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* Takes what is closed or at hand; others go to the open ones. */
static bool
take_account(struct costs *c, size_t month, const struct invoice_period *period,
    const struct invoice *bill, struct err *err)
{
	struct invoice_period own;
	struct archive_row row;
	bool found, begun;

	if (strcmp(bill->period.text, period->text) == 0) {
		add_bill(c, month, bill);
		return true;
	}
	invoice_period_of(&bill->account, period->from, &own);
	if (!archive_find(c->db, bill->account.id, own.text, &row, &found, err))
		return false;
	if (found && own.month_count > 1)
		return add_quarter(c, month, &bill->account, &row, err);
	if (found) {
		struct cell *cell = cell_of(c, row.currency, month);

		if (cell != NULL)
			add_amount(cell, row.total, row.total);
		return true;
	}
	if (!has_begun(c, bill->account.id, period->from, &begun, err))
		return false;
	if (begun && cell_of(c, bill->account.currency, month) != NULL)
		c->open[c->open_count++] = bill->account;
	return true;
}

static bool
take_month(struct costs *c, size_t month, struct err *err)
{
	struct invoice_period period;
	bool ok = true;

	invoice_month_of(c->starts[month], &period);
	c->open_count = 0;
	for (size_t i = 0; ok && i < c->count; i++)
		ok = take_account(c, month, &period, &c->bills[i], err);
	if (!ok || c->open_count == 0)
		return ok;
	ok = bill_build(
	    c->db, c->open, c->open_count, &period, c->now, c->built, err);
	for (size_t i = 0; i < c->open_count; i++) {
		if (ok)
			add_bill(c, month, &c->built[i]);
		invoice_fini(&c->built[i]);
	}
	return ok;
}

/* --- the result --- */

static void
find_currencies(struct costs *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->currency_count < CHART_DATA_CURRENCIES &&
		    cell_of(c, c->bills[i].account.currency, 0) == NULL)
			c->currencies[c->currency_count++] =
			    c->bills[i].account.currency;
}

/* Up to the month that the period ends with, or now if that is earlier. */
static void
find_months(struct costs *c)
{
	const struct invoice_period *period = &c->bills[0].period;
	int64_t last = period->to - 1;

	if (c->now < period->to)
		last = c->now > period->from ? c->now : period->from;
	for (int i = 0; i < CHART_MAX_MONTHS; i++)
		c->starts[i] = utc_month_add(
		    utc_month_start(last), i - CHART_MAX_MONTHS + 1);
}

static int
digits_of(const struct costs *c, const char *currency)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->bills[i].account.currency, currency) == 0)
			return c->bills[i].digits;
	return 0;
}

static char *
money(const struct exact *x, int digits)
{
	struct exact *zero = exact_new();
	char *text = exact_fixed(x != NULL ? x : zero, digits);

	exact_free(zero);
	return text;
}

/* From the first month with a cost on. */
static void
put_currency(struct costs *c, size_t i, struct chart_data *out)
{
	struct chart_cost *cost = &out->costs[i];
	size_t first = 0;

	while (first + 1 < CHART_MAX_MONTHS && !c->cells[i][first].used)
		first++;
	for (size_t m = first; m < CHART_MAX_MONTHS; m++) {
		struct chart_month *month = &out->months[i][m - first];
		const struct cell *cell = &c->cells[i][m];
		int digits = digits_of(c, c->currencies[i]);

		month->start = c->starts[m];
		if (cell->unknown)
			continue;
		out->texts[i][m].amount = money(cell->amount, digits);
		month->amount = out->texts[i][m].amount;
		if (!cell->open)
			continue;
		out->texts[i][m].forecast = money(cell->forecast, digits);
		month->forecast = out->texts[i][m].forecast;
	}
	cost->whose = chart_data_whose(c->bills, c->count);
	cost->currency = c->currencies[i];
	cost->months = out->months[i];
	cost->month_count = CHART_MAX_MONTHS - first;
}

static void
fini(struct costs *c)
{
	for (size_t i = 0; i < c->currency_count; i++)
		for (size_t m = 0; m < CHART_MAX_MONTHS; m++) {
			exact_free(c->cells[i][m].amount);
			exact_free(c->cells[i][m].forecast);
		}
	free(c->open);
	free(c->built);
}

bool
chart_data_costs(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct chart_data *out, struct err *err)
{
	struct costs c = {.db = db, .bills = bills, .count = count, .now = now};
	bool ok = true;

	find_currencies(&c);
	find_months(&c);
	c.open = calloc(count, sizeof *c.open);
	c.built = calloc(count, sizeof *c.built);
	if (c.open == NULL || c.built == NULL)
		ok = err_nomem(err);
	for (size_t m = 0; ok && m < CHART_MAX_MONTHS; m++)
		ok = take_month(&c, m, err);
	for (size_t i = 0; ok && i < c.currency_count; i++)
		put_currency(&c, i, out);
	out->chart_count = ok ? c.currency_count : 0;
	fini(&c);
	return ok;
}
