/*
 * http.h - the HTTP(S) server: connections in, whole requests out, answers
 * back; hostile until checked.
 *
 * Two questions are put to the owner. The gate is asked when the head of a
 * request is complete and before one byte of its body is read: it may turn
 * the request away. The handler is asked when the request is whole; it
 * answers now or later, once, with one of the http_reply functions.
 *
 * A refusal is application/problem+json (RFC 9457), unless the handler writes
 * a page of its own.
 */
#ifndef SRC_HTTP_H
#define SRC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "loop.h"
#include "token.h"

enum {
	HTTP_STREAM_STEP = 64 << 10 /* bytes */
};

struct http;
struct http_request;
struct tls_server; /* lib/tls.h */

/* The limits of this part; each is named in the manual. */
struct http_limits {
	size_t body_bytes;    /* 8 MiB, as sent */
	size_t head_bytes;    /* 32 KiB: request line and headers */
	unsigned connections; /* 10000 */
	/* 64: heard at once from one address (one IPv6 /64) while none of its
	 * connections has shown a token that the gate knows. More wait up to
	 * a second for that, then are closed, with a 429 where that can be
	 * said without waiting. */
	unsigned stranger_connections;
	/* 10000: total, from accept or, later, a head's first byte. */
	int64_t head_ms;
	/* 60000: total, from the end of the head; and as long again for the
	 * client to read the answer, or each HTTP_STREAM_STEP of a long one. */
	int64_t body_ms;
	int64_t idle_ms; /* 75000, between requests */
};

#define HTTP_LIMITS_DEFAULT                                         \
	{                                                           \
		8u << 20, 32u << 10, 10000, 64, 10000, 60000, 75000 \
	}

/* The head of a request, as the gate sees it. Strings are borrowed for the
 * call. */
struct http_head {
	const char *method; /* "GET", exactly as sent */
	const char *path;   /* as sent, without the query */
	const char *query;  /* behind '?', or "" */
	const char *bearer; /* token of Authorization: Bearer, or NULL */
	const char *cookie; /* as sent, or "" */
	bool has_body;
	/* Of a body that is chunked it is not known. */
	bool chunked;
	uint64_t content_length;
	const char *content_type; /* or "" */
};

/* The gate's answer. status 0 lets the request in, unless its head asks for
 * something that cannot be (411, 413, 417); anything else is sent as a
 * problem, and the connection ends. A holder whose role is not TOKEN_NOBODY
 * makes the connection known, whatever the status. */
struct http_verdict {
	unsigned status;
	const char *detail; /* a sentence; static text */
	const char *allow;  /* for 405: the methods, static text; or NULL */
	struct token_holder holder; /* who it is; kept with the request */
};

typedef void http_gate_fn(
    void *ctx, const struct http_head *head, struct http_verdict *out);
typedef void http_handler_fn(void *ctx, struct http_request *req);

/* Told after each answer was handed to the socket, for logs and counters;
 * refusals and answers whose client had left are told as well. method and
 * path are "" when they could not be read. */
struct http_seen {
	uint64_t id; /* counted by the listener, from 1 */
	const char *method, *path;
	const struct token_holder *holder;
	unsigned status;
	const char *peer;  /* address as text */
	int64_t micros;	   /* from the end of the head to the answer */
	size_t body_bytes; /* of the answer */
};
typedef void http_seen_fn(void *ctx, const struct http_seen *seen);

/* One of a fixed set, whatever a client made up: a method that there is, or
 * HTTP_METHOD_OTHER. */
#define HTTP_METHOD_OTHER "other"
const char *http_method_known(const char *method);

/* The debug line of a request. Nothing of it is a client's word: a token may
 * stand anywhere in a request. pattern is the route's path (static text), or
 * NULL when there is none; who is "operator:NAME", or "-". */
void http_log_seen(
    const struct http_seen *seen, const char *pattern, const char *who);

