/*
 * invoice_pdf_lines.c - the tables of invoice_pdf.h. In: lines and
 * corrections of a bill. Out: rows, whose heading is repeated on each page.
 * Columns of figures are as wide as their widest, the name has the rest.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invoice_pdf_part.h"
#include "lib/text.h"
#include "lib/utc.h"

enum {
	FIGURES = 4,
	FIGURE_GAP = 14,  /* before each figure */
	MIN_NAME = 150,	  /* points of a name's column */
	FORMER_NAMES = 3, /* that are told of a volume */
	FORMER_COLUMNS = 60,
	ROW_GAP = 3, /* above and below a row's text */
};

/* A row in words; name and figures may be wrapped, never cut. */
struct row {
	struct buf name, detail; /* detail: below the name, quiet */
	char *figures[FIGURES];	 /* owned; NULL for none */
};

struct table {
	struct invoice_pdf_sheet *sheet;
	struct canvas_font font, quiet, bold;
	double figures[FIGURES]; /* widths */
	double name;
};

static const char *const headings[FIGURES] = {
    "Hours", "GiB-months", "Rate", "Amount"};

/* --- rows --- */

static void
row_fini(struct row *row)
{
	buf_fini(&row->name);
	buf_fini(&row->detail);
	for (int i = 0; i < FIGURES; i++)
		free(row->figures[i]);
	memset(row, 0, sizeof *row);
}

static char *
hours_text(const struct rating_hours *h)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%" PRId64 "/%" PRId64 "/%" PRId64, h->measured,
	    h->estimated, h->unbilled);
	return buf_take(&b);
}

static void
put_former(struct buf *b, const struct rating_line *line)
{
	size_t count = line->former_count;

	for (size_t i = 0; i < count && i < FORMER_NAMES; i++) {
		buf_str(b, i > 0 ? ", " : "formerly ");
		text_clean(b, line->former_names[i], FORMER_COLUMNS);
	}
	if (count > FORMER_NAMES)
		buf_printf(b, " and %zu more", count - FORMER_NAMES);
}

/* A rate that holds from within the month. */
static void
put_since(
    struct buf *b, const struct invoice *inv, const struct invoice_line *line)
{
	int64_t from = line->rated->rate.from_hour * UTC_HOUR_SECS;
	char text[UTC_TEXT_SIZE];

	if (!line->rated->rated || from <= inv->months[line->month].month_start)
		return;
	buf_printf(b, "%srate from %s", b->len > 0 ? "; " : "",
	    utc_format(from, text));
}

static void
put_name(struct buf *b, const struct rating_line *line)
{
	char id[UUID_TEXT_SIZE];

	text_clean(b,
	    line->name != NULL && line->name[0] != '\0'
		? line->name
		: uuid_format(&line->volume_id, id),
	    0);
}

/* Whether the volume of a line has a line in an age bin; lines of a volume
 * stand together. */
static bool
has_bins(const struct invoice *inv, size_t at)
{
	const struct uuid *id = &inv->lines[at].rated->volume_id;

	while (at > 0 && uuid_equal(&inv->lines[at - 1].rated->volume_id, id))
		at--;
	for (; at < inv->line_count &&
	       uuid_equal(&inv->lines[at].rated->volume_id, id);
	     at++)
		if (inv->lines[at].rated->age_hours != 0)
			return true;
	return false;
}

/* The age bin, when the volume has more than the open-ended one. */
static void
put_mark(struct buf *b, const struct invoice *inv, size_t at)
{
	const struct rating_line *line = inv->lines[at].rated;
	char age[RATE_AGE_SIZE];

	if (line->age_hours != 0)
		buf_printf(b, " (%s)", rate_format_age(line->age_hours, age));
	else if (has_bins(inv, at))
		buf_str(b, " (older)");
}

static void
fill_row(struct table *t, size_t at, struct row *row)
{
	const struct invoice *inv = t->sheet->invoice;
	const struct invoice_line *line = &inv->lines[at];
	const struct rating_line *rated = line->rated;

	memset(row, 0, sizeof *row);
	put_name(&row->name, rated);
	put_mark(&row->name, inv, at);
	put_former(&row->detail, rated);
	put_since(&row->detail, inv, line);
	row->figures[0] = hours_text(&rated->hours);
	row->figures[1] = exact_fixed(rated->gib_months, 2);
	row->figures[2] = strdup(rated->rated ? rated->rate.rate : "none");
	row->figures[3] = strdup(line->amount != NULL ? line->amount : "-");
}

