/*
 * cmd_export.c - `export`: usage and its exact cost, row by row, from a
 * read-only connection. What is written is not kept, however long it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "export.h"
#include "export_write.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/utc.h"
#include "settings.h"
#include "store.h"

enum {
	FLUSH_SIZE = 64 << 10,
};

/* A range is read once, from its beginning to its end: pages that were read
 * need not be kept. */
static const char small_cache[] = "PRAGMA cache_size = -4096";

static const struct opt_flag export_flags[] = {
    {.name = "from",
	.type = OPT_STRING,
	.required = true,
	.help = "The first hour: a date such as 2026-10-01, or an instant such "
		"as 2026-10-01T06:00:00Z"},
    {.name = "to",
	.type = OPT_STRING,
	.required = true,
	.help = "The hour behind the last one, written alike"},
    {.name = "format",
	.type = OPT_STRING,
	.preset = "csv",
	.choices = "csv|json",
	.help = "How rows are written"},
    {.name = "step",
	.type = OPT_STRING,
	.preset = "day",
	.choices = "hour|day|month",
	.help = "What a row is of, in time"},
    {.name = "groupBy",
	.type = OPT_STRING,
	.preset = "volume",
	.choices = "account|volume|bin",
	.help = "What a row is of: an account, a volume of an account, or an "
		"age bin of all volumes of an account"},
    {.name = "account",
	.type = OPT_STRING,
	.repeats = true,
	.shown = "(all)",
	.help = "Whose usage; may be repeated"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* --- flags --- */

static bool
parse_time(const struct opt_values *values, const char *name, int64_t *at,
    struct err *err)
{
	const char *text = opt_get(values, name);
	char whole[UTC_TEXT_SIZE];

	if (strlen(text) == strlen("2026-10-01")) {
		snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
		text = whole;
	}
	return utc_parse(text, strlen(text), at, NULL) ||
	       err_set(err, ERR_INPUT,
		   "--%s is a date such as 2026-10-01 or an instant such as "
		   "2026-10-01T06:00:00Z: \"%s\"",
		   name, opt_get(values, name));
}

static bool
find_accounts(const struct opt_values *values, struct sql *db,
    struct account **list, size_t *count, struct err *err)
{
	*count = opt_count(values, "account");
	if (*count == 0)
		return account_list(db, list, count, err);
	*list = calloc(*count, sizeof **list);
	if (*list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *count; i++)
		if (!account_find(
			db, opt_nth(values, "account", i), *list + i, err))
			return false;
	return true;
}

/* --- rows --- */

struct printer {
	struct export_writer writer;
	struct buf out; /* owned */
};

static bool
flush(struct printer *p, struct err *err)
{
	if (p->out.failed)
		return err_nomem(err);
	if (fwrite(buf_text(&p->out), 1, p->out.len, stdout) < p->out.len)
		return err_errno(
		    err, ERR_INPUT, "cannot write to standard output");
	buf_clear(&p->out);
	return true;
}

static bool
on_row(void *ctx, const struct export_row *row, struct err *err)
{
	struct printer *p = ctx;

	export_write_row(&p->writer, row);
	return p->out.len < FLUSH_SIZE || flush(p, err);
}

static bool
print_rows(const struct opt_values *values, struct sql *db,
    const struct export_query *query, struct err *err)
{
	struct printer p = {.out = BUF_INIT};
	bool ok;

	export_write_begin(&p.writer, &p.out,
	    strcmp(opt_get(values, "format"), "json") == 0, query->group);
	ok = export_run(db, query, on_row, &p, err);
	if (ok)
		export_write_end(&p.writer);
	ok = ok && flush(&p, err);
	if (ok && fflush(stdout) != 0)
		ok = err_errno(
		    err, ERR_INPUT, "cannot write to standard output");
	buf_fini(&p.out);
	return ok;
}

static bool
run_query(const struct opt_values *values, struct sql *db, struct err *err)
{
	struct export_query query = {.from = 0};
	struct account *accounts = NULL;
	struct clock clock;
	bool ok;

	ok = parse_time(values, "from", &query.from, err) &&
	     parse_time(values, "to", &query.to, err) &&
	     settings_clock(values, &clock, err) &&
	     find_accounts(values, db, &accounts, &query.account_count, err) &&
	     sql_exec(db, small_cache, err);
	if (ok) {
		query.now = clock_secs(&clock);
		query.accounts = accounts;
		export_parse_step(opt_get(values, "step"), &query.step);
		export_parse_group(opt_get(values, "groupBy"), &query.group);
		ok = print_rows(values, db, &query, err);
	}
	free(accounts);
	return ok;
}

static int
run_export(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	struct sql *db = folder != NULL ? store_open_read(folder, &err) : NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (db == NULL || !run_query(values, db, &err))
		code = cmd_failed(values, &err);
	sql_close(db);
	free(folder);
	return code;
}

const struct opt_command cmd_export = {
    .path = "export",
    .summary = "Print usage and its exact cost by hour, day or month",
    .flags = export_flags,
    .run = run_export,
};
