/*
 * page_account.c - one account: what it stores and costs this month, its
 * terms, its volumes. In: its bill, volumes as they stand. Out: HTML.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "page_chart.h"
#include "page_part.h"
#include "pages.h"

/* A volume of the account: one whose last sample is its, or that it pays for
 * this month. */
struct row {
	const struct volume_state *volume; /* borrowed */
	const char *name;		   /* borrowed */
	bool here; /* its last sample is the account's */
	struct exact *gib_months, *amount; /* owned */
	bool rated;
	struct rating_hours hours;
};

struct view {
	struct page *page;
	struct account account;
	struct page_bills bills; /* of this account alone */
	struct page_stored stored;
	struct volume_state *volumes; /* owned */
	size_t volume_count;
	struct row *rows; /* owned; by name */
	size_t row_count;
};

/* --- rows --- */

static int
by_volume(const void *a, const void *b)
{
	const struct invoice_line *const *x = a, *const *y = b;

	return ((*x)->rated->volume > (*y)->rated->volume) -
	       ((*x)->rated->volume < (*y)->rated->volume);
}

static int
by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order
			  : memcmp(&x->volume->uuid, &y->volume->uuid,
				sizeof(struct uuid));
}

/* Of another account's volume nothing is told but what this one paid. */
static void
begin_row(struct view *v, const struct volume_state *volume)
{
	struct row *row = &v->rows[v->row_count];

	*row = (struct row){.volume = volume,
	    .here = volume->last.account == v->account.id,
	    .rated = true,
	    .gib_months = exact_new(),
	    .amount = exact_new()};
	row->name = row->here ? volume->name : "";
}

static void
add_line(struct row *row, const struct invoice_line *line)
{
	struct exact *one = exact_new();

	if (!row->here)
		row->name = line->rated->name;
	exact_add(row->gib_months, line->rated->gib_months);
	if (line->amount != NULL && exact_parse(one, line->amount))
		exact_add(row->amount, one);
	else
		row->rated = false;
	/* Bins of a volume have the same hours. */
	if (row->hours.measured + row->hours.estimated + row->hours.unbilled <
	    line->rated->hours.measured + line->rated->hours.estimated +
		line->rated->hours.unbilled)
		row->hours = line->rated->hours;
	exact_free(one);
}

/* Volumes stand by row, and so do the lines in sorted. */
static void
join(struct view *v, const struct invoice_line **sorted, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < v->volume_count; i++) {
		const struct volume_state *volume = &v->volumes[i];
		size_t from = at;

		while (at < count && sorted[at]->rated->volume <= volume->id)
			at++;
		if (volume->last.account != v->account.id && from == at)
			continue;
		begin_row(v, volume);
		for (; from < at; from++)
			if (sorted[from]->rated->volume == volume->id)
				add_line(&v->rows[v->row_count], sorted[from]);
		if (v->rows[v->row_count].here)
			page_stored_add(&v->stored, volume, v->page->now);
		v->row_count++;
	}
}

static bool
load(struct view *v, struct err *err)
{
	const struct invoice *bill;
	const struct invoice_line **sorted;

	if (!page_bills_load(v->page, &v->account, &v->bills, err) ||
	    !volume_state_list(v->page->db, v->page->now,
		v->page->scope != NULL, &v->volumes, &v->volume_count, err))
		return false;
	bill = &v->bills.now[0];
	v->rows = calloc(v->volume_count + 1, sizeof *v->rows);
	sorted =
	    calloc(bill->line_count + 1, sizeof(const struct invoice_line *));
	if (v->rows == NULL || sorted == NULL) {
		free(sorted);
		return err_nomem(err);
	}
	for (size_t i = 0; i < bill->line_count; i++)
		sorted[i] = &bill->lines[i];
	qsort(sorted, bill->line_count, sizeof(const struct invoice_line *),
	    by_volume);
	join(v, sorted, bill->line_count);
	free(sorted);
	qsort(v->rows, v->row_count, sizeof *v->rows, by_name);
	return true;
}

/* --- figures --- */

static void
put_reason(struct buf *out, const struct invoice *bill)
{
	page_pair_begin(out, "State of the month");
	page_state(out, invoice_state_name(bill->state),
	    invoice_reason_name(bill->reason));
	if (bill->state == INVOICE_OPEN && bill->reason != INVOICE_FINE)
		buf_str(out, " <span class=\"small\">would hold it</span>");
	page_pair_end(out);
	page_pair_begin(out, "Volume-hours measured");
	page_hours(out, bill->hours.measured, bill->hours.estimated,
	    bill->hours.unbilled);
	page_pair_end(out);
}

