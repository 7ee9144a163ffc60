/*
 * explain.c - which line it is, and whether its hours add up to it. In: a bill
 * by its name, a line. Out: hours, samples, facts and figures. Owns nothing in
 * the database; opens the read transaction.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correction.h"
#include "explain_part.h"
#include "lib/utc.h"

/* What is being explained, and where it is from. */
struct work {
	struct sql *db;
	struct explain *e;
	struct account account;
	struct invoice_period period;
	struct invoice_query query;
	bool closed;
	struct archive_row row;	    /* when closed */
	struct archive_line *lines; /* owned; when closed */
	size_t line_count;
};

bool
explain_broken(const struct explain *e, struct err *err, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_BROKEN,
	    "line %zu of %s of %s: %s does not add up; run `stat.flexfs "
	    "verify`",
	    e->line,
	    e->invoice.number[0] != '\0' ? e->invoice.number
					 : e->invoice.period.text,
	    e->invoice.account.name, what);
}

/* --- the bill --- */

/* ACCOUNT/PERIOD. */
static bool
find_by_name(
    struct work *w, const char *bill, const char *slash, struct err *err)
{
	char name[ACCOUNT_NAME_SIZE];
	size_t len = (size_t)(slash - bill);

	if (len >= sizeof name)
		return err_set(err, ERR_INPUT, "there is no account \"%.*s..\"",
		    ACCOUNT_NAME_SIZE, bill);
	memcpy(name, bill, len);
	name[len] = '\0';
	return account_find(w->db, name, &w->account, err) &&
	       invoice_parse_period(slash + 1, &w->period, err) &&
	       archive_find(w->db, w->account.id, w->period.text, &w->row,
		   &w->closed, err);
}

static bool
find_bill(struct work *w, const char *bill, struct err *err)
{
	const char *slash = strchr(bill, '/');

	if (slash != NULL)
		return find_by_name(w, bill, slash, err);
	w->closed = true;
	return archive_load(w->db, bill, &w->row, err) &&
	       account_load(w->db, w->row.account, &w->account, err) &&
	       invoice_parse_period(w->row.period, &w->period, err);
}

/* A closed one as it was written; another as it is known now. */
static bool
load_bill(struct work *w, struct err *err)
{
	struct invoice *inv = &w->e->invoice;
	bool carries;

	w->query.period = &w->period;
	if (w->closed) {
		w->query.now = w->row.closed_at;
		w->query.head.seq = w->row.upto_fact;
		return archive_read(w->db, &w->row, &w->account, inv, err) &&
		       archive_lines(
			   w->db, &w->row, &w->lines, &w->line_count, err);
	}
	return fact_load_head(w->db, &w->query.head, err) &&
	       invoice_build(w->db, &w->account, 1, &w->query, inv, err) &&
	       correction_add(w->db, inv, &w->query, &carries, err);
}

static bool
pick_line(struct work *w, int64_t line, struct err *err)
{
	struct explain *e = w->e;
	struct invoice *inv = &e->invoice;
	size_t all = inv->line_count + inv->correction_count;

	if (w->closed && w->line_count != all)
		return explain_broken(e, err, "the number of its lines");
	if (line < 1 || (uint64_t)line > all)
		return err_set(err, ERR_INPUT,
		    "the bill of %s for %s has %zu lines: there is no line "
		    "%lld",
		    inv->account.name, inv->period.text, all, (long long)line);
	e->line = (size_t)line;
	e->correction = e->line > inv->line_count;
	if (e->correction) {
		e->corrected = &inv->corrections[e->line - inv->line_count - 1];
		e->volume = e->corrected->volume;
		e->amount = e->corrected->amount;
	} else {
		e->usage = &inv->lines[e->line - 1];
		e->volume = e->usage->rated->volume;
		e->amount = e->usage->amount;
	}
	if (w->closed)
		e->volume = w->lines[e->line - 1].volume;
	return true;
}

