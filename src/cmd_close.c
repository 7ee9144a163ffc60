/*
 * cmd_close.c - `close period` by hand, and `close due`, with which the server
 * closes what its grace time is over for. Both write beside a running server,
 * in short transactions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "close.h"
#include "cmd.h"
#include "cmd_paper.h"
#include "fact.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/utc.h"
#include "settings.h"
#include "store.h"

/* --- close period --- */

static const struct opt_flag period_flags[] = {
    {.name = "account",
	.type = OPT_STRING,
	.required = true,
	.help = "Whose period"},
    {.name = "reason",
	.type = OPT_STRING,
	.help = "Why; closes a period that is held for estimated or missing "
		"hours, too"},
    {.name = "output",
	.type = OPT_STRING,
	.preset = "text",
	.choices = "text|json",
	.help = "text: the number alone; json: one object, also of a refusal"},
    {.name = "keepHeld",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "Do not close a period that is held, whatever the reason"},
    {.name = "who",
	.type = OPT_STRING,
	.hidden = true,
	.shown = "(operator:USER)",
	.help = "Who closes, for the ledger"},
    CMD_PAPER_FLAGS,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* What was asked for, and what came of it. */
struct closing {
	struct account account;
	struct invoice_period period;
	char who[96];
	struct close_order order;
	bool accept;
	struct archive_row row;
};

static bool
check_text(const char *flag, const char *text, struct err *err)
{
	if (strlen(text) > CLOSE_MAX_REASON)
		return err_set(err, ERR_INPUT, "--%s has more than %d bytes",
		    flag, CLOSE_MAX_REASON);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, ERR_INPUT,
			    "--%s has a control character", flag);
	return true;
}

static bool
read_flags(const struct opt_values *values, struct closing *c, struct err *err)
{
	const char *reason = opt_get(values, "reason");
	const char *who = opt_get(values, "who");
	struct clock clock;

	c->order.who = c->who;
	c->order.reason = reason != NULL ? reason : "";
	c->accept = c->order.reason[0] != '\0' && !opt_bool(values, "keepHeld");
	if (who != NULL && strlen(who) >= sizeof c->who)
		return err_set(err, ERR_INPUT, "--who is too long");
	if (who != NULL)
		snprintf(c->who, sizeof c->who, "%s", who);
	else
		fact_operator(c->who, sizeof c->who);
	if (!check_text("reason", c->order.reason, err) ||
	    !check_text("who", c->who, err) ||
	    !settings_clock(values, &clock, err))
		return false;
	c->order.now = clock_secs(&clock);
	return true;
}

/* What has no PDF is drawn anew for whoever asks for it. */
static void
warn_undrawn(const struct close_paper *paper)
{
	if (paper->undrawn > 0)
		log_warn("close.without_pdf", "invoices=%zu error=\"%s\"",
		    paper->undrawn, paper->why.text);
}

static enum close_result
close_it(const struct opt_values *values, struct sql *db, struct closing *c,
    struct err *err)
{
	enum close_result result = CLOSE_FAILED;
	struct cmd_paper who;
	struct close_paper paper = {.why = ERR_INIT};

	if (cmd_paper_load(values, &who, err)) {
		paper.issuer = who.issuer;
		paper.payment = who.payment;
		c->order.paper = &paper;
		result = close_period(db, &c->account, &c->period, c->accept,
		    &c->order, &c->row, err);
		c->order.paper = NULL;
		warn_undrawn(&paper);
	}
	cmd_paper_fini(&who);
	return result;
}

static void
print_done(const struct closing *c)
{
	char due[UTC_TEXT_SIZE];
	struct buf out = BUF_INIT;
	struct json_writer w;

	json_write(&w, &out, JSON_INDENTED);
	json_put_object(&w, NULL);
	json_put_string(&w, "number", c->row.number);
	json_put_string(&w, "account", c->account.name);
	json_put_string(&w, "period", c->row.period);
	json_put_string(&w, "state", "closed");
	json_put_string(&w, "currency", c->row.currency);
	json_put_string(&w, "total", c->row.total);
	json_put_time(&w, "closed_at", c->row.closed_at);
	json_put_string(&w, "due", utc_format_date(c->row.due_at, due));
	json_put_end(&w);
	printf("%s\n", buf_text(&out));
	buf_fini(&out);
}

