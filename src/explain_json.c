/*
 * explain_json.c - an explanation as one JSON object. In: an explanation. Out:
 * text; money, sizes and quantities are strings. What may have more digits
 * than a decimal can show is a fraction, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "explain.h"
#include "lib/json.h"
#include "lib/utc.h"

static void
put_decimal(struct json_writer *w, const char *name, const struct exact *x)
{
	char *text = exact_decimal(x, INVOICE_EXACT_DIGITS);

	json_put_string(w, name, text);
	free(text);
}

static void
put_fraction(struct json_writer *w, const char *name, const struct exact *x)
{
	char *text = exact_fraction(x);

	json_put_string(w, name, text);
	free(text);
}

static void
put_money(struct json_writer *w, const char *name, const struct exact *x,
    const struct explain *e)
{
	char *text = exact_fixed(x, e->invoice.digits);

	json_put_string(w, name, text);
	free(text);
}

static void
put_hour(struct json_writer *w, const char *name, int64_t hour)
{
	json_put_time(w, name, hour * UTC_HOUR_SECS);
}

static void
put_time_or_null(struct json_writer *w, const char *name, int64_t at)
{
	if (at != 0)
		json_put_time(w, name, at);
	else
		json_put_null(w, name);
}

static void
put_age(struct json_writer *w, uint32_t age_hours)
{
	char age[RATE_AGE_SIZE];

	json_put_string(w, "max_age",
	    age_hours != 0 ? rate_format_age(age_hours, age) : NULL);
}

/* "2026-10-01T00:00:00.000000000Z" */
static void
put_instant(
    struct json_writer *w, const char *name, int64_t hour, int64_t nanos)
{
	char text[UTC_TEXT_SIZE], out[UTC_TEXT_SIZE + 16];

	utc_format(hour * UTC_HOUR_SECS + nanos / 1000000000, text);
	snprintf(
	    out, sizeof out, "%.19s.%09dZ", text, (int)(nanos % 1000000000));
	json_put_string(w, name, out);
}

/* --- facts --- */

static void
put_sha256(struct json_writer *w, const struct explain_fact *fact)
{
	char text[FACT_HEAD_TEXT_SIZE];

	json_put_string(w, "body_sha256",
	    fact->has_body
		? fact_format_head(fact->body_sha256, text) + sizeof "sha256"
		: NULL);
}

static void
put_report(struct json_writer *w, const struct explain_fact *fact)
{
	json_put_object(w, "report");
	json_put_string(w, "report_id", fact->subject);
	json_put_string(w, "source", fact->who);
	json_put_time(w, "received_at", fact->at);
	json_put_int(w, "fact", fact->seq);
	put_sha256(w, fact);
	json_put_end(w);
}

static void
put_release(struct json_writer *w, const struct explain_fact *fact)
{
	if (fact->seq == 0) {
		json_put_null(w, "released");
		return;
	}
	json_put_object(w, "released");
	json_put_string(w, "by", fact->who);
	json_put_time(w, "at", fact->at);
	json_put_int(w, "fact", fact->seq);
	json_put_end(w);
}

/* Who stated a rate, or an end, and when. */
static void
put_stated(struct json_writer *w, const struct explain_fact *fact)
{
	put_time_or_null(w, "stated_at", fact->at);
	json_put_string(w, "stated_by", fact->who);
	if (fact->seq != 0)
		json_put_int(w, "fact", fact->seq);
	else
		json_put_null(w, "fact");
}

/* --- samples --- */

static const char *
standing_name(enum explain_standing standing)
{
	static const char *const names[] = {
	    "counts", "superseded", "after_end"};

	return names[standing];
}

static void
put_sizes(struct json_writer *w, const struct explain_sample *s)
{
	json_put_array(w, "bins");
	for (size_t i = 0; i < s->size_count; i++) {
		json_put_object(w, NULL);
		put_age(w, s->sizes[i].age_hours);
		json_put_int_string(w, "bytes", s->sizes[i].bytes);
		json_put_end(w);
	}
	json_put_end(w);
}

