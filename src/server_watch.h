/*
 * server_watch.h - what those get who watch the server: metrics, also on an
 * address of their own, and profiles.
 */
#ifndef SRC_SERVER_WATCH_H
#define SRC_SERVER_WATCH_H

#include "lib/err.h"
#include "metrics_page.h"

struct job_pool;
struct server_watch;

/* page.periods is not given: they are made here. Borrowed, but page, which is
 * copied. */
struct server_watch_deps {
	struct metrics_page_deps page;
	struct job_pool *jobs;
	metrics_state_fn *ask;
	void *ask_ctx;
};

/* Listens where settings and flags say so, and says it in the log. */
struct server_watch *server_watch_open(
    const struct server_watch_deps *deps, struct err *err);

struct metrics_page *server_watch_page(const struct server_watch *watch);

/* From now on nothing new is begun. */
void server_watch_stop(struct server_watch *watch);

/* Free the job pool first. Answers who still waits, before the writer and the
 * other listener are closed. */
void server_watch_close(struct server_watch *watch);

#endif
