/*
 * file.c - reads and writes whole files for people who lose power.
 *
 * A file is put in its place by rename(2), or by a rename or link(2) that
 * never overwrites; all are atomic, so a reader sees the old file or the new
 * one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* Who else may look at a file, or change it. */
enum privacy {
	ANYBODY,
	TRUSTED, /* nobody else may change it */
	SECRET,	 /* nor look at it */
};

static const mode_t others_may = S_IRWXG | S_IRWXO;
static const mode_t others_write = S_IWGRP | S_IWOTH;

char *
file_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	if (slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

bool
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void
file_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_fini(b);
}

/* What the operator can mend is ERR_INPUT. */
static enum err_kind
kind_of_errno(void)
{
	switch (errno) {
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return ERR_BROKEN;
	default:
		return ERR_INPUT;
	}
}

/* --- secrets ------------------------------------------------------------- */
static bool
is_trusted(uid_t uid)
{
	return uid == geteuid() || uid == 0;
}

static bool
check_folder(const char *path, struct err *err)
{
	char *folder = file_folder_of(path);
	struct stat st;
	bool ok = false;

	if (folder == NULL)
		return err_nomem(err);
	if (stat(folder, &st) != 0)
		err_errno(
		    err, kind_of_errno(), "cannot look at %.200s", folder);
	else if (!is_trusted(st.st_uid))
		err_set(err, ERR_INPUT,
		    "the folder of %.160s belongs to another user, who could "
		    "replace the file; run: chown %u %.160s",
		    path, (unsigned)geteuid(), folder);
	else if ((st.st_mode & others_write) != 0 &&
		 (st.st_mode & S_ISVTX) == 0)
		err_set(err, ERR_INPUT,
		    "others may write to the folder of %.160s and could "
		    "replace the file; run: chmod go-w %.160s",
		    path, folder);
	else
		ok = true;
	free(folder);
	return ok;
}

static bool
check_secret(const char *path, const struct stat *st, struct err *err)
{
	mode_t others = st->st_mode & others_may;

	if (!S_ISREG(st->st_mode))
		return true;
	if (!is_trusted(st->st_uid))
		return err_set(err, ERR_INPUT,
		    "%.180s belongs to another user; run: chown %u %.180s",
		    path, (unsigned)geteuid(), path);
	/* What systemd's LoadCredential= makes for a service's user: the
	 * access list shows as the group's bits. */
	if (st->st_uid == 0 && st->st_gid == 0 && (st->st_mode & 07777) == 0440)
		others = 0;
	if (others != 0)
		return err_set(err, ERR_INPUT,
		    "%.180s holds a secret and others have access to it "
		    "(mode %04o); run: chmod 600 %.180s",
		    path, (unsigned)(st->st_mode & 07777), path);
	return check_folder(path, err);
}

static bool
check_trusted(const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return true;
	if (!is_trusted(st->st_uid))
		return err_set(err, ERR_INPUT,
		    "%.180s belongs to another user; run: chown %u %.180s",
		    path, (unsigned)geteuid(), path);
	if ((st->st_mode & others_write) != 0)
		return err_set(err, ERR_INPUT,
		    "others may write to %.180s (mode %04o); run: chmod go-w "
		    "%.180s",
		    path, (unsigned)(st->st_mode & 07777), path);
	return check_folder(path, err);
}

static bool
check_privacy(enum privacy privacy, const char *path, const struct stat *st,
    struct err *err)
{
	return privacy == ANYBODY   ? true
	       : privacy == TRUSTED ? check_trusted(path, st, err)
				    : check_secret(path, st, err);
}

