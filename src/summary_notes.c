/*
 * summary_notes.c - what a summary says below its tables: trouble and what to
 * do about it, and how the money was computed. In: bills. Out: notes of a
 * page, which owns them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/opt.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "summary_page.h"

enum {
	/* Columns of a name within a sentence, and names in one. */
	NAME_COLUMNS = 32,
	MAX_NAMES = 5,
	/* Notes of a bill in the trouble section, and footer notes besides
	 * rounding and heads. */
	BILL_NOTES = 2,
	TROUBLED_BILLS = 20, /* bills that have notes of their own */
	FOOTER_NOTES = 3,
};

/* --- corrections --- */

/* "2026-09, lab: USD +0.99 for 2026-09-20T00:00:00Z to .." */
static const char *
describe_correction(struct summary_page *page, const struct summary *summary,
    size_t i, const struct invoice_correction *c)
{
	const struct invoice *inv = &summary->invoices[i];
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE], id[UUID_TEXT_SIZE];
	struct buf b = BUF_INIT;

	if (summary->count > 1)
		buf_printf(&b, "%s, ", inv->account.name);
	buf_printf(&b, "%s, ", c->corrects);
	text_clean(&b,
	    c->name[0] != '\0' ? c->name : uuid_format(&c->volume_id, id),
	    NAME_COLUMNS);
	buf_printf(&b, ": %s %s%s for usage from %s to %s.",
	    inv->account.currency, c->amount[0] == '-' ? "" : "+", c->amount,
	    utc_format(c->from, from), utc_format(c->to, to));
	return summary_page_keep(page, &b);
}

/* A section that is there only when something is corrected. */
void
summary_notes_corrections(
    struct summary_page *page, const struct summary *summary)
{
	struct summary_page_section *s;
	struct buf b = BUF_INIT;
	size_t all = 0, told = 0;

	for (size_t i = 0; i < summary->count; i++)
		all += summary->invoices[i].correction_count;
	if (all == 0)
		return;
	s = summary_page_section(page, "Corrections of closed periods");
	s->notes = calloc(SUMMARY_TOP_LINES + 1, sizeof *s->notes);
	if (s->notes == NULL) {
		page->failed = true;
		return;
	}
	for (size_t i = 0; i < summary->count; i++) {
		const struct invoice *inv = &summary->invoices[i];

		for (size_t j = 0; j < inv->correction_count; j++)
			if (told++ < SUMMARY_TOP_LINES)
				summary_page_note(s,
				    describe_correction(
					page, summary, i, &inv->corrections[j]),
				    NULL, NULL);
	}
	if (all <= SUMMARY_TOP_LINES)
		return;
	buf_printf(
	    &b, "And %zu more; all are in the CSV.", all - SUMMARY_TOP_LINES);
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}

/* --- trouble --- */

static void
put_whose(struct buf *b, const struct summary *summary, size_t i)
{
	if (summary->count > 1)
		buf_printf(b, "%s: ", summary->invoices[i].account.name);
}

/* Usage that has no rate; nothing stored needs none. */
static bool
is_unrated(const struct rating_line *line)
{
	return !line->rated && exact_sign(line->byte_hours) != 0;
}

static void
put_unrated_names(
    struct buf *b, struct summary_page *page, const struct invoice *inv)
{
	size_t count = 0;

	for (size_t i = 0; i < inv->line_count; i++) {
		const struct invoice_line *line = &inv->lines[i];

		if (!is_unrated(line->rated) || count++ >= MAX_NAMES)
			continue;
		buf_str(b, count > 1 ? ", " : "");
		text_clean(
		    b, summary_page_name(page, line->rated), NAME_COLUMNS);
		buf_str(b, summary_page_mark(page, inv, line));
	}
	if (count > MAX_NAMES)
		buf_printf(b, " and %zu more", count - MAX_NAMES);
}

static void
note_unrated(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary, size_t i)
{
	const struct invoice *inv = &summary->invoices[i];
	struct exact *usage = exact_new();
	struct buf b = BUF_INIT;
	char from[UTC_TEXT_SIZE];
	const char *text;

	put_whose(&b, summary, i);
	for (size_t j = 0; j < inv->line_count; j++)
		if (is_unrated(inv->lines[j].rated))
			exact_add(usage, inv->lines[j].rated->gib_months);
	summary_put_usage(&b, usage);
	buf_str(&b, " have no rate, so there is no total: ");
	put_unrated_names(&b, page, inv);
	buf_str(&b, ". To set one for all ages:");
	text = summary_page_keep(page, &b);
	buf_printf(&b,
	    "stat.flexfs create rate --account %s --rate RATE --from %s",
	    inv->account.name, utc_format(inv->period.from, from));
	summary_page_note(s, text, summary_page_keep(page, &b), NULL);
	exact_free(usage);
}

