/*
 * cmd_explain.c - `explain`: how one line of a bill comes about, from one
 * state of the database, read only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "explain.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/utc.h"
#include "settings.h"
#include "store.h"

static const struct opt_flag explain_flags[] = {
    {.name = "hour",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Only the hour that this time (RFC 3339) lies in"},
    {.name = "output",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|json",
	.help = "text: at most 100 columns; json: one object"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* What is to be explained. */
struct request {
	const char *bill;
	int64_t line, hour, now;
};

static bool
read_line(const char *text, int64_t *line, struct err *err)
{
	char *end;

	*line = strtoll(text, &end, 10);
	return (text[0] >= '0' && text[0] <= '9' && *end == '\0') ||
	       err_set(err, ERR_INPUT,
		   "a line is a number, counted from 1 in the order of "
		   "`report --format json`: \"%s\"",
		   text);
}

static bool
read_hour(const struct opt_values *values, int64_t *hour, struct err *err)
{
	const char *text = opt_get(values, "hour");

	*hour = 0;
	if (text == NULL || (utc_parse(text, strlen(text), hour, NULL) &&
				*hour >= UTC_HOUR_SECS))
		return true;
	return err_set(err, ERR_INPUT,
	    "--hour is no time such as 2026-10-01T05:00:00Z: \"%s\"", text);
}

static bool
read_request(
    const struct opt_values *values, struct request *out, struct err *err)
{
	struct clock clock;

	out->bill = opt_operand(values, 0);
	if (!read_line(opt_operand(values, 1), &out->line, err) ||
	    !read_hour(values, &out->hour, err) ||
	    !settings_clock(values, &clock, err))
		return false;
	out->now = clock_secs(&clock);
	return true;
}

static bool
explain(const struct opt_values *values, struct sql *db,
    const struct request *request, struct buf *out, struct err *err)
{
	struct explain e;
	bool ok = explain_build(db, request->bill, request->line, request->hour,
	    request->now, &e, err);

	if (ok) {
		if (strcmp(opt_get(values, "output"), "json") == 0)
			explain_json(&e, out);
		else
			explain_text(&e, out);
		ok = !out->failed || err_nomem(err);
	}
	explain_fini(&e);
	return ok;
}

static int
run_explain(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	struct request request;
	struct buf out = BUF_INIT;
	struct sql *db = NULL;
	char *folder;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (!read_request(values, &request, &err))
		return cmd_wrong(values, &err);
	folder = cmd_path(values, "dbFolder", &err);
	if (folder != NULL)
		db = store_open_read(folder, &err);
	if (db == NULL || !explain(values, db, &request, &out, &err))
		code = cmd_failed(values, &err);
	else
		fwrite(buf_text(&out), 1, out.len, stdout);
	sql_close(db);
	buf_fini(&out);
	free(folder);
	return code;
}

const struct opt_command cmd_explain = {
    .path = "explain",
    .operands = "INVOICE LINE",
    .summary = "Explain a line of a bill: hours, samples, rate and sum",
    .details =
	"INVOICE is a number such as 2026-00001, or ACCOUNT/PERIOD such as\n"
	"acme/2026-10. LINE counts from 1; corrections are behind the others.",
    .flags = explain_flags,
    .run = run_explain,
};
