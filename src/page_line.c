/*
 * page_line.c - how a line of an invoice comes about: its days, and of one day
 * the hours with their samples. In: an explanation. Out: HTML.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "page_part.h"
#include "pages.h"

enum {
	LINE_DIGITS = 9, /* of a number of a line, at most */
	DAY_HOURS = 24,
	COST_DIGITS = 8,
};

struct view {
	struct page *page;
	struct explain explain; /* owned */
	const char *number;
	int64_t day; /* unix seconds; 0: none is asked for */
};

static void
put_exact(struct buf *out, const struct exact *x)
{
	char *text = exact_decimal(x, INVOICE_EXACT_DIGITS);

	buf_str(out, text);
	free(text);
}

static void
pair_exact(
    struct buf *out, const char *label, const struct exact *x, const char *unit)
{
	page_pair_begin(out, label);
	put_exact(out, x);
	buf_printf(out, " %s", unit);
	page_pair_end(out);
}

/* --- the sum --- */

static void
put_rate(const struct view *v)
{
	const struct explain *e = &v->explain;
	struct buf *out = v->page->out;

	page_pair_begin(out, "Rate");
	if (!e->rated)
		buf_str(out, "none");
	else {
		buf_printf(out, "%s %s per GiB-month, from ",
		    e->invoice.account.currency, e->rate.rate);
		page_time(out, e->rate.from_hour * UTC_HOUR_SECS);
	}
	if (e->rate_fact.seq != 0) {
		buf_printf(out, " <span class=\"small\">fact %" PRId64 ", ",
		    e->rate_fact.seq);
		page_text(out, e->rate_fact.who);
		buf_str(out, "</span>");
	}
	page_pair_end(out);
}

static void
put_rounding(const struct view *v)
{
	const struct explain *e = &v->explain;
	const struct explain_rounding *r = &e->rounding;
	struct buf *out = v->page->out;

	if (e->invoice.account.rounding == ACCOUNT_PER_LINE || r->cut == NULL ||
	    r->exact == NULL || r->rounded == NULL)
		return;
	page_pair_begin(out, "Rounding");
	buf_str(out, "All lines come to ");
	put_exact(out, r->exact);
	buf_str(out, ", rounded ");
	put_exact(out, r->rounded);
	buf_str(out, ". Cut down, this one is ");
	put_exact(out, r->cut);
	if (r->missing != NULL) {
		buf_printf(out,
		    "; it is number %zu of %zu by what that took away, and ",
		    r->rank, r->sharers);
		put_exact(out, r->missing);
		buf_str(out, " units are handed out in that order");
	}
	buf_str(out, ".");
	page_pair_end(out);
}

static void
put_usage(const struct view *v)
{
	const struct explain *e = &v->explain;
	const struct rating_line *rated = e->usage->rated;
	const char *currency = e->invoice.account.currency;
	struct buf *out = v->page->out;
	char age[RATE_AGE_SIZE];

	if (rated->age_hours != 0)
		page_pair(
		    out, "Age up to", rate_format_age(rated->age_hours, age));
	put_rate(v);
	page_pair_begin(out, "Hours measured");
	page_hours(
	    out, e->hours.measured, e->hours.estimated, e->hours.unbilled);
	page_pair_end(out);
	pair_exact(out, "Byte-hours", e->byte_hours, "");
	page_pair_begin(out, "GiB-months");
	put_exact(out, rated->gib_months);
	buf_printf(out, " = byte-hours / 2^30 / %" PRId64,
	    (e->to - e->from) / UTC_HOUR_SECS);
	page_pair_end(out);
	pair_exact(out, "Exact cost", e->exact, currency);
	put_rounding(v);
}

static void
put_volume(const struct view *v)
{
	const struct explain *e = &v->explain;
	struct buf *out = v->page->out;

	page_pair_begin(out, "Volume");
	if (e->correction)
		page_volume_link(
		    out, &e->corrected->volume_id, e->corrected->name);
	else
		page_volume_link(
		    out, &e->usage->rated->volume_id, e->usage->rated->name);
	page_pair_end(out);
	page_pair_begin(out, "Usage of");
	page_date(out, e->from);
	buf_str(out, " to ");
	page_date(out, e->to - UTC_DAY_SECS);
	page_pair_end(out);
}

