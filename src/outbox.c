/*
 * outbox.c - the mail queue of outbox.h. In: plans, messages, results. Out:
 * what is due. Owns the tables mail and mail_recipient; every change is one
 * transaction, so that a kill at any point leaves a queue that makes sense.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox.h"

static bool
find_mail(struct sql *db, const char *name, const char *period,
    int64_t revision, int64_t *id, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id FROM mail"
	    " WHERE name = ? AND period = ? AND revision = ?",
	    err);
	enum sql_result result;

	*id = 0;
	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	sql_bind_text(s, 2, period);
	sql_bind_int(s, 3, revision);
	result = sql_step(s, err);
	if (result == SQL_ROW) {
		*id = sql_int(s, 0);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

bool
outbox_has(struct sql *db, const char *name, const char *period,
    int64_t revision, bool *has, struct err *err)
{
	int64_t id;

	if (!find_mail(db, name, period, revision, &id, err))
		return false;
	*has = id != 0;
	return true;
}

static bool
insert_mail(struct sql *db, const struct outbox_plan *plan, int64_t now,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO mail (name, period, revision, account, accounts,"
	    " attach, state, created_at, next_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'due', ?7, ?7)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, plan->name);
	sql_bind_text(s, 2, plan->period);
	sql_bind_int(s, 3, plan->revision);
	if (plan->account != 0)
		sql_bind_int(s, 4, plan->account);
	sql_bind_text(s, 5, plan->accounts);
	sql_bind_text(s, 6, plan->attach);
	sql_bind_int(s, 7, now);
	return sql_run(s, err);
}

static bool
add_recipient(struct sql *db, int64_t id, const char *address, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO mail_recipient (mail, address, state)"
	    " VALUES (?, ?, 'due') ON CONFLICT DO NOTHING",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	sql_bind_text(s, 2, address);
	return sql_run(s, err);
}

static bool
add_recipients(struct sql *db, int64_t id, const char *list, struct err *err)
{
	char *copy = strdup(list), *save = NULL, *address;
	bool ok = copy != NULL || err_nomem(err);

	for (address = ok ? strtok_r(copy, ", ", &save) : NULL;
	     ok && address != NULL; address = strtok_r(NULL, ", ", &save))
		ok = add_recipient(db, id, address, err);
	free(copy);
	return ok;
}

bool
outbox_plan(struct sql *db, const struct outbox_plan *plan, int64_t now,
    int64_t *id, bool *added, struct err *err)
{
	if (!find_mail(db, plan->name, plan->period, plan->revision, id, err))
		return false;
	*added = *id == 0;
	if (!*added)
		return true;
	if (!insert_mail(db, plan, now, err))
		return false;
	*id = sql_last_row(db);
	return add_recipients(db, *id, plan->to, err);
}

bool
outbox_contents(struct sql *db, int64_t id, struct buf *accounts,
    struct buf *attach, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT accounts, attach FROM mail WHERE id = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	buf_str(accounts, sql_text(s, 0));
	buf_str(attach, sql_text(s, 1));
	sql_done(s);
	return (!accounts->failed && !attach->failed) || err_nomem(err);
}

#define COLUMNS                                                              \
	"id, name, period, revision, ifnull(account, 0), state, created_at," \
	" next_at, ifnull(sent_at, 0), attempts, subject, last_words,"       \
	" message IS NOT NULL"

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static void
read_row(struct sql_stmt *s, struct outbox_mail *m)
{
	memset(m, 0, sizeof *m);
	m->id = sql_int(s, 0);
	copy(m->name, sizeof m->name, sql_text(s, 1));
	copy(m->period, sizeof m->period, sql_text(s, 2));
	m->revision = sql_int(s, 3);
	m->account = sql_int(s, 4);
	copy(m->state, sizeof m->state, sql_text(s, 5));
	m->created_at = sql_int(s, 6);
	m->next_at = sql_int(s, 7);
	m->sent_at = sql_int(s, 8);
	m->attempts = sql_int(s, 9);
	copy(m->subject, sizeof m->subject, sql_text(s, 10));
	copy(m->last_words, sizeof m->last_words, sql_text(s, 11));
	m->has_message = sql_int(s, 12) != 0;
}

bool
outbox_next(struct sql *db, int64_t now, bool need_message,
    struct outbox_mail *out, bool *found, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS " FROM mail"
	    " WHERE state = 'due' AND next_at <= ?1"
	    " AND (message IS NOT NULL) = ?2 ORDER BY next_at, id LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, now);
	sql_bind_int(s, 2, need_message);
	result = sql_step(s, err);
	*found = result == SQL_ROW;
	if (*found) {
		read_row(s, out);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

bool
outbox_next_at(struct sql *db, int64_t *at, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT min(next_at) FROM mail WHERE state = 'due'", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*at = sql_is_null(s, 0) ? INT64_MAX : sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
outbox_count_waiting(struct sql *db, int64_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*) FROM mail WHERE state IN ('due', 'sending')", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*count = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
outbox_set_message(struct sql *db, int64_t id, const char *subject,
    const char *addressed, const char *message, size_t len, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET subject = ?, addressed = ?, message = ?,"
	    " last_words = '' WHERE id = ? AND state = 'due'",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, subject);
	sql_bind_text(s, 2, addressed);
	sql_bind_blob(s, 3, message, len);
	sql_bind_int(s, 4, id);
	return sql_run(s, err);
}

bool
outbox_is_addressed(struct sql *db, int64_t id, const char *addressed,
    bool *same, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT addressed = ? FROM mail WHERE id = ?", err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, addressed);
	sql_bind_int(s, 2, id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*same = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

bool
outbox_clear_message(struct sql *db, int64_t id, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET message = NULL WHERE id = ? AND attempts = 0",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	return sql_run(s, err);
}

bool
outbox_set_aside(
    struct sql *db, int64_t id, const char *reason, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET state = 'aside', last_words = ? WHERE id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, reason);
	sql_bind_int(s, 2, id);
	return sql_run(s, err);
}

bool
outbox_message(struct sql *db, int64_t id, struct buf *out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT message FROM mail WHERE id = ?", err);
	enum sql_result result;
	const void *data;
	size_t len;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_FAILED)
		return false;
	if (result == SQL_END)
		return err_set(err, ERR_INPUT,
		    "there is no mail %lld; `list mails` shows them",
		    (long long)id);
	data = sql_blob(s, 0, &len);
	buf_add(out, data, len);
	sql_done(s);
	return !out->failed || err_nomem(err);
}

/* --- an attempt --- */