/* What was billed, as exactly as it was stored. */
static const struct exact *
billed_exactly(const struct work *w)
{
	const struct explain *e = w->e;

	if (w->closed)
		return w->lines[e->line - 1].exact;
	return e->correction ? e->corrected->exact : e->usage->rated->amount;
}

/* --- what is shown --- */

static const struct exact *
cost_at(const struct explain_side *side, int64_t hour)
{
	const struct explain_hour *h = explain_hour_of(side, hour);

	return h != NULL ? h->cost : NULL;
}

static bool
costs_another(const struct explain *e, int64_t hour)
{
	const struct exact *before = cost_at(&e->before, hour);
	const struct exact *now = cost_at(&e->now, hour);

	if (before != NULL && now != NULL)
		return exact_cmp(before, now) != 0;
	if (before == NULL && now == NULL)
		return false;
	return exact_sign(before != NULL ? before : now) != 0;
}

bool
explain_is_shown(const struct explain *explain, int64_t hour)
{
	if (explain->only_hour != 0 && explain->only_hour != hour)
		return false;
	return !explain->correction || costs_another(explain, hour);
}

enum account_gap
explain_policy(const struct explain *explain, const struct explain_hour *hour)
{
	if (hour->kind != USAGE_ESTIMATED)
		return explain->invoice.account.gap;
	return hour->until_hour != 0 ? ACCOUNT_GAP_INTERPOLATE
				     : ACCOUNT_GAP_CARRY;
}

static bool
check_only_hour(const struct explain *e, struct err *err)
{
	char when[UTC_TEXT_SIZE];

	if (e->only_hour == 0 ||
	    (e->correction ? explain_is_shown(e, e->only_hour)
			   : explain_hour_of(&e->now, e->only_hour) != NULL))
		return true;
	return err_set(err, ERR_INPUT, "line %zu has no hour %s%s", e->line,
	    utc_format(e->only_hour * UTC_HOUR_SECS, when),
	    e->correction ? " that costs another" : "");
}

/* --- a line of usage --- */

static bool
is_of_line(const struct explain *e, const struct rating_hour *hour)
{
	const struct rating_line *line = e->usage->rated;

	if (hour->age_hours != line->age_hours ||
	    (hour->rate != NULL) != line->rated)
		return false;
	return !line->rated || hour->rate->from_hour == line->rate.from_hour;
}

static void
count_hour(struct rating_hours *hours, enum usage_kind kind)
{
	hours->measured += kind == USAGE_MEASURED;
	hours->estimated += kind == USAGE_ESTIMATED;
	hours->unbilled += kind == USAGE_UNBILLED;
}

static void
add_up(struct explain *e)
{
	for (size_t i = 0; i < e->now.count; i++) {
		const struct explain_hour *h = &e->now.hours[i];

		count_hour(&e->hours, h->kind);
		exact_add(e->exact, h->cost);
		for (size_t j = 0; j < h->bin_count; j++)
			exact_add(e->byte_hours, h->bins[j].bytes);
	}
	for (size_t i = 0; i < e->before.count; i++)
		exact_sub(e->exact, e->before.hours[i].cost);
}

/* Of samples that are gone, what came late cannot be told any more. */
static bool
check_sum(const struct work *w, bool same, struct err *err)
{
	struct explain *e = w->e;

	e->adds_up = same && exact_cmp(e->exact, billed_exactly(w)) == 0;
	return e->adds_up || e->now.removed || e->before.removed ||
	       explain_broken(e, err, "the sum of its hours");
}

static bool
load_rate(struct work *w, struct err *err)
{
	struct explain *e = w->e;

	e->rated = e->usage->rated->rated && e->now.count > 0;
	if (!e->rated)
		return true;
	e->rate = e->now.hours[0].bins[0].rate;
	return e->rate.fact == 0 ||
	       explain_load_fact(w->db, e->rate.fact, &e->rate_fact, err);
}

