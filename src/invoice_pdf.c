/*
 * invoice_pdf.c - the pages of invoice_pdf.h: head, totals, notes, footer. In:
 * a bill. Out: a PDF. Laid out again when a bill has more than one page: only
 * the first time tells how many there are.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invoice_pdf_part.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "summary.h"
#include "summary_page.h"

enum {
	COLUMN_GAP = 24,
	FACT_LABEL = 70,   /* width of "Number" and the like */
	FACTS_WIDTH = 235, /* of them with their values */
	TOTAL_WIDTH = 270,
	TOTAL_LABEL = 70,
	TITLE_WIDTH = 190,
};

const struct canvas_font invoice_pdf_plain = {
    .size = 9, .color = INVOICE_PDF_INK};
const struct canvas_font invoice_pdf_quiet = {
    .size = 8.5, .color = INVOICE_PDF_QUIET};
const struct canvas_font invoice_pdf_bold = {
    .size = 9, .bold = true, .color = INVOICE_PDF_INK};

static const double whole_width = INVOICE_PDF_RIGHT - INVOICE_PDF_LEFT;

static bool
is_closed(const struct invoice *inv)
{
	return inv->number[0] != '\0';
}

/* --- the sheet --- */

double
invoice_pdf_put(struct invoice_pdf_sheet *s, const struct canvas_font *font,
    double x, double width, enum canvas_align align, const char *text)
{
	return canvas_paragraph(s->canvas, font,
	    &(struct canvas_place){x, s->y, width, align, 0}, text);
}

void
invoice_pdf_rule(struct invoice_pdf_sheet *s, double x, uint32_t color)
{
	const struct canvas_pen pen = {color, 0.7, 0};

	canvas_line(s->canvas, x, s->y, INVOICE_PDF_RIGHT, s->y, &pen);
}

/* Pale, and below everything else. */
static void
put_watermark(struct invoice_pdf_sheet *s)
{
	const struct canvas_font huge = {
	    .size = 150, .bold = true, .color = 0xf1f1f1};
	const double middle = canvas_line_height(s->canvas, &huge) * 0.66;

	canvas_text(s->canvas, &huge,
	    &(struct canvas_place){INVOICE_PDF_WIDTH / 2.0 + 40,
		INVOICE_PDF_HEIGHT / 2.0 - middle + 40, 0, CANVAS_CENTER, 54},
	    "DRAFT");
}

static void
put_footer(struct invoice_pdf_sheet *s)
{
	const struct invoice *inv = s->invoice;
	const struct canvas_font small = {
	    .size = 8, .color = INVOICE_PDF_QUIET};
	char text[256];

	s->y = INVOICE_PDF_BOTTOM + 14;
	invoice_pdf_rule(s, INVOICE_PDF_LEFT, INVOICE_PDF_FAINT);
	s->y += 6;
	if (is_closed(inv))
		snprintf(text, sizeof text, "Invoice %s, %s, %s", inv->number,
		    inv->account.name, inv->period.text);
	else
		snprintf(text, sizeof text, "Draft, %s, %s", inv->account.name,
		    inv->period.text);
	canvas_text(s->canvas, &small,
	    &(struct canvas_place){
		INVOICE_PDF_LEFT, s->y, whole_width - 80, CANVAS_LEFT, 0},
	    text);
	snprintf(text, sizeof text, "page %zu of %zu", s->number, s->count);
	canvas_text(s->canvas, &small,
	    &(struct canvas_place){INVOICE_PDF_RIGHT, s->y, 0, CANVAS_RIGHT, 0},
	    text);
}

void
invoice_pdf_next(struct invoice_pdf_sheet *s)
{
	canvas_page(s->canvas, INVOICE_PDF_WIDTH, INVOICE_PDF_HEIGHT);
	s->number++;
	if (!is_closed(s->invoice))
		put_watermark(s);
	put_footer(s);
	s->y = INVOICE_PDF_TOP;
}

bool
invoice_pdf_room(struct invoice_pdf_sheet *s, double height)
{
	if (s->y + height <= INVOICE_PDF_BOTTOM)
		return false;
	invoice_pdf_next(s);
	return true;
}

