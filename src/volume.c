/*
 * volume.c - what is known of volumes. In: what samples state. Out: rows that
 * samples refer to. Owns the tables that volume.h names and their cache.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "volume.h"

static int
compare_volumes(const void *a, const void *b)
{
	const struct volume *x = a, *y = b;

	return memcmp(x->uuid.bytes, y->uuid.bytes, UUID_SIZE);
}

static void
free_volume(void *node)
{
	struct volume *v = node;

	free(v->name);
	free(v->region);
	free(v);
}

void
volume_cache_clear(struct volume_cache *cache)
{
	tdestroy(cache->tree, free_volume);
	cache->tree = NULL;
}

int64_t
volume_month_of(int64_t at)
{
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	return (int64_t)civil.year * 12 + civil.month - 1;
}

int64_t
volume_month_hour(int64_t month)
{
	return utc_from_date((int)(month / 12), (int)(month % 12) + 1, 1) /
	       UTC_HOUR_SECS;
}

static bool
load_volume(struct sql *db, struct volume *v, bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, ifnull(retired_at, 0), region, ifnull(lives_until, 0),"
	    " ifnull(revised_hour, -1), ifnull(source, 0),"
	    " ifnull(missing_since, 0) FROM volume WHERE volume_id = ?",
	    err);
	enum sql_result result;

	*found = false;
	if (s == NULL)
		return false;
	sql_bind_blob(s, 1, v->uuid.bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	*found = true;
	v->id = sql_int(s, 0);
	v->retired_at = sql_int(s, 1);
	v->region = strdup(sql_text(s, 2));
	v->lives_until = sql_int(s, 3);
	v->revised_hour = sql_int(s, 4);
	v->source = sql_int(s, 5);
	v->missing_since = sql_int(s, 6);
	sql_done(s);
	return v->region != NULL || err_nomem(err);
}

static bool
insert_volume(
    struct sql *db, struct volume *v, int64_t created_at, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO volume (volume_id, created_at) VALUES (?, ?)", err);

	if (s == NULL)
		return false;
	sql_bind_blob(s, 1, v->uuid.bytes, UUID_SIZE);
	if (created_at != 0)
		sql_bind_int(s, 2, created_at);
	if (!sql_run(s, err))
		return false;
	v->id = sql_last_row(db);
	return true;
}

static struct volume *
find_cached(struct volume_cache *cache, const struct uuid *id)
{
	struct volume key = {.uuid = *id};
	struct volume **found = tfind(&key, &cache->tree, compare_volumes);

	return found != NULL ? *found : NULL;
}

static struct volume *
make_empty(const struct uuid *id, struct err *err)
{
	struct volume *v = calloc(1, sizeof *v);

	if (v == NULL) {
		err_nomem(err);
		return NULL;
	}
	v->uuid = *id;
	v->month = -1;
	v->revised_hour = -1;
	return v;
}

static bool
add_to_cache(struct volume_cache *cache, struct volume *v, struct err *err)
{
	return tsearch(v, &cache->tree, compare_volumes) != NULL ||
	       err_nomem(err);
}

struct volume *
volume_find(struct sql *db, struct volume_cache *cache, const struct uuid *id,
    int64_t created_at, struct err *err)
{
	struct volume *v = find_cached(cache, id);
	bool known;

	if (v != NULL)
		return v;
	v = make_empty(id, err);
	if (v == NULL)
		return NULL;
	if (load_volume(db, v, &known, err) &&
	    (known || insert_volume(db, v, created_at, err)) &&
	    add_to_cache(cache, v, err))
		return v;
	free_volume(v);
	return NULL;
}

bool
volume_look_up(struct sql *db, struct volume_cache *cache,
    const struct uuid *id, struct volume **out, struct err *err)
{
	struct volume *v = find_cached(cache, id);
	bool known = true, ok = true;

	*out = v;
	if (v != NULL)
		return true;
	v = make_empty(id, err);
	if (v == NULL)
		return false;
	ok = load_volume(db, v, &known, err) &&
	     (!known || add_to_cache(cache, v, err));
	if (ok && known)
		*out = v;
	else
		free_volume(v);
	return ok;
}

static bool
same_text(const char *a, const struct report_text *b)
{
	return a != NULL && strlen(a) == b->len &&
	       memcmp(a, b->text, b->len) == 0;
}

static bool
replace_text(char **to, const struct report_text *from, struct err *err)
{
	char *copy = strndup(from->text, from->len);

	if (copy == NULL)
		return err_nomem(err);
	free(*to);
	*to = copy;
	return true;
}

/* Makes v->name_id the row of the name that the sample states. */
bool
volume_note_name(struct sql *db, struct volume *v,
    const struct report_text *name, struct err *err)
{
	struct sql_stmt *s;

	if (name->len == 0 || same_text(v->name, name))
		return true;
	s = sql_get(db,
	    "INSERT INTO volume_name (volume, name) VALUES (?, ?)"
	    " ON CONFLICT (volume, name) DO UPDATE SET name = excluded.name"
	    " RETURNING id",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, v->id);
	sql_bind_text_len(s, 2, name->text, name->len);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	v->name_id = sql_int(s, 0);
	/* RETURNING rows come after the change, but the end must be seen. */
	return sql_run(s, err) && replace_text(&v->name, name, err);
}

bool
volume_note_region(struct sql *db, struct volume *v,
    const struct report_text *region, struct err *err)
{
	struct sql_stmt *s;

	if (region->len == 0 || same_text(v->region, region))
		return true;
	s = sql_get(db, "UPDATE volume SET region = ? WHERE id = ?", err);
	if (s == NULL)
		return false;
	sql_bind_text_len(s, 1, region->text, region->len);
	sql_bind_int(s, 2, v->id);
	return sql_run(s, err) && replace_text(&v->region, region, err);
}

