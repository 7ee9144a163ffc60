/*
 * verify_days.c - rows of closed days against the samples that they were made
 * from, and, where those were removed, against the facts that say so. In:
 * samples in the order of time, the tables day, day_stale and day_progress.
 * Out: rows that are damaged, missing, too many or not what they should be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "day_code.h"
#include "lib/utc.h"
#include "verify_part.h"

enum {
	GROUP = 32 /* volumes that are read together */
};

struct verify_days {
	struct verify *v;
	struct day_progress progress;
	int64_t day;		     /* of the last sample */
	int64_t next_day;	     /* rows before it were looked at */
	struct day_hours hours;	     /* of a row */
	struct day_builder *builder; /* owned; NULL: not deep */
	struct buf stored;	     /* a row as it is */
};

enum {
	WHERE_SIZE = 120
};

static char *
name_row(const struct verify_days *d, int64_t day, int64_t volume,
    char out[WHERE_SIZE])
{
	const struct verify_volume *row = verify_find_volume(d->v, volume);
	char date[UTC_TEXT_SIZE], name[64];

	if (row != NULL)
		verify_name_volume(row, name, sizeof name);
	else
		snprintf(
		    name, sizeof name, "volume row %lld", (long long)volume);
	/* Days that no calendar has are somebody's invention. */
	if (day >= 0 && day < INT64_C(7289654400) / UTC_DAY_SECS)
		utc_format_date(day * UTC_DAY_SECS, date);
	else
		snprintf(date, sizeof date, "%lld", (long long)day);
	snprintf(out, WHERE_SIZE, "day %s of %s", date, name);
	return out;
}

/* --- days whose samples were removed --- */

static bool
add_removed(struct verify *v, int64_t day, struct err *err)
{
	size_t cap = v->removed_cap > 0 ? 2 * v->removed_cap : 64;
	int64_t *more;

	if (v->removed_count == v->removed_cap) {
		more = reallocarray(v->removed_days, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		v->removed_days = more;
		v->removed_cap = cap;
	}
	v->removed_days[v->removed_count++] = day;
	return true;
}

static bool
parse_day(const char *text, int64_t *day)
{
	char instant[UTC_TEXT_SIZE + 16];
	int64_t at;

	if (strlen(text) != 10)
		return false;
	snprintf(instant, sizeof instant, "%sT00:00:00Z", text);
	if (!utc_parse(instant, strlen(instant), &at, NULL))
		return false;
	*day = at / UTC_DAY_SECS;
	return true;
}

static bool
check_digest(struct verify *v, const struct verify_fact *f, int64_t day,
    int64_t due, struct err *err)
{
	uint8_t digest[TLS_SHA256_BYTES];
	char where[40];
	int64_t rows;

	snprintf(where, sizeof where, "day %.10s", f->said.subject);
	if (!day_digest(v->db, day, digest, &rows, err)) {
		if (err->kind != ERR_BROKEN)
			return false;
		verify_find(
		    v, VERIFY_DAY, f->seq, where, "its rows: %s", err->text);
		*err = (struct err)ERR_INIT;
	} else if (rows != due)
		verify_find(v, VERIFY_DAY, f->seq, where,
		    "it has %lld rows, but had %lld by fact %lld when its "
		    "samples were removed: rows were deleted or inserted",
		    (long long)rows, (long long)due, (long long)f->seq);
	else if (memcmp(digest, f->said.rows_sha256, sizeof digest) != 0)
		verify_find(v, VERIFY_DAY, f->seq, where,
		    "its %lld rows are not those of fact %lld: at least one of "
		    "them was changed after the samples were removed, or given "
		    "to another volume",
		    (long long)rows, (long long)f->seq);
	return true;
}

/* Days go one by one, the oldest first. */
bool
verify_note_removed(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	int64_t day, rows;
	char where[80];

	snprintf(where, sizeof where, "day %.40s", f->said.subject);
	if (!parse_day(f->said.subject, &day) || f->said.rows_sha256 == NULL ||
	    !verify_get_int(f->said.detail, "rows", &rows) ||
	    (v->removed_count > 0 &&
		day <= v->removed_days[v->removed_count - 1])) {
		verify_find(v, VERIFY_DAY, f->seq, where,
		    "fact %lld does not say which day was removed next, as the "
		    "program has it: it was changed",
		    (long long)f->seq);
		return true;
	}
	return add_removed(v, day, err) && check_digest(v, f, day, rows, err);
}

void
verify_days_fini(struct verify *v)
{
	free(v->removed_days);
}

static bool
was_removed(const struct verify *v, int64_t day)
{
	size_t low = 0, high = v->removed_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->removed_days[mid] < day)
			low = mid + 1;
		else
			high = mid;
	}
	return low < v->removed_count && v->removed_days[low] == day;
}