/* For the server, which answers with it. */
static void
print_refusal(enum close_result result, const struct err *err)
{
	struct buf out = BUF_INIT;
	struct json_writer w;

	json_write(&w, &out, JSON_INDENTED);
	json_put_object(&w, NULL);
	json_put_string(&w, "refused", close_result_name(result));
	json_put_string(&w, "detail", err->text);
	json_put_end(&w);
	printf("%s\n", buf_text(&out));
	buf_fini(&out);
}

static int
run_period(const struct opt_values *values, void *ctx)
{
	enum close_result result = CLOSE_FAILED;
	bool json = strcmp(opt_get(values, "output"), "json") == 0;
	struct closing c = {.accept = false};
	struct err err = ERR_INIT;
	struct sql *db = NULL;
	char *folder;
	int code = OPT_EXIT_FAILED;

	(void)ctx;
	if (!read_flags(values, &c, &err) ||
	    !invoice_parse_period(opt_operand(values, 0), &c.period, &err))
		return cmd_wrong(values, &err);
	folder = cmd_path(values, "dbFolder", &err);
	if (folder != NULL)
		db = store_open_change(folder, &err);
	if (db != NULL &&
	    account_find(db, opt_get(values, "account"), &c.account, &err))
		result = close_it(values, db, &c, &err);
	if (result == CLOSE_DONE) {
		code = OPT_EXIT_DONE;
		fprintf(stderr, "period %s of %s is closed, invoice %s\n",
		    c.period.text, c.account.name, c.row.number);
		if (json)
			print_done(&c);
		else
			printf("%s\n", c.row.number);
	} else {
		cmd_failed(values, &err);
		if (json && close_result_name(result) != NULL)
			print_refusal(result, &err);
	}
	sql_close(db);
	free(folder);
	return code;
}

const struct opt_command cmd_close_period = {
    .path = "close period",
    .operands = "PERIOD",
    .summary = "Close a period of an account: number and freeze its invoice",
    .flags = period_flags,
    .run = run_period,
};

/* --- close due --- */

#define DUE_BUSY_MS "60000"

static const struct opt_flag due_flags[] = {
    CMD_PAPER_FLAGS,
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

/* What is held is said once; that a period is empty, never. */
static void
on_outcome(void *ctx, const struct close_outcome *o)
{
	const char *reason = invoice_reason_name(o->reason);

	(void)ctx;
	if (o->result == CLOSE_DONE)
		log_info("close.done",
		    "account=%s period=%s invoice=%s total=%s currency=%s",
		    o->account->name, o->period->text, o->number, o->total,
		    o->account->currency);
	else if (o->result != CLOSE_EMPTY && o->first)
		log_warn("close.held", "account=%s period=%s reason=%s",
		    o->account->name, o->period->text,
		    reason != NULL ? reason : "");
}

static bool
run_on(struct sql *db, const struct opt_values *values, struct err *err)
{
	struct close_order order = {.who = "server", .reason = ""};
	struct close_paper paper = {.why = ERR_INIT};
	struct cmd_paper who;
	struct clock clock;
	bool ok;

	/* A server that takes reports without a pause leaves few gaps. */
	ok = cmd_paper_load(values, &who, err) &&
	     sql_pragma(db, "busy_timeout", DUE_BUSY_MS, err) &&
	     settings_clock(values, &clock, err);
	if (ok) {
		paper.issuer = who.issuer;
		paper.payment = who.payment;
		order.paper = &paper;
		order.now = clock_secs(&clock);
		ok = close_due(db, &order, on_outcome, NULL, err);
		warn_undrawn(&paper);
	}
	cmd_paper_fini(&who);
	return ok;
}

static int
run_due(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	struct sql *db = NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (folder != NULL)
		db = store_open_change(folder, &err);
	if (db == NULL || !run_on(db, values, &err))
		code = cmd_failed(values, &err);
	sql_close(db);
	free(folder);
	return code;
}

const struct opt_command cmd_close_due = {
    .path = "close due",
    .summary = "Close every period whose grace time is over",
    .details = "The server does this by itself.",
    .flags = due_flags,
    .run = run_due,
};
