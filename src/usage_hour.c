/*
 * usage_hour.c - measured hours and gaps, by the rules of usage.h. In: the
 * samples of an hour, and what came before it. Out: calls. Owns only memory.
 */
#include <stdlib.h>
#include <string.h>

#include "usage_part.h"

#define HOUR_NANOS (INT64_C(3600) * 1000000000)

static bool
emit(struct usage_scan *scan, const struct usage_track *t,
    struct usage_hour *hour, const struct usage_bin *bins, size_t count,
    struct err *err)
{
	if (hour->hour < scan->from_hour || hour->hour >= scan->to_hour)
		return true;
	hour->volume = t->volume;
	hour->bins = bins;
	hour->bin_count = count;
	return scan->each(scan->ctx, hour, err);
}

/* --- gaps --- */

/* The hour at the other end of a gap, as fractions of den. */
struct far_end {
	int64_t hour;
	uint64_t den;
	const struct usage_bins *bins;
};

/* One end of an interpolated hour: bins * weight / (den * parts). */
static bool
emit_end(struct usage_scan *scan, struct usage_track *t,
    struct usage_hour *hour, const struct usage_bins *end, uint64_t den,
    int64_t weight, int64_t parts, struct err *err)
{
	scan->sum.count = 0;
	hour->den = den * (uint64_t)parts;
	return usage_bins_add_all(
		   &scan->sum, end->list, end->count, (uint64_t)weight, err) &&
	       emit(scan, t, hour, scan->sum.list, scan->sum.count, err);
}

/* The carried hour in which the volume ends counts up to its end. */
static bool
emit_carried(struct usage_scan *scan, struct usage_track *t,
    struct usage_hour *hour, bool time_weighted, struct err *err)
{
	int64_t secs;

	if (!time_weighted || t->retired_at == 0 ||
	    hour->hour != usage_retired_hour(t))
		return emit_end(
		    scan, t, hour, &t->last, t->last_den, 1, 1, err);
	secs = t->retired_at % UTC_HOUR_SECS;
	return emit_end(
	    scan, t, hour, &t->last, t->last_den, secs, UTC_HOUR_SECS, err);
}

static bool
emit_nothing(struct usage_scan *scan, struct usage_track *t,
    struct usage_hour *hour, struct err *err)
{
	hour->kind = USAGE_UNBILLED;
	return emit_end(scan, t, hour, &t->last, 1, 0, 1, err);
}

static bool
fill_hour(struct usage_scan *scan, struct usage_track *t, int64_t at,
    const struct far_end *end, struct err *err)
{
	const struct usage_payer *p = usage_payer(scan, t->last_account);
	struct usage_hour hour = {.hour = at,
	    .account = t->last_account,
	    .kind = USAGE_ESTIMATED,
	    .counts = true,
	    .run = 1,
	    .from_hour = t->last_hour};
	int64_t step = at - t->last_hour, steps;

	if (p->gap == ACCOUNT_GAP_INTERPOLATE && end != NULL) {
		hour.until_hour = end->hour;
		steps = end->hour - t->last_hour;
		if (!emit_end(scan, t, &hour, &t->last, t->last_den,
			steps - step, steps, err))
			return false;
		hour.counts = false;
		return emit_end(
		    scan, t, &hour, end->bins, end->den, step, steps, err);
	}
	if ((p->gap == ACCOUNT_GAP_CARRY ||
		p->gap == ACCOUNT_GAP_INTERPOLATE) &&
	    step <= p->max_carry_hours)
		return emit_carried(
		    scan, t, &hour, p->average == ACCOUNT_TIME_WEIGHTED, err);
	return emit_nothing(scan, t, &hour, err);
}

