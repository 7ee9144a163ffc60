/*
 * http.c - the HTTP(S) server of http.h over libevent's evhttp: the listener,
 * the limits that hold for all connections together, requests and answers.
 * What happens on one connection is http_conn.c and http_door.c.
 *
 * Owns evhttp, the listening socket and every struct http_conn. A request
 * belongs to its connection until the handler is asked, then to the handler
 * until it answers; its client may leave meanwhile, which shows only in
 * req->conn being NULL.
 */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/listener.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "http.h"
#include "http_conn.h"
#include "http_reply.h"

enum {
	BACKLOG = 1024, /* connections not yet accepted */
	/* How often deadlines are looked at, and how long accepting rests
	 * after the system had no descriptor left. */
	TICK_MS = 200,
	/* evhttp counts a head's bytes differently; it must never be the one
	 * that finds it too long. */
	EVHTTP_HEAD_ROOM = 64 << 10,
	MAX_HOST = 255,
};

/* --- listening --- */

/* Splits "address:port" and "[address]:port"; no address means any. */
static bool
split_bind_addr(const char *bind_addr, char host[MAX_HOST + 1],
    const char **port, struct err *err)
{
	const char *colon = strrchr(bind_addr, ':');
	const char *start = bind_addr;
	size_t len;

	if (colon == NULL || colon[1] == '\0')
		return err_set(err, ERR_INPUT,
		    "the address to listen on, %s, is not address:port",
		    bind_addr);
	len = (size_t)(colon - start);
	if (len >= 2 && start[0] == '[' && colon[-1] == ']') {
		start++;
		len -= 2;
	} else if (memchr(start, ':', len) != NULL) {
		return err_set(err, ERR_INPUT,
		    "the IPv6 address in %s has to be in brackets", bind_addr);
	}
	if (len > MAX_HOST)
		return err_set(
		    err, ERR_INPUT, "the address to listen on is too long");
	memcpy(host, start, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static bool
is_port(const char *port)
{
	size_t len = strspn(port, "0123456789");

	return len > 0 && len <= 5 && port[len] == '\0' &&
	       strtoul(port, NULL, 10) <= 65535;
}

static int
bind_one(const struct addrinfo *ai)
{
	const int on = 1;
	int saved;
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* A numeric address only: a name could mean several, and asking would
 * block. */
static int
open_socket(const char *bind_addr, struct err *err)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	char host[MAX_HOST + 1] = "";
	struct addrinfo *ai = NULL;
	const char *port = "";
	int fd;

	if (!split_bind_addr(bind_addr, host, &port, err))
		return -1;
	if (!is_port(port) || getaddrinfo(host[0] != '\0' ? host : NULL, port,
				  &hints, &ai) != 0) {
		err_set(err, ERR_INPUT,
		    "cannot listen on %s: not a numeric address and port",
		    bind_addr);
		return -1;
	}
	fd = bind_one(ai);
	if (fd < 0)
		err_errno(err, ERR_INPUT, "cannot listen on %s", bind_addr);
	freeaddrinfo(ai);
	return fd;
}

/* Where fd listens: address as in --bindAddr, and its port. */
static unsigned
name_of(int fd, char *address, size_t size)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof sa;
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "0";

	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
		(void)getnameinfo((struct sockaddr *)&sa, len, host,
		    sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(address, size, sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
	    host, port);
	return (unsigned)strtoul(port, NULL, 10);
}

void
http_listen_again(struct http *http)
{
	if (http->listener != NULL && !http->paused &&
	    http->open < http->limits.connections)
		evconnlistener_enable(http->listener);
}

/* The system has no descriptor left, most likely. Asking again at once would
 * spin; the next tick enables the listener. (arg is libevent's own.) */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_warn("http.accept_failed", "error=\"%s\"", strerror(errno));
	evconnlistener_disable(listener);
}

/* fd is taken over, whatever comes of it. */
static bool
listen_on(struct http *http, int fd, struct err *err)
{
	http->port = name_of(fd, http->address, sizeof http->address);
	http->bound = evhttp_accept_socket_with_handle(http->evhttp, fd);
	if (http->bound == NULL) {
		close(fd);
		return err_nomem(err);
	}
	http->listener = evhttp_bound_socket_get_listener(http->bound);
	evconnlistener_set_error_cb(http->listener, on_accept_error);
	return true;
}

/* --- events --- */

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	struct http_conn *conn;

	(void)fd;
	(void)what;
	while ((conn = TAILQ_FIRST(&http->todos)) != NULL)
		http_conn_turn(conn);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	int64_t now_us = clock_mono_us();
	struct http_conn *conn, *next;

	(void)fd;
	(void)what;
	for (conn = TAILQ_FIRST(&http->conns); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, all);
		http_conn_check(conn, now_us);
	}
	if (http->paused) {
		if (http->spare_conn == NULL)
			http->spare_conn = http_conn_new_dead(http);
		http->paused = http->spare_conn == NULL;
	}
	http_listen_again(http);
}

