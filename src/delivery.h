/*
 * delivery.h - the outbox at work: messages are written and handed over by
 * processes of their own, one of each kind at a time.
 *
 * `stat.flexfs report --format eml` writes a message, `stat.flexfs deliver`
 * talks to the relay; this step starts them, waits without blocking, and
 * notes in the outbox what came of it. Without credentials messages are
 * written and wait.
 */
#ifndef SRC_DELIVERY_H
#define SRC_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "creds.h"
#include "ingest.h"
#include "job.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/smtp.h"
#include "lib/tls.h"
#include "settings.h"
#include "writer.h"

enum {
	DELIVERY_RENDER_MS = 300000, /* for writing one message */
	/* For handing one over: more than deliver gives itself, so that it
	 * can still say what became of the mail. */
	DELIVERY_SEND_MS = SMTP_TOTAL_MS + 30000,
};

struct delivery;

/* Everything that the delivery borrows from the server. creds are empty
 * (smtp_addr NULL) when there is no relay. */
struct delivery_deps {
	struct job_pool *jobs;
	struct writer *writer;
	struct ingest *ingest; /* flushed before the outbox is written */
	const struct settings *settings;
	const struct config *config; /* may say something else each time */
	const struct creds *creds;   /* the same */
	/* What *tls points to may be another each time; NULL: no TLS. */
	struct tls_server *const *tls;
	const struct clock *clock;
	struct metrics *metrics;
};

/* Mails that were being sent when the last server ended are due again. */
struct delivery *delivery_new(
    const struct delivery_deps *deps, struct err *err);

/* Free the job pool first: its jobs report here. */
void delivery_free(struct delivery *delivery);

/* From now on nothing new is begun; what is under way may end. */
void delivery_stop(struct delivery *delivery);

/* Starts what is due at now (unix seconds). */
void delivery_wake(struct delivery *delivery, int64_t now);

#endif
