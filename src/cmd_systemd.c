/*
 * cmd_systemd.c - `init systemd` sets the server up as a systemd service of
 * this system, or of an image of one, and `deinit systemd` takes it out.
 *
 * The user and its home are made by systemd's own tools, so that an image is
 * treated as a running system is.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/file.h"
#include "lib/run.h"
#include "systemd.h"

enum {
	MAX_WORDS = 8
};

/* A system to be changed. */
struct target {
	char *root; /* owned; "" for this one, else a folder */
	char *flag; /* owned; --root=FOLDER, or NULL */
};

static void
target_fini(struct target *t)
{
	free(t->root);
	free(t->flag);
}

/* The folder without links and without a slash at its end. */
static bool
open_root(const char *path, struct target *out, struct err *err)
{
	struct buf flag = BUF_INIT;
	struct stat st;

	out->root = realpath(path, NULL);
	if (out->root == NULL || stat(out->root, &st) != 0)
		return err_errno(err, ERR_INPUT, "--root: %.200s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_INPUT, "--root: %.200s is not a folder", path);
	buf_printf(&flag, "--root=%s", out->root);
	out->flag = buf_take(&flag);
	if (out->flag == NULL)
		return err_nomem(err);
	if (strcmp(out->root, "/") == 0)
		out->root[0] = '\0';
	return true;
}

static bool
open_target(
    const struct opt_values *values, struct target *out, struct err *err)
{
	char *path;
	bool ok;

	*out = (struct target){NULL, NULL};
	if (geteuid() != 0)
		return err_set(err, ERR_INPUT,
		    "only root may change the services of a system; use sudo");
	if (!opt_given(values, "root")) {
		out->root = strdup("");
		if (out->root == NULL)
			return err_nomem(err);
		/* sd_booted(3) */
		return access("/run/systemd/system", F_OK) == 0 ||
		       err_set(err, ERR_INPUT,
			   "this system was not started by systemd; --root "
			   "FOLDER changes an image without starting anything "
			   "(--root / this one), and `stat.flexfs start` runs "
			   "the server by itself");
	}
	path = cmd_path(values, "root", err);
	ok = path != NULL && open_root(path, out, err);
	free(path);
	return ok;
}

/* "systemctl [--root=FOLDER] VERB [UNIT]" and the like; the list ends with
 * NULL. */
static bool
run_tool(const struct target *t, const char *const *words, const char *input,
    struct err *err)
{
	const char *argv[MAX_WORDS + 2];
	size_t n = 0;

	argv[n++] = *words++;
	if (t->flag != NULL)
		argv[n++] = t->flag;
	while (*words != NULL && n < MAX_WORDS)
		argv[n++] = *words++;
	argv[n] = NULL;
	if (run_program(argv, input, err))
		return true;
	if (err->kind == ERR_INPUT)
		err_context(err, "this system has no systemd");
	return false;
}

static bool
systemctl(
    const struct target *t, const char *verb, const char *unit, struct err *err)
{
	const char *const words[] = {"systemctl", "--quiet", verb, unit, NULL};

	return run_tool(t, words, NULL, err);
}

/* systemd's view of what was written; an image has none. */
static bool
reload(const struct target *t, struct err *err)
{
	return t->flag != NULL || systemctl(t, "daemon-reload", NULL, err);
}

/* --- init --- */

/* This program's path: by /proc, or, where that is not mounted, as it was
 * started. Yours. */
static char *
own_path(struct err *err)
{
	const unsigned long name = getauxval(AT_EXECFN);
	char *path = realpath("/proc/self/exe", NULL);

	if (path == NULL && name != 0)
		path = realpath((const char *)name, NULL);
	if (path == NULL)
		err_errno(err, ERR_BROKEN, "cannot find this program");
	return path;
}

static bool
is_there(const struct target *t, const char *program)
{
	struct buf path = BUF_INIT;
	bool there;

	buf_printf(&path, "%s%s", t->root, program);
	there = access(buf_text(&path), X_OK) == 0;
	buf_fini(&path);
	return there;
}

/* What the unit is to start; an image has this program in the same place, or
 * where packages put it. Yours. */
static char *
find_program(const struct target *t, struct err *err)
{
	char *path = own_path(err);

	if (path != NULL && !is_there(t, path) &&
	    is_there(t, SYSTEMD_PROGRAM)) {
		free(path);
		path = strdup(SYSTEMD_PROGRAM);
		if (path == NULL)
			err_nomem(err);
	}
	if (path == NULL)
		return NULL;
	if (!is_there(t, path))
		err_set(err, ERR_INPUT,
		    "install the program first: there is no %.100s%s", t->root,
		    SYSTEMD_PROGRAM);
	else if (systemd_check_program(path, err))
		return path;
	free(path);
	return NULL;
}

static bool
make_user(const struct target *t, struct err *err)
{
	static const char *const sysusers[] = {"systemd-sysusers", "-", NULL};
	static const char *const tmpfiles[] = {
	    "systemd-tmpfiles", "--create", "-", NULL};

	return run_tool(t, sysusers, systemd_sysusers, err) &&
	       run_tool(t, tmpfiles, systemd_tmpfiles, err);
}

/* The unit hands root's credentials over; `init creds` may have written them
 * elsewhere. */
static void
tell_about_creds(void)
{
	const struct passwd *user = getpwuid(0);
	const char *uid = getenv("SUDO_UID");
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/.flexfs/stat/creds",
	    user != NULL ? user->pw_dir : "/root");
	if (file_exists(buf_text(&path))) {
		buf_fini(&path);
		return;
	}
	fprintf(stderr,
	    "note: mails wait until there are credentials: "
	    "sudo stat.flexfs init creds\n"
	    "      writes %s, which the service is given when it starts\n",
	    buf_text(&path));
	user = uid != NULL ? getpwuid((uid_t)strtoul(uid, NULL, 10)) : NULL;
	if (user != NULL) {
		buf_clear(&path);
		buf_printf(&path, "%s/.flexfs/stat/creds", user->pw_dir);
		if (file_exists(buf_text(&path)))
			fprintf(stderr, "      (%s is not read)\n",
			    buf_text(&path));
	}
	buf_fini(&path);
}

