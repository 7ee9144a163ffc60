/*
 * summary_page.c - builds the page of summary_page.h. In: bills, those of the
 * period before, the instant. Out: sections in words. Owns the page's texts.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "summary_page.h"

struct summary_page_text {
	struct summary_page_text *next;
	char text[];
};

/* --- texts --- */

/* Keeps the text of b for the page, and empties b. */
const char *
summary_page_keep(struct summary_page *page, struct buf *b)
{
	struct summary_page_text *t = malloc(sizeof *t + b->len + 1);

	if (t == NULL || b->failed) {
		page->failed = true;
		free(t);
		buf_fini(b);
		return "";
	}
	memcpy(t->text, buf_text(b), b->len + 1);
	t->next = page->texts;
	page->texts = t;
	buf_fini(b);
	return t->text;
}

static const char *
keep_fixed(struct summary_page *page, const struct exact *x, int digits)
{
	struct buf b = BUF_INIT;

	summary_put_fixed(&b, x, digits);
	return summary_page_keep(page, &b);
}

struct summary_page_section *
summary_page_section(struct summary_page *page, const char *title)
{
	struct summary_page_section *s = &page->sections[page->section_count++];

	s->title = title;
	return s;
}

static void
add_pair(struct summary_page_section *s, const char *label, const char *value,
    enum summary_page_tone tone)
{
	if (s->pair_count < SUMMARY_PAGE_PAIRS)
		s->pairs[s->pair_count++] =
		    (struct summary_page_pair){label, value, tone};
}

void
summary_page_note(struct summary_page_section *s, const char *text,
    const char *command, const char *literal)
{
	s->notes[s->note_count++] =
	    (struct summary_page_note){text, command, literal};
}

/* --- state --- */

const char *
summary_page_reason(enum invoice_reason reason)
{
	switch (reason) {
	case INVOICE_UNRATED_USAGE:
		return "usage without a rate";
	case INVOICE_TOO_MANY_ESTIMATES:
		return "too many estimated hours";
	case INVOICE_MISSING_HOURS:
		return "missing hours";
	case INVOICE_FINE:
		break;
	}
	return "";
}

static void
put_bill_state(struct buf *b, const struct invoice *inv)
{
	char end[UTC_TEXT_SIZE];

	switch (inv->state) {
	case INVOICE_OPEN:
		buf_printf(
		    b, "open until %s", utc_format_date(inv->period.to, end));
		if (inv->reason != INVOICE_FINE)
			buf_printf(b, "; would be held: %s",
			    summary_page_reason(inv->reason));
		break;
	case INVOICE_DRAFT:
		buf_str(b, "draft: the period has ended, late reports "
			   "still count");
		break;
	case INVOICE_HELD:
		buf_printf(b, "HELD: %s", summary_page_reason(inv->reason));
		break;
	case INVOICE_CLOSED:
		buf_printf(b, "final, closed %s",
		    utc_format_date(inv->closed_at, end));
		break;
	}
}

static const char *
state_of(struct summary_page *page, const struct invoice *inv, size_t count)
{
	struct buf b = BUF_INIT;
	size_t held = 0, doubtful = 0;

	for (size_t i = 0; i < count; i++) {
		held += inv[i].state == INVOICE_HELD;
		doubtful += inv[i].reason != INVOICE_FINE &&
			    inv[i].state != INVOICE_CLOSED;
	}
	if (count > 1 && doubtful > 0)
		buf_printf(&b, "%s %zu of %zu accounts, see below",
		    held > 0 ? "HELD:" : "open; would be held:", doubtful,
		    count);
	else
		put_bill_state(&b, inv);
	return summary_page_keep(page, &b);
}

/* --- change --- */

/* Totals of one currency in both periods. */
struct change {
	const char *currency;
	int digits;
	struct exact *now, *before;
	bool complete; /* both have a total in all bills */
	bool used;     /* the period before has lines */
	bool sole;     /* there is no other currency */
};

static void
add_total(struct exact *sum, const struct invoice *inv, bool *complete)
{
	struct exact *one = exact_new();

	if (inv->total != NULL && exact_parse(one, inv->total))
		exact_add(sum, one);
	else
		*complete = false;
	exact_free(one);
}

