/*
 * granting.h - GET /v1/grant: the license grant of the source that asks.
 */
#ifndef SRC_GRANTING_H
#define SRC_GRANTING_H

#include "route.h"
#include "service.h"

/* Answers with the grant that the source is given again, or a new one, which
 * is on disk then; 404 no_grant_key without a key. */
void granting_give(struct service *service, struct http_request *req,
    const struct route_call *call);

#endif
