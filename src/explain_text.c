/*
 * explain_text.c - an explanation as plain text of at most 100 columns. In: an
 * explanation. Out: lines.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "lib/text.h"
#include "lib/utc.h"

enum {
	COLUMNS = 100,
	LABEL_COLUMNS = 10, /* "Rests on" and its like, with room behind */
	MEAN_COLUMNS = 20,  /* the largest size there is, and a space */
	FIGURE_COLUMNS = 36,
};

static char *
decimal(const struct exact *x)
{
	return exact_decimal(x, INVOICE_EXACT_DIGITS);
}

static void
put_decimal(struct buf *out, const struct exact *x)
{
	char *text = decimal(x);

	buf_str(out, text);
	free(text);
}

static void
put_money(struct buf *out, const struct exact *x, const struct explain *e)
{
	char *text = exact_fixed(x, e->invoice.digits);

	buf_str(out, text);
	free(text);
}

/* "2026-10-01 05:00" */
static void
put_hour(struct buf *out, int64_t hour)
{
	char text[UTC_TEXT_SIZE];

	utc_format(hour * UTC_HOUR_SECS, text);
	buf_printf(out, "%.10s %.5s", text, text + 11);
}

static void
put_time(struct buf *out, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	buf_str(out, utc_format(at, text));
}

static void
put_title(struct buf *out, const char *title, char underline)
{
	buf_printf(out, "%s\n", title);
	for (size_t i = text_width(title); i > 0; i--)
		buf_char(out, underline);
	buf_char(out, '\n');
}

/* A value that is broken to its columns; empties b. */
static void
put_pair(struct buf *out, const char *label, struct buf *b)
{
	struct buf first = BUF_INIT, next = BUF_INIT;
	struct text_layout layout = {.columns = COLUMNS};

	text_left(&first, label, LABEL_COLUMNS);
	text_left(&next, "", LABEL_COLUMNS);
	layout.first = buf_text(&first);
	layout.next = buf_text(&next);
	text_wrap(out, buf_text(b), &layout);
	out->failed = out->failed || first.failed || next.failed || b->failed;
	buf_fini(&first);
	buf_fini(&next);
	buf_fini(b);
}

/* A paragraph; empties b. */
static void
put_note(struct buf *out, struct buf *b)
{
	static const struct text_layout layout = {COLUMNS, "", ""};

	text_wrap(out, buf_text(b), &layout);
	out->failed = out->failed || b->failed;
	buf_fini(b);
}

/* --- facts and samples --- */

static void
put_sha256(struct buf *out, const struct explain_fact *fact)
{
	char text[FACT_HEAD_TEXT_SIZE];

	if (fact->has_body)
		buf_printf(
		    out, "    %s\n", fact_format_head(fact->body_sha256, text));
}

static void
put_origin(struct buf *out, const struct explain_sample *s)
{
	buf_str(out, "    report ");
	text_clean(out, s->report.subject, 40);
	buf_str(out, " of ");
	text_clean(out, s->report.who, 40);
	buf_printf(out, ", fact %" PRId64 "\n", s->report.seq);
	put_sha256(out, &s->report);
	if (s->released.seq == 0)
		return;
	buf_str(out, "    released by ");
	text_clean(out, s->released.who, 40);
	buf_printf(out, ", fact %" PRId64 "\n", s->released.seq);
}

static void
put_standing(struct buf *out, const struct explain_samples *all,
    const struct explain_sample *s)
{
	switch (s->standing) {
	case EXPLAIN_COUNTS:
		buf_printf(out, "counts %" PRIu64 " of %" PRIu64, s->weight,
		    all->weights);
		break;
	case EXPLAIN_SUPERSEDED:
		buf_str(out, "superseded: does not count");
		break;
	case EXPLAIN_AFTER_END:
		buf_str(out, "after the volume's end: does not count");
		break;
	}
}

/* "720:123 0:6" of a correction, the bytes of its bin of a line. */
static void
put_bytes(
    struct buf *out, const struct explain *e, const struct explain_sample *s)
{
	char age[RATE_AGE_SIZE];

