/*
 * history.c - what history.h promises. In: the clock's now, samples, marks of
 * stale rows. Out: rows of the table day, facts, and fewer samples. What has
 * been done is in the tables; in memory is only how far the comparing of a
 * day that is to be removed has come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "fact.h"
#include "history.h"
#include "lib/log.h"
#include "lib/utc.h"

enum {
	MAX_GROUP = 32, /* volumes that are read together */
	FIRST_GROUP = 16,
};

/* A day that is compared with its samples before they are removed. */
struct check {
	int64_t day;		  /* 0: none */
	uint8_t after[UUID_SIZE]; /* the last volume that was compared */
	size_t after_len;	  /* 0: none was */
	int64_t rows;
	int64_t failed_at; /* 0: not */
};

struct history {
	int64_t keep_secs;
	size_t group;		     /* volumes that are read together */
	struct day_builder *builder; /* owned */
	struct tls_hash *hash;	     /* owned; of the day that is compared */
	struct check check;
	struct buf stored; /* a row as it is */
	bool removing;	   /* samples of removed_day went in this process */
};

/* One turn. */
struct turn {
	struct history *h;
	struct sql *db;
	int64_t now;
	struct day_progress progress;
	int64_t day;	       /* whose rows are made or compared */
	int64_t compacted_day; /* said when it is on disk; -1: none */
};

struct history *
history_new(int64_t keep_secs, struct err *err)
{
	struct history *h = calloc(1, sizeof *h);

	if (h == NULL) {
		err_nomem(err);
		return NULL;
	}
	h->keep_secs = keep_secs;
	h->group = FIRST_GROUP;
	h->builder = day_builder_new(err);
	h->hash = tls_hash_new(err);
	if (h->builder != NULL && h->hash != NULL)
		return h;
	history_free(h);
	return NULL;
}

void
history_free(struct history *history)
{
	if (history == NULL)
		return;
	day_builder_free(history->builder);
	tls_hash_free(history->hash);
	buf_fini(&history->stored);
	free(history);
}

/* --- what is to be done --- */