/* ", 3.3 % more" is left to the reader when there was nothing before. */
static void
put_percent(struct buf *b, const struct exact *diff, const struct exact *base)
{
	struct exact *x;

	if (exact_sign(base) <= 0)
		return;
	x = exact_new();
	exact_set(x, diff);
	exact_mul_int(x, 100);
	exact_div(x, base);
	exact_round(x, 1, EXACT_HALF_UP);
	buf_str(b, exact_sign(x) > 0 ? " (+" : " (");
	summary_put_fixed(b, x, 1);
	buf_str(b, " %)");
	exact_free(x);
}

static void
put_change(struct buf *b, const struct change *c, const char *period)
{
	struct exact *diff;

	if (!c->complete || !c->used) {
		if (!c->sole)
			buf_printf(b, "%s: ", c->currency);
		if (!c->complete)
			buf_str(b, "not known, a total is missing");
		else
			buf_printf(b, "no usage in %s", period);
		return;
	}
	diff = exact_new();
	exact_set(diff, c->now);
	exact_sub(diff, c->before);
	buf_printf(b, "%s %s", c->currency, exact_sign(diff) > 0 ? "+" : "");
	summary_put_fixed(b, diff, c->digits);
	put_percent(b, diff, c->before);
	buf_printf(b, " against %s ", c->currency);
	summary_put_fixed(b, c->before, c->digits);
	buf_printf(b, " in %s", period);
	exact_free(diff);
}

static void
put_currency_change(struct buf *b, const struct invoice *now,
    const struct invoice *before, size_t count, size_t first)
{
	struct change c = {.currency = now[first].account.currency,
	    .digits = now[first].digits,
	    .complete = true,
	    .sole = true};

	c.now = exact_new();
	c.before = exact_new();
	for (size_t i = 0; i < count; i++) {
		if (strcmp(now[i].account.currency, c.currency) != 0) {
			c.sole = false;
			continue;
		}
		add_total(c.now, &now[i], &c.complete);
		add_total(c.before, &before[i], &c.complete);
		c.used = c.used || before[i].line_count > 0;
	}
	put_change(b, &c, before[first].period.text);
	exact_free(c.now);
	exact_free(c.before);
}

static void
add_change(struct summary_page *page, struct summary_page_section *s,
    const struct invoice *now, const struct invoice *before, size_t count)
{
	struct buf b = BUF_INIT;
	bool seen;

	if (before == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		seen = false;
		for (size_t j = 0; j < i; j++)
			seen = seen || strcmp(now[j].account.currency,
					   now[i].account.currency) == 0;
		if (seen)
			continue;
		if (b.len > 0)
			buf_str(&b, "; ");
		put_currency_change(&b, now, before, count, i);
	}
	add_pair(s, "Change", summary_page_keep(page, &b), SUMMARY_PAGE_PLAIN);
}

/* --- pairs --- */

static void
put_hours(struct buf *b, const struct rating_hours *h)
{
	buf_printf(b, "%" PRId64 "/%" PRId64 "/%" PRId64, h->measured,
	    h->estimated, h->unbilled);
}

static const char *
hours_of(struct summary_page *page, const struct invoice *inv, size_t count)
{
	struct rating_hours h = {0, 0, 0};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		h.measured += inv[i].hours.measured;
		h.estimated += inv[i].hours.estimated;
		h.unbilled += inv[i].hours.unbilled;
	}
	buf_printf(&b,
	    "%" PRId64 " measured, %" PRId64 " estimated, %" PRId64
	    " missing (volume-hours)",
	    h.measured, h.estimated, h.unbilled);
	return summary_page_keep(page, &b);
}

/* Number and due date of an invoice; nothing for anything else. */
static void
add_number(struct summary_page *page, struct summary_page_section *s,
    const struct invoice *inv)
{
	struct buf b = BUF_INIT;
	char due[UTC_TEXT_SIZE];

	if (inv->number[0] == '\0')
		return;
	buf_printf(
	    &b, "%s, due %s", inv->number, utc_format_date(inv->due_at, due));
	add_pair(
	    s, "Invoice", summary_page_keep(page, &b), SUMMARY_PAGE_STRONG);
}