static const char *
gap_words(enum account_gap gap)
{
	switch (gap) {
	case ACCOUNT_GAP_CARRY:
		return "carried on from the last hour before the gap";
	case ACCOUNT_GAP_ZERO:
		return "taken as zero";
	case ACCOUNT_GAP_INTERPOLATE:
		return "interpolated between the hours around the gap";
	case ACCOUNT_GAP_HOLD:
		break;
	}
	return "filled in";
}

static void
put_gaps(struct buf *b, const struct invoice *inv)
{
	const struct rating_hours *h = &inv->hours;
	const char *holds = inv->state == INVOICE_OPEN ? "would hold the period"
			    : inv->state == INVOICE_CLOSED
				? "held the period until it was accepted"
				: "holds the period";

	buf_printf(b, "Of %" PRId64 " volume-hours ",
	    h->measured + h->estimated + h->unbilled);
	if (h->estimated > 0)
		buf_printf(b, "%" PRId64 " are estimated (%s)", h->estimated,
		    gap_words(inv->account.gap));
	if (h->unbilled > 0)
		buf_printf(b, "%s%" PRId64 " are missing and not billed",
		    h->estimated > 0 ? ", " : "", h->unbilled);
	buf_str(b, ". ");
	if (inv->reason == INVOICE_TOO_MANY_ESTIMATES)
		buf_printf(b, "More than %d %% are estimated: that %s. ",
		    INVOICE_MAX_ESTIMATED_PERCENT, holds);
	if (inv->reason == INVOICE_MISSING_HOURS)
		buf_printf(b, "By the account's gap policy that %s. ", holds);
	buf_str(b, inv->state == INVOICE_CLOSED
		       ? "What comes late is billed as a correction. Which "
			 "volumes:"
		       : "Reports that come late replace what is estimated or "
			 "missing. Which volumes:");
}

static void
note_gaps(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary, size_t i)
{
	const struct invoice *inv = &summary->invoices[i];
	struct buf b = BUF_INIT;
	const char *text;

	put_whose(&b, summary, i);
	put_gaps(&b, inv);
	text = summary_page_keep(page, &b);
	buf_printf(&b,
	    "stat.flexfs report --period %s --account %s --format csv",
	    inv->period.text, inv->account.name);
	summary_page_note(s, text, summary_page_keep(page, &b), NULL);
}

static void
note_silence(struct summary_page *page, struct summary_page_section *s,
    const struct silence *silence)
{
	struct buf b = BUF_INIT;
	char at[UTC_TEXT_SIZE], interval[OPT_DURATION_SIZE];
	const char *text;

	buf_printf(&b, "Silent for more than %s",
	    opt_format_duration(silence->expected_secs, interval));
	for (size_t i = 0; i < silence->count && i < MAX_NAMES; i++) {
		const struct silence_source *source = &silence->list[i];

		buf_printf(&b, "%s%s", i == 0 ? ": " : ", ", source->name);
		if (source->last_report_at != 0)
			buf_printf(&b, " (last heard of at %s)",
			    utc_format(source->last_report_at, at));
		else
			buf_str(&b, " (never heard of)");
	}
	if (silence->count > MAX_NAMES)
		buf_printf(&b, " and %zu more", silence->count - MAX_NAMES);
	buf_str(&b, ". Hours without reports are estimated or missing. Which "
		    "sources:");
	text = summary_page_keep(page, &b);
	summary_page_note(s, text, "stat.flexfs list sources", NULL);
}

/* Unrated usage and gaps; of many accounts only how many there are. */
static void
note_bills(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	size_t troubled = 0;
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < summary->count; i++) {
		const struct invoice *inv = &summary->invoices[i];
		bool unrated = inv->reason == INVOICE_UNRATED_USAGE;
		bool gaps = inv->hours.estimated > 0 || inv->hours.unbilled > 0;

		if ((!unrated && !gaps) || troubled++ >= TROUBLED_BILLS)
			continue;
		if (unrated)
			note_unrated(page, s, summary, i);
		if (gaps)
			note_gaps(page, s, summary, i);
	}
	if (troubled <= TROUBLED_BILLS)
		return;
	buf_printf(&b,
	    "%zu more accounts have estimated or missing hours, or usage "
	    "without a rate. Which ones:",
	    troubled - TROUBLED_BILLS);
	summary_page_note(
	    s, summary_page_keep(page, &b), "stat.flexfs list periods", NULL);
}

void
summary_notes_trouble(struct summary_page *page, const struct summary *summary)
{
	struct summary_page_section *s = summary_page_section(page, "Trouble");

	s->notes =
	    calloc(TROUBLED_BILLS * BILL_NOTES + SUMMARY_TROUBLE_NOTES + 3,
		sizeof *s->notes);
	if (s->notes == NULL) {
		page->failed = true;
		return;
	}
	if (summary->silence != NULL && summary->silence->count > 0)
		note_silence(page, s, summary->silence);
	note_bills(page, s, summary);
	if (summary->trouble != NULL)
		summary_trouble_notes(page, s, summary);
	if (s->note_count == 0)
		summary_page_note(s, "None.", NULL, NULL);
}

