/*
 * cmd_show_report.c - `show report ID`: what became of a report, its fact,
 * and what of it was set aside.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_table.h"
#include "fact.h"
#include "ledger.h"
#include "lib/utc.h"
#include "quarantine.h"
#include "settings.h"

static const struct opt_flag report_flags[] = {
    {.name = "source",
	.type = OPT_STRING,
	.help = "Who sent it; needed when several used the same id"},
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

struct shown {
	struct cmd_table table;
	struct ledger_report report;
	struct ledger_answer answer; /* owned */
	uint8_t body_sha256[FACT_HASH_SIZE];
};

static void
print_digest(struct cmd_table *t, const uint8_t *digest)
{
	char text[FACT_HEAD_TEXT_SIZE];

	if (digest != NULL)
		cmd_table_text(t, fact_format_head(digest, text));
	else
		cmd_table_none(t);
}

/* In JSON the answer is there as it was given, too. */
static void
print_report(struct shown *s)
{
	const struct ledger_answer *a = &s->answer;
	struct cmd_table *t = &s->table;
	struct json_writer *w = cmd_table_json(t);
	char id[UUID_TEXT_SIZE];

	cmd_table_text(t, uuid_format(&a->report_id, id));
	cmd_table_text(t, s->report.source_name);
	cmd_table_time(t, a->received_at);
	cmd_table_time(t, s->report.sent_at);
	cmd_table_int(t, a->skew_ms);
	cmd_table_bool(t, s->report.complete);
	cmd_table_int(t, a->stored);
	cmd_table_int(t, a->duplicates);
	cmd_table_int(t, (int64_t)a->quarantined_count);
	cmd_table_int(t, a->unknown_members);
	cmd_table_int(t, a->fact);
	print_digest(t, a->head);
	print_digest(t, s->body_sha256);
	if (w == NULL)
		return;
	json_put_object(w, "answer");
	ledger_answer_put(w, a);
	json_put_end(w);
}

static bool
print_fact(void *ctx, const struct fact *fact, const struct fact_head *head,
    struct err *err)
{
	struct cmd_table *t = ctx;

	(void)err;
	cmd_table_int(t, head->seq);
	cmd_table_time(t, fact->at);
	cmd_table_text(t, fact->kind);
	cmd_table_text(t, fact->who);
	cmd_table_text(t, fact->subject);
	cmd_table_text(t, fact->detail);
	print_digest(t, fact->body_sha256);
	print_digest(t, fact->rows_sha256);
	print_digest(t, head->hash);
	return true;
}

static bool
print_waiting(void *ctx, const struct quarantine_row *row, struct err *err)
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
	cmd_table_int(t, row->position);
	cmd_table_text(t, row->volume_id);
	cmd_table_text(t, row->account);
	cmd_table_text(t, row->reason);
	cmd_table_text(t, row->state);
	cmd_table_text(t, row->settled_by);
	cmd_table_time(t, row->settled_at);
	cmd_table_text(t, row->settled_reason);
	return true;
}

static bool
print_parts(struct shown *s, struct sql *db, struct err *err)
{
	static const char *const facts[] = {"seq", "at", "kind", "who",
	    "subject", "detail", "body_sha256", "rows_sha256", "hash", NULL};
	static const char *const waiting[] = {"id", "position", "volume_id",
	    "account", "reason", "state", "settled_by", "settled_at",
	    "settled_reason", NULL};
	const struct quarantine_query query = {.fact = s->answer.fact};

	print_report(s);
	cmd_table_part(&s->table, "facts", facts);
	if (!fact_read(db, s->answer.fact, print_fact, &s->table, err))
		return false;
	cmd_table_part(&s->table, "quarantine", waiting);
	return quarantine_each(db, &query, print_waiting, &s->table, err);
}

static bool
load(const struct opt_values *values, struct sql *db, struct shown *s,
    struct err *err)
{
	const char *operand = opt_operand(values, 0);
	struct uuid id;

	if (!uuid_parse(operand, strlen(operand), &id))
		return err_set(
		    err, ERR_INPUT, "a report's id is a UUID: \"%s\"", operand);
	return ledger_report_find(
		   db, &id, opt_get(values, "source"), &s->report, err) &&
	       ledger_answer_load(db, s->report.source, &id, &s->answer,
		   s->body_sha256, err) == LEDGER_REPLAYED;
}

static bool
show_report(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"report_id", "source",
	    "received_at", "sent_at", "skew_ms", "complete", "stored",
	    "duplicates", "quarantined", "unknown_members", "fact",
	    "ledger_head", "body_sha256", NULL};
	struct shown s = {0};
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	ok = load(values, db, &s, err);
	if (ok) {
		cmd_table_begin_record(&s.table, values, columns);
		ok = cmd_table_end(&s.table, print_parts(&s, db, err), err);
	}
	sql_rollback(db);
	ledger_answer_fini(&s.answer);
	return ok;
}

static int
run_show_report(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, show_report);
}

const struct opt_command cmd_show_report = {
    .path = "show report",
    .operands = "UUID",
    .summary = "Show what became of a report",
    .flags = report_flags,
    .run = run_show_report,
};
