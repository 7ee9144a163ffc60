/*
 * cmd_verify.c - `verify`: whether the database is what the ledger states,
 * and the ledger the one whose heads were kept elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "settings.h"
#include "store.h"
#include "verify.h"

static const struct opt_flag verify_flags[] = {
    {.name = "deep",
	.type = OPT_BOOL,
	.help = "Check the file's indexes, too, and compute days and "
		"invoices again, which takes longer"},
    {.name = "anchor",
	.type = OPT_STRING,
	.repeats = true,
	.help = "A ledger head that must be there, sha256:HEX; - reads them "
		"from standard input, whatever stands around them"},
    {.name = "output",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|json",
	.help = "How findings are printed"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static bool
read_anchors_from_input(struct verify_anchors *anchors, struct err *err)
{
	struct buf text = BUF_INIT;
	size_t found = 0;
	bool ok;

	ok = file_read("/dev/stdin", VERIFY_MAX_ANCHOR_TEXT, &text, err) &&
	     verify_read_anchors(
		 buf_text(&text), text.len, anchors, &found, err) &&
	     (found > 0 ||
		 err_set(err, ERR_INPUT,
		     "there is no ledger head on standard input: \"sha256:\" "
		     "and 64 hex digits"));
	buf_fini(&text);
	return ok;
}

static bool
read_anchors(const struct opt_values *values, struct verify_anchors *anchors,
    struct err *err)
{
	const size_t head_len = FACT_HEAD_TEXT_SIZE - 1;
	const char *text;
	size_t found;

	for (size_t i = 0; i < opt_count(values, "anchor"); i++) {
		text = opt_nth(values, "anchor", i);
		if (strcmp(text, "-") == 0) {
			if (!read_anchors_from_input(anchors, err))
				return false;
			continue;
		}
		if (!verify_read_anchors(
			text, strlen(text), anchors, &found, err))
			return false;
		if (found != 1 || strlen(text) != head_len)
			return err_set(err, ERR_INPUT,
			    "--anchor takes a ledger head, \"sha256:\" and 64 "
			    "hex digits, or - for standard input: \"%s\"",
			    text);
	}
	return true;
}

/* The database of --dbFolder, or a copy that is named. */
static struct sql *
open_database(const struct opt_values *values, struct err *err)
{
	const char *file = opt_operand(values, 0);
	struct sql *db = NULL;
	char *path;

	if (file != NULL)
		return store_open_copy(file, err);
	path = cmd_path(values, "dbFolder", err);
	if (path != NULL)
		db = store_open_read(path, err);
	free(path);
	return db;
}

static bool
verify(const struct opt_values *values, struct verify_anchors *anchors,
    struct verify_result *result, struct err *err)
{
	const struct verify_options options = {
	    .deep = opt_bool(values, "deep")};
	struct sql *db = open_database(values, err);
	bool ok = db != NULL && verify_run(db, &options, anchors, result, err);

	sql_close(db);
	return ok;
}

static bool
print(const struct opt_values *values, const struct verify_anchors *anchors,
    const struct verify_result *result, struct err *err)
{
	struct buf out = BUF_INIT;
	bool ok;

	if (strcmp(opt_get(values, "output"), "json") == 0)
		verify_json(result, anchors, &out);
	else
		verify_text(result, anchors, &out);
	ok = !out.failed || err_nomem(err);
	if (ok)
		fwrite(buf_text(&out), 1, out.len, stdout);
	buf_fini(&out);
	return ok;
}

/* What is found is a reason to exit with 1, as what could not be done. */
static int
run_verify(const struct opt_values *values, void *ctx)
{
	struct verify_anchors anchors = {0};
	struct verify_result result = {0};
	struct err err = ERR_INIT;
	int code = OPT_EXIT_DONE;
	int64_t found;

	(void)ctx;
	if (opt_operand(values, 0) != NULL && opt_given(values, "dbFolder")) {
		err_set(&err, ERR_INPUT,
		    "give either a file or --dbFolder, not both");
		code = cmd_wrong(values, &err);
	} else if (!read_anchors(values, &anchors, &err))
		code = cmd_wrong(values, &err);
	else if (!verify(values, &anchors, &result, &err) ||
		 !print(values, &anchors, &result, &err))
		code = cmd_failed(values, &err);
	found = verify_found(&result);
	if (code == OPT_EXIT_DONE && found > 0) {
		err_set(&err, ERR_BROKEN,
		    "the database is not as the ledger states it: %lld "
		    "finding%s",
		    (long long)found, found == 1 ? "" : "s");
		code = cmd_failed(values, &err);
	}
	verify_result_fini(&result);
	verify_anchors_fini(&anchors);
	return code;
}

const struct opt_command cmd_verify = {
    .path = "verify",
    .operands = "[FILE]",
    .summary = "Check that the database is what the ledger states",
    .details =
	"FILE is a copy, as `backup` makes it; without it the database in\n"
	"--dbFolder is checked. Prints each finding; exits 0 without any, 1\n"
	"with some. The server may run. Heads come from mails and from "
	"answers\n"
	"to reports:\n"
	"    stat.flexfs verify --anchor - <mail.eml",
    .flags = verify_flags,
    .run = run_verify,
};
