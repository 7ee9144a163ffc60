/*
 * late.c - marks of late.h. In: samples and ends on their way into the ledger.
 * Out: rows that correction.c reads. Owns the table late.
 */
#include "late.h"
#include "lib/utc.h"

bool
late_announced(struct sql *db, int64_t *to_at, struct err *err)
{
	struct sql_stmt *s = sql_get(db, "SELECT to_at FROM late_from", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*to_at = sql_int(s, 0);
	sql_done(s);
	return true;
}

static bool
raise_announced(struct sql *db, int64_t to_at, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "UPDATE late_from SET to_at = ?1 WHERE to_at < ?1", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, to_at);
	return sql_run(s, err);
}

bool
late_announce(struct sql *db, int64_t to_at, struct err *err)
{
	int64_t now;

	if (!late_announced(db, &now, err))
		return false;
	if (now >= to_at)
		return true;
	if (!sql_begin(db, err))
		return false;
	if (raise_announced(db, to_at, err))
		return sql_commit(db, err);
	sql_rollback(db);
	return false;
}

int64_t
late_closed_hour(int64_t announced_at, int64_t now, const struct grace *grace)
{
	int64_t due = utc_month_start(now);

	while (grace_end(grace, due) > now)
		due = utc_month_add(due, -1);
	return (due > announced_at ? due : announced_at) / UTC_HOUR_SECS;
}

/* The latest hour, of this one and the one before, that has a sample. */
static bool
find_neighbour(struct sql *db, int64_t volume, int64_t closed_hour,
    int64_t hour, int64_t *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(max(hour), 0) FROM sample"
	    " WHERE volume = ?1 AND hour IN (?2, ?2 - 1) AND hour >= ?3",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, hour);
	sql_bind_int(s, 3, closed_hour);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*found = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* Behind what is closed, only the first sample of a volume reaches back. */
bool
late_look(struct sql *db, int64_t closed_hour, struct volume *v, int64_t hour,
    bool *late, struct err *err)
{
	*late = hour < closed_hour;
	if (*late || (v->open_hour >= closed_hour && v->open_hour <= hour &&
			 v->open_hour != 0))
		return true;
	if (!find_neighbour(db, v->id, closed_hour, hour, &v->open_hour, err))
		return false;
	*late = v->open_hour == 0;
	if (*late)
		v->open_hour = hour;
	return true;
}

/* The nearest month before, or behind, one that has samples of the volume;
 * preset when there is none. */
static bool
find_month(struct sql *db, int64_t volume, int64_t month, bool before,
    int64_t preset, int64_t *found, struct err *err)
{
	struct sql_stmt *s =
	    before ? sql_get(db,
			 "SELECT ifnull(max(month), ?3) FROM volume_month"
			 " WHERE volume = ?1 AND month < ?2",
			 err)
		   : sql_get(db,
			 "SELECT ifnull(min(month), ?3) FROM volume_month"
			 " WHERE volume = ?1 AND month > ?2",
			 err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, month);
	sql_bind_int(s, 3, preset);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*found = sql_int(s, 0);
	sql_done(s);
	return true;
}

static bool
mark(struct sql *db, int64_t volume, int64_t month, int64_t fact,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO late (volume, month, fact) VALUES (?, ?, ?)"
	    " ON CONFLICT DO UPDATE SET fact = excluded.fact"
	    " WHERE fact < excluded.fact",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	sql_bind_int(s, 2, month);
	sql_bind_int(s, 3, fact);
	return sql_run(s, err);
}

static bool
mark_months(struct sql *db, int64_t volume, int64_t first, int64_t last,
    int64_t fact, struct err *err)
{
	for (int64_t month = first; month <= last; month++)
		if (!mark(db, volume, month, fact, err))
			return false;
	return true;
}

bool
late_mark_sample(struct sql *db, int64_t closed_hour, int64_t volume,
    int64_t hour, int64_t fact, struct err *err)
{
	int64_t closed = volume_month_of(closed_hour * UTC_HOUR_SECS - 1);
	int64_t month = volume_month_of(hour * UTC_HOUR_SECS);
	int64_t first, last;

	if (!find_month(db, volume, month, true, month, &first, err) ||
	    !find_month(db, volume, month, false, closed, &last, err))
		return false;
	return mark_months(
	    db, volume, first, last < closed ? last : closed, fact, err);
}

bool
late_mark_end(struct sql *db, int64_t closed_hour, int64_t volume, int64_t at,
    int64_t fact, struct err *err)
{
	int64_t closed = volume_month_of(closed_hour * UTC_HOUR_SECS - 1);
	int64_t month = volume_month_of(at), first;

	return find_month(db, volume, month, true, month, &first, err) &&
	       mark_months(db, volume, first, closed, fact, err);
}
