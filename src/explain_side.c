/*
 * explain_side.c - the hours of a volume as they were known at a fact, with
 * what each rests on. In: the trace that billed. Out: hours whose samples and
 * sources give the same. Owns nothing in the database.
 */
#include <stdlib.h>
#include <string.h>

#include "explain_part.h"
#include "lib/utc.h"
#include "usage.h"

/* --- hours --- */

static void
fini_hour(struct explain_hour *h)
{
	for (size_t i = 0; i < h->bin_count; i++) {
		exact_free(h->bins[i].bytes);
		exact_free(h->bins[i].cost);
	}
	free(h->bins);
	exact_free(h->cost);
	explain_samples_fini(&h->samples);
}

void
explain_side_fini(struct explain_side *side)
{
	for (size_t i = 0; i < side->count; i++)
		fini_hour(&side->hours[i]);
	for (size_t i = 0; i < side->source_count; i++)
		fini_hour(&side->sources[i]);
	free(side->hours);
	free(side->sources);
	memset(side, 0, sizeof *side);
}

static struct explain_bin *
add_bin(struct explain_hour *h, uint32_t age_hours, struct err *err)
{
	struct explain_bin *more =
	    reallocarray(h->bins, h->bin_count + 1, sizeof *more);

	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	h->bins = more;
	more += h->bin_count++;
	memset(more, 0, sizeof *more);
	more->age_hours = age_hours;
	more->bytes = exact_new();
	more->cost = exact_new();
	return more;
}

/* The last hour, made when it is another. */
static struct explain_hour *
last_hour(
    struct explain_side *side, const struct rating_hour *told, struct err *err)
{
	struct explain_hour *more;
	size_t cap;

