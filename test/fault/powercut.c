/*
 * powercut.c - remembers what a power cut would take away.
 *
 * In: every change that the process makes to stat.db and stat.db-wal, seen by
 * standing before the libc (LD_PRELOAD). Out: $POWERCUT_LOG, a log that
 * outlives SIGKILL, with what stood there before each change, and a mark for
 * each sync that has returned. Undone from its end, up to the last mark of
 * each file, the log leaves what a disk would hold that kept nothing but what
 * it was told to sync (test/fault/powercut.py does that).
 *
 * A record is written before its change and a mark after its sync, so that a
 * kill between the two errs on the side of losing more. POWERCUT_LAX names
 * the end of file names whose syncs are not believed: "-wal" makes of
 * synchronous=FULL what synchronous=NORMAL is. POWERCUT_SLOW_US makes each
 * sync take so much longer, so that more cuts fall into one.
 *
 * Records, in the machine's byte order: struct head, the path (as it is opened;
 * for a sync of the folder, the folder), the bytes that were there before.
 * The server has one thread; there is no locking here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind {
	CREATED = 'C', /* the file was not there */
	CHANGED = 'W', /* size: as it was; bytes: what stood at offset */
	REMOVED = 'U', /* bytes: all of it */
	SYNCED = 'S',  /* of a file: its contents; of a folder: its names */
};

struct head {
	uint32_t kind;
	uint32_t path_len;
	int64_t offset;
	int64_t wrote; /* bytes, at offset; 0: the file was cut there */
	int64_t size;
	int64_t len; /* of the bytes that follow */
};

static int log_fd = -1;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, off_t, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_unlink)(const char *);

static void __attribute__((noreturn)) give_up(const char *why)
{
	static const char name[] = "powercut.so: ";

	real_write(2, name, sizeof name - 1);
	real_write(2, why, strlen(why));
	real_write(2, "\n", 1);
	_exit(70);
}

static void *
find(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		_exit(71);
	return f;
}

/* Other constructors may write before this one ran. */
static void
find_all(void)
{
	if (real_unlink != NULL)
		return;
	*(void **)&real_pwrite = find("pwrite64");
	*(void **)&real_write = find("write");
	*(void **)&real_ftruncate = find("ftruncate64");
	*(void **)&real_fallocate = find("posix_fallocate64");
	*(void **)&real_fdatasync = find("fdatasync");
	*(void **)&real_fsync = find("fsync");
	*(void **)&real_open = find("open64");
	*(void **)&real_unlink = find("unlink");
}

/* A server's children have the same environment and write no database. */
__attribute__((constructor)) static void
open_log(void)
{
	const char *path = getenv("POWERCUT_LOG");

	find_all();
	if (path == NULL)
		return;
	log_fd =
	    real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		give_up("cannot open POWERCUT_LOG");
}

static bool
ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

static bool
is_ours(const char *path)
{
	return log_fd >= 0 &&
	       (ends_with(path, "/stat.db") || ends_with(path, "/stat.db-wal"));
}

/* The path of fd, if it is one of ours. */
static bool
path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t len;

	if (log_fd < 0)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, PATH_MAX - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return true;
}

static void
append(const struct head *head, const char *path, const void *bytes)
{
	size_t size = sizeof *head + head->path_len + (size_t)head->len;
	char *record = malloc(size);

	if (record == NULL)
		give_up("no memory");
	memcpy(record, head, sizeof *head);
	memcpy(record + sizeof *head, path, head->path_len);
	if (head->len > 0)
		memcpy(record + sizeof *head + head->path_len, bytes,
		    (size_t)head->len);
	/* One write, so that a kill leaves a whole record or none. */
	if (real_write(log_fd, record, size) != (ssize_t)size)
		give_up("cannot write POWERCUT_LOG");
	free(record);
}

static void
note(enum kind kind, const char *path)
{
	struct head head = {.kind = kind, .path_len = (uint32_t)strlen(path)};

	append(&head, path, NULL);
}

