/*
 * reading.h - answers what is read, in processes of their own.
 *
 * `stat.flexfs get` makes an answer from a connection of its own, however long
 * that takes; this step starts it, and hands on what it writes as fast as the
 * client reads, and not faster: behind a client that is slow the process
 * waits, and of what it wrote little is kept here. When the client leaves, or
 * reads next to nothing, the process is ended.
 */
#ifndef SRC_READING_H
#define SRC_READING_H

#include "config.h"
#include "creds.h"
#include "http.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "settings.h"
#include "writer.h"

enum {
	READING_MAX_RUNNING = 8,	 /* processes at a time */
	READING_MAX_LONG = 6,		 /* of them with answers in pieces */
	READING_MAX_WAITING = 256,	 /* requests that wait for one */
	READING_HEAD_MS = 2 * 60000,	 /* until an answer begins */
	READING_LONG_MS = 60 * 60000,	 /* until it ends */
	READING_AHEAD_BYTES = 128 << 10, /* kept for a client, at most twice */
};

struct reading;

/* What it borrows from the server. */
struct reading_deps {
	struct job_pool *jobs;
	struct writer *writer;
	const struct settings *settings;
	const struct config *config; /* they may be read anew meanwhile */
	const struct creds *creds;
	const struct clock *clock;
};

struct reading *reading_new(const struct reading_deps *deps, struct err *err);

/* Free the job pool first. Answers who waits, and breaks off the rest. */
void reading_free(struct reading *reading);

/* When the server's certificate ends (unix seconds; 0: it has none). */
void reading_set_certificate(struct reading *reading, int64_t ends_at);

/* From now on nothing new is begun; what is under way may end. */
void reading_stop(struct reading *reading);

/* How much is under way. */
unsigned reading_running(const struct reading *reading);
unsigned reading_waiting(const struct reading *reading);

/* Answers a GET as its holder may see it. Takes the request over. */
void reading_ask(struct reading *reading, struct http_request *req);

#endif