static bool
explain_usage(struct work *w, struct err *err)
{
	struct explain *e = w->e;
	const struct rating_hours *want = &e->usage->rated->hours;
	bool same;

	e->from = e->invoice.months[e->usage->month].month_start;
	e->to = utc_month_add(e->from, 1);
	e->now.upto_fact = e->invoice.upto_fact;
	if (!explain_side_load(
		w->db, e, w->query.now, is_of_line, &e->now, err) ||
	    !check_only_hour(e, err) ||
	    !explain_side_fill(w->db, e, w->query.now, INT64_MAX, &e->now, err))
		return false;
	add_up(e);
	same = e->hours.measured == want->measured &&
	       e->hours.estimated == want->estimated &&
	       e->hours.unbilled == want->unbilled;
	return check_sum(w, same, err) && load_rate(w, err) &&
	       explain_round_usage(w->db, e, w->closed ? &w->row : NULL, err);
}

/* --- a correction --- */

static bool
explain_corrected(struct work *w, struct err *err)
{
	struct explain *e = w->e;
	struct archive_row closed;

	if (!archive_load_id(w->db,
		w->closed ? w->lines[e->line - 1].corrects
			  : e->corrected->invoice,
		&closed, err))
		return false;
	memcpy(e->corrects, closed.number, sizeof e->corrects);
	e->from = closed.from_at;
	e->to = closed.to_at;
	e->now.upto_fact = e->invoice.upto_fact;
	if (!explain_correction(w->db, e, w->closed ? &w->row : NULL, &closed,
		&w->query, err) ||
	    !check_only_hour(e, err) ||
	    !explain_side_fill(
		w->db, e, w->query.now, INT64_MAX, &e->before, err) ||
	    !explain_side_fill(
		w->db, e, w->query.now, e->before.upto_fact, &e->now, err))
		return false;
	add_up(e);
	return check_sum(w, true, err) &&
	       explain_round_correction(w->db, e, w->closed ? &w->row : NULL,
		   &closed, &w->query, err);
}

/* --- all --- */

static bool
build(struct work *w, const char *bill, int64_t line, struct err *err)
{
	struct explain *e = w->e;

	e->byte_hours = exact_new();
	e->exact = exact_new();
	if (!find_bill(w, bill, err) || !load_bill(w, err) ||
	    !pick_line(w, line, err))
		return false;
	return e->correction ? explain_corrected(w, err)
			     : explain_usage(w, err);
}

bool
explain_build(struct sql *db, const char *bill, int64_t line, int64_t hour,
    int64_t now, struct explain *out, struct err *err)
{
	struct work w = {.db = db, .e = out, .query = {.now = now}};
	bool ok;

	memset(out, 0, sizeof *out);
	out->only_hour = hour / UTC_HOUR_SECS;
	if (!sql_begin_read(db, err))
		return false;
	ok = build(&w, bill, line, err);
	sql_rollback(db);
	archive_lines_free(w.lines, w.line_count);
	return ok;
}

static void
keep_account(struct explain_side *side, int64_t account)
{
	for (size_t i = 0; i < side->count; i++)
		explain_samples_keep(&side->hours[i].samples, account);
	for (size_t i = 0; i < side->source_count; i++)
		explain_samples_keep(&side->sources[i].samples, account);
}

void
explain_keep_account(struct explain *explain, int64_t account)
{
	keep_account(&explain->now, account);
	keep_account(&explain->before, account);
}

void
explain_fini(struct explain *explain)
{
	for (size_t i = 0; i < explain->news_count; i++)
		explain_fact_fini(&explain->news[i].fact);
	free(explain->news);
	explain_side_fini(&explain->now);
	explain_side_fini(&explain->before);
	explain_rounding_fini(&explain->rounding);
	explain_fact_fini(&explain->rate_fact);
	exact_free(explain->byte_hours);
	exact_free(explain->exact);
	invoice_fini(&explain->invoice);
	memset(explain, 0, sizeof *explain);
}