/* --- head --- */

/* The first line large, the others below it. */
static void
put_issuer(struct invoice_pdf_sheet *s)
{
	const struct canvas_font name = {
	    .size = 13, .bold = true, .color = INVOICE_PDF_INK};
	const char *issuer = s->pdf->issuer;
	const double width = whole_width - TITLE_WIDTH - COLUMN_GAP;
	size_t len = strcspn(issuer, "\n");
	char *first = strndup(issuer, len);

	if (first != NULL)
		s->y += invoice_pdf_put(s, &name, INVOICE_PDF_LEFT, width,
			    CANVAS_LEFT, first) +
			2;
	free(first);
	if (issuer[len] != '\0')
		s->y += invoice_pdf_put(s, &invoice_pdf_quiet, INVOICE_PDF_LEFT,
		    width, CANVAS_LEFT, issuer + len + 1);
}

static void
put_title(struct invoice_pdf_sheet *s)
{
	const struct canvas_font title = {
	    .size = 22, .bold = true, .color = INVOICE_PDF_INK};

	canvas_text(s->canvas, &title,
	    &(struct canvas_place){INVOICE_PDF_RIGHT - TITLE_WIDTH, s->y - 6,
		TITLE_WIDTH, CANVAS_RIGHT, 0},
	    is_closed(s->invoice) ? "Invoice" : "Draft invoice");
}

static double
put_customer(struct invoice_pdf_sheet *s)
{
	const struct account *account = &s->invoice->account;
	const double top = s->y;
	const double width = whole_width - FACTS_WIDTH - COLUMN_GAP;
	const char *name = account->display_name[0] != '\0'
			       ? account->display_name
			       : account->name;
	char text[ACCOUNT_NAME_SIZE + 16];
	double end;

	s->y += invoice_pdf_put(s, &invoice_pdf_quiet, INVOICE_PDF_LEFT, width,
		    CANVAS_LEFT, "Bill to") +
		2;
	s->y += invoice_pdf_put(
	    s, &invoice_pdf_bold, INVOICE_PDF_LEFT, width, CANVAS_LEFT, name);
	snprintf(text, sizeof text, "Account %s", account->name);
	s->y += invoice_pdf_put(
	    s, &invoice_pdf_plain, INVOICE_PDF_LEFT, width, CANVAS_LEFT, text);
	end = s->y;
	s->y = top;
	return end;
}

static void
put_fact(struct invoice_pdf_sheet *s, const char *label, const char *value)
{
	const double x = INVOICE_PDF_RIGHT - FACTS_WIDTH;

	(void)invoice_pdf_put(
	    s, &invoice_pdf_quiet, x, FACT_LABEL, CANVAS_LEFT, label);
	s->y += invoice_pdf_put(s, &invoice_pdf_plain, x + FACT_LABEL,
		    FACTS_WIDTH - FACT_LABEL, CANVAS_LEFT, value) +
		2;
}

static void
put_facts(struct invoice_pdf_sheet *s)
{
	const struct invoice *inv = s->invoice;
	char text[128], from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

	if (is_closed(inv)) {
		put_fact(s, "Number", inv->number);
		put_fact(s, "Issued", utc_format_date(inv->closed_at, from));
		put_fact(s, "Due", utc_format_date(inv->due_at, from));
	} else {
		put_fact(s, "Number", "none: this is a draft");
		put_fact(s, "Made", utc_format(s->pdf->now, from));
	}
	snprintf(text, sizeof text, "%s to %s, UTC",
	    utc_format_date(inv->period.from, from),
	    utc_format_date(inv->period.to - 1, to));
	put_fact(s, "Period", text);
	put_fact(s, "Currency", inv->account.currency);
}

/* --- what is to be paid --- */

