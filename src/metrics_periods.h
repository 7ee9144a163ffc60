/*
 * metrics_periods.h - how many periods are not closed, and what hours they
 * have: counted by a process of its own, now and then while somebody asks.
 */
#ifndef SRC_METRICS_PERIODS_H
#define SRC_METRICS_PERIODS_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "settings.h"

enum {
	METRICS_PERIODS_EVERY_SECS = 900,
	METRICS_PERIODS_MS = 5 * 60000, /* for the process */
};

struct metrics_periods;

/* What is given is borrowed. */
struct metrics_periods *metrics_periods_new(struct job_pool *jobs,
    const struct settings *settings, const struct clock *clock,
    struct err *err);

/* Free the job pool first: its jobs report here. */
void metrics_periods_free(struct metrics_periods *periods);

/* From now on nothing new is begun. */
void metrics_periods_stop(struct metrics_periods *periods);

/* Starts to count, unless that was done a short time ago. */
void metrics_periods_wake(struct metrics_periods *periods);

/* Adds the families of what was counted last; nothing before the first
 * time. */
void metrics_periods_put(struct buf *out, const struct metrics_periods *p);

#endif