/* What of the total corrects closed periods. */
static void
add_corrected(struct summary_page *page, struct summary_page_section *s,
    const struct invoice *inv)
{
	struct exact *sum, *one;
	struct buf b = BUF_INIT;

	if (inv->correction_count == 0 || inv->usage_total == NULL)
		return;
	sum = exact_new();
	one = exact_new();
	for (size_t i = 0; i < inv->correction_count; i++)
		if (exact_parse(one, inv->corrections[i].amount))
			exact_add(sum, one);
	buf_printf(&b, "%s %s usage, %s", inv->account.currency,
	    inv->usage_total, exact_sign(sum) > 0 ? "+" : "");
	summary_put_fixed(&b, sum, inv->digits);
	buf_str(&b, " corrections");
	add_pair(s, "Of it", summary_page_keep(page, &b), SUMMARY_PAGE_PLAIN);
	exact_free(sum);
	exact_free(one);
}

static void
add_forecast(struct summary_page *page, struct summary_page_section *s,
    const struct invoice *inv, size_t count)
{
	struct buf b = BUF_INIT;

	summary_put_forecast(&b, inv, count);
	if (b.len == 0) {
		buf_fini(&b);
		return;
	}
	buf_str(&b, " at the end, if the last 24 hours go on");
	add_pair(
	    s, "Forecast", summary_page_keep(page, &b), SUMMARY_PAGE_PLAIN);
}

/* State, total, change, usage, hours: of one bill or of all. */
static void
add_figures(struct summary_page *page, struct summary_page_section *s,
    const struct invoice *inv, const struct invoice *before, size_t count)
{
	enum summary_page_tone tone = SUMMARY_PAGE_PLAIN;
	struct buf b = BUF_INIT;
	struct exact *usage = exact_new();

	for (size_t i = 0; i < count; i++)
		if (inv[i].state == INVOICE_HELD)
			tone = SUMMARY_PAGE_ALERT;
	if (count == 1)
		add_number(page, s, inv);
	add_pair(s, "State", state_of(page, inv, count), tone);
	summary_put_money(&b, inv, count);
	if (strcmp(buf_text(&b), "unrated") == 0)
		buf_str(&b, ": there is usage without a rate");
	add_pair(s, "Total", summary_page_keep(page, &b), SUMMARY_PAGE_STRONG);
	if (count == 1)
		add_corrected(page, s, inv);
	add_change(page, s, inv, before, count);
	add_forecast(page, s, inv, count);
	for (size_t i = 0; i < count; i++)
		exact_add(usage, inv[i].gib_months);
	summary_put_usage(&b, usage);
	add_pair(s, "Usage", summary_page_keep(page, &b), SUMMARY_PAGE_PLAIN);
	add_pair(s, "Hours", hours_of(page, inv, count), SUMMARY_PAGE_PLAIN);
	exact_free(usage);
}

static void
add_overview(struct summary_page *page, const struct summary *summary)
{
	const struct invoice *inv = summary->invoices;
	struct summary_page_section *s;
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	struct buf b = BUF_INIT;

	buf_str(&b, "flexFS usage ");
	summary_put_period(&b, summary);
	page->title = summary_page_keep(page, &b);
	s = summary_page_section(page, page->title);
	add_figures(page, s, inv, summary->before, summary->count);
	buf_printf(&b, "%s to %s (UTC), %" PRId64 " hours",
	    utc_format_date(inv->period.from, from),
	    utc_format_date(inv->period.to - 1, to), inv->hours_in_period);
	add_pair(s, "Period", summary_page_keep(page, &b), SUMMARY_PAGE_PLAIN);
}

/* --- tables --- */

/* Whether line a stands above line b: it costs more, or is more. */
bool
summary_page_above(const struct invoice_line *a, const struct invoice_line *b)
{
	int order = exact_cmp(a->rated->amount, b->rated->amount);

	if (order == 0)
		order = exact_cmp(a->rated->gib_months, b->rated->gib_months);
	return order > 0;
}

/* The dearest lines of a month, in order; ties stay as they were. */
static size_t
find_top(const struct invoice *inv, size_t month,
    const struct invoice_line *top[SUMMARY_TOP_LINES + 1])
{
	size_t count = 0, at;

	for (size_t i = 0; i < inv->line_count; i++) {
		const struct invoice_line *line = &inv->lines[i];

		if (line->month != month)
			continue;
		for (at = count;
		     at > 0 && summary_page_above(line, top[at - 1]); at--)
			top[at] = top[at - 1];
		top[at] = line;
		if (count < SUMMARY_TOP_LINES)
			count++;
	}
	return count;
}

