/*
 * cmd_quarantine.c - `list quarantine`, `release ID`, `discard ID`: what could
 * not be taken as it was, and an operator's word about it.
 */
#include <stdio.h>

#include "account.h"
#include "cmd.h"
#include "cmd_change.h"
#include "cmd_table.h"
#include "lib/utc.h"
#include "quarantine.h"
#include "settings.h"

/* --- list --- */

static const struct opt_flag list_flags[] = {
    {.name = "state",
	.type = OPT_STRING,
	.preset = "open",
	.choices = "open|released|discarded|all",
	.help = "Which samples"},
    {.name = "account",
	.type = OPT_STRING,
	.shown = "(all)",
	.help = "Whose samples"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static bool
add_row(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct cmd_table *t = ctx;
	struct json_writer *w = cmd_table_json(t);

	(void)err;
	if (w != NULL) {
		json_put_object(w, NULL);
		quarantine_put_members(w, row);
		json_put_end(w);
		return true;
	}
	cmd_table_int(t, row->id);
	cmd_table_time(t, row->received_at);
	cmd_table_text(t, row->source);
	cmd_table_text(t, row->report_id);
	cmd_table_text(t, row->volume_id);
	cmd_table_text(t, row->account);
	cmd_table_text(t, row->reason);
	cmd_table_text(t, row->state);
	cmd_table_int(t, row->position);
	cmd_table_text(t, row->settled_by);
	cmd_table_time(t, row->settled_at);
	cmd_table_text(t, row->settled_reason);
	return true;
}

static bool
list_quarantine(
    const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"id", "received_at", "source",
	    "report_id", "volume_id", "account", "reason", "state", "position",
	    "settled_by", "settled_at", "settled_reason", NULL};
	const char *name = opt_get(values, "account");
	struct quarantine_query query = {0};
	struct account account;
	struct cmd_table t;

	/* The choices of the table are its words. */
	quarantine_parse_state(opt_get(values, "state"), &query.state);
	if (name != NULL) {
		if (!account_find(db, name, &account, err))
			return false;
		query.account = account.id;
	}
	cmd_table_begin(&t, values, columns);
	return cmd_table_end(
	    &t, quarantine_each(db, &query, add_row, &t, err), err);
}

static int
run_list(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_quarantine);
}

const struct opt_command cmd_list_quarantine = {
    .path = "list quarantine",
    .summary = "List samples that were set aside, and what became of them",
    .details = "With --output json each has its body as it was sent.",
    .flags = list_flags,
    .run = run_list,
};

/* --- release, discard --- */

static const struct opt_flag settle_flags[] = {
    {.name = "reason",
	.type = OPT_STRING,
	.required = true,
	.help = "Why; kept in the ledger"},
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* The sample of the operand and the reason. */
static bool
read_words(struct cmd_change *change, int64_t *id,
    char reason[QUARANTINE_MAX_REASON + 1], struct err *err)
{
	const char *operand = opt_operand(change->values, 0);

	change->wrong =
	    !quarantine_parse_id(operand, id) &&
	    !err_set(err, ERR_INPUT,
		"a sample's id is a number, as `list quarantine` shows it: "
		"\"%s\"",
		operand);
	if (change->wrong)
		return false;
	change->wrong = !cmd_change_text(change, "reason", reason,
			    QUARANTINE_MAX_REASON + 1, err) ||
			!quarantine_check_reason(reason, err);
	return !change->wrong;
}

static bool
release(struct cmd_change *change, struct err *err)
{
	char reason[QUARANTINE_MAX_REASON + 1], volume[UUID_TEXT_SIZE];
	struct quarantine_outcome out;
	char when[UTC_TEXT_SIZE];
	int64_t id;

	if (!read_words(change, &id, reason, err) ||
	    quarantine_release(change->db, id, reason, change->who, change->now,
		&out, err) != QUARANTINE_DONE)
		return false;
	uuid_format(&out.volume_id, volume);
	if (!out.stored)
		fprintf(stderr,
		    "sample %lld of volume %s released: the same sample is "
		    "stored already, so nothing was added\n",
		    (long long)id, volume);
	else
		fprintf(stderr,
		    "sample %lld of volume %s released: stored as revision "
		    "%lld%s\n",
		    (long long)id, volume, (long long)out.revision,
		    out.bins_dropped ? ", without its bins" : "");
	if (out.retired_at != 0)
		fprintf(stderr, "the volume ends at %s now\n",
		    utc_format(out.retired_at, when));
	return true;
}

static bool
discard(struct cmd_change *change, struct err *err)
{
	char reason[QUARANTINE_MAX_REASON + 1];
	int64_t id;

	if (!read_words(change, &id, reason, err) ||
	    quarantine_discard(change->db, id, reason, change->who, change->now,
		err) != QUARANTINE_DONE)
		return false;
	fprintf(stderr, "sample %lld discarded\n", (long long)id);
	return true;
}

static int
run_release(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, release);
}

static int
run_discard(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, discard);
}

const struct opt_command cmd_release = {
    .path = "release",
    .operands = "ID",
    .summary = "Let a sample that was set aside count",
    .details =
	"Bins that do not add up are dropped; where another sample has its\n"
	"instant it is the next revision; a volume that had ended before ends\n"
	"with it.",
    .flags = settle_flags,
    .run = run_release,
};

const struct opt_command cmd_discard = {
    .path = "discard",
    .operands = "ID",
    .summary = "Settle that a sample that was set aside never counts",
    .flags = settle_flags,
    .run = run_discard,
};