	if (!e->correction) {
		buf_printf(out, "%" PRId64 " B",
		    explain_bytes_of(s, e->usage->rated->age_hours));
		return;
	}
	buf_printf(out, "%" PRId64 " B", s->bytes);
	if (s->size_count == 1 && s->sizes[0].age_hours == 0)
		return;
	for (size_t i = 0; i < s->size_count; i++)
		buf_printf(out, "%s%s %" PRId64, i == 0 ? " (" : ", ",
		    s->sizes[i].age_hours != 0
			? rate_format_age(s->sizes[i].age_hours, age)
			: "older",
		    s->sizes[i].bytes);
	buf_char(out, ')');
}

static void
put_sample(struct buf *out, const struct explain *e,
    const struct explain_samples *all, const struct explain_sample *s)
{
	static const struct text_layout layout = {COLUMNS, "  ", "      "};
	struct buf b = BUF_INIT;
	char text[UTC_TEXT_SIZE];

	utc_format(s->hour * UTC_HOUR_SECS + s->nanos / 1000000000, text);
	if (s->runs_on)
		buf_printf(&b, "%.10s ", text);
	buf_printf(&b, "%.8s.%09d  ", text + 11, (int)(s->nanos % 1000000000));
	put_bytes(&b, e, s);
	buf_printf(&b, ", revision %" PRId64 ", ", s->revision);
	put_standing(&b, all, s);
	buf_printf(&b, "%s, %s%s", s->runs_on ? ", runs on" : "",
	    s->account_name, s->fresh ? ", new" : "");
	text_wrap(out, buf_text(&b), &layout);
	out->failed = out->failed || b.failed;
	buf_fini(&b);
	put_origin(out, s);
}

static void
put_samples(struct buf *out, const struct explain *e,
    const struct explain_samples *samples)
{
	if (samples->removed)
		buf_str(out, "  Samples are removed; their sums are kept.\n");
	for (size_t i = 0; i < samples->count; i++)
		put_sample(out, e, samples, &samples->list[i]);
}

/* --- hours --- */

static const char *
kind_name(enum usage_kind kind)
{
	static const char *const names[] = {
	    "measured", "estimated", "unbilled"};

	return names[kind];
}

/* "2026-10-01 05:00  measured    107374182400  0.004"; what does not fit goes
 * to the next line. */
static void
put_figures(struct buf *out, int64_t hour, const char *kind,
    const struct exact *bytes, const struct exact *cost)
{
	char *mean = decimal(bytes), *money = decimal(cost);
	struct buf line = BUF_INIT;

	put_hour(&line, hour);
	buf_str(&line, "  ");
	text_left(&line, kind, sizeof "estimated" - 1);
	buf_char(&line, ' ');
	text_right(&line, mean, MEAN_COLUMNS);
	if (line.len + 2 + strlen(money) > COLUMNS)
		buf_char(&line, '\n');
	buf_printf(&line, "  %s\n", money);
	buf_str(out, buf_text(&line));
	out->failed = out->failed || line.failed;
	buf_fini(&line);
	free(mean);
	free(money);
}

static void
put_rests(struct buf *out, const struct explain_hour *h)
{
	buf_str(out, h->rest_count > 1 ? "  interpolated: " : "  carried on: ");
	for (size_t i = 0; i < h->rest_count; i++) {
		const struct explain_rest *r = &h->rests[i];

		buf_str(out, i > 0 ? " + " : "");
		if (r->weight != r->of)
			buf_printf(out, "%" PRId64 "/%" PRId64 " of ",
			    r->weight, r->of);
		put_hour(out, r->hour);
	}
	buf_char(out, '\n');
}

static void
put_why_unbilled(
    struct buf *out, const struct explain *e, const struct explain_hour *h)
{
	const struct account *a = &e->invoice.account;

	buf_printf(out, "  gap policy %s", account_gap_name(a->gap));
	if (a->gap == ACCOUNT_GAP_CARRY || a->gap == ACCOUNT_GAP_INTERPOLATE)
		buf_printf(out, ", carried on for %" PRId64 " hours at most",
		    a->max_carry_hours);
	buf_str(out, "; last measured ");
	put_hour(out, h->from_hour);
	buf_char(out, '\n');
}

static void
put_ground(
    struct buf *out, const struct explain *e, const struct explain_hour *h)
{
	switch (h->kind) {
	case USAGE_MEASURED:
		put_samples(out, e, &h->samples);
		break;
	case USAGE_ESTIMATED:
		put_rests(out, h);
		break;
	case USAGE_UNBILLED:
		put_why_unbilled(out, e, h);
		break;
	}
}

