/*
 * roster.c - the volumes of roster.h. In: rows of volumes. Out: who they are.
 */
#include <stdlib.h>
#include <string.h>

#include "roster.h"

int64_t
roster_source_of(const struct volume *v)
{
	return v->retired_at == 0 && v->missing_since == 0 ? v->source : 0;
}

#define EXPECTED                                               \
	" FROM volume WHERE source = ? AND retired_at IS NULL" \
	" AND missing_since IS NULL"

bool
roster_count(struct sql *db, int64_t source, int64_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db, "SELECT count(*)" EXPECTED, err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*count = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
roster_list(struct sql *db, int64_t source, struct uuid **list, size_t *count,
    struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT volume_id" EXPECTED " ORDER BY id", err);
	struct uuid *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0, cap = 0, len;
	const void *uuid;

	if (s != NULL)
		sql_bind_int(s, 1, source);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			more = reallocarray(rows, cap, sizeof *rows);
			if (more == NULL) {
				err_nomem(err);
				break;
			}
			rows = more;
		}
		uuid = sql_blob(s, 0, &len);
		if (len == UUID_SIZE)
			memcpy(rows[n++].bytes, uuid, len);
	}
	sql_done(s);
	if (result != SQL_END) {
		free(rows);
		return false;
	}
	*list = rows;
	*count = n;
	return true;
}
