/*
 * cmd_export.c - `export`: usage and its exact cost, row by row, or bills as
 * FOCUS rows, from a read-only connection. What is written is not kept,
 * however long it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "bill.h"
#include "cmd.h"
#include "cmd_focus.h"
#include "export.h"
#include "export_write.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/utc.h"
#include "settings.h"
#include "store.h"
#include "summary.h"
#include "volume.h"

enum {
	FLUSH_SIZE = 64 << 10,
};

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
	.choices = "csv|json|focus",
	.help = "How rows are written; focus: the bills of all periods that "
		"lie within the range, as FOCUS 1.2"},
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
    {.name = "issuer",
	.type = OPT_STRING,
	.shown = "(smtpFrom of the credentials)",
	.help = "Format focus: who bills"},
    SETTINGS_FLAG_CREDS_FILE,
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

/* Writes what there is, if it is much, or at the end. */
static bool
flush(struct buf *out, bool end, struct err *err)
{
	if (out->failed)
		return err_nomem(err);
	if (!end && out->len < FLUSH_SIZE)
		return true;
	if (fwrite(buf_text(out), 1, out->len, stdout) < out->len ||
	    (end && fflush(stdout) != 0))
		return err_errno(
		    err, ERR_INPUT, "cannot write to standard output");
	buf_clear(out);
	return true;
}

static bool
on_row(void *ctx, const struct export_row *row, struct err *err)
{
	struct printer *p = ctx;

	export_write_row(&p->writer, row);
	return flush(&p->out, false, err);
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
	ok = ok && flush(&p.out, true, err);
	buf_fini(&p.out);
	return ok;
}

/* --- bills --- */

struct focus {
	struct sql *db;
	const struct export_query *query;
	struct fact_head head;
	char *issuer;	/* owned */
	struct buf out; /* owned */
	size_t missing; /* bills without a total */
};

static bool
check_months(const struct opt_values *values, const struct export_query *q,
    struct err *err)
{
	if (opt_given(values, "step") || opt_given(values, "groupBy"))
		return err_set(err, ERR_INPUT,
		    "--step and --groupBy go with --format csv or json");
	if (q->from != utc_month_start(q->from) ||
	    q->to != utc_month_start(q->to))
		return err_set(err, ERR_INPUT,
		    "a FOCUS file is of whole months: --from and --to are the "
		    "first days of some");
	return q->from < q->to ||
	       err_set(err, ERR_INPUT, "the range ends before it begins");
}

static bool
put_bill(struct focus *f, const struct account *account,
    const struct invoice_period *period, struct err *err)
{
	const struct invoice_query query = {
	    .period = period, .now = f->query->now, .head = f->head};
	struct invoice bill;
	bool ok;

	ok = bill_build_known(f->db, account, 1, &query, &bill, err);
	if (ok && !summary_focus_bill(&bill, f->issuer, &f->out)) {
		f->missing++;
		fprintf(stderr,
		    "stat.flexfs: not in the FOCUS file: %s of %s has usage "
		    "without a rate\n",
		    period->text, account->name);
	}
	invoice_fini(&bill);
	return ok && flush(&f->out, false, err);
}

/* The periods of an account that lie within the range and have begun. */
static bool
put_account(struct focus *f, const struct account *account, struct err *err)
{
	const struct export_query *q = f->query;
	struct invoice_period period;
	int64_t month, first;

	if (!volume_first_month(f->db, account->id, &month, err))
		return false;
	if (month < 0)
		return true;
	first = volume_month_hour(month) * UTC_HOUR_SECS;
	invoice_period_of(account, first > q->from ? first : q->from, &period);
	for (; period.to <= q->to && period.from <= q->now;
	     invoice_period_after(&period, &period))
		if (period.from >= q->from &&
		    !put_bill(f, account, &period, err))
			return false;
	return true;
}

static bool
print_focus(const struct opt_values *values, struct sql *db,
    const struct export_query *query, struct err *err)
{
	struct focus f = {.db = db, .query = query, .out = BUF_INIT};
	bool ok;

	if (!check_months(values, query, err))
		return false;
	f.issuer = cmd_focus_issuer(values, err);
	if (f.issuer == NULL)
		return false;
	summary_focus_header(&f.out);
	ok = sql_begin_read(db, err);
	if (ok) {
		ok = fact_load_head(db, &f.head, err);
		for (size_t i = 0; ok && i < query->account_count; i++)
			ok = put_account(&f, &query->accounts[i], err);
		sql_rollback(db);
	}
	ok = ok && flush(&f.out, true, err);
	if (ok && f.missing > 0)
		ok = err_set(err, ERR_INPUT,
		    "%zu bills are missing, since no amount is due yet",
		    f.missing);
	buf_fini(&f.out);
	free(f.issuer);
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
	     find_accounts(values, db, &accounts, &query.account_count, err);
	if (ok) {
		query.now = clock_secs(&clock);
		query.accounts = accounts;
		export_parse_step(opt_get(values, "step"), &query.step);
		export_parse_group(opt_get(values, "groupBy"), &query.group);
		ok = strcmp(opt_get(values, "format"), "focus") == 0
			 ? print_focus(values, db, &query, err)
			 : print_rows(values, db, &query, err);
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
    .summary =
	"Print usage and its exact cost by hour, day or month, or as FOCUS",
    .flags = export_flags,
    .run = run_export,
};