static void
put_usage_hours(struct buf *out, const struct explain *e)
{
	buf_printf(out,
	    "Beginning (UTC), kind, mean bytes, cost in %s; then what it "
	    "rests on.\n\n",
	    e->invoice.account.currency);
	for (size_t i = 0; i < e->now.count; i++) {
		const struct explain_hour *h = &e->now.hours[i];

		if (!explain_is_shown(e, h->hour))
			continue;
		put_figures(out, h->hour, kind_name(h->kind), h->bins[0].bytes,
		    h->cost);
		put_ground(out, e, h);
	}
}

/* --- hours of a correction --- */

static void
put_bin(struct buf *out, const struct explain_bin *bin)
{
	static const struct text_layout layout = {COLUMNS, "    ", "      "};
	char age[RATE_AGE_SIZE];
	struct buf b = BUF_INIT;

	if (bin->age_hours != 0)
		buf_printf(&b, "%s: ", rate_format_age(bin->age_hours, age));
	put_decimal(&b, bin->bytes);
	if (bin->rated)
		buf_printf(&b, " B at %s: ", bin->rate.rate);
	else
		buf_str(&b, " B without a rate: ");
	put_decimal(&b, bin->cost);
	text_wrap(out, buf_text(&b), &layout);
	out->failed = out->failed || b.failed;
	buf_fini(&b);
}

static void
put_side_hour(struct buf *out, const char *name, const struct explain *e,
    const struct explain_hour *h)
{
	if (h == NULL) {
		buf_printf(out, "  %s  nothing\n", name);
		return;
	}
	buf_printf(out, "  %s  %s, ", name, kind_name(h->kind));
	put_decimal(out, h->cost);
	buf_char(out, '\n');
	for (size_t i = 0; i < h->bin_count; i++)
		put_bin(out, &h->bins[i]);
	put_ground(out, e, h);
}

static void
put_corrected_hour(struct buf *out, const struct explain *e, int64_t hour)
{
	const struct explain_hour *before = explain_hour_of(&e->before, hour);
	const struct explain_hour *now = explain_hour_of(&e->now, hour);
	struct exact *difference = exact_new();

	if (now != NULL)
		exact_add(difference, now->cost);
	if (before != NULL)
		exact_sub(difference, before->cost);
	put_hour(out, hour);
	buf_str(out, exact_sign(difference) > 0 ? "  +" : "  ");
	put_decimal(out, difference);
	buf_char(out, '\n');
	put_side_hour(out, "before", e, before);
	put_side_hour(out, "now   ", e, now);
	exact_free(difference);
}

static void
put_corrected_hours(struct buf *out, const struct explain *e)
{
	buf_printf(out,
	    "Beginning (UTC) and difference in %s of each hour that costs "
	    "another.\n\n",
	    e->invoice.account.currency);
	for (int64_t at = e->from / UTC_HOUR_SECS; at < e->to / UTC_HOUR_SECS;
	     at++)
		if (explain_is_shown(e, at))
			put_corrected_hour(out, e, at);
}

/* --- sources --- */

static void
put_source(
    struct buf *out, const struct explain *e, const struct explain_hour *h)
{
	put_hour(out, h->hour);
	buf_char(out, '\n');
	for (size_t i = 0; i < h->bin_count; i++) {
		char age[RATE_AGE_SIZE];

		if (!e->correction &&
		    h->bins[i].age_hours != e->usage->rated->age_hours)
			continue;
		buf_str(out, "    ");
		if (h->bins[i].age_hours != 0)
			buf_printf(out,
			    "%s: ", rate_format_age(h->bins[i].age_hours, age));
		put_decimal(out, h->bins[i].bytes);
		buf_str(out, " B\n");
	}
	put_samples(out, e, &h->samples);
}

static void
put_sources(struct buf *out, const struct explain *e, const char *title,
    const struct explain_side *side)
{
	if (side->source_count == 0)
		return;
	buf_char(out, '\n');
	put_title(out, title, '-');
	for (size_t i = 0; i < side->source_count; i++)
		put_source(out, e, &side->sources[i]);
}

/* --- head --- */

static void
put_stated(struct buf *b, const struct explain_fact *fact)
{
	if (fact->seq == 0)
		return;
	buf_str(b, "; stated ");
	put_time(b, fact->at);
	buf_str(b, " by ");
	text_clean(b, fact->who, 60);
	buf_printf(b, ", fact %" PRId64, fact->seq);
}

