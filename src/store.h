/*
 * store.h - the database file: where it is, who may write it, which schema
 * it has.
 *
 * stat.db in the database folder (0600 in 0700), WAL, synchronous=FULL: what
 * is committed is on disk. The server alone holds the folder's lock; command
 * line verbs write beside it in short transactions.
 */
#ifndef SRC_STORE_H
#define SRC_STORE_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "settings.h"

/* How long a verb, and the server, waits for another writer. */
enum {
	STORE_CLI_BUSY_MS = 5000,
	STORE_SERVER_BUSY_MS = 1000,
	/* A database up to here is looked through at each start of the server:
	 * 0.1 s from memory, a second from a slow disk. */
	STORE_CHECK_MAX_BYTES = 32 << 20,
};

/* Opens the database for a command line verb that changes something, or for
 * the server: makes the folder and the file when they are not there (whole or
 * not at all), and brings the schema up to date. pragmas may be NULL. A file
 * that is empty, or a write-ahead log without its file, is ERR_BROKEN, here
 * and in all that follow. */
struct sql *store_open_write(const char *folder, int busy_ms,
    const struct settings_pragmas *pragmas, struct err *err);

/* The same for a verb that changes what must be there: makes nothing. */
struct sql *store_open_change(const char *folder, struct err *err);

/* Opens an existing database for reading only; its schema must be the
 * program's. */
struct sql *store_open_read(const char *folder, struct err *err);

/* Opens an existing database for reading as it is: of any schema up to the
 * program's. */
struct sql *store_open_old(const char *folder, struct err *err);

/* As store_open_read, for a copy: a file of any name. */
struct sql *store_open_copy(const char *path, struct err *err);

/* For the server, before it opens the database, whose lock it has: looks for
 * damage in the write-ahead log, whether the log is the database's, and for
 * damage in the database, unless that is larger than STORE_CHECK_MAX_BYTES.
 * Nothing is changed. ERR_BROKEN says what to do. */
bool store_check(const char *folder, struct err *err);

/* Whether commits in the write-ahead log of a database are out of reach. */
bool store_check_log(const char *path, struct err *err);

/* The schema of the file (0: no tables yet) and of the program. */
bool store_schema(struct sql *db, int *version, struct err *err);
int store_schema_wanted(void);

/* Applies the steps above the file's version, each in its own transaction;
 * a newer file is refused untouched. on_step (may be NULL) is told before
 * each step; with dry_run nothing is changed. */
typedef void store_step_fn(void *ctx, int version, const char *name);
bool store_migrate(struct sql *db, bool dry_run, store_step_fn *on_step,
    void *ctx, struct err *err);

/* Size of the file and of its write-ahead log in bytes; 0 when there is
 * none. Looks, and opens nothing. */
int64_t store_size(const char *folder);

/* Opens without touching the schema, for `migrate`. */
struct sql *store_open_plain(const char *folder, struct err *err);

/* Takes the folder's server lock for the life of the process; the result is
 * a descriptor for store_unlock, or -1 and err when another server has it. */
int store_lock(const char *folder, struct err *err);
void store_unlock(int lock);

#endif
