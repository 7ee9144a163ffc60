/*
 * day_build.c - rows of days from samples. In: the table sample, ends of
 * volumes, which accounts are time-weighted. Out: bytes. Owns only memory.
 */
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "day_code.h"
#include "lib/utc.h"

/* The ends that volumes have had in the day at hand, by volume. */
struct end {
	int64_t volume, hour;
};

/* A volume of the group at hand. */
struct slot {
	struct day_hours hours;
	int64_t fact;
};

struct day_builder {
	struct sql *db; /* borrowed, for one transaction */
	bool *weighted; /* owned; by account row */
	size_t weighted_count, weighted_cap;
	struct end *ends; /* owned */
	size_t end_count, end_cap;
	int64_t *hours; /* owned: ends of one volume */
	size_t hour_cap;
	struct slot *slots; /* owned */
	size_t slot_count;
	struct buf bytes;
};

struct day_builder *
day_builder_new(struct err *err)
{
	struct day_builder *b = calloc(1, sizeof *b);

	if (b == NULL)
		err_nomem(err);
	return b;
}

void
day_builder_free(struct day_builder *builder)
{
	if (builder == NULL)
		return;
	for (size_t i = 0; i < builder->slot_count; i++)
		day_hours_fini(&builder->slots[i].hours);
	free(builder->slots);
	free(builder->weighted);
	free(builder->ends);
	free(builder->hours);
	buf_fini(&builder->bytes);
	free(builder);
}

static bool
note_weighted(struct day_builder *b, size_t account, struct err *err)
{
	size_t cap = b->weighted_cap > 0 ? b->weighted_cap : 64;
	bool *more;

	while (cap <= account)
		cap *= 2;
	if (cap > b->weighted_cap) {
		more = reallocarray(b->weighted, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		b->weighted = more;
		b->weighted_cap = cap;
	}
	while (b->weighted_count <= account)
		b->weighted[b->weighted_count++] = false;
	b->weighted[account] = true;
	return true;
}

bool
day_builder_begin(struct day_builder *builder, struct sql *db, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id FROM account WHERE average = 'time_weighted'"
	    " ORDER BY id",
	    err);
	enum sql_result result = SQL_FAILED;

	builder->db = db;
	builder->weighted_count = 0;
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!note_weighted(builder, (size_t)sql_int(s, 0), err))
			break;
	sql_done(s);
	return result == SQL_END;
}

/* --- one group of volumes --- */

static bool
make_slots(struct day_builder *b, size_t count, struct err *err)
{
	struct slot *more;

	if (count > b->slot_count) {
		more = reallocarray(b->slots, count, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		b->slots = more;
		memset(more + b->slot_count, 0,
		    (count - b->slot_count) * sizeof *more);
		b->slot_count = count;
	}
	for (size_t i = 0; i < count; i++) {
		day_hours_clear(&b->slots[i].hours);
		b->slots[i].fact = 0;
	}
	return true;
}

/* All ends that were ever stated count: what was known at a time past may be
 * asked for. */
static bool
load_ends(struct day_builder *b, int64_t day, int64_t first, size_t count,
    struct err *err)
{
	struct sql_stmt *s = sql_get(b->db,
	    "SELECT volume, retired_at FROM volume_end"
	    " WHERE volume >= ? AND volume < ?"
	    " AND retired_at >= ? AND retired_at < ? ORDER BY volume",
	    err);
	enum sql_result result = SQL_FAILED;

	b->end_count = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, first);
	sql_bind_int(s, 2, first + (int64_t)count);
	sql_bind_int(s, 3, day * UTC_DAY_SECS);
	sql_bind_int(s, 4, (day + 1) * UTC_DAY_SECS);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		if (b->end_count == b->end_cap) {
			size_t cap = b->end_cap > 0 ? 2 * b->end_cap : 16;
			struct end *more =
			    reallocarray(b->ends, cap, sizeof *more);

			if (more == NULL) {
				err_nomem(err);
				break;
			}
			b->ends = more;
			b->end_cap = cap;
		}
		b->ends[b->end_count++] =
		    (struct end){sql_int(s, 0), sql_int(s, 1) / UTC_HOUR_SECS};
	}
	sql_done(s);
	return result == SQL_END;
}

