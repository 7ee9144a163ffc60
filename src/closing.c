/*
 * closing.c - starts the processes that close periods, and answers who asked.
 * In: what is due, orders of operators. Out: answers, log lines. Owns the
 * requests that wait.
 */
#include <stdlib.h>
#include <string.h>

#include "close.h"
#include "closing.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/utc.h"

enum {
	MAX_OUTPUT = 1 << 16,
	MAX_ARGS = 32,
};

/* Who waits for a closing. */
struct asked {
	struct http_request *req; /* NULL: the slot is free */
};

struct closing {
	struct closing_deps deps; /* what they point to is borrowed */
	bool busy;		  /* with what is due */
	bool stopping;
	int64_t looked_at; /* when what was looked at before was, again */
	struct asked asked[CLOSING_MAX_ASKED];
};

struct args {
	const char *list[MAX_ARGS];
	size_t count;
	char now[UTC_TEXT_SIZE];
	char *issuer; /* owned */
};

static void
add(struct args *args, const char *word)
{
	if (args->count + 1 < MAX_ARGS) {
		args->list[args->count++] = word;
		args->list[args->count] = NULL;
	}
}

static void
add_flag(struct args *args, const char *name, const char *value)
{
	add(args, name);
	add(args, value);
}

/* Who bills is what this server was last told, whatever its files say now. */
static bool
add_paper(struct args *args, const struct closing *c, struct err *err)
{
	const struct config *config = c->deps.config;

	args->issuer = config->issuer[0] != '\0' ? strdup(config->issuer)
						 : creds_issuer(c->deps.creds);
	if (args->issuer == NULL)
		return err_nomem(err);
	add_flag(args, "--issuer", args->issuer);
	if (config->payment[0] != '\0')
		add_flag(args, "--payment", config->payment);
	return true;
}

/* A child lives on the same clock; a pretend one stands still for it. */
static void
add_common(struct args *args, const struct closing *c, int64_t now)
{
	add_flag(args, "--dbFolder", c->deps.settings->db_folder);
	if (!c->deps.clock->mock)
		return;
	add(args, "--mockTime");
	add_flag(args, "--mockStart", utc_format(now, args->now));
	add_flag(args, "--mockRate", "0");
}

/* --- what is due --- */

static void
on_due_done(void *ctx, struct job_result *result)
{
	struct closing *c = ctx;

	c->busy = false;
	if (result->exit_code != 0)
		log_error("closing.failed",
		    "code=%d signal=%d timed_out=%s; it is tried again",
		    result->exit_code, result->signal,
		    result->timed_out ? "yes" : "no");
}

static bool
start_due(struct closing *c, int64_t now, struct err *err)
{
	struct args args = {.count = 0};
	const struct job_spec spec = {.argv = args.list,
	    .output_limit = MAX_OUTPUT,
	    .deadline_ms = CLOSING_DUE_MS,
	    .background = true,
	    .on_done = on_due_done,
	    .ctx = c};

	add(&args, "stat.flexfs");
	add(&args, "close");
	add(&args, "due");
	add_common(&args, c, now);
	c->busy =
	    add_paper(&args, c, err) && job_start(c->deps.jobs, &spec, err);
	free(args.issuer);
	return c->busy;
}

/* A failure is tried again with the next look at what was there before. */
void
closing_wake(struct closing *closing, int64_t now)
{
	bool again = now >= closing->looked_at + CLOSE_RECHECK_SECS;
	struct err err = ERR_INIT;
	bool due = false;
	struct sql *db;

	if (closing->busy || closing->stopping)
		return;
	ingest_flush(closing->deps.ingest);
	db = writer_db(closing->deps.writer, &err);
	if (db == NULL || !close_is_due(db, now, again, &due, &err) ||
	    (due && !start_due(closing, now, &err)))
		log_warn("closing.wake", "error=\"%s\"", err.text);
	if (again)
		closing->looked_at = now;
}

/* --- what was asked for --- */

/* What the process says when it refuses: 409, or 422 for a period that is
 * none of the account's. */
