/*
 * server_notify.h - the server tells its service manager how it is: starting,
 * ready, reading its settings again, stopping; that its loop turns; and, in
 * one sentence for `systemctl status`, what it has done.
 *
 * Without a manager all of this does nothing.
 */
#ifndef SRC_SERVER_NOTIFY_H
#define SRC_SERVER_NOTIFY_H

#include <stdbool.h>

#include "ingest.h"
#include "lib/err.h"
#include "loop.h"
#include "writer.h"

enum {
	SERVER_NOTIFY_STATUS_MS = 2000, /* how often the sentence is renewed */
};

struct server_notify;

/* Says that the server is starting. What the manager put into the environment
 * is taken out of it. NULL and err without memory. */
struct server_notify *server_notify_new(struct loop *loop, struct err *err);
void server_notify_free(struct server_notify *n);

/* The port of address is bound and the schema current. What the sentence
 * tells comes from ingest and writer, which are borrowed from now on. Also
 * ends server_notify_reloading. */
void server_notify_ready(struct server_notify *n, const char *address,
    const struct ingest *ingest, struct writer *writer);

/* Around reading the settings again; the sentence then tells if they were
 * refused. */
void server_notify_reloading(struct server_notify *n);
void server_notify_reloaded(struct server_notify *n, bool taken);

/* What was taken is still finished. */
void server_notify_stopping(struct server_notify *n);

/* Why it ends, or could not start. */
void server_notify_failed(struct server_notify *n, const struct err *why);

#endif
