/*
 * operate.h - what an operator does over HTTP: settle samples that were set
 * aside, set rates, close periods. Each is the same step that its verb takes.
 */
#ifndef SRC_OPERATE_H
#define SRC_OPERATE_H

#include "route.h"
#include "service.h"

/* GET /v1/quarantine, with the parameters state, limit and after. */
#define OPERATE_QUARANTINE_PARAMS "state limit after"
route_fn operate_list_quarantine;

/* POST /v1/quarantine/{id}/release and /discard. */
route_fn operate_release;
route_fn operate_discard;

/* GET /v1/rates, with the parameter account; a reader of one account sees
 * that one. POST /v1/rates. */
#define OPERATE_RATES_PARAMS "account"
route_fn operate_list_rates;
route_fn operate_create_rate;

/* POST /v1/periods/{period}/close */
route_fn operate_close;

#endif