/* What stands at offset, before len bytes of it change to wrote others. */
static void
note_change(int fd, const char *path, off_t offset, size_t len, size_t wrote)
{
	struct head head = {.kind = CHANGED,
	    .path_len = (uint32_t)strlen(path),
	    .offset = offset,
	    .wrote = (int64_t)wrote};
	struct stat st;
	char *old = malloc(len + 1);
	ssize_t got;

	if (old == NULL || fstat(fd, &st) != 0)
		give_up("cannot look at a file");
	got = pread(fd, old, len, offset);
	if (got < 0)
		give_up("cannot read what is there");
	head.size = st.st_size;
	head.len = got;
	append(&head, path, old);
	free(old);
}

static void
note_removal(const char *path)
{
	struct head head = {
	    .kind = REMOVED, .path_len = (uint32_t)strlen(path)};
	int fd = real_open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *old;

	/* Closing the database itself here would drop SQLite's locks. */
	if (fd < 0 || !ends_with(path, "-wal") || fstat(fd, &st) != 0)
		give_up("cannot look at what is removed");
	old = malloc((size_t)st.st_size + 1);
	if (old == NULL)
		give_up("no memory");
	head.len = pread(fd, old, (size_t)st.st_size, 0);
	if (head.len < 0)
		give_up("cannot read what is removed");
	append(&head, path, old);
	free(old);
	close(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset);
ssize_t
pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	char path[PATH_MAX];

	find_all();
	if (path_of(fd, path) && is_ours(path))
		note_change(fd, path, offset, len, len);
	return real_pwrite(fd, data, len, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite64(fd, data, len, offset);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	char path[PATH_MAX];

	find_all();
	if (path_of(fd, path) && is_ours(path))
		note_change(fd, path, lseek(fd, 0, SEEK_CUR), len, len);
	return real_write(fd, data, len);
}

int ftruncate64(int fd, off_t size);
int
ftruncate64(int fd, off_t size)
{
	char path[PATH_MAX];
	struct stat st;

	find_all();
	if (path_of(fd, path) && is_ours(path) && fstat(fd, &st) == 0)
		note_change(fd, path, size,
		    st.st_size > size ? (size_t)(st.st_size - size) : 0, 0);
	return real_ftruncate(fd, size);
}

int
ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int posix_fallocate64(int fd, off_t offset, off_t len);
int
posix_fallocate64(int fd, off_t offset, off_t len)
{
	char path[PATH_MAX];

	find_all();
	if (path_of(fd, path) && is_ours(path))
		note_change(fd, path, offset, 0, 0);
	return real_fallocate(fd, offset, len);
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	return posix_fallocate64(fd, offset, len);
}

/* Any folder is noted: it may be the database's. */
static void
note_sync(int fd)
{
	const char *lax = getenv("POWERCUT_LAX");
	char path[PATH_MAX];
	struct stat st;

	if (!path_of(fd, path) || fstat(fd, &st) != 0 ||
	    (!S_ISDIR(st.st_mode) && !is_ours(path)))
		return;
	if (lax == NULL || lax[0] == '\0' || !ends_with(path, lax))
		note(SYNCED, path);
}

static void
dawdle(void)
{
	const char *us = getenv("POWERCUT_SLOW_US");

	if (log_fd >= 0 && us != NULL)
		usleep((useconds_t)strtol(us, NULL, 10));
}

int
fdatasync(int fd)
{
	int result;

	find_all();
	dawdle();
	result = real_fdatasync(fd);
	if (result == 0)
		note_sync(fd);
	return result;
}

int
fsync(int fd)
{
	int result;

	find_all();
	dawdle();
	result = real_fsync(fd);
	if (result == 0)
		note_sync(fd);
	return result;
}

static bool
makes_a_file(const char *path, int flags)
{
	return (flags & O_CREAT) != 0 && is_ours(path) &&
	       access(path, F_OK) != 0;
}

int open64(const char *path, int flags, ...);
int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	find_all();
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (makes_a_file(path, flags))
		note(CREATED, path);
	return real_open(path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return open64(path, flags, mode);
}

int
unlink(const char *path)
{
	find_all();
	if (is_ours(path) && access(path, F_OK) == 0)
		note_removal(path);
	return real_unlink(path);
}
