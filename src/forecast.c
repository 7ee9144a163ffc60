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

/* How far back the hours of volumes that report on are looked for. */
enum {
	NEAR_HOURS = 2 * FORECAST_HOURS
};

/* One bin of one measured hour, or a part of it. */
struct piece {
	int64_t volume, hour;
	int64_t last_account;
	uint32_t age_hours;
	uint64_t den;
	exact_u128 num;
};

struct outlook {
	struct sql *db;
	struct invoice *invoice;
	const struct invoice_query *query;
	int64_t hour_at_hand;
	struct piece *list; /* owned */
	size_t count, cap;
	struct rate *rates; /* owned */
	size_t rate_count;
	struct exact *cost; /* owned */
	bool unrated;
};

static bool
keep_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct outlook *o = ctx;
	struct piece *more;
	size_t cap;

	if (hour->kind != USAGE_MEASURED)
		return true;
	for (size_t i = 0; i < hour->bin_count; i++) {
		if (o->count == o->cap) {
			cap = o->cap > 0 ? 2 * o->cap : 256;
			more = reallocarray(o->list, cap, sizeof *more);
			if (more == NULL)
				return err_nomem(err);
			o->list = more;
			o->cap = cap;
		}
		o->list[o->count++] = (struct piece){.volume = hour->volume,
		    .hour = hour->hour,
		    .last_account = hour->last_account,
		    .age_hours = hour->bins[i].age_hours,
		    .den = hour->den,
		    .num = hour->bins[i].num};
	}
	return true;
}

static bool
scan(struct outlook *o, int64_t from_hour, int64_t to_hour,
    const int64_t *volumes, size_t count, struct err *err)
{
	struct usage_query usage = {.from_hour = from_hour,
	    .to_hour = to_hour,
	    .now = o->query->now,
	    .upto_fact = o->query->head.seq,
	    .volumes = volumes,
	    .volume_count = count};

	return usage_scan(o->db, &usage, keep_hour, o, err);
}

/* The latest hour first. */
static int
compare_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->volume != y->volume)
		return x->volume < y->volume ? -1 : 1;
	return (x->hour < y->hour) - (x->hour > y->hour);
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
	struct exact *sum = exact_new(), *one = exact_new();

	for (size_t i = 0; i < count; i++) {
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = p[j].age_hours == p[i].age_hours;
		if (seen)
			continue;
		exact_set_int(sum, 0);
		for (size_t j = i; j < count; j++) {
			if (p[j].age_hours != p[i].age_hours)
				continue;
			exact_set_ratio(one, p[j].num, p[j].den);
			exact_add(sum, one);
		}
		exact_div_int(sum, (int64_t)hours);
		o->unrated =
		    !add_cost(o, p[i].age_hours, sum, first, end) || o->unrated;
	}
	exact_free(sum);
	exact_free(one);
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
add_silent(struct outlook *o, int64_t volume, struct err *err)
{
	int64_t month = volume_month_of(o->hour_at_hand * UTC_HOUR_SECS), to;

	o->count = 0;
	for (;; month--) {
		if (!find_month(o, volume, month, &month, err))
			return false;
		if (month < 0)
			break;
		to = volume_month_hour(month + 1);
		if (to > o->hour_at_hand + 2)
			to = o->hour_at_hand + 2;
		if (!scan(o, volume_month_hour(month), to, &volume, 1, err))
			return false;
		if (o->count > 0)
			qsort(o->list, o->count, sizeof *o->list,
			    compare_pieces);
		if (count_hours(o->list, o->count) >= FORECAST_HOURS)
			break;
	}
	return add_volume(o, o->list, o->count, err);
}

/* --- all volumes --- */

/* Those whose hours are all near are settled from one scan, which is then
 * given up; the others are looked for one by one. */
static bool
add_volumes(struct outlook *o, int64_t *volumes, size_t count, struct err *err)
{
	size_t silent = 0, at = 0;

	if (!scan(o, o->hour_at_hand - NEAR_HOURS, o->hour_at_hand + 2, volumes,
		count, err))
		return false;
	if (o->count > 0)
		qsort(o->list, o->count, sizeof *o->list, compare_pieces);
	for (size_t i = 0; i < count; i++) {
		size_t n = 0;

		while (at < o->count && o->list[at].volume < volumes[i])
			at++;
		while (
		    at + n < o->count && o->list[at + n].volume == volumes[i])
			n++;
		if (count_hours(o->list + at, n) < FORECAST_HOURS)
			volumes[silent++] = volumes[i];
		else if (!add_volume(o, o->list + at, n, err))
			return false;
	}
	for (size_t i = 0; i < silent; i++)
		if (!add_silent(o, volumes[i], err))
			return false;
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

bool
forecast_add(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, struct err *err)
{
	struct outlook o = {.db = db,
	    .invoice = invoice,
	    .query = query,
	    .hour_at_hand = query->now / UTC_HOUR_SECS};
	int64_t *volumes = NULL;
	size_t count = 0;
	bool ok;

	if (invoice->total == NULL)
		return true;
	if (query->now >= invoice->period.to)
		return take_total(invoice, err);
	o.cost = exact_new();
	ok = rate_list_upto(db, invoice->account.id, query->head.seq, &o.rates,
		 &o.rate_count, err) &&
	     volume_list_of(db, invoice->account.id, o.hour_at_hand + 2,
		 &volumes, &count, err) &&
	     (count == 0 || add_volumes(&o, volumes, count, err)) &&
	     finish(&o, err);
	exact_free(o.cost);
	free(o.list);
	free(o.rates);
	free(volumes);
	return ok || err_context(err, "forecast of %s", invoice->account.name);
}