static void
put_sample(struct json_writer *w, const struct explain *e,
    const struct explain_sample *s)
{
	char weight[24];

	snprintf(weight, sizeof weight, "%llu", (unsigned long long)s->weight);
	json_put_object(w, NULL);
	put_instant(w, "sampled_at", s->hour, s->nanos);
	json_put_int(w, "revision", s->revision);
	json_put_int_string(w, "volume_bytes", s->bytes);
	if (e->correction)
		put_sizes(w, s);
	else
		json_put_int_string(w, "bytes",
		    explain_bytes_of(s, e->usage->rated->age_hours));
	json_put_string(w, "account", s->account_name);
	json_put_string(w, "standing", standing_name(s->standing));
	json_put_bool(w, "runs_on", s->runs_on);
	json_put_string(w, "weight", weight);
	if (e->correction)
		json_put_bool(w, "new", s->fresh);
	put_report(w, &s->report);
	put_release(w, &s->released);
	json_put_end(w);
}

static void
put_samples(struct json_writer *w, const struct explain *e,
    const struct explain_samples *samples)
{
	char weights[24];

	snprintf(weights, sizeof weights, "%llu",
	    (unsigned long long)samples->weights);
	json_put_bool(w, "samples_removed", samples->removed);
	json_put_string(w, "weights", samples->weights > 0 ? weights : NULL);
	json_put_array(w, "samples");
	for (size_t i = 0; i < samples->count; i++)
		put_sample(w, e, &samples->list[i]);
	json_put_end(w);
}

/* --- hours --- */

static const char *
kind_name(enum usage_kind kind)
{
	static const char *const names[] = {
	    "measured", "estimated", "unbilled"};

	return names[kind];
}

static void
put_rests(struct json_writer *w, const struct explain_hour *h)
{
	json_put_array(w, "rests_on");
	for (size_t i = 0; i < h->rest_count; i++) {
		json_put_object(w, NULL);
		put_hour(w, "hour", h->rests[i].hour);
		json_put_int_string(w, "weight", h->rests[i].weight);
		json_put_int_string(w, "weights", h->rests[i].of);
		json_put_end(w);
	}
	json_put_end(w);
}

/* What an hour is, and why. */
static void
put_kind(struct json_writer *w, const struct explain *e,
    const struct explain_hour *h)
{
	json_put_string(w, "kind", kind_name(h->kind));
	if (h->kind != USAGE_MEASURED) {
		json_put_string(
		    w, "policy", account_gap_name(explain_policy(e, h)));
		put_hour(w, "last_measured", h->from_hour);
	}
	if (h->kind == USAGE_ESTIMATED)
		put_rests(w, h);
}

static void
put_mean(struct json_writer *w, const struct explain_bin *bin)
{
	put_decimal(w, "mean_bytes", bin->bytes);
	put_fraction(w, "mean_bytes_fraction", bin->bytes);
}

static void
put_bins(struct json_writer *w, const struct explain_hour *h, bool with_rate)
{
	json_put_array(w, "bins");
	for (size_t i = 0; i < h->bin_count; i++) {
		const struct explain_bin *bin = &h->bins[i];

		json_put_object(w, NULL);
		put_age(w, bin->age_hours);
		put_mean(w, bin);
		if (with_rate) {
			json_put_string(
			    w, "rate", bin->rated ? bin->rate.rate : NULL);
			put_decimal(w, "cost", bin->cost);
		}
		json_put_end(w);
	}
	json_put_end(w);
}

/* Of a line of usage: its one bin. */
static void
put_usage_hour(struct json_writer *w, const struct explain *e,
    const struct explain_hour *h)
{
	json_put_object(w, NULL);
	put_hour(w, "hour", h->hour);
	put_kind(w, e, h);
	put_mean(w, &h->bins[0]);
	put_decimal(w, "cost", h->cost);
	if (h->kind == USAGE_MEASURED)
		put_samples(w, e, &h->samples);
	json_put_end(w);
}

static void
put_side_hour(struct json_writer *w, const char *name, const struct explain *e,
    const struct explain_hour *h)
{
	if (h == NULL) {
		json_put_null(w, name);
		return;
	}
	json_put_object(w, name);
	put_kind(w, e, h);
	put_bins(w, h, true);
	put_decimal(w, "cost", h->cost);
	if (h->kind == USAGE_MEASURED)
		put_samples(w, e, &h->samples);
	json_put_end(w);
}

static int64_t
hours_in_month(int64_t hour)
{
	int64_t start = utc_month_start(hour * UTC_HOUR_SECS);

	return (utc_month_add(start, 1) - start) / UTC_HOUR_SECS;
}

