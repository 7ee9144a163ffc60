/*
 * cmd_update.c - `update account|source`: what may be given anew, in short
 * transactions beside the running server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_change.h"
#include "lib/utc.h"
#include "settings.h"
#include "source.h"

/* A command that asks for nothing is a mistake. */
static bool
refuse_nothing(struct cmd_change *change, const char *name, struct err *err)
{
	change->wrong = true;
	return err_set(err, ERR_INPUT,
	    "%s is so already: say what is to be changed", name);
}

/* --- account --- */

static const struct opt_flag account_flags[] = {
    {.name = "name",
	.type = OPT_STRING,
	.required = true,
	.help = "Which account"},
    {.name = "displayName",
	.type = OPT_STRING,
	.help = "Its name on documents; empty: its name"},
    {.name = "netDays",
	.type = OPT_INT,
	.max = ACCOUNT_MAX_NET_DAYS,
	.help = "Days from issue to due date"},
    {.name = "reportTo",
	.type = OPT_STRING,
	.help = "Comma-separated addresses that get its own invoices; or none"},
    {.name = "currency",
	.type = OPT_STRING,
	.help = "ISO 4217 code of its bills"},
    {.name = "average",
	.type = OPT_STRING,
	.choices = "mean|time_weighted",
	.help = "How an hour's samples become its usage"},
    {.name = "gapPolicy",
	.type = OPT_STRING,
	.choices = "carry|zero|interpolate|hold",
	.help = "What a missing hour counts as"},
    {.name = "maxCarry",
	.type = OPT_DURATION,
	.max = (int64_t)ACCOUNT_MAX_CARRY_HOURS * UTC_HOUR_SECS,
	.help = "How long the last hour is carried, in whole hours"},
    {.name = "rounding",
	.type = OPT_STRING,
	.choices = "document|line",
	.help = "What is rounded: a document's total, or each line"},
    {.name = "roundingMode",
	.type = OPT_STRING,
	.choices = "half_up|half_even",
	.help = "Where a half goes"},
    {.name = "period",
	.type = OPT_STRING,
	.choices = "month|quarter",
	.help = "How long the period of an invoice is"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* A text that is given replaces the one that is there. */
static bool
replace_text(const struct cmd_change *change, const char *flag, char *text,
    size_t size, struct err *err)
{
	return !opt_given(change->values, flag) ||
	       cmd_change_text(change, flag, text, size, err);
}

/* The choices of the table are the words of the parsers. */
static bool
replace_words(const struct opt_values *v, struct account *a)
{
	return (!opt_given(v, "average") ||
		   account_parse_average(opt_get(v, "average"), &a->average)) &&
	       (!opt_given(v, "gapPolicy") ||
		   account_parse_gap(opt_get(v, "gapPolicy"), &a->gap)) &&
	       (!opt_given(v, "rounding") ||
		   account_parse_rounding(
		       opt_get(v, "rounding"), &a->rounding)) &&
	       (!opt_given(v, "roundingMode") ||
		   account_parse_mode(
		       opt_get(v, "roundingMode"), &a->rounding_mode)) &&
	       (!opt_given(v, "period") ||
		   account_parse_period(opt_get(v, "period"), &a->period));
}

static bool
apply_account(void *ctx, struct account *a, struct err *err)
{
	const struct cmd_change *change = ctx;
	const struct opt_values *v = change->values;

	if (!replace_text(change, "displayName", a->display_name,
		sizeof a->display_name, err) ||
	    !replace_text(
		change, "currency", a->currency, sizeof a->currency, err) ||
	    !replace_text(
		change, "reportTo", a->report_to, sizeof a->report_to, err) ||
	    !cmd_change_check_addresses(a->report_to, err))
		return false;
	if (a->display_name[0] == '\0')
		snprintf(
		    a->display_name, sizeof a->display_name, "%s", a->name);
	if (!replace_words(v, a))
		return err_set(err, ERR_BROKEN, "an option is not known");
	if (opt_given(v, "netDays"))
		a->net_days = opt_int(v, "netDays");
	if (!opt_given(v, "maxCarry"))
		return true;
	a->max_carry_hours = opt_int(v, "maxCarry") / UTC_HOUR_SECS;
	return opt_int(v, "maxCarry") % UTC_HOUR_SECS == 0 ||
	       err_set(err, ERR_INPUT, "--maxCarry takes whole hours");
}

static bool
update_account(struct cmd_change *change, struct err *err)
{
	char name[ACCOUNT_NAME_SIZE];
	bool changed;

	if (!cmd_change_text(change, "name", name, sizeof name, err) ||
	    !account_update(change->db, name, apply_account, change,
		change->who, change->now, &changed, err))
		return false;
	if (!changed)
		return refuse_nothing(change, name, err);
	fprintf(stderr, "account %s updated\n", name);
	return true;
}

static int
run_account(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, update_account);
}

const struct opt_command cmd_update_account = {
    .path = "update account",
    .summary = "Change an account",
    .details =
	"Display name, net days and addresses may be changed at any time, the\n"
	"terms by which usage becomes money only while it has no samples.",
    .flags = account_flags,
    .run = run_account,
};

/* --- source --- */

static const struct opt_flag source_flags[] = {
    {.name = "name",
	.type = OPT_STRING,
	.required = true,
	.help = "Which source"},
    {.name = "account",
	.type = OPT_STRING,
	.repeats = true,
	.help = "The accounts that it may report for, all of them; repeated"},
    {.name = "disable",
	.type = OPT_BOOL,
	.help = "Refuse its requests from now on"},
    {.name = "enable", .type = OPT_BOOL, .help = "Take them again"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
apply_source(struct cmd_change *change, const char *name,
    const struct source_change *wanted, struct err *err)
{
	bool changed;

	if (!source_update(change->db, name, wanted, change->who, change->now,
		&changed, err))
		return false;
	if (!changed)
		return refuse_nothing(change, name, err);
	fprintf(stderr, "source %s updated\n", name);
	return true;
}

static bool
update_source(struct cmd_change *change, struct err *err)
{
	const struct opt_values *v = change->values;
	size_t n = opt_count(v, "account");
	const char **accounts = calloc(n + 1, sizeof(char *));
	const struct source_change wanted = {
	    .accounts = n > 0 ? accounts : NULL,
	    .account_count = n,
	    .disable = opt_bool(v, "disable"),
	    .enable = opt_bool(v, "enable"),
	};
	char name[SOURCE_NAME_SIZE];
	bool ok;

	if (accounts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		accounts[i] = opt_nth(v, "account", i);
	change->wrong = wanted.disable && wanted.enable;
	if (change->wrong)
		ok = err_set(err, ERR_INPUT,
		    "--disable and --enable cannot both be meant");
	else
		ok = cmd_change_text(change, "name", name, sizeof name, err) &&
		     apply_source(change, name, &wanted, err);
	free(accounts);
	return ok;
}

static int
run_source(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, update_source);
}

const struct opt_command cmd_update_source = {
    .path = "update source",
    .summary = "Change the accounts of a source, or switch it off and on",
    .flags = source_flags,
    .run = run_source,
};
