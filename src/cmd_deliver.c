/*
 * cmd_deliver.c - `deliver`: hands the message on standard input to the
 * relay and prints one line per recipient.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd.h"
#include "creds.h"
#include "deliver.h"
#include "settings.h"

enum {
	MAX_TIMEOUT_SECS = 86400
};

static const struct opt_flag deliver_flags[] = {
    {.name = "to",
	.type = OPT_STRING,
	.repeats = true,
	.shown = "(smtpTo of the credentials)",
	.help = "Recipient; may be repeated"},
    {.name = "timeout",
	.type = OPT_DURATION,
	.preset = "5m", /* SMTP_TOTAL_MS */
	.min = 1,
	.max = MAX_TIMEOUT_SECS,
	.help = "How long the whole delivery may take"},
    {.name = "stepTimeout",
	.type = OPT_DURATION,
	.preset = "30s", /* SMTP_STEP_MS */
	.min = 1,
	.max = MAX_TIMEOUT_SECS,
	.help = "How long each connect, each answer and each block of data "
		"may take"},
    SETTINGS_FLAG_CREDS_FILE,
    {0},
};

static bool
load_relay(
    const struct opt_values *values, struct creds *creds, struct err *err)
{
	char *path = cmd_path(values, "credsFile", err);
	bool there = false, ok;

	ok = path != NULL && creds_load(path, creds, &there, err);
	if (ok && !there)
		ok = err_set(err, ERR_INPUT,
		    "there is no credentials file %s; make one with "
		    "`stat.flexfs init creds`",
		    path);
	free(path);
	return ok;
}

static bool
deliver(
    const struct opt_values *values, const struct creds *creds, struct err *err)
{
	const struct smtp_relay relay = {
	    .address = creds->smtp_addr,
	    .user = creds->smtp_user,
	    .pass = creds->smtp_pass,
	    .ca_file = creds->smtp_ca,
	    .step_ms = opt_int(values, "stepTimeout") * 1000,
	    .total_ms = opt_int(values, "timeout") * 1000,
	};
	size_t n = opt_count(values, "to");
	const char **to = calloc(n + 1, sizeof(char *));
	char *from = creds_sender_address(creds);
	bool ok = to != NULL && from != NULL;

	for (size_t i = 0; ok && i < n; i++)
		to[i] = opt_nth(values, "to", i);
	if (!ok)
		err_nomem(err);
	else
		ok = deliver_run(&relay, from,
		    n > 0 ? to : (const char *const *)creds->smtp_to,
		    n > 0 ? n : creds->smtp_to_count, STDIN_FILENO, stdout,
		    err);
	free(to);
	free(from);
	return ok;
}

static int
run_deliver(const struct opt_values *values, void *ctx)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	/* From here on the password is in memory: no core dump, and no look
	 * at it for other processes of this user. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0) {
		err_errno(&err, ERR_BROKEN, "cannot keep the password hidden");
		return cmd_failed(values, &err);
	}
	if (!load_relay(values, &creds, &err) || !deliver(values, &creds, &err))
		code = cmd_failed(values, &err);
	creds_wipe(&creds);
	return code;
}

const struct opt_command cmd_deliver = {
    .path = "deliver",
    .summary = "Hand the message on standard input to the SMTP server",
    .details =
	"Prints one line per recipient: `delivered`, `retry` or `failed`, the\n"
	"address, the server's code and its words. Exits with 0 when the\n"
	"server has answered for each, whatever it answered.",
    .flags = deliver_flags,
    .run = run_deliver,
};
