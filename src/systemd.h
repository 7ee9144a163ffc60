/*
 * systemd.h - the server as a systemd service: the unit file, the user it
 * runs as, and where all that is in a system or an image of one.
 *
 * The texts are those of contrib/systemd, which a package installs, too. root
 * is the folder of an image, or "" for this very system.
 */
#ifndef SRC_SYSTEMD_H
#define SRC_SYSTEMD_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/err.h"

#define SYSTEMD_USER "stat-flexfs"
#define SYSTEMD_HOME "/var/lib/stat.flexfs"
#define SYSTEMD_PROGRAM "/usr/sbin/stat.flexfs" /* a package's */
#define SYSTEMD_UNIT "stat.flexfs.service"
#define SYSTEMD_SOCKET "stat.flexfs.socket"
/* Where a unit lies that no package has installed. */
#define SYSTEMD_UNIT_FILE "/etc/systemd/system/" SYSTEMD_UNIT

/* The input of systemd-sysusers(8) and systemd-tmpfiles(8). */
extern const char *const systemd_sysusers;
extern const char *const systemd_tmpfiles;

/* Refuses a program that the unit could not start: one whose path has other
 * characters than letters, digits and /._+-, or lies where the sandbox hides
 * it. */
bool systemd_check_program(const char *program, struct err *err);

/* The unit that starts this program. */
void systemd_unit_text(const char *program, struct buf *out);

/* Whether there is a unit, and a socket unit, of a package's or of ours.
 * ERR_INPUT when there is a unit that somebody else has made. */
bool systemd_find(const char *root, bool *unit, bool *socket, struct err *err);

/*
 * Sees to it that systemd finds a unit which starts program: *written is true
 * when it had to be written. One of a package is left alone, and then one that
 * was written earlier, which would hide it, is removed. ERR_INPUT when there
 * is one in its place that somebody else has made.
 */
bool systemd_add_unit(
    const char *root, const char *program, bool *written, struct err *err);

/* Removes the unit that systemd_add_unit has written; *removed tells whether
 * it was there. */
bool systemd_remove_unit(const char *root, bool *removed, struct err *err);

#endif
