/*
 * forecast.c - the sum of forecast.h. In: measured hours before now, rates.
 * Out: two figures of a bill. Owns nothing in the database.
 */
#include <stdlib.h>
#include <string.h>

#include "forecast.h"
#include "lib/utc.h"
#include "usage.h"
#include "volume.h"

/* How far back the hours of volumes that report on are looked for: of those
 * that miss none, and, if there are many others, once more farther. */
enum {
	NEAR_HOURS = FORECAST_HOURS + 2,
	FAR_HOURS = 2 * FORECAST_HOURS,
	FEW_VOLUMES = 64,
};

/* One bin of one measured hour, or a part of it. */
struct piece {
	int64_t volume, hour;
	int64_t last_account;
	uint32_t age_hours;
	uint64_t den;
	exact_u128 num;
};

/* By volume, the latest hour first. */
struct pieces {
	struct piece *list; /* owned */
	size_t count, cap;
};

struct outlook {
	struct sql *db;
	struct invoice *invoice;
	const struct invoice_query *query;
	int64_t hour_at_hand;
	const struct pieces *near; /* borrowed: of its volumes, or of all */
	struct rate *rates;	   /* owned */
	size_t rate_count;
	struct exact *cost; /* owned */
	bool unrated;
};

static bool
keep_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct pieces *p = ctx;
	struct piece *more;
	size_t cap;

	if (hour->kind != USAGE_MEASURED)
		return true;
	for (size_t i = 0; i < hour->bin_count; i++) {
		if (p->count == p->cap) {
			cap = p->cap > 0 ? 2 * p->cap : 256;
			more = reallocarray(p->list, cap, sizeof *more);
			if (more == NULL)
				return err_nomem(err);
			p->list = more;
			p->cap = cap;
		}
		p->list[p->count++] = (struct piece){.volume = hour->volume,
		    .hour = hour->hour,
		    .last_account = hour->last_account,
		    .age_hours = hour->bins[i].age_hours,
		    .den = hour->den,
		    .num = hour->bins[i].num};
	}
	return true;
}

/* What one scan has told, by volume, the latest hour first. It tells a
 * volume's hours in the order of time, so it is enough to hand them out, from
 * the last one on. */
static bool
sort(struct piece *list, size_t count, struct err *err)
{
	struct piece *sorted = calloc(count + 1, sizeof *sorted);
	size_t *next, sum = 0, max = 0;

	for (size_t i = 0; i < count; i++)
		if ((size_t)list[i].volume > max)
			max = (size_t)list[i].volume;
	next = calloc(max + 2, sizeof *next);
	if (sorted == NULL || next == NULL) {
		free(sorted);
		free(next);
		return err_nomem(err);
	}
	for (size_t i = 0; i < count; i++)
		next[list[i].volume + 1]++;
	for (size_t v = 0; v <= max; v++) {
		sum += next[v];
		next[v] = sum;
	}
	for (size_t i = count; i-- > 0;)
		sorted[next[list[i].volume]++] = list[i];
	if (count > 0)
		memcpy(list, sorted, count * sizeof *list);
	free(next);
	free(sorted);
	return true;
}

/* Adds the hours of some volumes, or of all with NULL, behind what is there. */
static bool
scan(struct sql *db, const struct invoice_query *query, int64_t from_hour,
    int64_t to_hour, const int64_t *volumes, size_t count, struct pieces *out,
    struct err *err)
{
	struct usage_query usage = {.from_hour = from_hour,
	    .to_hour = to_hour,
	    .now = query->now,
	    .upto_fact = query->head.seq,
	    .volumes = volumes,
	    .volume_count = count};
	size_t first = out->count;

	return usage_scan(db, &usage, keep_hour, out, err) &&
	       sort(out->list + first, out->count - first, err);
}

static size_t
count_hours(const struct piece *p, size_t count)
{
	size_t hours = 0;

	for (size_t i = 0; i < count; i++)
		hours += i == 0 || p[i].hour != p[i - 1].hour;
	return hours;
}

/* --- one volume --- */

/* So many hours of so many bytes from a first hour on, by rates as they come
 * to hold. */
