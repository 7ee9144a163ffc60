/*
 * cmd_forecast.c - `forecast`: what the periods at hand will come to, and
 * whether that is more than a limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "bill.h"
#include "cmd.h"
#include "cmd_table.h"
#include "lib/clock.h"
#include "lib/exact.h"
#include "settings.h"
#include "store.h"

/* What a script asks for with --limit. */
enum {
	EXIT_PASSED = 2
};

static const struct opt_flag forecast_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Whose period"},
    {.name = "period",
	.type = OPT_STRING,
	.shown = "(the present one of each account)",
	.help = "A month such as 2026-10, or a quarter such as 2026-Q4"},
    {.name = "limit",
	.type = OPT_STRING,
	.shown = "(none)",
	.help = "Exit with 2 when a forecast is more than this amount, each "
		"account for itself, in its own currency"},
    {.name = "output",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|json",
	.help = "How rows are printed"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

struct forecasts {
	const struct opt_values *values;
	struct invoice_period period; /* "": each account's own */
	struct exact *limit;	      /* owned; NULL: none */
	int64_t now;
	struct account *accounts; /* owned */
	struct invoice *bills;	  /* owned; as the accounts */
	size_t count;
	bool passed, unknown; /* by some account; of some account */
};

static bool
read_limit(struct forecasts *f, struct err *err)
{
	const char *text = opt_get(f->values, "limit");

	if (text == NULL)
		return true;
	f->limit = exact_new();
	return (text[0] != '-' && exact_parse(f->limit, text)) ||
	       err_set(err, ERR_INPUT,
		   "--limit is an amount such as 500 or 499.99: \"%s\"", text);
}

static bool
read_flags(struct forecasts *f, struct err *err)
{
	const char *period = opt_get(f->values, "period");
	struct clock clock;

	if (!read_limit(f, err) ||
	    (period != NULL &&
		!invoice_parse_period(period, &f->period, err)) ||
	    !settings_clock(f->values, &clock, err))
		return false;
	f->now = clock_secs(&clock);
	return true;
}

/* --- bills --- */

static bool
find_accounts(struct forecasts *f, struct sql *db, struct err *err)
{
	const char *name = opt_get(f->values, "account");

	if (name == NULL)
		return account_list(db, &f->accounts, &f->count, err);
	f->accounts = calloc(1, sizeof *f->accounts);
	if (f->accounts == NULL)
		return err_nomem(err);
	if (!account_find(db, name, f->accounts, err))
		return false;
	f->count = 1;
	return true;
}

/* Accounts by the month stand before those by the quarter, each by name. */
static int
compare_accounts(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	if (x->period != y->period)
		return x->period < y->period ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
compare_bills(const void *a, const void *b)
{
	const struct invoice *x = a, *y = b;

	return strcmp(x->account.name, y->account.name);
}

/* Those of the same length in one pass. */
static bool
build(struct forecasts *f, struct sql *db, struct err *err)
{
	struct invoice_period period;
	size_t n;

	f->bills = calloc(f->count + 1, sizeof *f->bills);
	if (f->bills == NULL)
		return err_nomem(err);
	if (f->count > 0)
		qsort(f->accounts, f->count, sizeof *f->accounts,
		    compare_accounts);
	for (size_t i = 0; i < f->count; i += n) {
		period = f->period;
		if (period.text[0] == '\0')
			invoice_period_of(&f->accounts[i], f->now, &period);
		for (n = 1; i + n < f->count; n++)
			if (f->period.text[0] == '\0' &&
			    f->accounts[i + n].period != f->accounts[i].period)
				break;
		if (!bill_build(db, f->accounts + i, n, &period, f->now,
			f->bills + i, err))
			return false;
	}
	if (f->count > 0)
		qsort(f->bills, f->count, sizeof *f->bills, compare_bills);
	return true;
}

/* --- rows --- */

/* By how much a forecast passes the limit, as text; NULL: it does not. */
static char *
passed_by(const struct forecasts *f, const struct invoice *inv)
{
	struct exact *x;
	char *text = NULL;

	if (f->limit == NULL || inv->forecast == NULL)
		return NULL;
	x = exact_new();
	if (exact_parse(x, inv->forecast))
		exact_sub(x, f->limit);
	if (exact_sign(x) > 0)
		text = exact_decimal(x, INVOICE_EXACT_DIGITS);
	exact_free(x);
	return text;
}

static void
say_passed(const struct forecasts *f, const struct invoice *inv, const char *by)
{
	fprintf(stderr,
	    "stat.flexfs forecast: %s would pass %s %s by %s in %s\n",
	    inv->account.name, inv->account.currency,
	    opt_get(f->values, "limit"), by, inv->period.text);
}

static void
print_row(struct forecasts *f, struct cmd_table *t, const struct invoice *inv)
{
	char *by = passed_by(f, inv);

	cmd_table_text(t, inv->account.name);
	cmd_table_text(t, inv->period.text);
	cmd_table_text(t, invoice_state_name(inv->state));
	cmd_table_text(t, inv->account.currency);
	cmd_table_decimal(t, inv->total);
	cmd_table_decimal(t, inv->forecast);
	cmd_table_decimal(t, by);
	if (by != NULL) {
		f->passed = true;
		say_passed(f, inv, by);
	}
	if (inv->forecast == NULL && f->limit != NULL) {
		f->unknown = true;
		fprintf(stderr,
		    "stat.flexfs forecast: %s has usage without a rate, so "
		    "there is no forecast for %s\n",
		    inv->account.name, inv->period.text);
	}
	free(by);
}

static bool
print_rows(struct forecasts *f, struct err *err)
{
	static const char *const columns[] = {"account", "period", "state",
	    "currency", "to_date", "forecast", "passed_by", NULL};
	struct cmd_table t;

	cmd_table_begin(&t, f->values, columns);
	for (size_t i = 0; i < f->count; i++)
		print_row(f, &t, &f->bills[i]);
	return cmd_table_end(&t, true, err);
}

static void
fini(struct forecasts *f)
{
	for (size_t i = 0; f->bills != NULL && i < f->count; i++)
		invoice_fini(&f->bills[i]);
	free(f->bills);
	free(f->accounts);
	exact_free(f->limit);
}

static int
run_forecast(const struct opt_values *values, void *ctx)
{
	struct forecasts f = {.values = values};
	struct err err = ERR_INIT;
	struct sql *db = NULL;
	char *folder = NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (!read_flags(&f, &err)) {
		fini(&f);
		return cmd_wrong(values, &err);
	}
	folder = cmd_path(values, "dbFolder", &err);
	if (folder != NULL)
		db = store_open_read(folder, &err);
	if (db == NULL || !find_accounts(&f, db, &err) ||
	    !build(&f, db, &err) || !print_rows(&f, &err))
		code = cmd_failed(values, &err);
	else if (f.passed)
		code = EXIT_PASSED;
	else if (f.unknown)
		code = OPT_EXIT_FAILED;
	sql_close(db);
	free(folder);
	fini(&f);
	return code;
}

const struct opt_command cmd_forecast = {
    .path = "forecast",
    .summary = "Print what the present period costs so far, and will come to",
    .flags = forecast_flags,
    .run = run_forecast,
};