static void
put_rate(struct buf *b, const struct explain *e, const struct rate *rate)
{
	buf_printf(b, "%s %s per GiB-month, %s%s, from ",
	    e->invoice.account.currency, rate->rate,
	    rate->age_hours != 0 ? "age " : "all ages", rate->max_age);
	put_time(b, rate->from_hour * UTC_HOUR_SECS);
}

static void
put_usage_head(struct buf *out, const struct explain *e)
{
	const struct rating_line *line = e->usage->rated;
	struct invoice_period month;
	char age[RATE_AGE_SIZE];
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < line->former_count; i++) {
		buf_str(&b, i > 0 ? ", " : "");
		text_clean(&b, line->former_names[i], 60);
	}
	if (line->former_count > 0)
		put_pair(out, "Before", &b);
	if (line->age_hours != 0) {
		buf_printf(
		    &b, "up to %s", rate_format_age(line->age_hours, age));
		put_pair(out, "Age", &b);
	}
	invoice_month_of(e->from, &month);
	buf_printf(&b, "%s, %" PRId64 " hours", month.text,
	    (e->to - e->from) / UTC_HOUR_SECS);
	put_pair(out, "Month", &b);
	if (e->now.ended_at != 0) {
		put_time(&b, e->now.ended_at);
		put_pair(out, "Ended", &b);
	}
	if (e->rated)
		put_rate(&b, e, &e->rate);
	else
		buf_str(&b, "there is none");
	put_stated(&b, &e->rate_fact);
	put_pair(out, "Rate", &b);
}

static void
put_news(struct buf *out, const struct explain *e)
{
	for (size_t i = 0; i < e->news_count; i++) {
		const struct explain_news *n = &e->news[i];
		struct buf b = BUF_INIT;

		if (n->is_end && n->ended_at == 0)
			buf_str(&b, "the volume has not ended");
		else if (n->is_end) {
			buf_str(&b, "the volume ended at ");
			put_time(&b, n->ended_at);
		} else
			put_rate(&b, e, &n->rate);
		put_stated(&b, &n->fact);
		put_pair(out, "News", &b);
	}
}

static void
put_correction_head(struct buf *out, const struct explain *e)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s, closed as invoice %s; usage from ",
	    e->corrected->corrects, e->corrects);
	put_time(&b, e->corrected->from);
	buf_str(&b, " to ");
	put_time(&b, e->corrected->to);
	put_pair(out, "Corrects", &b);
	buf_printf(&b, "before: fact %" PRId64 "; now: fact %" PRId64,
	    e->before.upto_fact, e->now.upto_fact);
	put_pair(out, "Sides", &b);
	put_news(out, e);
}

static void
put_head(struct buf *out, const struct explain *e)
{
	const struct invoice *inv = &e->invoice;
	const struct uuid *id = e->correction ? &e->corrected->volume_id
					      : &e->usage->rated->volume_id;
	const char *name =
	    e->correction ? e->corrected->name : e->usage->rated->name;
	char text[UUID_TEXT_SIZE];
	struct buf b = BUF_INIT;

	buf_printf(&b, "Line %zu of %s of %s", e->line,
	    inv->number[0] != '\0' ? inv->number : inv->period.text,
	    inv->account.name);
	put_title(out, buf_text(&b), '=');
	buf_clear(&b);
	buf_printf(&b, "%s, period %s, %s", inv->account.name, inv->period.text,
	    invoice_state_name(inv->state));
	put_pair(out, "Account", &b);
	text_clean(&b, name, 60);
	buf_printf(
	    &b, "%s%s", name[0] != '\0' ? ", " : "", uuid_format(id, text));
	put_pair(out, "Volume", &b);
	if (e->correction)
		put_correction_head(out, e);
	else
		put_usage_head(out, e);
	buf_printf(&b, "fact %" PRId64 ", the ledger's head is %s",
	    inv->upto_fact, inv->head);
	put_pair(out, "Rests on", &b);
}

/* --- the amount --- */

static void
put_figure(struct buf *out, const char *what, const struct exact *x)
{
	text_left(out, what, FIGURE_COLUMNS);
	buf_char(out, ' ');
	put_decimal(out, x);
	buf_char(out, '\n');
}

