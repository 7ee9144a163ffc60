/*
 * closing.c - starts the process that closes periods. In: what is due. Out:
 * log lines. Owns nothing.
 */
#include <stdlib.h>

#include "close.h"
#include "closing.h"
#include "lib/log.h"
#include "lib/utc.h"

enum {
	MAX_OUTPUT = 1 << 16, /* it has none */
	MAX_ARGS = 32,
};

struct closing {
	struct closing_deps deps; /* what they point to is borrowed */
	bool busy;		  /* with what is due */
	bool stopping;
	int64_t looked_at; /* when what was looked at before was, again */
};

struct args {
	const char *list[MAX_ARGS];
	size_t count;
	char now[UTC_TEXT_SIZE];
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
	    .on_done = on_due_done,
	    .ctx = c};

	add(&args, "stat.flexfs");
	add(&args, "close");
	add(&args, "due");
	add_common(&args, c, now);
	c->busy = job_start(c->deps.jobs, &spec, err);
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
	free(closing);
}