static bool
add_month(
    struct sql *db, const struct volume *v, int64_t month, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO volume_month (volume, month) VALUES (?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, v->id);
	sql_bind_int(s, 2, month);
	return sql_run(s, err);
}

static bool
add_account(struct sql *db, const struct volume *v, int64_t account,
    int64_t month, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO volume_account (account, volume, first_month)"
	    " VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
	    " SET first_month = excluded.first_month"
	    " WHERE excluded.first_month < first_month",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_int(s, 2, v->id);
	sql_bind_int(s, 3, month);
	return sql_run(s, err);
}

static bool
add_account_month(
    struct sql *db, int64_t account, int64_t month, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO account_month (account, month) VALUES (?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_int(s, 2, month);
	return sql_run(s, err);
}

bool
volume_note_month(struct sql *db, struct volume *v, int64_t account, int64_t at,
    struct err *err)
{
	int64_t month = volume_month_of(at);

	if (month == v->month && account == v->account)
		return true;
	if (!add_month(db, v, month, err) ||
	    !add_account(db, v, account, month, err) ||
	    !add_account_month(db, account, month, err))
		return false;
	v->month = month;
	v->account = account;
	return true;
}

bool
volume_note_revision(
    struct sql *db, struct volume *v, int64_t hour, struct err *err)
{
	struct sql_stmt *s;

	if (hour <= v->revised_hour)
		return true;
	s = sql_get(db, "UPDATE volume SET revised_hour = ? WHERE id = ?", err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, hour);
	sql_bind_int(s, 2, v->id);
	v->revised_hour = hour;
	return sql_run(s, err);
}

bool
volume_note_source(
    struct sql *db, struct volume *v, int64_t source, struct err *err)
{
	struct sql_stmt *s;

	if (source == v->source)
		return true;
	s = sql_get(db, "UPDATE volume SET source = ? WHERE id = ?", err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	sql_bind_int(s, 2, v->id);
	v->source = source;
	return sql_run(s, err);
}

bool
volume_note_missing(
    struct sql *db, struct volume *v, int64_t since, struct err *err)
{
	struct sql_stmt *s;

	if (since == v->missing_since)
		return true;
	s = sql_get(
	    db, "UPDATE volume SET missing_since = ? WHERE id = ?", err);
	if (s == NULL)
		return false;
	if (since != 0)
		sql_bind_int(s, 1, since);
	sql_bind_int(s, 2, v->id);
	v->missing_since = since;
	return sql_run(s, err);
}

static bool
set_end(struct sql *db, const struct volume *v, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE volume SET retired_at = ?, lives_until = ? WHERE id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, v->retired_at);
	if (v->lives_until != 0)
		sql_bind_int(s, 2, v->lives_until);
	sql_bind_int(s, 3, v->id);
	return sql_run(s, err);
}

static bool
add_end(struct sql *db, const struct volume *v, int64_t fact, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO volume_end (volume, fact, retired_at)"
	    " VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
	    " SET retired_at = excluded.retired_at",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, v->id);
	sql_bind_int(s, 2, fact);
	sql_bind_int(s, 3, v->retired_at);
	return sql_run(s, err);
}

bool
volume_note_retirement(struct sql *db, struct volume *v, int64_t retired_at,
    int64_t fact, bool *changed, struct err *err)
{
	*changed = retired_at != 0 && retired_at >= v->lives_until &&
		   (v->retired_at == 0 || retired_at < v->retired_at);
	if (!*changed)
		return true;
	v->retired_at = retired_at;
	return set_end(db, v, err) && add_end(db, v, fact, err);
}

bool
volume_extend(struct sql *db, struct volume *v, int64_t until, int64_t fact,
    struct err *err)
{
	v->retired_at = v->lives_until = until;
	return set_end(db, v, err) && add_end(db, v, fact, err);
}

bool
volume_first_month(
    struct sql *db, int64_t account, int64_t *month, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(min(month), -1) FROM account_month"
	    " WHERE account = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*month = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
volume_list_of(struct sql *db, int64_t account, int64_t before_hour,
    int64_t **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT volume FROM volume_account"
	    " WHERE account = ? AND first_month <= ? ORDER BY volume",
	    err);
	int64_t *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0, cap = 0;

	if (s != NULL) {
		sql_bind_int(s, 1, account);
		sql_bind_int(
		    s, 2, volume_month_of(before_hour * UTC_HOUR_SECS - 1));
	}
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
		rows[n++] = sql_int(s, 0);
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

bool
volume_identify(
    struct sql *db, int64_t volume, struct uuid *id, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT volume_id FROM volume WHERE id = ?", err);
	enum sql_result result;
	const void *bytes;
	size_t len;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN, "volume row %lld is gone",
		    (long long)volume);
	bytes = sql_blob(s, 0, &len);
	if (len == UUID_SIZE)
		memcpy(id->bytes, bytes, len);
	sql_done(s);
	return true;
}

bool
volume_last_name(struct sql *db, int64_t volume, char **name, struct err *err)
{
	/* Accounts first: volume_account has no index by volume. */
	struct sql_stmt *s = sql_get(db,
	    "SELECT name FROM volume_name WHERE volume = ?1 AND"
	    " (SELECT count(*) FROM account a CROSS JOIN volume_account va"
	    "   ON va.account = a.id AND va.volume = ?1) < 2"
	    " ORDER BY id DESC LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	*name = strdup(result == SQL_ROW ? sql_text(s, 0) : "");
	sql_done(s);
	return *name != NULL || err_nomem(err);
}