static void
put_formula(struct buf *out, const struct explain *e)
{
	struct exact *x = exact_new();
	struct invoice_period month;
	struct buf b = BUF_INIT;

	buf_printf(&b,
	    "Hours: %" PRId64 " measured, %" PRId64 " estimated, %" PRId64
	    " unbilled.",
	    e->hours.measured, e->hours.estimated, e->hours.unbilled);
	put_note(out, &b);
	exact_set(x, e->byte_hours);
	put_figure(out, "sum of mean bytes", x);
	exact_div_int(x, INT64_C(1) << 30);
	put_figure(out, "/ 2^30 = GiB-hours", x);
	exact_div_int(x, (e->to - e->from) / UTC_HOUR_SECS);
	invoice_month_of(e->from, &month);
	buf_printf(&b, "/ %" PRId64 " hours of %s = GiB-months",
	    (e->to - e->from) / UTC_HOUR_SECS, month.text);
	put_figure(out, buf_text(&b), x);
	buf_clear(&b);
	if (e->rated) {
		buf_printf(&b, "* %s", e->rate.rate);
		put_figure(out, buf_text(&b), e->exact);
	}
	buf_fini(&b);
	exact_free(x);
}

static void
put_sharing(struct buf *b, const struct explain *e)
{
	const struct explain_rounding *r = &e->rounding;

	buf_printf(b, " Shared by largest remainder: this one is cut down to ");
	put_money(b, r->cut, e);
	buf_str(b, " and lost ");
	put_decimal(b, r->lost);
	buf_printf(b,
	    ", which is number %zu of %zu; units then missing: ", r->rank,
	    r->sharers);
	put_decimal(b, r->missing);
	buf_char(b, '.');
}

static const char *
mode_words(const struct explain *e)
{
	return e->invoice.account.rounding_mode == EXACT_HALF_EVEN
		   ? "half to even"
		   : "half up";
}

static void
put_rounding(struct buf *out, const struct explain *e)
{
	const struct explain_rounding *r = &e->rounding;
	struct buf b = BUF_INIT;

	if (r->exact != NULL) {
		buf_printf(&b, "The %s costs ",
		    e->correction ? "closed period" : "document");
		put_decimal(&b, r->exact);
		buf_printf(&b, " exactly, rounded %s ", mode_words(e));
		put_money(&b, r->rounded, e);
		if (r->billed != NULL) {
			buf_str(&b, "; billed for it before: ");
			put_money(&b, r->billed, e);
		}
		buf_char(&b, '.');
		if (r->sharers > 0)
			put_sharing(&b, e);
	} else if (r->lines != NULL) {
		buf_printf(
		    &b, "Its lines, each rounded %s, come to ", mode_words(e));
		put_money(&b, r->lines, e);
		buf_str(&b, "; billed before: ");
		put_money(&b, r->billed, e);
		buf_char(&b, '.');
	} else if (e->amount != NULL && e->adds_up) {
		buf_printf(&b, "Each line is rounded %s.", mode_words(e));
	}
	if (b.len > 0)
		put_note(out, &b);
}

static void
put_amount(struct buf *out, const struct explain *e)
{
	struct buf b = BUF_INIT;

	if (e->correction)
		put_figure(out, "sum of differences", e->exact);
	else
		put_formula(out, e);
	if (!e->adds_up) {
		buf_str(&b,
		    "Samples of some hours are removed. What is kept of them "
		    "holds what came late, too, so that the hours above do not "
		    "add up to what was billed.");
		put_note(out, &b);
	}
	text_left(out, "amount", FIGURE_COLUMNS);
	if (e->amount != NULL)
		buf_printf(
		    out, " %s %s\n", e->invoice.account.currency, e->amount);
	else
		buf_str(out, " none while usage has no rate\n");
	put_rounding(out, e);
}

void
explain_text(const struct explain *explain, struct buf *out)
{
	put_head(out, explain);
	buf_char(out, '\n');
	put_title(out, "Hours", '-');
	if (explain->correction)
		put_corrected_hours(out, explain);
	else
		put_usage_hours(out, explain);
	put_sources(out, explain,
	    explain->correction ? "Measured hours that estimates before rest on"
				: "Measured hours that estimates rest on",
	    explain->correction ? &explain->before : &explain->now);
	if (explain->correction)
		put_sources(out, explain,
		    "Measured hours that estimates now rest on", &explain->now);
	buf_char(out, '\n');
	put_title(out, "Amount", '-');
	put_amount(out, explain);
}
