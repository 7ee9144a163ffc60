/*
 * file.h - whole files: read with a limit, written whole or not at all, kept
 * from other people's eyes.
 *
 * A file that is missing, refused or too large is ERR_INPUT (the operator
 * named it); a disk that fails is ERR_BROKEN. Every descriptor opened here is
 * close-on-exec and closed on return.
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

/* Replaces what is in out by the bytes of a regular file, or of a pipe or
 * device up to its end. More than limit bytes are refused. The buffer grows
 * only once, so no copy of a secret is left in freed memory. */
bool file_read(
    const char *path, size_t limit, struct buf *out, struct err *err);

/* As file_read, for a file that holds a secret: what file_check_secret
 * refuses is refused, looking at the very file that is read. With there not
 * NULL a missing file is no error: *there is false, and out empty. */
bool file_read_secret(const char *path, size_t limit, struct buf *out,
    bool *there, struct err *err);

/* As file_read_secret, for a file that may be read by anybody and must not
 * be written by others: one that says what is to be done. */
bool file_read_trusted(const char *path, size_t limit, struct buf *out,
    bool *there, struct err *err);

/* Whether path, which may be missing, is anything but a regular file: a pipe
 * or a device, which can be read only once. */
bool file_is_stream(const char *path);

/*
 * Refuses a regular file that others could read or replace: group or others
 * may read or write it, it or its folder belongs to somebody who is neither
 * this user nor root, or others may write to its folder (a sticky one such as
 * /tmp is fine). The sentence has the command that mends it. What is not a
 * regular file (a pipe such as /dev/fd/3) passes, and so does mode 0440 of root
 * and group root: systemd's credentials look like that.
 */
bool file_check_secret(const char *path, struct err *err);

/*
 * Writes a file whole or not at all, and durably: a temporary file in the
 * same folder, fsync, then rename, then fsync of the folder. Without
 * overwrite a file that is already there stays as it is and is ERR_INPUT.
 * mode is the file's mode, whatever the umask is.
 */
bool file_write_whole(const char *path, const void *data, size_t len,
    mode_t mode, bool overwrite, struct err *err);

/*
 * The same for a file that others write: file_make_temp makes an empty one
 * next to path and returns its name, yours, or NULL with err. file_place makes
 * what was written to it durable and puts it in its place, by the rules of
 * file_write_whole; if that fails, it is removed. Whoever does not come that
 * far removes it.
 */
char *file_make_temp(const char *path, mode_t mode, struct err *err);
bool file_place(
    const char *temp, const char *path, bool overwrite, struct err *err);

/* Makes a folder and the parents that are missing, all with this mode (less
 * the umask). One that is there is left as it is. */
bool file_make_folder(const char *path, mode_t mode, struct err *err);

/* The folder that path lies in: "a" is in ".", "/a" in "/". Yours; NULL
 * without memory. */
char *file_folder_of(const char *path);

/* The path with its folder, which must be there, free of symbolic links; the
 * last name stays as it is. Yours; NULL with err. */
char *file_resolve(const char *path, struct err *err);

/* Whether something (a dangling link too) is at path. */
bool file_exists(const char *path);

/* Removes a file, durably; a missing one is ERR_INPUT. */
bool file_remove(const char *path, struct err *err);

/* "~" and "~/x" with $HOME, or else with the home of the user database; any
 * other path as it is. Yours; NULL with err when there is no home. */
char *file_expand_home(const char *path, struct err *err);

/* Overwrites the bytes, then gives the memory back. */
void file_wipe(struct buf *b);

#endif