static bool
fill_hours(struct usage_scan *scan, struct usage_track *t, int64_t until,
    const struct far_end *end, struct err *err)
{
	int64_t first = t->last_hour + 1;
	int64_t stop = until < scan->to_hour ? until : scan->to_hour;

	if (first < scan->from_hour)
		first = scan->from_hour;
	/* With a measured hour behind it, a gap is over whatever the clock
	 * says. */
	if (end == NULL && stop > scan->elapsed_hour)
		stop = scan->elapsed_hour;
	if (t->retired_at != 0 &&
	    stop > (t->retired_at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS)
		stop = (t->retired_at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS;
	for (int64_t at = first; at < stop; at++)
		if (!fill_hour(scan, t, at, end, err))
			return false;
	return true;
}

/* --- one measured hour --- */

/* What is needed of an hour again and again. */
struct measured {
	const struct usage_hand *hand;
	int64_t hour;
	bool time_weighted;
	uint64_t den;
	size_t sample_count;
};

bool
usage_is_time_weighted(
    const struct usage_scan *scan, const struct usage_hand *hand)
{
	for (size_t i = 0; i < hand->count; i++)
		if (usage_payer(scan, hand->list[i].account)->average !=
		    ACCOUNT_TIME_WEIGHTED)
			return false;
	return true;
}

static struct measured
look_at(const struct usage_scan *scan, const struct usage_hand *hand)
{
	struct measured m = {.hand = hand, .hour = hand->list[0].hour};

	for (size_t i = 0; i < hand->count; i++)
		m.sample_count += hand->list[i].count;
	m.time_weighted = usage_is_time_weighted(scan, hand);
	m.den = m.time_weighted ? (uint64_t)HOUR_NANOS : m.sample_count;
	return m;
}

static size_t
collect_names(struct usage_scan *scan, const struct usage_hand *hand,
    int64_t account, struct err *err)
{
	size_t n = 0;

	if (scan->name_cap < hand->count) {
		int64_t *more =
		    reallocarray(scan->names, hand->count, sizeof *more);

		if (more == NULL) {
			err_nomem(err);
			return SIZE_MAX;
		}
		scan->names = more;
		scan->name_cap = hand->count;
	}
	for (size_t i = 0; i < hand->count; i++) {
		const struct day_entry *e = &hand->list[i];

		if (e->name == 0 || e->account != account)
			continue;
		if (n == 0 || scan->names[n - 1] != e->name)
			scan->names[n++] = e->name;
	}
	return n;
}

/* What an entry weighs: one, or the nanoseconds until the next one. */
static int64_t
weigh(const struct measured *m, size_t i, int64_t end)
{
	const struct day_entry *e = &m->hand->list[i];
	int64_t until = i + 1 < m->hand->count ? e[1].nanos : end;

	if (!m->time_weighted)
		return 1;
	if (until > end)
		until = end;
	return until > e->nanos ? until - e->nanos : 0;
}

static int64_t
end_of_hour(const struct usage_track *t, int64_t hour)
{
	if (t->retired_at != 0 && hour == usage_retired_hour(t))
		return t->retired_at % UTC_HOUR_SECS * 1000000000;
	return HOUR_NANOS;
}

/* Whether the step function runs on from the last hour into this one, which
 * begins with its value unless there is a sample right then. */
static bool
runs_on(const struct usage_scan *scan, const struct usage_track *t,
    const struct measured *m)
{
	const struct usage_payer *p;

	if (!m->time_weighted || !t->started || m->hand->list[0].nanos == 0)
		return false;
	if (t->last_hour == m->hour - 1)
		return true;
	p = usage_payer(scan, t->last_account);
	return p->gap == ACCOUNT_GAP_CARRY &&
	       m->hour - t->last_hour <= p->max_carry_hours;
}

/* Adds up the samples of account (0: of all). */
static bool
sum_samples(struct usage_scan *scan, const struct usage_track *t,
    const struct measured *m, int64_t account, struct usage_bins *out,
    struct err *err)
{
	const struct day_entry *list = m->hand->list;
	int64_t end = end_of_hour(t, m->hour);
	int64_t first = list[0].nanos < end ? list[0].nanos : end;

	out->count = 0;
	if (runs_on(scan, t, m) &&
	    (account == 0 || account == t->last_account) &&
	    !usage_bins_add_all(
		out, t->tail.list, t->tail.count, (uint64_t)first, err))
		return false;
	for (size_t i = 0; i < m->hand->count; i++)
		if ((account == 0 || list[i].account == account) &&
		    !usage_bins_add_all(out, &m->hand->bins[list[i].first_bin],
			list[i].bin_count, (uint64_t)weigh(m, i, end), err))
			return false;
	return true;
}

/* The first time that an account turns up in the hour. */
static bool
is_first_of_account(const struct usage_hand *hand, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (hand->list[j].account == hand->list[i].account)
			return false;
	return true;
}

static bool
emit_part(struct usage_scan *scan, struct usage_track *t,
    const struct measured *m, int64_t account, struct err *err)
{
	struct usage_hour hour = {.hour = m->hour,
	    .account = account,
	    .kind = USAGE_MEASURED,
	    .counts = true,
	    .den = m->den,
	    .sample_count = m->sample_count,
	    .last_account = m->hand->list[m->hand->count - 1].account,
	    .run = 1,
	    .from_hour = runs_on(scan, t, m) ? t->last_hour : 0};

	hour.name_count = collect_names(scan, m->hand, account, err);
	if (hour.name_count == SIZE_MAX)
		return false;
	hour.names = scan->names;
	return sum_samples(scan, t, m, account, &scan->sum, err) &&
	       emit(scan, t, &hour, scan->sum.list, scan->sum.count, err);
}

static bool
emit_measured(struct usage_scan *scan, struct usage_track *t,
    const struct measured *m, struct err *err)
{
	const struct usage_hand *hand = m->hand;

	for (size_t i = 0; i < hand->count; i++)
		if (is_first_of_account(hand, i) &&
		    !emit_part(scan, t, m, hand->list[i].account, err))
			return false;
	/* The last sample of the hour before may have another payer, for
	 * the minutes until the first sample of this one. */
	if (!runs_on(scan, t, m))
		return true;
	for (size_t i = 0; i < hand->count; i++)
		if (hand->list[i].account == t->last_account)
			return true;
	return emit_part(scan, t, m, t->last_account, err);
}

/* Sets what the track knows to the hour, whose sum is given. */
static bool
remember(struct usage_track *t, const struct measured *m,
    const struct usage_bins *whole, struct err *err)
{
	const struct day_entry *last = &m->hand->list[m->hand->count - 1];

	if (!usage_bins_copy(&t->last, whole->list, whole->count, err) ||
	    !usage_bins_copy(&t->tail, &m->hand->bins[last->first_bin],
		last->bin_count, err))
		return false;
	t->started = true;
	t->last_hour = m->hour;
	t->last_account = last->account;
	t->last_den = m->den;
	return true;
}

bool
usage_remember(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err)
{
	struct measured m = look_at(scan, hand);

	return sum_samples(scan, t, &m, 0, &scan->whole, err) &&
	       remember(t, &m, &scan->whole, err);
}

bool
usage_fill_gap(struct usage_scan *scan, struct usage_track *t, int64_t until,
    const struct usage_hand *hand, struct err *err)
{
	struct far_end end = {.bins = &scan->whole};
	struct measured m;

	if (hand == NULL)
		return fill_hours(scan, t, until, NULL, err);
	m = look_at(scan, hand);
	end.hour = m.hour;
	end.den = m.den;
	return sum_samples(scan, t, &m, 0, &scan->whole, err) &&
	       fill_hours(scan, t, until, &end, err);
}

bool
usage_take_hour(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err)
{
	struct measured m = look_at(scan, hand);
	struct far_end end = {
	    .hour = m.hour, .den = m.den, .bins = &scan->whole};

	return sum_samples(scan, t, &m, 0, &scan->whole, err) &&
	       (!t->started || t->last_hour >= m.hour - 1 ||
		   fill_hours(scan, t, m.hour, &end, err)) &&
	       emit_measured(scan, t, &m, err) &&
	       remember(t, &m, &scan->whole, err);
}

bool
usage_take_run(struct usage_scan *scan, struct usage_track *t,
    const struct usage_hand *hand, struct err *err)
{
	const struct day_entry *first = hand->list;
	size_t bins = first->bin_count;
	struct usage_hour run = {.hour = first->hour,
	    .account = first->account,
	    .kind = USAGE_MEASURED,
	    .counts = true,
	    .den = 1,
	    .names = &first->name,
	    .name_count = first->name != 0,
	    .sample_count = 1,
	    .last_account = first->account,
	    .run = (int64_t)hand->count};
	const struct usage_bin *bin = &hand->bins[first->first_bin];
	struct usage_hand last = {
	    .list = first + hand->count - 1, .count = 1, .bins = hand->bins};

	if (!usage_bins_copy(&scan->sum, bin, bins, err))
		return false;
	for (size_t b = 0; b < bins; b++) {
		exact_u128 sum = 0;

		for (size_t i = 0; i < hand->count; i++)
			sum += bin[i * bins + b].num;
		scan->sum.list[b].num = sum;
	}
	return emit(scan, t, &run, scan->sum.list, bins, err) &&
	       usage_remember(scan, t, &last, err);
}
