/*
 * server_clock.h - POST /v1/clock {"now":".."}: sets a pretend clock forward.
 * The path exists only with --mockTime.
 */
#ifndef SRC_SERVER_CLOCK_H
#define SRC_SERVER_CLOCK_H

#include <stdbool.h>

#include "http.h"
#include "lib/clock.h"

/* Answers the request. True when the clock was moved. */
bool server_clock_set(struct clock *clock, struct http_request *req);

#endif
