/*
 * cmd_period.c - `list periods` and `show period`: what each period of an
 * account comes to, and what became of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "bill.h"
#include "cmd.h"
#include "cmd_table.h"
#include "grace.h"
#include "lib/clock.h"
#include "lib/utc.h"
#include "periods.h"
#include "settings.h"

static bool
ask_now(const struct opt_values *values, int64_t *now, struct err *err)
{
	struct clock clock;

	if (!settings_clock(values, &clock, err))
		return false;
	*now = clock_secs(&clock);
	return true;
}

static void
put_hours(struct cmd_table *t, const struct rating_hours *hours)
{
	cmd_table_int(t, hours->measured);
	cmd_table_int(t, hours->estimated);
	cmd_table_int(t, hours->unbilled);
}

static void
put_word(struct cmd_table *t, const char *word)
{
	if (word != NULL)
		cmd_table_text(t, word);
	else
		cmd_table_none(t);
}

/* --- list periods --- */

static const struct opt_flag list_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Whose periods"},
    {.name = "totals",
	.type = OPT_BOOL,
	.help = "Only how many are in which state, and their hours, without "
		"closed ones"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
add_row(void *ctx, const struct periods_row *row, struct err *err)
{
	struct cmd_table *t = ctx;

	(void)err;
	cmd_table_text(t, row->account->name);
	cmd_table_text(t, row->period.text);
	cmd_table_text(t, row->state);
	put_word(t, row->reason);
	put_word(t, row->closed != NULL ? row->closed->number : NULL);
	cmd_table_text(t, row->account->currency);
	cmd_table_decimal(t, row->total);
	cmd_table_decimal(t, row->exact);
	if (row->has_hours)
		put_hours(t, &row->hours);
	for (int i = 0; !row->has_hours && i < 3; i++)
		cmd_table_none(t);
	cmd_table_decimal(t, row->forecast);
	return true;
}

/* Periods of one text and state. */
struct total {
	char period[INVOICE_PERIOD_SIZE];
	const char *state; /* static */
	int64_t accounts;
	struct rating_hours hours;
};

struct totals {
	struct total *list; /* owned; by period and state */
	size_t count;
};

static int
compare_total(const struct total *t, const struct periods_row *row)
{
	int order = strcmp(t->period, row->period.text);

	return order != 0 ? order : strcmp(t->state, row->state);
}

/* The entry of a row, made at its place if it is not there. */
static struct total *
find_total(struct totals *all, const struct periods_row *row, struct err *err)
{
	struct total *more;
	size_t at = 0;

	while (at < all->count && compare_total(&all->list[at], row) < 0)
		at++;
	if (at < all->count && compare_total(&all->list[at], row) == 0)
		return &all->list[at];
	more = reallocarray(all->list, all->count + 1, sizeof *more);
	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	all->list = more;
	more += at;
	memmove(more + 1, more, (all->count++ - at) * sizeof *more);
	memset(more, 0, sizeof *more);
	snprintf(more->period, sizeof more->period, "%s", row->period.text);
	more->state = row->state;
	return more;
}

static bool
add_to_total(void *ctx, const struct periods_row *row, struct err *err)
{
	struct total *total;

	if (row->closed != NULL)
		return true;
	total = find_total(ctx, row, err);
	if (total == NULL)
		return false;
	total->accounts++;
	total->hours.measured += row->hours.measured;
	total->hours.estimated += row->hours.estimated;
	total->hours.unbilled += row->hours.unbilled;
	return true;
}

static bool
list_totals(const struct opt_values *values, struct sql *db,
    const struct account *accounts, size_t count, int64_t now, struct err *err)
{
	static const char *const columns[] = {"period", "state", "accounts",
	    "measured", "estimated", "unbilled", NULL};
	struct totals all = {NULL, 0};
	struct cmd_table t;
	bool ok;

	cmd_table_begin(&t, values, columns);
	ok = periods_each(db, accounts, count, now, add_to_total, &all, err);
	for (size_t i = 0; ok && i < all.count; i++) {
		cmd_table_text(&t, all.list[i].period);
		cmd_table_text(&t, all.list[i].state);
		cmd_table_int(&t, all.list[i].accounts);
		put_hours(&t, &all.list[i].hours);
	}
	free(all.list);
	return cmd_table_end(&t, ok, err);
}

static bool
list_rows(const struct opt_values *values, struct sql *db,
    const struct account *accounts, size_t count, int64_t now, struct err *err)
{
	static const char *const columns[] = {"account", "period", "state",
	    "reason", "number", "currency", "total", "exact", "measured",
	    "estimated", "unbilled", "forecast", NULL};
	struct cmd_table t;

	cmd_table_begin(&t, values, columns);
	return cmd_table_end(
	    &t, periods_each(db, accounts, count, now, add_row, &t, err), err);
}

static bool
list_periods(const struct opt_values *values, struct sql *db, struct err *err)
{
	const char *name = opt_get(values, "account");
	struct account one, *list = NULL;
	size_t count = 1;
	int64_t now;
	bool ok;

	if (!ask_now(values, &now, err) ||
	    !(name != NULL ? account_find(db, name, &one, err)
			   : account_list(db, &list, &count, err)))
		return false;
	ok = (opt_bool(values, "totals") ? list_totals : list_rows)(
	    values, db, name != NULL ? &one : list, count, now, err);
	free(list);
	return ok;
}

static int
run_list(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_periods);
}

