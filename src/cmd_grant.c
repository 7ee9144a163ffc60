/*
 * cmd_grant.c - `create identity`, `create grant` and `verify grant`: the key
 * that licenses are signed with, and licenses by hand. A grant is printed
 * alone on standard output, everything else on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_change.h"
#include "cmd_table.h"
#include "grant.h"
#include "lib/file.h"
#include "lib/utc.h"
#include "settings.h"
#include "source.h"

/* --- identity --- */

static const struct opt_flag identity_flags[] = {
    SETTINGS_FLAG_KEY_FOLDER,
    {.name = "force",
	.type = OPT_BOOL,
	.help = "Replace a key that is there: its grants do not count with "
		"the new one"},
    {0},
};

static int
run_identity(const struct opt_values *values, void *ctx)
{
	char key_id[JWS_KEY_ID_SIZE];
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "keyFolder", &err);
	bool ok, made;

	(void)ctx;
	ok = folder != NULL && grant_make_key(folder, opt_bool(values, "force"),
				   &made, key_id, &err);
	if (ok)
		fprintf(stderr, "%s %s/%s\nthe key's id is %s\n",
		    made ? "made a key in" : "the key was there; wrote", folder,
		    made ? GRANT_PRIVATE_FILE : GRANT_PUBLIC_FILE, key_id);
	free(folder);
	return ok ? OPT_EXIT_DONE : cmd_failed(values, &err);
}

const struct opt_command cmd_create_identity = {
    .path = "create identity",
    .summary = "Make the key that license grants are signed with",
    .details = "Writes private.pem, for this server alone, and public.pem, "
	       "which whoever\n"
	       "checks a grant has to have. A server that runs reads the key "
	       "after SIGHUP.",
    .flags = identity_flags,
    .run = run_identity,
};

/* --- signing --- */

static const struct opt_flag grant_flags[] = {
    {.name = "source",
	.type = OPT_STRING,
	.required = true,
	.help = "The admin server that it is for"},
    {.name = "expires",
	.type = OPT_STRING,
	.preset = GRANT_DEFAULT_LIFE,
	.help = "When it ends: a time, or a duration from now"},
    SETTINGS_FLAG_KEY_FOLDER,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
read_expires(struct cmd_change *change, int64_t *at, struct err *err)
{
	const char *text = opt_get(change->values, "expires");
	int64_t secs;

	if (opt_parse_duration(text, &secs))
		*at = secs > GRANT_MAX_SECS ? INT64_MAX : change->now + secs;
	else if (!utc_parse(text, strlen(text), at, NULL)) {
		change->wrong = true;
		return err_set(err, ERR_INPUT,
		    "--expires is a time such as 2026-12-31T00:00:00Z or a "
		    "duration such as 30d, not \"%.100s\"",
		    text);
	}
	return grant_check_expiry(change->now, *at, err) ||
	       err_context(err, "--expires");
}

static struct jws_key *
load_key(const char *folder, struct err *err)
{
	struct jws_key *key = NULL;

	if (grant_load_key(folder, &key, err) && key == NULL)
		err_set(err, ERR_INPUT,
		    "there is no key in %.200s; make one with `create "
		    "identity`",
		    folder);
	return key;
}

static bool
sign_grant(struct cmd_change *change, const struct jws_key *key, int64_t at,
    struct err *err)
{
	const char *name = opt_get(change->values, "source");
	char when[UTC_TEXT_SIZE];
	struct source source;
	struct grant grant = {0};
	int64_t id;

	if (!source_find(change->db, name, &id, err) ||
	    !source_load(change->db, id, &source, err) ||
	    !grant_create(change->db, key, &source, at, change->who,
		change->now, &grant, err))
		return false;
	fprintf(stderr, "grant of %s signed, until %s\n", source.name,
	    utc_format(grant.expires_at, when));
	printf("%s\n", grant.text);
	grant_fini(&grant);
	return true;
}

static bool
create_grant(struct cmd_change *change, struct err *err)
{
	char *folder = cmd_path(change->values, "keyFolder", err);
	struct jws_key *key = NULL;
	int64_t at;
	bool ok;

	ok = folder != NULL && read_expires(change, &at, err) &&
	     (key = load_key(folder, err)) != NULL &&
	     sign_grant(change, key, at, err);
	jws_key_free(key);
	free(folder);
	return ok;
}

static int
run_grant(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, create_grant);
}

const struct opt_command cmd_create_grant = {
    .path = "create grant",
    .summary = "Sign a license grant for an admin server, and print it",
    .flags = grant_flags,
    .run = run_grant,
};

