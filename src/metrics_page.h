/*
 * metrics_page.h - GET /metrics: the counters, and what rests in tables, as
 * Prometheus' text.
 *
 * Tables are read when somebody asks, and only as much as is small: rows of
 * sources and accounts, numbers of mails. What would be a scan is kept in
 * memory (tally.h) or counted by a process of its own (metrics_periods.h).
 */
#ifndef SRC_METRICS_PAGE_H
#define SRC_METRICS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "http.h"
#include "ingest.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "loop.h"
#include "metrics.h"
#include "metrics_periods.h"
#include "settings.h"
#include "tally.h"
#include "writer.h"

enum {
	METRICS_MAX_WAITING = 16, /* who ask while samples are read */
	/* So long an answer waits for them; then it goes without. */
	METRICS_WAIT_MS = 5000,
	/* At the start so many of the latest mails are looked at for when a
	 * report's was last sent. */
	METRICS_LOOK_BACK_MAILS = 4000,
};

struct metrics_page;

/* What it borrows from the server. */
struct metrics_page_deps {
	struct loop *loop;
	struct writer *writer;
	struct ingest *ingest;
	struct metrics *metrics;
	struct metrics_periods *periods;
	const struct settings *settings;
	const struct config *config;
	const struct clock *clock;
	int64_t started_ms; /* unix ms of the real clock */
};

/* Makes the tally, and gives it to the writer. */
struct metrics_page *metrics_page_new(
    const struct metrics_page_deps *deps, struct err *err);

/* Before the writer is closed. Answers who still waits. */
void metrics_page_free(struct metrics_page *page);

/* What the server is now, besides: told before each answer is written. */
struct metrics_state {
	unsigned connections;
	int64_t cert_ends_at; /* 0: no TLS */
	bool has_grant_key;
};
typedef void metrics_state_fn(void *ctx, struct metrics_state *out);
void metrics_page_set_state(
    struct metrics_page *page, metrics_state_fn *ask, void *ctx);

/* Answers with all metrics, now or a little later. Takes the request over. */
void metrics_page_reply(struct metrics_page *page, struct http_request *req);

#endif