const struct opt_command cmd_list_periods = {
    .path = "list periods",
    .summary = "List the periods of accounts, and what became of them",
    .details = "Of a closed one the invoice has all else: `show period`.",
    .flags = list_flags,
    .run = run_list,
};

/* --- show period --- */

static const struct opt_flag show_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.required = true,
	.help = "Whose period"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static void
put_exact(struct cmd_table *t, const struct exact *x)
{
	char *text = x != NULL ? exact_decimal(x, INVOICE_EXACT_DIGITS) : NULL;

	cmd_table_decimal(t, text);
	free(text);
}

static void
put_date(struct cmd_table *t, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	put_word(t, at != 0 ? utc_format_date(at, text) : NULL);
}

/* A period that is not closed will be, when its grace is over; a held one
 * when nothing holds it any more. */
static void
put_bill(struct cmd_table *t, const struct invoice *inv,
    const struct grace *grace, int64_t now)
{
	bool closed = inv->state == INVOICE_CLOSED;
	bool empty = periods_is_empty(inv, grace, now);

	cmd_table_text(t, inv->account.name);
	cmd_table_text(t, inv->period.text);
	cmd_table_time(t, inv->period.from);
	cmd_table_time(t, inv->period.to);
	cmd_table_text(t, empty ? "empty" : invoice_state_name(inv->state));
	put_word(t, empty ? NULL : invoice_reason_name(inv->reason));
	cmd_table_time(
	    t, closed || empty ? 0 : grace_end(grace, inv->period.to));
	put_word(t, closed ? inv->number : NULL);
	cmd_table_time(t, inv->closed_at);
	put_date(t, inv->due_at);
	cmd_table_text(t, inv->account.currency);
	cmd_table_decimal(t, inv->total);
	cmd_table_decimal(t, inv->usage_total);
	put_exact(t, inv->exact);
	put_exact(t, inv->gib_months);
	cmd_table_int(t, inv->hours_in_period);
	put_hours(t, &inv->hours);
	cmd_table_int(t, (int64_t)inv->line_count);
	cmd_table_decimal(t, inv->forecast);
	put_exact(t, inv->forecast_exact);
	cmd_table_int(t, inv->upto_fact);
	cmd_table_text(t, inv->head);
}

static void
put_months(struct cmd_table *t, const struct invoice *inv)
{
	static const char *const columns[] = {"month", "hours_in_month",
	    "measured", "estimated", "unbilled", NULL};
	struct invoice_period month;

	cmd_table_part(t, "months", columns);
	for (size_t m = 0; m < inv->period.month_count; m++) {
		const struct rating *rated = &inv->months[m];

		invoice_month_of(rated->month_start, &month);
		cmd_table_text(t, month.text);
		cmd_table_int(t, rated->hours_in_month);
		put_hours(t, &rated->hours);
	}
}

static void
put_corrections(struct cmd_table *t, const struct invoice *inv)
{
	static const char *const columns[] = {"corrects", "volume_id", "name",
	    "exact", "amount", "from", "to", NULL};
	char id[UUID_TEXT_SIZE];

	cmd_table_part(t, "corrections", columns);
	for (size_t i = 0; i < inv->correction_count; i++) {
		const struct invoice_correction *c = &inv->corrections[i];

		cmd_table_text(t, c->corrects);
		cmd_table_text(t, uuid_format(&c->volume_id, id));
		cmd_table_text(t, c->name);
		put_exact(t, c->exact);
		cmd_table_decimal(t, c->amount);
		cmd_table_time(t, c->from);
		cmd_table_time(t, c->to);
	}
}

static bool
show_period(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"account", "period", "from", "to",
	    "state", "reason", "closes_at", "number", "closed_at", "due",
	    "currency", "total", "usage_total", "exact", "gib_months",
	    "hours_in_period", "measured", "estimated", "unbilled", "lines",
	    "forecast", "forecast_exact", "upto_fact", "ledger_head", NULL};
	struct invoice_period period;
	struct account account;
	struct invoice inv;
	struct grace grace;
	struct cmd_table t;
	int64_t now;
	bool ok;

	/* The operand was looked at before. */
	if (!invoice_parse_period(opt_operand(values, 0), &period, err) ||
	    !ask_now(values, &now, err) || !grace_load(db, &grace, err) ||
	    !account_find(db, opt_get(values, "account"), &account, err))
		return false;
	ok = bill_build(db, &account, 1, &period, now, &inv, err);
	if (ok) {
		cmd_table_begin_record(&t, values, columns);
		put_bill(&t, &inv, &grace, now);
		put_months(&t, &inv);
		put_corrections(&t, &inv);
		ok = cmd_table_end(&t, true, err);
	}
	invoice_fini(&inv);
	return ok;
}

static int
run_show(const struct opt_values *values, void *ctx)
{
	struct invoice_period period;
	struct err err = ERR_INIT;

	(void)ctx;
	if (!invoice_parse_period(opt_operand(values, 0), &period, &err))
		return cmd_wrong(values, &err);
	return cmd_table_run(values, show_period);
}

const struct opt_command cmd_show_period = {
    .path = "show period",
    .operands = "PERIOD",
    .summary = "Show a period of an account: state, hours, money, corrections",
    .flags = show_flags,
    .run = run_show,
};
