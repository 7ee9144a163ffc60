/*
 * quarantine.c - keeps and lists what could not be taken. In: samples of
 * reports. Out: rows. Owns the table quarantine, with quarantine_settle.c.
 */
#include <stdlib.h>
#include <string.h>

#include "fact.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "quarantine.h"

static const char *const reasons[] = {
    [QUARANTINE_FUTURE] = "future",
    [QUARANTINE_TOO_OLD] = "too_old",
    [QUARANTINE_SIZE_BINS_MISMATCH] = "size_bins_mismatch",
    [QUARANTINE_AFTER_RETIREMENT] = "after_retirement",
    [QUARANTINE_CONFLICT] = "conflict",
};

enum {
	REASON_COUNT = sizeof reasons / sizeof reasons[0]
};

const char *
quarantine_reason_name(enum quarantine_reason reason)
{
	return reasons[reason];
}

bool
quarantine_add(struct sql *db, int64_t fact, int64_t account,
    const struct report_volume *rv, struct quarantine_mark *mark,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO quarantine (fact, position, volume_id, account,"
	    " reason, body) VALUES (?, ?, ?, ?, ?, ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, fact);
	sql_bind_int(s, 2, mark->index);
	sql_bind_blob(s, 3, rv->id.bytes, UUID_SIZE);
	sql_bind_int(s, 4, account);
	sql_bind_text(s, 5, reasons[mark->reason]);
	sql_bind_text_len(s, 6, rv->json, rv->json_len);
	if (!sql_run(s, err))
		return false;
	mark->id = sql_last_row(db);
	return true;
}

bool
quarantine_count(struct sql *db, int64_t *open, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT count(*) FROM quarantine WHERE state = 'open'", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*open = sql_int(s, 0);
	sql_done(s);
	return true;
}

static void
read_mark(struct sql_stmt *s, struct quarantine_mark *mark)
{
	const void *uuid;
	size_t len;

	memset(mark, 0, sizeof *mark);
	mark->id = sql_int(s, 0);
	mark->index = (uint32_t)sql_int(s, 1);
	uuid = sql_blob(s, 2, &len);
	if (len == UUID_SIZE)
		memcpy(mark->volume_id.bytes, uuid, len);
	for (int r = 0; r < REASON_COUNT; r++)
		if (strcmp(sql_text(s, 3), reasons[r]) == 0)
			mark->reason = (enum quarantine_reason)r;
}

bool
quarantine_of_report(struct sql *db, int64_t fact,
    struct quarantine_mark **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, position, volume_id, reason FROM quarantine"
	    " WHERE fact = ? ORDER BY position",
	    err);
	struct quarantine_mark *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0;

	if (s != NULL)
		sql_bind_int(s, 1, fact);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		more = reallocarray(rows, n + 1, sizeof *rows);
		if (more == NULL) {
			err_nomem(err);
			break;
		}
		rows = more;
		read_mark(s, &rows[n++]);
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

/* --- for operators --- */

bool
quarantine_parse_state(const char *word, const char **state)
{
	static const char *const states[] = {"open", "released", "discarded"};

	*state = NULL;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(word, states[i]) == 0)
			*state = states[i];
	return *state != NULL || strcmp(word, "all") == 0;
}

bool
quarantine_parse_id(const char *text, int64_t *id)
{
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*id = strtoll(text, NULL, 10);
	return true;
}

/* Open rows have an index of their own, which only a literal finds. */
#define COLUMNS                                                               \
	"SELECT q.id, f.at, f.who, f.subject, q.volume_id, a.name, q.reason," \
	" q.state, q.position, q.body, ifnull(s.at, 0), ifnull(s.who, ''),"   \
	" ifnull(s.detail, '') FROM quarantine q"                             \
	" JOIN fact f ON f.seq = q.fact JOIN account a ON a.id = q.account"   \
	" LEFT JOIN fact s ON s.seq = q.settled_fact WHERE q.id > ?1"         \
	" AND (?2 = 0 OR q.account = ?2)"