static void
tell_what_is_next(const struct target *t, bool written, bool now)
{
	if (written)
		fprintf(stderr, "wrote %s%s\n", t->root, SYSTEMD_UNIT_FILE);
	fprintf(stderr,
	    now ? "%s is enabled and runs\n"
		: "%s is enabled: it starts when the system does\n",
	    SYSTEMD_UNIT);
	if (t->flag == NULL && !now)
		fprintf(
		    stderr, "start it now: systemctl start %s\n", SYSTEMD_UNIT);
	fprintf(stderr,
	    "use its database as its user: "
	    "sudo -u " SYSTEMD_USER " stat.flexfs create account ...\n");
	if (t->flag == NULL)
		tell_about_creds();
}

static bool
set_up(const struct target *t, bool now, struct err *err)
{
	char *program = find_program(t, err);
	bool written, ok;

	ok = program != NULL && make_user(t, err) &&
	     systemd_add_unit(t->root, program, &written, err) &&
	     reload(t, err) &&
	     /* An earlier link may lead to where the unit was then. */
	     systemctl(t, "reenable", SYSTEMD_UNIT, err) &&
	     (!now || systemctl(t, "start", SYSTEMD_UNIT, err));
	free(program);
	if (ok)
		tell_what_is_next(t, written, now);
	return ok;
}

static int
run_init_systemd(const struct opt_values *values, void *ctx)
{
	struct target t = {NULL, NULL};
	struct err err = ERR_INIT;
	bool now = opt_bool(values, "now");
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (now && opt_given(values, "root")) {
		err_set(&err, ERR_INPUT,
		    "--now and --root exclude each other: in an image "
		    "nothing is started");
		return cmd_wrong(values, &err);
	}
	if (!open_target(values, &t, &err) || !set_up(&t, now, &err))
		code = cmd_failed(values, &err);
	target_fini(&t);
	return code;
}

#define FLAG_ROOT                                                    \
	{                                                            \
		.name = "root", .type = OPT_STRING,                  \
		.help = "Folder of an image of a system to change, " \
			"instead of the running one; nothing in it " \
			"is started or stopped"                      \
	}

static const struct opt_flag init_systemd_flags[] = {
    {.name = "now", .type = OPT_BOOL, .help = "Start the service as well"},
    FLAG_ROOT,
    {0},
};

const struct opt_command cmd_init_systemd = {
    .path = "init systemd",
    .summary = "Make the server a systemd service",
    .details = "Makes the user " SYSTEMD_USER " and its home " SYSTEMD_HOME
	       ",\nwrites the unit unless a package has brought it, and "
	       "enables it.\nNeeds root.",
    .flags = init_systemd_flags,
    .run = run_init_systemd,
};

/* --- deinit --- */

/* The socket first, or a connection would start the service again. */
static bool
disable(const struct target *t, bool socket, struct err *err)
{
	const char *words[MAX_WORDS] = {"systemctl", "--quiet", "disable"};
	size_t n = 3;

	if (t->flag == NULL)
		words[n++] = "--now";
	if (socket)
		words[n++] = SYSTEMD_SOCKET;
	words[n++] = SYSTEMD_UNIT;
	words[n] = NULL;
	return run_tool(t, words, NULL, err);
}

static bool
take_out(const struct target *t, struct err *err)
{
	bool unit = false, socket = false, removed;

	if (!systemd_find(t->root, &unit, &socket, err))
		return false;
	if (!unit)
		return err_set(err, ERR_INPUT,
		    "there is no %s; nothing was changed", SYSTEMD_UNIT);
	if (!disable(t, socket, err) ||
	    !systemd_remove_unit(t->root, &removed, err) || !reload(t, err))
		return false;
	if (removed)
		fprintf(stderr, "removed %s%s\n", t->root, SYSTEMD_UNIT_FILE);
	fprintf(stderr, "%s is disabled%s\n", SYSTEMD_UNIT,
	    t->flag == NULL ? " and stopped" : "");
	fprintf(stderr,
	    "the user " SYSTEMD_USER " and what is in %s" SYSTEMD_HOME
	    " stay as they are\n",
	    t->root);
	return true;
}

static int
run_deinit_systemd(const struct opt_values *values, void *ctx)
{
	struct target t = {NULL, NULL};
	struct err err = ERR_INIT;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (!open_target(values, &t, &err) || !take_out(&t, &err))
		code = cmd_failed(values, &err);
	target_fini(&t);
	return code;
}

static const struct opt_flag deinit_systemd_flags[] = {
    FLAG_ROOT,
    {0},
};

const struct opt_command cmd_deinit_systemd = {
    .path = "deinit systemd",
    .summary = "Stop the systemd service and take it out",
    .details = "The user and its data stay. Needs root.",
    .flags = deinit_systemd_flags,
    .run = run_deinit_systemd,
};
