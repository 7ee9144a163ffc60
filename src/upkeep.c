/*
 * upkeep.c - when history's turns come. In: wake-ups from the server's tick.
 * Out: turns on the writer's connection. Owns their timer.
 */
#include <stdlib.h>

#include "history.h"
#include "lib/log.h"
#include "upkeep.h"

struct upkeep {
	struct writer *writer;	   /* borrowed */
	struct ingest *ingest;	   /* borrowed */
	const struct clock *clock; /* borrowed from the server */
	struct history *history;   /* owned */
	struct loop_timer *timer;  /* owned */
	bool waiting;		   /* for the timer */
	bool stopped;
};

static void
wait_for(struct upkeep *u, int64_t ms)
{
	u->waiting = true;
	loop_timer_set(u->timer, ms);
}

static void
on_turn(void *ctx)
{
	struct upkeep *u = ctx;
	struct err err = ERR_INIT;
	struct sql *db;
	bool more = false;

	u->waiting = false;
	if (u->stopped)
		return;
	ingest_flush(u->ingest);
	db = writer_db(u->writer, &err);
	if (db != NULL &&
	    history_turn(u->history, db, clock_secs(u->clock), &more, &err)) {
		if (more)
			wait_for(u, UPKEEP_PAUSE_MS);
		return;
	}
	/* What a commit that failed has left on disk is not known, and need
	 * not be: the next turn finds it. */
	if (err.kind == ERR_BUSY)
		log_warn("upkeep.turn", "error=\"%s\"", err.text);
	else
		log_error("upkeep.turn", "error=\"%s\"", err.text);
	wait_for(u, UPKEEP_RETRY_MS);
}

struct upkeep *
upkeep_new(struct loop *loop, struct writer *writer, struct ingest *ingest,
    const struct clock *clock, int64_t keep_secs, struct err *err)
{
	struct upkeep *u = calloc(1, sizeof *u);

	if (u == NULL) {
		err_nomem(err);
		return NULL;
	}
	u->writer = writer;
	u->ingest = ingest;
	u->clock = clock;
	u->history = history_new(keep_secs, err);
	if (u->history != NULL)
		u->timer = loop_timer_new_last(loop, on_turn, u, err);
	if (u->timer != NULL)
		return u;
	upkeep_free(u);
	return NULL;
}

void
upkeep_free(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	loop_timer_free(upkeep->timer);
	history_free(upkeep->history);
	free(upkeep);
}

void
upkeep_wake(struct upkeep *upkeep)
{
	if (!upkeep->waiting && !upkeep->stopped)
		wait_for(upkeep, 0);
}

void
upkeep_stop(struct upkeep *upkeep)
{
	upkeep->stopped = true;
	loop_timer_clear(upkeep->timer);
}