static void
check_progress(struct verify_days *d)
{
	struct verify *v = d->v;
	int64_t stated =
	    v->removed_count > 0 ? v->removed_days[v->removed_count - 1] : 0;

	if (d->progress.removed_day != stated)
		verify_find(v, VERIFY_DAY, 0, "day_progress",
		    "removed_day is %lld, but by the facts samples were "
		    "removed up to day %lld: the row was changed",
		    (long long)d->progress.removed_day, (long long)stated);
}

/* --- begin and end --- */

void
verify_days_free(struct verify_days *days)
{
	if (days == NULL)
		return;
	day_builder_free(days->builder);
	day_hours_fini(&days->hours);
	buf_fini(&days->stored);
	free(days);
}

struct verify_days *
verify_days_new(struct verify *v, struct err *err)
{
	struct verify_days *d = calloc(1, sizeof *d);
	bool ok;

	if (d == NULL) {
		err_nomem(err);
		return NULL;
	}
	d->v = v;
	d->day = -1;
	d->next_day = INT64_MIN;
	ok = day_load_progress(v->db, &d->progress, err);
	if (ok && v->options.deep) {
		d->builder = day_builder_new(err);
		ok = d->builder != NULL &&
		     day_builder_begin(d->builder, v->db, err);
	}
	if (ok)
		return d;
	verify_days_free(d);
	return NULL;
}

/* --- rows --- */

/* Whether the samples are read instead of the row. */
static bool
is_stale(struct verify_days *d, int64_t day, int64_t volume, bool *stale,
    struct err *err)
{
	struct sql_stmt *s = sql_get(d->v->db,
	    "SELECT 1 FROM day_stale WHERE day = ? AND volume = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, volume);
	result = sql_step(s, err);
	*stale = result == SQL_ROW;
	sql_done(s);
	return result != SQL_FAILED;
}

/* Whether rows of a volume's day have been made. */
static bool
is_made(const struct verify_days *d, int64_t day, int64_t volume)
{
	const struct day_progress *p = &d->progress;

	return day <= p->done_day ||
	       (day == p->working_day && volume < p->next_volume);
}

/* A row of a day that has samples, or of one before it that has none. */
static bool
compare_fact(struct verify_days *d, int64_t day, struct verify_volume *volume,
    int64_t fact, struct err *err)
{
	int64_t due = day == d->day ? volume->day_fact : 0;
	char where[WHERE_SIZE];
	bool stale;

	if (due != 0)
		volume->day_row = true;
	if (fact == due)
		return true;
	if (!is_stale(d, day, volume->id, &stale, err))
		return false;
	if (stale)
		return true;
	name_row(d, day, volume->id, where);
	if (due == 0)
		verify_find(d->v, VERIFY_DAY, fact, where,
		    "there is no sample that the row could be made from: it "
		    "was inserted, or the samples were deleted");
	else
		verify_find(d->v, VERIFY_DAY, fact, where,
		    "the row says that its samples are known since fact %lld, "
		    "but it is fact %lld: the row or a sample was changed",
		    (long long)fact, (long long)due);
	return true;
}

static bool
check_row(struct verify_days *d, struct sql_stmt *s, struct err *err)
{
	int64_t day = sql_int(s, 0), volume = sql_int(s, 1);
	struct verify_volume *row = verify_find_volume(d->v, volume);
	char where[WHERE_SIZE];
	const void *bytes;
	size_t len;

	d->v->result->checked[VERIFY_DAY]++;
	name_row(d, day, volume, where);
	if (row == NULL) {
		verify_find(d->v, VERIFY_DAY, 0, where,
		    "there is no such volume: the row was inserted or changed, "
		    "or the volume's row was deleted");
		return true;
	}
	bytes = sql_blob(s, 3, &len);
	if (!day_decode(&d->hours, day, bytes, len, err)) {
		if (err->kind != ERR_BROKEN)
			return false;
		verify_find(d->v, VERIFY_DAY, sql_int(s, 2), where,
		    "the row was changed: %s", err->text);
		*err = (struct err)ERR_INIT;
	}
	if (day <= d->progress.removed_day) {
		if (!was_removed(d->v, day))
			verify_find(d->v, VERIFY_DAY, 0, where,
			    "it counts as removed, but no fact says so: the "
			    "row was inserted, or the fact deleted");
		return true;
	}
	if (!is_made(d, day, volume)) {
		verify_find(d->v, VERIFY_DAY, sql_int(s, 2), where,
		    "the row is of a day that has none yet: it was inserted, "
		    "or day_progress was changed");
		return true;
	}
	return compare_fact(d, day, row, sql_int(s, 2), err);
}

/* Rows up to a day. */
static bool
check_rows(struct verify_days *d, int64_t to_day, struct err *err)
{
	struct sql_stmt *s = sql_get(d->v->db,
	    "SELECT day, volume, fact, hours FROM day"
	    " WHERE day >= ? AND day <= ? ORDER BY day, volume",
	    err);
	enum sql_result result = SQL_FAILED;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, d->next_day);
	sql_bind_int(s, 2, to_day);
	while ((result = sql_step(s, err)) == SQL_ROW)
		if (!check_row(d, s, err)) {
			sql_done(s);
			return false;
		}
	return result == SQL_END;
}