static bool
has_recipients(struct sql *db, int64_t id, bool *has, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT count(*) FROM mail_recipient WHERE mail = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*has = sql_int(s, 0) > 0;
	sql_done(s);
	return true;
}

static bool
mark_sending(struct sql *db, int64_t id, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET state = 'sending', attempts = attempts + 1"
	    " WHERE id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	return sql_run(s, err);
}

/* State and recipients are one transaction. */
bool
outbox_begin(struct sql *db, int64_t id, const char *const *to, size_t count,
    struct err *err)
{
	bool has;

	if (!sql_begin(db, err))
		return false;
	if (!has_recipients(db, id, &has, err) || !mark_sending(db, id, err))
		goto undo;
	for (size_t i = 0; !has && i < count; i++)
		if (!add_recipient(db, id, to[i], err))
			goto undo;
	return sql_commit(db, err);
undo:
	sql_rollback(db);
	return false;
}

bool
outbox_waiting(struct sql *db, int64_t id, outbox_address_fn *each, void *ctx,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT address FROM mail_recipient"
	    " WHERE mail = ? AND state = 'due' ORDER BY address",
	    err);
	enum sql_result result = SQL_FAILED;

	if (s != NULL)
		sql_bind_int(s, 1, id);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		if (!each(ctx, sql_text(s, 0), err)) {
			sql_done(s);
			return false;
		}
	return result == SQL_END;
}

