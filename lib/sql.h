/*
 * sql.h - the one door to SQLite: connections, statements, transactions.
 *
 * Statements are prepared once per connection and kept: sql_get() finds them
 * by the address of their text, so the text must be a string literal beside
 * the function that uses it. A statement is used by one function at a time:
 * bind, step or run, read; sql_get() and sql_done() reset it.
 *
 * Errors: a database that is locked, full or refuses to write is ERR_BUSY
 * (try again); one that is damaged or used wrongly is ERR_BROKEN.
 */
#ifndef LIB_SQL_H
#define LIB_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct sql;	 /* a connection */
struct sql_stmt; /* a prepared statement; owned by its connection */

enum sql_mode {
	SQL_READ,   /* must exist */
	SQL_WRITE,  /* must exist */
	SQL_CREATE, /* made when it is not there */
};

/* busy_ms: how long a call waits for another writer. */
struct sql *sql_open(
    const char *path, enum sql_mode mode, int busy_ms, struct err *err);
void sql_close(struct sql *db);

/* Runs every statement of text, for schema steps and pragmas. */
bool sql_exec(struct sql *db, const char *text, struct err *err);

/* One PRAGMA with a value that is checked by the caller. */
bool sql_pragma(
    struct sql *db, const char *name, const char *value, struct err *err);

/* The statement for a string literal, reset and without bindings; NULL and
 * err when it cannot be prepared. */
struct sql_stmt *sql_get(struct sql *db, const char *text, struct err *err);

/* Parameters, counted from 1. Text and blobs are borrowed until the next
 * sql_get, sql_done or sql_again of the statement. */
void sql_bind_int(struct sql_stmt *s, int n, int64_t value);
void sql_bind_text(struct sql_stmt *s, int n, const char *text);
void sql_bind_text_len(struct sql_stmt *s, int n, const char *text, size_t len);
void sql_bind_blob(struct sql_stmt *s, int n, const void *data, size_t len);
void sql_bind_null(struct sql_stmt *s, int n);

enum sql_result {
	SQL_FAILED,
	SQL_ROW,
	SQL_END
};

/* The next row. After SQL_END and SQL_FAILED the statement is reset. */
enum sql_result sql_step(struct sql_stmt *s, struct err *err);

/* For statements without rows: steps to the end. */
bool sql_run(struct sql_stmt *s, struct err *err);

/* Ends a statement before its last row. NULL is fine. */
void sql_done(struct sql_stmt *s);

/* Columns of the present row, counted from 0. Text and blobs are borrowed
 * until the next step. sql_text never returns NULL. */
int64_t sql_int(struct sql_stmt *s, int column);
const char *sql_text(struct sql_stmt *s, int column);
const void *sql_blob(struct sql_stmt *s, int column, size_t *len);
bool sql_is_null(struct sql_stmt *s, int column);

/* Rows changed by the last INSERT, UPDATE or DELETE; row of the last
 * INSERT. */
int64_t sql_changes(struct sql *db);
int64_t sql_last_row(struct sql *db);

/* BEGIN IMMEDIATE, COMMIT, ROLLBACK. A failed sql_commit leaves no open
 * transaction, and whether its rows are durable is not known. */
bool sql_begin(struct sql *db, struct err *err);
bool sql_commit(struct sql *db, struct err *err);
void sql_rollback(struct sql *db);
bool sql_in_transaction(struct sql *db);

/* A read transaction: what follows sees one state of the database. */
bool sql_begin_read(struct sql *db, struct err *err);

/*
 * Copies the whole database, as the read transaction that from is in sees it
 * (it has read something already), into the file at path, which is there and
 * empty. Writers go on meanwhile. step_pages are copied at a time, then
 * on_step is called; when that returns false, so does sql_copy. What is
 * written is durable only when the caller sees to that. The copy needs no
 * other file: it is not in WAL mode. After an error it is half a file.
 */
typedef bool sql_copy_fn(void *ctx, struct err *err);
bool sql_copy(struct sql *from, const char *path, int step_pages,
    sql_copy_fn *on_step, void *ctx, struct err *err);

/* A counter that changes when another connection commits. */
int64_t sql_data_version(struct sql *db);

#endif
