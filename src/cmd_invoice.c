/*
 * cmd_invoice.c - `list invoices` and `show invoice`: what was closed, as it
 * was closed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "account.h"
#include "archive.h"
#include "cmd.h"
#include "cmd_table.h"
#include "lib/buf.h"
#include "lib/utc.h"
#include "settings.h"

/* --- list invoices --- */

static const struct opt_flag list_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Whose invoices"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

struct accounts {
	struct account *list; /* owned; by row */
	size_t count;
};

static int
compare_accounts(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static bool
load_accounts(struct sql *db, struct accounts *out, struct err *err)
{
	if (!account_list(db, &out->list, &out->count, err))
		return false;
	if (out->count > 0)
		qsort(
		    out->list, out->count, sizeof *out->list, compare_accounts);
	return true;
}

static const char *
name_of(const struct accounts *accounts, int64_t id)
{
	const struct account key = {.id = id};
	const struct account *found =
	    accounts->count == 0
		? NULL
		: bsearch(&key, accounts->list, accounts->count,
		      sizeof *accounts->list, compare_accounts);

	return found != NULL ? found->name : "";
}

static bool
add_row(struct cmd_table *t, struct sql *db, const struct accounts *accounts,
    const struct archive_row *row, struct err *err)
{
	char due[UTC_TEXT_SIZE];
	int64_t corrections;

	if (!archive_count_corrections(db, row, &corrections, err))
		return false;
	cmd_table_text(t, row->number);
	cmd_table_text(t, name_of(accounts, row->account));
	cmd_table_text(t, row->period);
	cmd_table_time(t, row->closed_at);
	cmd_table_text(t, utc_format_date(row->due_at, due));
	cmd_table_text(t, row->currency);
	cmd_table_decimal(t, row->total);
	cmd_table_int(t, corrections);
	return true;
}

static bool
print_rows(const struct opt_values *values, struct sql *db, int64_t account,
    const struct accounts *accounts, struct err *err)
{
	static const char *const columns[] = {"number", "account", "period",
	    "closed_at", "due", "currency", "total", "corrections", NULL};
	struct archive_row *rows = NULL;
	size_t count = 0;
	struct cmd_table t;
	bool ok;

	cmd_table_begin(&t, values, columns);
	ok = sql_begin_read(db, err) &&
	     archive_list(db, account, &rows, &count, err);
	for (size_t i = 0; ok && i < count; i++)
		ok = add_row(&t, db, accounts, &rows[i], err);
	sql_rollback(db);
	free(rows);
	return cmd_table_end(&t, ok, err);
}

static bool
list_invoices(const struct opt_values *values, struct sql *db, struct err *err)
{
	const char *name = opt_get(values, "account");
	struct accounts accounts = {NULL, 0};
	struct account one = {.id = 0};
	bool ok;

	if (name != NULL && !account_find(db, name, &one, err))
		return false;
	ok = load_accounts(db, &accounts, err) &&
	     print_rows(values, db, one.id, &accounts, err);
	free(accounts.list);
	return ok;
}

static int
run_list(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_invoices);
}

const struct opt_command cmd_list_invoices = {
    .path = "list invoices",
    .summary = "List invoices: closed periods with number, due date and total",
    .flags = list_flags,
    .run = run_list,
};

/* --- show invoice --- */

static const struct opt_flag show_flags[] = {
    {.name = "output",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|html|csv|json|pdf",
	.help = "Which of its documents"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static bool
show_invoice(const struct opt_values *values, struct sql *db, struct err *err)
{
	struct buf document = BUF_INIT;
	struct archive_row row;
	bool ok;

	ok = archive_load(db, opt_operand(values, 0), &row, err) &&
	     archive_document(
		 db, &row, opt_get(values, "output"), &document, err);
	if (ok)
		fwrite(buf_text(&document), 1, document.len, stdout);
	buf_fini(&document);
	return ok;
}

static int
run_show(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, show_invoice);
}

const struct opt_command cmd_show_invoice = {
    .path = "show invoice",
    .operands = "NUMBER",
    .summary = "Print an invoice, byte for byte as it was closed",
    .flags = show_flags,
    .run = run_show,
};
