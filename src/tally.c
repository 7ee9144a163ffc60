/*
 * tally.c - the sizes of tally.h. In: samples as they are stored, and those
 * of the last day. Out: sums. Owns one entry for each volume's row, which
 * count from 1 without large gaps.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "tally.h"

enum {
	MIN_ENTRIES = 256,
	MAX_ENTRIES = 1 << 24, /* volumes: 640 MiB */
};

/* The zero value: no sample is known. */
struct entry {
	int64_t hour, nanos, revision;
	int64_t bytes, account;
	int64_t retired_at; /* 0: alive */
};

enum state {
	IDLE, /* nobody has asked */
	READING_SAMPLES,
	READING_ENDS,
	LOADED,
};

struct tally {
	enum state state;
	struct entry *list; /* owned; by row of the volume */
	size_t count;
	/* Where reading goes on: behind this key of sample, and volume. */
	struct tally_sample at;
};

/* --- entries --- */

/* NULL without memory, or for a row that cannot be. */
static struct entry *
entry_of(struct tally *t, int64_t volume)
{
	size_t count = t->count > 0 ? t->count : MIN_ENTRIES;
	struct entry *more;

	if (volume <= 0 || volume >= MAX_ENTRIES)
		return NULL;
	while (count <= (size_t)volume)
		count *= 2;
	if (count > t->count) {
		more = reallocarray(t->list, count, sizeof *more);
		if (more == NULL)
			return NULL;
		memset(more + t->count, 0, (count - t->count) * sizeof *more);
		t->list = more;
		t->count = count;
	}
	return &t->list[volume];
}

static bool
is_later(const struct tally_sample *s, const struct entry *e)
{
	if (s->hour != e->hour)
		return s->hour > e->hour;
	if (s->nanos != e->nanos)
		return s->nanos > e->nanos;
	return s->revision >= e->revision;
}

void
tally_note(struct tally *tally, const struct tally_sample *sample)
{
	struct entry *e;

	if (tally == NULL || tally->state == IDLE)
		return;
	e = entry_of(tally, sample->volume);
	if (e == NULL) {
		tally_forget(tally);
		return;
	}
	if (!is_later(sample, e))
		return;
	e->hour = sample->hour;
	e->nanos = sample->nanos;
	e->revision = sample->revision;
	e->bytes = sample->bytes;
	e->account = sample->account;
}

void
tally_note_end(struct tally *tally, int64_t volume, int64_t retired_at)
{
	struct entry *e;

	if (tally == NULL || tally->state == IDLE)
		return;
	e = entry_of(tally, volume);
	if (e != NULL)
		e->retired_at = retired_at;
	else
		tally_forget(tally);
}

void
tally_forget(struct tally *tally)
{
	if (tally == NULL || tally->state == IDLE)
		return;
	tally->state = IDLE;
	if (tally->list != NULL)
		memset(tally->list, 0, tally->count * sizeof *tally->list);
}

/* --- reading --- */

static bool
read_samples(struct tally *t, struct sql *db, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT hour, volume, nanos, revision, bytes, account FROM sample"
	    " WHERE (hour, volume, nanos, revision) > (?, ?, ?, ?)"
	    " ORDER BY hour, volume, nanos, revision LIMIT ?",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t rows = 0;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, t->at.hour);
	sql_bind_int(s, 2, t->at.volume);
	sql_bind_int(s, 3, t->at.nanos);
	sql_bind_int(s, 4, t->at.revision);
	sql_bind_int(s, 5, TALLY_TURN_ROWS);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		t->at = (struct tally_sample){.hour = sql_int(s, 0),
		    .volume = sql_int(s, 1),
		    .nanos = sql_int(s, 2),
		    .revision = sql_int(s, 3),
		    .bytes = sql_int(s, 4),
		    .account = sql_int(s, 5)};
		tally_note(t, &t->at);
		rows++;
	}
	/* Without memory for an entry nothing is kept any more. */
	if (result == SQL_END && t->state == IDLE)
		return err_nomem(err);
	if (result == SQL_END && rows < TALLY_TURN_ROWS) {
		t->state = READING_ENDS;
		t->at.volume = 0;
	}
	return result == SQL_END;
}

static bool
read_ends(struct tally *t, struct sql *db, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, retired_at FROM volume WHERE id > ? ORDER BY id"
	    " LIMIT ?",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t rows = 0;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, t->at.volume);
	sql_bind_int(s, 2, TALLY_TURN_ROWS);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		t->at.volume = sql_int(s, 0);
		if (t->at.volume < (int64_t)t->count)
			t->list[t->at.volume].retired_at = sql_int(s, 1);
		rows++;
	}
	if (result == SQL_END && rows < TALLY_TURN_ROWS)
		t->state = LOADED;
	return result == SQL_END;
}

bool
tally_load(struct tally *tally, struct sql *db, int64_t now, struct err *err)
{
	bool ok = true;

	if (tally->state == IDLE) {
		tally->state = READING_SAMPLES;
		tally->at = (struct tally_sample){
		    .hour = (now - TALLY_MAX_AGE_SECS) / UTC_HOUR_SECS};
	}
	if (tally->state == READING_SAMPLES)
		ok = read_samples(tally, db, err);
	else if (tally->state == READING_ENDS)
		ok = read_ends(tally, db, err);
	if (!ok)
		tally_forget(tally);
	return ok;
}

bool
tally_is_loaded(const struct tally *tally)
{
	return tally->state == LOADED;
}

/* --- sums --- */

static bool
counts(const struct entry *e, int64_t now)
{
	int64_t at = e->hour * UTC_HOUR_SECS + e->nanos / 1000000000;

	return e->account != 0 && at > now - TALLY_MAX_AGE_SECS &&
	       (e->retired_at == 0 || e->retired_at > now);
}

static bool
add_sum(struct tally_sum **list, size_t *count, const struct entry *e,
    struct err *err)
{
	size_t need = (size_t)e->account + 1, cap = 2 * need;
	struct tally_sum *more, *sum;

	if (e->account < 0 || e->account >= MAX_ENTRIES)
		return true;
	if (need > *count) {
		more = reallocarray(*list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		memset(more + *count, 0, (cap - *count) * sizeof *more);
		*list = more;
		*count = cap;
	}
	sum = &(*list)[e->account];
	sum->account = e->account;
	if (__builtin_add_overflow(sum->bytes, e->bytes, &sum->bytes))
		sum->bytes = INT64_MAX;
	return true;
}

bool
tally_sums(const struct tally *tally, int64_t now, struct tally_sum **list,
    size_t *count, struct err *err)
{
	struct tally_sum *sums = NULL;
	size_t n = 0, used = 0;

	for (size_t i = 0; i < tally->count; i++)
		if (counts(&tally->list[i], now) &&
		    !add_sum(&sums, &n, &tally->list[i], err)) {
			free(sums);
			return false;
		}
	for (size_t i = 0; i < n; i++)
		if (sums[i].account != 0)
			sums[used++] = sums[i];
	*list = sums;
	*count = used;
	return true;
}

/* --- life --- */

struct tally *
tally_new(struct err *err)
{
	struct tally *t = calloc(1, sizeof *t);

	if (t == NULL)
		err_nomem(err);
	return t;
}

void
tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	free(tally->list);
	free(tally);
}