/* --- verifying --- */

static const struct opt_flag verify_flags[] = {
    {.name = "source",
	.type = OPT_STRING,
	.shown = "(any)",
	.help = "The admin server that it has to be for"},
    SETTINGS_FLAG_KEY_FOLDER,
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* The grant of an operand, FILE or - or none; blanks around it are none. */
static bool
read_input(const struct opt_values *values, struct buf *text, struct err *err)
{
	const char *path =
	    opt_operands(values) > 0 ? opt_operand(values, 0) : "-";
	size_t from = 0;

	if (!file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path,
		JWS_MAX_BYTES, text, err))
		return false;
	while (text->len > 0 &&
	       strchr(" \t\r\n", text->data[text->len - 1]) != NULL)
		text->data[--text->len] = '\0';
	from = strspn(buf_text(text), " \t\r\n");
	if (from > 0) {
		text->len -= from;
		memmove(text->data, text->data + from, text->len + 1);
	}
	return text->len > 0 ||
	       err_set(err, ERR_INPUT, "there is no grant in %.200s",
		   strcmp(path, "-") == 0 ? "standard input" : path);
}

/* "valid", or what keeps it from counting. */
static const char *
judge(
    const struct grant *grant, const char *source, int64_t now, struct err *err)
{
	char when[UTC_TEXT_SIZE];

	if (source != NULL && strcmp(source, grant->source) != 0) {
		err_set(err, ERR_INPUT, "it is for the source %s, not for %s",
		    grant->source, source);
		return "other_source";
	}
	if (now >= grant->expires_at) {
		err_set(err, ERR_INPUT, "it ended %s",
		    utc_format(grant->expires_at, when));
		return "expired";
	}
	if (now < grant->issued_at) {
		err_set(err, ERR_INPUT,
		    "it was signed %s, which is in the future",
		    utc_format(grant->issued_at, when));
		return "not_yet";
	}
	return "valid";
}

static bool
print_grant(const struct opt_values *values, const struct grant *grant,
    const char *state, struct err *err)
{
	static const char *const columns[] = {"state", "source", "issued_at",
	    "expires_at", "key_id", "jti", NULL};
	struct cmd_table t;

	cmd_table_begin_record(&t, values, columns);
	cmd_table_text(&t, state);
	if (grant->text != NULL) {
		cmd_table_text(&t, grant->source);
		cmd_table_time(&t, grant->issued_at);
		cmd_table_time(&t, grant->expires_at);
		cmd_table_text(&t, grant->key_id);
		cmd_table_text(&t, grant->jti);
	} else
		for (int i = 1; columns[i] != NULL; i++)
			cmd_table_none(&t);
	return cmd_table_end(&t, true, err);
}

/* What is not signed by the key is not told: it may say anything. */
static bool
verify_grant(const struct opt_values *values, const struct jws_key *key,
    const struct buf *text, int64_t now, struct err *err)
{
	const char *state = "invalid";
	struct grant grant = {0};
	struct err failure = ERR_INIT;
	bool ok;

	if (grant_read(key, text->data, text->len, &grant, err))
		state = judge(&grant, opt_get(values, "source"), now, err);
	ok = err->kind == ERR_NONE;
	if (!print_grant(values, &grant, state, &failure)) {
		*err = failure;
		ok = false;
	}
	grant_fini(&grant);
	return ok;
}

static int
run_verify(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	struct jws_key *key = NULL;
	struct buf text = BUF_INIT;
	struct clock clock;
	char *folder;
	bool ok;

	(void)ctx;
	if (!settings_clock(values, &clock, &err))
		return cmd_wrong(values, &err);
	folder = cmd_path(values, "keyFolder", &err);
	ok = folder != NULL &&
	     (key = grant_load_public(folder, &err)) != NULL &&
	     read_input(values, &text, &err) &&
	     verify_grant(values, key, &text, clock_secs(&clock), &err);
	buf_fini(&text);
	jws_key_free(key);
	free(folder);
	return ok ? OPT_EXIT_DONE : cmd_failed(values, &err);
}

const struct opt_command cmd_verify_grant = {
    .path = "verify grant",
    .operands = "[FILE]",
    .summary = "Check a license grant: who signed it, for whom, until when",
    .details = "FILE holds a grant; without one, or with -, it is read from "
	       "standard input.\n"
	       "Exits 0 when the grant is valid now, and 1 when it is not.",
    .flags = verify_flags,
    .run = run_verify,
};