/* Deadlines that are short, in tests, are looked at more often. */
static struct timeval
tick_interval(const struct http_limits *limits)
{
	int64_t ms = TICK_MS;

	if (limits->head_ms / 4 < ms)
		ms = limits->head_ms / 4;
	if (limits->body_ms / 4 < ms)
		ms = limits->body_ms / 4;
	if (limits->idle_ms / 4 < ms)
		ms = limits->idle_ms / 4;
	if (ms < 5)
		ms = 5;
	return (struct timeval){0, ms * 1000};
}

static bool
start_events(struct http *http, struct err *err)
{
	struct timeval interval = tick_interval(&http->limits);

	http->turn = event_new(http->base, -1, 0, on_turn, http);
	http->tick = event_new(http->base, -1, EV_PERSIST, on_tick, http);
	if (http->turn == NULL || http->tick == NULL ||
	    event_priority_set(http->turn, 0) != 0 ||
	    event_add(http->tick, &interval) != 0)
		return err_nomem(err);
	return true;
}

/* --- requests --- */

/* evhttp has a whole request. One that did not come through the door would be
 * a mistake of ours, and gets no answer. */
static void
on_request(struct evhttp_request *evreq, void *arg)
{
	struct http *http = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(evreq);
	struct http_conn *conn = http_conn_find(http, evcon);

	if (conn == NULL || conn->phase != HTTP_BODY || conn->req == NULL) {
		log_error("http.lost_request", "conn=%s",
		    conn == NULL ? "unknown" : conn->peer_text);
		evhttp_connection_free(evcon);
		return;
	}
	conn->phase = HTTP_PENDING;
	conn->deadline_us = 0;
	conn->req->evreq = evreq;
	evhttp_request_set_on_complete_cb(evreq, http_conn_answered, conn);
	http->pending++;
	http->owner.handler(http->owner.ctx, conn->req);
}

const char *
http_method(const struct http_request *req)
{
	return req->method;
}

const char *
http_path(const struct http_request *req)
{
	return req->path;
}

const char *
http_query(const struct http_request *req)
{
	return req->query;
}

const char *
http_header(const struct http_request *req, const char *name)
{
	return evhttp_find_header(
	    evhttp_request_get_input_headers(req->evreq), name);
}

const char *
http_body(struct http_request *req, size_t *len)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req->evreq);
	const unsigned char *data;

	*len = evbuffer_get_length(body);
	if (*len == 0)
		return "";
	data = evbuffer_pullup(body, -1);
	if (data == NULL)
		*len = 0;
	return data != NULL ? (const char *)data : NULL;
}

const char *
http_peer(const struct http_request *req)
{
	return req->peer;
}

const struct token_holder *
http_holder(const struct http_request *req)
{
	return &req->holder;
}

uint64_t
http_id(const struct http_request *req)
{
	return req->id;
}

/* --- answers --- */

static struct evkeyvalq *
reply_headers(struct http_request *req)
{
	return evhttp_request_get_output_headers(req->evreq);
}

void
http_reply_header(struct http_request *req, const char *name, const char *value)
{
	evhttp_add_header(reply_headers(req), name, value);
}

static void
add_default_header(
    struct http_request *req, const char *name, const char *value)
{
	if (evhttp_find_header(reply_headers(req), name) == NULL)
		http_reply_header(req, name, value);
}

/* A client that left is told nothing, and libevent frees its request. */
static void
send_reply(struct http_request *req, unsigned status)
{
	struct http_conn *conn = req->conn;

	req->http->pending--;
	req->status = status;
	if (conn == NULL) {
		evhttp_send_reply(req->evreq, (int)status, "", NULL);
		http_request_end(req);
		return;
	}
	conn->closing = !req->keep_alive || req->http->draining;
	if (conn->closing)
		http_reply_header(req, "Connection", "close");
	conn->phase = HTTP_ANSWER;
	conn->deadline_us = clock_mono_us() + req->http->limits.body_ms * 1000;
	evhttp_send_reply(
	    req->evreq, (int)status, http_status_text(status), NULL);
	/* One who has closed its write side still gets its answer. */
	bufferevent_disable(conn->bev, EV_READ);
}

void
http_reply(struct http_request *req, unsigned status, const char *content_type,
    const char *body, size_t len)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(req->evreq);
	char length[24];

	if (!req->is_head && len > 0 && evbuffer_add(out, body, len) != 0) {
		evbuffer_drain(out, evbuffer_get_length(out));
		evhttp_clear_headers(reply_headers(req));
		status = 503;
		len = 0;
		http_reply_header(req, "Retry-After", HTTP_RETRY_AFTER);
	}
	if (status != 204 && status != 304) {
		snprintf(length, sizeof length, "%zu", len);
		http_reply_header(req, "Content-Length", length);
		if (content_type != NULL)
			http_reply_header(req, "Content-Type", content_type);
	}
	req->sent_bytes = req->is_head ? 0 : len;
	send_reply(req, status);
}