bool
file_is_stream(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

bool
file_check_secret(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(
		    err, kind_of_errno(), "cannot look at %.300s", path);
	return check_secret(path, &st, err);
}

/* --- reading ------------------------------------------------------------- */
static bool
read_all(int fd, const char *path, const struct stat *st, size_t limit,
    struct buf *out, struct err *err)
{
	size_t room = limit;
	ssize_t n;

	if (S_ISREG(st->st_mode) && st->st_size > 0 &&
	    (size_t)st->st_size < limit)
		room = (size_t)st->st_size;
	/* One more than fits shows that there is more. */
	if (!buf_reserve(out, room + 1))
		return err_nomem(err);
	while (out->len <= room) {
		n = read(fd, out->data + out->len, room + 1 - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(
			    err, ERR_BROKEN, "cannot read %.300s", path);
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	out->data[out->len] = '\0';
	if (out->len > limit)
		return err_set(err, ERR_INPUT, "%.300s has more than %zu bytes",
		    path, limit);
	if (out->len > room)
		return err_set(
		    err, ERR_BUSY, "%.300s grew while it was read", path);
	return true;
}

static bool
open_and_read(const char *path, size_t limit, enum privacy privacy, bool *there,
    struct buf *out, struct err *err)
{
	struct stat st;
	bool ok = false;
	int fd;

	file_wipe(out);
	if (there != NULL)
		*there = false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT && there != NULL)
		return true;
	if (fd < 0)
		return err_errno(
		    err, kind_of_errno(), "cannot open %.300s", path);
	if (there != NULL)
		*there = true;
	if (fstat(fd, &st) != 0)
		err_errno(err, ERR_BROKEN, "cannot look at %.300s", path);
	else if (S_ISDIR(st.st_mode))
		err_set(err, ERR_INPUT, "%.300s is a folder, not a file", path);
	else
		ok = check_privacy(privacy, path, &st, err) &&
		     read_all(fd, path, &st, limit, out, err);
	if (!ok)
		file_wipe(out);
	close(fd);
	return ok;
}

bool
file_read(const char *path, size_t limit, struct buf *out, struct err *err)
{
	return open_and_read(path, limit, ANYBODY, NULL, out, err);
}

bool
file_read_secret(const char *path, size_t limit, struct buf *out, bool *there,
    struct err *err)
{
	return open_and_read(path, limit, SECRET, there, out, err);
}

bool
file_read_trusted(const char *path, size_t limit, struct buf *out, bool *there,
    struct err *err)
{
	return open_and_read(path, limit, TRUSTED, there, out, err);
}

/* --- writing ------------------------------------------------------------- */
static bool
sync_folder_of(const char *path, struct err *err)
{
	char *folder = file_folder_of(path);
	bool ok = false;
	int fd;

	if (folder == NULL)
		return err_nomem(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err_errno(
		    err, ERR_BROKEN, "cannot make %.300s durable", folder);
	else
		ok = true;
	if (fd >= 0)
		close(fd);
	free(folder);
	return ok;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Puts the finished temporary file in its place. A file system that cannot
 * rename without overwriting may know links. */
static bool
put_in_place(
    const char *temp, const char *path, bool overwrite, struct err *err)
{
	unsigned flags = overwrite ? 0 : RENAME_NOREPLACE;

	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, flags) == 0)
		return true;
	if (!overwrite && (errno == EINVAL || errno == ENOSYS) &&
	    link(temp, path) == 0) {
		(void)unlink(temp);
		return true;
	}
	if (errno == EEXIST)
		return err_set(err, ERR_INPUT, "%.300s exists already", path);
	return err_errno(err, kind_of_errno(), "cannot write %.300s", path);
}

/* "folder/.name.XXXXXX": not seen by a plain ls if a crash leaves it. */
static char *
temp_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	struct buf name = BUF_INIT;

	buf_add(&name, path, folder);
	buf_printf(&name, ".%s.XXXXXX", path + folder);
	return buf_take(&name);
}

/* Its name, and a descriptor to write it with. */
static char *
make_temp(const char *path, mode_t mode, int *fd, struct err *err)
{
	char *temp = temp_name(path);

	if (temp == NULL) {
		err_nomem(err);
		return NULL;
	}
	*fd = mkostemp(temp, O_CLOEXEC);
	if (*fd >= 0 && fchmod(*fd, mode) == 0)
		return temp;
	err_errno(err, kind_of_errno(), "cannot write next to %.300s", path);
	if (*fd >= 0) {
		close(*fd);
		(void)unlink(temp);
	}
	free(temp);
	return NULL;
}

char *
file_make_temp(const char *path, mode_t mode, struct err *err)
{
	int fd;
	char *temp = make_temp(path, mode, &fd, err);

	if (temp != NULL)
		close(fd);
	return temp;
}

/* Syncs what fd has written, closes it, and puts it in its place. */
static bool
place(
    int fd, const char *temp, const char *path, bool overwrite, struct err *err)
{
	bool ok = fsync(fd) == 0;

	if (!ok)
		err_errno(err, ERR_BROKEN, "cannot write %.300s", path);
	close(fd);
	ok = ok && put_in_place(temp, path, overwrite, err);
	if (!ok)
		(void)unlink(temp);
	return ok && sync_folder_of(path, err);
}

bool
file_place(const char *temp, const char *path, bool overwrite, struct err *err)
{
	int fd = open(temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		return place(fd, temp, path, overwrite, err);
	err_errno(err, ERR_BROKEN, "cannot open %.300s", temp);
	(void)unlink(temp);
	return false;
}

bool
file_write_whole(const char *path, const void *data, size_t len, mode_t mode,
    bool overwrite, struct err *err)
{
	int fd;
	char *temp = make_temp(path, mode, &fd, err);
	bool ok;

	if (temp == NULL)
		return false;
	ok = write_all(fd, data, len);
	if (ok)
		ok = place(fd, temp, path, overwrite, err);
	else {
		err_errno(err, ERR_BROKEN, "cannot write %.300s", path);
		close(fd);
		(void)unlink(temp);
	}
	free(temp);
	return ok;
}

char *
file_resolve(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char *folder = file_folder_of(path);
	char *real = folder != NULL ? realpath(folder, NULL) : NULL;
	struct buf out = BUF_INIT;
	char *whole = NULL;

	if (folder == NULL)
		err_nomem(err);
	else if (real == NULL)
		err_errno(
		    err, kind_of_errno(), "cannot look into %.300s", folder);
	else if (name[0] == '\0')
		err_set(err, ERR_INPUT, "%.300s is a folder, not a file", path);
	else {
		buf_printf(
		    &out, "%s/%s", strcmp(real, "/") != 0 ? real : "", name);
		whole = buf_take(&out);
		if (whole == NULL)
			err_nomem(err);
	}
	free(real);
	free(folder);
	return whole;
}

static bool
make_one(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return sync_folder_of(path, err);
	if (errno != EEXIST)
		return err_errno(err, kind_of_errno(),
		    "cannot make the folder %.300s", path);
	if (stat(path, &st) != 0)
		return err_errno(
		    err, kind_of_errno(), "cannot look at %.300s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%.300s is not a folder", path);
	return true;
}

bool
file_make_folder(const char *path, mode_t mode, struct err *err)
{
	char *copy = strdup(path);
	size_t i, len;
	bool ok = true;

	if (copy == NULL)
		return err_nomem(err);
	for (len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	for (i = 1; ok && i < len; i++) {
		if (copy[i] != '/' || copy[i - 1] == '/')
			continue;
		copy[i] = '\0';
		ok = make_one(copy, mode, err);
		copy[i] = '/';
	}
	if (ok)
		ok = make_one(copy, mode, err);
	free(copy);
	return ok;
}

bool
file_remove(const char *path, struct err *err)
{
	if (unlink(path) != 0) {
		if (errno == ENOENT)
			return err_set(
			    err, ERR_INPUT, "there is no %.300s", path);
		return err_errno(
		    err, kind_of_errno(), "cannot remove %.300s", path);
	}
	return sync_folder_of(path, err);
}

/* --- home ---------------------------------------------------------------- */
char *
file_expand_home(const char *path, struct err *err)
{
	const char *home;
	const struct passwd *user;
	struct buf out = BUF_INIT;
	char *whole;

	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/')) {
		whole = strdup(path);
		if (whole == NULL)
			err_nomem(err);
		return whole;
	}
	home = getenv("HOME");
	if (home == NULL || home[0] != '/') {
		user = getpwuid(geteuid());
		home = user != NULL ? user->pw_dir : NULL;
	}
	if (home == NULL || home[0] != '/') {
		err_set(err, ERR_INPUT,
		    "%.300s: this user has no home; give a whole path", path);
		return NULL;
	}
	buf_str(&out, home);
	buf_str(&out, path + 1);
	whole = buf_take(&out);
	if (whole == NULL)
		err_nomem(err);
	return whole;
}
