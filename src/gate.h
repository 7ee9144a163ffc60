/*
 * gate.h - the table of all routes: which path is there, who may use it, and
 * which function answers.
 */
#ifndef SRC_GATE_H
#define SRC_GATE_H

#include "http.h"
#include "route.h"
#include "service.h"

/* All routes: those of this table, and what may be read. */
enum {
	GATE_MAX_ROUTES = 128
};
size_t gate_fill_routes(struct route list[GATE_MAX_ROUTES]);

/* The two questions of struct http_owner, and what it is told; ctx is a
 * struct service. */
void gate_on_head(
    void *service, const struct http_head *head, struct http_verdict *out);
void gate_on_request(void *service, struct http_request *req);

/* Counts a request that was answered and, where that is wanted, logs it. */
void gate_on_seen(void *service, const struct http_seen *seen);

#endif