static void
put_sum(const struct view *v)
{
	const struct explain *e = &v->explain;
	struct buf *out = v->page->out;

	page_section(out, "The sum");
	page_pairs_begin(out);
	page_pair_begin(out, "Invoice");
	page_link(out, "/invoices/", v->number, v->number);
	page_pair_end(out);
	put_volume(v);
	if (!e->correction)
		put_usage(v);
	else
		page_pair(out, "Corrects", e->corrects);
	page_pair_begin(out, "Amount");
	buf_printf(out, "<strong>%s %s</strong>", e->invoice.account.currency,
	    e->amount != NULL ? e->amount : "-");
	page_pair_end(out);
	page_pair_begin(out, "For programs");
	buf_printf(out,
	    "<a href=\"/v1/invoices/%s/lines/%zu/explain\">JSON</a>", v->number,
	    e->line);
	page_pair_end(out);
	page_pairs_end(out);
	if (!e->adds_up)
		buf_str(out, "<p>Samples of some hours are gone for good; what "
			     "came late for them cannot be told apart, so the "
			     "hours add up to another sum.</p>\n");
	page_section_end(out);
}

/* --- days --- */

static void
add_day(const struct explain *e, int64_t from, struct rating_hours *hours,
    struct exact *bytes, struct exact *cost)
{
	int64_t first = from / UTC_HOUR_SECS;

	for (int64_t at = first; at < first + DAY_HOURS; at++) {
		const struct explain_hour *h = explain_hour_of(&e->now, at);

		if (h == NULL)
			continue;
		hours->measured += h->kind == USAGE_MEASURED;
		hours->estimated += h->kind == USAGE_ESTIMATED;
		hours->unbilled += h->kind == USAGE_UNBILLED;
		exact_add(cost, h->cost);
		for (size_t i = 0; i < h->bin_count; i++)
			exact_add(bytes, h->bins[i].bytes);
	}
}

static void
put_day(const struct view *v, int64_t from)
{
	struct exact *bytes = exact_new(), *cost = exact_new();
	struct rating_hours hours = {0, 0, 0};
	struct buf *out = v->page->out;
	char day[UTC_TEXT_SIZE], *text;

	add_day(&v->explain, from, &hours, bytes, cost);
	exact_div_int(bytes, DAY_HOURS);
	utc_format_date(from, day);
	page_row_begin(out);
	page_head_begin(out);
	buf_printf(out,
	    "<a href=\"/invoices/%s/lines/%zu?day=%s\"><time>%s</time></a>",
	    v->number, v->explain.line, day, day);
	page_head_end(out);
	page_cell_begin(out, true);
	page_gib(out, bytes, 3);
	page_cell_end(out);
	text = exact_fixed(cost, COST_DIGITS);
	page_figure(out, text);
	free(text);
	page_cell_begin(out, false);
	page_hours(out, hours.measured, hours.estimated, hours.unbilled);
	page_cell_end(out);
	page_row_end(out);
	exact_free(bytes);
	exact_free(cost);
}

static void
put_days(const struct view *v)
{
	struct page_column columns[] = {{"Day", false}, {"Mean GiB", true},
	    {"Cost", true}, {"Hours measured", false}};

	page_section(v->page->out, "Its days");
	page_table_begin(v->page->out,
	    "Cost to the eighth decimal; a day leads to its hours and samples",
	    columns, sizeof columns / sizeof *columns);
	for (int64_t at = v->explain.from; at < v->explain.to;
	     at += UTC_DAY_SECS)
		put_day(v, at);
	page_table_end(v->page->out);
	page_section_end(v->page->out);
}

/* --- hours and samples of a day --- */

static void
put_rests(struct buf *out, const struct explain_hour *h)
{
	for (size_t i = 0; i < h->rest_count; i++) {
		const struct explain_rest *r = &h->rests[i];

		buf_str(out, i > 0 ? " and " : "");
		if (r->weight != r->of)
			buf_printf(out, "%" PRId64 "/%" PRId64 " of ",
			    r->weight, r->of);
		page_time(out, r->hour * UTC_HOUR_SECS);
	}
}