static bool
add_cost(struct outlook *o, uint32_t age_hours, const struct exact *bytes,
    int64_t first, int64_t end)
{
	struct exact *part;
	int64_t until, stop, month;

	if (exact_sign(bytes) == 0)
		return true;
	part = exact_new();
	for (int64_t at = first; at < end; at = stop) {
		const struct rate *rate =
		    rate_at(o->rates, o->rate_count, age_hours, at, &until);

		month = utc_month_start(at * UTC_HOUR_SECS);
		stop = utc_month_add(month, 1) / UTC_HOUR_SECS;
		if (stop > until)
			stop = until;
		if (stop > end)
			stop = end;
		if (rate == NULL || !exact_parse(part, rate->rate)) {
			exact_free(part);
			return false;
		}
		exact_mul(part, bytes);
		exact_mul_int(part, stop - at);
		exact_div_int(part, INT64_C(1) << 30);
		exact_div_int(
		    part, (utc_month_add(month, 1) - month) / UTC_HOUR_SECS);
		exact_add(o->cost, part);
	}
	exact_free(part);
	return true;
}

static bool
load_end(struct outlook *o, int64_t volume, int64_t *end_hour, struct err *err)
{
	struct sql_stmt *s = sql_get(o->db,
	    "SELECT ifnull((SELECT retired_at FROM volume_end"
	    " WHERE volume = ? AND fact <= ? ORDER BY fact DESC LIMIT 1), 0)",
	    err);
	int64_t at;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, o->query->head.seq);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	at = sql_int(s, 0);
	sql_done(s);
	*end_hour = o->invoice->period.to / UTC_HOUR_SECS;
	if (at == 0)
		return true;
	at = at <= o->query->now ? 0 : (at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS;
	if (at < *end_hour)
		*end_hour = at;
	return true;
}

/* Each age that the last hours have, once: the mean of its sums. */
static void
add_bins(struct outlook *o, const struct piece *p, size_t count, size_t hours,
    int64_t first, int64_t end)
{
	struct exact *mean = exact_new();

	for (size_t i = 0; i < count; i++) {
		struct exact_sum sum = {.spill = NULL};
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = p[j].age_hours == p[i].age_hours;
		if (seen)
			continue;
		for (size_t j = i; j < count; j++)
			if (p[j].age_hours == p[i].age_hours)
				exact_sum_add(&sum, p[j].num, p[j].den);
		exact_sum_get(&sum, mean);
		exact_sum_fini(&sum);
		exact_div_int(mean, (int64_t)hours);
		o->unrated = !add_cost(o, p[i].age_hours, mean, first, end) ||
			     o->unrated;
	}
	exact_free(mean);
}

/* p: pieces of one volume, the latest hour first. */
static bool
add_volume(
    struct outlook *o, const struct piece *p, size_t count, struct err *err)
{
	int64_t first = o->hour_at_hand, end;
	size_t hours = 0, used = 0;

	if (count == 0 || p->last_account != o->invoice->account.id)
		return true;
	if (!load_end(o, p->volume, &end, err))
		return false;
	for (; used < count; used++) {
		if (used == 0 || p[used].hour != p[used - 1].hour)
			hours++;
		if (hours > FORECAST_HOURS) {
			hours = FORECAST_HOURS;
			break;
		}
	}
	if (p->hour >= first)
		first = p->hour + 1;
	if (first < o->invoice->period.from / UTC_HOUR_SECS)
		first = o->invoice->period.from / UTC_HOUR_SECS;
	add_bins(o, p, used, hours, first, end);
	return true;
}

/* --- volumes that were silent, or are young --- */

