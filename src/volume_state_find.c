/*
 * volume_state_find.c - the last samples of volumes. In: volumes. Out: a
 * sample for each. Samples are clustered by hour, so the search goes
 * backwards over hours, for all volumes that may have one there: first
 * through the last hours, then through the months in which each has samples.
 * An hour is read whole when many volumes are looked for, else a look-up for
 * each is cheaper.
 */
#include <stdlib.h>

#include "lib/utc.h"
#include "volume.h"
#include "volume_state_part.h"

enum {
	/* A report's clock may be ahead by as much as is taken. */
	MAX_AHEAD_SECS = 300,
	/* Up to so many volumes are looked up one by one. */
	FEW = 500,
};

/* Behind every instant that a report may name (the year 2200). */
static const int64_t LAST_HOUR = 7289654400 / UTC_HOUR_SECS;

/* A volume whose last sample is not found. */
struct quest {
	struct volume_state *volume;
	int64_t from, to; /* hours in which it may be, both inclusive */
	bool ahead;	  /* there is none before now: behind it, too */
};

struct search {
	struct volume_state_look *look;
	struct quest *quests; /* owned */
	size_t count;
};

bool
volume_state_begin(struct volume_state_look *look, struct sql *db, int64_t now,
    struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT removed_day FROM day_progress", err);

	*look = (struct volume_state_look){
	    .db = db, .now_hour = (now + MAX_AHEAD_SECS) / UTC_HOUR_SECS};
	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	look->first_hour = (sql_int(s, 0) + 1) * 24;
	sql_done(s);
	return true;
}

/* --- one hour --- */

/* Columns from at on: nanos, bytes, account, name. False when the sample is
 * of an instant behind the volume's end. */
static bool
read_sample(struct sql_stmt *s, int at, const struct volume_state *v,
    int64_t hour, struct volume_state_sample *out)
{
	int64_t nanos = sql_int(s, at);
	int64_t secs = hour * UTC_HOUR_SECS + nanos / 1000000000;

	if (v->retired_at != 0 && secs > v->retired_at)
		return false;
	out->hour = hour;
	out->at = secs;
	out->nanos = (int32_t)(nanos % 1000000000);
	out->bytes = sql_int(s, at + 1);
	out->account = sql_int(s, at + 2);
	out->name = sql_int(s, at + 3);
	return true;
}

static int
compare_ids(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key;
	const struct volume_state *v = item;

	return (id > v->id) - (id < v->id);
}

static bool
read_whole_hour(struct volume_state_look *look, int64_t hour, struct err *err)
{
	struct sql_stmt *s = sql_get(look->db,
	    "SELECT volume, nanos, bytes, account, ifnull(name, 0)"
	    " FROM sample WHERE hour = ? ORDER BY volume, nanos, revision",
	    err);
	enum sql_result result = SQL_FAILED;
	struct volume_state *v;
	int64_t id;

	if (s != NULL)
		sql_bind_int(s, 1, hour);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		id = sql_int(s, 0);
		v = bsearch(&id, look->list, look->count, sizeof *look->list,
		    compare_ids);
		/* Of one hour, the last row counts. */
		if (v != NULL && v->last.hour <= hour)
			read_sample(s, 1, v, hour, &v->last);
	}
	return result == SQL_END;
}

static bool
read_one(struct sql_stmt *s, const struct volume_state *v, int64_t hour,
    struct volume_state_sample *out, struct err *err)
{
	enum sql_result result = SQL_FAILED;

	if (s != NULL) {
		sql_bind_int(s, 1, hour);
		sql_bind_int(s, 2, v->id);
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (read_sample(s, 0, v, hour, out)) {
			sql_done(s);
			return true;
		}
	return result == SQL_END;
}

static bool
look_up_last(struct volume_state_look *look, struct volume_state *v,
    int64_t hour, struct err *err)
{
	return read_one(sql_get(look->db,
			    "SELECT nanos, bytes, account, ifnull(name, 0)"
			    " FROM sample WHERE hour = ? AND volume = ?"
			    " ORDER BY nanos DESC, revision DESC",
			    err),
	    v, hour, &v->last, err);
}

static bool
look_up_first(struct volume_state_look *look, const struct volume_state *v,
    int64_t hour, struct volume_state_sample *out, struct err *err)
{
	return read_one(sql_get(look->db,
			    "SELECT nanos, bytes, account, ifnull(name, 0)"
			    " FROM sample WHERE hour = ? AND volume = ?"
			    " ORDER BY nanos, revision DESC",
			    err),
	    v, hour, out, err);
}

static bool
is_wanted(const struct quest *q, int64_t hour)
{
	return hour >= q->from && hour <= q->to;
}

/* Looks for all quests that lead to an hour. */
static bool
visit(struct search *s, int64_t hour, struct err *err)
{
	size_t wanted = 0;

	for (size_t i = 0; i < s->count; i++)
		wanted += is_wanted(&s->quests[i], hour);
	if (wanted > FEW)
		return read_whole_hour(s->look, hour, err);
	for (size_t i = 0; i < s->count; i++)
		if (is_wanted(&s->quests[i], hour) &&
		    !look_up_last(s->look, s->quests[i].volume, hour, err))
			return false;
	return true;
}

static void
drop_found(struct search *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->quests[i].volume->last.hour < 0)
			s->quests[n++] = s->quests[i];
	s->count = n;
}

/* --- hours, backwards --- */

