/*
 * page_periods.c - the periods of the reader's accounts, and what became of
 * each. In: periods. Out: HTML. Owns nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "page_part.h"
#include "pages.h"
#include "periods.h"

/* What is kept of a period, until all are known. */
struct row {
	char account[ACCOUNT_NAME_SIZE], currency[4];
	char period[INVOICE_PERIOD_SIZE], number[INVOICE_NUMBER_SIZE];
	int64_t from, due_at;
	const char *state, *reason; /* static */
	bool has_hours;
	struct rating_hours hours;
	char *total, *forecast; /* owned; NULL: none */
};

struct rows {
	struct row *list; /* owned; the latest period first */
	size_t count, cap;
};

static bool
copy_text(const char *from, char **to)
{
	*to = from != NULL ? strdup(from) : NULL;
	return from == NULL || *to != NULL;
}

static bool
add_row(void *ctx, const struct periods_row *p, struct err *err)
{
	struct rows *rows = ctx;
	size_t cap = rows->cap > 0 ? 2 * rows->cap : 64;
	struct row *row;

	if (rows->count == rows->cap) {
		row = reallocarray(rows->list, cap, sizeof *row);
		if (row == NULL)
			return err_nomem(err);
		rows->list = row;
		rows->cap = cap;
	}
	row = &rows->list[rows->count++];
	memset(row, 0, sizeof *row);
	memcpy(row->account, p->account->name, sizeof row->account);
	memcpy(row->currency, p->account->currency, sizeof row->currency);
	memcpy(row->period, p->period.text, sizeof row->period);
	row->from = p->period.from;
	row->state = p->state;
	row->reason = p->reason;
	row->has_hours = p->has_hours;
	row->hours = p->hours;
	if (p->closed != NULL) {
		memcpy(row->number, p->closed->number, sizeof row->number);
		row->due_at = p->closed->due_at;
	}
	return (copy_text(p->total, &row->total) &&
		   copy_text(p->forecast, &row->forecast)) ||
	       err_nomem(err);
}

static int
by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->from != y->from)
		return x->from > y->from ? -1 : 1;
	return strcmp(x->account, y->account);
}

static void
put_money(struct buf *out, const struct row *row, const char *amount)
{
	page_cell_begin(out, true);
	if (amount != NULL)
		buf_printf(out, "%s %s", row->currency, amount);
	else
		buf_char(out, '-');
	page_cell_end(out);
}

static void
put_row(struct buf *out, const struct row *row)
{
	page_row_begin(out);
	page_head_begin(out);
	buf_str(out, row->period);
	page_head_end(out);
	page_cell_begin(out, false);
	page_link(out, "/accounts/", row->account, row->account);
	page_cell_end(out);
	page_cell_begin(out, false);
	page_state(out, row->state, row->reason);
	page_cell_end(out);
	put_money(out, row, row->total);
	put_money(
	    out, row, strcmp(row->state, "open") == 0 ? row->forecast : NULL);
	page_cell_begin(out, false);
	if (row->number[0] != '\0')
		page_link(out, "/invoices/", row->number, row->number);
	page_cell_end(out);
	page_cell_begin(out, false);
	page_date(out, row->due_at);
	page_cell_end(out);
	page_cell_begin(out, false);
	if (row->has_hours)
		page_hours(out, row->hours.measured, row->hours.estimated,
		    row->hours.unbilled);
	page_cell_end(out);
	page_row_end(out);
}

static void
put_rows(struct buf *out, const struct rows *rows,
    const struct page_slice *slice, const char *account)
{
	static const struct page_column columns[] = {{"Period", false},
	    {"Account", false}, {"State", false}, {"Total", true},
	    {"Forecast", true}, {"Invoice", false}, {"Due", false},
	    {"Volume-hours measured", false}};
	struct buf path = BUF_INIT;

	if (rows->count == 0) {
		page_empty(out,
		    "There is no period yet: one begins with the first "
		    "report.",
		    NULL);
		return;
	}
	page_table_begin(out, "Periods, the latest first", columns,
	    sizeof columns / sizeof *columns);
	for (size_t i = slice->first; i < slice->end; i++)
		put_row(out, &rows->list[i]);
	page_table_end(out);
	buf_str(&path, "/periods?");
	if (account != NULL)
		buf_printf(&path, "account=%s&amp;", account);
	page_slice_links(out, slice, buf_text(&path));
	out->failed = out->failed || path.failed;
	buf_fini(&path);
}

static bool
put_page(struct page *page, const struct rows *rows,
    const struct page_slice *slice, const char *account, struct err *err)
{
	struct buf title = BUF_INIT;

	buf_str(&title, "Periods");
	if (account != NULL)
		buf_printf(&title, " of %s", account);
	page_begin(page, PAGE_PERIODS, buf_text(&title));
	page_section(page->out, "What each came to");
	if (account != NULL && page->scope == NULL)
		buf_str(page->out,
		    "<p><a href=\"/periods\">Those of all accounts</a></p>\n");
	put_rows(page->out, rows, slice, account);
	page_section_end(page->out);
	page->out->failed = page->out->failed || title.failed;
	buf_fini(&title);
	return page_end(page, err);
}

static bool
load(struct page *page, const char *name, struct rows *rows, struct err *err)
{
	struct account one, *list = NULL;
	size_t count = 1;
	bool found = true, ok;

	if (name != NULL)
		ok = page_find_account(page, name, &one, &found, err);
	else if (page->scope != NULL) {
		one = *page->scope;
		ok = true;
	} else
		ok = account_list(page->db, &list, &count, err);
	page->missing = ok && !found;
	if (ok && found)
		ok = periods_each(page->db, list != NULL ? list : &one, count,
		    page->now, add_row, rows, err);
	free(list);
	return ok;
}

bool
page_periods(
    struct page *page, const char *account, const char *number, struct err *err)
{
	struct rows rows = {NULL, 0, 0};
	struct page_slice slice;
	bool ok = load(page, account, &rows, err);

	if (ok && !page->missing && !page_slice(number, rows.count, &slice))
		page->missing = true;
	if (ok && !page->missing) {
		if (rows.count > 0)
			qsort(
			    rows.list, rows.count, sizeof *rows.list, by_time);
		ok = put_page(page, &rows, &slice, account, err);
	}
	for (size_t i = 0; i < rows.count; i++) {
		free(rows.list[i].total);
		free(rows.list[i].forecast);
	}
	free(rows.list);
	return ok;
}
