/*
 * gate.c - from a request to its handler. In: heads, whole requests. Out:
 * refusals, or a handler's call with the time at which it came. Who it is must
 * be known before a byte of a body is read.
 */
#include <stdio.h>
#include <string.h>

#include "gate.h"
#include "granting.h"
#include "ingest.h"
#include "lib/log.h"
#include "openapi.h"
#include "operate.h"
#include "read.h"
#include "route.h"
#include "server_clock.h"
#include "signin.h"
#include "source.h"

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
on_metrics(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)call;
	if (http_holder(req)->account != 0)
		http_reply_problem(req, 403, "forbidden",
		    "metrics are of all accounts, and this token is for one",
		    NULL);
	else
		metrics_page_reply(service->page, req);
}

static void
on_openapi(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)service;
	(void)call;
	openapi_reply(req);
}

/* Only a page lets in who has not signed in, and only so far. */
static void
on_read(struct service *service, struct http_request *req,
    const struct route_call *call)
{
	(void)call;
	if (http_holder(req)->role == TOKEN_NOBODY)
		signin_redirect(req);
	else
		reading_ask(service->reading, req);
}

/* --- the table --- */

/* All but what read.h has: that answers beside the server. */

static const struct route routes[] = {
    {"POST", "/v1/reports", ROUTE_SOURCE, "", on_post_report, false},
    {"PUT", "/v1/reports/{}", ROUTE_SOURCE, "", on_put_report, false},
    {"GET", "/v1/reports/{}", ROUTE_SOURCE, "", on_get_report, false},
    {"GET", "/v1/grant", ROUTE_SOURCE, "", granting_give, false},
    {"POST", "/v1/quarantine/{}/release", ROUTE_OPERATOR, "", operate_release,
	false},
    {"POST", "/v1/quarantine/{}/discard", ROUTE_OPERATOR, "", operate_discard,
	false},
    {"POST", "/v1/rates", ROUTE_OPERATOR, "", operate_create_rate, false},
    {"POST", "/v1/periods/{}/close", ROUTE_OPERATOR, "", operate_close, false},
    {"POST", "/v1/clock", ROUTE_OPERATOR, "", on_post_clock, true},
    {"GET", "/metrics", ROUTE_READER, "", on_metrics, false},
    {"GET", "/login", ROUTE_ANYONE, SIGNIN_PARAMS, signin_show, false},
    {"POST", "/login", ROUTE_ANYONE, "", signin_enter, false,
	.max_body = SIGNIN_BODY_BYTES},
    {"POST", "/logout", ROUTE_ANYONE, "", signin_leave, false,
	.max_body = SIGNIN_BODY_BYTES},
    {"GET", "/style.css", ROUTE_ANYONE, "", signin_style, false},
    {"GET", "/icon.svg", ROUTE_ANYONE, "", signin_icon, false},
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

/* A token, or else the cookie of one who has signed in, which is good for
 * reading alone. */
static bool
find_holder(struct service *service, const struct http_head *head,
    struct token_holder *out, struct err *err)
{
	struct sql *db = writer_db(service->writer, err);
	int64_t now = clock_secs(service->clock);

	if (db == NULL)
		return false;
	if (head->bearer != NULL)
		return token_find(db, &service->tokens, head->bearer, out, err);
	if (strcmp(head->method, "GET") != 0 &&
	    strcmp(head->method, "HEAD") != 0)
		return true;
	return signin_find(service->signin, db, head->cookie, now, out, err);
}

static void
check_token(struct service *service, const struct http_head *head,
    const struct route *route, struct http_verdict *out)
{
	struct err err = ERR_INIT;

	if (!find_holder(service, head, &out->holder, &err)) {
		log_warn("server.token", "error=\"%s\"", err.text);
		turn_away(out, 503, "the database does not answer; try again");
	} else if (out->holder.role == TOKEN_NOBODY && route->page &&
		   head->bearer == NULL)
		return;
	else if (out->holder.role == TOKEN_NOBODY)
		turn_away(out, 401,
		    head->bearer != NULL
			? "this token is not known"
			: "send a token: Authorization: Bearer TOKEN");
	else if (out->holder.disabled)
		turn_away(out, 403, "this source is switched off");
	else if (!route_admits(route, out->holder.role))
		turn_away(out, 403, "this token's role may not do that");
}

/* Who is anyone may not send much. */
static void
check_body(const struct route *route, const struct http_head *head,
    struct http_verdict *out)
{
	if (route->max_body == 0)
		return;
	if (head->chunked)
		turn_away(out, 411, "a form needs a Content-Length");
	else if (head->content_length > route->max_body)
		turn_away(out, 413, "this is too large for a form");
}

/* The form of one who has signed in already sends him on. */
static void
greet(struct service *service, const struct http_head *head,
    struct http_verdict *out)
{
	struct err ignored = ERR_INIT;

	if (strcmp(head->path, "/login") == 0 && head->bearer == NULL &&
	    !find_holder(service, head, &out->holder, &ignored))
		out->holder.role = TOKEN_NOBODY;
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
		else
			greet(service, head, out);
		if (out->status == 0)
			check_body(route, head, out);
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

/* --- afterwards --- */

/* "operator:NAME", "source:NAME" or "-". */
static void
name_holder(struct service *service, const struct token_holder *holder,
    char *out, size_t size)
{
	struct err ignored = ERR_INIT;
	struct sql *db = writer_db(service->writer, &ignored);
	char name[TOKEN_NAME_SIZE] = "";
	struct source source;

	snprintf(out, size, "-");
	if (holder->role == TOKEN_NOBODY || db == NULL)
		return;
	if (holder->role != TOKEN_SOURCE)
		(void)token_load_name(db, holder->token, name, &ignored);
	else if (source_load(db, holder->source, &source, &ignored))
		snprintf(name, sizeof name, "%s", source.name);
	snprintf(out, size, "%s:%s", token_role_name(holder->role), name);
}

void
gate_on_seen(void *service, const struct http_seen *seen)
{
	struct service *here = service;
	struct route_table table = table_of(here);
	char who[SERVICE_WHO_SIZE];

	metrics_note_request(
	    here->metrics, seen->method, seen->status, seen->micros);
	if (!here->verbose)
		return;
	name_holder(here, seen->holder, who, sizeof who);
	http_log_seen(seen, route_pattern(&table, seen->path), who);
}