static void
put_terms(const struct view *v)
{
	const struct account *a = &v->account;
	struct buf *out = v->page->out;

	page_section(out, "The month and its terms");
	page_pairs_begin(out);
	put_reason(out, &v->bills.now[0]);
	if (a->display_name[0] != '\0') {
		page_pair_begin(out, "Display name");
		page_text(out, a->display_name);
		page_pair_end(out);
	}
	page_pair(out, "Currency", a->currency);
	page_pair(out, "Invoiced by",
	    a->period == ACCOUNT_QUARTERLY ? "the quarter" : "the month");
	page_pair_begin(out, "Missing hours");
	buf_str(out, account_gap_name(a->gap));
	if (a->gap == ACCOUNT_GAP_CARRY || a->gap == ACCOUNT_GAP_INTERPOLATE)
		buf_printf(out, ", at most %" PRId64 " h", a->max_carry_hours);
	page_pair_end(out);
	page_pair_begin(out, "Rounding");
	buf_printf(out, "per %s, %s", account_rounding_name(a->rounding),
	    a->rounding_mode == EXACT_HALF_EVEN ? "half to even" : "half up");
	page_pair_end(out);
	page_pair_begin(out, "To pay within");
	buf_printf(out, "%" PRId64 " days", a->net_days);
	page_pair_end(out);
	page_pairs_end(out);
	buf_str(out, "<p>");
	page_link(out, "/periods?account=", a->name, "Periods and invoices");
	buf_str(out, "</p>\n");
	page_section_end(out);
}

/* --- volumes --- */

static void
put_stand(struct buf *out, const struct row *row, int64_t now)
{
	const char *word = volume_state_word(row->volume, now);
	struct buf size = BUF_INIT;

	if (!row->here) {
		page_figure(out, "-");
		page_cell(out, "");
		page_cell_begin(out, false);
		page_badge(out, "", "another account's");
		page_cell_end(out);
		return;
	}
	text_size(&size, (uint64_t)row->volume->last.bytes);
	page_figure(out, row->volume->last.hour >= 0 ? buf_text(&size) : "-");
	page_cell_begin(out, false);
	page_time(out, row->volume->last.hour >= 0 ? row->volume->last.at : 0);
	page_cell_end(out);
	page_cell_begin(out, false);
	page_badge(out,
	    strcmp(word, "live") == 0	   ? "good"
	    : strcmp(word, "missing") == 0 ? "bad"
					   : "",
	    word);
	page_cell_end(out);
	out->failed = out->failed || size.failed;
	buf_fini(&size);
}

static void
put_row(const struct view *v, const struct row *row)
{
	struct buf *out = v->page->out;
	char *text;

	page_row_begin(out);
	page_head_begin(out);
	page_volume_link(out, &row->volume->uuid, row->name);
	page_head_end(out);
	put_stand(out, row, v->page->now);
	text = exact_fixed(row->gib_months, 2);
	page_figure(out, text);
	free(text);
	text = exact_fixed(row->amount, v->bills.now[0].digits);
	page_figure(out, row->rated ? text : "no rate");
	free(text);
	page_cell_begin(out, false);
	page_hours(out, row->hours.measured, row->hours.estimated,
	    row->hours.unbilled);
	page_cell_end(out);
	page_row_end(out);
}

static void
put_volumes(const struct view *v, const struct page_slice *slice)
{
	struct buf amount = BUF_INIT;
	struct page_column columns[] = {{"Volume", false}, {"Last size", true},
	    {"Sampled", false}, {"State", false}, {"GiB-months", true},
	    {NULL, true}, {"Hours measured", false}};
	struct buf *out = v->page->out;
	struct buf path = BUF_INIT;

	buf_printf(&amount, "%s so far", v->account.currency);
	columns[5].title = buf_text(&amount);
	page_section(out, "Volumes");
	if (v->row_count == 0)
		page_empty(out,
		    "No volume has been reported for this account yet.", NULL);
	else {
		page_table_begin(out,
		    "Volumes, and what they come to in the "
		    "month at hand",
		    columns, sizeof columns / sizeof *columns);
		for (size_t i = slice->first; i < slice->end; i++)
			put_row(v, &v->rows[i]);
		page_table_end(out);
		buf_printf(&path, "/accounts/%s?", v->account.name);
		page_slice_links(out, slice, buf_text(&path));
	}
	page_section_end(out);
	out->failed = out->failed || path.failed || amount.failed;
	buf_fini(&path);
	buf_fini(&amount);
}

/* --- the page --- */

static bool
put_page(struct view *v, const struct page_slice *slice, struct err *err)
{
	struct page *page = v->page;

	page_begin(page, PAGE_NO_TAB, v->account.name);
	page_tiles(page->out, &v->bills, &v->stored);
	if (!page_charts(page, v->bills.now, 1, err))
		return false;
	put_volumes(v, slice);
	put_terms(v);
	return page_end(page, err);
}

static void
fini(struct view *v)
{
	for (size_t i = 0; i < v->row_count; i++) {
		exact_free(v->rows[i].gib_months);
		exact_free(v->rows[i].amount);
	}
	free(v->rows);
	volume_state_free(v->volumes, v->volume_count);
	page_bills_fini(&v->bills);
}

bool
page_account(
    struct page *page, const char *name, const char *number, struct err *err)
{
	struct view v = {.page = page};
	struct page_slice slice;
	bool found, ok;

	if (!page_find_account(page, name, &v.account, &found, err))
		return false;
	if (!found) {
		page->missing = true;
		return true;
	}
	ok = load(&v, err);
	if (ok && !page_slice(number, v.row_count, &slice))
		page->missing = true;
	else
		ok = ok && put_page(&v, &slice, err);
	fini(&v);
	return ok;
}