/* Figures over several lines. */
struct sum {
	size_t lines;
	struct exact *gib_months, *amount;
	bool complete; /* all have an amount */
};

static void
sum_begin(struct sum *sum)
{
	*sum = (struct sum){0, exact_new(), exact_new(), true};
}

static void
sum_end(struct sum *sum)
{
	exact_free(sum->gib_months);
	exact_free(sum->amount);
}

static void
sum_add(struct sum *sum, const struct invoice_line *line, int sign)
{
	struct exact *one = exact_new();

	sum->lines += (size_t)sign;
	exact_set(one, line->rated->gib_months);
	exact_mul_int(one, sign);
	exact_add(sum->gib_months, one);
	if (line->amount != NULL && exact_parse(one, line->amount)) {
		exact_mul_int(one, sign);
		exact_add(sum->amount, one);
	} else
		sum->complete = false;
	exact_free(one);
}

static void
fill_sum(struct summary_page *page, struct summary_page_row *row,
    const struct sum *sum, const char *name, int digits)
{
	row->name = name;
	row->mark = "";
	row->gib_months = keep_fixed(page, sum->gib_months, 2);
	row->rate = "";
	row->amount =
	    sum->complete ? keep_fixed(page, sum->amount, digits) : "-";
	row->hours = "";
}

/* The age bin, when the volume has more than the open-ended one. */
const char *
summary_page_mark(struct summary_page *page, const struct invoice *inv,
    const struct invoice_line *line)
{
	const struct rating_line *rated = line->rated;
	struct buf b = BUF_INIT;
	char age[RATE_AGE_SIZE];

	if (rated->age_hours != 0) {
		buf_printf(&b, " (%s)", rate_format_age(rated->age_hours, age));
		return summary_page_keep(page, &b);
	}
	for (size_t i = 0; i < inv->line_count; i++) {
		const struct rating_line *other = inv->lines[i].rated;

		if (other->age_hours != 0 &&
		    uuid_equal(&other->volume_id, &rated->volume_id))
			return " (older)";
	}
	return "";
}

const char *
summary_page_name(struct summary_page *page, const struct rating_line *line)
{
	struct buf b = BUF_INIT;
	char id[UUID_TEXT_SIZE];

	if (line->name != NULL && line->name[0] != '\0')
		return line->name;
	buf_str(&b, uuid_format(&line->volume_id, id));
	return summary_page_keep(page, &b);
}

static void
fill_row(struct summary_page *page, struct summary_page_row *row,
    const struct invoice *inv, const struct invoice_line *line)
{
	struct buf b = BUF_INIT;

	row->name = summary_page_name(page, line->rated);
	row->mark = summary_page_mark(page, inv, line);
	row->gib_months = keep_fixed(page, line->rated->gib_months, 2);
	row->rate = line->rated->rated ? line->rated->rate.rate : "none";
	row->amount = line->amount != NULL ? line->amount : "-";
	put_hours(&b, &line->rated->hours);
	row->hours = summary_page_keep(page, &b);
}

static void
fill_table(struct summary_page *page, struct summary_page_table *table,
    const struct invoice *inv, size_t month)
{
	const struct invoice_line *top[SUMMARY_TOP_LINES + 1];
	struct sum sum;
	struct buf b = BUF_INIT;
	size_t lines;

	sum_begin(&sum);
	for (size_t i = 0; i < inv->line_count; i++)
		if (inv->lines[i].month == month)
			sum_add(&sum, &inv->lines[i], 1);
	lines = sum.lines;
	if (lines > 1) {
		fill_sum(page, &table->total, &sum, "Total", inv->digits);
		put_hours(&b, &inv->months[month].hours);
		table->total.hours = summary_page_keep(page, &b);
	}
	table->row_count = find_top(inv, month, top);
	for (size_t i = 0; i < table->row_count; i++) {
		fill_row(page, &table->rows[i], inv, top[i]);
		sum_add(&sum, top[i], -1);
	}
	if (lines > table->row_count) {
		buf_printf(&b, "%zu more", lines - table->row_count);
		fill_sum(page, &table->rest, &sum, summary_page_keep(page, &b),
		    inv->digits);
	}
	sum_end(&sum);
}

static const char *
bill_title(struct summary_page *page, const struct account *account)
{
	struct buf b = BUF_INIT;

	buf_str(&b, account->name);
	if (account->display_name[0] != '\0' &&
	    strcmp(account->display_name, account->name) != 0) {
		buf_str(&b, " - ");
		text_clean(&b, account->display_name, 0);
	}
	return summary_page_keep(page, &b);
}

