/*
 * sql.c - SQLite behind sql.h. In: texts and values. Out: rows, and errors
 * that say whether trying again makes sense. Owns the prepared statements.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "sql.h"

struct sql_stmt {
	const char *text;  /* a literal; its address is the key */
	sqlite3_stmt *raw; /* owned */
	struct sql *db;	   /* borrowed: the connection that owns this */
};

/* A program has some dozens of literals; twice as many slots as it can have
 * keep the search short. */
enum {
	STMT_SLOTS = 512,
	STMT_MAX = STMT_SLOTS / 2
};

struct sql {
	sqlite3 *raw;			    /* owned */
	struct sql_stmt *stmts[STMT_SLOTS]; /* owned; by address of the text */
	size_t stmt_count;
};

static bool
fail(struct sql *db, int code, struct err *err)
{
	const char *text = db != NULL && db->raw != NULL
			       ? sqlite3_errmsg(db->raw)
			       : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_BUSY,
		    "another process is writing to the database");
	case SQLITE_FULL:
		return err_set(
		    err, ERR_BUSY, "the disk with the database is full");
	case SQLITE_READONLY:
		return err_set(err, ERR_BUSY,
		    "the database cannot be written: the disk is read-only, or "
		    "its files belong to somebody else (%d)",
		    code);
	case SQLITE_IOERR:
		return err_set(err, ERR_BUSY,
		    "the disk with the database does not work: %s (%d)", text,
		    code);
	case SQLITE_NOMEM:
		return err_nomem(err);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_BROKEN,
		    "the database file is damaged; leave it as it is, and "
		    "restore a copy: %s (%d)",
		    text, code);
	default:
		return err_set(
		    err, ERR_BROKEN, "database error: %s (%d)", text, code);
	}
}

/* Where the statement for a literal is, or belongs. */
static struct sql_stmt **
find_slot(struct sql *db, const char *text)
{
	size_t i = ((uintptr_t)text >> 3) % STMT_SLOTS;

	while (db->stmts[i] != NULL && db->stmts[i]->text != text)
		i = (i + 1) % STMT_SLOTS;
	return &db->stmts[i];
}

/* One thread, and nobody asks how much memory SQLite has: without its locks
 * and counts each allocation is cheaper. Refused once SQLite is at work,
 * which is as well. */
static void
configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct sql *
sql_open(const char *path, enum sql_mode mode, int busy_ms, struct err *err)
{
	struct sql *db = calloc(1, sizeof *db);
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	int code;

	configure_library();
	if (db == NULL) {
		err_nomem(err);
		return NULL;
	}
	if (mode == SQL_READ)
		flags |= SQLITE_OPEN_READONLY;
	else
		flags |= SQLITE_OPEN_READWRITE;
	if (mode == SQL_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	code = sqlite3_open_v2(path, &db->raw, flags, NULL);
	if (code != SQLITE_OK) {
		fail(db, code, err);
		err_context(err, "%s", path);
		sql_close(db);
		return NULL;
	}
	sqlite3_extended_result_codes(db->raw, 1);
	sqlite3_busy_timeout(db->raw, busy_ms);
	return db;
}

void
sql_close(struct sql *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < STMT_SLOTS; i++)
		if (db->stmts[i] != NULL) {
			sqlite3_finalize(db->stmts[i]->raw);
			free(db->stmts[i]);
		}
	sqlite3_close(db->raw);
	free(db);
}

bool
sql_exec(struct sql *db, const char *text, struct err *err)
{
	int code = sqlite3_exec(db->raw, text, NULL, NULL, NULL);

	return code == SQLITE_OK || fail(db, code, err);
}

bool
sql_pragma(struct sql *db, const char *name, const char *value, struct err *err)
{
	char text[160];

	snprintf(text, sizeof text, "PRAGMA %s = %s", name, value);
	return sql_exec(db, text, err);
}

static struct sql_stmt *
prepare(struct sql *db, const char *text, struct err *err)
{
	struct sql_stmt *s = calloc(1, sizeof *s);
	int code;

	if (s == NULL) {
		err_nomem(err);
		return NULL;
	}
	s->text = text;
	s->db = db;
	code = sqlite3_prepare_v3(
	    db->raw, text, -1, SQLITE_PREPARE_PERSISTENT, &s->raw, NULL);
	if (code == SQLITE_OK)
		return s;
	fail(db, code, err);
	free(s);
	return NULL;
}

struct sql_stmt *
sql_get(struct sql *db, const char *text, struct err *err)
{
	struct sql_stmt **slot = find_slot(db, text);

	if (*slot == NULL) {
		assert(db->stmt_count < STMT_MAX);
		*slot = prepare(db, text, err);
		db->stmt_count += *slot != NULL;
		return *slot;
	}
	/* Two functions in the middle of one statement is our mistake. */
	assert(!sqlite3_stmt_busy((*slot)->raw));
	sqlite3_reset((*slot)->raw);
	sqlite3_clear_bindings((*slot)->raw);
	return *slot;
}

/* A bind fails only for a wrong parameter number, our mistake, or for want
 * of memory, which the step that follows meets again. */
static void
check_bind(int code)
{
	assert(code == SQLITE_OK || code == SQLITE_NOMEM);
	(void)code;
}

void
sql_bind_int(struct sql_stmt *s, int n, int64_t value)
{
	check_bind(sqlite3_bind_int64(s->raw, n, value));
}