/* What the lines of a month, or all, come to. */
static void
fill_sum(struct table *t, size_t first, size_t count, const char *name,
    const struct rating_hours *hours, struct row *row)
{
	const struct invoice *inv = t->sheet->invoice;
	struct exact *usage = exact_new(), *money = exact_new();
	struct exact *one = exact_new();
	bool whole = true;

	memset(row, 0, sizeof *row);
	for (size_t i = first; i < first + count; i++) {
		exact_add(usage, inv->lines[i].rated->gib_months);
		if (inv->lines[i].amount != NULL &&
		    exact_parse(one, inv->lines[i].amount))
			exact_add(money, one);
		else
			whole = false;
	}
	buf_str(&row->name, name);
	row->figures[0] = hours_text(hours);
	row->figures[1] = exact_fixed(usage, 2);
	row->figures[3] = whole ? exact_fixed(money, inv->digits) : strdup("-");
	exact_free(usage);
	exact_free(money);
	exact_free(one);
}

/* --- drawing --- */

static void
widen(struct table *t, const struct row *row, const struct canvas_font *font)
{
	for (int i = 0; i < FIGURES; i++)
		if (row->figures[i] != NULL)
			t->figures[i] = fmax(
			    t->figures[i], canvas_text_width(t->sheet->canvas,
					       font, row->figures[i]));
}

/* The widest figure of each column, over all lines and sums. */
static void
measure(struct table *t)
{
	const struct invoice *inv = t->sheet->invoice;
	struct row row;

	for (int i = 0; i < FIGURES; i++)
		t->figures[i] =
		    canvas_text_width(t->sheet->canvas, &t->quiet, headings[i]);
	for (size_t i = 0; i < inv->line_count; i++) {
		fill_row(t, i, &row);
		widen(t, &row, &t->font);
		row_fini(&row);
	}
	fill_sum(t, 0, inv->line_count, "", &inv->hours, &row);
	widen(t, &row, &t->bold);
	row_fini(&row);
}

/* Figures that leave no room for names are written smaller. */
static void
choose_size(struct table *t)
{
	const double whole = INVOICE_PDF_RIGHT - INVOICE_PDF_LEFT;
	double room = whole - MIN_NAME - FIGURES * (FIGURE_GAP + 1);
	double sum = 0, part;

	t->font = invoice_pdf_plain;
	t->bold = invoice_pdf_bold;
	t->quiet = invoice_pdf_quiet;
	measure(t);
	for (int i = 0; i < FIGURES; i++)
		sum += t->figures[i];
	part = sum > room ? room / sum : 1;
	t->font.size *= part;
	t->bold.size *= part;
	t->quiet.size *= part;
	t->name = whole;
	for (int i = 0; i < FIGURES; i++) {
		t->figures[i] = ceil(t->figures[i] * part);
		t->name -= t->figures[i] + FIGURE_GAP;
	}
}

static void
put_figures(
    struct table *t, const struct row *row, const struct canvas_font *font)
{
	double x = INVOICE_PDF_LEFT + t->name;

	for (int i = 0; i < FIGURES; i++) {
		double width = t->figures[i];

		x += FIGURE_GAP;
		if (row->figures[i] != NULL)
			canvas_text(t->sheet->canvas, font,
			    &(struct canvas_place){
				x + width, t->sheet->y, 0, CANVAS_RIGHT, 0},
			    row->figures[i]);
		x += width;
	}
}

static void
put_heading(struct table *t)
{
	struct row row = {.figures = {NULL}};

	for (int i = 0; i < FIGURES; i++)
		row.figures[i] = strdup(headings[i]);
	put_figures(t, &row, &t->quiet);
	t->sheet->y += invoice_pdf_put(t->sheet, &t->quiet, INVOICE_PDF_LEFT,
			   t->name, CANVAS_LEFT, "Volume") +
		       3;
	invoice_pdf_rule(t->sheet, INVOICE_PDF_LEFT, INVOICE_PDF_RULE);
	row_fini(&row);
}

static void
put_row(struct table *t, const struct row *row, const struct canvas_font *font)
{
	struct invoice_pdf_sheet *s = t->sheet;
	double height = canvas_paragraph_height(
	    s->canvas, font, t->name, buf_text(&row->name));

	if (row->detail.len > 0)
		height += canvas_paragraph_height(
		    s->canvas, &t->quiet, t->name, buf_text(&row->detail));
	if (invoice_pdf_room(s, height + 2 * ROW_GAP))
		put_heading(t);
	s->y += ROW_GAP;
	put_figures(t, row, font);
	s->y += invoice_pdf_put(s, font, INVOICE_PDF_LEFT, t->name, CANVAS_LEFT,
	    buf_text(&row->name));
	if (row->detail.len > 0)
		s->y += invoice_pdf_put(s, &t->quiet, INVOICE_PDF_LEFT, t->name,
		    CANVAS_LEFT, buf_text(&row->detail));
	s->y += ROW_GAP;
	invoice_pdf_rule(s, INVOICE_PDF_LEFT, INVOICE_PDF_FAINT);
}

/* --- the lines --- */