static void
put_state(struct buf *b, const struct invoice *inv)
{
	char end[UTC_TEXT_SIZE];

	if (inv->state == INVOICE_OPEN)
		buf_printf(b,
		    "Not to be paid: the period is open until %s, and more "
		    "usage will come.",
		    utc_format_date(inv->period.to, end));
	else if (inv->state == INVOICE_HELD)
		buf_printf(b, "Not to be paid: the period is HELD: %s.",
		    summary_page_reason(inv->reason));
	else
		buf_str(b, "Not to be paid yet: the period has ended, and late "
			   "reports still count.");
}

static void
put_amount(struct buf *b, const struct invoice *inv)
{
	struct exact *total = exact_new();
	char due[UTC_TEXT_SIZE];

	if (inv->total == NULL)
		buf_str(b, "No total: there is usage without a rate");
	else if (!is_closed(inv))
		buf_printf(b, "Total so far: %s %s", inv->account.currency,
		    inv->total);
	else if (exact_parse(total, inv->total) && exact_sign(total) <= 0)
		buf_printf(b, "Nothing to pay: %s %s", inv->account.currency,
		    inv->total);
	else
		buf_printf(b, "To pay: %s %s by %s", inv->account.currency,
		    inv->total, utc_format_date(inv->due_at, due));
	exact_free(total);
}

/* A band with the one figure that everybody looks for. */
static void
put_band(struct invoice_pdf_sheet *s)
{
	const struct canvas_font large = {
	    .size = 13, .bold = true, .color = INVOICE_PDF_INK};
	const struct canvas_font alert = {
	    .size = 9, .bold = true, .color = INVOICE_PDF_ALERT};
	const double x = INVOICE_PDF_LEFT + 12, width = whole_width - 24;
	struct buf amount = BUF_INIT, state = BUF_INIT;
	double height;

	put_amount(&amount, s->invoice);
	if (!is_closed(s->invoice))
		put_state(&state, s->invoice);
	height = 20 + canvas_paragraph_height(
			  s->canvas, &large, width, buf_text(&amount));
	if (state.len > 0)
		height += 3 + canvas_paragraph_height(
				  s->canvas, &alert, width, buf_text(&state));
	canvas_fill(s->canvas,
	    &(struct canvas_box){INVOICE_PDF_LEFT, s->y, whole_width, height},
	    0xf0f2f4, NULL);
	s->y += 10;
	s->y += invoice_pdf_put(
		    s, &large, x, width, CANVAS_LEFT, buf_text(&amount)) +
		3;
	if (state.len > 0)
		s->y += invoice_pdf_put(s, &alert, x, width, CANVAS_LEFT,
			    buf_text(&state)) +
			3;
	s->y += 7;
	buf_fini(&amount);
	buf_fini(&state);
}

static void
put_head(struct invoice_pdf_sheet *s)
{
	double end;

	put_title(s);
	put_issuer(s);
	s->y = fmax(s->y, INVOICE_PDF_TOP + 30) + 14;
	end = put_customer(s);
	put_facts(s);
	s->y = fmax(s->y, end) + 14;
	put_band(s);
	s->y += 16;
}

/* --- totals --- */

static void
put_total(struct invoice_pdf_sheet *s, const char *label, const char *amount,
    bool strong)
{
	const struct canvas_font *font =
	    strong ? &invoice_pdf_bold : &invoice_pdf_plain;
	const double x = INVOICE_PDF_RIGHT - TOTAL_WIDTH;
	char text[256];

	snprintf(
	    text, sizeof text, "%s %s", s->invoice->account.currency, amount);
	(void)invoice_pdf_put(s, font, x, TOTAL_WIDTH, CANVAS_LEFT, label);
	s->y += invoice_pdf_put(s, font, x + TOTAL_LABEL,
		    TOTAL_WIDTH - TOTAL_LABEL, CANVAS_RIGHT, text) +
		3;
}

