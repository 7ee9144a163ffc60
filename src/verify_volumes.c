/*
 * verify_volumes.c - volumes, their names and their ends. In: facts that state
 * an end. Out: the volumes, for the parts that look at their samples; rows
 * that say something else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "verify_part.h"
#include "volume.h"

/* --- tables in memory --- */

/* The list with room for one more row; NULL, and the list as it was, without
 * memory. */
static void *
grow(void *list, size_t count, size_t *cap, size_t size, struct err *err)
{
	size_t next = *cap > 0 ? 2 * *cap : 64;
	void *more;

	if (count < *cap)
		return list;
	more = reallocarray(list, next, size);
	if (more == NULL)
		err_nomem(err);
	else
		*cap = next;
	return more;
}

/* What stands for none in memory is something else in a row. */
static bool
load_volumes(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT id, volume_id,"
	    " CASE retired_at WHEN 0 THEN -1 ELSE ifnull(retired_at, 0) END,"
	    " CASE lives_until WHEN 0 THEN -1 ELSE ifnull(lives_until, 0) END,"
	    " CASE revised_hour WHEN -1 THEN -2"
	    "   ELSE ifnull(revised_hour, -1) END"
	    " FROM volume ORDER BY id",
	    err);
	enum sql_result result = SQL_FAILED;
	struct verify_volume *row;
	const void *uuid;
	size_t cap = 0, len;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		row = grow(
		    v->volumes, v->volume_count, &cap, sizeof *v->volumes, err);
		if (row == NULL) {
			sql_done(s);
			return false;
		}
		v->volumes = row;
		row = &v->volumes[v->volume_count++];
		memset(row, 0, sizeof *row);
		row->id = sql_int(s, 0);
		uuid = sql_blob(s, 1, &len);
		if (len == UUID_SIZE)
			memcpy(row->uuid.bytes, uuid, len);
		row->retired_at = sql_int(s, 2);
		row->lives_until = sql_int(s, 3);
		row->revised_hour = sql_int(s, 4);
		row->last_revised = -1;
	}
	v->result->checked[VERIFY_VOLUME] = (int64_t)v->volume_count;
	return result == SQL_END;
}

static bool
load_names(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    v->db, "SELECT id, volume, name FROM volume_name ORDER BY id", err);
	enum sql_result result = SQL_FAILED;
	struct verify_name *row;
	const void *name;
	size_t cap = 0;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		row =
		    grow(v->names, v->name_count, &cap, sizeof *v->names, err);
		if (row == NULL) {
			sql_done(s);
			return false;
		}
		v->names = row;
		row = &v->names[v->name_count++];
		row->id = sql_int(s, 0);
		row->volume = sql_int(s, 1);
		row->at = v->name_text.len;
		name = sql_blob(s, 2, &row->len);
		buf_add(&v->name_text, name, row->len);
	}
	if (v->name_text.failed)
		return err_nomem(err);
	return result == SQL_END;
}

bool
verify_load_volumes(struct verify *v, struct err *err)
{
	return load_volumes(v, err) && load_names(v, err);
}

void
verify_volumes_fini(struct verify *v)
{
	for (size_t i = 0; i < v->volume_count; i++) {
		struct verify_volume *row = &v->volumes[i];

		for (struct verify_end *e; (e = row->ends) != NULL; free(e))
			row->ends = e->next;
		for (struct verify_payer *p; (p = row->payers) != NULL; free(p))
			row->payers = p->next;
	}
	free(v->volumes);
	free(v->names);
	free(v->account_months);
	buf_fini(&v->name_text);
}

static int
compare_id(const void *key, const void *row)
{
	int64_t a = *(const int64_t *)key,
		b = ((const struct verify_volume *)row)->id;

	return (a > b) - (a < b);
}

static int
compare_name(const void *key, const void *row)
{
	int64_t a = *(const int64_t *)key,
		b = ((const struct verify_name *)row)->id;

	return (a > b) - (a < b);
}

/* Ids have no gaps, unless somebody made one. */
struct verify_volume *
verify_find_volume(struct verify *v, int64_t id)
{
	if (id >= 1 && id <= (int64_t)v->volume_count &&
	    v->volumes[id - 1].id == id)
		return &v->volumes[id - 1];
	if (v->volume_count == 0)
		return NULL;
	return bsearch(
	    &id, v->volumes, v->volume_count, sizeof *v->volumes, compare_id);
}

const struct verify_name *
verify_find_name(const struct verify *v, int64_t id)
{
	if (id >= 1 && id <= (int64_t)v->name_count &&
	    v->names[id - 1].id == id)
		return &v->names[id - 1];
	if (v->name_count == 0)
		return NULL;
	return bsearch(
	    &id, v->names, v->name_count, sizeof *v->names, compare_name);
}

char *
verify_name_volume(const struct verify_volume *row, char *out, size_t size)
{
	char uuid[UUID_TEXT_SIZE];

	snprintf(out, size, "volume %s", uuid_format(&row->uuid, uuid));
	return out;
}

/* --- ends --- */

static bool
find_by_uuid(struct verify *v, const char *text, struct verify_volume **out,
    struct err *err)
{
	struct sql_stmt *s =
	    sql_get(v->db, "SELECT id FROM volume WHERE volume_id = ?", err);
	enum sql_result result;
	struct uuid uuid = {{0}};