/* --- samples --- */

static bool
find_missing(
    struct verify_days *d, const struct verify_volume *volume, struct err *err)
{
	char where[WHERE_SIZE];
	bool stale;

	if (!is_made(d, d->day, volume->id))
		return true;
	if (!is_stale(d, d->day, volume->id, &stale, err))
		return false;
	if (!stale)
		verify_find(d->v, VERIFY_DAY, 0,
		    name_row(d, d->day, volume->id, where),
		    "there are samples, but no row that was made from them: it "
		    "was deleted, or the samples inserted");
	return true;
}

static bool
on_built(void *ctx, int64_t volume, int64_t fact, const struct buf *bytes,
    struct err *err)
{
	struct verify_days *d = ctx;
	char where[WHERE_SIZE];
	int64_t stored_fact;
	bool stale;

	if (!day_load(d->v->db, d->day, volume, &stored_fact, &d->stored, err))
		return false;
	if (d->stored.len == 0 || !is_made(d, d->day, volume) ||
	    (d->stored.len == bytes->len &&
		memcmp(d->stored.data, bytes->data, bytes->len) == 0))
		return true;
	if (!is_stale(d, d->day, volume, &stale, err))
		return false;
	if (!stale)
		verify_find(d->v, VERIFY_DAY, fact,
		    name_row(d, d->day, volume, where),
		    "the row is not what its samples make: it was changed, or "
		    "they were");
	return true;
}

static bool
build(struct verify_days *d, int64_t first, struct err *err)
{
	char where[WHERE_SIZE];
	int64_t samples;

	if (day_build(
		d->builder, d->day, first, GROUP, on_built, d, &samples, err))
		return true;
	if (err->kind != ERR_BROKEN)
		return false;
	verify_find(d->v, VERIFY_DAY, 0, name_row(d, d->day, first, where),
	    "the rows of it and of volumes behind it cannot be made again: "
	    "%s",
	    err->text);
	*err = (struct err)ERR_INIT;
	return true;
}

/* Of the volumes that have samples, whatever is between them. */
static bool
build_again(struct verify_days *d, struct err *err)
{
	int64_t next = INT64_MIN;

	for (size_t i = 0; i < d->v->volume_count; i++) {
		const struct verify_volume *volume = &d->v->volumes[i];

		if (volume->day_fact == 0 || volume->id < next)
			continue;
		if (!build(d, volume->id, err))
			return false;
		next = volume->id + GROUP;
	}
	return true;
}

static bool
end_day(struct verify_days *d, struct err *err)
{
	if (!check_rows(d, d->day, err) ||
	    (d->builder != NULL && !build_again(d, err)))
		return false;
	for (size_t i = 0; i < d->v->volume_count; i++) {
		struct verify_volume *volume = &d->v->volumes[i];

		if (volume->day_fact != 0 && !volume->day_row &&
		    !find_missing(d, volume, err))
			return false;
		volume->day_fact = 0;
		volume->day_row = false;
	}
	d->next_day = d->day + 1;
	return true;
}

bool
verify_days_add(struct verify_days *days, const struct verify_sample *sample,
    struct err *err)
{
	int64_t day = sample->hour / DAY_HOURS;

	if (day != days->day) {
		if (days->day >= 0 && !end_day(days, err))
			return false;
		days->day = day;
	}
	if (sample->fact > sample->volume->day_fact)
		sample->volume->day_fact = sample->fact;
	return true;
}

bool
verify_days_end(struct verify_days *days, struct err *err)
{
	if (days->day >= 0 && !end_day(days, err))
		return false;
	days->day = -1;
	check_progress(days);
	return check_rows(days, INT64_MAX, err);
}