	if (side->count > 0 && side->hours[side->count - 1].hour == told->hour)
		return &side->hours[side->count - 1];
	if (side->count == side->cap) {
		cap = side->cap > 0 ? 2 * side->cap : 64;
		more = reallocarray(side->hours, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		side->hours = more;
		side->cap = cap;
	}
	more = &side->hours[side->count++];
	memset(more, 0, sizeof *more);
	more->hour = told->hour;
	more->kind = told->kind;
	more->from_hour = told->from_hour;
	more->until_hour = told->until_hour;
	more->cost = exact_new();
	return more;
}

struct load {
	const struct explain *e;
	explain_wanted_fn *wanted;
	struct explain_side *side;
};

static bool
take_hour(void *ctx, const struct rating_hour *told, struct err *err)
{
	struct load *load = ctx;
	struct explain_hour *hour;
	struct explain_bin *bin;

	if (load->wanted != NULL && !load->wanted(load->e, told))
		return true;
	hour = last_hour(load->side, told, err);
	bin = hour != NULL ? add_bin(hour, told->age_hours, err) : NULL;
	if (bin == NULL)
		return false;
	exact_set(bin->bytes, told->bytes);
	exact_set(bin->cost, told->cost);
	exact_add(hour->cost, told->cost);
	bin->rated = told->rate != NULL;
	if (bin->rated)
		bin->rate = *told->rate;
	return true;
}

static bool
load_end(
    struct sql *db, int64_t volume, struct explain_side *side, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull((SELECT retired_at FROM volume_end"
	    " WHERE volume = ? AND fact <= ? ORDER BY fact DESC LIMIT 1), 0)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, side->upto_fact);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	side->ended_at = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
explain_side_load(struct sql *db, const struct explain *e, int64_t now,
    explain_wanted_fn *wanted, struct explain_side *side, struct err *err)
{
	struct load load = {.e = e, .wanted = wanted, .side = side};

	return load_end(db, e->volume, side, err) &&
	       rating_trace(db, &e->invoice.account, e->volume, e->from, e->to,
		   now, side->upto_fact, take_hour, &load, err);
}

static int
compare_hours(const void *a, const void *b)
{
	const struct explain_hour *x = a, *y = b;

	return (x->hour > y->hour) - (x->hour < y->hour);
}

static struct explain_hour *
find(struct explain_hour *list, size_t count, int64_t hour)
{
	const struct explain_hour key = {.hour = hour};

	return count == 0
		   ? NULL
		   : bsearch(&key, list, count, sizeof *list, compare_hours);
}

const struct explain_hour *
explain_hour_of(const struct explain_side *side, int64_t hour)
{
	return find(side->hours, side->count, hour);
}

/* --- filling --- */

struct fill {
	struct explain_scope scope;
	const struct explain *e;
	int64_t now;
	struct explain_side *side;
};

static bool
load_removed_day(struct sql *db, int64_t *day, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT removed_day FROM day_progress", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*day = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* Whether the samples of an hour, of one account or of all with 0, give what
 * the trace told. */
static bool
check_measured(struct fill *f, const struct explain_hour *h, int64_t account,
    struct err *err)
{
	struct exact *mean = exact_new();
	char when[UTC_TEXT_SIZE];
	bool same = true;

	for (size_t i = 0; i < h->bin_count && same; i++) {
		explain_mean(&h->samples, account, h->bins[i].age_hours, mean);
		same = exact_cmp(mean, h->bins[i].bytes) == 0;
	}
	exact_free(mean);
	return same ||
	       explain_broken(f->e, err, "what was sampled in the hour %s",
		   utc_format(h->hour * UTC_HOUR_SECS, when));
}

static bool
fill_measured(
    struct fill *f, struct explain_hour *h, int64_t account, struct err *err)
{
	if (!explain_load_samples(
		&f->scope, h->hour, h->from_hour, &h->samples, err))
		return false;
	if (!h->samples.removed)
		return check_measured(f, h, account, err);
	f->side->removed = true;
	return true;
}

/* --- the hours that estimates rest on --- */

/* A measured hour, whoever pays. */
static bool
take_source(void *ctx, const struct usage_hour *told, struct err *err)
{
	struct explain_hour *h = ctx;
	struct exact *part;
	struct explain_bin *bin;

	if (told->kind != USAGE_MEASURED)
		return true;
	h->kind = USAGE_MEASURED;
	h->from_hour = told->from_hour;
	part = exact_new();
	for (size_t i = 0; i < told->bin_count; i++) {
		bin = NULL;
		for (size_t j = 0; j < h->bin_count; j++)
			if (h->bins[j].age_hours == told->bins[i].age_hours)
				bin = &h->bins[j];
		if (bin == NULL)
			bin = add_bin(h, told->bins[i].age_hours, err);
		if (bin == NULL) {
			exact_free(part);
			return false;
		}
		exact_set_ratio(part, told->bins[i].num, told->den);
		exact_add(bin->bytes, part);
	}
	exact_free(part);
	return true;
}

static int
compare_bins(const void *a, const void *b)
{
	const struct explain_bin *x = a, *y = b;
	/* The open-ended one comes last. */
	uint32_t age_x = x->age_hours - 1, age_y = y->age_hours - 1;

	return (age_x > age_y) - (age_x < age_y);
}

static bool
read_source(struct fill *f, struct explain_hour *h, struct err *err)
{
	struct usage_query usage = {.from_hour = h->hour,
	    .to_hour = h->hour + 1,
	    .now = f->now,
	    .upto_fact = f->side->upto_fact,
	    .volumes = &f->e->volume,
	    .volume_count = 1};
	char when[UTC_TEXT_SIZE];

	h->kind = USAGE_UNBILLED;
	h->cost = exact_new();
	if (!usage_scan(f->scope.db, &usage, take_source, h, err))
		return false;
	if (h->kind != USAGE_MEASURED)
		return explain_broken(f->e, err,
		    "the hour %s, which others are estimated from,",
		    utc_format(h->hour * UTC_HOUR_SECS, when));
	if (h->bin_count > 0)
		qsort(h->bins, h->bin_count, sizeof *h->bins, compare_bins);
	return fill_measured(f, h, 0, err);
}

/* Sources come and go by hour, so the list stays in order. */
static bool
add_source(struct fill *f, int64_t hour, struct err *err)
{
	struct explain_side *side = f->side;
	struct explain_hour *more;
	size_t at = side->source_count;

	if (find(side->sources, side->source_count, hour) != NULL)
		return true;
	more =
	    reallocarray(side->sources, side->source_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	side->sources = more;
	while (at > 0 && more[at - 1].hour > hour) {
		more[at] = more[at - 1];
		at--;
	}
	memset(&more[at], 0, sizeof more[at]);
	more[at].hour = hour;
	side->source_count++;
	return read_source(f, &more[at], err);
}

/* --- estimates --- */

/* The weights of usage.c's fill_hour. */
static void
set_rests(const struct fill *f, struct explain_hour *h)
{
	const struct account *a = &f->e->invoice.account;
	int64_t steps = h->until_hour - h->from_hour;
	int64_t step = h->hour - h->from_hour;
	int64_t end = f->side->ended_at;

	if (h->until_hour != 0) {
		h->rests[0] =
		    (struct explain_rest){h->from_hour, steps - step, steps};
		h->rests[1] = (struct explain_rest){h->until_hour, step, steps};
		h->rest_count = 2;
		return;
	}
	h->rests[0] = (struct explain_rest){h->from_hour, 1, 1};
	h->rest_count = 1;
	if (a->average == ACCOUNT_TIME_WEIGHTED && end != 0 &&
	    end / UTC_HOUR_SECS == h->hour) {
		h->rests[0].weight = end % UTC_HOUR_SECS;
		h->rests[0].of = UTC_HOUR_SECS;
	}
}

static void
add_rest(const struct explain_side *side, const struct explain_rest *rest,
    uint32_t age_hours, struct exact *sum)
{
	const struct explain_hour *source =
	    find(side->sources, side->source_count, rest->hour);
	struct exact *part = exact_new();

	for (size_t i = 0; i < source->bin_count; i++) {
		if (source->bins[i].age_hours != age_hours)
			continue;
		exact_set(part, source->bins[i].bytes);
		exact_mul_int(part, rest->weight);
		exact_div_int(part, rest->of);
		exact_add(sum, part);
	}
	exact_free(part);
}

static bool
check_estimated(struct fill *f, const struct explain_hour *h, struct err *err)
{
	struct exact *sum = exact_new();
	char when[UTC_TEXT_SIZE];
	bool same = true;

	for (size_t i = 0; i < h->bin_count && same; i++) {
		exact_set_int(sum, 0);
		for (size_t j = 0; j < h->rest_count; j++)
			add_rest(
			    f->side, &h->rests[j], h->bins[i].age_hours, sum);
		same = exact_cmp(sum, h->bins[i].bytes) == 0;
	}
	exact_free(sum);
	return same || explain_broken(f->e, err, "the estimate of the hour %s",
			   utc_format(h->hour * UTC_HOUR_SECS, when));
}

static bool
fill_estimated(struct fill *f, struct explain_hour *h, struct err *err)
{
	set_rests(f, h);
	for (size_t i = 0; i < h->rest_count; i++)
		if (!add_source(f, h->rests[i].hour, err))
			return false;
	return check_estimated(f, h, err);
}

bool
explain_side_fill(struct sql *db, const struct explain *e, int64_t now,
    int64_t fresh_after, struct explain_side *side, struct err *err)
{
	struct fill f = {.scope = {.db = db,
			     .volume = e->volume,
			     .upto_fact = side->upto_fact,
			     .ended_at = side->ended_at,
			     .fresh_after = fresh_after},
	    .e = e,
	    .now = now,
	    .side = side};

	if (!load_removed_day(db, &f.scope.removed_day, err))
		return false;
	for (size_t i = 0; i < side->count; i++) {
		struct explain_hour *h = &side->hours[i];

		if (h->hour / (UTC_DAY_SECS / UTC_HOUR_SECS) <=
		    f.scope.removed_day)
			side->removed = true;
		if (!explain_is_shown(e, h->hour))
			continue;
		if (h->kind == USAGE_MEASURED &&
		    !fill_measured(&f, h, e->invoice.account.id, err))
			return false;
		if (h->kind == USAGE_ESTIMATED && !fill_estimated(&f, h, err))
			return false;
	}
	return true;
}