static void
put_ground(struct buf *out, const struct explain_hour *h)
{
	page_cell_begin(out, false);
	switch (h->kind) {
	case USAGE_MEASURED:
		if (h->samples.removed)
			buf_str(out, "samples that are gone; their sum is "
				     "kept");
		else
			buf_printf(out, "%zu sample%s", h->samples.count,
			    h->samples.count == 1 ? "" : "s");
		break;
	case USAGE_ESTIMATED:
		put_rests(out, h);
		break;
	case USAGE_UNBILLED:
		buf_str(out, "nothing; last measured ");
		page_time(out, h->from_hour * UTC_HOUR_SECS);
		break;
	}
	page_cell_end(out);
}

static void
put_hour(const struct view *v, const struct explain_hour *h)
{
	static const char *const words[] = {[USAGE_MEASURED] = "measured",
	    [USAGE_ESTIMATED] = "estimated",
	    [USAGE_UNBILLED] = "missing"};
	static const char *const tones[] = {[USAGE_MEASURED] = "good",
	    [USAGE_ESTIMATED] = "warn",
	    [USAGE_UNBILLED] = "bad"};
	struct buf *out = v->page->out;

	page_row_begin(out);
	page_head_begin(out);
	page_time(out, h->hour * UTC_HOUR_SECS);
	page_head_end(out);
	page_cell_begin(out, false);
	page_badge(out, tones[h->kind], words[h->kind]);
	page_cell_end(out);
	page_cell_begin(out, true);
	if (h->bin_count > 0)
		put_exact(out, h->bins[0].bytes);
	else
		buf_char(out, '0');
	page_cell_end(out);
	page_cell_begin(out, true);
	put_exact(out, h->cost);
	page_cell_end(out);
	put_ground(out, h);
	page_row_end(out);
}

static void
put_standing(struct buf *out, const struct explain_samples *all,
    const struct explain_sample *s)
{
	page_cell_begin(out, false);
	if (s->standing == EXPLAIN_COUNTS)
		buf_printf(
		    out, "%" PRIu64 " of %" PRIu64, s->weight, all->weights);
	else
		buf_str(out, s->standing == EXPLAIN_SUPERSEDED
				 ? "superseded"
				 : "after the volume's end");
	page_cell_end(out);
}

static void
put_sample(const struct view *v, const struct explain_samples *all,
    const struct explain_sample *s)
{
	struct buf *out = v->page->out;
	char hash[FACT_HEAD_TEXT_SIZE], when[UTC_TEXT_SIZE];

	utc_format(s->hour * UTC_HOUR_SECS + s->nanos / 1000000000, when);
	page_row_begin(out);
	page_head_begin(out);
	buf_printf(out, "<time datetime=\"%s\">%.10s %.8s</time>", when, when,
	    when + 11);
	page_head_end(out);
	page_figure_int(
	    out, explain_bytes_of(s, v->explain.usage->rated->age_hours));
	page_figure_int(out, s->revision);
	put_standing(out, all, s);
	page_cell_begin(out, false);
	page_text(out, s->report.subject != NULL ? s->report.subject : "");
	buf_printf(out, " <span class=\"small\">fact %" PRId64, s->report.seq);
	if (s->report.has_body)
		buf_printf(out, "<br><code class=\"hash\">%s</code>",
		    fact_format_head(s->report.body_sha256, hash));
	buf_str(out, "</span>");
	page_cell_end(out);
	page_row_end(out);
}

static void
put_hours(const struct view *v)
{
	static const struct page_column columns[] = {{"Hour", false},
	    {"Kind", false}, {"Mean bytes", true}, {"Cost", true},
	    {"Rests on", false}};
	int64_t first = v->day / UTC_HOUR_SECS;
	const struct explain_hour *h;
	struct buf *out = v->page->out;

	page_table_begin(out, "The hours of the day", columns,
	    sizeof columns / sizeof *columns);
	for (int64_t at = first; at < first + DAY_HOURS; at++) {
		h = explain_hour_of(&v->explain.now, at);
		if (h != NULL)
			put_hour(v, h);
	}
	page_table_end(out);
}

