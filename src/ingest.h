/*
 * ingest.h - reports from HTTP into the ledger, and the answers back.
 *
 * Group commit: a report's rows go into the open transaction; when the loop
 * has taken what was ready, or after INGEST_MAX_WAIT_MS, or at a limit, one
 * COMMIT with synchronous=FULL makes them durable, and only then are the
 * answers sent. When it fails they are all 503: whether the rows are on disk
 * is not known, and the sender's retry with the same id settles it.
 */
#ifndef SRC_INGEST_H
#define SRC_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "lib/err.h"
#include "loop.h"
#include "metrics.h"
#include "writer.h"

enum {
	INGEST_MAX_WAIT_MS = 5,
	INGEST_MAX_GROUP = 512,	  /* reports per commit */
	INGEST_MAX_ROWS = 20000,  /* samples per commit, more or less */
	INGEST_RETRY_SECS = 5,	  /* Retry-After of a 503 */
	INGEST_LOG_STEP_SECS = 5, /* between two lines about the same trouble */
};

struct ingest;

/* loop, writer and metrics are borrowed. body_limit is for a body after
 * inflating. */
struct ingest *ingest_new(struct loop *loop, struct writer *writer,
    struct metrics *metrics, size_t body_limit, struct err *err);

/* Commits and answers what is open, and frees it. */
void ingest_free(struct ingest *ingest);

/* POST /v1/reports and PUT /v1/reports/{id}: takes the request over. path_id
 * is the id of the path, or NULL. */
void ingest_report(struct ingest *ingest, struct http_request *req,
    const char *path_id, int64_t now_ms);

/* GET /v1/reports/{id}: takes the request over. */
void ingest_find(
    struct ingest *ingest, struct http_request *req, const char *path_id);

/* Commits and answers what is open, before something else writes. */
void ingest_flush(struct ingest *ingest);

/* Whether the value of Content-Type (or NULL) says JSON. */
bool ingest_is_json(const char *content_type);

/* How many new reports were stored and answered with success. */
int64_t ingest_taken(const struct ingest *ingest);

/* An error as an answer: 400, 503 with Retry-After, or 500 with a log line.
 * Takes the request over. */
void ingest_refuse(struct http_request *req, const struct err *err);

#endif
