/*
 * service_body.h - the body of a request: one JSON object of few members.
 *
 * What is wrong with them is collected, and answered as one problem of status
 * 422 with a JSON pointer for each.
 */
#ifndef SRC_SERVICE_BODY_H
#define SRC_SERVICE_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"

/* The zero value is empty. */
struct service_body {
	struct json *doc;  /* owned */
	struct buf errors; /* owned: a JSON array, closed by _accept */
	struct json_writer list;
	size_t error_count;
	struct err first;
};

/* Reads it; members that are not among names (NULL-terminated) are faults:
 * one that is mistyped must not be taken for one that is left out. False when
 * the request was answered (400, 415). */
bool service_body_read(struct service_body *body, struct http_request *req,
    const char *const *names);

/* A member's text, without control characters; NULL when it is absent or
 * null, or a fault. */
enum service_need {
	SERVICE_OPTIONAL,
	SERVICE_REQUIRED, /* and not empty */
};
const char *service_body_text(struct service_body *body, const char *name,
    size_t max_bytes, enum service_need need);

void service_body_fault(
    struct service_body *body, const char *name, const char *detail);

/* Whether there was no fault; false when the request was answered. */
bool service_body_accept(struct service_body *body, struct http_request *req);
void service_body_fini(struct service_body *body);

#endif
