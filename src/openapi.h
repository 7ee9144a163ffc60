/*
 * openapi.h - the description of all routes that GET /openapi.json answers:
 * contrib/openapi.yaml, which is written as JSON, as YAML may be.
 */
#ifndef SRC_OPENAPI_H
#define SRC_OPENAPI_H

#include "http.h"

/* Takes the request over. */
void openapi_reply(struct http_request *req);

#endif