/* --- footer --- */

static bool
same_rounding(const struct invoice *a, const struct invoice *b)
{
	return a->account.rounding == b->account.rounding &&
	       a->account.rounding_mode == b->account.rounding_mode &&
	       a->digits == b->digits &&
	       strcmp(a->account.currency, b->account.currency) == 0;
}

void
summary_notes_rounding(struct buf *b, const struct invoice *inv)
{
	const char *mode = inv->account.rounding_mode == EXACT_HALF_EVEN
			       ? "half to even"
			       : "half up";

	if (inv->account.rounding == ACCOUNT_PER_LINE)
		buf_printf(b,
		    "%s: every line is rounded %s to %d decimals, and the "
		    "total is their sum.",
		    inv->account.currency, mode, inv->digits);
	else
		buf_printf(b,
		    "%s: the exact total is rounded once, %s, to %d decimals; "
		    "lines get their share of it by largest remainder, ties "
		    "to the earlier line.",
		    inv->account.currency, mode, inv->digits);
}

/* One note per rule; whose it is, when there are several. */
static void
add_rounding(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	const struct invoice *inv = summary->invoices;
	size_t n = summary->count;

	for (size_t i = 0; i < n; i++) {
		struct buf b = BUF_INIT;
		const char *comma = "";
		bool seen = false, all = true;

		for (size_t j = 0; j < n; j++) {
			bool same = same_rounding(&inv[i], &inv[j]);

			seen = seen || (same && j < i);
			all = all && same;
		}
		if (seen)
			continue;
		buf_str(&b, "Rounding");
		for (size_t j = i; !all && j < n; j++)
			if (same_rounding(&inv[i], &inv[j])) {
				buf_printf(
				    &b, "%s %s", comma, inv[j].account.name);
				comma = ",";
			}
		buf_str(&b, ", ");
		summary_notes_rounding(&b, &inv[i]);
		summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
	}
}

/* The dearest line that has an amount. */
static const struct invoice_line *
find_example(const struct summary *summary, const struct invoice **whose)
{
	const struct invoice_line *best = NULL;

	for (size_t i = 0; i < summary->count && best == NULL; i++) {
		const struct invoice *inv = &summary->invoices[i];

		*whose = inv;
		for (size_t j = 0; j < inv->line_count; j++)
			if (inv->lines[j].amount != NULL &&
			    inv->lines[j].rated->rated &&
			    (best == NULL ||
				summary_page_above(&inv->lines[j], best)))
				best = &inv->lines[j];
	}
	return best;
}

static void
add_example(struct summary_page *page, struct summary_page_section *s,
    const struct summary *summary)
{
	const struct invoice *inv;
	const struct invoice_line *line = find_example(summary, &inv);
	struct buf b = BUF_INIT;

	if (line == NULL)
		return;
	buf_str(&b, "For example ");
	text_clean(&b, summary_page_name(page, line->rated), NAME_COLUMNS);
	buf_printf(&b, "%s: ", summary_page_mark(page, inv, line));
	summary_put_fixed(&b, line->rated->byte_hours, 0);
	buf_printf(&b, " / 2^30 / %" PRId64 " = ",
	    inv->months[line->month].hours_in_month);
	summary_put_fixed(&b, line->rated->gib_months, 6);
	buf_printf(&b, " GiB-months; * %s = ", line->rated->rate.rate);
	summary_put_fixed(&b, line->rated->amount, 6);
	buf_printf(&b, "; billed: %s %s.", inv->account.currency, line->amount);
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}

/* Bills made while reports come in may rest on different heads. */
static void
add_heads(struct summary_page_section *s, const struct summary *summary)
{
	for (size_t i = 0; i < summary->count; i++) {
		const char *head = summary->invoices[i].head;
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(summary->invoices[j].head, head) == 0;
		if (!seen && head[0] != '\0')
			summary_page_note(s, "Ledger head:", NULL, head);
	}
}

void
summary_notes_footer(struct summary_page *page, const struct summary *summary)
{
	struct summary_page_section *s =
	    summary_page_section(page, "How it was computed");
	struct buf b = BUF_INIT;
	char made[UTC_TEXT_SIZE];

	s->notes = calloc(2 * summary->count + FOOTER_NOTES, sizeof *s->notes);
	if (s->notes == NULL) {
		page->failed = true;
		return;
	}
	summary_page_note(s,
	    "A line costs its byte-hours / 2^30 / hours of the month * rate "
	    "per GiB-month. Byte-hours are the sum of the hours' mean sizes.",
	    NULL, NULL);
	add_example(page, s, summary);
	add_rounding(page, s, summary);
	add_heads(s, summary);
	buf_printf(&b, "Made by stat.flexfs %s at %s.", STAT_VERSION,
	    utc_format(summary->now, made));
	summary_page_note(s, summary_page_keep(page, &b), NULL, NULL);
}
