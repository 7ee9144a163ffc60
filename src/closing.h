/*
 * closing.h - closes what is due, in a process of its own.
 *
 * `stat.flexfs close due` rates and writes for seconds where there is much,
 * and stores in short transactions; this step starts it, one at a time, and
 * waits without blocking.
 */
#ifndef SRC_CLOSING_H
#define SRC_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "settings.h"
#include "writer.h"

enum {
	CLOSING_DUE_MS = 30 * 60000, /* for all that is due */
};

struct closing;

/* What the closing borrows from the server. */
struct closing_deps {
	struct job_pool *jobs;
	struct writer *writer;
	struct ingest *ingest; /* flushed before the tables are read */
	const struct settings *settings;
	const struct clock *clock;
};

struct closing *closing_new(const struct closing_deps *deps, struct err *err);

/* Free the job pool first: its jobs report here. */
void closing_free(struct closing *closing);

/* From now on nothing new is begun; what is under way may end. */
void closing_stop(struct closing *closing);

/* Starts to close what is due at now (unix seconds). */
void closing_wake(struct closing *closing, int64_t now);

#endif