void
sql_bind_text(struct sql_stmt *s, int n, const char *text)
{
	check_bind(sqlite3_bind_text(s->raw, n, text, -1, SQLITE_STATIC));
}

void
sql_bind_text_len(struct sql_stmt *s, int n, const char *text, size_t len)
{
	check_bind(sqlite3_bind_text64(
	    s->raw, n, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void
sql_bind_blob(struct sql_stmt *s, int n, const void *data, size_t len)
{
	check_bind(sqlite3_bind_blob64(s->raw, n, data, len, SQLITE_STATIC));
}

void
sql_bind_null(struct sql_stmt *s, int n)
{
	check_bind(sqlite3_bind_null(s->raw, n));
}

enum sql_result
sql_step(struct sql_stmt *s, struct err *err)
{
	int code = sqlite3_step(s->raw);

	if (code == SQLITE_ROW)
		return SQL_ROW;
	if (code != SQLITE_DONE)
		fail(s->db, code, err);
	sqlite3_reset(s->raw);
	return code == SQLITE_DONE ? SQL_END : SQL_FAILED;
}

bool
sql_run(struct sql_stmt *s, struct err *err)
{
	enum sql_result result;

	while ((result = sql_step(s, err)) == SQL_ROW)
		;
	return result == SQL_END;
}

void
sql_done(struct sql_stmt *s)
{
	if (s != NULL)
		sqlite3_reset(s->raw);
}

int64_t
sql_int(struct sql_stmt *s, int column)
{
	return sqlite3_column_int64(s->raw, column);
}

const char *
sql_text(struct sql_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s->raw, column);

	return text != NULL ? (const char *)text : "";
}

const void *
sql_blob(struct sql_stmt *s, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(s->raw, column);

	*len = (size_t)sqlite3_column_bytes(s->raw, column);
	return data;
}

bool
sql_is_null(struct sql_stmt *s, int column)
{
	return sqlite3_column_type(s->raw, column) == SQLITE_NULL;
}

int64_t
sql_changes(struct sql *db)
{
	return sqlite3_changes64(db->raw);
}

int64_t
sql_last_row(struct sql *db)
{
	return sqlite3_last_insert_rowid(db->raw);
}

static bool
run_text(struct sql *db, const char *text, struct err *err)
{
	struct sql_stmt *s = sql_get(db, text, err);

	return s != NULL && sql_run(s, err);
}

bool
sql_begin(struct sql *db, struct err *err)
{
	return run_text(db, "BEGIN IMMEDIATE", err);
}

bool
sql_begin_read(struct sql *db, struct err *err)
{
	return run_text(db, "BEGIN", err);
}

bool
sql_commit(struct sql *db, struct err *err)
{
	if (run_text(db, "COMMIT", err))
		return true;
	sql_rollback(db);
	return false;
}

void
sql_rollback(struct sql *db)
{
	struct err ignored = ERR_INIT;

	/* SQLite rolls back by itself when the disk is full. */
	if (sql_in_transaction(db))
		run_text(db, "ROLLBACK", &ignored);
}

bool
sql_in_transaction(struct sql *db)
{
	return sqlite3_get_autocommit(db->raw) == 0;
}

int64_t
sql_data_version(struct sql *db)
{
	struct err ignored = ERR_INIT;
	struct sql_stmt *s = sql_get(db, "PRAGMA data_version", &ignored);
	int64_t version = -1;

	if (s != NULL && sql_step(s, &ignored) == SQL_ROW) {
		version = sql_int(s, 0);
		sql_done(s);
	}
	return version;
}

/* --- copying ------------------------------------------------------------- */
/* A step leaves the state that is read alone: the caller's transaction holds
 * it, so nothing that is written meanwhile makes the copy begin again. */
static bool
copy_pages(struct sql *from, struct sql *to, int step_pages,
    sql_copy_fn *on_step, void *ctx, struct err *err)
{
	sqlite3_backup *copy =
	    sqlite3_backup_init(to->raw, "main", from->raw, "main");
	int code;

	if (copy == NULL)
		return fail(to, sqlite3_errcode(to->raw), err);
	do {
		code = sqlite3_backup_step(copy, step_pages);
		if ((code == SQLITE_OK || code == SQLITE_DONE) &&
		    !on_step(ctx, err)) {
			sqlite3_backup_finish(copy);
			return false;
		}
	} while (code == SQLITE_OK);
	sqlite3_backup_finish(copy);
	if (code == SQLITE_FULL || code == SQLITE_IOERR_WRITE)
		return err_set(
		    err, ERR_BUSY, "there is no room for the copy (%d)", code);
	return code == SQLITE_DONE || fail(to, code, err);
}

bool
sql_copy(struct sql *from, const char *path, int step_pages,
    sql_copy_fn *on_step, void *ctx, struct err *err)
{
	struct sql *to = sql_open(path, SQL_WRITE, 0, err);
	bool ok;

	if (to == NULL)
		return false;
	ok = sql_exec(to,
		 "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		 "PRAGMA cache_size = -1024",
		 err) &&
	     copy_pages(from, to, step_pages, on_step, ctx, err);
	sql_close(to);
	/* Only now it has a header that says WAL. */
	to = ok ? sql_open(path, SQL_WRITE, 0, err) : NULL;
	ok = to != NULL && sql_exec(to, "PRAGMA journal_mode = DELETE", err);
	sql_close(to);
	return ok;
}