static void
put_totals(struct invoice_pdf_sheet *s)
{
	const struct invoice *inv = s->invoice;
	struct exact *sum = exact_new(), *one = exact_new();
	char *text;

	for (size_t i = 0; i < inv->correction_count; i++)
		if (exact_parse(one, inv->corrections[i].amount))
			exact_add(sum, one);
	(void)invoice_pdf_room(s, 60);
	s->y += 8;
	if (inv->usage_total != NULL && inv->correction_count > 0) {
		text = exact_fixed(sum, inv->digits);
		put_total(s, "Usage", inv->usage_total, false);
		put_total(s, "Corrections", text, false);
		free(text);
	}
	invoice_pdf_rule(s, INVOICE_PDF_RIGHT - TOTAL_WIDTH, INVOICE_PDF_INK);
	s->y += 4;
	put_total(s, "Total", inv->total, true);
	s->y += 14;
	exact_free(sum);
	exact_free(one);
}

/* --- notes --- */

static void
put_note(
    struct invoice_pdf_sheet *s, const char *title, const char *text, bool mono)
{
	const struct canvas_font fixed = {
	    .size = 8, .mono = true, .color = INVOICE_PDF_INK};
	const struct canvas_font *font = mono ? &fixed : &invoice_pdf_plain;
	double height =
	    canvas_paragraph_height(s->canvas, font, whole_width, text);

	(void)invoice_pdf_room(s, height + 14);
	if (title != NULL)
		s->y += invoice_pdf_put(s, &invoice_pdf_bold, INVOICE_PDF_LEFT,
			    whole_width, CANVAS_LEFT, title) +
			1;
	s->y += invoice_pdf_put(
		    s, font, INVOICE_PDF_LEFT, whole_width, CANVAS_LEFT, text) +
		7;
}

static void
put_payment(struct invoice_pdf_sheet *s)
{
	const struct invoice *inv = s->invoice;
	struct exact *total = exact_new();
	char due[UTC_TEXT_SIZE];
	struct buf b = BUF_INIT;

	if (is_closed(inv) && inv->total != NULL &&
	    exact_parse(total, inv->total) && exact_sign(total) > 0) {
		buf_printf(&b, "Please pay %s %s by %s and quote %s.",
		    inv->account.currency, inv->total,
		    utc_format_date(inv->due_at, due), inv->number);
		if (s->pdf->payment != NULL)
			buf_printf(&b, "\n%s", s->pdf->payment);
		put_note(s, "Payment", buf_text(&b), false);
	}
	buf_fini(&b);
	exact_free(total);
}

static void
put_coverage(struct invoice_pdf_sheet *s)
{
	const struct rating_hours *h = &s->invoice->hours;
	struct buf b = BUF_INIT;

	buf_printf(&b,
	    "Of %" PRId64 " volume-hours %" PRId64 " are measured, %" PRId64
	    " estimated and %" PRId64 " missing and not billed.",
	    h->measured + h->estimated + h->unbilled, h->measured, h->estimated,
	    h->unbilled);
	if (s->invoice->reason == INVOICE_TOO_MANY_ESTIMATES)
		buf_printf(&b, " More than %d %% are estimated.",
		    INVOICE_MAX_ESTIMATED_PERCENT);
	if (is_closed(s->invoice))
		buf_str(&b, " Reports that come late are billed as "
			    "corrections of a later invoice.");
	put_note(s, "What it rests on", buf_text(&b), false);
	buf_fini(&b);
}

static const struct invoice_line *
find_example(const struct invoice *inv)
{
	const struct invoice_line *best = NULL;

	for (size_t i = 0; i < inv->line_count; i++)
		if (inv->lines[i].amount != NULL &&
		    inv->lines[i].rated->rated &&
		    (best == NULL || summary_page_above(&inv->lines[i], best)))
			best = &inv->lines[i];
	return best;
}

static void
put_example(struct buf *b, const struct invoice *inv)
{
	const struct invoice_line *line = find_example(inv);
	char id[UUID_TEXT_SIZE];

	if (line == NULL)
		return;
	buf_str(b, " For example ");
	text_clean(b,
	    line->rated->name != NULL && line->rated->name[0] != '\0'
		? line->rated->name
		: uuid_format(&line->rated->volume_id, id),
	    40);
	buf_str(b, ": ");
	summary_put_fixed(b, line->rated->byte_hours, 0);
	buf_printf(b, " byte-hours / 2^30 / %" PRId64 " = ",
	    inv->months[line->month].hours_in_month);
	summary_put_fixed(b, line->rated->gib_months, 6);
	buf_printf(b, " GiB-months; times %s = ", line->rated->rate.rate);
	summary_put_fixed(b, line->rated->amount, 6);
	buf_printf(b, "; billed: %s %s.", inv->account.currency, line->amount);
}

