/*
 * rating_trace.c - the hours of one volume with what each costs, one by one.
 * In: the same hours and rates as rating.c. Out: calls. Owns nothing in the
 * database.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "rating.h"

/* A bin of an hour; the two parts of an interpolated one are one. */
struct cell {
	int64_t hour;
	enum usage_kind kind;
	uint32_t age_hours;
	struct exact *bytes; /* owned */
	size_t sample_count;
	int64_t from_hour, until_hour;
};

struct trace {
	const struct account *account;
	struct cell *cells; /* owned */
	size_t count, cap;
};

static struct cell *
find_cell(struct trace *t, const struct usage_hour *hour, uint32_t age_hours,
    struct err *err)
{
	struct cell *more;
	size_t cap;

	/* The second part follows the first. */
	for (size_t i = t->count; !hour->counts && i > 0; i--)
		if (t->cells[i - 1].hour == hour->hour &&
		    t->cells[i - 1].age_hours == age_hours)
			return &t->cells[i - 1];
	if (t->count == t->cap) {
		cap = t->cap > 0 ? 2 * t->cap : 64;
		more = reallocarray(t->cells, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		t->cells = more;
		t->cap = cap;
	}
	more = &t->cells[t->count++];
	*more = (struct cell){.hour = hour->hour,
	    .kind = hour->kind,
	    .age_hours = age_hours,
	    .bytes = exact_new(),
	    .sample_count = hour->sample_count,
	    .from_hour = hour->from_hour,
	    .until_hour = hour->until_hour};
	return more;
}

static bool
on_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct trace *t = ctx;
	struct exact *part;

	if (hour->account != t->account->id)
		return true;
	part = exact_new();
	for (size_t i = 0; i < hour->bin_count; i++) {
		struct cell *cell =
		    find_cell(t, hour, hour->bins[i].age_hours, err);

		if (cell == NULL) {
			exact_free(part);
			return false;
		}
		exact_set_ratio(part, hour->bins[i].num, hour->den);
		exact_add(cell->bytes, part);
	}
	exact_free(part);
	return true;
}

static int
compare_cells(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	uint32_t age_x = x->age_hours - 1, age_y = y->age_hours - 1;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return (age_x > age_y) - (age_x < age_y);
}

static int64_t
hours_in_month(int64_t hour)
{
	int64_t start = utc_month_start(hour * UTC_HOUR_SECS);

	return (utc_month_add(start, 1) - start) / UTC_HOUR_SECS;
}

static bool
tell(const struct cell *cell, const struct rate *rates, size_t count,
    rating_hour_fn *each, void *ctx, struct err *err)
{
	struct rating_hour told = {.hour = cell->hour,
	    .kind = cell->kind,
	    .age_hours = cell->age_hours,
	    .bytes = cell->bytes,
	    .sample_count = cell->sample_count,
	    .from_hour = cell->from_hour,
	    .until_hour = cell->until_hour};
	struct exact *gib_months = exact_new();
	int64_t until;
	bool ok;

	told.rate = rate_at(rates, count, cell->age_hours, cell->hour, &until);
	told.cost = exact_new();
	/* The mean of an hour is its byte-hours. */
	rating_price(cell->bytes, told.rate, hours_in_month(cell->hour),
	    gib_months, told.cost);
	ok = each(ctx, &told, err);
	exact_free(told.cost);
	exact_free(gib_months);
	return ok;
}

bool
rating_trace(struct sql *db, const struct account *account, int64_t volume,
    int64_t from, int64_t to, int64_t now, int64_t upto_fact,
    rating_hour_fn *each, void *ctx, struct err *err)
{
	struct trace t = {.account = account};
	struct usage_query usage = {.from_hour = from / UTC_HOUR_SECS,
	    .to_hour = to / UTC_HOUR_SECS,
	    .now = now,
	    .upto_fact = upto_fact,
	    .volumes = &volume,
	    .volume_count = 1};
	struct rate *rates = NULL;
	size_t rate_count = 0;
	bool ok;

	ok = rate_list_upto(
		 db, account->id, upto_fact, &rates, &rate_count, err) &&
	     usage_scan(db, &usage, on_hour, &t, err);
	if (ok && t.count > 0)
		qsort(t.cells, t.count, sizeof *t.cells, compare_cells);
	for (size_t i = 0; ok && i < t.count; i++)
		ok = tell(&t.cells[i], rates, rate_count, each, ctx, err);
	for (size_t i = 0; i < t.count; i++)
		exact_free(t.cells[i].bytes);
	free(t.cells);
	free(rates);
	return ok;
}