static void
put_samples(const struct view *v)
{
	static const struct page_column columns[] = {{"Sampled", false},
	    {"Bytes", true}, {"Revision", true}, {"Counts", false},
	    {"Report, and the hash of its body", false}};
	int64_t first = v->day / UTC_HOUR_SECS;
	const struct explain_hour *h;

	page_table_begin(v->page->out, "The samples of the day", columns,
	    sizeof columns / sizeof *columns);
	for (int64_t at = first; at < first + DAY_HOURS; at++) {
		h = explain_hour_of(&v->explain.now, at);
		for (size_t i = 0; h != NULL && i < h->samples.count; i++)
			put_sample(v, &h->samples, &h->samples.list[i]);
	}
	page_table_end(v->page->out);
}

static void
put_one_day(const struct view *v)
{
	struct buf *out = v->page->out;
	char day[UTC_TEXT_SIZE];

	page_section(out, utc_format_date(v->day, day));
	buf_printf(out,
	    "<p><a href=\"/invoices/%s/lines/%zu\">All its days</a></p>\n",
	    v->number, v->explain.line);
	put_hours(v);
	put_samples(v);
	page_section_end(out);
}

/* Both sides, hour by hour, as the text says it. */
static void
put_correction(const struct view *v)
{
	struct buf *out = v->page->out;
	struct buf text = BUF_INIT;

	explain_text(&v->explain, &text);
	page_section(out, "What was billed, and what is known now");
	page_lines(out, buf_text(&text));
	page_section_end(out);
	out->failed = out->failed || text.failed;
	buf_fini(&text);
}

/* --- the page --- */

static bool
put_page(struct view *v, struct err *err)
{
	struct buf title = BUF_INIT;

	buf_printf(&title, "Invoice %s, line %zu", v->number, v->explain.line);
	page_begin(v->page, PAGE_NO_TAB, buf_text(&title));
	put_sum(v);
	if (v->explain.correction)
		put_correction(v);
	else if (v->day != 0)
		put_one_day(v);
	else
		put_days(v);
	v->page->out->failed = v->page->out->failed || title.failed;
	buf_fini(&title);
	return page_end(v->page, err);
}

static bool
parse_line(const char *text, int64_t *line)
{
	size_t len = strspn(text, "0123456789");

	*line = len > 0 && len <= LINE_DIGITS ? strtoll(text, NULL, 10) : 0;
	return *line > 0 && text[len] == '\0';
}

/* A day of the line's month; 0 when none is given. */
static bool
parse_day(const struct view *v, const char *text, int64_t *day)
{
	char full[UTC_TEXT_SIZE];

	*day = 0;
	if (text == NULL)
		return true;
	snprintf(full, sizeof full, "%.10sT00:00:00Z", text);
	return strlen(text) == 10 && utc_parse(full, strlen(full), day, NULL) &&
	       !v->explain.correction && *day >= v->explain.from &&
	       *day < v->explain.to;
}

static bool
explain(struct view *v, int64_t line, const char *day, struct err *err)
{
	struct page *page = v->page;
	struct err why = ERR_INIT;

	if (!explain_build(
		page->db, v->number, line, 0, page->now, &v->explain, &why)) {
		page->missing = why.kind == ERR_INPUT;
		return page->missing || err_set(err, why.kind, "%s", why.text);
	}
	if (page->scope != NULL)
		explain_keep_account(&v->explain, page->scope->id);
	page->missing = !parse_day(v, day, &v->day);
	return page->missing || put_page(v, err);
}

bool
page_line(struct page *page, const char *invoice, const char *line,
    const char *day, struct err *err)
{
	struct view v = {.page = page, .number = invoice};
	struct archive_row row;
	struct account account;
	int64_t number;
	bool ok;

	if (!page_find_invoice(page, invoice, &row, &account, err))
		return false;
	page->missing = page->missing || !parse_line(line, &number);
	if (page->missing)
		return true;
	memset(&v.explain, 0, sizeof v.explain);
	ok = explain(&v, number, day, err);
	explain_fini(&v.explain);
	return ok;
}
