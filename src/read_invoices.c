/*
 * read_invoices.c - invoices over HTTP. In: the archive. Out: rows, documents
 * byte for byte as they were closed, and paper drawn from them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "explain.h"
#include "invoice_pdf.h"
#include "lib/utc.h"
#include "read_invoices.h"
#include "read_table.h"
#include "read_volume_part.h"
#include "summary.h"

/* --- the list --- */

static bool
put_row(struct read_table *t, struct sql *db, const struct account *accounts,
    size_t count, const struct archive_row *row, struct err *err)
{
	char due[UTC_TEXT_SIZE];
	int64_t corrections;

	if (!archive_count_corrections(db, row, &corrections, err))
		return false;
	read_table_text(t, row->number);
	read_table_text(t, read_account_name(accounts, count, row->account));
	read_table_text(t, row->period);
	read_table_time(t, row->closed_at);
	read_table_text(t, utc_format_date(row->due_at, due));
	read_table_text(t, row->currency);
	read_table_decimal(t, row->total);
	read_table_int(t, corrections);
	return true;
}

static bool
list(struct sql *db, const struct read_call *call, struct read_reply *reply,
    int64_t account, struct read_page *page, struct err *err)
{
	static const char *const columns[] = {"number", "account", "period",
	    "closed_at", "due", "currency", "total", "corrections", NULL};
	struct account *accounts = NULL;
	struct archive_row *rows = NULL;
	size_t count = 0, account_count = 0;
	struct read_table t;
	bool ok = account_list(db, &accounts, &account_count, err) &&
		  archive_list(db, account, &rows, &count, err);

	read_table_begin(&t, call, reply, "invoices", columns);
	for (size_t i = 0; ok && i < count && !page->more; i++)
		if (read_page_takes(page, rows[i].number))
			ok = put_row(
			    &t, db, accounts, account_count, &rows[i], err);
	read_table_end(&t, page);
	free(rows);
	free(accounts);
	return ok;
}

bool
read_invoices(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct account account = {.id = 0};
	struct read_page page;
	enum read_found found;
	bool ok;

	if (!read_page_parse(call, reply, &page))
		return true;
	if (!sql_begin_read(db, err))
		return false;
	found = read_account(db, call, reply, &account, err);
	ok = found == READ_MISSING ||
	     (found != READ_FAILED &&
		 list(db, call, reply, account.id, &page, err));
	sql_rollback(db);
	return ok;
}

/* --- one invoice --- */

/* The invoice of the path's first id. */
static enum read_found
find(struct sql *db, const struct read_call *call, struct read_reply *reply,
    struct archive_row *out, struct err *err)
{
	bool there = archive_load(db, call->route->ids[0], out, err);

	if (!there && err->kind != ERR_INPUT)
		return READ_FAILED;
	if (there && read_sees(call, out->account))
		return READ_FOUND;
	*err = (struct err)ERR_INIT;
	read_missing(reply);
	return READ_MISSING;
}

/* What is drawn, and what other programs get, is made from what is kept. */
static bool
make(struct sql *db, const struct read_call *call, struct read_reply *reply,
    const struct archive_row *row, struct err *err)
{
	struct invoice invoice = {.line_count = 0};
	const struct invoice_pdf pdf = {.invoices = &invoice,
	    .count = 1,
	    .issuer = call->issuer,
	    .payment = call->payment,
	    .now = call->now};
	struct account account;
	bool ok;

	ok = account_load(db, row->account, &account, err) &&
	     archive_read(db, row, &account, &invoice, err);
	if (ok && call->format == READ_PDF)
		ok = invoice_pdf_write(&pdf, &reply->body, err);
	else if (ok) {
		summary_focus_header(&reply->body);
		ok = summary_focus_bill(&invoice, call->issuer, &reply->body) ||
		     err_set(err, ERR_BROKEN, "invoice %s has no total",
			 row->number);
	}
	invoice_fini(&invoice);
	return ok;
}

static bool
write_document(struct sql *db, const struct read_call *call,
    struct read_reply *reply, const struct archive_row *row, struct err *err)
{
	const char *format =
	    call->format == READ_TEXT ? "text" : read_format_word(call->format);

	return call->format == READ_PDF || call->format == READ_FOCUS
		   ? make(db, call, reply, row, err)
		   : archive_document(db, row, format, &reply->body, err);
}

/* The page was made for mails: it has its style inside, and nothing of it is
 * to be run or fetched. */
static void
put_headers(const struct read_call *call, struct read_reply *reply,
    const struct archive_row *row)
{
	char name[80];

	if (call->format == READ_HTML)
		read_header(reply, "Content-Security-Policy",
		    "default-src 'none'; style-src 'unsafe-inline'; "
		    "img-src data:; sandbox");
	read_header(reply, "X-Content-Type-Options", "nosniff");
	snprintf(name, sizeof name, "inline; filename=\"%s.%s\"", row->number,
	    call->format == READ_FOCUS ? "focus.csv"
				       : read_format_word(call->format));
	read_header(reply, "Content-Disposition", name);
}

bool
read_invoice(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct archive_row row;
	enum read_found found;
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	found = find(db, call, reply, &row, err);
	ok =
	    found == READ_MISSING ||
	    (found == READ_FOUND && write_document(db, call, reply, &row, err));
	if (found == READ_FOUND && ok)
		put_headers(call, reply, &row);
	sql_rollback(db);
	return ok;
}

/* --- a line of it --- */

static bool
parse_line(const char *text, int64_t *line)
{
	size_t len = strlen(text);

	if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
		return false;
	*line = strtoll(text, NULL, 10);
	return *line > 0;
}

static bool
parse_hour(const struct read_call *call, int64_t *hour)
{
	const char *text = read_param(call, "hour");

	*hour = 0;
	return text == NULL || (utc_parse(text, strlen(text), hour, NULL) &&
				   *hour >= UTC_HOUR_SECS);
}

/* What is wrong with a request for a line that is there is its hour. */
static bool
write_line(struct sql *db, const struct read_call *call,
    struct read_reply *reply, const struct archive_row *row, struct err *err)
{
	struct explain e = {.line = 0};
	int64_t line, hour;
	bool ok;

	if (!parse_line(call->route->ids[1], &line))
		return read_missing(reply);
	if (!parse_hour(call, &hour))
		return read_bad(
		    reply, "hour is a time such as 2026-10-01T05:00:00Z");
	ok = explain_build(db, row->number, line, hour, call->now, &e, err);
	if (ok && call->scope != NULL)
		explain_keep_account(&e, call->scope->id);
	if (ok && call->format == READ_JSON)
		explain_json(&e, &reply->body);
	else if (ok)
		explain_text(&e, &reply->body);
	else if (err->kind == ERR_INPUT && hour == 0) {
		*err = (struct err)ERR_INIT;
		ok = read_missing(reply);
	}
	explain_fini(&e);
	return ok;
}

bool
read_explain(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct archive_row row;

	switch (find(db, call, reply, &row, err)) {
	case READ_FOUND:
		return write_line(db, call, reply, &row, err);
	case READ_MISSING:
		return true;
	default:
		return false;
	}
}
