/*
 * service.h - what the handlers of routes work with, and what they share.
 *
 * A handler gets the service, its request and what the path says, and takes
 * the request over: it answers now or later, once.
 */
#ifndef SRC_SERVICE_H
#define SRC_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "closing.h"
#include "grant.h"
#include "http.h"
#include "ingest.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "metrics.h"
#include "metrics_page.h"
#include "reading.h"
#include "route.h"
#include "token.h"
#include "writer.h"

struct signin;

/* What it points to is borrowed. */
struct service {
	struct clock *clock;
	struct writer *writer;
	struct ingest *ingest;
	struct closing *closing;
	const struct grant_signer *signer;
	struct metrics *metrics;
	struct metrics_page *page;
	struct reading *reading;
	struct signin *signin; /* signin.h */
	struct token_cache tokens;
	bool verbose;	      /* each request is logged */
	struct route *routes; /* see gate_fill_routes */
	size_t route_count;
	bool stopping; /* requests that are there are still answered */
	void (*on_clock_moved)(void *ctx);
	void *ctx; /* of on_clock_moved */
};

/* The writer's connection with no group of reports open on it; NULL when the
 * request was answered with 503 instead. */
struct sql *service_db(struct service *service, struct http_request *req);

/* After a change through that connection that was committed. */
void service_changed(struct service *service);

/* After one that failed, whatever is on disk now: answers the request. */
void service_failed(
    struct service *service, struct http_request *req, const struct err *err);

/* "operator:NAME" of the token that the request came with. */
enum {
	SERVICE_WHO_SIZE = 10 + TOKEN_NAME_SIZE
};
bool service_who(struct sql *db, const struct http_request *req,
    char out[SERVICE_WHO_SIZE], struct err *err);

/* Answers with JSON that was written into body. */
void service_reply(
    struct http_request *req, unsigned status, const struct buf *body);

#endif