static const char *
table_note(struct summary_page *page, const struct invoice *inv)
{
	struct buf b = BUF_INIT;

	if (inv->line_count == 0)
		buf_str(&b, "No usage in this period.");
	else
		buf_printf(&b,
		    "Rates in %s per GiB-month; hours "
		    "measured/estimated/missing.",
		    inv->account.currency);
	return summary_page_keep(page, &b);
}

static void
add_bill(struct summary_page *page, const struct summary *summary, size_t i)
{
	const struct invoice *inv = &summary->invoices[i];
	struct summary_page_section *s =
	    summary_page_section(page, bill_title(page, &inv->account));
	struct invoice_period month;
	struct buf b = BUF_INIT;

	if (summary->count > 1)
		add_figures(page, s, inv,
		    summary->before != NULL ? &summary->before[i] : NULL, 1);
	for (size_t m = 0; inv->line_count > 0 && m < inv->period.month_count;
	     m++) {
		struct summary_page_table *table = &s->tables[s->table_count++];

		table->title = "";
		if (inv->period.month_count > 1) {
			invoice_month_of(inv->months[m].month_start, &month);
			buf_str(&b, month.text);
			table->title = summary_page_keep(page, &b);
		}
		fill_table(page, table, inv, m);
	}
	s->notes = calloc(1, sizeof *s->notes);
	if (s->notes == NULL)
		page->failed = true;
	else
		summary_page_note(s, table_note(page, inv), NULL, NULL);
}

/* Which bills are shown one by one. */

struct rank {
	const struct invoice *invoice;
	size_t index;
};

static int
compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	bool x_held = x->invoice->state == INVOICE_HELD;
	bool y_held = y->invoice->state == INVOICE_HELD;
	int order;

	if (x_held != y_held)
		return x_held ? -1 : 1;
	order = exact_cmp(y->invoice->gib_months, x->invoice->gib_months);
	if (order != 0)
		return order;
	return (x->index > y->index) - (x->index < y->index);
}

static int
compare_indexes(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static void
note_top(struct summary_page *page, size_t shown, size_t count)
{
	struct summary_page_section *s = &page->sections[0];
	struct buf b = BUF_INIT;

	s->notes = calloc(1, sizeof *s->notes);
	if (s->notes == NULL) {
		page->failed = true;
		return;
	}
	buf_printf(&b,
	    "There are %zu accounts: what is held and the largest, %zu of "
	    "them, follow; all are in the CSV.",
	    count, shown);
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}

static void
add_bills(struct summary_page *page, const struct summary *summary)
{
	struct rank *ranks = calloc(summary->count, sizeof *ranks);
	size_t shown = summary->count;

	if (ranks == NULL) {
		page->failed = true;
		return;
	}
	for (size_t i = 0; i < summary->count; i++)
		ranks[i] = (struct rank){&summary->invoices[i], i};
	if (shown > SUMMARY_TOP_BILLS) {
		shown = SUMMARY_TOP_BILLS;
		qsort(ranks, summary->count, sizeof *ranks, compare_ranks);
		qsort(ranks, shown, sizeof *ranks, compare_indexes);
		note_top(page, shown, summary->count);
	}
	for (size_t i = 0; i < shown; i++)
		add_bill(page, summary, ranks[i].index);
	free(ranks);
}

/* --- the page --- */

void
summary_page_make(struct summary_page *page, const struct summary *summary)
{
	memset(page, 0, sizeof *page);
	page->title = "";
	/* The overview, the bills, corrections, trouble, footer. */
	page->sections = calloc(summary->count + 4, sizeof *page->sections);
	if (page->sections == NULL) {
		page->failed = true;
		return;
	}
	add_overview(page, summary);
	add_bills(page, summary);
	summary_notes_corrections(page, summary);
	summary_notes_trouble(page, summary);
	summary_notes_footer(page, summary);
}

void
summary_page_fini(struct summary_page *page)
{
	struct summary_page_text *t;

	for (size_t i = 0; i < page->section_count; i++)
		free(page->sections[i].notes);
	free(page->sections);
	while ((t = page->texts) != NULL) {
		page->texts = t->next;
		free(t);
	}
	memset(page, 0, sizeof *page);
}