/* The lines of a month stand together, from *first on. */
static void
put_month(struct table *t, size_t m, size_t *first)
{
	const struct invoice *inv = t->sheet->invoice;
	struct invoice_period month;
	char name[INVOICE_PERIOD_SIZE + 16];
	struct row row = {.figures = {NULL}};
	size_t begin = *first;

	invoice_month_of(inv->months[m].month_start, &month);
	if (inv->period.month_count > 1) {
		if (invoice_pdf_room(t->sheet, 60))
			put_heading(t);
		buf_printf(&row.name, "%s, %" PRId64 " hours", month.text,
		    inv->months[m].hours_in_month);
		put_row(t, &row, &t->bold);
		row_fini(&row);
	}
	for (; *first < inv->line_count && inv->lines[*first].month == m;
	     (*first)++) {
		fill_row(t, *first, &row);
		put_row(t, &row, &t->font);
		row_fini(&row);
	}
	if (*first - begin > 1 || inv->period.month_count > 1) {
		snprintf(name, sizeof name, "Total of %s", month.text);
		fill_sum(t, begin, *first - begin, name, &inv->months[m].hours,
		    &row);
		put_row(t, &row, &t->bold);
		row_fini(&row);
	}
}

void
invoice_pdf_lines(struct invoice_pdf_sheet *s)
{
	struct table t = {.sheet = s};
	size_t first = 0;
	char note[128];

	choose_size(&t);
	put_heading(&t);
	for (size_t m = 0; m < s->invoice->period.month_count; m++)
		put_month(&t, m, &first);
	if (s->invoice->line_count == 0) {
		s->y += 6;
		s->y += invoice_pdf_put(s, &invoice_pdf_plain, INVOICE_PDF_LEFT,
		    t.name, CANVAS_LEFT, "No usage in this period.");
	}
	snprintf(note, sizeof note,
	    "Rates in %s per GiB-month; hours measured/estimated/missing.",
	    s->invoice->account.currency);
	(void)invoice_pdf_room(s, 24);
	s->y += 5;
	s->y += invoice_pdf_put(s, &invoice_pdf_quiet, INVOICE_PDF_LEFT,
	    INVOICE_PDF_RIGHT - INVOICE_PDF_LEFT, CANVAS_LEFT, note);
}

/* --- corrections --- */

static void
put_correction_heading(struct invoice_pdf_sheet *s)
{
	(void)invoice_pdf_put(s, &invoice_pdf_quiet, INVOICE_PDF_RIGHT - 200,
	    200, CANVAS_RIGHT, "Amount");
	s->y += invoice_pdf_put(s, &invoice_pdf_quiet, INVOICE_PDF_LEFT, 200,
		    CANVAS_LEFT, "Period, volume, and the hours") +
		3;
	invoice_pdf_rule(s, INVOICE_PDF_LEFT, INVOICE_PDF_RULE);
}

static void
put_correction(struct invoice_pdf_sheet *s, const struct invoice_correction *c)
{
	char id[UUID_TEXT_SIZE], from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	const double width =
	    INVOICE_PDF_RIGHT - INVOICE_PDF_LEFT -
	    canvas_text_width(s->canvas, &invoice_pdf_plain, c->amount) -
	    FIGURE_GAP;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s, ", c->corrects);
	text_clean(&text,
	    c->name != NULL && c->name[0] != '\0'
		? c->name
		: uuid_format(&c->volume_id, id),
	    0);
	buf_printf(&text, ", %s to %s", utc_format(c->from, from),
	    utc_format(c->to, to));
	if (invoice_pdf_room(s,
		2 * ROW_GAP + canvas_paragraph_height(s->canvas,
				  &invoice_pdf_plain, width, buf_text(&text))))
		put_correction_heading(s);
	s->y += ROW_GAP;
	canvas_text(s->canvas, &invoice_pdf_plain,
	    &(struct canvas_place){INVOICE_PDF_RIGHT, s->y, 0, CANVAS_RIGHT, 0},
	    c->amount);
	s->y += invoice_pdf_put(s, &invoice_pdf_plain, INVOICE_PDF_LEFT, width,
		    CANVAS_LEFT, buf_text(&text)) +
		ROW_GAP;
	invoice_pdf_rule(s, INVOICE_PDF_LEFT, INVOICE_PDF_FAINT);
	buf_fini(&text);
}

void
invoice_pdf_corrections(struct invoice_pdf_sheet *s)
{
	if (s->invoice->correction_count == 0)
		return;
	(void)invoice_pdf_room(s, 80);
	s->y += 14;
	s->y += invoice_pdf_put(s, &invoice_pdf_bold, INVOICE_PDF_LEFT,
		    INVOICE_PDF_RIGHT - INVOICE_PDF_LEFT, CANVAS_LEFT,
		    "Corrections of closed periods") +
		4;
	put_correction_heading(s);
	for (size_t i = 0; i < s->invoice->correction_count; i++)
		put_correction(s, &s->invoice->corrections[i]);
}
