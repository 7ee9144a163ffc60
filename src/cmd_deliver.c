/*
 * cmd_deliver.c - `deliver`: hands the message on standard input to the
 * relay and prints one line per recipient; `test mail` does so with a message
 * of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd.h"
#include "creds.h"
#include "deliver.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "mail_probe.h"
#include "settings.h"

enum {
	MAX_TIMEOUT_SECS = 86400
};

/* Four entries. The presets are SMTP_TOTAL_MS and SMTP_STEP_MS. */
#define DELIVER_FLAGS                                                        \
	{.name = "to",                                                       \
	    .type = OPT_STRING,                                              \
	    .repeats = true,                                                 \
	    .shown = "(smtpTo of the credentials)",                          \
	    .help = "Recipient; may be repeated"},                           \
	    {.name = "timeout",                                              \
		.type = OPT_DURATION,                                        \
		.preset = "5m",                                              \
		.min = 1,                                                    \
		.max = MAX_TIMEOUT_SECS,                                     \
		.help = "How long the whole delivery may take"},             \
	    {.name = "stepTimeout",                                          \
		.type = OPT_DURATION,                                        \
		.preset = "30s",                                             \
		.min = 1,                                                    \
		.max = MAX_TIMEOUT_SECS,                                     \
		.help = "How long each connect, each answer and each block " \
			"of data may take"},                                 \
	    SETTINGS_FLAG_CREDS_FILE

static const struct opt_flag deliver_flags[] = {
    DELIVER_FLAGS,
    {0},
};

static const struct opt_flag test_flags[] = {
    DELIVER_FLAGS,
    SETTINGS_FLAGS_MOCK,
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

/* What goes where. */
struct envelope {
	struct smtp_relay relay;
	char *from;	 /* owned */
	const char **to; /* owned; what it points to is borrowed */
	size_t count;
};

static bool
fill_envelope(const struct opt_values *values, const struct creds *creds,
    struct envelope *out, struct err *err)
{
	size_t given = opt_count(values, "to");

	out->relay = (struct smtp_relay){
	    .address = creds->smtp_addr,
	    .user = creds->smtp_user,
	    .pass = creds->smtp_pass,
	    .ca_file = creds->smtp_ca,
	    .step_ms = opt_int(values, "stepTimeout") * 1000,
	    .total_ms = opt_int(values, "timeout") * 1000,
	};
	out->count = given > 0 ? given : creds->smtp_to_count;
	out->to = calloc(out->count + 1, sizeof(char *));
	out->from = creds_sender_address(creds);
	if (out->to == NULL || out->from == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < out->count; i++)
		out->to[i] =
		    given > 0 ? opt_nth(values, "to", i) : creds->smtp_to[i];
	return true;
}

static void
fini_envelope(struct envelope *e)
{
	free(e->to);
	free(e->from);
}

static bool
deliver(
    const struct opt_values *values, const struct creds *creds, struct err *err)
{
	struct envelope e = {.count = 0};
	bool ok = fill_envelope(values, creds, &e, err) &&
		  deliver_run(&e.relay, e.from, e.to, e.count, STDIN_FILENO,
		      stdout, err);

	fini_envelope(&e);
	return ok;
}

/* --- test mail --- */

static bool
send_test(const struct creds *creds, const struct envelope *e, int64_t now,
    struct err *err)
{
	struct mail_probe probe = {.from = creds->smtp_from,
	    .to = e->to,
	    .count = e->count,
	    .relay = creds->smtp_addr,
	    .now = now};
	struct buf message = BUF_INIT;
	size_t delivered = 0;
	bool ok;

	fprintf(stderr, "a test mail from %s through %s\n", e->from,
	    creds->smtp_addr);
	ok = mail_probe_compose(&probe, &message, err) &&
	     deliver_message(&e->relay, e->from, e->to, e->count, &message,
		 stdout, &delivered, err);
	buf_fini(&message);
	if (ok && delivered < e->count)
		ok = err_set(err, ERR_INPUT,
		    "the relay took it for %zu of %zu recipients", delivered,
		    e->count);
	return ok;
}

static bool
test_mail(
    const struct opt_values *values, const struct creds *creds, struct err *err)
{
	struct envelope e = {.count = 0};
	struct clock clock;
	bool ok = settings_clock(values, &clock, err) &&
		  fill_envelope(values, creds, &e, err) &&
		  send_test(creds, &e, clock_secs(&clock), err);

	fini_envelope(&e);
	return ok;
}

/* --- both --- */

typedef bool send_fn(const struct opt_values *values, const struct creds *creds,
    struct err *err);

static int
run(const struct opt_values *values, send_fn *send)
{
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	int code = OPT_EXIT_DONE;

	/* From here on the password is in memory: no core dump, and no look
	 * at it for other processes of this user. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0) {
		err_errno(&err, ERR_BROKEN, "cannot keep the password hidden");
		return cmd_failed(values, &err);
	}
	if (!load_relay(values, &creds, &err) || !send(values, &creds, &err))
		code = cmd_failed(values, &err);
	creds_wipe(&creds);
	return code;
}

static int
run_deliver(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return run(values, deliver);
}

static int
run_test(const struct opt_values *values, void *ctx)
{
	for (size_t i = 0; i < opt_count(values, "to"); i++) {
		struct err err = ERR_INIT;

		if (!creds_check_address(opt_nth(values, "to", i), &err)) {
			err_context(&err, "--to");
			return cmd_wrong(values, &err);
		}
	}
	(void)ctx;
	return run(values, test_mail);
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

const struct opt_command cmd_test_mail = {
    .path = "test mail",
    .summary = "Send a short mail, to see whether it arrives",
    .details =
	"Prints one line per recipient: `delivered`, `retry` or `failed`, the\n"
	"address, the server's code and its words. Exits with 0 when the\n"
	"server has taken it for all of them, and else with 1.",
    .flags = test_flags,
    .run = run_test,
};
