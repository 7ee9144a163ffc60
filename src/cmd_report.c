/*
 * cmd_report.c - `report`: a period's bill of one account, or of all, from a
 * read-only connection. The server writes its mails with this verb, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "archive.h"
#include "attachment.h"
#include "bill.h"
#include "cmd.h"
#include "cmd_focus.h"
#include "cmd_paper.h"
#include "cmd_report_draw.h"
#include "cmd_report_trouble.h"
#include "creds.h"
#include "invoice.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "mail.h"
#include "settings.h"
#include "store.h"
#include "summary.h"
#include "todate.h"

static const struct opt_flag report_flags[] = {
    {.name = "period",
	.type = OPT_STRING,
	.required = true,
	.help = "A month such as 2026-10, or a quarter such as 2026-Q4; a day "
		"such as 2026-10-04 or a week such as 2026-W40: the month as "
		"far as its end"},
    {.name = "account",
	.type = OPT_STRING,
	.repeats = true,
	.shown = "(all)",
	.help = "Whose bill; may be repeated"},
    {.name = "format",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|html|csv|json|eml|png|pdf|focus",
	.help = "How it is written; json of all accounts is an array"},
    {.name = "chart",
	.type = OPT_STRING,
	.choices = "usage|cost",
	.help = "Only this picture, or with html, csv and text its figures"},
    {.name = "to",
	.type = OPT_STRING,
	.shown = "(smtpTo of the credentials)",
	.help = "Format eml: comma-separated recipients"},
    {.name = "attach",
	.type = OPT_STRING,
	.preset = "csv",
	.help = "Format eml: comma-separated attachments, such as csv,pdf"},
    CMD_PAPER_FLAG_ISSUER("(smtpFrom of the credentials)"),
    CMD_PAPER_FLAG_PAYMENT,
    CMD_REPORT_TROUBLE_FLAGS,
    {.name = "mailKey",
	.type = OPT_STRING,
	.hidden = true,
	.shown = "(report/ACCOUNT/PERIOD)",
	.help = "Format eml: what the Message-ID is made from"},
    SETTINGS_FLAG_CREDS_FILE,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* The bills that were asked for, and those of the period before. */
struct bills {
	struct invoice *now, *before; /* owned */
	size_t count;
	/* Of the only one, when it is closed: the documents as they were
	 * kept. */
	bool closed;
	struct buf text, html, csv, json;
	bool has_pdf;
	struct buf pdf;
	struct cmd_report_trouble trouble;
	int64_t until;		 /* hours from then on are left out; 0 */
	bool to_date;		 /* of a day or a week, */
	char day[UTC_TEXT_SIZE]; /* and how far they reach */
};

static void
fini_bills(struct bills *b)
{
	for (size_t i = 0; i < b->count; i++) {
		invoice_fini(&b->now[i]);
		invoice_fini(&b->before[i]);
	}
	free(b->now);
	free(b->before);
	buf_fini(&b->text);
	buf_fini(&b->html);
	buf_fini(&b->csv);
	buf_fini(&b->json);
	buf_fini(&b->pdf);
	cmd_report_trouble_fini(&b->trouble);
}

static bool
list_accounts(
    struct sql *db, struct account **list, size_t *count, struct err *err)
{
	if (!account_list(db, list, count, err))
		return false;
	return *count > 0 || err_set(err, ERR_INPUT,
				 "there are no accounts; make one with "
				 "`stat.flexfs create account`");
}

static bool
find_accounts(const struct opt_values *values, struct sql *db,
    struct account **list, size_t *count, struct err *err)
{
	*count = opt_count(values, "account");
	if (*count == 0)
		return list_accounts(db, list, count, err);
	*list = calloc(*count, sizeof **list);
	if (*list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *count; i++)
		if (!account_find(
			db, opt_nth(values, "account", i), *list + i, err))
			return false;
	return true;
}

/* The period, and from when on its hours are left out. */
static bool
find_period(const char *text, int64_t now, struct invoice_period *period,
    struct bills *out, struct err *err)
{
	struct todate todate;