static void
put_check(struct invoice_pdf_sheet *s)
{
	const struct invoice *inv = s->invoice;
	struct buf b = BUF_INIT;

	buf_str(&b,
	    "A line costs its byte-hours / 2^30 / hours of the month, times "
	    "the rate per GiB-month. Byte-hours are the sum of the hours' "
	    "mean sizes.");
	put_example(&b, inv);
	put_note(s, "How to check it", buf_text(&b), false);
	buf_clear(&b);
	buf_str(&b, "Rounding, ");
	summary_notes_rounding(&b, inv);
	put_note(s, NULL, buf_text(&b), false);
	if (inv->head[0] != '\0')
		put_note(s, "Ledger head", inv->head, true);
	buf_fini(&b);
}

/* --- all --- */

static void
put_title_text(const struct invoice_pdf *pdf, char *out, size_t size)
{
	const struct invoice *inv = pdf->invoices;

	if (pdf->count > 1)
		snprintf(out, size, "Bills of %s", inv->period.text);
	else
		snprintf(out, size, "%s %s, %s",
		    is_closed(inv) ? "Invoice" : "Draft invoice",
		    is_closed(inv) ? inv->number : inv->period.text,
		    inv->account.name);
}

/* One bill; *pages is how many there are, or will be. */
static void
put_bill(struct canvas *canvas, const struct invoice_pdf *pdf, size_t i,
    size_t *pages)
{
	struct invoice_pdf_sheet s = {.pdf = pdf,
	    .invoice = &pdf->invoices[i],
	    .canvas = canvas,
	    .count = *pages};

	invoice_pdf_next(&s);
	put_head(&s);
	invoice_pdf_lines(&s);
	invoice_pdf_corrections(&s);
	put_totals(&s);
	put_payment(&s);
	put_coverage(&s);
	put_check(&s);
	*pages = s.number;
}

/* The document is as old as the newest of its bills. */
static int64_t
find_date(const struct invoice_pdf *pdf)
{
	int64_t at = 0;

	for (size_t i = 0; i < pdf->count; i++) {
		const struct invoice *inv = &pdf->invoices[i];

		if (!is_closed(inv))
			return pdf->now;
		if (inv->closed_at > at)
			at = inv->closed_at;
	}
	return at;
}

static bool
write_pages(const struct invoice_pdf *pdf, size_t *pages, struct buf *out,
    struct err *err)
{
	char title[128];
	const struct canvas_info info = {.format = CANVAS_PDF,
	    .title = title,
	    .author = pdf->issuer,
	    .made_at = find_date(pdf)};
	struct canvas *canvas;
	bool ok;

	put_title_text(pdf, title, sizeof title);
	canvas = canvas_open(&info, err);
	if (canvas == NULL)
		return false;
	for (size_t i = 0; i < pdf->count; i++)
		put_bill(canvas, pdf, i, &pages[i]);
	ok = canvas_finish(canvas, out, err);
	canvas_free(canvas);
	return ok;
}

bool
invoice_pdf_write(
    const struct invoice_pdf *pdf, struct buf *out, struct err *err)
{
	size_t *pages = calloc(pdf->count, sizeof *pages);
	struct buf first = BUF_INIT;
	bool ok, short_ones = true;

	if (pages == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < pdf->count; i++)
		pages[i] = 1;
	ok = write_pages(pdf, pages, &first, err);
	for (size_t i = 0; i < pdf->count; i++)
		short_ones = short_ones && pages[i] == 1;
	if (ok && short_ones)
		buf_add(out, first.data, first.len);
	else if (ok)
		ok = write_pages(pdf, pages, out, err);
	buf_fini(&first);
	free(pages);
	return ok;
}
