/*
 * store.c - opens the database of store.h and applies the schema steps that
 * were compiled in from src/schema. Owns no table but sqlite's user_version.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "store.h"

struct schema_step {
	int version;
	const char *name;
	const char *sql;
};

static const struct schema_step steps[] = {
#include "schema.inc"
};

enum {
	STEP_COUNT = sizeof steps / sizeof steps[0]
};

/* Every connection. The WAL is folded back at 16000 pages (64 MiB), rarely
 * enough that p99 does not show it, and cut to 128 MiB after a burst; 64 MiB
 * of page cache hold the month's hot pages. */
static const char defaults[] = "PRAGMA foreign_keys = ON;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -65536;"
			       "PRAGMA journal_size_limit = 134217728;"
			       "PRAGMA wal_autocheckpoint = 16000;"
			       "PRAGMA trusted_schema = OFF;";

static bool
database_path(char *out, size_t size, const char *folder, const char *name,
    struct err *err)
{
	if ((size_t)snprintf(out, size, "%s/%s", folder, name) >= size)
		return err_set(err, ERR_INPUT,
		    "the name of the database folder is too long: %s", folder);
	return true;
}

int
store_schema_wanted(void)
{
	return steps[STEP_COUNT - 1].version;
}

bool
store_schema(struct sql *db, int *version, struct err *err)
{
	struct sql_stmt *s = sql_get(db, "PRAGMA user_version", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*version = (int)sql_int(s, 0);
	sql_done(s);
	return true;
}

/* One step: its tables and the new version are one transaction. */
static bool
apply(struct sql *db, const struct schema_step *step, struct err *err)
{
	char version[16];
	int now;

	snprintf(version, sizeof version, "%d", step->version);
	if (!sql_begin(db, err))
		return false;
	/* Another process may have been faster. */
	if (!store_schema(db, &now, err))
		goto undo;
	if (now < step->version &&
	    (!sql_exec(db, step->sql, err) ||
		!sql_pragma(db, "user_version", version, err)))
		goto undo;
	return sql_commit(db, err);
undo:
	sql_rollback(db);
	return err_context(
	    err, "schema step %03d-%s", step->version, step->name);
}

static bool
refuse_newer(struct sql *db, int *version, struct err *err)
{
	if (!store_schema(db, version, err))
		return false;
	return *version <= store_schema_wanted() ||
	       err_set(err, ERR_INPUT,
		   "the database has schema %d, this program knows %d: it "
		   "was written by a newer stat.flexfs; install that one",
		   *version, store_schema_wanted());
}

bool
store_migrate(struct sql *db, bool dry_run, store_step_fn *on_step, void *ctx,
    struct err *err)
{
	int version;

	if (!refuse_newer(db, &version, err))
		return false;
	for (size_t i = 0; i < STEP_COUNT; i++) {
		if (steps[i].version <= version)
			continue;
		if (on_step != NULL)
			on_step(ctx, steps[i].version, steps[i].name);
		if (!dry_run && !apply(db, &steps[i], err))
			return false;
	}
	return true;
}

int64_t
store_size(const char *folder)
{
	static const char *const names[] = {"stat.db", "stat.db-wal"};
	struct err ignored = ERR_INIT;
	int64_t size = 0;
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (database_path(
			path, sizeof path, folder, names[i], &ignored) &&
		    stat(path, &st) == 0)
			size += st.st_size;
	return size;
}

static struct sql *
open_path(const char *path, enum sql_mode mode, int busy_ms, struct err *err)
{
	/* SQLite takes no path with a link in it; a folder may be one. */
	char *real = file_resolve(path, err);
	struct sql *db = NULL;

	if (real != NULL && file_check_secret(real, err))
		db = sql_open(real, mode, busy_ms, err);
	free(real);
	if (db == NULL)
		return NULL;
	if (!sql_exec(db, defaults, err)) {
		err_context(err, "%s", path);
		sql_close(db);
		return NULL;
	}
	return db;
}

/* Whether a server runs on this folder, this process included: it has looked
 * at the log, and writes it now. */
static bool
is_served(const char *folder)
{
	char path[4096];
	struct err ignored = ERR_INIT;
	bool served;
	int fd;

	if (!database_path(path, sizeof path, folder, "stat.lock", &ignored))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	served = flock(fd, LOCK_SH | LOCK_NB) != 0;
	close(fd);
	return served;
}

/* Files that are not as any program leaves them, and that SQLite would take
 * for new ones. */
static bool
check_files(const char *folder, const char *path, struct err *err)
{
	char log[4200];
	struct stat st;

	if (stat(path, &st) == 0) {
		if (st.st_size == 0)
			return err_set(err, ERR_BROKEN,
			    "%.300s is empty: it was cut off; restore a copy, "
			    "or remove it if it never held anything",
			    path);
		return is_served(folder) || store_check_log(path, err);
	}
	snprintf(log, sizeof log, "%s-wal", path);
	return stat(log, &st) != 0 || st.st_size == 0 ||
	       err_set(err, ERR_BROKEN,
		   "%.300s is gone, but its log %.300s is there: bring it "
		   "back, or restore a copy and move the log away",
		   path, log);
}

static struct sql *
open_file(const char *folder, enum sql_mode mode, int busy_ms, struct err *err)
{
	char path[4096];

	if (!database_path(path, sizeof path, folder, "stat.db", err) ||
	    !check_files(folder, path, err))
		return NULL;
	if (access(path, F_OK) != 0) {
		err_set(err, ERR_INPUT,
		    "there is no database at %s; start the server once, or "
		    "give its folder with --dbFolder",
		    path);
		return NULL;
	}
	return open_path(path, mode, busy_ms, err);
}

struct sql *
store_open_plain(const char *folder, struct err *err)
{
	return open_file(folder, SQL_WRITE, STORE_CLI_BUSY_MS, err);
}

static bool
set_pragmas(
    struct sql *db, const struct settings_pragmas *pragmas, struct err *err)
{
	for (size_t i = 0; pragmas != NULL && i < pragmas->count; i++)
		if (!sql_pragma(
			db, pragmas->list[i].name, pragmas->list[i].value, err))
			return false;
	return true;
}

/* A database with its schema, or none: what is cut off is never a new one.
 * page_size counts only before the first table. */
static bool
make_database(
    const char *path, const struct settings_pragmas *pragmas, struct err *err)
{
	char *temp = file_make_temp(path, 0600, err);
	struct err placed = ERR_INIT;
	struct sql *db;
	bool ok;

	if (temp == NULL)
		return false;
	db = open_path(temp, SQL_WRITE, 0, err);
	ok = db != NULL && set_pragmas(db, pragmas, err) &&
	     sql_exec(db,
		 "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF",
		 err) &&
	     store_migrate(db, false, NULL, NULL, err);
	sql_close(db);
	if (!ok)
		(void)unlink(temp);
	else if (!file_place(temp, path, false, &placed) &&
		 !file_exists(path)) {
		/* Nor was another process faster. */
		*err = placed;
		ok = false;
	}
	free(temp);
	return ok;
}

static bool
make_missing(
    const char *folder, const struct settings_pragmas *pragmas, struct err *err)
{
	char path[4096];

	return database_path(path, sizeof path, folder, "stat.db", err) &&
	       file_make_folder(folder, 0700, err) &&
	       (file_exists(path) || (check_files(folder, path, err) &&
					 make_database(path, pragmas, err)));
}

static struct sql *
open_current(const char *folder, int busy_ms,
    const struct settings_pragmas *pragmas, struct err *err)
{
	struct sql *db = open_file(folder, SQL_WRITE, busy_ms, err);
	int version;

	if (db == NULL)
		return NULL;
	/* Pragmas write to the file, too. */
	if (refuse_newer(db, &version, err) && set_pragmas(db, pragmas, err) &&
	    sql_exec(db, "PRAGMA journal_mode = WAL", err) &&
	    store_migrate(db, false, NULL, NULL, err))
		return db;
	err_context(err, "database in %s", folder);
	sql_close(db);
	return NULL;
}

struct sql *
store_open_write(const char *folder, int busy_ms,
    const struct settings_pragmas *pragmas, struct err *err)
{
	if (!make_missing(folder, pragmas, err))
		return NULL;
	return open_current(folder, busy_ms, pragmas, err);
}

struct sql *
store_open_change(const char *folder, struct err *err)
{
	return open_current(folder, STORE_CLI_BUSY_MS, NULL, err);
}

static bool
check_current(struct sql *db, struct err *err)
{
	int version;

	return store_schema(db, &version, err) &&
	       (version == store_schema_wanted() ||
		   err_set(err, ERR_INPUT,
		       "it has schema %d, this program needs %d; run "
		       "`stat.flexfs migrate`, or install the program that "
		       "wrote it",
		       version, store_schema_wanted()));
}

struct sql *
store_open_read(const char *folder, struct err *err)
{
	struct sql *db = open_file(folder, SQL_READ, STORE_CLI_BUSY_MS, err);

	if (db == NULL || check_current(db, err))
		return db;
	err_context(err, "database in %s", folder);
	sql_close(db);
	return NULL;
}

struct sql *
store_open_copy(const char *path, struct err *err)
{
	struct sql *db = open_path(path, SQL_READ, STORE_CLI_BUSY_MS, err);

	if (db == NULL || check_current(db, err))
		return db;
	err_context(err, "%s", path);
	sql_close(db);
	return NULL;
}

struct sql *
store_open_old(const char *folder, struct err *err)
{
	struct sql *db = open_file(folder, SQL_READ, STORE_CLI_BUSY_MS, err);
	int version;

	if (db == NULL || refuse_newer(db, &version, err))
		return db;
	err_context(err, "database in %s", folder);
	sql_close(db);
	return NULL;
}

int
store_lock(const char *folder, struct err *err)
{
	char path[4096], pid[32] = "";
	int fd;
	ssize_t got;

	if (!file_make_folder(folder, 0700, err) ||
	    !database_path(path, sizeof path, folder, "stat.lock", err))
		return -1;
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err_errno(err, ERR_INPUT, "cannot open %s", path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		got = read(fd, pid, sizeof pid - 1);
		pid[got > 0 ? got : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		err_set(err, ERR_INPUT,
		    "another server (process %s) is running on %s; stop it "
		    "first, or give another --dbFolder",
		    pid[0] != '\0' ? pid : "unknown", folder);
		close(fd);
		return -1;
	}
	snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 ||
	    write(fd, pid, strlen(pid)) != (ssize_t)strlen(pid)) {
		/* The number is only for people; the lock is what counts. */
	}
	return fd;
}

void
store_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}
