/*
 * http_conn.c - one connection of the HTTP server: its stream and its two
 * owners, strangers, deadlines, its end.
 *
 * evhttp makes its connection around a stream of ours, and owns both from
 * then on; our part ends with its close callback. Nothing is freed or written
 * from inside a stream's callbacks: that waits for a turn of its own
 * (http_conn_turn), when nothing of the stream is on the stack. The turn's
 * event has the highest priority, so it comes before anything evhttp has put
 * off.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/tls.h"

#include "http_conn.h"

enum {
	PEEK_PIECES = 8,
	FD_STEP = 256
};

/* Behind the largest body in one piece: the head, and as much again that may
 * have come in the same read. A lower mark would wait for ever for the rest
 * of a body that it does not let in. */
enum {
	WATERMARK_ROOM = 64 << 10
};

/* --- life --- */

int64_t
http_after_ms(int64_t ms)
{
	return clock_mono_us() + ms * 1000;
}

static struct bufferevent *
new_plain(struct http *http)
{
	return bufferevent_socket_new(http->base, -1, BEV_OPT_CLOSE_ON_FREE);
}

static struct bufferevent *
new_tls(struct http *http, struct ssl_st **ssl)
{
	struct bufferevent *bev;

	*ssl = tls_server_session(http->tls);
	if (*ssl == NULL)
		return NULL;
	/* On failure this frees the session too. */
	bev = bufferevent_openssl_socket_new(http->base, -1, *ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		*ssl = NULL;
	return bev;
}

/* Puts the watch on conn's new stream. One reference to it is ours until
 * evhttp has taken it over, so that a failure there does not leave us with a
 * stale pointer; conn as the callbacks' argument shows that it never did. */
static bool
watch(struct http_conn *conn)
{
	const struct http_limits *limits = &conn->http->limits;

	conn->watch = evbuffer_add_cb(
	    bufferevent_get_input(conn->bev), http_door_input, conn);
	if (conn->watch == NULL)
		return false;
	bufferevent_setcb(conn->bev, NULL, NULL, NULL, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0,
	    limits->body_bytes + limits->head_bytes + WATERMARK_ROOM);
	bufferevent_incref(conn->bev);
	return true;
}

static struct http_conn *
new_conn(struct http *http, bool dead)
{
	struct http_conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->http = http;
	conn->phase = HTTP_FRESH;
	conn->dead = dead;
	if (!dead && http->tls != NULL)
		conn->bev = new_tls(http, &conn->ssl);
	else
		conn->bev = new_plain(http);
	if (conn->bev == NULL) {
		free(conn);
		return NULL;
	}
	if (!watch(conn)) {
		bufferevent_free(conn->bev);
		free(conn);
		return NULL;
	}
	return conn;
}

struct http_conn *
http_conn_new_dead(struct http *http)
{
	return new_conn(http, true);
}

void
http_conn_drop(struct http_conn *conn)
{
	if (conn == NULL)
		return;
	bufferevent_free(conn->bev);
	bufferevent_decref(conn->bev);
	free(conn);
}

/* Without a stream from us libevent would make a plain one of its own, past
 * the door and, on a TLS port, in the clear. So there is always a spare one,
 * which only closes its socket; no more are accepted until the next is made. */
struct bufferevent *
http_conn_accept(struct event_base *base, void *arg)
{
	struct http *http = arg;
	struct http_conn *conn = new_conn(http, false);

	(void)base;
	if (conn == NULL) {
		log_warn("http.accept_failed", "error=\"out of memory\"");
		conn = http->spare_conn;
		http->spare_conn = NULL;
		http->paused = true;
	}
	if (++http->open >= http->limits.connections || http->paused)
		evconnlistener_disable(http->listener);
	TAILQ_INSERT_TAIL(&http->conns, conn, all);
	conn->deadline_us = http_after_ms(http->limits.head_ms);
	http_conn_later(conn, HTTP_TODO_ADOPT);
	return conn->bev;
}

void
http_conn_later(struct http_conn *conn, enum http_todo todo)
{
	if (conn->todo == HTTP_TODO_NONE) {
		TAILQ_INSERT_TAIL(&conn->http->todos, conn, todos);
		event_active(conn->http->turn, EV_TIMEOUT, 0);
	}
	if (conn->todo < todo)
		conn->todo = todo;
}

void
http_tell_seen(struct http *http, const struct http_seen *seen)
{
	if (http->owner.seen != NULL)
		http->owner.seen(http->owner.ctx, seen);
}

void
http_request_end(struct http_request *req)
{
	const struct http_seen seen = {
	    .id = req->id,
	    .holder = &req->holder,
	    .method = req->method,
	    .path = req->path,
	    .status = req->status,
	    .peer = req->peer,
	    .micros = clock_mono_us() - req->since_us,
	    .body_bytes = req->sent_bytes,
	};

	http_tell_seen(req->http, &seen);
	free(req);
}

/* --- strangers --- */

static bool
has_room(const struct http_conn *conn)
{
	const struct http_peer *peer = conn->peer;

	return peer->known > 0 || peer->strangers - peer->parked <=
				      conn->http->limits.stranger_connections;
}

static void
park(struct http_conn *conn)
{
	conn->phase = HTTP_PARKED;
	conn->peer->parked++;
	conn->http->parked++;
}

static void
unpark(struct http_conn *conn)
{
	conn->phase = HTTP_IDLE;
	conn->peer->parked--;
	conn->http->parked--;
}

static void
start_hearing(struct http_conn *conn)
{
	unpark(conn);
	conn->deadline_us = http_after_ms(conn->http->limits.head_ms);
	bufferevent_enable(conn->bev, EV_READ);
}

/* The first token from an address lets in all who wait there. */
void
http_conn_greet(struct http_conn *conn)
{
	struct http_conn *other;

	conn->known = true;
	http_peer_greet(conn->peer);
	if (conn->peer->parked == 0)
		return;
	for (other = TAILQ_FIRST(&conn->http->conns); other != NULL;
	     other = TAILQ_NEXT(other, all)) {
		if (other->phase == HTTP_PARKED && other->peer == conn->peer)
			start_hearing(other);
	}
}

/* --- the end --- */

/* What is ours of a connection whose stream is gone or about to go. */
static void
forget(struct http_conn *conn)
{
	struct http *http = conn->http;
	struct http_request *left = NULL;

	if (conn->phase == HTTP_PARKED)
		unpark(conn);
	TAILQ_REMOVE(&http->conns, conn, all);
	if (conn->todo != HTTP_TODO_NONE)
		TAILQ_REMOVE(&http->todos, conn, todos);
	if (conn->peer != NULL)
		http_peers_leave(http->peers, conn->peer, conn->known);
	http_door_put_head(conn);
	if (conn->req != NULL && conn->phase == HTTP_PENDING)
		conn->req->conn = NULL; /* the handler has it */
	else if (conn->req != NULL && conn->phase == HTTP_STREAM)
		left = conn->req;
	else if (conn->req != NULL && conn->phase == HTTP_ANSWER)
		http_request_end(conn->req);
	else
		free(conn->req);
	free(conn);
	http->open--;
	http_listen_again(http);
	if (left != NULL)
		http_stream_lost(left);
}

/* evhttp frees the connection: by our wish, or since its client left. */
static void
on_closed(struct evhttp_connection *evcon, void *arg)
{
	struct http_conn *conn = arg;
	evutil_socket_t fd = bufferevent_getfd(conn->bev);

	(void)evcon;
	/* The stream may still be in the middle of reading. */
	evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->watch);
	if (fd >= 0 && (size_t)fd < conn->http->by_fd_count &&
	    conn->http->by_fd[fd] == conn)
		conn->http->by_fd[fd] = NULL;
	forget(conn);
}

