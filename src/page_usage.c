/*
 * page_usage.c - hours of a volume for its page. In: one scan of its usage.
 * Out: sums by the hour or day. Owns what it makes.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "page_usage.h"
#include "usage.h"

enum {
	GIB_DIGITS = 3
};

struct tally {
	struct page_usage *out;
	int64_t account; /* the only one that counts; 0: all */
	int64_t counted; /* the last hour that was counted as one; or -1 */
};

/* Of an hour, or of the hours of a run. */
static exact_u128
bytes_of(const struct usage_hour *hour)
{
	exact_u128 sum = 0;

	for (size_t i = 0; i < hour->bin_count; i++)
		sum += hour->bins[i].num;
	return sum / hour->den;
}

/* An hour that two accounts share is one hour. */
static int64_t
hours_of(struct tally *t, const struct usage_hour *hour)
{
	if (!hour->counts || hour->hour == t->counted)
		return 0;
	t->counted = hour->hour;
	return hour->run;
}

static bool
add_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct tally *t = ctx;
	int64_t at = hour->hour * UTC_HOUR_SECS - t->out->from;
	struct page_usage_part *part;
	int64_t hours;

	(void)err;
	if (at < 0 || (size_t)(at / t->out->step) >= t->out->count ||
	    (t->account != 0 && hour->account != t->account))
		return true;
	part = &t->out->parts[at / t->out->step];
	hours = hours_of(t, hour);
	part->account = hour->account;
	if (hour->kind == USAGE_MEASURED) {
		part->measured += bytes_of(hour);
		part->measured_hours += hours;
		part->samples = hour->sample_count;
	} else if (hour->kind == USAGE_ESTIMATED) {
		part->estimated += bytes_of(hour);
		part->estimated_hours += hours;
	} else
		part->missing_hours += hours;
	return true;
}

static bool
scan(struct page *page, int64_t volume, struct tally *t, struct err *err)
{
	const struct page_usage *out = t->out;
	int64_t *cuts = calloc(out->count + 1, sizeof *cuts);
	struct usage_query query = {.from_hour = out->from / UTC_HOUR_SECS,
	    .to_hour = out->to / UTC_HOUR_SECS,
	    .now = page->now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .volumes = &volume,
	    .volume_count = 1,
	    .runs = out->step == UTC_DAY_SECS,
	    .cuts = cuts,
	    .cut_count = out->count};
	bool ok;

	if (cuts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < out->count; i++)
		cuts[i] = (out->from + (int64_t)i * out->step) / UTC_HOUR_SECS;
	ok = sql_begin_read(page->db, err);
	if (ok) {
		ok = usage_scan(page->db, &query, add_hour, t, err);
		sql_rollback(page->db);
	}
	free(cuts);
	return ok;
}

bool
page_usage_load(struct page *page, int64_t volume, int64_t from, int64_t to,
    bool by_hour, struct page_usage *out, struct err *err)
{
	struct tally t = {.out = out,
	    .account = page->scope != NULL ? page->scope->id : 0,
	    .counted = -1};
	int64_t over = page->now / UTC_HOUR_SECS * UTC_HOUR_SECS;
	int64_t last = by_hour || over == from ? over + UTC_HOUR_SECS : over;

	*out = (struct page_usage){
	    .from = from, .step = by_hour ? UTC_HOUR_SECS : UTC_DAY_SECS};
	if (to > last)
		to = last;
	out->to = to;
	if (to > from)
		out->count = (size_t)((to - from + out->step - 1) / out->step);
	out->parts = calloc(out->count + 1, sizeof *out->parts);
	if (out->parts == NULL)
		return err_nomem(err);
	return out->count == 0 || scan(page, volume, &t, err);
}

void
page_usage_fini(struct page_usage *usage)
{
	free(usage->parts);
	memset(usage, 0, sizeof *usage);
}

void
page_usage_sum(const struct page_usage *usage, size_t first, size_t end,
    struct page_usage_part *out)
{
	memset(out, 0, sizeof *out);
	for (size_t i = first; i < end && i < usage->count; i++) {
		const struct page_usage_part *part = &usage->parts[i];

		out->measured += part->measured;
		out->estimated += part->estimated;
		out->measured_hours += part->measured_hours;
		out->estimated_hours += part->estimated_hours;
		out->missing_hours += part->missing_hours;
		if (part->account != 0)
			out->account = part->account;
	}
}

int64_t
page_usage_hours(int64_t from, int64_t to, int64_t now)
{
	int64_t end = now < to ? now : to;
	int64_t hours = (end - from) / UTC_HOUR_SECS;

	return hours > 0 ? hours : 1;
}

void
page_usage_mean(
    struct buf *out, const struct page_usage_part *part, int64_t hours)
{
	struct exact *x = exact_new();

	exact_set_ratio(x, part->measured + part->estimated, (uint64_t)hours);
	page_gib(out, x, GIB_DIGITS);
	exact_free(x);
}
