/*
 * backup.c - copies a database as backup.h promises. In: the folder of a
 * database that others may be writing, and a path. Out: a whole file at the
 * path, or none. Owns nothing but the file it writes beside it.
 *
 * Pages are copied inside one read transaction. SQLite's copy would begin
 * again with every write of another process, but a transaction that is open
 * already keeps its state. Writing the tables anew instead (VACUUM INTO)
 * costs twice to five times the processor, and doubled the server's p99.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "store.h"

struct backup {
	struct sql *db; /* owned; in a read transaction */
	char *path;	/* owned; without links */
	char *temp;	/* owned: the copy until it is in its place */
	int fd;		/* owned: of temp, to sync it; -1 */
	unsigned steps;
	sql_copy_fn *on_step;
	void *ctx; /* of on_step */
	struct backup_result *result;
};

static bool
is_there(const char *path, const char *end)
{
	struct buf whole = BUF_INIT;
	bool there;

	buf_printf(&whole, "%s%s", path, end);
	there = whole.failed || file_exists(buf_text(&whole));
	buf_fini(&whole);
	return there;
}

/* A database that is replaced under its write-ahead log is two halves of
 * different ones. */
static bool
check_target(
    const char *folder, const char *path, bool overwrite, struct err *err)
{
	struct buf own = BUF_INIT;
	struct stat mine, st;
	bool same;

	if (is_there(path, "-wal") || is_there(path, "-journal"))
		return err_set(err, ERR_INPUT,
		    "%.300s is a database in use: there is a -wal or -journal "
		    "of it",
		    path);
	if (lstat(path, &st) != 0)
		return true;
	if (S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_INPUT, "%.300s is a folder, not a file", path);
	buf_printf(&own, "%s/stat.db", folder);
	same = stat(buf_text(&own), &mine) == 0 && mine.st_ino == st.st_ino &&
	       mine.st_dev == st.st_dev;
	buf_fini(&own);
	if (same)
		return err_set(
		    err, ERR_INPUT, "%.300s is the database itself", path);
	return overwrite ||
	       err_set(err, ERR_INPUT,
		   "%.300s exists already; --force overwrites it", path);
}

static bool
open_source(struct backup *b, const char *folder, struct err *err)
{
	int version;

	b->db = store_open_old(folder, err);
	if (b->db == NULL || !sql_begin_read(b->db, err) ||
	    !store_schema(b->db, &version, err))
		return false;
	if (version == 0)
		return err_set(err, ERR_INPUT,
		    "the database in %s holds nothing yet", folder);
	return fact_load_head(b->db, &b->result->head, err);
}

static bool
step(void *ctx, struct err *err)
{
	const struct timespec pause = {.tv_nsec = BACKUP_PAUSE_MS * 1000000L};
	struct backup *b = ctx;

	if (++b->steps % BACKUP_SYNC_STEPS == 0 && fdatasync(b->fd) != 0)
		return err_errno(
		    err, ERR_BROKEN, "cannot write next to %.300s", b->path);
	nanosleep(&pause, NULL);
	return b->on_step(b->ctx, err);
}

static bool
write_copy(struct backup *b, struct err *err)
{
	struct stat st;

	b->temp = file_make_temp(b->path, 0600, err);
	if (b->temp == NULL)
		return false;
	b->fd = open(b->temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (b->fd < 0)
		return err_errno(
		    err, ERR_BROKEN, "cannot open %.300s", b->temp);
	if (!sql_copy(b->db, b->temp, BACKUP_STEP_PAGES, step, b, err))
		return err_context(err, "cannot copy to %.200s", b->path);
	if (fstat(b->fd, &st) != 0)
		return err_errno(
		    err, ERR_BROKEN, "cannot look at %.300s", b->temp);
	b->result->size_bytes = st.st_size;
	return true;
}

/* What SQLite finds, or "ok". */
static bool
quick_check(struct sql *copy, struct err *err)
{
	struct sql_stmt *s = sql_get(copy, "PRAGMA quick_check(1)", err);
	bool ok;

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	ok = strcmp(sql_text(s, 0), "ok") == 0 ||
	     err_set(err, ERR_BROKEN, "%s", sql_text(s, 0));
	sql_done(s);
	return ok;
}

static bool
check_copy(struct backup *b, struct err *err)
{
	struct sql *copy = sql_open(b->temp, SQL_READ, 0, err);
	struct fact_head head;
	bool ok = copy != NULL && quick_check(copy, err) &&
		  fact_load_head(copy, &head, err);

	if (ok &&
	    (head.seq != b->result->head.seq ||
		memcmp(head.hash, b->result->head.hash, sizeof head.hash) != 0))
		ok = err_set(
		    err, ERR_BROKEN, "its ledger ends with another fact");
	sql_close(copy);
	return ok || err_context(err, "the copy is damaged, and so may be the "
				      "database: see `stat.flexfs verify`");
}

bool
backup_run(const char *folder, const char *path, bool overwrite,
    sql_copy_fn *on_step, void *ctx, struct backup_result *result,
    struct err *err)
{
	struct backup b = {
	    .fd = -1, .on_step = on_step, .ctx = ctx, .result = result};
	bool ok;

	b.path = file_resolve(path, err);
	ok = b.path != NULL && check_target(folder, b.path, overwrite, err) &&
	     open_source(&b, folder, err) && write_copy(&b, err);
	/* The state is not needed any more; it keeps the log from shrinking. */
	sql_close(b.db);
	ok = ok && check_copy(&b, err);
	if (ok)
		ok = file_place(b.temp, b.path, overwrite, err);
	else if (b.temp != NULL)
		(void)unlink(b.temp);
	if (b.fd >= 0)
		close(b.fd);
	free(b.temp);
	free(b.path);
	return ok;
}
