/*
 * cmd_list.c - `list accounts|sources|tokens|rates`: one line a row; --output json prints one JSON value, csv a header and rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_table.h"
#include "grant.h"
#include "lib/buf.h"
#include "lib/utc.h"
#include "rate.h"
#include "settings.h"
#include "source.h"
#include "token.h"

static const struct opt_flag list_flags[] = {
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

/* --- accounts --- */

static bool
list_accounts(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"name", "display_name",
	    "currency", "average", "gap_policy", "max_carry_hours", "rounding",
	    "rounding_mode", "period", "net_days", "report_to", "created_at",
	    NULL};
	struct account *list = NULL;
	size_t count = 0;
	struct cmd_table t;
	bool ok = account_list(db, &list, &count, err);

	cmd_table_begin(&t, values, columns);
	for (size_t i = 0; ok && i < count; i++) {
		const struct account *a = &list[i];

		cmd_table_text(&t, a->name);
		cmd_table_text(&t, a->display_name);
		cmd_table_text(&t, a->currency);
		cmd_table_text(&t, account_average_name(a->average));
		cmd_table_text(&t, account_gap_name(a->gap));
		cmd_table_int(&t, a->max_carry_hours);
		cmd_table_text(&t, account_rounding_name(a->rounding));
		cmd_table_text(&t, account_mode_name(a->rounding_mode));
		cmd_table_text(&t, account_period_name(a->period));
		cmd_table_int(&t, a->net_days);
		cmd_table_text(&t, a->report_to);
		cmd_table_time(&t, a->created_at);
	}
	free(list);
	return cmd_table_end(&t, ok, err);
}

static int
run_accounts(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_accounts);
}

const struct opt_command cmd_list_accounts = {
    .path = "list accounts",
    .summary = "List who pays",
    .flags = list_flags,
    .run = run_accounts,
};

/* --- sources --- */

struct source_rows {
	struct cmd_table table;
	struct sql *db; /* borrowed */
};

static bool
add_source(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct source_rows *rows = ctx;
	struct cmd_table *t = &rows->table;
	int64_t grant_expires;

	if (!grant_last_expiry(rows->db, source->id, &grant_expires, err))
		return false;
	cmd_table_text(t, source->name);
	cmd_table_text(t, accounts);
	cmd_table_text(t, source->disabled ? "disabled" : "enabled");
	cmd_table_time(t, last_report_at);
	cmd_table_time(t, grant_expires);
	cmd_table_time(t, source->created_at);
	return true;
}

static bool
list_sources(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"name", "accounts", "state",
	    "last_report_at", "grant_expires", "created_at", NULL};
	struct source_rows rows = {.db = db};

	cmd_table_begin(&rows.table, values, columns);
	return cmd_table_end(
	    &rows.table, source_each(db, add_source, &rows, err), err);
}

static int
run_sources(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_sources);
}

const struct opt_command cmd_list_sources = {
    .path = "list sources",
    .summary = "List admin servers, with the accounts they report for",
    .flags = list_flags,
    .run = run_sources,
};

/* --- tokens --- */

static bool
add_token(void *ctx, const struct token_row *row, struct err *err)
{
	struct cmd_table *t = ctx;

	(void)err;
	cmd_table_int(t, row->id);
	cmd_table_text(t, row->name);
	cmd_table_text(t, row->role);
	cmd_table_text(t, row->source);
	cmd_table_text(t, row->account);
	cmd_table_time(t, row->created_at);
	cmd_table_time(t, row->last_used_at);
	return true;
}

static bool
list_tokens(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"id", "name", "role", "source",
	    "account", "created_at", "last_used_at", NULL};
	struct cmd_table t;

	cmd_table_begin(&t, values, columns);
	return cmd_table_end(&t, token_each(db, add_token, &t, err), err);
}

static int
run_tokens(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_tokens);
}

const struct opt_command cmd_list_tokens = {
    .path = "list tokens",
    .summary = "List tokens by name and role; their text is not kept",
    .flags = list_flags,
    .run = run_tokens,
};

/* --- rates --- */

static const char *
account_name(const struct account *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return list[i].name;
	return "";
}

static bool
list_rates(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {
	    "account", "max_age", "from", "rate", "created_at", NULL};
	struct account *accounts = NULL;
	struct rate *rates = NULL;
	size_t account_count = 0, count = 0;
	struct cmd_table t;
	bool ok = account_list(db, &accounts, &account_count, err) &&
		  rate_list(db, 0, &rates, &count, err);

	cmd_table_begin(&t, values, columns);
	for (size_t i = 0; ok && i < count; i++) {
		cmd_table_text(&t,
		    account_name(accounts, account_count, rates[i].account));
		cmd_table_text(&t, rates[i].max_age);
		cmd_table_time(&t, rates[i].from_hour * UTC_HOUR_SECS);
		cmd_table_text(&t, rates[i].rate);
		cmd_table_time(&t, rates[i].created_at);
	}
	free(rates);
	free(accounts);
	return cmd_table_end(&t, ok, err);
}

static int
run_rates(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_rates);
}

const struct opt_command cmd_list_rates = {
    .path = "list rates",
    .summary = "List what a GiB-month costs, from when",
    .flags = list_flags,
    .run = run_rates,
};