#define ORDER " ORDER BY q.id LIMIT ?3"

static struct sql_stmt *
prepare(struct sql *db, const struct quarantine_query *query, struct err *err)
{
	struct sql_stmt *s;

	if (query->fact != 0)
		s = sql_get(db, COLUMNS " AND q.fact = ?4" ORDER, err);
	else if (query->state == NULL)
		s = sql_get(db, COLUMNS ORDER, err);
	else if (strcmp(query->state, "open") == 0)
		s = sql_get(db, COLUMNS " AND q.state = 'open'" ORDER, err);
	else
		s = sql_get(db, COLUMNS " AND q.state = ?4" ORDER, err);
	if (s == NULL)
		return NULL;
	sql_bind_int(s, 1, query->after);
	sql_bind_int(s, 2, query->account);
	sql_bind_int(s, 3, query->limit > 0 ? query->limit : -1);
	if (query->fact != 0)
		sql_bind_int(s, 4, query->fact);
	else if (query->state != NULL && strcmp(query->state, "open") != 0)
		sql_bind_text(s, 4, query->state);
	return s;
}

/* reason is working space. */
static void
read_row(struct sql_stmt *s, struct quarantine_row *row, struct buf *reason)
{
	struct uuid uuid = {{0}};
	const void *blob;
	size_t len;

	row->id = sql_int(s, 0);
	row->received_at = sql_int(s, 1);
	row->source = sql_text(s, 2);
	if (strncmp(row->source, "source:", 7) == 0)
		row->source += 7;
	row->report_id = sql_text(s, 3);
	blob = sql_blob(s, 4, &len);
	if (len == UUID_SIZE)
		memcpy(uuid.bytes, blob, len);
	uuid_format(&uuid, row->volume_id);
	row->account = sql_text(s, 5);
	row->reason = sql_text(s, 6);
	row->state = sql_text(s, 7);
	row->position = sql_int(s, 8);
	row->body = sql_text(s, 9);
	row->settled_at = sql_int(s, 10);
	row->settled_by = sql_text(s, 11);
	fact_get(sql_text(s, 12), "reason", reason);
	row->settled_reason = buf_text(reason);
}

bool
quarantine_each(struct sql *db, const struct quarantine_query *query,
    quarantine_fn *each, void *ctx, struct err *err)
{
	struct sql_stmt *s = prepare(db, query, err);
	enum sql_result result = SQL_FAILED;
	struct buf reason = BUF_INIT;
	struct quarantine_row row;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		read_row(s, &row, &reason);
		if (reason.failed) {
			err_nomem(err);
			break;
		}
		if (!each(ctx, &row, err))
			break;
	}
	sql_done(s);
	buf_fini(&reason);
	return result == SQL_END;
}

static void
put_time(struct json_writer *w, const char *name, int64_t at)
{
	if (at == 0)
		json_put_null(w, name);
	else
		json_put_time(w, name, at);
}

/* A text that has not been said yet is null. */
static void
put_said(struct json_writer *w, const char *name, const char *text)
{
	json_put_string(w, name, text[0] != '\0' ? text : NULL);
}

void
quarantine_put_members(struct json_writer *w, const struct quarantine_row *row)
{
	json_put_int(w, "id", row->id);
	json_put_time(w, "received_at", row->received_at);
	json_put_string(w, "source", row->source);
	json_put_string(w, "report_id", row->report_id);
	json_put_string(w, "volume_id", row->volume_id);
	json_put_string(w, "account", row->account);
	json_put_string(w, "reason", row->reason);
	json_put_string(w, "state", row->state);
	json_put_int(w, "position", row->position);
	put_said(w, "settled_by", row->settled_by);
	put_time(w, "settled_at", row->settled_at);
	put_said(w, "settled_reason", row->settled_reason);
	json_put_raw(w, "body", row->body);
}
