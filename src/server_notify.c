/*
 * server_notify.c - messages to the service manager. In: what became of the
 * server. Out: datagrams. Owns the socket and two timers: the watchdog's, at
 * half the interval that the manager asks for, and the sentence's.
 *
 * What the manager has to know is said again with the next sentence when it
 * did not take it at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/notify.h"
#include "outbox.h"
#include "server_notify.h"

enum {
	STATE_SIZE = 64,
	SENTENCE_SIZE = 640,
};

struct server_notify {
	struct notify notify;
	struct loop_timer *watchdog, *renew; /* owned; NULL: not needed */
	const char *address;		     /* borrowed; NULL: not ready */
	const struct ingest *ingest;	     /* borrowed, with address */
	struct writer *writer;
	char state[STATE_SIZE]; /* "READY=1": to be told */
	char said[SENTENCE_SIZE];
	const char *settings; /* how reading them again ended, or "" */
	bool stopping;
};

/* --- saying --- */

/* Tells the state that is not told, if any, and the sentence, if it says
 * something new. */
static void
say(struct server_notify *n, const char *sentence)
{
	char message[STATE_SIZE + SENTENCE_SIZE + 16];
	char line[SENTENCE_SIZE];

	if (n->notify.fd < 0)
		return;
	snprintf(line, sizeof line, "%s", sentence);
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	if (n->state[0] == '\0' && strcmp(line, n->said) == 0)
		return;
	snprintf(message, sizeof message, "%s%sSTATUS=%s", n->state,
	    n->state[0] != '\0' ? "\n" : "", line);
	if (!notify_send(&n->notify, message))
		return;
	n->state[0] = '\0';
	memcpy(n->said, line, sizeof line);
}

static void
say_state(struct server_notify *n, const char *state, const char *sentence)
{
	snprintf(n->state, sizeof n->state, "%s", state);
	say(n, sentence);
}

static void
say_what_is_done(struct server_notify *n)
{
	struct err err = ERR_INIT;
	struct sql *db = writer_db(n->writer, &err);
	char sentence[SENTENCE_SIZE];
	int64_t waiting = 0;

	if (db == NULL || !outbox_count_waiting(db, &waiting, &err))
		snprintf(sentence, sizeof sentence,
		    "Serving %s; the database does not answer: %s", n->address,
		    err.text);
	else
		snprintf(sentence, sizeof sentence,
		    "Serving %s; reports taken: %" PRId64
		    ", mails waiting: %" PRId64 "%s",
		    n->address, ingest_taken(n->ingest), waiting, n->settings);
	say(n, sentence);
}

/* --- timers --- */

static void
on_watchdog(void *ctx)
{
	struct server_notify *n = ctx;

	/* One that is lost is made up for by the next. */
	if (!notify_send(&n->notify, "WATCHDOG=1"))
		log_debug("notify.watchdog", "lost=1");
	loop_timer_set(n->watchdog, (n->notify.watchdog_ms + 1) / 2);
}

static void
on_renew(void *ctx)
{
	struct server_notify *n = ctx;

	if (n->stopping)
		return;
	say_what_is_done(n);
	loop_timer_set(n->renew, SERVER_NOTIFY_STATUS_MS);
}

static bool
start_timers(struct server_notify *n, struct loop *loop, struct err *err)
{
	if (n->notify.fd < 0)
		return true;
	n->renew = loop_timer_new(loop, on_renew, n, err);
	n->watchdog = loop_timer_new(loop, on_watchdog, n, err);
	if (n->renew == NULL || n->watchdog == NULL)
		return false;
	if (n->notify.watchdog_ms > 0)
		loop_timer_set(n->watchdog, 0);
	return true;
}

/* --- what happens --- */

struct server_notify *
server_notify_new(struct loop *loop, struct err *err)
{
	struct server_notify *n = calloc(1, sizeof *n);
	struct err why = ERR_INIT;

	if (n == NULL) {
		err_nomem(err);
		return NULL;
	}
	n->settings = "";
	/* Serving without being heard is better than not serving. */
	if (!notify_open(&n->notify, &why))
		log_warn("server.notify", "error=\"%s\"", why.text);
	if (!start_timers(n, loop, err)) {
		server_notify_free(n);
		return NULL;
	}
	say(n, "Opening the database, and bringing its schema up to date");
	return n;
}

void
server_notify_free(struct server_notify *n)
{
	if (n == NULL)
		return;
	loop_timer_free(n->renew);
	loop_timer_free(n->watchdog);
	notify_close(&n->notify);
	free(n);
}

void
server_notify_ready(struct server_notify *n, const char *address,
    const struct ingest *ingest, struct writer *writer)
{
	n->address = address;
	n->ingest = ingest;
	n->writer = writer;
	snprintf(n->state, sizeof n->state, "READY=1");
	if (n->renew != NULL)
		on_renew(n);
}

void
server_notify_reloading(struct server_notify *n)
{
	char state[STATE_SIZE];

	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    clock_mono_us());
	say_state(n, state, "Reading the settings again");
}

void
server_notify_reloaded(struct server_notify *n, bool taken)
{
	n->settings = taken ? "" : "; new settings were refused, see the log";
	server_notify_ready(n, n->address, n->ingest, n->writer);
}

void
server_notify_stopping(struct server_notify *n)
{
	n->stopping = true;
	say_state(n, "STOPPING=1", "Stopping: what was taken is finished");
}

void
server_notify_failed(struct server_notify *n, const struct err *why)
{
	say(n, why->text);
}
