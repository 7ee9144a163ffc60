/*
 * grace.c - the times of grace.h. In: what is set. Out: rows, the fact. Owns
 * the table grace.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fact.h"
#include "grace.h"

bool
grace_load(struct sql *db, struct grace *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT from_at, secs FROM grace ORDER BY id DESC LIMIT ?", err);
	enum sql_result result = SQL_FAILED;

	out->count = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, GRACE_ROWS);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		out->rows[out->count].from_at = sql_int(s, 0);
		out->rows[out->count++].secs = sql_int(s, 1);
	}
	return result == SQL_END;
}

int64_t
grace_of(const struct grace *grace, int64_t to_at)
{
	for (size_t i = 0; i < grace->count; i++)
		if (grace->rows[i].from_at <= to_at)
			return grace->rows[i].secs;
	return GRACE_DEFAULT_SECS;
}

int64_t
grace_end(const struct grace *grace, int64_t to_at)
{
	return to_at + grace_of(grace, to_at);
}

static bool
insert(struct sql *db, int64_t secs, int64_t now, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "INSERT INTO grace (from_at, secs) VALUES (?, ?)", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, now);
	sql_bind_int(s, 2, secs);
	return sql_run(s, err);
}

bool
grace_set(struct sql *db, int64_t secs, const char *who, int64_t now,
    bool *changed, struct err *err)
{
	char detail[64];
	const struct fact fact = {.at = now,
	    .kind = "grace.set",
	    .who = who,
	    .subject = "grace",
	    .detail = detail};
	struct grace grace;

	if (!grace_load(db, &grace, err))
		return false;
	*changed = grace_of(&grace, now) != secs;
	if (!*changed)
		return true;
	snprintf(detail, sizeof detail, "secs=%" PRId64, secs);
	if (!sql_begin(db, err))
		return false;
	if (insert(db, secs, now, err) && fact_add(db, &fact, NULL, err))
		return sql_commit(db, err);
	sql_rollback(db);
	return false;
}
