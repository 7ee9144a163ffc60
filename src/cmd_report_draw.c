/*
 * cmd_report_draw.c - pictures and paper for `report`. In: bills, the ledger.
 * Out: PNG, PDF, and the figures behind a picture. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "chart.h"
#include "chart_data.h"
#include "cmd.h"
#include "cmd_focus.h"
#include "cmd_report_draw.h"
#include "creds.h"
#include "invoice_pdf.h"
#include "lib/text.h"

enum {
	TEXT_COLUMNS = 72,
};

bool
cmd_report_draw_wanted(const struct opt_values *values)
{
	const char *format = opt_get(values, "format");

	return strcmp(format, "png") == 0 || strcmp(format, "pdf") == 0 ||
	       opt_get(values, "chart") != NULL;
}

/* --- one picture, or all --- */

/* An SVG element, and below it the table of its figures. */
static bool
put_figure(const struct chart *chart, struct buf *out, struct err *err)
{
	struct chart_table table;
	bool ok;

	buf_str(out, "<figure>\n");
	ok = chart_draw(chart, 1, CANVAS_SVG, out, NULL, err) &&
	     chart_tabulate(chart, &table, err);
	if (!ok)
		return false;
	chart_table_html(&table, out);
	chart_table_fini(&table);
	buf_str(out, "</figure>\n");
	return true;
}

static bool
put_table(
    const struct chart *chart, bool heading, struct buf *out, struct err *err)
{
	struct chart_table table;
	bool ok = chart_tabulate(chart, &table, err);

	if (ok)
		chart_table_csv(&table, heading, out);
	chart_table_fini(&table);
	return ok;
}

static void
put_words(const struct chart *chart, struct buf *out)
{
	static const struct text_layout layout = {TEXT_COLUMNS, "", ""};
	struct buf words = BUF_INIT;

	chart_alt(chart, &words);
	text_wrap(out, buf_text(&words), &layout);
	out->failed = out->failed || words.failed;
	buf_fini(&words);
}

static bool
put_charts(const struct chart *charts, size_t count, const char *format,
    struct buf *out, struct err *err)
{
	if (strcmp(format, "png") == 0)
		return chart_draw(charts, count, CANVAS_PNG, out, NULL, err);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(format, "text") == 0)
			put_words(&charts[i], out);
		else if (strcmp(format, "csv") == 0
			     ? !put_table(&charts[i], i == 0, out, err)
			     : !put_figure(&charts[i], out, err))
			return false;
	}
	return !out->failed || err_nomem(err);
}

static bool
draw_charts(const struct opt_values *values, const struct cmd_report_draw *what,
    struct buf *out, struct err *err)
{
	const char *chart = opt_get(values, "chart");
	const char *format = opt_get(values, "format");
	struct chart_data data;
	size_t first = 0, count;
	bool ok;

	if (strcmp(format, "eml") == 0 || strcmp(format, "json") == 0 ||
	    strcmp(format, "pdf") == 0 || strcmp(format, "focus") == 0)
		return err_set(err, ERR_INPUT,
		    "--chart goes with --format png, html, csv or text");
	ok = chart_data_load(
	    what->db, what->bills, what->count, what->now, &data, err);
	count = data.chart_count;
	if (chart != NULL && strcmp(chart, "usage") == 0)
		count = 1;
	else if (chart != NULL)
		first = 1;
	ok = ok &&
	     put_charts(data.charts + first, count - first, format, out, err);
	chart_data_fini(&data);
	return ok;
}

/* --- paper --- */

/* Of an invoice that was closed without it. */
static void
say_drawn_anew(const struct cmd_report_draw *what)
{
	if (what->count == 1 && what->bills[0].number[0] != '\0')
		fprintf(stderr,
		    "stat.flexfs: invoice %s was closed without a PDF; this "
		    "one is drawn anew from its figures\n",
		    what->bills[0].number);
}

static bool
put_pdf(const struct opt_values *values, const struct cmd_report_draw *what,
    const struct creds *creds, struct buf *out, struct err *err)
{
	char *issuer = cmd_focus_issuer_of(values, creds);
	const struct invoice_pdf pdf = {.invoices = what->bills,
	    .count = what->count,
	    .issuer = issuer,
	    .payment = opt_get(values, "payment"),
	    .now = what->now};
	bool ok;

	if (what->pdf != NULL) {
		buf_add(out, what->pdf->data, what->pdf->len);
		free(issuer);
		return !out->failed || err_nomem(err);
	}
	say_drawn_anew(what);
	ok =
	    issuer != NULL ? invoice_pdf_write(&pdf, out, err) : err_nomem(err);
	free(issuer);
	return ok;
}

static bool
draw_pdf(const struct opt_values *values, const struct cmd_report_draw *what,
    struct buf *out, struct err *err)
{
	struct creds creds = CREDS_INIT;
	char *path = cmd_path(values, "credsFile", err);
	bool there, ok;

	ok = path != NULL && creds_load(path, &creds, &there, err) &&
	     creds_complete(&creds, err) &&
	     put_pdf(values, what, &creds, out, err);
	creds_wipe(&creds);
	free(path);
	return ok;
}

/* --- all --- */

bool
cmd_report_draw(const struct opt_values *values,
    const struct cmd_report_draw *what, struct buf *out, struct err *err)
{
	if (opt_get(values, "chart") == NULL &&
	    strcmp(opt_get(values, "format"), "pdf") == 0)
		return draw_pdf(values, what, out, err);
	return draw_charts(values, what, out, err);
}

static void
say_why(const char *what, const struct err *why)
{
	fprintf(
	    stderr, "stat.flexfs: the mail has no %s: %s\n", what, why->text);
}

bool
cmd_report_draw_mail(const struct opt_values *values,
    const struct cmd_report_draw *what, unsigned attach,
    const struct creds *creds, struct mail_pictures *pictures, struct buf *pdf,
    struct err *err)
{
	struct chart_data data;
	struct err why = ERR_INIT;
	bool ok = chart_data_load(
	    what->db, what->bills, what->count, what->now, &data, err);

	if (ok &&
	    !mail_picture_draw(data.charts, data.chart_count, pictures, &why)) {
		say_why("pictures", &why);
		mail_picture_fini(pictures);
	}
	chart_data_fini(&data);
	if (ok && (attach & attachment_bit(ATTACHMENT_PDF)) != 0 &&
	    !put_pdf(values, what, creds, pdf, &why)) {
		say_why("PDF", &why);
		buf_clear(pdf);
	}
	return ok;
}
