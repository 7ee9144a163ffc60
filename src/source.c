/*
 * source.c - the admin servers of source.h. In: names from the command line.
 * Out: rows and a first token. Owns source and source_account.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fact.h"
#include "lib/buf.h"
#include "source.h"

static bool
insert(
    struct sql *db, const char *name, int64_t now, int64_t *id, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO source (name, created_at) VALUES (?, ?)"
	    " ON CONFLICT (name) DO NOTHING",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	sql_bind_int(s, 2, now);
	if (!sql_run(s, err))
		return false;
	if (sql_changes(db) == 0)
		return err_set(
		    err, ERR_INPUT, "there is a source \"%s\" already", name);
	*id = sql_last_row(db);
	return true;
}

static bool
allow(struct sql *db, int64_t source, const char *account, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO source_account (source, account) VALUES (?, ?)"
	    " ON CONFLICT DO NOTHING",
	    err);
	struct account row;

	if (s == NULL || !account_find(db, account, &row, err))
		return false;
	sql_bind_int(s, 1, source);
	sql_bind_int(s, 2, row.id);
	return sql_run(s, err);
}

/* Puts "a,b" into names. */
static bool
allow_all(struct sql *db, int64_t source, const char *const *accounts,
    size_t account_count, struct buf *names, struct err *err)
{
	for (size_t i = 0; i < account_count; i++) {
		if (!allow(db, source, accounts[i], err))
			return false;
		buf_printf(names, "%s%s", i > 0 ? "," : "", accounts[i]);
	}
	return true;
}

/* The fact tells of the accounts and, as its body, of the token's hash. */
static bool
state(struct sql *db, const char *name, const char *accounts, const char *token,
    const char *who, int64_t now, struct err *err)
{
	uint8_t hash[TLS_SHA256_BYTES];
	struct buf detail = BUF_INIT;
	struct fact fact = {.at = now,
	    .kind = "source.created",
	    .who = who,
	    .subject = name,
	    .body_sha256 = hash};
	bool ok;

	tls_sha256(token, strlen(token), hash);
	fact_put(&detail, "accounts", accounts);
	fact.detail = buf_text(&detail);
	ok = detail.failed ? err_nomem(err) : fact_add(db, &fact, NULL, err);
	buf_fini(&detail);
	return ok;
}

/* The source, its accounts, its first token and the fact are one
 * transaction. */
bool
source_create(struct sql *db, const char *name, const char *const *accounts,
    size_t account_count, const char *given, const char *who, int64_t now,
    char token[TOKEN_TEXT_SIZE], struct err *err)
{
	struct token_spec spec = {
	    .name = name, .role = TOKEN_SOURCE, .given = given};
	struct buf names = BUF_INIT;
	bool ok;

	if (!account_name_valid(name))
		return err_set(err, ERR_INPUT,
		    "a source's name has 1 to 63 of a-z 0-9 . _ - and begins "
		    "with a letter or digit: \"%s\"",
		    name);
	if (account_count == 0)
		return err_set(err, ERR_INPUT,
		    "a source needs an account that it may report for");
	if (!sql_begin(db, err))
		return false;
	ok = insert(db, name, now, &spec.source, err) &&
	     allow_all(db, spec.source, accounts, account_count, &names, err) &&
	     (!names.failed || err_nomem(err)) &&
	     token_create(db, &spec, now, token, err) &&
	     state(db, name, buf_text(&names), token, who, now, err);
	if (ok)
		ok = sql_commit(db, err);
	else
		sql_rollback(db);
	buf_fini(&names);
	return ok;
}

/* --- changes --- */

static bool
allow_none(struct sql *db, int64_t source, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "DELETE FROM source_account WHERE source = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	return sql_run(s, err);
}

