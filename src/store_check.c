/*
 * store_check.c - what is damaged in a database, before anything writes to
 * it. In: a folder, or the path of a database. Out: an error that says what
 * is wrong and what to do. Changes nothing, and keeps nothing open.
 *
 * SQLite reads its write-ahead log up to the first frame that is not whole,
 * and takes it for the one that was being written when the power went. So
 * a byte that is wrong in its midst would take away, without a word, all that
 * was committed behind it. The format is that of sqlite.org/fileformat.html,
 * "The Write-Ahead Log".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "store.h"

enum {
	HEADER_BYTES = 32,
	FRAME_BYTES = 24,
	MAGIC = 0x377f0682, /* the lowest bit: words are big endian */
	MIN_PAGE = 512,
	MAX_PAGE = 65536,
	/* Every commit is synced before the next one begins, so a power cut
	 * leaves one that is not whole. More behind it were whole once. */
	COMMITS_AT_RISK = 1,
};

struct log {
	FILE *file; /* owned */
	uint8_t header[HEADER_BYTES];
	size_t page;
	bool big_endian;
	uint32_t sum[2];
	/* What was found: frames that are whole; commits that are not to be
	 * reached any more, behind the first frame that is not. */
	int64_t whole, lost;
};

static uint32_t
read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
read_word(const struct log *log, const uint8_t *p)
{
	return log->big_endian ? read32(p) : __builtin_bswap32(read32(p));
}

static void
add_to_sum(struct log *log, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		log->sum[0] += read_word(log, data + i) + log->sum[1];
		log->sum[1] += read_word(log, data + i + 4) + log->sum[0];
	}
}

static bool
is_sum(const struct log *log, const uint8_t *stored)
{
	return log->sum[0] == read32(stored) &&
	       log->sum[1] == read32(stored + 4);
}

/* False: it is damaged. A log that was just made may be all zeros. */
static bool
read_header(struct log *log)
{
	static const uint8_t nothing[HEADER_BYTES];

	rewind(log->file);
	if (fread(log->header, 1, HEADER_BYTES, log->file) != HEADER_BYTES ||
	    memcmp(log->header, nothing, HEADER_BYTES) == 0) {
		log->page = 0;
		return true;
	}
	log->big_endian = (log->header[3] & 1) != 0;
	log->page = read32(log->header + 8);
	log->sum[0] = log->sum[1] = 0;
	add_to_sum(log, log->header, HEADER_BYTES - 8);
	return (read32(log->header) & ~1u) == MAGIC && log->page >= MIN_PAGE &&
	       log->page <= MAX_PAGE &&
	       is_sum(log, log->header + HEADER_BYTES - 8);
}

/* Frames of this log have its salts; those of the one before it do not. */
static void
read_frames(struct log *log, uint8_t *frame)
{
	const size_t len = FRAME_BYTES + log->page;
	bool whole = true;

	log->whole = log->lost = 0;
	while (fread(frame, 1, len, log->file) == len) {
		if (memcmp(frame + 8, log->header + 16, 8) != 0)
			return;
		if (whole) {
			add_to_sum(log, frame, 8);
			add_to_sum(log, frame + FRAME_BYTES, log->page);
			whole = is_sum(log, frame + 16);
			log->whole += whole;
		}
		if (!whole && read32(frame + 4) != 0)
			log->lost++;
	}
}

/* Whoever writes at the moment may have begun the log anew meanwhile. */
static bool
has_changed(struct log *log)
{
	uint8_t before[HEADER_BYTES];

	memcpy(before, log->header, HEADER_BYTES);
	rewind(log->file);
	return fread(log->header, 1, HEADER_BYTES, log->file) != HEADER_BYTES ||
	       memcmp(before, log->header, HEADER_BYTES) != 0;
}

static bool
look_through(struct log *log, const char *path, struct err *err)
{
	uint8_t *frame = malloc(FRAME_BYTES + MAX_PAGE);
	int64_t readable;

	if (frame == NULL)
		return err_nomem(err);
	do {
		if (!read_header(log)) {
			free(frame);
			return err_set(err, ERR_BROKEN,
			    "%.200s is damaged at its beginning, and what was "
			    "committed last is in it; leave it and the "
			    "database as they are, and restore a copy",
			    path);
		}
		if (log->page > 0)
			read_frames(log, frame);
	} while (log->lost > COMMITS_AT_RISK && has_changed(log));
	free(frame);
	if (log->lost <= COMMITS_AT_RISK)
		return true;
	readable =
	    HEADER_BYTES + log->whole * (FRAME_BYTES + (int64_t)log->page);
	return err_set(err, ERR_BROKEN,
	    "%.200s is damaged: %lld commits behind frame %lld cannot be read; "
	    "keep a copy of it and restore one of the database, or give them "
	    "up with: truncate -s %lld %.200s",
	    path, (long long)log->lost, (long long)log->whole,
	    (long long)readable, path);
}

