/*
 * volume_state.c - looks up how volumes stand. In: rows of volumes and
 * samples. Out: a struct for each.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "volume.h"
#include "volume_state.h"
#include "volume_state_part.h"

const char *
volume_state_word(const struct volume_state *v, int64_t now)
{
	if (v->retired_at != 0 && v->retired_at <= now)
		return "retired";
	return v->missing_since != 0 ? "missing" : "live";
}

int64_t
volume_state_missing_hours(const struct volume_state *v, int64_t now)
{
	return v->missing_since != 0 && now > v->missing_since
		   ? (now - v->missing_since) / UTC_HOUR_SECS
		   : 0;
}

void
volume_state_fini(struct volume_state *v)
{
	free(v->name);
	free(v->region);
	free(v->source);
	memset(v, 0, sizeof *v);
}

void
volume_state_free(struct volume_state *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		volume_state_fini(&list[i]);
	free(list);
}

/* --- the volumes --- */

#define COLUMNS                                                   \
	"SELECT v.id, v.volume_id, v.region, ifnull(s.name, '')," \
	" ifnull(v.created_at, 0), ifnull(v.retired_at, 0),"      \
	" ifnull(v.missing_since, 0) FROM volume v"               \
	" LEFT JOIN source s ON s.id = v.source"

static bool
read_row(struct sql_stmt *s, struct volume_state *v, struct err *err)
{
	const void *uuid;
	size_t len;

	memset(v, 0, sizeof *v);
	v->id = sql_int(s, 0);
	uuid = sql_blob(s, 1, &len);
	if (len == UUID_SIZE)
		memcpy(v->uuid.bytes, uuid, len);
	v->region = strdup(sql_text(s, 2));
	v->source = strdup(sql_text(s, 3));
	v->created_at = sql_int(s, 4);
	v->retired_at = sql_int(s, 5);
	v->missing_since = sql_int(s, 6);
	v->last.hour = -1;
	if (v->region != NULL && v->source != NULL)
		return true;
	volume_state_fini(v);
	return err_nomem(err);
}

static bool
load_all(struct volume_state_look *look, struct err *err)
{
	struct sql_stmt *s = sql_get(look->db, COLUMNS " ORDER BY v.id", err);
	enum sql_result result = SQL_FAILED;
	struct volume_state *more;
	size_t cap = 0;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (look->count == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			more = reallocarray(look->list, cap, sizeof *more);
			if (more == NULL) {
				err_nomem(err);
				break;
			}
			look->list = more;
		}
		if (!read_row(s, &look->list[look->count], err))
			break;
		look->count++;
	}
	sql_done(s);
	return result == SQL_END;
}

static bool
load_one(struct sql *db, const struct uuid *uuid, struct volume_state *out,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db, COLUMNS " WHERE v.volume_id = ?", err);
	char text[UUID_TEXT_SIZE];
	enum sql_result result;
	bool ok;

	if (s == NULL)
		return false;
	sql_bind_blob(s, 1, uuid->bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_INPUT,
		    "there is no volume %s; `list volumes` shows them",
		    uuid_format(uuid, text));
	if (result == SQL_FAILED)
		return false;
	ok = read_row(s, out, err);
	sql_done(s);
	return ok;
}

/* --- names --- */

/* What the last sample stated, or else the name that is the newest. */
static bool
load_name(struct sql *db, bool limited, struct volume_state *v, struct err *err)
{
	struct sql_stmt *s;
	enum sql_result result;

	if (limited && v->last.name == 0)
		return volume_last_name(db, v->id, &v->name, err);
	s = sql_get(db,
	    "SELECT name FROM volume_name WHERE id = ?1 OR (?1 = 0 AND id ="
	    " (SELECT max(id) FROM volume_name WHERE volume = ?2))",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, v->last.name);
	sql_bind_int(s, 2, v->id);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	v->name = strdup(result == SQL_ROW ? sql_text(s, 0) : "");
	sql_done(s);
	return v->name != NULL || err_nomem(err);
}

/* --- all, and one --- */

bool
volume_state_list(struct sql *db, int64_t now, bool limited,
    struct volume_state **list, size_t *count, struct err *err)
{
	struct volume_state_look look;
	bool ok = volume_state_begin(&look, db, now, err) &&
		  load_all(&look, err) && volume_state_find_last(&look, err);

	for (size_t i = 0; ok && i < look.count; i++)
		ok = load_name(db, limited, &look.list[i], err);
	if (!ok) {
		volume_state_free(look.list, look.count);
		return false;
	}
	*list = look.list;
	*count = look.count;
	return true;
}

bool
volume_state_load(struct sql *db, const struct uuid *uuid, int64_t now,
    bool limited, struct volume_state *out, struct err *err)
{
	struct volume_state_look look;

	if (!volume_state_begin(&look, db, now, err) ||
	    !load_one(db, uuid, out, err))
		return false;
	look.list = out;
	look.count = 1;
	if (volume_state_find_last(&look, err) &&
	    load_name(db, limited, out, err))
		return true;
	volume_state_fini(out);
	return false;
}

bool
volume_state_first(struct sql *db, const struct volume_state *v,
    struct volume_state_sample *out, struct err *err)
{
	struct volume_state_look look;

	return volume_state_begin(&look, db, 0, err) &&
	       volume_state_find_first(&look, v, out, err);
}

/* --- what it was --- */

/* Columns: text, number. */
static bool
tell(struct sql_stmt *s, const struct volume_state *v, volume_state_fn *each,
    void *ctx, struct err *err)
{
	enum sql_result result = SQL_FAILED;

	if (s != NULL)
		sql_bind_int(s, 1, v->id);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!each(ctx, sql_text(s, 0), sql_int(s, 1), err)) {
			sql_done(s);
			return false;
		}
	return result == SQL_END;
}

bool
volume_state_names(struct sql *db, const struct volume_state *v,
    volume_state_fn *each, void *ctx, struct err *err)
{
	return tell(sql_get(db,
			"SELECT name, 0 FROM volume_name WHERE volume = ?"
			" ORDER BY id",
			err),
	    v, each, ctx, err);
}

bool
volume_state_accounts(struct sql *db, const struct volume_state *v,
    volume_state_fn *each, void *ctx, struct err *err)
{
	return tell(sql_get(db,
			"SELECT a.name, va.first_month FROM account a"
			" CROSS JOIN volume_account va ON va.account = a.id"
			" WHERE va.volume = ? ORDER BY va.first_month, a.name",
			err),
	    v, each, ctx, err);
}
