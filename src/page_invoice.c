/*
 * page_invoice.c - one invoice: what is to be paid, line by line. In: a closed
 * document. Out: HTML. Owns nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "lib/text.h"
#include "page_part.h"
#include "pages.h"

struct view {
	struct page *page;
	struct archive_row row;
	struct invoice invoice; /* owned */
	struct page_slice slice;
	bool marks; /* volumes have age bins */
};

/* --- the head --- */

static void
put_downloads(const struct view *v)
{
	static const struct {
		const char *format, *title;
	} formats[] = {{"pdf", "PDF"}, {"csv", "CSV"}, {"json", "JSON"},
	    {"html", "HTML"}, {"txt", "Text"}};
	struct buf *out = v->page->out;

	page_pair_begin(out, "The document");
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		buf_printf(out,
		    "%s<a href=\"/v1/invoices/%s?format=%s\">%s</a>",
		    i > 0 ? ", " : "", v->row.number, formats[i].format,
		    formats[i].title);
	page_pair_end(out);
}

static void
put_dates(struct buf *out, const struct invoice *inv)
{
	page_pair_begin(out, "Closed");
	page_date(out, inv->closed_at);
	page_pair_end(out);
	page_pair_begin(out, "Due");
	page_date(out, inv->due_at);
	page_pair_end(out);
	page_pair_begin(out, "Volume-hours measured");
	page_hours(out, inv->hours.measured, inv->hours.estimated,
	    inv->hours.unbilled);
	page_pair_end(out);
}

static void
put_head(const struct view *v)
{
	const struct invoice *inv = &v->invoice;
	struct buf *out = v->page->out;
	struct buf text = BUF_INIT;

	page_tiles_begin(out);
	summary_put_money(&text, inv, 1);
	page_tile(out, "To pay", buf_text(&text), "");
	buf_clear(&text);
	summary_put_usage(&text, inv->gib_months);
	page_tile(out, "Usage", buf_text(&text), "");
	page_tile(out, "Period", inv->period.text, "");
	page_tiles_end(out);
	page_section(out, "The invoice");
	page_pairs_begin(out);
	page_pair_begin(out, "Account");
	page_link(out, "/accounts/", inv->account.name, inv->account.name);
	page_pair_end(out);
	put_dates(out, inv);
	put_downloads(v);
	buf_clear(&text);
	summary_notes_rounding(&text, inv);
	page_pair(out, "Rounding", buf_text(&text));
	page_pair_begin(out, "Ledger head");
	buf_printf(out, "<code class=\"hash\">%s</code>", inv->head);
	page_pair_end(out);
	page_pairs_end(out);
	page_section_end(out);
	out->failed = out->failed || text.failed;
	buf_fini(&text);
}

/* --- lines --- */

/* Lines first, corrections behind them, as they are counted. */
static void
put_number(const struct view *v, size_t i)
{
	struct buf *out = v->page->out;

	page_cell_begin(out, true);
	buf_printf(out, "<a href=\"/invoices/%s/lines/%zu\">%zu</a>",
	    v->row.number, i + 1, i + 1);
	page_cell_end(out);
}

static void
put_age(struct buf *out, uint32_t age_hours)
{
	char age[RATE_AGE_SIZE];

	page_cell(out,
	    age_hours != 0 ? rate_format_age(age_hours, age) : "all other");
}

static void
put_line(const struct view *v, size_t i)
{
	const struct invoice_line *line = &v->invoice.lines[i];
	const struct rating_line *rated = line->rated;
	struct invoice_period month;
	struct buf *out = v->page->out;
	char *text = exact_fixed(rated->gib_months, 4);

	page_row_begin(out);
	put_number(v, i);
	page_head_begin(out);
	page_volume_link(out, &rated->volume_id, rated->name);
	page_head_end(out);
	if (v->invoice.period.month_count > 1) {
		invoice_month_of(
		    v->invoice.months[line->month].month_start, &month);
		page_cell(out, month.text);
	}
	if (v->marks)
		put_age(out, rated->age_hours);
	page_figure(out, text);
	page_figure(out, rated->rated ? rated->rate.rate : "none");
	page_figure(out, line->amount != NULL ? line->amount : "-");
	page_cell_begin(out, false);
	page_hours(out, rated->hours.measured, rated->hours.estimated,
	    rated->hours.unbilled);
	page_cell_end(out);
	page_row_end(out);
	free(text);
}