	out->to_date = todate_parse(text, &todate);
	if (out->to_date)
		return todate_month(
		    &todate, now, period, &out->until, out->day, err);
	return invoice_parse_period(text, period, err);
}

static bool
build_bills(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t until, int64_t now,
    struct invoice *out, struct err *err)
{
	return until != 0
		   ? bill_build_until(
			 db, accounts, count, period, until, out, err)
		   : bill_build(db, accounts, count, period, now, out, err);
}

static bool
build(const struct opt_values *values, struct sql *db, int64_t now,
    struct bills *out, struct err *err)
{
	struct invoice_period period, before;
	struct account *accounts = NULL;
	size_t count = 0;
	bool ok;

	if (!find_period(opt_get(values, "period"), now, &period, out, err))
		return false;
	invoice_period_before(&period, &before);
	ok = find_accounts(values, db, &accounts, &count, err);
	if (ok) {
		out->now = calloc(count + 1, sizeof *out->now);
		out->before = calloc(count + 1, sizeof *out->before);
		out->count = count;
		if (out->now == NULL || out->before == NULL) {
			out->count = 0;
			ok = err_nomem(err);
		}
	}
	ok = ok &&
	     build_bills(db, accounts, count, &period, out->until, now,
		 out->now, err) &&
	     bill_build(db, accounts, count, &before, now, out->before, err);
	/* A month that is closed is shown as it was closed. */
	for (size_t i = 0; ok && out->now != NULL && i < count; i++)
		if (out->now[i].state == INVOICE_CLOSED)
			out->to_date = false;
	free(accounts);
	return ok;
}

/* A closed invoice is never written again. */
static bool
load_documents(struct sql *db, struct bills *b, struct err *err)
{
	struct archive_row row;

	if (b->count != 1 || b->now[0].state != INVOICE_CLOSED)
		return true;
	b->closed = true;
	return archive_load(db, b->now[0].number, &row, err) &&
	       archive_document(db, &row, "text", &b->text, err) &&
	       archive_document(db, &row, "html", &b->html, err) &&
	       archive_document(db, &row, "csv", &b->csv, err) &&
	       archive_document(db, &row, "json", &b->json, err) &&
	       archive_find_document(
		   db, &row, "pdf", &b->pdf, &b->has_pdf, err);
}

static void
write_json(const struct summary *summary, bool all, struct buf *out)
{
	if (all) {
		summary_json_all(summary, out);
		return;
	}
	summary_json(&summary->invoices[0], out);
	buf_char(out, '\n');
}

/* "report/acme/2026-10", "report/all/2026-W40" */
static void
put_key(const struct opt_values *values, struct buf *out)
{
	size_t n = opt_count(values, "account");

	buf_str(out, "report/");
	if (n == 0)
		buf_str(out, "all");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "",
		    opt_nth(values, "account", i));
	buf_printf(out, "/%s", opt_get(values, "period"));
}

static bool
write_mail(const struct opt_values *values, const struct bills *bills,
    const struct cmd_report_draw *what, const struct summary *summary,
    struct buf *out, struct err *err)
{
	struct mail_envelope envelope = {
	    .key = opt_get(values, "mailKey"), .to = opt_get(values, "to")};
	struct creds creds = CREDS_INIT;
	struct mail_pictures pictures = {NULL, 0};
	struct buf to = BUF_INIT, key = BUF_INIT, pdf = BUF_INIT;
	struct buf focus = BUF_INIT;
	char *path = cmd_path(values, "credsFile", err);
	bool there, ok;

