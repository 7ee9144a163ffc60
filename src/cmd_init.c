/*
 * cmd_init.c - `init creds` writes the SMTP credentials file, `deinit creds`
 * removes it.
 *
 * The password comes from --smtpPass (taken out of argv by the parser), from
 * a file, or from a question; it is wiped from memory before the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/prompt.h"
#include "creds.h"
#include "cmd.h"

static const struct opt_flag init_creds_flags[] = {
    {.name = "smtpAddr",
	.type = OPT_STRING,
	.preset = CREDS_DEFAULT_ADDR,
	.help = "SMTP server address"},
    {.name = "smtpFrom",
	.type = OPT_STRING,
	.preset = CREDS_DEFAULT_FROM,
	.help = "Sender email address"},
    {.name = "smtpTo",
	.type = OPT_STRING,
	.shown = "(internal default)",
	.help = "Comma-separated list of recipient email addresses"},
    {.name = "smtpUser",
	.type = OPT_STRING,
	.shown = "(internal default)",
	.help = "SMTP username"},
    {.name = "smtpPass",
	.type = OPT_STRING,
	.shown = "(prompts)",
	.secret = true,
	.help = "SMTP password"},
    {.name = "smtpPassFile",
	.type = OPT_STRING,
	.help = "File whose only line is the SMTP password"},
    {.name = "smtpCA",
	.type = OPT_STRING,
	.help = "File of certificates that the SMTP server's must chain to, "
		"instead of the system's"},
    {.name = "force",
	.type = OPT_BOOL,
	.help = "Overwrite an existing credentials file"},
    CMD_FLAG_CREDS_FILE,
    {0},
};

/* The certificates by a path that holds wherever the server starts. */
static bool
set_ca(const struct opt_values *values, struct creds *creds, struct err *err)
{
	char *path = cmd_path(values, "smtpCA", err);
	char *whole;
	bool ok;

	if (path == NULL)
		return false;
	whole = realpath(path, NULL);
	ok = whole != NULL
		 ? creds_set(creds, "smtpCA", whole, err)
		 : err_errno(err, ERR_INPUT, "--smtpCA: %.200s", path);
	free(whole);
	free(path);
	return ok;
}

static bool
set_values(
    const struct opt_values *values, struct creds *creds, struct err *err)
{
	static const char *const names[] = {
	    "smtpAddr", "smtpFrom", "smtpTo", "smtpUser", "smtpPass"};
	const char *value;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		value = opt_get(values, names[i]);
		if (value != NULL && !creds_set(creds, names[i], value, err))
			return false;
	}
	if (opt_given(values, "smtpCA") && !set_ca(values, creds, err))
		return false;
	if (opt_given(values, "smtpPass") && opt_given(values, "smtpPassFile"))
		return err_set(err, ERR_INPUT,
		    "--smtpPass and --smtpPassFile exclude each other");
	return true;
}

static bool
read_pass_file(
    const struct opt_values *values, struct creds *creds, struct err *err)
{
	char *path = cmd_path(values, "smtpPassFile", err);
	bool ok = path != NULL && creds_read_pass(creds, path, err);

	free(path);
	return ok;
}

/* An empty answer, or none, means a relay that asks for no password; with a
 * user it is a mistake. */
static bool
ask_pass(struct creds *creds, struct err *err)
{
	struct buf pass = BUF_INIT;
	bool eof, ok;

	ok = prompt_secret("SMTP password: ", CREDS_MAX_FILE, &pass, &eof, err);
	if (ok && eof && creds->smtp_user != NULL &&
	    creds->smtp_user[0] != '\0')
		ok = err_set(err, ERR_INPUT,
		    "no password was given; use --smtpPassFile, or leave "
		    "--smtpUser out");
	ok = ok && creds_set(creds, "smtpPass", buf_text(&pass), err);
	file_wipe(&pass);
	return ok;
}

/* Unless the command line had it. */
static bool
get_pass(const struct opt_values *values, struct creds *creds, struct err *err)
{
	if (opt_given(values, "smtpPass"))
		return true;
	return opt_given(values, "smtpPassFile")
		   ? read_pass_file(values, creds, err)
		   : ask_pass(creds, err);
}

static bool
write_creds(const char *path, struct creds *creds, bool force, struct err *err)
{
	if (!creds_complete(creds, err) || !creds_save(path, creds, force, err))
		return false;
	if (creds->smtp_user[0] == '\0' && creds->smtp_pass[0] != '\0')
		fprintf(stderr,
		    "note: without --smtpUser the password is not used\n");
	fprintf(stderr, "wrote %s\n", path);
	return true;
}

static bool
check_new(const char *path, bool force, struct err *err)
{
	if (!force && file_exists(path))
		return err_set(err, ERR_INPUT,
		    "%.200s exists already; --force overwrites it", path);
	return true;
}

static int
run_init_creds(const struct opt_values *values, void *ctx)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	bool force = opt_bool(values, "force");
	char *path = NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (!set_values(values, &creds, &err))
		code = cmd_wrong(values, &err);
	else if ((path = cmd_path(values, "credsFile", &err)) == NULL ||
		 !check_new(path, force, &err) ||
		 !get_pass(values, &creds, &err) ||
		 !write_creds(path, &creds, force, &err))
		code = cmd_failed(values, &err);
	creds_wipe(&creds);
	free(path);
	return code;
}

const struct opt_command cmd_init_creds = {
    .path = "init creds",
    .summary = "Write the credentials for sending mail",
    .details =
	"Without --smtpPass and --smtpPassFile the password is asked for, or\n"
	"read from standard input when that is not a terminal. What stands on\n"
	"the command line can be read by every user of this machine.",
    .flags = init_creds_flags,
    .run = run_init_creds,
};

static int
run_deinit_creds(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	char *path = cmd_path(values, "credsFile", &err);
	bool ok = path != NULL && file_remove(path, &err);

	(void)ctx;
	if (ok)
		fprintf(stderr, "removed %s\n", path);
	free(path);
	return ok ? OPT_EXIT_DONE : cmd_failed(values, &err);
}

static const struct opt_flag deinit_creds_flags[] = {
    CMD_FLAG_CREDS_FILE,
    {0},
};

const struct opt_command cmd_deinit_creds = {
    .path = "deinit creds",
    .summary = "Remove the credentials for sending mail",
    .flags = deinit_creds_flags,
    .run = run_deinit_creds,
};