struct http_owner {
	void *ctx; /* borrowed */
	http_gate_fn *gate;
	http_handler_fn *handler;
	http_seen_fn *seen; /* may be NULL */
};

/* Listens on address:port (port 0: any free one, see http_port). tls NULL is
 * plain HTTP. The address is numeric, IPv6 in brackets; none means any. tls
 * is borrowed and may be swapped later with http_set_tls. The process has to
 * ignore SIGPIPE. */
struct http *http_open(struct loop *loop, const char *bind_addr,
    struct tls_server *tls, const struct http_limits *limits,
    const struct http_owner *owner, struct err *err);

/* The same on a socket that listens already, such as one that was inherited;
 * fd is taken over, and closed when this fails. */
struct http *http_open_on(struct loop *loop, int fd, struct tls_server *tls,
    const struct http_limits *limits, const struct http_owner *owner,
    struct err *err);

/* Where it listens, "127.0.0.1:8443" or "[::]:443"; and the port. */
const char *http_address(const struct http *http);
unsigned http_port(const struct http *http);

/* New connections use tls from now on; old ones keep what they have. */
void http_set_tls(struct http *http, struct tls_server *tls);

/* Stops accepting; answers from now on say Connection: close, and idle
 * connections end. */
void http_drain(struct http *http);

/* Connections open now; requests taken and not yet answered. */
unsigned http_connections(const struct http *http);
unsigned http_pending(const struct http *http);

/* Answer every pending request first (libevent keeps pointers to them). */
void http_close(struct http *http);

/* --- one request; valid until it is answered --- */
const char *http_method(const struct http_request *req);
const char *http_path(const struct http_request *req); /* without query */
const char *http_query(const struct http_request *req);
/* First header of that name, case-insensitive; NULL when absent. */
const char *http_header(const struct http_request *req, const char *name);
/* The whole body in one piece; len 0 when there is none. NULL without
 * memory. */
const char *http_body(struct http_request *req, size_t *len);
/* The client's address, as text. */
const char *http_peer(const struct http_request *req);
const struct token_holder *http_holder(const struct http_request *req);
uint64_t http_id(const struct http_request *req); /* as in http_seen */

/* A header of the coming answer; both are copied. */
void http_reply_header(
    struct http_request *req, const char *name, const char *value);
/* Sends body (copied; HEAD sends none) and frees the request. */
void http_reply(struct http_request *req, unsigned status,
    const char *content_type, const char *body, size_t len);
/* Sends a problem document and frees the request. type is the last part of
 * a stable URN ("urn:flexfs-stat:problem:" type); errors_json is a JSON array
 * for the member "errors", or NULL. */
void http_reply_problem(struct http_request *req, unsigned status,
    const char *type, const char *detail, const char *errors_json);

/*
 * A long answer in pieces. http_reply_begin takes what http_reply takes, but
 * for the body; then chunks follow, and one of _end and _abort frees the
 * request.
 *
 * on_event is told, from the loop, HTTP_DRAINED when all that was given has
 * gone to the system, and HTTP_LEFT, once, when the client has left or has
 * read too slowly: what is given then is dropped. The request is there until
 * it is ended all the same, which on_event may do.
 */
enum http_stream_event {
	HTTP_DRAINED,
	HTTP_LEFT
};
typedef void http_stream_fn(void *ctx, enum http_stream_event event);

/* False: the client has left already, and on_event will not be told. */
bool http_reply_begin(struct http_request *req, unsigned status,
    const char *content_type, http_stream_fn *on_event, void *ctx);
/* Gives a piece (copied); how many bytes wait for the client now. */
size_t http_reply_chunk(struct http_request *req, const char *data, size_t len);
void http_reply_end(struct http_request *req);
/* Ends the connection in the middle, so that the client sees that the answer
 * is not whole. */
void http_reply_abort(struct http_request *req);
/* Whether there is to be no body: HEAD. */
bool http_wants_no_body(const struct http_request *req);

#endif
