/*
 * day.c - the rows of closed days, which of them are stale, and how far they
 * have got. In: bytes from day_build.c. Out: bytes, marks. Owns the tables
 * that day.h names.
 */
#include <stdlib.h>

#include "day.h"
#include "day_code.h"

/* --- progress --- */

bool
day_load_progress(struct sql *db, struct day_progress *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT done_day, working_day, next_volume, removed_day"
	    " FROM day_progress WHERE id = 1",
	    err);

	if (s == NULL)
		return false;
	switch (sql_step(s, err)) {
	case SQL_ROW:
		*out = (struct day_progress){
		    sql_int(s, 0), sql_int(s, 1), sql_int(s, 2), sql_int(s, 3)};
		sql_done(s);
		return true;
	case SQL_END:
		return err_set(err, ERR_BROKEN,
		    "the row of the table day_progress is gone");
	default:
		return false;
	}
}

bool
day_save_progress(
    struct sql *db, const struct day_progress *progress, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE day_progress SET done_day = ?, working_day = ?,"
	    " next_volume = ?, removed_day = ? WHERE id = 1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, progress->done_day);
	sql_bind_int(s, 2, progress->working_day);
	sql_bind_int(s, 3, progress->next_volume);
	sql_bind_int(s, 4, progress->removed_day);
	return sql_run(s, err);
}

/* --- marks --- */

bool
day_note_change(struct sql *db, const struct day_progress *progress,
    int64_t hour, int64_t volume, struct err *err)
{
	struct sql_stmt *s;

	if ((hour >= (progress->done_day + 1) * DAY_HOURS &&
		hour >= (progress->working_day + 1) * DAY_HOURS) ||
	    hour < (progress->removed_day + 1) * DAY_HOURS)
		return true;
	s = sql_get(db,
	    "INSERT INTO day_stale (day, volume) VALUES (?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour / DAY_HOURS);
	sql_bind_int(s, 2, volume);
	return sql_run(s, err);
}

bool
day_list_marks(struct sql *db, int64_t from_day, int64_t to_day, int64_t limit,
    struct day_mark **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT day, volume FROM day_stale WHERE day >= ? AND day <= ?"
	    " ORDER BY day, volume LIMIT ?",
	    err);
	enum sql_result result = SQL_FAILED;
	struct day_mark *marks = NULL, *more;
	size_t n = 0, cap = 0;

	if (s != NULL) {
		sql_bind_int(s, 1, from_day);
		sql_bind_int(s, 2, to_day);
		sql_bind_int(s, 3, limit);
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			more = reallocarray(marks, cap, sizeof *marks);
			if (more == NULL) {
				err_nomem(err);
				break;
			}
			marks = more;
		}
		marks[n++] = (struct day_mark){sql_int(s, 0), sql_int(s, 1)};
	}
	sql_done(s);
	if (result != SQL_END) {
		free(marks);
		return false;
	}
	*list = marks;
	*count = n;
	return true;
}

bool
day_clear_mark(struct sql *db, int64_t day, int64_t volume, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "DELETE FROM day_stale WHERE day = ? AND volume = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, volume);
	return sql_run(s, err);
}

/* --- rows --- */

static bool
delete_row(struct sql *db, int64_t day, int64_t volume, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "DELETE FROM day WHERE day = ? AND volume = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, volume);
	return sql_run(s, err);
}

bool
day_store(struct sql *db, int64_t day, int64_t volume, int64_t fact,
    const struct buf *bytes, struct err *err)
{
	struct sql_stmt *s;

	if (bytes->len == 0)
		return delete_row(db, day, volume, err);
	s = sql_get(db,
	    "INSERT INTO day (day, volume, fact, hours) VALUES (?, ?, ?, ?)"
	    " ON CONFLICT DO UPDATE"
	    " SET fact = excluded.fact, hours = excluded.hours",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, volume);
	sql_bind_int(s, 3, fact);
	sql_bind_blob(s, 4, bytes->data, bytes->len);
	return sql_run(s, err);
}

bool
day_load(struct sql *db, int64_t day, int64_t volume, int64_t *fact,
    struct buf *bytes, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT fact, hours FROM day WHERE day = ? AND volume = ?", err);
	enum sql_result result = SQL_FAILED;
	const void *data;
	size_t len;

	buf_clear(bytes);
	*fact = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	sql_bind_int(s, 2, volume);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	*fact = sql_int(s, 0);
	data = sql_blob(s, 1, &len);
	buf_add(bytes, data, len);
	sql_done(s);
	return !bytes->failed || err_nomem(err);
}

bool
day_read(struct day_hours *h, int64_t day, int64_t volume, const void *bytes,
    size_t len, struct err *err)
{
	return day_decode(h, day, bytes, len, err) ||
	       err_context(err, "day %lld of volume row %lld", (long long)day,
		   (long long)volume);
}

bool
day_measure(
    struct sql *db, int64_t day, int64_t *rows, int64_t *bytes, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*), ifnull(sum(length(hours)), 0) FROM day"
	    " WHERE day = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*rows = sql_int(s, 0);
	*bytes = sql_int(s, 1);
	sql_done(s);
	return true;
}

/* --- what a day was --- */

void
day_digest_row(struct tls_hash *hash, const uint8_t uuid[UUID_SIZE],
    const void *bytes, size_t len)
{
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)len >> (8 * i));
	tls_hash_add(hash, uuid, UUID_SIZE);
	tls_hash_add(hash, length, sizeof length);
	tls_hash_add(hash, bytes, len);
}

static bool
add_rows(struct sql *db, int64_t day, struct tls_hash *hash, int64_t *rows,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT v.volume_id, d.hours FROM volume v"
	    " JOIN day d ON d.day = ? AND d.volume = v.id"
	    " ORDER BY v.volume_id",
	    err);
	enum sql_result result = SQL_FAILED;
	const void *id, *bytes;
	size_t id_len, len;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, day);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		id = sql_blob(s, 0, &id_len);
		if (id_len != UUID_SIZE) {
			err_set(err, ERR_BROKEN, "a volume's UUID is damaged");
			break;
		}
		bytes = sql_blob(s, 1, &len);
		day_digest_row(hash, id, bytes, len);
		(*rows)++;
	}
	sql_done(s);
	return result == SQL_END;
}

bool
day_digest(struct sql *db, int64_t day, uint8_t out[TLS_SHA256_BYTES],
    int64_t *rows, struct err *err)
{
	struct tls_hash *hash = tls_hash_new(err);
	int64_t all, bytes;
	bool ok;

	*rows = 0;
	if (hash == NULL)
		return false;
	ok = add_rows(db, day, hash, rows, err) &&
	     day_measure(db, day, &all, &bytes, err);
	tls_hash_final(hash, out);
	tls_hash_free(hash);
	if (ok && all != *rows)
		return err_set(err, ERR_BROKEN,
		    "%lld rows of day %lld belong to no volume",
		    (long long)(all - *rows), (long long)day);
	return ok;
}