void
http_conn_close(struct http_conn *conn)
{
	if (conn->ssl != NULL)
		tls_session_end(conn->ssl);
	evhttp_connection_free(conn->evcon);
}

static bool
note_fd(struct http_conn *conn)
{
	struct http *http = conn->http;
	evutil_socket_t fd = bufferevent_getfd(conn->bev);
	struct http_conn **by_fd;
	size_t count;

	if (fd < 0)
		return false;
	if ((size_t)fd >= http->by_fd_count) {
		count = (size_t)fd + FD_STEP;
		by_fd =
		    realloc(http->by_fd, count * sizeof(struct http_conn *));
		if (by_fd == NULL)
			return false;
		memset(by_fd + http->by_fd_count, 0,
		    (count - http->by_fd_count) * sizeof(struct http_conn *));
		http->by_fd = by_fd;
		http->by_fd_count = count;
	}
	http->by_fd[fd] = conn;
	return true;
}

struct http_conn *
http_conn_find(struct http *http, struct evhttp_connection *evcon)
{
	evutil_socket_t fd =
	    bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	struct http_conn *conn;

	if (fd < 0 || (size_t)fd >= http->by_fd_count)
		return NULL;
	conn = http->by_fd[fd];
	return conn != NULL && conn->evcon == evcon ? conn : NULL;
}

/* --- turns --- */

/* Over its limit of strangers an address gets one line, if that is possible
 * without waiting, and no more. */