	*out = NULL;
	if (s == NULL)
		return false;
	(void)uuid_parse(text, strlen(text), &uuid);
	sql_bind_blob(s, 1, uuid.bytes, UUID_SIZE);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	*out = verify_find_volume(v, sql_int(s, 0));
	sql_done(s);
	return true;
}

static bool
read_time(const char *detail, const char *name, int64_t *at)
{
	struct buf text = BUF_INIT;
	bool ok = fact_get(detail, name, &text) &&
		  utc_parse(text.data, text.len, at, NULL);

	buf_fini(&text);
	return ok;
}

/* Facts of ends stand behind the report's or the release's, two of the same
 * volume if two samples of a report move it. */
bool
verify_note_retirement(
    struct verify *v, const struct verify_fact *f, struct err *err)
{
	struct verify_volume *row;
	struct verify_end *end;
	int64_t at = 0;

	if (!find_by_uuid(v, f->said.subject, &row, err))
		return false;
	if (row == NULL || !read_time(f->said.detail, "retired_at", &at)) {
		char where[64];

		snprintf(where, sizeof where, "volume %s", f->said.subject);
		verify_find(v, VERIFY_VOLUME, f->seq, where,
		    "fact %lld states its end, but %s", (long long)f->seq,
		    row == NULL ? "there is no such row: it was deleted, or "
				  "given another UUID"
				: "not when: the fact was changed");
		return true;
	}
	end = row->ends;
	if (end == NULL || end->fact != v->last_source) {
		end = calloc(1, sizeof *end);
		if (end == NULL)
			return err_nomem(err);
		end->next = row->ends;
		row->ends = end;
	}
	end->fact = v->last_source;
	end->retired_at = at;
	(void)read_time(f->said.detail, "lives_until", &row->extended_until);
	return true;
}

static const char *
format_end(int64_t at, char out[UTC_TEXT_SIZE])
{
	return at == 0 ? "none" : utc_format(at, out);
}

static void
compare_time(struct verify *v, const struct verify_volume *row,
    const char *name, int64_t is, int64_t due)
{
	char where[64], is_text[UTC_TEXT_SIZE], due_text[UTC_TEXT_SIZE];

	if (due != is)
		verify_find(v, VERIFY_VOLUME,
		    row->ends != NULL ? row->ends->fact : 0,
		    verify_name_volume(row, where, sizeof where),
		    "%s is %s, but its facts say %s: the row was changed", name,
		    format_end(is, is_text), format_end(due, due_text));
}

/* The last end that is stated is the volume's. */
static void
compare_volume(struct verify *v, const struct verify_volume *row)
{
	compare_time(v, row, "retired_at", row->retired_at,
	    row->ends != NULL ? row->ends->retired_at : 0);
	compare_time(
	    v, row, "lives_until", row->lives_until, row->extended_until);
}

/* A row of volume_end; fact 0 is from before there was this table. */
static void
compare_end(struct verify *v, struct verify_volume *row, int64_t fact,
    int64_t retired_at)
{
	struct verify_end *end = row->ends;
	char where[64], is_text[UTC_TEXT_SIZE], due_text[UTC_TEXT_SIZE];

	if (fact == 0) {
		for (; end != NULL; end = end->next)
			if (end->retired_at >= retired_at)
				end->found = true;
		return;
	}
	while (end != NULL && end->fact != fact)
		end = end->next;
	verify_name_volume(row, where, sizeof where);
	if (end == NULL) {
		verify_find(v, VERIFY_VOLUME, fact, where,
		    "a row of volume_end names fact %lld, which brought no "
		    "end of it: the row was inserted or changed",
		    (long long)fact);
		return;
	}
	end->found = true;
	if (end->retired_at != retired_at)
		verify_find(v, VERIFY_VOLUME, fact, where,
		    "volume_end has %s for fact %lld, which brought %s: the "
		    "row "
		    "was changed",
		    format_end(retired_at, is_text), (long long)fact,
		    format_end(end->retired_at, due_text));
}

static void
find_missing_ends(struct verify *v, const struct verify_volume *row)
{
	char where[64];

	for (const struct verify_end *e = row->ends; e != NULL; e = e->next)
		if (!e->found)
			verify_find(v, VERIFY_VOLUME, e->fact,
			    verify_name_volume(row, where, sizeof where),
			    "fact %lld brought its end, but volume_end has no "
			    "such row: it was deleted or changed",
			    (long long)e->fact);
}

bool
verify_volumes(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT volume, fact, ifnull(retired_at, 0) FROM volume_end", err);
	enum sql_result result = SQL_FAILED;
	struct verify_volume *row;

	for (size_t i = 0; i < v->volume_count; i++)
		compare_volume(v, &v->volumes[i]);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		row = verify_find_volume(v, sql_int(s, 0));
		if (row != NULL)
			compare_end(v, row, sql_int(s, 1), sql_int(s, 2));
	}
	for (size_t i = 0; i < v->volume_count; i++)
		find_missing_ends(v, &v->volumes[i]);
	return result == SQL_END;
}