static void
put_lines(const struct view *v)
{
	struct page_column columns[8] = {{"Line", true}, {"Volume", false}};
	struct buf amount = BUF_INIT;
	size_t n = 2;
	struct buf *out = v->page->out;

	buf_printf(&amount, "%s", v->invoice.account.currency);
	if (v->invoice.period.month_count > 1)
		columns[n++] = (struct page_column){"Month", false};
	if (v->marks)
		columns[n++] = (struct page_column){"Age", false};
	columns[n++] = (struct page_column){"GiB-months", true};
	columns[n++] = (struct page_column){"Rate", true};
	columns[n++] = (struct page_column){buf_text(&amount), true};
	columns[n++] = (struct page_column){"Hours measured", false};
	page_table_begin(out,
	    "What was used; the number of a line leads to how it comes about",
	    columns, n);
	for (size_t i = v->slice.first;
	     i < v->slice.end && i < v->invoice.line_count; i++)
		put_line(v, i);
	page_table_end(out);
	out->failed = out->failed || amount.failed;
	buf_fini(&amount);
}

static void
put_correction(const struct view *v, size_t i)
{
	const struct invoice_correction *c =
	    &v->invoice.corrections[i - v->invoice.line_count];
	struct buf *out = v->page->out;

	page_row_begin(out);
	put_number(v, i);
	page_head_begin(out);
	page_volume_link(out, &c->volume_id, c->name);
	page_head_end(out);
	page_cell(out, c->corrects);
	page_figure(out, c->amount);
	page_cell_begin(out, false);
	page_time(out, c->from);
	buf_str(out, " to ");
	page_time(out, c->to);
	page_cell_end(out);
	page_row_end(out);
}

static void
put_corrections(const struct view *v)
{
	struct page_column columns[] = {{"Line", true}, {"Volume", false},
	    {"Corrects", false}, {NULL, true}, {"Usage from and to", false}};
	size_t first = v->invoice.line_count;

	if (v->slice.end <= first)
		return;
	if (v->slice.first > first)
		first = v->slice.first;
	columns[3].title = v->invoice.account.currency;
	page_table_begin(v->page->out, "Corrections of closed periods", columns,
	    sizeof columns / sizeof *columns);
	for (size_t i = first; i < v->slice.end; i++)
		put_correction(v, i);
	page_table_end(v->page->out);
}

/* --- the page --- */

static bool
put_page(struct view *v, struct err *err)
{
	struct page *page = v->page;
	struct buf text = BUF_INIT;

	buf_printf(&text, "Invoice %s", v->row.number);
	page_begin(page, PAGE_NO_TAB, buf_text(&text));
	if (v->slice.number == 1)
		put_head(v);
	page_section(page->out, "Lines");
	if (v->slice.total == 0)
		page_empty(page->out, "It has no lines.", NULL);
	if (v->slice.first < v->invoice.line_count)
		put_lines(v);
	put_corrections(v);
	buf_clear(&text);
	buf_printf(&text, "/invoices/%s?", v->row.number);
	page_slice_links(page->out, &v->slice, buf_text(&text));
	page_section_end(page->out);
	page->out->failed = page->out->failed || text.failed;
	buf_fini(&text);
	return page_end(page, err);
}

bool
page_find_invoice(struct page *page, const char *number,
    struct archive_row *row, struct account *account, struct err *err)
{
	struct err why = ERR_INIT;

	if (!archive_load(page->db, number, row, &why)) {
		page->missing = why.kind == ERR_INPUT;
		return page->missing || err_set(err, why.kind, "%s", why.text);
	}
	page->missing = page->scope != NULL && page->scope->id != row->account;
	return page->missing ||
	       account_load(page->db, row->account, account, err);
}

bool
page_invoice(
    struct page *page, const char *invoice, const char *number, struct err *err)
{
	struct view v = {.page = page};
	struct account account;
	bool ok = page_find_invoice(page, invoice, &v.row, &account, err);

	if (!ok || page->missing)
		return ok;
	ok = archive_read(page->db, &v.row, &account, &v.invoice, err);
	for (size_t i = 0; i < v.invoice.line_count; i++)
		v.marks = v.marks || v.invoice.lines[i].rated->age_hours != 0;
	if (ok &&
	    !page_slice(number,
		v.invoice.line_count + v.invoice.correction_count, &v.slice))
		page->missing = true;
	else
		ok = ok && put_page(&v, err);
	invoice_fini(&v.invoice);
	return ok;
}