static bool
note_result(struct sql *db, int64_t id, const struct outbox_result *r,
    int64_t now, struct err *err)
{
	static const char *const states[] = {"sent", "due", "failed"};
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail_recipient SET state = ?, code = ?, last_words = ?,"
	    " last_at = ? WHERE mail = ? AND address = ? AND state = 'due'",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, states[r->outcome]);
	sql_bind_int(s, 2, r->code);
	sql_bind_text(s, 3, r->words);
	sql_bind_int(s, 4, now);
	sql_bind_int(s, 5, id);
	sql_bind_text(s, 6, r->address);
	return sql_run(s, err);
}

/* A mail with nobody left to wait for is sent when somebody got it; with
 * somebody waiting it is due again, until its time is up. */
static bool
settle(
    struct sql *db, int64_t id, const char *words, int64_t now, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET last_words = ?2,"
	    " next_at = ?3 + min(?4, 60 * max(attempts, 1) * max(attempts, 1)),"
	    " sent_at = CASE WHEN EXISTS (SELECT 1 FROM mail_recipient"
	    "   WHERE mail = ?1 AND state = 'sent' AND last_at = ?3)"
	    "  THEN ?3 ELSE sent_at END,"
	    " state = CASE"
	    "   WHEN NOT EXISTS (SELECT 1 FROM mail_recipient"
	    "     WHERE mail = ?1 AND state = 'due')"
	    "    AND EXISTS (SELECT 1 FROM mail_recipient WHERE mail = ?1)"
	    "   THEN CASE WHEN EXISTS (SELECT 1 FROM mail_recipient"
	    "       WHERE mail = ?1 AND state = 'sent')"
	    "     THEN 'sent' ELSE 'failed' END"
	    "   WHEN ?3 >= created_at + ?5 AND attempts >= ?6 THEN 'failed'"
	    "   ELSE 'due' END"
	    " WHERE id = ?1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	sql_bind_text(s, 2, words);
	sql_bind_int(s, 3, now);
	sql_bind_int(s, 4, OUTBOX_MAX_BACKOFF_SECS);
	sql_bind_int(s, 5, OUTBOX_GIVE_UP_SECS);
	sql_bind_int(s, 6, OUTBOX_LEAST_ATTEMPTS);
	return sql_run(s, err);
}

/* The results and the state they lead to are one transaction. */
bool
outbox_end(struct sql *db, int64_t id, const struct outbox_result *results,
    size_t count, const char *words, int64_t now, struct err *err)
{
	if (!sql_begin(db, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!note_result(db, id, &results[i], now, err))
			goto undo;
	if (settle(db, id, words, now, err))
		return sql_commit(db, err);
undo:
	sql_rollback(db);
	return false;
}

bool
outbox_put_off(
    struct sql *db, int64_t id, const char *words, int64_t now, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET last_words = ?2,"
	    " next_at = ?3 + min(?4, max(60, ?3 - created_at)) WHERE id = ?1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	sql_bind_text(s, 2, words);
	sql_bind_int(s, 3, now);
	sql_bind_int(s, 4, OUTBOX_MAX_BACKOFF_SECS);
	return sql_run(s, err);
}

/* Whether there is anything left to do of a mail. */
static bool
check_retry(const struct outbox_mail *m, bool refused, struct err *err)
{
	long long id = m->id;

	if (strcmp(m->state, "sending") == 0)
		return err_set(err, ERR_INPUT,
		    "mail %lld is being sent right now; see `list mails`", id);
	if (strcmp(m->state, "sent") == 0 && !refused)
		return err_set(err, ERR_INPUT,
		    "mail %lld was sent to all of its recipients", id);
	return true;
}

static bool
has_refused(struct sql *db, int64_t id, bool *refused, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*) FROM mail_recipient"
	    " WHERE mail = ? AND state = 'failed'",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*refused = sql_int(s, 0) > 0;
	sql_done(s);
	return true;
}

/* One attempt stays noted: the message was seen, and is not written anew. */
static bool
make_due(
    struct sql *db, const struct outbox_mail *m, int64_t now, struct err *err)
{
	bool counts = strcmp(m->state, "due") != 0;
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET state = 'due', next_at = ?2,"
	    " attempts = CASE WHEN ?3 THEN min(attempts, 1) ELSE attempts END"
	    " WHERE id = ?1",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, m->id);
	sql_bind_int(s, 2, now);
	sql_bind_int(s, 3, counts);
	if (!sql_run(s, err))
		return false;
	s = sql_get(db,
	    "UPDATE mail_recipient SET state = 'due'"
	    " WHERE mail = ? AND state = 'failed'",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, m->id);
	return sql_run(s, err);
}