static void
put_corrected_hour(struct json_writer *w, const struct explain *e, int64_t hour)
{
	const struct explain_hour *before = explain_hour_of(&e->before, hour);
	const struct explain_hour *now = explain_hour_of(&e->now, hour);
	struct exact *difference = exact_new();

	if (now != NULL)
		exact_add(difference, now->cost);
	if (before != NULL)
		exact_sub(difference, before->cost);
	json_put_object(w, NULL);
	put_hour(w, "hour", hour);
	json_put_int(w, "hours_in_month", hours_in_month(hour));
	put_decimal(w, "difference", difference);
	put_fraction(w, "difference_fraction", difference);
	put_side_hour(w, "before", e, before);
	put_side_hour(w, "now", e, now);
	json_put_end(w);
	exact_free(difference);
}

static void
put_hours(struct json_writer *w, const struct explain *e)
{
	json_put_array(w, "hours");
	if (e->correction) {
		for (int64_t at = e->from / UTC_HOUR_SECS;
		     at < e->to / UTC_HOUR_SECS; at++)
			if (explain_is_shown(e, at))
				put_corrected_hour(w, e, at);
	} else {
		for (size_t i = 0; i < e->now.count; i++)
			if (explain_is_shown(e, e->now.hours[i].hour))
				put_usage_hour(w, e, &e->now.hours[i]);
	}
	json_put_end(w);
}

/* The measured hours that estimates rest on. */
static void
put_sources(struct json_writer *w, const struct explain *e,
    const struct explain_side *side)
{
	json_put_array(w, "sources");
	for (size_t i = 0; i < side->source_count; i++) {
		const struct explain_hour *h = &side->sources[i];

		json_put_object(w, NULL);
		put_hour(w, "hour", h->hour);
		put_bins(w, h, false);
		put_samples(w, e, &h->samples);
		json_put_end(w);
	}
	json_put_end(w);
}

/* --- head --- */

static void
put_rules(struct json_writer *w, const struct account *a)
{
	json_put_string(w, "average", account_average_name(a->average));
	json_put_string(w, "gap_policy", account_gap_name(a->gap));
	json_put_int(w, "max_carry_hours", a->max_carry_hours);
}

static void
put_head(struct json_writer *w, const struct explain *e)
{
	const struct invoice *inv = &e->invoice;
	const struct uuid *id = e->correction ? &e->corrected->volume_id
					      : &e->usage->rated->volume_id;
	char text[UUID_TEXT_SIZE];

	json_put_string(
	    w, "invoice", inv->number[0] != '\0' ? inv->number : NULL);
	json_put_string(w, "account", inv->account.name);
	json_put_string(w, "period", inv->period.text);
	json_put_string(w, "state", invoice_state_name(inv->state));
	json_put_int(w, "line", (int64_t)e->line);
	json_put_string(w, "kind", e->correction ? "correction" : "usage");
	json_put_string(w, "currency", inv->account.currency);
	json_put_string(w, "volume_id", uuid_format(id, text));
	json_put_string(w, "name",
	    e->correction ? e->corrected->name : e->usage->rated->name);
	put_rules(w, &inv->account);
	json_put_object(w, "rests_on");
	json_put_int(w, "upto_fact", inv->upto_fact);
	json_put_string(w, "ledger_head", inv->head);
	json_put_end(w);
}

static void
put_rate(struct json_writer *w, const struct explain *e)
{
	if (!e->rated) {
		json_put_null(w, "rate");
		return;
	}
	json_put_object(w, "rate");
	json_put_string(w, "rate", e->rate.rate);
	put_age(w, e->rate.age_hours);
	put_hour(w, "from", e->rate.from_hour);
	put_stated(w, &e->rate_fact);
	json_put_end(w);
}

static void
put_usage_head(struct json_writer *w, const struct explain *e)
{
	const struct rating_line *line = e->usage->rated;
	struct invoice_period month;

	invoice_month_of(e->from, &month);
	json_put_array(w, "former_names");
	for (size_t i = 0; i < line->former_count; i++)
		json_put_string(w, NULL, line->former_names[i]);
	json_put_end(w);
	json_put_string(w, "month", month.text);
	json_put_int(w, "hours_in_month", (e->to - e->from) / UTC_HOUR_SECS);
	put_age(w, line->age_hours);
	put_time_or_null(w, "ended_at", e->now.ended_at);
	put_rate(w, e);
}

/* --- a correction's head --- */

static void
put_side(struct json_writer *w, const char *name, const struct explain *e,
    const struct explain_side *side)
{
	json_put_object(w, name);
	json_put_int(w, "upto_fact", side->upto_fact);
	put_time_or_null(w, "ended_at", side->ended_at);
	put_sources(w, e, side);
	json_put_end(w);
}

