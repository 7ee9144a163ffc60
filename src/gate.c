/*
 * gate.c - from a request to its handler. In: heads, whole requests. Out:
 * refusals, or a handler's call with the time at which it came. Who it is must
 * be known before a byte of a body is read.
 */
#include <string.h>

#include "gate.h"
#include "ingest.h"
#include "lib/log.h"
#include "openapi.h"
#include "operate.h"
#include "read.h"
#include "route.h"
#include "server_clock.h"

/* --- short handlers --- */

static void
reply_json(struct http_request *req, const char *text)
{
	http_reply(req, 200, "application/json", text, strlen(text));
}

static void
on_healthz(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	(void)call;
	reply_json(req, "{\"alive\":true}\n");
}

static void
on_readyz(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	struct err err = ERR_INIT;

	(void)call;
	ingest_flush(service->ingest);
	if (service->stopping)
		err_set(&err, ERR_BUSY, "the server is shutting down");
	if (!service->stopping && writer_ready(service->writer, &err))
		reply_json(req, "{\"ready\":true}\n");
	else
		ingest_refuse(req, &err);
}

static void
on_post_report(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	ingest_report(service->ingest, req, NULL, call->now_ms);
}

static void
on_put_report(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	ingest_report(service->ingest, req, call->ids[0], call->now_ms);
}

static void
on_get_report(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	ingest_find(service->ingest, req, call->ids[0]);
}

static void
on_post_clock(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)call;
	if (server_clock_set(service->clock, req))
		service->on_clock_moved(service->ctx);
}

static void
on_openapi(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	(void)call;
	openapi_reply(req);
}

static void
on_read(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)call;
	reading_ask(service->reading, req);
}

/* --- the table --- */

/* All but what read.h has: that answers beside the server. */

static const struct route routes[] = {
    {"POST", "/v1/reports", ROUTE_SOURCE, "", on_post_report, false},
    {"PUT", "/v1/reports/{}", ROUTE_SOURCE, "", on_put_report, false},
    {"GET", "/v1/reports/{}", ROUTE_SOURCE, "", on_get_report, false},
    {"POST", "/v1/quarantine/{}/release", ROUTE_OPERATOR, "", operate_release,
	false},
    {"POST", "/v1/quarantine/{}/discard", ROUTE_OPERATOR, "", operate_discard,
	false},
    {"POST", "/v1/rates", ROUTE_OPERATOR, "", operate_create_rate, false},
    {"POST", "/v1/periods/{}/close", ROUTE_OPERATOR, "", operate_close, false},
    {"POST", "/v1/clock", ROUTE_OPERATOR, "", on_post_clock, true},
    {"GET", "/healthz", ROUTE_ANYONE, "", on_healthz, false},
    {"GET", "/readyz", ROUTE_ANYONE, "", on_readyz, false},
    {"GET", "/openapi.json", ROUTE_ANYONE, "", on_openapi, false},
};

size_t
gate_fill_routes(struct route list[GATE_MAX_ROUTES])
{
	size_t own = sizeof routes / sizeof routes[0], count;

	_Static_assert(sizeof routes / sizeof routes[0] + READ_MAX_ROUTES <=
			   GATE_MAX_ROUTES,
	    "room for all");
	memcpy(list, routes, sizeof routes);
	count = own + read_list_routes(list + own);
	for (size_t i = own; i < count; i++)
		list[i].handle = on_read;
	return count;
}

static struct route_table
table_of(const struct service *service)
{
	return (struct route_table){.list = service->routes,
	    .count = service->route_count,
	    .mock = service->clock->mock};
}

/* --- who may --- */

static void
turn_away(struct http_verdict *out, unsigned status, const char *detail)
{
	out->status = status;
	out->detail = detail;
}

static void
check_token(struct service *service, const struct http_head *head,
    const struct route *route, struct http_verdict *out)
{
	struct err err = ERR_INIT;
	struct sql *db = writer_db(service->writer, &err);

	if (head->bearer == NULL)
		turn_away(
		    out, 401, "send a token: Authorization: Bearer TOKEN");
	else if (db == NULL || !token_find(db, &service->tokens, head->bearer,
				   &out->holder, &err)) {
		log_warn("server.token", "error=\"%s\"", err.text);
		turn_away(out, 503, "the database does not answer; try again");
	} else if (out->holder.role == TOKEN_NOBODY)
		turn_away(out, 401, "this token is not known");
	else if (out->holder.disabled)
		turn_away(out, 403, "this source is switched off");
	else if (!route_admits(route, out->holder.role))
		turn_away(out, 403, "this token's role may not do that");
}

void
gate_on_head(
    void *service, const struct http_head *head, struct http_verdict *out)
{
	struct route_table table = table_of(service);
	struct route_call call;
	const struct route *route =
	    route_find(&table, head->method, head->path, &call);

	if (route != NULL) {
		if (route->roles != ROUTE_ANYONE)
			check_token(service, head, route, out);
		return;
	}
	out->allow = route_allow(&table, head->path);
	if (out->allow != NULL)
		turn_away(out, 405, "this path does not take that method");
	else
		turn_away(out, 404, "there is nothing at this path");
}

void
gate_on_request(void *service, struct http_request *req)
{
	struct service *here = service;
	struct route_table table = table_of(here);
	struct err err = ERR_INIT;
	struct route_call call;
	const struct route *route =
	    route_find(&table, http_method(req), http_path(req), &call);

	if (route == NULL)
		http_reply_problem(req, 404, "not_found",
		    "there is nothing at this path", NULL);
	else if (!route_read_query(route, http_query(req), &call, &err))
		http_reply_problem(req, 400, "bad_request", err.text, NULL);
	else {
		call.now_ms = clock_ms(here->clock);
		route->handle(here, req, &call);
	}
}