/* The look and the change are one transaction: the server may be about to
 * send it. */
bool
outbox_retry(struct sql *db, int64_t id, int64_t now, struct err *err)
{
	struct outbox_mail m = {.id = 0};
	bool refused;

	if (!sql_begin(db, err))
		return false;
	if (outbox_load(db, id, &m, err) &&
	    has_refused(db, id, &refused, err) &&
	    check_retry(&m, refused, err) && make_due(db, &m, now, err))
		return sql_commit(db, err);
	sql_rollback(db);
	return false;
}

bool
outbox_recover(struct sql *db, int64_t now, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE mail SET state = 'due', next_at = ?,"
	    " last_words = 'the server ended during the attempt'"
	    " WHERE state = 'sending'",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, now);
	return sql_run(s, err);
}

/* --- for people --- */

/* A mail that waits for its first attempt, as without credentials, is in no
 * trouble yet. Words of the session count over those of a recipient. */
#define FAILURES                                                              \
	" FROM mail WHERE created_at >= ?1 AND (state = 'failed' OR"          \
	" (state = 'due' AND attempts > 0) OR (state IN ('sent', 'sending')"  \
	"  AND EXISTS (SELECT 1 FROM mail_recipient r WHERE r.mail = mail.id" \
	"   AND r.state = 'failed')))"

static bool
load_oldest(
    struct sql *db, int64_t since, struct outbox_failures *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS ", CASE WHEN last_words <> '' THEN last_words"
	    " ELSE ifnull((SELECT CASE WHEN code > 0 THEN code || ' ' ELSE ''"
	    "   END || r.last_words FROM mail_recipient r WHERE r.mail = "
	    "mail.id"
	    "   AND r.state <> 'sent' ORDER BY r.last_at DESC, r.address"
	    "   LIMIT 1), '') END" FAILURES " ORDER BY created_at, id LIMIT 1",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, since);
	result = sql_step(s, err);
	if (result == SQL_ROW) {
		read_row(s, &out->oldest);
		copy(out->words, sizeof out->words, sql_text(s, 13));
		sql_done(s);
	}
	return result != SQL_FAILED;
}

bool
outbox_load_failures(
    struct sql *db, int64_t since, struct outbox_failures *out, struct err *err)
{
	struct sql_stmt *s = sql_get(
	    db, "SELECT state = 'due', count(*)" FAILURES " GROUP BY 1", err);
	enum sql_result result = SQL_FAILED;

	memset(out, 0, sizeof *out);
	if (s != NULL)
		sql_bind_int(s, 1, since);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW)
		*(sql_int(s, 0) != 0 ? &out->waiting : &out->given_up) =
		    sql_int(s, 1);
	return result == SQL_END && load_oldest(db, since, out, err);
}

bool
outbox_each(struct sql *db, outbox_fn *each, void *ctx, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT " COLUMNS ","
	    " ifnull((SELECT group_concat(line, '; ') FROM (SELECT address"
	    "   || ' ' || state || CASE WHEN code > 0 THEN ' ' || code"
	    "   ELSE '' END || CASE WHEN last_words <> '' THEN ' '"
	    "   || last_words ELSE '' END AS line FROM mail_recipient"
	    "   WHERE mail = mail.id ORDER BY address)), '')"
	    " FROM mail ORDER BY id",
	    err);
	enum sql_result result = SQL_FAILED;
	struct outbox_mail mail;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		read_row(s, &mail);
		if (!each(ctx, &mail, sql_text(s, 13), err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}

bool
outbox_load(
    struct sql *db, int64_t id, struct outbox_mail *out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT " COLUMNS " FROM mail WHERE id = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_INPUT,
		    "there is no mail %lld; `list mails` shows them",
		    (long long)id);
	if (result == SQL_FAILED)
		return false;
	read_row(s, out);
	sql_done(s);
	return true;
}