bool
store_check_log(const char *path, struct err *err)
{
	struct log log = {0};
	char name[4200];
	int fd;
	bool ok;

	snprintf(name, sizeof name, "%s-wal", path);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ||
		       err_errno(err, ERR_INPUT, "cannot open %.300s", name);
	log.file = fdopen(fd, "rb");
	if (log.file == NULL) {
		close(fd);
		return err_nomem(err);
	}
	ok = look_through(&log, name, err);
	fclose(log.file);
	return ok;
}

/* A copy that was put in the place of a database whose log stayed. A server
 * turns the log on before anything is in it, so both belong together only
 * when the header says so. */
static bool
check_pair(const char *path, struct err *err)
{
	enum {
		FORMAT_AT = 18,
		FORMAT_WAL = 2
	};
	char name[4200];
	uint8_t head[FORMAT_AT + 1] = {0};
	struct stat st;
	int fd;

	snprintf(name, sizeof name, "%s-wal", path);
	if (stat(name, &st) != 0 || st.st_size == 0)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, head, sizeof head) != (ssize_t)sizeof head)
		head[FORMAT_AT] = FORMAT_WAL; /* what is wrong is said later */
	if (fd >= 0)
		close(fd);
	return head[FORMAT_AT] == FORMAT_WAL ||
	       err_set(err, ERR_BROKEN,
		   "%.200s belongs to another database than the one beside it; "
		   "move it and %.200s-shm away",
		   name, path);
}

/* SQLite takes what is missing of the last page for zeros. While there is a
 * log a page may be on its way; it is in the log as well. */
static bool
check_end(const char *path, off_t size, struct err *err)
{
	enum {
		PAGE_AT = 16
	};
	char name[4200];
	uint8_t head[PAGE_AT + 2] = {0};
	struct stat st;
	off_t page;
	int fd;

	snprintf(name, sizeof name, "%s-wal", path);
	if (stat(name, &st) == 0 && st.st_size > 0)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* said by whoever opens it */
	if (read(fd, head, sizeof head) != (ssize_t)sizeof head)
		head[PAGE_AT] = head[PAGE_AT + 1] = 0;
	close(fd);
	page = (off_t)head[PAGE_AT] << 8 | head[PAGE_AT + 1];
	if (page == 1) /* as the format has it */
		page = MAX_PAGE;
	return page == 0 || size % page == 0 ||
	       err_set(err, ERR_BROKEN,
		   "%.200s is damaged: its last page is not whole; leave it "
		   "as it is, see `stat.flexfs verify`, and restore a copy",
		   path);
}

/* The first thing that SQLite finds; a heading may stand above it. */
static bool
check_pages(struct sql *db, struct err *err)
{
	struct sql_stmt *s = sql_get(db, "PRAGMA quick_check(1)", err);
	const char *found, *line;
	bool ok;

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	found = sql_text(s, 0);
	line = strchr(found, '\n');
	ok = strcmp(found, "ok") == 0 ||
	     err_set(err, ERR_BROKEN,
		 "the database file is damaged; leave it as it is, see "
		 "`stat.flexfs verify`, and restore a copy: %s",
		 line != NULL ? line + 1 : found);
	sql_done(s);
	return ok;
}

bool
store_check(const char *folder, struct err *err)
{
	char path[4096];
	struct stat st;
	struct sql *db;
	bool ok;

	if ((size_t)snprintf(path, sizeof path, "%s/stat.db", folder) >=
		sizeof path ||
	    stat(path, &st) != 0)
		return true; /* said, or made, by whoever opens it */
	if (!check_pair(path, err) || !store_check_log(path, err) ||
	    (st.st_size > 0 && !check_end(path, st.st_size, err)))
		return false;
	db = store_open_old(folder, err);
	if (db == NULL)
		return false;
	ok = st.st_size > STORE_CHECK_MAX_BYTES || check_pages(db, err) ||
	     err_context(err, "%s", path);
	sql_close(db);
	return ok;
}
