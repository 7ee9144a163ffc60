/*
 * page_overview.c - the first page: what is stored, what it costs, what is
 * wrong. In: the month at hand of the accounts that are shown. Out: HTML.
 */
#include <stdlib.h>
#include <string.h>

#include "bill.h"
#include "lib/text.h"
#include "page_chart.h"
#include "page_part.h"
#include "page_trouble.h"
#include "pages.h"
#include "silence.h"

/* The page while it is made. */
struct overview {
	struct page *page;
	struct page_bills bills;
	struct page_stored *stored; /* owned: of each account */
	struct page_stored all;
	struct silence silence;
	struct summary_page words; /* of the bills */
};

/* --- accounts --- */

static void
put_account(struct buf *out, const struct invoice *inv,
    const struct page_stored *stored)
{
	const struct account *a = &inv->account;
	struct buf text = BUF_INIT;

	page_row_begin(out);
	page_head_begin(out);
	page_link(out, "/accounts/", a->name, a->name);
	if (a->display_name[0] != '\0' &&
	    strcmp(a->display_name, a->name) != 0) {
		buf_str(out, "<br><span class=\"small\">");
		page_text(out, a->display_name);
		buf_str(out, "</span>");
	}
	page_head_end(out);
	page_figure_int(out, (int64_t)stored->volumes);
	text_size(&text, stored->bytes);
	page_figure(out, buf_text(&text));
	buf_clear(&text);
	summary_put_money(&text, inv, 1);
	page_figure(out, buf_text(&text));
	buf_clear(&text);
	summary_put_forecast(&text, inv, 1);
	page_figure(out, text.len > 0 ? buf_text(&text) : "-");
	page_cell_begin(out, false);
	page_hours(out, inv->hours.measured, inv->hours.estimated,
	    inv->hours.unbilled);
	page_cell_end(out);
	page_row_end(out);
	out->failed = out->failed || text.failed;
	buf_fini(&text);
}

static bool
put_accounts(struct overview *o, const struct page_slice *slice)
{
	static const struct page_column columns[] = {{"Account", false},
	    {"Volumes", true}, {"Stored now", true}, {"So far", true},
	    {"Forecast", true}, {"Volume-hours measured", false}};
	struct buf *out = o->page->out;
	struct buf caption = BUF_INIT;

	buf_printf(&caption, "Accounts in %s", o->bills.period.text);
	page_section(out, "Accounts");
	page_table_begin(
	    out, buf_text(&caption), columns, sizeof columns / sizeof *columns);
	for (size_t i = slice->first; i < slice->end; i++)
		put_account(out, &o->bills.now[i], &o->stored[i]);
	page_table_end(out);
	page_slice_links(out, slice, "/?");
	page_section_end(out);
	out->failed = out->failed || caption.failed;
	buf_fini(&caption);
	return true;
}

/* --- the page --- */

static bool
load(struct overview *o, struct err *err)
{
	struct page *page = o->page;
	const struct summary summary = {.invoices = o->bills.now,
	    .count = o->bills.count,
	    .now = page->now};

	o->stored = calloc(o->bills.count, sizeof *o->stored);
	if (o->stored == NULL)
		return err_nomem(err);
	if (!page_stored_load(page, &o->bills, o->stored, err) ||
	    (page->expected_secs > 0 &&
		!silence_load(page->db, o->bills.now, o->bills.count,
		    page->expected_secs, page->now, &o->silence, err)))
		return false;
	for (size_t i = 0; i < o->bills.count; i++) {
		o->all.bytes += o->stored[i].bytes;
		o->all.volumes += o->stored[i].volumes;
		o->all.missing += o->stored[i].missing;
	}
	summary_page_make(&o->words, &summary);
	return !o->words.failed || err_nomem(err);
}

static bool
put_page(struct overview *o, const struct page_slice *slice, struct err *err)
{
	struct page *page = o->page;

	if (!load(o, err))
		return false;
	page_begin(page, PAGE_OVERVIEW, "Overview");
	page_tiles(page->out, &o->bills, &o->all);
	return page_trouble(page, &o->words, &o->silence, err) &&
	       page_charts(page, o->bills.now, o->bills.count, err) &&
	       put_accounts(o, slice) && page_end(page, err);
}

static bool
put_nothing(struct page *page, struct err *err)
{
	page_begin(page, PAGE_OVERVIEW, "Overview");
	page_section(page->out, "Nothing is here yet");
	page_empty(page->out,
	    "There is no account. Who pays is an account; what reports is a "
	    "source, which gets a token; what it costs is a rate:",
	    "stat.flexfs create account --name acme\n"
	    "stat.flexfs create source --name admin1 --account acme\n"
	    "stat.flexfs create rate --account acme --rate 0.03");
	page_section_end(page->out);
	return page_end(page, err);
}

bool
page_overview(struct page *page, const char *number, struct err *err)
{
	struct overview o = {.page = page};
	struct page_slice slice;
	bool ok;

	ok = page_bills_load(page, NULL, &o.bills, err);
	if (ok && !page_slice(number, o.bills.count, &slice))
		page->missing = true;
	else if (ok && o.bills.count == 0)
		ok = put_nothing(page, err);
	else
		ok = ok && put_page(&o, &slice, err);
	summary_page_fini(&o.words);
	silence_fini(&o.silence);
	free(o.stored);
	page_bills_fini(&o.bills);
	return ok;
}