void
http_reply_problem(struct http_request *req, unsigned status, const char *type,
    const char *detail, const char *errors_json)
{
	struct buf body = BUF_INIT;

	http_add_problem(&body, status, type, detail, errors_json);
	if (status == 401)
		add_default_header(req, "WWW-Authenticate", "Bearer");
	if (status == 429 || status == 503)
		add_default_header(req, "Retry-After", HTTP_RETRY_AFTER);
	if (body.failed)
		buf_clear(&body);
	http_reply(
	    req, status, "application/problem+json", buf_text(&body), body.len);
	buf_fini(&body);
}

/* --- life --- */

static bool
start_evhttp(struct http *http, struct err *err)
{
	http->evhttp = evhttp_new(http->base);
	if (http->evhttp == NULL)
		return err_nomem(err);
	evhttp_set_bevcb(http->evhttp, http_conn_accept, http);
	evhttp_set_gencb(http->evhttp, on_request, http);
	evhttp_set_allowed_methods(http->evhttp, 0xffff);
	evhttp_set_default_content_type(http->evhttp, NULL);
	evhttp_set_max_headers_size(http->evhttp,
	    (ev_ssize_t)(http->limits.head_bytes + EVHTTP_HEAD_ROOM));
	evhttp_set_max_body_size(
	    http->evhttp, (ev_ssize_t)http->limits.body_bytes);
	return true;
}

/* All but the listening socket. */
static struct http *
http_new(struct loop *loop, struct tls_server *tls,
    const struct http_limits *limits, const struct http_owner *owner,
    struct err *err)
{
	struct http *http = calloc(1, sizeof *http);

	if (http == NULL) {
		err_nomem(err);
		return NULL;
	}
	TAILQ_INIT(&http->conns);
	TAILQ_INIT(&http->todos);
	http->base = loop_base(loop);
	http->limits = *limits;
	http->owner = *owner;
	http->tls = tls;
	http->peers = http_peers_new(err);
	if (http->peers == NULL || !start_events(http, err) ||
	    !start_evhttp(http, err)) {
		http_close(http);
		return NULL;
	}
	http->spare_conn = http_conn_new_dead(http);
	if (http->spare_conn == NULL) {
		err_nomem(err);
		http_close(http);
		return NULL;
	}
	return http;
}

struct http *
http_open_on(struct loop *loop, int fd, struct tls_server *tls,
    const struct http_limits *limits, const struct http_owner *owner,
    struct err *err)
{
	struct http *http = http_new(loop, tls, limits, owner, err);

	if (http == NULL) {
		close(fd);
		return NULL;
	}
	if (!listen_on(http, fd, err)) {
		http_close(http);
		return NULL;
	}
	return http;
}

struct http *
http_open(struct loop *loop, const char *bind_addr, struct tls_server *tls,
    const struct http_limits *limits, const struct http_owner *owner,
    struct err *err)
{
	int fd = open_socket(bind_addr, err);

	return fd < 0 ? NULL : http_open_on(loop, fd, tls, limits, owner, err);
}

const char *
http_address(const struct http *http)
{
	return http->address;
}

unsigned
http_port(const struct http *http)
{
	return http->port;
}

void
http_set_tls(struct http *http, struct tls_server *tls)
{
	http->tls = tls;
}

unsigned
http_connections(const struct http *http)
{
	return http->open;
}

unsigned
http_pending(const struct http *http)
{
	return http->pending;
}

void
http_drain(struct http *http)
{
	struct http_conn *conn;

	if (http->bound != NULL)
		evhttp_del_accept_socket(http->evhttp, http->bound);
	http->bound = NULL;
	http->listener = NULL;
	http->draining = true;
	for (conn = TAILQ_FIRST(&http->conns); conn != NULL;
	     conn = TAILQ_NEXT(conn, all)) {
		if (conn->phase == HTTP_IDLE || conn->phase == HTTP_PARKED)
			http_conn_later(conn, HTTP_TODO_CLOSE);
	}
}

void
http_close(struct http *http)
{
	struct http_conn *conn;

	if (http == NULL)
		return;
	assert(http->pending == 0);
	if (http->evhttp != NULL) {
		http_drain(http);
		/* Adopts what is fresh, so that all can be closed. */
		on_turn(-1, 0, http);
		while ((conn = TAILQ_FIRST(&http->conns)) != NULL)
			http_conn_close(conn);
		evhttp_free(http->evhttp);
	}
	http_conn_drop(http->spare_conn);
	if (http->tick != NULL)
		event_free(http->tick);
	if (http->turn != NULL)
		event_free(http->turn);
	http_peers_free(http->peers);
	free(http->spare_head);
	free(http->by_fd);
	free(http);
}