static bool
find_month(struct outlook *o, int64_t volume, int64_t upto, int64_t *month,
    struct err *err)
{
	struct sql_stmt *s = sql_get(o->db,
	    "SELECT ifnull(max(month), -1) FROM volume_month"
	    " WHERE volume = ? AND month <= ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, upto);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*month = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* Month by month, from the latest back. */
static bool
add_months(
    struct outlook *o, int64_t volume, struct pieces *pieces, struct err *err)
{
	int64_t month = volume_month_of(o->hour_at_hand * UTC_HOUR_SECS), to;

	for (;; month--) {
		if (!find_month(o, volume, month, &month, err))
			return false;
		if (month < 0)
			return true;
		to = volume_month_hour(month + 1);
		if (to > o->hour_at_hand + 2)
			to = o->hour_at_hand + 2;
		if (!scan(o->db, o->query, volume_month_hour(month), to,
			&volume, 1, pieces, err))
			return false;
		if (count_hours(pieces->list, pieces->count) >= FORECAST_HOURS)
			return true;
	}
}

static bool
add_silent(struct outlook *o, int64_t volume, struct err *err)
{
	struct pieces pieces = {NULL, 0, 0};
	bool ok = add_months(o, volume, &pieces, err) &&
		  add_volume(o, pieces.list, pieces.count, err);

	free(pieces.list);
	return ok;
}

/* --- all volumes --- */

/* Those whose hours are all near are settled from one scan; the others are
 * looked for one by one. */
static bool
add_volumes(
    struct outlook *o, const int64_t *volumes, size_t count, struct err *err)
{
	const struct pieces *near = o->near;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n = 0;

		while (at < near->count && near->list[at].volume < volumes[i])
			at++;
		while (at + n < near->count &&
		       near->list[at + n].volume == volumes[i])
			n++;
		if (count_hours(near->list + at, n) < FORECAST_HOURS
			? !add_silent(o, volumes[i], err)
			: !add_volume(o, near->list + at, n, err))
			return false;
	}
	return true;
}

static bool
finish(struct outlook *o, struct err *err)
{
	struct invoice *inv = o->invoice;
	struct exact *total, *one;

	if (o->unrated)
		return true;
	inv->forecast_exact = exact_new();
	exact_set(inv->forecast_exact, inv->exact);
	exact_add(inv->forecast_exact, o->cost);
	total = exact_new();
	one = exact_new();
	exact_set(total, inv->forecast_exact);
	invoice_round(inv, total);
	for (size_t i = 0; i < inv->correction_count; i++)
		if (exact_parse(one, inv->corrections[i].amount))
			exact_add(total, one);
	inv->forecast = exact_fixed(total, inv->digits);
	exact_free(total);
	exact_free(one);
	return inv->forecast != NULL || err_nomem(err);
}

static bool
take_total(struct invoice *inv, struct err *err)
{
	inv->forecast_exact = exact_new();
	exact_set(inv->forecast_exact, inv->exact);
	inv->forecast = strdup(inv->total);
	return inv->forecast != NULL || err_nomem(err);
}

/* Volumes that have hours among the pieces, and not enough of them. */
static size_t
count_short(const struct pieces *pieces)
{
	const struct piece *list = pieces->list;
	size_t found = 0, n;

	for (size_t at = 0; at < pieces->count; at += n) {
		n = 1;
		while (at + n < pieces->count &&
		       list[at + n].volume == list[at].volume)
			n++;
		found += count_hours(list + at, n) < FORECAST_HOURS;
	}
	return found;
}

static bool
load_near(struct sql *db, const struct invoice_query *query,
    const int64_t *volumes, size_t count, struct pieces *out, struct err *err)
{
	int64_t at_hand = query->now / UTC_HOUR_SECS;

	if (!scan(db, query, at_hand - NEAR_HOURS, at_hand + 2, volumes, count,
		out, err))
		return false;
	if (count_short(out) <= FEW_VOLUMES)
		return true;
	out->count = 0;
	return scan(db, query, at_hand - FAR_HOURS, at_hand + 2, volumes, count,
	    out, err);
}

/* Whether there is anything to foresee. */
static bool
goes_on(const struct invoice *invoice, const struct invoice_query *query)
{
	return invoice->total != NULL && query->now < invoice->period.to;
}

/* near: of all volumes; NULL: to be looked for. */
static bool
add_outlook(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, const struct pieces *near,
    struct err *err)
{
	struct pieces own = {NULL, 0, 0};
	struct outlook o = {.db = db,
	    .invoice = invoice,
	    .query = query,
	    .hour_at_hand = query->now / UTC_HOUR_SECS,
	    .near = near != NULL ? near : &own};
	int64_t *volumes = NULL;
	size_t count = 0;
	bool ok;

	o.cost = exact_new();
	ok = rate_list_upto(db, invoice->account.id, query->head.seq, &o.rates,
		 &o.rate_count, err) &&
	     volume_list_of(db, invoice->account.id, o.hour_at_hand + 2,
		 &volumes, &count, err) &&
	     (count == 0 || near != NULL ||
		 load_near(db, query, volumes, count, &own, err)) &&
	     add_volumes(&o, volumes, count, err) && finish(&o, err);
	exact_free(o.cost);
	free(own.list);
	free(o.rates);
	free(volumes);
	return ok || err_context(err, "forecast of %s", invoice->account.name);
}

bool
forecast_add(struct sql *db, struct invoice *invoices, size_t count,
    const struct invoice_query *query, struct err *err)
{
	struct pieces near = {NULL, 0, 0};
	size_t open = 0;
	bool ok = true;

	for (size_t i = 0; i < count; i++)
		open += goes_on(&invoices[i], query);
	if (open > 1)
		ok = load_near(db, query, NULL, 0, &near, err);
	for (size_t i = 0; ok && i < count; i++) {
		if (goes_on(&invoices[i], query))
			ok = add_outlook(db, &invoices[i], query,
			    open > 1 ? &near : NULL, err);
		else if (invoices[i].total != NULL)
			ok = take_total(&invoices[i], err);
	}
	free(near.list);
	return ok;
}
