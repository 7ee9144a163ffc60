/*
 * route.h - which route of a table a request is for, who may take it, and
 * what its path and query say.
 *
 * Pure: texts of a request in, a route and texts out. In a route's path {}
 * stands for one segment, an id, that is not empty.
 */
#ifndef SRC_ROUTE_H
#define SRC_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "token.h"

enum {
	ROUTE_MAX_IDS = 2,
	ROUTE_MAX_PARAMS = 12,
	ROUTE_NAME_SIZE = 32,
	ROUTE_TEXT_SIZE = 256, /* of an id or a parameter's value */
};

/* Roles as a set. The empty one is anyone, with a token or without. An
 * operator may do what a reader may. */
enum {
	ROUTE_ANYONE = 0,
	ROUTE_SOURCE = 1 << TOKEN_SOURCE,
	ROUTE_READER = 1 << TOKEN_READER,
	ROUTE_OPERATOR = 1 << TOKEN_OPERATOR,
};

/* What a request says to its route; percent-escapes are resolved. */
struct route_call {
	int64_t now_ms; /* when it was whole; for the caller to set */
	char ids[ROUTE_MAX_IDS][ROUTE_TEXT_SIZE];
	size_t id_count;
	struct {
		char name[ROUTE_NAME_SIZE];
		char value[ROUTE_TEXT_SIZE];
	} params[ROUTE_MAX_PARAMS];
	size_t param_count;
};

struct service;	     /* service.h */
struct http_request; /* http.h */

/* Takes the request over. */
typedef void route_fn(struct service *service, struct http_request *req,
    const struct route_call *call);

struct route {
	const char *method; /* GET (then HEAD as well), POST, PUT */
	const char *path;   /* "/v1/quarantine/{}/release" */
	unsigned roles;
	const char *params; /* "state limit": what may stand in the query */
	route_fn *handle;
	bool mock_only; /* there with a pretend clock only */
	bool page;	/* for browsers: strangers are sent to sign in */
	/* Bytes of a body, which then may not be chunked; 0: the server's
	 * limit. */
	size_t max_body;
};

struct route_table {
	const struct route *list;
	size_t count;
	bool mock;
};

/* The route for method and path (without the query), and the path's ids in
 * call; NULL when there is none. */
const struct route *route_find(const struct route_table *table,
    const char *method, const char *path, struct route_call *call);

/* The path as the table has it, "/v1/reports/{}"; NULL when there is nothing
 * at this path. */
const char *route_pattern(const struct route_table *table, const char *path);

/* The methods that a path takes, as the value of Allow; NULL when there is
 * nothing at this path. Static text. */
const char *route_allow(const struct route_table *table, const char *path);

bool route_admits(const struct route *route, enum token_role role);

/* Reads the query (without its ?) into call. A parameter that the route does
 * not take, or that stands twice, is ERR_INPUT. */
bool route_read_query(const struct route *route, const char *query,
    struct route_call *call, struct err *err);

/* The value of a parameter; NULL when it is not there. */
const char *route_param(const struct route_call *call, const char *name);

#endif