	ok = path != NULL && creds_load(path, &creds, &there, err) &&
	     creds_complete(&creds, err) &&
	     attachment_parse(opt_get(values, "attach"), &envelope.attach, err);
	for (size_t i = 0; ok && i < creds.smtp_to_count; i++)
		buf_printf(&to, "%s%s", i > 0 ? ", " : "", creds.smtp_to[i]);
	put_key(values, &key);
	if (envelope.key == NULL)
		envelope.key = buf_text(&key);
	if (envelope.to == NULL)
		envelope.to = buf_text(&to);
	envelope.from = creds.smtp_from;
	if (bills->closed) {
		envelope.text = &bills->text;
		envelope.html = &bills->html;
		envelope.csv = &bills->csv;
		envelope.json = &bills->json;
	}
	if (ok && (to.failed || key.failed))
		ok = err_nomem(err);
	envelope.pictures = &pictures;
	envelope.pdf = &pdf;
	envelope.focus = &focus;
	ok = ok &&
	     cmd_report_draw_mail(
		 values, what, envelope.attach, &creds, &pictures, &pdf, err) &&
	     ((envelope.attach & attachment_bit(ATTACHMENT_FOCUS)) == 0 ||
		 cmd_focus_mail(
		     values, &creds, bills->now, bills->count, &focus, err)) &&
	     mail_compose(&envelope, summary, out, err);
	mail_picture_fini(&pictures);
	creds_wipe(&creds);
	buf_fini(&pdf);
	buf_fini(&focus);
	buf_fini(&to);
	buf_fini(&key);
	free(path);
	return ok;
}

static void
copy_document(const struct bills *b, const char *format, struct buf *out)
{
	const struct buf *from = strcmp(format, "json") == 0   ? &b->json
				 : strcmp(format, "html") == 0 ? &b->html
				 : strcmp(format, "csv") == 0  ? &b->csv
							       : &b->text;

	buf_add(out, from->data, from->len);
}

static bool
write_bills(const struct opt_values *values, struct sql *db,
    const struct bills *bills, int64_t now, struct buf *out, struct err *err)
{
	const char *format = opt_get(values, "format");
	const struct cmd_report_draw what = {db, bills->now, bills->count,
	    bills->to_date && bills->until != 0 ? bills->until : now,
	    bills->has_pdf ? &bills->pdf : NULL};
	const struct summary summary = {.invoices = bills->now,
	    .before = bills->before,
	    .count = bills->count,
	    .now = now,
	    .until = bills->to_date ? bills->day : NULL,
	    .silence = &bills->trouble.silence,
	    .trouble = &bills->trouble.trouble};

	if (cmd_report_draw_wanted(values))
		return cmd_report_draw(values, &what, out, err);
	if (strcmp(format, "eml") == 0)
		return write_mail(values, bills, &what, &summary, out, err);
	if (strcmp(format, "focus") == 0)
		return cmd_focus(values, bills->now, bills->count, out, err);
	if (bills->closed)
		copy_document(bills, format, out);
	else if (strcmp(format, "json") == 0)
		write_json(&summary, opt_count(values, "account") != 1, out);
	else if (strcmp(format, "html") == 0)
		summary_html(&summary, out);
	else if (strcmp(format, "csv") == 0)
		summary_csv(&summary, out);
	else
		summary_text(&summary, out);
	return !out->failed || err_nomem(err);
}

static bool
report(const struct opt_values *values, struct sql *db, struct buf *out,
    struct err *err)
{
	struct bills bills = {.count = 0};
	struct clock clock;
	int64_t now;
	bool ok;

	if (!settings_clock(values, &clock, err))
		return false;
	now = clock_secs(&clock);
	ok = build(values, db, now, &bills, err) &&
	     (opt_count(values, "account") == 0 ||
		 load_documents(db, &bills, err)) &&
	     cmd_report_trouble_load(values, db, bills.now, bills.count, now,
		 &bills.trouble, err) &&
	     write_bills(values, db, &bills, now, out, err);
	fini_bills(&bills);
	return ok;
}

static int
run_report(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	struct sql *db = folder != NULL ? store_open_read(folder, &err) : NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (db == NULL || !report(values, db, &out, &err))
		code = cmd_failed(values, &err);
	else
		fwrite(buf_text(&out), 1, out.len, stdout);
	sql_close(db);
	buf_fini(&out);
	free(folder);
	return code;
}

const struct opt_command cmd_report = {
    .path = "report",
    .summary = "Print a period's bill",
    .flags = report_flags,
    .run = run_report,
};