/* Columns: volume, nanos, account, name, bytes, bins, fact. */
#define COLUMNS                                           \
	"volume, nanos, account, ifnull(name, 0), bytes," \
	" ifnull(bins, ''), fact"

static bool
take_sample(
    struct sql_stmt *s, int64_t hour, struct day_hours *h, struct err *err)
{
	struct day_sample sample = {.hour = hour,
	    .nanos = sql_int(s, 1),
	    .account = sql_int(s, 2),
	    .name = sql_int(s, 3),
	    .bytes = sql_int(s, 4),
	    .bins = sql_text(s, 5)};

	return day_hours_add(h, &sample, err);
}

static bool
read_hour(struct day_builder *b, int64_t hour, int64_t first, size_t count,
    int64_t *samples, struct err *err)
{
	struct sql_stmt *s = sql_get(b->db,
	    "SELECT " COLUMNS " FROM sample"
	    " WHERE hour = ? AND volume >= ? AND volume < ?"
	    " ORDER BY volume, nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;
	struct slot *slot;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, first);
	sql_bind_int(s, 3, first + (int64_t)count);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		slot = &b->slots[sql_int(s, 0) - first];
		if (sql_int(s, 6) > slot->fact)
			slot->fact = sql_int(s, 6);
		if (!take_sample(s, hour, &slot->hours, err))
			break;
		(*samples)++;
	}
	sql_done(s);
	return result == SQL_END;
}

/* The ends of a volume, from the *at-th of all on. */
static bool
pick_ends(struct day_builder *b, int64_t volume, size_t *at,
    struct day_terms *terms, struct err *err)
{
	if (b->hour_cap < b->end_count) {
		int64_t *more =
		    reallocarray(b->hours, b->end_count, sizeof *more);

		if (more == NULL)
			return err_nomem(err);
		b->hours = more;
		b->hour_cap = b->end_count;
	}
	while (*at < b->end_count && b->ends[*at].volume < volume)
		(*at)++;
	terms->end_count = 0;
	while (*at < b->end_count && b->ends[*at].volume == volume)
		b->hours[terms->end_count++] = b->ends[(*at)++].hour;
	terms->ends = b->hours;
	return true;
}

bool
day_build(struct day_builder *builder, int64_t day, int64_t first, size_t count,
    day_built_fn *each, void *ctx, int64_t *samples, struct err *err)
{
	struct day_terms terms = {.weighted = builder->weighted,
	    .weighted_count = builder->weighted_count};
	size_t end_at = 0;

	*samples = 0;
	if (!make_slots(builder, count, err) ||
	    !load_ends(builder, day, first, count, err))
		return false;
	for (int64_t i = 0; i < DAY_HOURS; i++)
		if (!read_hour(builder, day * DAY_HOURS + i, first, count,
			samples, err))
			return false;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = &builder->slots[i];

		if (slot->hours.count == 0)
			continue;
		if (!pick_ends(
			builder, first + (int64_t)i, &end_at, &terms, err))
			return false;
		day_hours_pack(&slot->hours, &terms);
		buf_clear(&builder->bytes);
		if (!day_encode(&slot->hours, day, &builder->bytes, err) ||
		    !each(ctx, first + (int64_t)i, slot->fact, &builder->bytes,
			err))
			return false;
	}
	return true;
}

bool
day_load_samples(struct sql *db, int64_t day, int64_t volume, int64_t upto_fact,
    struct day_hours *h, struct err *err)
{
	enum sql_result result;
	struct sql_stmt *s;

	day_hours_clear(h);
	for (int64_t i = 0; i < DAY_HOURS; i++) {
		s = sql_get(db,
		    "SELECT " COLUMNS " FROM sample"
		    " WHERE hour = ? AND volume = ? AND fact <= ?"
		    " ORDER BY nanos, revision",
		    err);
		if (s == NULL)
			return false;
		sql_bind_int(s, 1, day * DAY_HOURS + i);
		sql_bind_int(s, 2, volume);
		sql_bind_int(s, 3, upto_fact);
		while ((result = sql_step(s, err)) == SQL_ROW)
			if (!take_sample(s, day * DAY_HOURS + i, h, err)) {
				sql_done(s);
				return false;
			}
		if (result != SQL_END)
			return false;
	}
	return true;
}
