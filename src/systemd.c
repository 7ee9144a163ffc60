/*
 * systemd.c - the unit file of systemd.h. In: where the program is. Out: a
 * file in /etc/systemd/system that says who made it, so that nothing of an
 * operator's own is overwritten or removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "systemd.h"
#include "systemd.inc" /* unit_text, sysusers_text, tmpfiles_text */

enum {
	MAX_UNIT = 65536
};

const char *const systemd_sysusers = sysusers_text;
const char *const systemd_tmpfiles = tmpfiles_text;

/* The program, as the unit in contrib/systemd names it. */
static const char packaged_program[] = SYSTEMD_PROGRAM;

static const char marker[] = "# Made by `stat.flexfs init systemd`; `stat."
			     "flexfs deinit systemd` removes it.\n";

/* Where packages put theirs, in the order in which systemd looks. */
static const char *const package_folders[] = {
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
};

enum {
	FOLDERS = sizeof package_folders / sizeof *package_folders
};

bool
systemd_check_program(const char *program, struct err *err)
{
	/* ProtectHome= and PrivateTmp= of the unit. */
	static const char *const hidden[] = {
	    "/home/", "/root/", "/run/", "/tmp/", "/var/tmp/"};
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._+-";

	if (program[0] != '/' || program[strspn(program, plain)] != '\0')
		return err_set(err, ERR_INPUT,
		    "the path of the program, %.200s, has characters that "
		    "cannot stand in a unit; install it as %s",
		    program, packaged_program);
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (strncmp(program, hidden[i], strlen(hidden[i])) == 0)
			return err_set(err, ERR_INPUT,
			    "a service has no access to %s, where this "
			    "program is; install it as %s",
			    hidden[i], packaged_program);
	return true;
}

void
systemd_unit_text(const char *program, struct buf *out)
{
	const char *text = unit_text, *found;

	while ((found = strstr(text, packaged_program)) != NULL) {
		buf_add(out, text, (size_t)(found - text));
		buf_str(out, program);
		text = found + strlen(packaged_program);
	}
	buf_str(out, text);
}

/* --- files --- */

/* The unit in one of these folders of root, into out; false without one, or
 * one that cannot be read. */
static bool
read_unit(
    const char *root, const char *folder, const char *name, struct buf *out)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	bool there;

	buf_printf(&path, "%s%s%s", root, folder, name);
	there = !path.failed && file_read(buf_text(&path), MAX_UNIT, out, &err);
	buf_fini(&path);
	return there;
}

static bool
starts(const char *unit, const char *program)
{
	struct buf line = BUF_INIT;
	bool found;

	buf_printf(&line, "\nExecStart=%s ", program);
	found = !line.failed && strstr(unit, buf_text(&line)) != NULL;
	buf_fini(&line);
	return found;
}

/* A unit that a package, or make install, has put there; with program, one
 * that starts it. */
static bool
has_package_unit(const char *root, const char *name, const char *program)
{
	struct buf text = BUF_INIT;
	bool found = false;

	for (size_t i = 0; i < FOLDERS && !found; i++)
		found = read_unit(root, package_folders[i], name, &text) &&
			(program == NULL || starts(buf_text(&text), program));
	buf_fini(&text);
	return found;
}

static char *
unit_path(const char *root, struct err *err)
{
	struct buf path = BUF_INIT;
	char *whole;

	buf_printf(&path, "%s%s", root, SYSTEMD_UNIT_FILE);
	whole = buf_take(&path);
	if (whole == NULL)
		err_nomem(err);
	return whole;
}

/* Whether a file is ours, or not there. */
static bool
check_ours(const char *path, bool *there, struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok = true;

	*there = file_exists(path);
	if (*there)
		ok = file_read(path, MAX_UNIT, &text, err) &&
		     (strncmp(buf_text(&text), marker, strlen(marker)) == 0 ||
			 err_set(err, ERR_INPUT,
			     "%.200s was not made by this command; remove it "
			     "yourself, and change units with `systemctl edit "
			     "%s`",
			     path, SYSTEMD_UNIT));
	buf_fini(&text);
	return ok;
}

bool
systemd_find(const char *root, bool *unit, bool *socket, struct err *err)
{
	char *path = unit_path(root, err);
	bool ok;

	ok = path != NULL && check_ours(path, unit, err);
	free(path);
	*unit = *unit || has_package_unit(root, SYSTEMD_UNIT, NULL);
	*socket = has_package_unit(root, SYSTEMD_SOCKET, NULL);
	return ok;
}

bool
systemd_remove_unit(const char *root, bool *removed, struct err *err)
{
	char *path = unit_path(root, err);
	bool ok;

	ok = path != NULL && check_ours(path, removed, err) &&
	     (!*removed || file_remove(path, err));
	free(path);
	return ok;
}

static bool
write_unit(const char *path, const char *program, struct err *err)
{
	struct buf text = BUF_INIT;
	char *folder = file_folder_of(path);
	bool ok;

	buf_str(&text, marker);
	systemd_unit_text(program, &text);
	if (folder == NULL || text.failed)
		ok = err_nomem(err);
	else
		ok = file_make_folder(folder, 0755, err) &&
		     file_write_whole(
			 path, text.data, text.len, 0644, true, err);
	free(folder);
	buf_fini(&text);
	return ok;
}

bool
systemd_add_unit(
    const char *root, const char *program, bool *written, struct err *err)
{
	char *path;
	bool there, ok;

	*written = !has_package_unit(root, SYSTEMD_UNIT, program);
	if (!*written)
		return systemd_remove_unit(root, &there, err);
	path = unit_path(root, err);
	ok = path != NULL && check_ours(path, &there, err) &&
	     write_unit(path, program, err);
	free(path);
	return ok;
}
