/*
 * read_hours.c - the hours of a volume over HTTP. In: its usage, month by
 * month, so that there is little to keep and to sort. Out: rows by hour.
 */
#include <stdlib.h>

#include "lib/exact.h"
#include "lib/utc.h"
#include "read_table.h"
#include "read_volume_part.h"
#include "read_volumes.h"
#include "volume.h"

enum {
	MEAN_DIGITS = 3, /* of a byte */
	DEFAULT_SECS = 24 * UTC_HOUR_SECS,
};

/* One account's part of an hour. */
struct part {
	int64_t hour, account;
	enum usage_kind kind;
	size_t samples;
	struct exact *mean; /* owned: bytes */
};

struct hours {
	const struct read_call *call;
	const struct read_volume *volume;
	struct read_table table;
	struct part *list; /* owned; of a month */
	size_t count, cap;
};

static void
clear(struct hours *h)
{
	for (size_t i = 0; i < h->count; i++)
		exact_free(h->list[i].mean);
	h->count = 0;
}

static struct part *
add_part(struct hours *h, struct err *err)
{
	size_t cap = h->cap > 0 ? 2 * h->cap : 1024;
	struct part *more;

	if (h->count == h->cap) {
		more = reallocarray(h->list, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return NULL;
		}
		h->list = more;
		h->cap = cap;
	}
	return &h->list[h->count++];
}

static bool
on_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct part *part = add_part(ctx, err);
	struct exact *bytes;

	if (part == NULL)
		return false;
	*part = (struct part){.hour = hour->hour,
	    .account = hour->account,
	    .kind = hour->kind,
	    .samples = hour->sample_count,
	    .mean = exact_new()};
	bytes = exact_new();
	for (size_t i = 0; i < hour->bin_count; i++) {
		exact_set_ratio(bytes, hour->bins[i].num, hour->den);
		exact_add(part->mean, bytes);
	}
	exact_free(bytes);
	return true;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return (x->account > y->account) - (x->account < y->account);
}

/* --- rows --- */

/* An hour that others have a part of, too: how many samples there were in all
 * is theirs as well. */
static bool
is_shared(const struct hours *h, size_t at)
{
	const struct part *p = &h->list[at];
	size_t from = at;

	while (from > 0 && p[-1].hour == h->list[at].hour) {
		p--;
		from--;
	}
	for (; from < h->count && p->hour == h->list[at].hour; from++, p++)
		if (p->account != h->list[at].account)
			return true;
	return false;
}

static bool
put_part(struct hours *h, size_t at, struct err *err)
{
	static const char *const kinds[] = {[USAGE_MEASURED] = "measured",
	    [USAGE_ESTIMATED] = "estimated",
	    [USAGE_UNBILLED] = "unbilled"};
	const struct part *p = &h->list[at];
	const struct read_volume *v = h->volume;
	char *mean = exact_decimal(p->mean, MEAN_DIGITS);

	if (mean == NULL)
		return err_nomem(err);
	read_table_time(&h->table, p->hour * UTC_HOUR_SECS);
	read_table_text(&h->table,
	    read_account_name(v->accounts, v->account_count, p->account));
	read_table_text(&h->table, kinds[p->kind]);
	read_table_decimal(&h->table, mean);
	if (h->call->scope != NULL && is_shared(h, at))
		read_table_none(&h->table);
	else
		read_table_int(&h->table, (int64_t)p->samples);
	free(mean);
	return read_flush(h->table.reply, err);
}

/* The parts in which an interpolated hour came are one. */
static void
merge(struct hours *h)
{
	size_t n = 0;

	if (h->count > 0)
		qsort(h->list, h->count, sizeof *h->list, compare_parts);
	for (size_t i = 0; i < h->count; i++) {
		if (n == 0 || compare_parts(&h->list[n - 1], &h->list[i]) != 0)
			h->list[n++] = h->list[i];
		else {
			exact_add(h->list[n - 1].mean, h->list[i].mean);
			exact_free(h->list[i].mean);
		}
	}
	h->count = n;
}

static bool
put_month(struct hours *h, struct err *err)
{
	const struct account *scope = h->call->scope;

	merge(h);
	for (size_t i = 0; i < h->count; i++)
		if ((scope == NULL || h->list[i].account == scope->id) &&
		    !put_part(h, i, err))
			return false;
	return true;
}

/* --- which hours --- */

/* By default the last 24 with the one at hand. False: the reply says what is
 * wrong. */
static bool
parse_range(const struct read_call *call, struct read_reply *reply,
    int64_t *from_hour, int64_t *to_hour)
{
	int64_t to = (call->now / UTC_HOUR_SECS + 1) * UTC_HOUR_SECS, from;

	if (!read_hour(call, reply, "to", &to))
		return false;
	from = to - DEFAULT_SECS;
	if (!read_hour(call, reply, "from", &from))
		return false;
	if (from >= to)
		return !read_bad(reply, "from is not before to");
	*from_hour = from / UTC_HOUR_SECS;
	*to_hour = to / UTC_HOUR_SECS;
	return true;
}

static int64_t
max_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
min_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is before the first sample that is still known, or not begun yet, has
 * no rows. */
static bool
put_hours(struct sql *db, struct hours *h, int64_t from_hour, int64_t to_hour,
    struct err *err)
{
	struct usage_query query = {.now = h->call->now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .volumes = &h->volume->state.id,
	    .volume_count = 1};
	bool ok = true;

	from_hour =
	    max_of(from_hour, volume_month_hour(h->volume->first_month));
	to_hour = min_of(to_hour, h->call->now / UTC_HOUR_SECS + 1);
	for (; ok && from_hour < to_hour; from_hour = query.to_hour) {
		query.from_hour = from_hour;
		query.to_hour = min_of(to_hour,
		    volume_month_hour(
			volume_month_of(from_hour * UTC_HOUR_SECS) + 1));
		ok = usage_scan(db, &query, on_hour, h, err) &&
		     put_month(h, err);
		clear(h);
	}
	return ok;
}

static bool
answer(struct sql *db, const struct read_call *call, struct read_reply *reply,
    const struct read_volume *v, struct err *err)
{
	static const char *const columns[] = {
	    "from", "account", "kind", "mean_bytes", "samples", NULL};
	struct hours h = {.call = call, .volume = v};
	int64_t from_hour = 0, to_hour = 0;
	bool ok;

	if (!parse_range(call, reply, &from_hour, &to_hour))
		return true;
	read_table_begin(&h.table, call, reply, "hours", columns);
	ok = put_hours(db, &h, from_hour, to_hour, err);
	read_table_end(&h.table, NULL);
	clear(&h);
	free(h.list);
	return ok;
}

bool
read_volume_hours(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct read_volume v = {.name_count = 0};
	enum read_found found;
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	found = read_volume_load(db, call, reply, &v, err);
	ok = found == READ_MISSING ||
	     (found == READ_FOUND && answer(db, call, reply, &v, err));
	sql_rollback(db);
	read_volume_fini(&v);
	return ok;
}