static void
put_news(struct json_writer *w, const struct explain *e)
{
	json_put_array(w, "rates");
	for (size_t i = 0; i < e->news_count; i++) {
		const struct explain_news *n = &e->news[i];

		if (n->is_end)
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "rate", n->rate.rate);
		put_age(w, n->rate.age_hours);
		put_hour(w, "from", n->rate.from_hour);
		put_stated(w, &n->fact);
		json_put_end(w);
	}
	json_put_end(w);
	json_put_array(w, "ends");
	for (size_t i = 0; i < e->news_count; i++) {
		const struct explain_news *n = &e->news[i];

		if (!n->is_end)
			continue;
		json_put_object(w, NULL);
		put_time_or_null(w, "ended_at", n->ended_at);
		put_stated(w, &n->fact);
		json_put_end(w);
	}
	json_put_end(w);
}

static void
put_correction_head(struct json_writer *w, const struct explain *e)
{
	json_put_object(w, "corrects");
	json_put_string(w, "period", e->corrected->corrects);
	json_put_string(w, "invoice", e->corrects);
	json_put_end(w);
	json_put_array(w, "charge_period");
	json_put_time(w, NULL, e->corrected->from);
	json_put_time(w, NULL, e->corrected->to);
	json_put_end(w);
	put_side(w, "before", e, &e->before);
	put_side(w, "now", e, &e->now);
	put_news(w, e);
}

/* --- the sum --- */

static void
put_counts(struct json_writer *w, const struct rating_hours *hours)
{
	json_put_object(w, "hours");
	json_put_int(w, "measured", hours->measured);
	json_put_int(w, "estimated", hours->estimated);
	json_put_int(w, "unbilled", hours->unbilled);
	json_put_end(w);
}

static void
put_sum(struct json_writer *w, const struct explain *e)
{
	json_put_object(w, "sum");
	if (!e->correction) {
		put_counts(w, &e->hours);
		put_decimal(w, "byte_hours", e->byte_hours);
		put_fraction(w, "byte_hours_fraction", e->byte_hours);
		put_decimal(w, "gib_months", e->usage->rated->gib_months);
	}
	put_decimal(w, "exact", e->exact);
	put_fraction(w, "exact_fraction", e->exact);
	json_put_bool(w, "adds_up", e->adds_up);
	json_put_end(w);
}

/* --- rounding --- */

static void
put_sharing(struct json_writer *w, const struct explain *e)
{
	const struct explain_rounding *r = &e->rounding;

	put_money(w, "cut", r->cut, e);
	put_decimal(w, "lost", r->lost);
	put_fraction(w, "lost_fraction", r->lost);
	json_put_int(w, "rank", (int64_t)r->rank);
	json_put_int(w, "of", (int64_t)r->sharers);
	put_decimal(w, "missing_units", r->missing);
}

static void
put_rounding(struct json_writer *w, const struct explain *e)
{
	const struct explain_rounding *r = &e->rounding;
	const struct account *a = &e->invoice.account;

	json_put_object(w, "rounding");
	json_put_string(w, "by", account_rounding_name(a->rounding));
	json_put_string(w, "mode", account_mode_name(a->rounding_mode));
	json_put_int(w, "digits", e->invoice.digits);
	if (r->exact != NULL) {
		put_decimal(w, "exact", r->exact);
		put_fraction(w, "exact_fraction", r->exact);
		put_money(w, "rounded", r->rounded, e);
	}
	if (r->lines != NULL)
		put_money(w, "rounded", r->lines, e);
	if (r->billed != NULL)
		put_money(w, "billed_before", r->billed, e);
	if (r->sharers > 0)
		put_sharing(w, e);
	json_put_end(w);
}

void
explain_json(const struct explain *explain, struct buf *out)
{
	struct json_writer w;

	json_write(&w, out, JSON_INDENTED);
	json_put_object(&w, NULL);
	put_head(&w, explain);
	if (explain->correction)
		put_correction_head(&w, explain);
	else
		put_usage_head(&w, explain);
	put_hours(&w, explain);
	if (!explain->correction)
		put_sources(&w, explain, &explain->now);
	put_sum(&w, explain);
	json_put_string(&w, "amount", explain->amount);
	put_rounding(&w, explain);
	json_put_end(&w);
	buf_char(out, '\n');
}
