/*
 * cmd_get.c - `get`: answers a GET from the database, as the server does,
 * without one. In: a path with its query. Out: the answer's body, or with
 * --head all of it, on standard output.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "cmd.h"
#include "lib/clock.h"
#include "lib/utc.h"
#include "read_answer.h"
#include "settings.h"
#include "store.h"

static const struct opt_flag get_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "See this account only, as a reader of it does"},
    {.name = "role",
	.type = OPT_STRING,
	.preset = "operator",
	.choices = "reader|operator",
	.help = "Whose answer it is"},
    {.name = "accept",
	.type = OPT_STRING,
	.shown = "(the path's own)",
	.help = "Media types that are taken, as in the header Accept"},
    {.name = "head",
	.type = OPT_BOOL,
	.help = "Print the status and headers before the body, as in CGI"},
    {.name = "match",
	.type = OPT_STRING,
	.shown = "(none)",
	.help = "Entity tags that are known, as in the header If-None-Match"},
    {.name = "gzip", .type = OPT_BOOL, .help = "Compress the body"},
    {.name = "issuer",
	.type = OPT_STRING,
	.preset = "flexFS Service",
	.help = "Who bills, on paper; may have several lines"},
    {.name = "payment",
	.type = OPT_STRING,
	.shown = "(none)",
	.help = "Where to pay, on paper; may have several lines"},
    {.name = "expectedInterval",
	.type = OPT_DURATION,
	.shown = "(they are not told of)",
	.min = 1,
	.max = INT64_C(365) * 86400,
	.help = "Pages tell of sources that have been silent for longer"},
    {.name = "certificateEnds",
	.type = OPT_STRING,
	.shown = "(it is not told of)",
	.help = "When the server's certificate ends (RFC 3339), for pages"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
write_out(void *ctx, const char *data, size_t len, struct err *err)
{
	ssize_t put;

	(void)ctx;
	for (size_t done = 0; done < len; done += (size_t)put) {
		put = write(STDOUT_FILENO, data + done, len - done);
		if (put < 0 && errno == EINTR)
			put = 0;
		if (put < 0)
			return err_errno(err, ERR_BUSY, "cannot write");
	}
	return true;
}

static bool
answer(const struct opt_values *values, struct sql *db, int64_t now,
    struct err *err)
{
	const char *name = opt_get(values, "account");
	struct read_ask ask = {.target = opt_operand(values, 0),
	    .accept = opt_get(values, "accept"),
	    .match = opt_get(values, "match"),
	    .gzip = opt_bool(values, "gzip"),
	    .head = opt_bool(values, "head"),
	    .role = strcmp(opt_get(values, "role"), "reader") == 0
			? TOKEN_READER
			: TOKEN_OPERATOR,
	    .issuer = opt_get(values, "issuer"),
	    .payment = opt_get(values, "payment"),
	    .now = now};
	const char *ends = opt_get(values, "certificateEnds");
	struct account account;
	unsigned status;

	if (opt_given(values, "expectedInterval"))
		ask.expected_secs = opt_int(values, "expectedInterval");
	if (ends != NULL &&
	    !utc_parse(ends, strlen(ends), &ask.certificate_ends_at, NULL))
		return err_set(err, ERR_INPUT,
		    "--certificateEnds is not a time as RFC 3339 has it");
	if (name != NULL) {
		if (!account_find(db, name, &account, err))
			return false;
		ask.scope = &account;
	}
	return read_answer(db, &ask, write_out, NULL, &status, err);
}

/* Whoever reads the output may have gone: that is to be told by exit code, not
 * by a signal. */
static int
run_get(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	struct sql *db = NULL;
	struct clock clock;
	int code = OPT_EXIT_DONE;
	char *folder;

	(void)ctx;
	if (!settings_clock(values, &clock, &err))
		return cmd_wrong(values, &err);
	signal(SIGPIPE, SIG_IGN);
	folder = cmd_path(values, "dbFolder", &err);
	if (folder != NULL)
		db = store_open_read(folder, &err);
	if (db == NULL || !answer(values, db, clock_secs(&clock), &err))
		code = cmd_failed(values, &err);
	sql_close(db);
	free(folder);
	return code;
}

const struct opt_command cmd_get = {
    .path = "get",
    .operands = "TARGET",
    .summary = "Print what the server answers to a GET of a path",
    .flags = get_flags,
    .run = run_get,
};