static void
send_away(struct http_conn *conn)
{
	struct buf out = BUF_INIT;

	conn->refusal = (struct http_verdict){.status = 429,
	    .detail = "Too many connections from this address that have not "
		      "shown a token."};
	http_door_make_refusal(conn, &out);
	if (conn->ssl == NULL && !out.failed)
		(void)send(bufferevent_getfd(conn->bev), out.data, out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	http_door_tell_refused(conn, out.len);
	buf_fini(&out);
	http_conn_close(conn);
}

/* Learns who is there. False when conn is gone. */
static bool
meet(struct http_conn *conn)
{
	struct http *http = conn->http;
	const struct sockaddr *from = evhttp_connection_get_addr(conn->evcon);
	const int on = 1;
	ev_uint16_t port;
	char *text;

	evhttp_connection_get_peer(conn->evcon, &text, &port);
	strncpy(conn->peer_text, text, sizeof conn->peer_text - 1);
	if (!conn->dead && from != NULL && note_fd(conn))
		conn->peer = http_peers_enter(http->peers, from);
	if (conn->peer == NULL) {
		http_conn_close(conn);
		return false;
	}
	/* Else an answer in two writes waits 40 ms for the client's ACK. */
	setsockopt(bufferevent_getfd(conn->bev), IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof on);
	if (has_room(conn))
		return true;
	if (http->parked >= http->limits.connections / HTTP_PARK_PART) {
		send_away(conn);
		return false;
	}
	park(conn);
	conn->deadline_us = http_after_ms(HTTP_PARK_MS);
	bufferevent_disable(conn->bev, EV_READ);
	return true;
}

static void
resume(struct http_conn *conn)
{
	if (conn->phase != HTTP_IDLE ||
	    evbuffer_get_length(bufferevent_get_input(conn->bev)) == 0)
		return;
	http_door_start(conn);
	if (conn->phase == HTTP_BODY)
		bufferevent_trigger(conn->bev, EV_READ, 0);
}

/* evhttp has made its connection of our stream by now, or failed to. */
static void
adopt(struct http_conn *conn)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(conn->bev, &on_read, &on_write, &on_event, &arg);
	if (arg == conn || arg == NULL) {
		if (arg == conn)
			bufferevent_free(conn->bev); /* nobody took it */
		evbuffer_remove_cb_entry(
		    bufferevent_get_input(conn->bev), conn->watch);
		bufferevent_decref(conn->bev);
		forget(conn);
		return;
	}
	conn->evcon = arg;
	evhttp_connection_set_closecb(conn->evcon, on_closed, conn);
	bufferevent_decref(conn->bev);
	conn->phase = HTTP_IDLE;
	if (conn->http->draining)
		http_conn_later(conn, HTTP_TODO_CLOSE);
	if (meet(conn))
		resume(conn);
}

void
http_conn_turn(struct http_conn *conn)
{
	enum http_todo todo = conn->todo;

	TAILQ_REMOVE(&conn->http->todos, conn, todos);
	conn->todo = HTTP_TODO_NONE;
	switch (todo) {
	case HTTP_TODO_NONE:
		break;
	case HTTP_TODO_ADOPT:
		adopt(conn);
		break;
	case HTTP_TODO_RESUME:
		resume(conn);
		break;
	case HTTP_TODO_TURN_AWAY:
		http_door_write_refusal(conn);
		break;
	case HTTP_TODO_CLOSE:
		if (conn->phase == HTTP_IDLE || conn->phase == HTTP_PARKED)
			http_conn_close(conn);
		break;
	case HTTP_TODO_ABORT:
		http_stream_break(conn);
		break;
	}
}

/* Whether there is room for it now; if not until its time is up, it goes. */
static void
check_parked(struct http_conn *conn, int64_t now_us)
{
	unpark(conn);
	if (has_room(conn)) {
		park(conn);
		start_hearing(conn);
	} else if (now_us >= conn->deadline_us) {
		send_away(conn);
	} else {
		park(conn);
	}
}

size_t
http_conn_waiting(const struct http_conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

void
http_conn_check(struct http_conn *conn, int64_t now_us)
{
	if (conn->todo != HTTP_TODO_NONE)
		return;
	if (conn->phase == HTTP_PARKED) {
		check_parked(conn, now_us);
		return;
	}
	if (conn->deadline_us == 0 || now_us < conn->deadline_us)
		return;
	switch (conn->phase) {
	case HTTP_FRESH:
	case HTTP_PARKED:
	case HTTP_PENDING:
		break;
	case HTTP_STREAM:
		http_stream_check(conn);
		break;
	case HTTP_IDLE:
	case HTTP_ANSWER:
	case HTTP_TURNED_AWAY:
		http_conn_close(conn);
		break;
	case HTTP_HEAD:
		http_door_turn_away(
		    conn, 408, "The head of the request took too long.", NULL);
		break;
	case HTTP_BODY:
		http_door_turn_away(
		    conn, 408, "The body of the request took too long.", NULL);
		break;
	}
}

/* --- after the answer --- */

void
http_conn_answered(struct evhttp_request *evreq, void *arg)
{
	struct http_conn *conn = arg;

	(void)evreq;
	http_request_end(conn->req);
	conn->req = NULL;
	if (conn->closing) {
		/* evhttp frees the connection next. */
		if (conn->ssl != NULL)
			tls_session_end(conn->ssl);
		conn->phase = HTTP_IDLE;
		return;
	}
	conn->phase = HTTP_IDLE;
	conn->held = false;
	conn->deadline_us = http_after_ms(conn->http->limits.idle_ms);
	if (conn->http->draining)
		http_conn_later(conn, HTTP_TODO_CLOSE);
	else if (evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0)
		http_conn_later(conn, HTTP_TODO_RESUME);
}
