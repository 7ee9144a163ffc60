/*
 * signin.h - people sign in with a token, and out again.
 *
 * GET /login is a form, POST /login makes a session (session.h) a cookie, and
 * POST /logout takes that away. The cookie is good for reading alone: whatever
 * changes something wants the token itself, but for signing out; so another
 * site that sends a browser here changes nothing. Who has no session is sent
 * from a page to the form, and back afterwards.
 *
 * The cookie is __Host-stat: Secure, for this host alone. Only a server that
 * talks plain HTTP on a loopback address calls it stat, without Secure.
 */
#ifndef SRC_SIGNIN_H
#define SRC_SIGNIN_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "route.h"
#include "service.h"
#include "session.h"
#include "token.h"

enum {
	SIGNIN_BODY_BYTES = 4096, /* of a form */
	/* Attempts of one address (one IPv6 /64) with a token that is not
	 * known: so many at once, and another one in so many seconds. */
	SIGNIN_ATTEMPTS = 10,
	SIGNIN_REFILL_SECS = 30,
	SIGNIN_SLOTS = 1024, /* addresses that are remembered */
};

/* Who tried in vain, and the key of sessions. Opaque. */
struct signin;

/* plain: whether the server talks plain HTTP on a loopback address. */
struct signin *signin_new(
    const struct session_key *key, bool plain, struct err *err);
void signin_free(struct signin *signin);

#define SIGNIN_PARAMS "next"
route_fn signin_show;  /* GET /login */
route_fn signin_enter; /* POST /login */
route_fn signin_leave; /* POST /logout */
route_fn signin_style; /* GET /style.css */
route_fn signin_icon;  /* GET /icon.svg */

/* Who a Cookie header says it is, as session_find. */
bool signin_find(const struct signin *signin, struct sql *db,
    const char *cookies, int64_t now, struct token_holder *out,
    struct err *err);

/* Sends a browser from a page to the form. Takes the request over. */
void signin_redirect(struct http_request *req);

#endif
