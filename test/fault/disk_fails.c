/*
 * disk_fails.c - a disk that is full, or broken, when the test says so.
 *
 * In: writes and syncs of stat.db and stat.db-wal, seen by standing before
 * the libc (LD_PRELOAD), and $DISK_CONTROL, a file of struct control that
 * the test changes while the server runs (test/fault/full_disk.py). Out: the
 * n-th write fails with ENOSPC, or the n-th sync with EIO, which is then not
 * done; everything else goes through.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* Writes and syncs are counted from 1, over the life of the file. */
struct control {
	int64_t writes;	      /* so far */
	int64_t full_from;    /* the first write that fails; 0: none does */
	int64_t full_before;  /* the first that works again; 0: none does */
	int64_t syncs;	      /* so far */
	int64_t sync_fails;   /* the sync that fails; 0: none does */
	int64_t write_faults; /* faults made so far */
	int64_t sync_faults;
};

static volatile struct control *control;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);

static void *
find(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		_exit(71);
	return f;
}

/* Other constructors may write before this library's ran. */
static void
find_all(void)
{
	if (real_fsync != NULL)
		return;
	*(void **)&real_pwrite = find("pwrite64");
	*(void **)&real_fdatasync = find("fdatasync");
	*(void **)&real_fsync = find("fsync");
}

__attribute__((constructor)) static void
open_control(void)
{
	const char *path = getenv("DISK_CONTROL");
	void *map;
	int fd;

	find_all();
	if (path == NULL)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(
	    NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || map == MAP_FAILED) {
		fprintf(stderr, "disk_fails.so: cannot open %s\n", path);
		_exit(70);
	}
	close(fd);
	control = map;
}

static bool
is_ours(int fd)
{
	char link[64], path[PATH_MAX];
	const char *name;
	ssize_t len;

	if (control == NULL)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	name = strrchr(path, '/');
	return name != NULL && (strcmp(name, "/stat.db") == 0 ||
				   strcmp(name, "/stat.db-wal") == 0);
}

static bool
is_full(void)
{
	int64_t n = ++control->writes;

	if (control->full_from == 0 || n < control->full_from ||
	    (control->full_before != 0 && n >= control->full_before))
		return false;
	control->write_faults++;
	return true;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset);
ssize_t
pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	find_all();
	if (is_ours(fd) && is_full()) {
		errno = ENOSPC;
		return -1;
	}
	return real_pwrite(fd, data, len, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite64(fd, data, len, offset);
}

static bool
is_broken(int fd)
{
	if (!is_ours(fd) || ++control->syncs != control->sync_fails)
		return false;
	control->sync_faults++;
	errno = EIO;
	return true;
}

int
fdatasync(int fd)
{
	find_all();
	return is_broken(fd) ? -1 : real_fdatasync(fd);
}

int
fsync(int fd)
{
	find_all();
	return is_broken(fd) ? -1 : real_fsync(fd);
}