/* The first hour from one on that has a sample; -1: none. */
static bool
first_hour(struct sql *db, int64_t from, int64_t *hour, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull((SELECT hour FROM sample WHERE hour >= ?"
	    "   ORDER BY hour LIMIT 1), -1)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, from);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*hour = sql_int(s, 0);
	sql_done(s);
	return true;
}

static int64_t
last_closed_day(const struct turn *t)
{
	return (t->now - HISTORY_CLOSE_SECS) / UTC_DAY_SECS - 1;
}

static int64_t
last_kept_day(const struct turn *t)
{
	return (t->now - t->h->keep_secs) / UTC_DAY_SECS - 1;
}

typedef bool work_fn(struct turn *t, struct err *err);

static work_fn make_again, skip_days, compact, remove_samples, compare_day;

/* Stale rows first: a day whose rows are compared must have none. */
static bool
choose_work(struct turn *t, work_fn **work, struct err *err)
{
	struct day_progress *p = &t->progress;
	struct day_mark *marks = NULL;
	int64_t hour, oldest;
	size_t count;

	*work = NULL;
	if (!day_load_progress(t->db, p, err) ||
	    !day_list_marks(t->db, 0, INT64_MAX, 1, &marks, &count, err))
		return false;
	free(marks);
	if (count > 0) {
		*work = make_again;
		return true;
	}
	if (last_closed_day(t) > p->done_day) {
		if (!first_hour(
			t->db, (p->done_day + 1) * DAY_HOURS, &hour, err))
			return false;
		t->day = hour / DAY_HOURS;
		*work = hour >= 0 && t->day <= last_closed_day(t) ? compact
								  : skip_days;
		return true;
	}
	if (!first_hour(t->db, 0, &oldest, err))
		return false;
	if (oldest < 0)
		return true;
	t->day = oldest / DAY_HOURS;
	if (t->day <= p->removed_day)
		*work = remove_samples;
	else if (t->day <= p->done_day && t->day <= last_kept_day(t) &&
		 (t->h->check.failed_at == 0 ||
		     t->now >= t->h->check.failed_at + HISTORY_RETRY_SECS))
		*work = compare_day;
	return true;
}

/* --- rows of a day --- */

/* Nothing was sampled in them. */
static bool
skip_days(struct turn *t, struct err *err)
{
	t->progress.done_day = last_closed_day(t);
	t->progress.working_day = t->progress.done_day;
	t->progress.next_volume = 0;
	return day_save_progress(t->db, &t->progress, err);
}

static bool
on_built(void *ctx, int64_t volume, int64_t fact, const struct buf *bytes,
    struct err *err)
{
	struct turn *t = ctx;

	return day_store(t->db, t->day, volume, fact, bytes, err);
}

/* The first volume from next_volume on that has a sample in the day. */
static bool
next_volume(struct turn *t, int64_t *found, struct err *err)
{
	struct sql_stmt *s;
	enum sql_result result;

	*found = INT64_MAX;
	for (int64_t i = 0; i < DAY_HOURS; i++) {
		s = sql_get(t->db,
		    "SELECT volume FROM sample WHERE hour = ? AND volume >= ?"
		    " ORDER BY volume LIMIT 1",
		    err);
		if (s == NULL)
			return false;
		sql_bind_int(s, 1, t->day * DAY_HOURS + i);
		sql_bind_int(s, 2, t->progress.next_volume);
		result = sql_step(s, err);
		if (result == SQL_FAILED)
			return false;
		if (result == SQL_ROW && sql_int(s, 0) < *found)
			*found = sql_int(s, 0);
		sql_done(s);
	}
	return true;
}

/* Volumes that have many samples are read in smaller groups. */
static void
fit_group(struct history *h, int64_t samples)
{
	if (samples > HISTORY_TURN_SAMPLES && h->group > 1)
		h->group /= 2;
	else if (samples < HISTORY_TURN_SAMPLES / 4 && h->group < MAX_GROUP)
		h->group *= 2;
}

static bool
compact(struct turn *t, struct err *err)
{
	struct day_progress *p = &t->progress;
	int64_t read = 0, samples, volume;

	if (p->working_day != t->day) {
		p->working_day = t->day;
		p->next_volume = 0;
	}
	for (int group = 0;
	     group < HISTORY_TURN_GROUPS && read < HISTORY_TURN_SAMPLES;
	     group++) {
		size_t count = t->h->group;

		if (!next_volume(t, &volume, err))
			return false;
		if (volume == INT64_MAX) {
			p->done_day = t->day;
			p->next_volume = 0;
			t->compacted_day = t->day;
			break;
		}
		if (!day_build(t->h->builder, t->day, volume, count, on_built,
			t, &samples, err))
			return false;
		fit_group(t->h, samples);
		p->next_volume = volume + (int64_t)count;
		read += samples;
	}
	return day_save_progress(t->db, p, err);
}

/* A row that has not been reached yet will be made anyway. */
static bool
has_row(const struct day_progress *p, const struct day_mark *mark)
{
	return mark->day <= p->done_day ||
	       (mark->day == p->working_day && mark->volume < p->next_volume);
}

static bool
make_row(struct turn *t, const struct day_mark *mark, int64_t *samples,
    struct err *err)
{
	static const struct buf nothing = BUF_INIT;

	*samples = 0;
	/* What is compared with its samples has to stay as it is. */
	if (mark->day == t->h->check.day)
		t->h->check.day = 0;
	if (mark->day <= t->progress.removed_day ||
	    !has_row(&t->progress, mark))
		return true;
	t->day = mark->day;
	return day_build(t->h->builder, mark->day, mark->volume, 1, on_built, t,
		   samples, err) &&
	       (*samples > 0 ||
		   day_store(t->db, mark->day, mark->volume, 0, &nothing, err));
}

static bool
make_again(struct turn *t, struct err *err)
{
	struct day_mark *marks = NULL;
	int64_t read = 0, samples;
	size_t count;
	bool ok;

	ok = day_list_marks(
	    t->db, 0, INT64_MAX, HISTORY_TURN_ROWS, &marks, &count, err);
	for (size_t i = 0; ok && i < count && read < HISTORY_TURN_SAMPLES;
	     i++) {
		ok = make_row(t, &marks[i], &samples, err) &&
		     day_clear_mark(t->db, marks[i].day, marks[i].volume, err);
		read += samples;
	}
	free(marks);
	return ok;
}

/* --- removing --- */

/* The volume behind so many samples of an hour; the last one of all. */
static bool
find_bound(struct turn *t, int64_t hour, int64_t *volume, struct err *err)
{
	struct sql_stmt *s = sql_get(t->db,
	    "SELECT ifnull((SELECT volume FROM sample WHERE hour = ?1"
	    "   ORDER BY volume LIMIT 1 OFFSET ?2),"
	    " (SELECT max(volume) FROM sample WHERE hour = ?1))",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, HISTORY_TURN_REMOVED);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*volume = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* Of days that do not count any more, some of the oldest hour's. */
static bool
remove_samples(struct turn *t, struct err *err)
{
	struct sql_stmt *s;
	int64_t hour, volume;

	if (!first_hour(t->db, 0, &hour, err) ||
	    !find_bound(t, hour, &volume, err))
		return false;
	s = sql_get(
	    t->db, "DELETE FROM sample WHERE hour = ? AND volume <= ?", err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, volume);
	t->h->removing = true;
	return sql_run(s, err);
}

/* The fact, and with it the samples stop to count: as one transaction. */
static bool
state_removal(struct turn *t, struct err *err)
{
	struct check *check = &t->h->check;
	uint8_t digest[TLS_SHA256_BYTES];
	char subject[UTC_TEXT_SIZE], detail[64];
	const struct fact fact = {.at = t->now,
	    .kind = "samples.removed",
	    .who = "server",
	    .subject = subject,
	    .detail = detail,
	    .rows_sha256 = digest};

	tls_hash_final(t->h->hash, digest);
	utc_format_date(t->day * UTC_DAY_SECS, subject);
	snprintf(detail, sizeof detail, "rows=%lld", (long long)check->rows);
	check->day = 0;
	t->progress.removed_day = t->day;
	return fact_add(t->db, &fact, NULL, err) &&
	       day_save_progress(t->db, &t->progress, err);
}

/* The row that is compared at the moment. */
struct comparison {
	const struct buf *stored;
	int64_t fact;
	bool same;
};

static bool
on_compared(void *ctx, int64_t volume, int64_t fact, const struct buf *bytes,
    struct err *err)
{
	struct comparison *c = ctx;

	(void)volume;
	(void)err;
	c->same = fact == c->fact && bytes->len == c->stored->len &&
		  memcmp(bytes->data, c->stored->data, bytes->len) == 0;
	return true;
}

/* Whether a volume's row is what its samples make; neither is there for most
 * that have ended. */
static bool
compare_row(struct turn *t, int64_t volume, const uint8_t uuid[UUID_SIZE],
    bool *same, int64_t *samples, struct err *err)
{
	struct history *h = t->h;
	struct comparison c = {.stored = &h->stored};

	if (!day_load(t->db, t->day, volume, &c.fact, &h->stored, err) ||
	    !day_build(
		h->builder, t->day, volume, 1, on_compared, &c, samples, err))
		return false;
	*same = *samples > 0 ? c.same : h->stored.len == 0;
	if (h->stored.len > 0) {
		day_digest_row(h->hash, uuid, h->stored.data, h->stored.len);
		h->check.rows++;
	}
	return true;
}

static void
give_up(struct turn *t, const char *what)
{
	char day[UTC_TEXT_SIZE];

	t->h->check = (struct check){.failed_at = t->now};
	log_error("history.day_differs", "day=%s %s",
	    utc_format_date(t->day * UTC_DAY_SECS, day), what);
}

/* All rows have been met, unless some belong to no volume. */
static bool
end_comparing(struct turn *t, struct err *err)
{
	int64_t rows, bytes;

	if (!day_measure(t->db, t->day, &rows, &bytes, err))
		return false;
	if (rows == t->h->check.rows)
		return state_removal(t, err);
	give_up(t, "rows belong to no volume");
	return true;
}

static bool
compare_next(struct turn *t, struct sql_stmt *s, bool *same, int64_t *read,
    struct err *err)
{
	struct check *check = &t->h->check;
	char what[64], text[UUID_TEXT_SIZE];
	int64_t samples = 0;
	struct uuid uuid;
	const void *id;
	size_t len;

	id = sql_blob(s, 1, &len);
	if (len != UUID_SIZE)
		return err_set(err, ERR_BROKEN, "a volume's UUID is damaged");
	memcpy(uuid.bytes, id, UUID_SIZE);
	if (!compare_row(t, sql_int(s, 0), uuid.bytes, same, &samples, err))
		return false;
	memcpy(check->after, uuid.bytes, UUID_SIZE);
	check->after_len = UUID_SIZE;
	*read += samples;
	if (*same)
		return true;
	snprintf(what, sizeof what, "volume=%s", uuid_format(&uuid, text));
	give_up(t, what);
	return true;
}

static bool
compare_day(struct turn *t, struct err *err)
{
	struct check *check = &t->h->check;
	struct sql_stmt *s = sql_get(t->db,
	    "SELECT id, volume_id FROM volume WHERE volume_id > ?"
	    " ORDER BY volume_id LIMIT ?",
	    err);
	enum sql_result result;
	int64_t read = 0, met = 0;
	bool same = true, ok = true;

	if (s == NULL)
		return false;
	if (check->day != t->day) {
		*check = (struct check){.day = t->day};
		tls_hash_reset(t->h->hash);
	}
	sql_bind_blob(s, 1, check->after, check->after_len);
	sql_bind_int(s, 2, HISTORY_TURN_ROWS);
	while ((result = sql_step(s, err)) == SQL_ROW && ok && same &&
	       read < HISTORY_TURN_SAMPLES) {
		ok = compare_next(t, s, &same, &read, err);
		met++;
	}
	sql_done(s);
	if (!ok || result == SQL_FAILED)
		return false;
	return !same || result == SQL_ROW || met == HISTORY_TURN_ROWS ||
	       end_comparing(t, err);
}

/* --- a turn --- */

static void
say_compacted(struct turn *t)
{
	struct err err = ERR_INIT;
	int64_t rows = 0, bytes = 0;
	char day[UTC_TEXT_SIZE];

	if (!day_measure(t->db, t->compacted_day, &rows, &bytes, &err))
		log_warn("history.measure", "error=\"%s\"", err.text);
	log_info("history.day_compacted", "day=%s rows=%lld bytes=%lld",
	    utc_format_date(t->compacted_day * UTC_DAY_SECS, day),
	    (long long)rows, (long long)bytes);
}

static void
say_removed(struct turn *t)
{
	char day[UTC_TEXT_SIZE];

	t->h->removing = false;
	log_info("history.samples_removed", "upto=%s",
	    utc_format_date(t->progress.removed_day * UTC_DAY_SECS, day));
}

/* What is to be done is looked up again, now that nobody else writes. */
static bool
run_turn(struct turn *t, work_fn **work, struct err *err)
{
	if (!sql_begin(t->db, err))
		return false;
	if (choose_work(t, work, err) &&
	    (*work == NULL || (day_builder_begin(t->h->builder, t->db, err) &&
				  (*work)(t, err))))
		return sql_commit(t->db, err);
	sql_rollback(t->db);
	return false;
}

bool
history_turn(struct history *history, struct sql *db, int64_t now, bool *more,
    struct err *err)
{
	struct turn turn = {
	    .h = history, .db = db, .now = now, .compacted_day = -1};
	work_fn *work;

	*more = false;
	if (!choose_work(&turn, &work, err))
		return false;
	if (history->removing && work != remove_samples)
		say_removed(&turn);
	if (work == NULL)
		return true;
	if (!run_turn(&turn, &work, err)) {
		history->check.day = 0;
		return err_context(err, "history");
	}
	if (turn.compacted_day >= 0)
		say_compacted(&turn);
	*more = work != NULL;
	return true;
}