/* "a,b", by name. */
static bool
list_names(struct sql *db, int64_t source, struct buf *out, struct err *err)
{
	struct source_account *list = NULL;
	size_t count = 0;

	if (!source_accounts(db, source, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", list[i].name);
	free(list);
	return !out->failed || err_nomem(err);
}

static bool
set_disabled(struct sql *db, int64_t source, bool disabled, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "UPDATE source SET disabled = ? WHERE id = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, disabled);
	sql_bind_int(s, 2, source);
	return sql_run(s, err);
}

static bool
change_accounts(struct sql *db, int64_t source,
    const struct source_change *change, struct buf *detail, struct err *err)
{
	struct buf was = BUF_INIT, is = BUF_INIT, given = BUF_INIT;
	bool ok;

	ok = list_names(db, source, &was, err) && allow_none(db, source, err) &&
	     allow_all(db, source, change->accounts, change->account_count,
		 &given, err) &&
	     list_names(db, source, &is, err);
	if (ok && strcmp(buf_text(&was), buf_text(&is)) != 0) {
		fact_put(detail, "accounts", buf_text(&is));
		fact_put(detail, "old_accounts", buf_text(&was));
	}
	buf_fini(&was);
	buf_fini(&is);
	buf_fini(&given);
	return ok;
}

/* Inside the transaction; detail is empty when there is nothing to do. */
static bool
apply_change(struct sql *db, const char *name,
    const struct source_change *change, struct buf *detail, struct err *err)
{
	struct source source = {.id = 0};
	int64_t id = 0;

	if (!source_find(db, name, &id, err) ||
	    !source_load(db, id, &source, err))
		return false;
	if (change->accounts != NULL &&
	    !change_accounts(db, id, change, detail, err))
		return false;
	if (source.disabled ? change->enable : change->disable) {
		if (!set_disabled(db, id, change->disable, err))
			return false;
		fact_put_int(detail, "disabled", change->disable);
		fact_put_int(detail, "old_disabled", source.disabled);
	}
	return !detail->failed || err_nomem(err);
}

bool
source_update(struct sql *db, const char *name,
    const struct source_change *change, const char *who, int64_t now,
    bool *changed, struct err *err)
{
	struct buf detail = BUF_INIT;
	struct fact fact = {
	    .at = now, .kind = "source.updated", .who = who, .subject = name};
	bool ok;

	if (!sql_begin(db, err))
		return false;
	ok = apply_change(db, name, change, &detail, err);
	*changed = detail.len > 0;
	fact.detail = buf_text(&detail);
	if (ok && *changed)
		ok = fact_add(db, &fact, NULL, err) && sql_commit(db, err);
	/* Whatever was not committed is not to stay. */
	sql_rollback(db);
	buf_fini(&detail);
	return ok;
}

/* --- rows --- */

static void
read_row(struct sql_stmt *s, struct source *out)
{
	out->id = sql_int(s, 0);
	snprintf(out->name, sizeof out->name, "%s", sql_text(s, 1));
	out->disabled = sql_int(s, 2) != 0;
	out->created_at = sql_int(s, 3);
}

bool
source_load(struct sql *db, int64_t id, struct source *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, name, disabled, created_at FROM source WHERE id = ?",
	    err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "the database has no source row %lld", (long long)id);
	if (result == SQL_FAILED)
		return false;
	read_row(s, out);
	sql_done(s);
	return true;
}

bool
source_find(struct sql *db, const char *name, int64_t *id, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT id FROM source WHERE name = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_INPUT,
		    "there is no source \"%s\"; `list sources` shows them",
		    name);
	if (result == SQL_FAILED)
		return false;
	*id = sql_int(s, 0);
	sql_done(s);
	return true;
}

bool
source_accounts(struct sql *db, int64_t source, struct source_account **list,
    size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT a.id, a.name FROM source_account sa"
	    " JOIN account a ON a.id = sa.account"
	    " WHERE sa.source = ? ORDER BY a.name",
	    err);
	struct source_account *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0;

	if (s != NULL)
		sql_bind_int(s, 1, source);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		more = reallocarray(rows, n + 1, sizeof *rows);
		if (more == NULL) {
			err_nomem(err);
			sql_done(s);
			result = SQL_FAILED;
			break;
		}
		rows = more;
		rows[n].id = sql_int(s, 0);
		snprintf(
		    rows[n].name, sizeof rows[n].name, "%s", sql_text(s, 1));
		n++;
	}
	if (result != SQL_END) {
		free(rows);
		return false;
	}
	*list = rows;
	*count = n;
	return true;
}

bool
source_each(struct sql *db, source_fn *each, void *ctx, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT s.id, s.name, s.disabled, s.created_at,"
	    " (SELECT group_concat(name) FROM (SELECT a.name"
	    "   FROM source_account sa JOIN account a ON a.id = sa.account"
	    "   WHERE sa.source = s.id ORDER BY a.name)),"
	    " ifnull((SELECT max(last_used_at) FROM token"
	    "   WHERE source = s.id), 0)"
	    " FROM source s ORDER BY s.name",
	    err);
	enum sql_result result = SQL_FAILED;
	struct source source;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		read_row(s, &source);
		if (!each(ctx, &source, sql_text(s, 4), sql_int(s, 5), err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}
