/*
 * cmd_create.c - `create account|source|token|rate`: new rows in short
 * transactions beside the running server. A new token is printed alone on
 * standard output, everything else on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_change.h"
#include "creds.h"
#include "fact.h"
#include "lib/buf.h"
#include "lib/utc.h"
#include "rate.h"
#include "settings.h"
#include "source.h"
#include "token.h"

/* --- account --- */

static const struct opt_flag account_flags[] = {
    {.name = "name",
	.type = OPT_STRING,
	.required = true,
	.help = "Its name in reports, commands and paths"},
    {.name = "displayName",
	.type = OPT_STRING,
	.shown = "(the name)",
	.help = "Its name on documents"},
    {.name = "currency",
	.type = OPT_STRING,
	.preset = "USD",
	.help = "ISO 4217 code of its bills"},
    {.name = "average",
	.type = OPT_STRING,
	.preset = "mean",
	.choices = "mean|time_weighted",
	.help = "How an hour's samples become its usage"},
    {.name = "gapPolicy",
	.type = OPT_STRING,
	.preset = "carry",
	.choices = "carry|zero|interpolate|hold",
	.help = "What a missing hour counts as"},
    {.name = "maxCarry",
	.type = OPT_DURATION,
	.preset = "6h",
	.max = (int64_t)ACCOUNT_MAX_CARRY_HOURS * UTC_HOUR_SECS,
	.help = "How long the last hour is carried, in whole hours"},
    {.name = "rounding",
	.type = OPT_STRING,
	.preset = "document",
	.choices = "document|line",
	.help = "What is rounded: a document's total, or each line"},
    {.name = "roundingMode",
	.type = OPT_STRING,
	.preset = "half_up",
	.choices = "half_up|half_even",
	.help = "Where a half goes"},
    {.name = "period",
	.type = OPT_STRING,
	.preset = "month",
	.choices = "month|quarter",
	.help = "How long the period of an invoice is"},
    {.name = "netDays",
	.type = OPT_INT,
	.preset = "30",
	.max = ACCOUNT_MAX_NET_DAYS,
	.help = "Days from issue to due date"},
    {.name = "reportTo",
	.type = OPT_STRING,
	.help = "Comma-separated addresses that get its own invoices"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
create_account(struct cmd_change *change, struct err *err)
{
	const struct opt_values *v = change->values;
	struct account a = {0};
	int64_t carry = opt_int(v, "maxCarry");

	if (!cmd_change_text(change, "name", a.name, sizeof a.name, err) ||
	    !cmd_change_text(change, "displayName", a.display_name,
		sizeof a.display_name, err) ||
	    !cmd_change_text(
		change, "currency", a.currency, sizeof a.currency, err) ||
	    !cmd_change_text(
		change, "reportTo", a.report_to, sizeof a.report_to, err) ||
	    !cmd_change_check_addresses(a.report_to, err))
		return false;
	if (a.display_name[0] == '\0')
		snprintf(a.display_name, sizeof a.display_name, "%s", a.name);
	if (carry % UTC_HOUR_SECS != 0)
		return err_set(err, ERR_INPUT, "--maxCarry takes whole hours");
	a.max_carry_hours = carry / UTC_HOUR_SECS;
	a.net_days = opt_int(v, "netDays");
	/* The choices of the table are the words of the parsers. */
	if (!account_parse_average(opt_get(v, "average"), &a.average) ||
	    !account_parse_gap(opt_get(v, "gapPolicy"), &a.gap) ||
	    !account_parse_rounding(opt_get(v, "rounding"), &a.rounding) ||
	    !account_parse_mode(opt_get(v, "roundingMode"), &a.rounding_mode) ||
	    !account_parse_period(opt_get(v, "period"), &a.period))
		return err_set(err, ERR_BROKEN, "an option is not known");
	if (!account_create(change->db, &a, change->who, change->now, err))
		return false;
	fprintf(stderr, "account %s created\n", a.name);
	return true;
}

static int
run_account(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, create_account);
}

const struct opt_command cmd_create_account = {
    .path = "create account",
    .summary = "Add an account: who pays, and by which rules",
    .flags = account_flags,
    .run = run_account,
};

/* --- source --- */

static const struct opt_flag source_flags[] = {
    {.name = "name",
	.type = OPT_STRING,
	.required = true,
	.help = "Its name in lists and logs"},
    {.name = "account",
	.type = OPT_STRING,
	.required = true,
	.repeats = true,
	.help = "An account that it may report for; may be repeated"},
    {.name = "token",
	.type = OPT_STRING,
	.secret = true,
	.shown = "(a new random one)",
	.help = "The admin server's UUID, to be used as its token"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
create_source(struct cmd_change *change, struct err *err)
{
	const struct opt_values *v = change->values;
	size_t n = opt_count(v, "account");
	const char **accounts = calloc(n + 1, sizeof(char *));
	char name[SOURCE_NAME_SIZE], token[TOKEN_TEXT_SIZE];
	bool ok;

	if (accounts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		accounts[i] = opt_nth(v, "account", i);
	ok = cmd_change_text(change, "name", name, sizeof name, err) &&
	     source_create(change->db, name, accounts, n, opt_get(v, "token"),
		 change->who, change->now, token, err);
	if (ok) {
		fprintf(stderr,
		    "source %s created; its token, which is not shown "
		    "again:\n",
		    name);
		printf("%s\n", token);
	}
	tls_wipe(token, sizeof token);
	free(accounts);
	return ok;
}

static int
run_source(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, create_source);
}

const struct opt_command cmd_create_source = {
    .path = "create source",
    .summary = "Add an admin server, and print its token",
    .flags = source_flags,
    .run = run_source,
};

/* --- token --- */

static const struct opt_flag token_flags[] = {
    {.name = "name",
	.type = OPT_STRING,
	.required = true,
	.help = "Who or what will use it; for role source: the source"},
    {.name = "role",
	.type = OPT_STRING,
	.required = true,
	.choices = "source|reader|operator",
	.help = "What it may do"},
    {.name = "account",
	.type = OPT_STRING,
	.help = "Role reader: the only account that it may see"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
describe_token(
    struct cmd_change *change, struct token_spec *spec, struct err *err)
{
	const char *role = opt_get(change->values, "role");
	const char *account = opt_get(change->values, "account");
	struct account a;

	spec->role = strcmp(role, "operator") == 0 ? TOKEN_OPERATOR
		     : strcmp(role, "reader") == 0 ? TOKEN_READER
						   : TOKEN_SOURCE;
	if (account != NULL && spec->role != TOKEN_READER)
		return err_set(err, ERR_INPUT,
		    "--account limits a reader; a source's accounts are its "
		    "own");
	if (account != NULL) {
		if (!account_find(change->db, account, &a, err))
			return false;
		spec->account = a.id;
	}
	return spec->role != TOKEN_SOURCE ||
	       source_find(change->db, spec->name, &spec->source, err);
}

/* The fact tells of the role and, as its body, of the token's hash. */
static bool
state_token(struct cmd_change *change, const struct token_spec *spec,
    const char *text, struct err *err)
{
	const char *account = opt_get(change->values, "account");
	uint8_t hash[TLS_SHA256_BYTES];
	struct buf detail = BUF_INIT;
	struct fact fact = {.at = change->now,
	    .kind = "token.created",
	    .who = change->who,
	    .subject = spec->name,
	    .body_sha256 = hash};
	bool ok;

	tls_sha256(text, strlen(text), hash);
	fact_put(&detail, "role", token_role_name(spec->role));
	if (account != NULL)
		fact_put(&detail, "account", account);
	fact.detail = buf_text(&detail);
	ok = detail.failed ? err_nomem(err)
			   : fact_add(change->db, &fact, NULL, err);
	buf_fini(&detail);
	return ok;
}

/* The token and its fact are one transaction. */
static bool
create_token(struct cmd_change *change, struct err *err)
{
	char name[TOKEN_NAME_SIZE], text[TOKEN_TEXT_SIZE];
	struct token_spec spec = {.name = name};

	if (!cmd_change_text(change, "name", name, sizeof name, err) ||
	    !describe_token(change, &spec, err) || !sql_begin(change->db, err))
		return false;
	if (!token_create(change->db, &spec, change->now, text, err) ||
	    !state_token(change, &spec, text, err)) {
		sql_rollback(change->db);
		return false;
	}
	if (!sql_commit(change->db, err))
		return false;
	fprintf(stderr, "token of %s created; it is not shown again:\n", name);
	printf("%s\n", text);
	tls_wipe(text, sizeof text);
	return true;
}

static int
run_token(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, create_token);
}

const struct opt_command cmd_create_token = {
    .path = "create token",
    .summary = "Add a token for a reader, an operator or a source's rotation",
    .flags = token_flags,
    .run = run_token,
};

/* --- rate --- */

static const struct opt_flag rate_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.required = true,
	.help = "Whose rate it is"},
    {.name = "rate",
	.type = OPT_STRING,
	.required = true,
	.help = "Money per GiB-month, a decimal such as 0.03"},
    {.name = "from",
	.type = OPT_STRING,
	.shown = "(2000-01-01 for a first rate, else the next whole hour)",
	.help = "It holds from the first whole hour at or after this time"},
    {.name = "maxAge",
	.type = OPT_STRING,
	.shown = "(all ages)",
	.help = "The age bin it is for, such as 30d"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
create_rate(struct cmd_change *change, struct err *err)
{
	const char *from = opt_get(change->values, "from");
	struct rate r = {0};
	char account[ACCOUNT_NAME_SIZE], when[UTC_TEXT_SIZE];
	struct account a;
	int64_t at = 0;

	if (!cmd_change_text(change, "account", account, sizeof account, err) ||
	    !cmd_change_text(change, "rate", r.rate, sizeof r.rate, err) ||
	    !cmd_change_text(
		change, "maxAge", r.max_age, sizeof r.max_age, err) ||
	    !account_find(change->db, account, &a, err))
		return false;
	if (from != NULL && !rate_parse_from(from, &at, err))
		return err_context(err, "--from");
	r.account = a.id;
	if (!rate_create(
		change->db, &r, at, a.name, change->who, change->now, err))
		return false;
	fprintf(stderr, "rate of %s: %s %s per GiB-month%s%s from %s\n", a.name,
	    r.rate, a.currency, r.max_age[0] != '\0' ? " for " : "", r.max_age,
	    utc_format(r.from_hour * UTC_HOUR_SECS, when));
	return true;
}

static int
run_rate(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, create_rate);
}

const struct opt_command cmd_create_rate = {
    .path = "create rate",
    .summary = "Add a rate; rates are never edited, a change is a new one",
    .flags = rate_flags,
    .run = run_rate,
};