/* The last hour, up to one, of which anything is stored; -1: none. */
static bool
find_stored_hour(
    struct search *s, int64_t hour, int64_t *found, struct err *err)
{
	struct sql_stmt *stmt = sql_get(s->look->db,
	    "SELECT ifnull(max(hour), -1) FROM sample WHERE hour <= ?", err);

	if (stmt == NULL)
		return false;
	sql_bind_int(stmt, 1, hour);
	if (sql_step(stmt, err) != SQL_ROW)
		return false;
	*found = sql_int(stmt, 0);
	sql_done(stmt);
	return true;
}

/* The latest hour, up to one, that a quest leads to; -1: none. */
static int64_t
next_hour(const struct search *s, int64_t hour)
{
	int64_t next = -1, to;

	for (size_t i = 0; i < s->count; i++) {
		to = s->quests[i].to < hour ? s->quests[i].to : hour;
		if (to >= s->quests[i].from && to > next)
			next = to;
	}
	return next;
}

/* Follows the quests as far as they lead. */
static bool
follow(struct search *s, struct err *err)
{
	int64_t hour = next_hour(s, INT64_MAX), stored;

	while (hour >= 0) {
		if (!find_stored_hour(s, hour, &stored, err))
			return false;
		if (stored == hour) {
			if (!visit(s, hour, err))
				return false;
			drop_found(s);
			stored--;
		}
		hour = next_hour(s, stored);
	}
	return true;
}

/* --- where to look --- */

/* The latest hour in which a volume's last sample can be. */
static int64_t
latest_hour(const struct volume_state *v)
{
	if (v->retired_at != 0)
		return v->retired_at / UTC_HOUR_SECS;
	if (v->missing_since != 0)
		return (v->missing_since + MAX_AHEAD_SECS) / UTC_HOUR_SECS;
	return INT64_MAX;
}

static bool
make_quests(struct search *s, struct err *err)
{
	struct volume_state_look *look = s->look;
	int64_t latest;

	s->quests = calloc(look->count + 1, sizeof *s->quests);
	if (s->quests == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < look->count; i++) {
		latest = latest_hour(&look->list[i]);
		s->quests[s->count++] = (struct quest){.volume = &look->list[i],
		    .from = look->now_hour + 1 - VOLUME_STATE_RECENT_HOURS,
		    .to = latest < look->now_hour ? latest : look->now_hour};
	}
	return true;
}

/* The nearest month at or before (or after) one that has samples; -1: none. */
static bool
find_month(struct sql *db, int64_t volume, int64_t month, bool before,
    int64_t *found, struct err *err)
{
	struct sql_stmt *s =
	    before ? sql_get(db,
			 "SELECT ifnull(max(month), -1) FROM volume_month"
			 " WHERE volume = ? AND month <= ?",
			 err)
		   : sql_get(db,
			 "SELECT ifnull(min(month), -1) FROM volume_month"
			 " WHERE volume = ? AND month >= ?",
			 err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, month);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*found = sql_int(s, 0);
	sql_done(s);
	return true;
}

static bool
leads_nowhere(const struct quest *q)
{
	return q->to < q->from;
}

/* Leads a quest to the month before an hour that has samples of the volume;
 * without one it leads nowhere. */
static bool
lead_back(struct search *s, struct quest *q, int64_t before, struct err *err)
{
	int64_t first = s->look->first_hour, month;
	int64_t latest = latest_hour(q->volume);

	if (before > latest)
		before = latest + 1;
	if (!find_month(s->look->db, q->volume->id,
		volume_month_of((before - 1) * UTC_HOUR_SECS), true, &month,
		err))
		return false;
	if (month < 0 || volume_month_hour(month + 1) <= first) {
		q->from = 0;
		q->to = -1;
		return true;
	}
	q->from = volume_month_hour(month);
	if (q->from < first)
		q->from = first;
	q->to = volume_month_hour(month + 1) - 1;
	if (q->to >= before)
		q->to = before - 1;
	return true;
}

static bool
lead_on(struct search *s, struct quest *q, struct err *err)
{
	if (!lead_back(s, q, q->from, err))
		return false;
	if (!leads_nowhere(q) || q->ahead)
		return true;
	q->ahead = true;
	return lead_back(s, q, LAST_HOUR, err);
}

/* Up to now; what is stored behind it counts where there is nothing else. */
bool
volume_state_find_last(struct volume_state_look *look, struct err *err)
{
	struct search s = {.look = look};
	bool ok = make_quests(&s, err) && follow(&s, err);

	while (ok && s.count > 0) {
		size_t n = 0;

		for (size_t i = 0; ok && i < s.count; i++) {
			ok = lead_on(&s, &s.quests[i], err);
			if (!leads_nowhere(&s.quests[i]))
				s.quests[n++] = s.quests[i];
		}
		s.count = n;
		ok = ok && follow(&s, err);
	}
	free(s.quests);
	return ok;
}

bool
volume_state_find_first(struct volume_state_look *look,
    const struct volume_state *v, struct volume_state_sample *out,
    struct err *err)
{
	int64_t month = volume_month_of(look->first_hour * UTC_HOUR_SECS);
	int64_t hour, end;

	for (out->hour = -1;; month++) {
		if (!find_month(look->db, v->id, month, false, &month, err))
			return false;
		if (month < 0)
			return true;
		hour = volume_month_hour(month);
		end = volume_month_hour(month + 1);
		for (hour = hour > look->first_hour ? hour : look->first_hour;
		     hour < end; hour++)
			if (!look_up_first(look, v, hour, out, err))
				return false;
			else if (out->hour >= 0)
				return true;
	}
}