static bool
reply_refusal(struct http_request *req, const struct buf *output)
{
	const char *refused = NULL, *detail = NULL;
	struct err ignored = ERR_INIT;
	struct json *v = json_parse(output->data, output->len, &ignored);
	bool ok = v != NULL &&
		  json_as_string(json_member(v, "refused"), &refused) &&
		  json_as_string(json_member(v, "detail"), &detail);

	if (ok && strcmp(refused, "wrong_period") == 0)
		http_reply_problem(req, 422, "invalid_period", detail, NULL);
	else if (ok)
		http_reply_problem(req, 409, "conflict", detail, NULL);
	json_free(v);
	return ok;
}

static void
on_asked_done(void *ctx, struct job_result *result)
{
	struct asked *asked = ctx;
	struct http_request *req = asked->req;
	struct err err = ERR_INIT;

	asked->req = NULL;
	if (result->exit_code == 0 && result->output.len > 0) {
		http_reply(req, 200, "application/json", result->output.data,
		    result->output.len);
		return;
	}
	if (result->exit_code == 1 && result->output.len > 0 &&
	    reply_refusal(req, &result->output))
		return;
	log_error("closing.asked_failed", "code=%d signal=%d timed_out=%s",
	    result->exit_code, result->signal,
	    result->timed_out ? "yes" : "no");
	err_set(&err, ERR_BUSY,
	    "the closing did not end well; the server's log says why. Look "
	    "whether the period is closed before you try again");
	ingest_refuse(req, &err);
}

static bool
start_asked(struct closing *c, struct asked *asked,
    const struct closing_order *order, struct err *err)
{
	struct args args = {.count = 0};
	const struct job_spec spec = {.argv = args.list,
	    .output_limit = MAX_OUTPUT,
	    .deadline_ms = CLOSING_ASKED_MS,
	    .on_done = on_asked_done,
	    .ctx = asked};
	bool ok;

	add(&args, "stat.flexfs");
	add(&args, "close");
	add(&args, "period");
	add_flag(&args, "--account", order->account);
	add_flag(&args, "--reason", order->reason);
	add_flag(&args, "--who", order->who);
	add_flag(&args, "--output", "json");
	if (!order->accept)
		add(&args, "--keepHeld");
	add_common(&args, c, order->now);
	ok = add_paper(&args, c, err);
	add(&args, "--");
	add(&args, order->period);
	ok = ok && job_start(c->deps.jobs, &spec, err);
	free(args.issuer);
	return ok;
}

void
closing_ask(struct closing *closing, struct http_request *req,
    const struct closing_order *order)
{
	struct asked *slot = closing->asked;
	struct err err = ERR_INIT;

	while (slot < closing->asked + CLOSING_MAX_ASKED && slot->req != NULL)
		slot++;
	if (closing->stopping)
		err_set(&err, ERR_BUSY, "the server is shutting down");
	else if (slot == closing->asked + CLOSING_MAX_ASKED)
		err_set(&err, ERR_BUSY, "%d closings are running already",
		    CLOSING_MAX_ASKED);
	else if (start_asked(closing, slot, order, &err)) {
		slot->req = req;
		return;
	}
	ingest_refuse(req, &err);
}

/* --- life --- */

struct closing *
closing_new(const struct closing_deps *deps, struct err *err)
{
	struct closing *c = calloc(1, sizeof *c);

	if (c == NULL) {
		err_nomem(err);
		return NULL;
	}
	c->deps = *deps;
	return c;
}

void
closing_stop(struct closing *closing)
{
	closing->stopping = true;
}

void
closing_free(struct closing *closing)
{
	struct err err = ERR_INIT;

	if (closing == NULL)
		return;
	err_set(&err, ERR_BUSY,
	    "the server ended; look whether the period is closed before you "
	    "try again");
	for (size_t i = 0; i < CLOSING_MAX_ASKED; i++)
		if (closing->asked[i].req != NULL)
			ingest_refuse(closing->asked[i].req, &err);
	free(closing);
}
