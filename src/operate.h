/*
 * operate.h - what an operator does over HTTP: settle samples that were set
 * aside, set rates, close periods. Each is the same step that its verb takes.
 */
#ifndef SRC_OPERATE_H
#define SRC_OPERATE_H

#include "route.h"
#include "service.h"

/* POST /v1/quarantine/{id}/release and /discard. */
route_fn operate_release;
route_fn operate_discard;

/* POST /v1/rates */
route_fn operate_create_rate;

/* POST /v1/periods/{period}/close */
route_fn operate_close;

#endif
