/*
 * cmd.h - the verbs of stat.flexfs: one const entry each, in the file of the
 * verb, and the table of all of them in cmd.c.
 */
#ifndef SRC_CMD_H
#define SRC_CMD_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/opt.h"

extern const struct opt_program cmd_program;

extern const struct opt_command cmd_backup;
extern const struct opt_command cmd_close_due;
extern const struct opt_command cmd_close_period;
extern const struct opt_command cmd_create_account;
extern const struct opt_command cmd_create_grant;
extern const struct opt_command cmd_create_identity;
extern const struct opt_command cmd_create_rate;
extern const struct opt_command cmd_create_source;
extern const struct opt_command cmd_create_token;
extern const struct opt_command cmd_deliver;
extern const struct opt_command cmd_discard;
extern const struct opt_command cmd_explain;
extern const struct opt_command cmd_export;
extern const struct opt_command cmd_forecast;
extern const struct opt_command cmd_get;
extern const struct opt_command cmd_help;
extern const struct opt_command cmd_init_creds;
extern const struct opt_command cmd_init_systemd;
extern const struct opt_command cmd_list_accounts;
extern const struct opt_command cmd_list_invoices;
extern const struct opt_command cmd_list_mails;
extern const struct opt_command cmd_list_periods;
extern const struct opt_command cmd_list_quarantine;
extern const struct opt_command cmd_list_rates;
extern const struct opt_command cmd_list_sources;
extern const struct opt_command cmd_list_tokens;
extern const struct opt_command cmd_list_volumes;
extern const struct opt_command cmd_migrate;
extern const struct opt_command cmd_release;
extern const struct opt_command cmd_report;
extern const struct opt_command cmd_retry_mail;
extern const struct opt_command cmd_show_invoice;
extern const struct opt_command cmd_show_mail;
extern const struct opt_command cmd_show_period;
extern const struct opt_command cmd_show_report;
extern const struct opt_command cmd_show_volume;
extern const struct opt_command cmd_start;
extern const struct opt_command cmd_deinit_creds;
extern const struct opt_command cmd_deinit_systemd;
extern const struct opt_command cmd_license;
extern const struct opt_command cmd_test_mail;
extern const struct opt_command cmd_verify;
extern const struct opt_command cmd_verify_grant;
extern const struct opt_command cmd_update_account;
extern const struct opt_command cmd_update_source;
extern const struct opt_command cmd_version;

/* Flags that several commands share; the entries themselves are settings_
 * macros where `start` has the flag too. */
#define CMD_FLAG_DB_FOLDER SETTINGS_FLAG_DB_FOLDER
#define CMD_FLAG_CREDS_FILE SETTINGS_FLAG_CREDS_FILE
#define CMD_FLAG_OUTPUT                                                    \
	{                                                                  \
		.name = "output", .type = OPT_STRING, .preset = "text",    \
		.choices = "text|json|csv", .help = "How rows are printed" \
	}

/* Say on standard error why the command ends, with its name in front, and
 * return its exit code: 1 not done, 2 wrong command line. */
int cmd_failed(const struct opt_values *values, const struct err *err);
int cmd_wrong(const struct opt_values *values, const struct err *err);

/* The path that a flag gives, with ~ expanded: yours. NULL with err when it
 * is empty or there is no home. */
char *cmd_path(
    const struct opt_values *values, const char *name, struct err *err);

#endif
