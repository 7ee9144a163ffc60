/*
 * cmd.c - the table of all verbs, `help`, and what verbs share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "cmd.h"
#include "config.h"
#include "metrics.h"
#include "systemd.h"

/* In the order in which --help lists them. */
static const struct opt_command *const commands[] = {
    &cmd_start,
    &cmd_init_creds,
    &cmd_init_systemd,
    &cmd_deinit_creds,
    &cmd_deinit_systemd,
    &cmd_create_account,
    &cmd_create_source,
    &cmd_create_token,
    &cmd_create_rate,
    &cmd_create_identity,
    &cmd_create_grant,
    &cmd_update_account,
    &cmd_update_source,
    &cmd_list_accounts,
    &cmd_list_sources,
    &cmd_list_tokens,
    &cmd_list_rates,
    &cmd_list_volumes,
    &cmd_list_periods,
    &cmd_list_invoices,
    &cmd_list_quarantine,
    &cmd_list_mails,
    &cmd_show_volume,
    &cmd_show_report,
    &cmd_show_period,
    &cmd_show_invoice,
    &cmd_show_mail,
    &cmd_retry_mail,
    &cmd_release,
    &cmd_discard,
    &cmd_report,
    &cmd_export,
    &cmd_explain,
    &cmd_forecast,
    &cmd_get,
    &cmd_close_period,
    &cmd_close_due,
    &cmd_test_mail,
    &cmd_deliver,
    &cmd_backup,
    &cmd_migrate,
    &cmd_verify,
    &cmd_verify_grant,
    &cmd_version,
    &cmd_license,
    &cmd_help,
    NULL,
};

const struct opt_program cmd_program = {
    .name = "stat.flexfs",
    .summary = "Collects usage reports of admin servers, bills them and mails "
	       "summaries",
    .commands = commands,
};

static int
say_why(const struct opt_values *values, const struct err *err, int code)
{
	fprintf(stderr, "%s %s: %s\n", cmd_program.name,
	    opt_command(values)->path, err->text);
	return code;
}

int
cmd_failed(const struct opt_values *values, const struct err *err)
{
	return say_why(values, err, OPT_EXIT_FAILED);
}

int
cmd_wrong(const struct opt_values *values, const struct err *err)
{
	return say_why(values, err, OPT_EXIT_USAGE);
}

/* Root has a database of its own, which is hardly ever the one that is meant
 * where the service has another. */
static void
note_other_database(const char *path)
{
	static const char folder[] = SYSTEMD_HOME "/.flexfs/stat";

	if (geteuid() == 0 && strcmp(path, folder) != 0 &&
	    file_exists(SYSTEMD_HOME "/.flexfs/stat/stat.db"))
		fprintf(stderr,
		    "note: this is root's own database, not the service's; "
		    "for that one:\n"
		    "      sudo -u " SYSTEMD_USER " %s ...\n",
		    cmd_program.name);
}

char *
cmd_path(const struct opt_values *values, const char *name, struct err *err)
{
	const char *path = opt_get(values, name);
	char *whole;

	if (path == NULL || path[0] == '\0') {
		err_set(err, ERR_INPUT, "--%s is empty", name);
		return NULL;
	}
	whole = file_expand_home(path, err);
	if (whole != NULL && strcmp(name, "dbFolder") == 0 &&
	    !opt_given(values, name))
		note_other_database(whole);
	return whole;
}

/* --- help ---------------------------------------------------------------- */
static bool
write_help(const struct opt_values *values, struct buf *out, struct err *err)
{
	const char *words[8];
	size_t i, n = opt_operands(values);

	for (i = 0; i < n && i < sizeof words / sizeof *words; i++)
		words[i] = opt_operand(values, i);
	if (i == n && opt_help(&cmd_program, words, n, out))
		return true;
	return err_set(err, ERR_INPUT,
	    "there is no such command; '%s --help' lists them",
	    cmd_program.name);
}

static int
run_help(const struct opt_values *values, void *ctx)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (opt_bool(values, "flags"))
		opt_list_flags(&cmd_program, &out);
	else if (opt_bool(values, "settings"))
		config_write_list(&out);
	else if (opt_bool(values, "metrics"))
		metrics_write_list(&out);
	else if (!write_help(values, &out, &err))
		code = cmd_wrong(values, &err);
	fputs(buf_text(&out), stdout);
	buf_fini(&out);
	return code;
}

static const struct opt_flag help_flags[] = {
    {.name = "flags",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "List every command and flag, separated by tabs"},
    {.name = "settings",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "List every setting of the settings file, separated by tabs"},
    {.name = "metrics",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "List every metric, separated by tabs"},
    {0},
};

const struct opt_command cmd_help = {
    .path = "help",
    .operands = "[COMMAND...]",
    .summary = "Tell about a command",
    .flags = help_flags,
    .run = run_help,
};
