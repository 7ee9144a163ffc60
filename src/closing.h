/*
 * closing.h - closes what is due, and what an operator asks for, in processes
 * of their own.
 *
 * `stat.flexfs close due` and `close period` rate and write for seconds where
 * there is much, and store in short transactions; this step starts them, waits
 * without blocking, and answers the operator. One closing of what is due runs
 * at a time, and a few that were asked for.
 */
#ifndef SRC_CLOSING_H
#define SRC_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "creds.h"
#include "http.h"
#include "ingest.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "settings.h"
#include "writer.h"

enum {
	CLOSING_MAX_ASKED = 4,	      /* at a time; others get 503 */
	CLOSING_DUE_MS = 30 * 60000,  /* for all that is due */
	CLOSING_ASKED_MS = 5 * 60000, /* for one period */
};

struct closing;

/* What the closing borrows from the server. */
struct closing_deps {
	struct job_pool *jobs;
	struct writer *writer;
	struct ingest *ingest; /* flushed before the tables are read */
	const struct settings *settings;
	const struct config *config; /* may say something else each time */
	const struct creds *creds;   /* the same */
	const struct clock *clock;
};

struct closing *closing_new(const struct closing_deps *deps, struct err *err);

/* Free the job pool first: its jobs report here. Answers who still waits. */
void closing_free(struct closing *closing);

/* From now on nothing new is begun; what is under way may end. */
void closing_stop(struct closing *closing);

/* Starts to close what is due at now (unix seconds). */
void closing_wake(struct closing *closing, int64_t now);

/* What an operator asks for. Borrowed for the call. */
struct closing_order {
	const char *account, *period;
	const char *reason; /* "" for none */
	const char *who;    /* for the ledger */
	bool accept;	    /* estimated and missing hours */
	int64_t now;
};

/* Closes a period and answers req with 200 and the invoice, 409 if it is not
 * to be closed now, or 422 if it is none of the account's. Takes the request
 * over, whatever happens. */
void closing_ask(struct closing *closing, struct http_request *req,
    const struct closing_order *order);

#endif
