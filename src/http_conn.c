/*
 * http_conn.c - the door in front of libevent's HTTP server.
 *
 * evhttp accepts what it must not, reads bodies before it asks, and answers
 * mistakes with pages of its own. So every byte passes a callback on the
 * connection's input buffer first, which runs before evhttp's own: heads and
 * chunk frames are read strictly here, and until a head is whole and the gate
 * has let it in, evhttp's read callback is taken out of the stream. It only
 * ever sees whole, plain requests.
 *
 * A request that is turned away takes its connection with it: all of evhttp's
 * callbacks are replaced, so that no late one of them can take our answer for
 * its own, the answer is written, the write side closed, the rest of what the
 * client sends dropped for a while, and evhttp told to free the connection.
 *
 * Nothing is freed or written from inside the input callback: that waits for
 * a turn of its own (http_conn_turn), when nothing of the stream is on the
 * stack. The turn's event has the highest priority, so it comes before
 * anything evhttp has put off.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/tls.h"

#include "http_conn.h"
#include "http_reply.h"

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

static void on_input(
    struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

static int64_t
after_ms(int64_t ms)
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

	conn->watch =
	    evbuffer_add_cb(bufferevent_get_input(conn->bev), on_input, conn);
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
	conn->deadline_us = after_ms(http->limits.head_ms);
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

static void
put_head_back(struct http_conn *conn)
{
	if (conn->head == NULL)
		return;
	if (conn->http->spare_head == NULL)
		conn->http->spare_head = conn->head;
	else
		free(conn->head);
	conn->head = NULL;
}

static void
tell_seen(struct http *http, const struct http_seen *seen)
{
	if (http->owner.seen != NULL)
		http->owner.seen(http->owner.ctx, seen);
}

void
http_request_end(struct http_request *req)
{
	const struct http_seen seen = {
	    .method = req->method,
	    .path = req->path,
	    .status = req->status,
	    .peer = req->peer,
	    .micros = clock_mono_us() - req->since_us,
	    .body_bytes = req->sent_bytes,
	};

	tell_seen(req->http, &seen);
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
	conn->deadline_us = after_ms(conn->http->limits.head_ms);
	bufferevent_enable(conn->bev, EV_READ);
}

/* The first token from an address lets in all who wait there. */
static void
greet(struct http_conn *conn)
{
	struct http_conn *other;

	conn->known = true;
	http_peer_greet(conn->peer);
	if (conn->peer->parked == 0)
		return;
	TAILQ_FOREACH(other, &conn->http->conns, all)
	{
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

	if (conn->phase == HTTP_PARKED)
		unpark(conn);
	TAILQ_REMOVE(&http->conns, conn, all);
	if (conn->todo != HTTP_TODO_NONE)
		TAILQ_REMOVE(&http->todos, conn, todos);
	if (conn->peer != NULL)
		http_peers_leave(http->peers, conn->peer, conn->known);
	put_head_back(conn);
	if (conn->req != NULL && conn->phase == HTTP_PENDING)
		conn->req->conn = NULL; /* the handler has it */
	else if (conn->req != NULL && conn->phase == HTTP_ANSWER)
		http_request_end(conn->req);
	else
		free(conn->req);
	free(conn);
	http->open--;
	http_listen_again(http);
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

/* --- turning away --- */

static void
tell_refused(struct http_conn *conn, size_t sent_bytes)
{
	struct http_seen seen = {
	    .method = "",
	    .path = "",
	    .status = conn->refusal.status,
	    .peer = conn->peer_text,
	    .body_bytes = sent_bytes,
	};

	if (conn->req != NULL) {
		seen.method = conn->req->method;
		seen.path = conn->req->path;
		seen.micros = clock_mono_us() - conn->req->since_us;
	} else if (conn->head != NULL) {
		seen.method = conn->head->method;
		seen.path = conn->head->path;
	}
	tell_seen(conn->http, &seen);
}

static void
make_refusal(struct http_conn *conn, struct buf *out)
{
	const struct http_verdict *refusal = &conn->refusal;
	bool is_head =
	    conn->head != NULL && strcmp(conn->head->method, "HEAD") == 0;
	char date[64] = "";

	evutil_date_rfc1123(date, sizeof date, NULL);
	http_add_refusal(out, refusal->status,
	    refusal->detail != NULL ? refusal->detail : "", refusal->allow,
	    date, is_head);
}

static void
on_turned_away_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_conn *conn = arg;

	(void)bev;
	if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_WRITING) == 0 &&
	    !conn->half_closed) {
		/* It has said all; it may still want to hear the answer. */
		conn->saw_eof = true;
		return;
	}
	if ((what & BEV_EVENT_CONNECTED) == 0)
		http_conn_close(conn);
}

/* From now on evhttp hears nothing of this connection. */
static void
turn_away(struct http_conn *conn, unsigned status, const char *detail,
    const char *allow)
{
	conn->phase = HTTP_TURNED_AWAY;
	conn->refusal = (struct http_verdict){
	    .status = status, .detail = detail, .allow = allow};
	bufferevent_setcb(conn->bev, NULL, NULL, on_turned_away_event, conn);
	http_conn_later(conn, HTTP_TODO_TURN_AWAY);
}

static void
on_refusal_written(struct bufferevent *bev, void *arg)
{
	struct http_conn *conn = arg;

	if (conn->half_closed ||
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	conn->half_closed = true;
	if (conn->ssl != NULL)
		tls_session_end(conn->ssl);
	shutdown(bufferevent_getfd(bev), SHUT_WR);
	if (conn->saw_eof)
		http_conn_close(conn);
}

/* Drops what came; when it was enough, lets the client wait instead, until it
 * reads its answer or the deadline comes. */
static void
drop_input(struct http_conn *conn, struct evbuffer *input)
{
	size_t len = evbuffer_get_length(input);

	evbuffer_drain(input, len);
	if (len < conn->linger_bytes) {
		conn->linger_bytes -= len;
		return;
	}
	conn->linger_bytes = 0;
	bufferevent_disable(conn->bev, EV_READ);
}

static void
write_refusal(struct http_conn *conn)
{
	struct buf out = BUF_INIT;
	bool ok;

	if (conn->ssl != NULL && !tls_session_ready(conn->ssl)) {
		http_conn_close(conn);
		return;
	}
	make_refusal(conn, &out);
	ok =
	    !out.failed && bufferevent_write(conn->bev, out.data, out.len) == 0;
	if (ok)
		tell_refused(conn, out.len);
	buf_fini(&out);
	put_head_back(conn);
	if (!ok) {
		http_conn_close(conn);
		return;
	}
	conn->deadline_us = after_ms(HTTP_LINGER_MS);
	conn->linger_bytes = HTTP_LINGER_BYTES;
	bufferevent_setcb(
	    conn->bev, NULL, on_refusal_written, on_turned_away_event, conn);
	bufferevent_enable(conn->bev, EV_WRITE);
	if (!conn->saw_eof)
		bufferevent_enable(conn->bev, EV_READ);
	drop_input(conn, bufferevent_get_input(conn->bev));
}

/* --- the head --- */

/* Keeps evhttp from reading until release. Its argument stays: a read that
 * evhttp has put off calls whatever callback is set with that. */
static void
hold(struct http_conn *conn)
{
	if (conn->held)
		return;
	bufferevent_getcb(conn->bev, &conn->on_read, &conn->on_write,
	    &conn->on_event, &conn->on_arg);
	bufferevent_setcb(
	    conn->bev, NULL, conn->on_write, conn->on_event, conn->on_arg);
	conn->held = true;
}

static void
release(struct http_conn *conn)
{
	if (!conn->held)
		return;
	bufferevent_setcb(conn->bev, conn->on_read, conn->on_write,
	    conn->on_event, conn->on_arg);
	conn->held = false;
}

static bool
take_head(struct http_conn *conn)
{
	struct http *http = conn->http;

	conn->head = http->spare_head;
	http->spare_head = NULL;
	if (conn->head == NULL)
		conn->head = malloc(sizeof *conn->head);
	if (conn->head == NULL)
		return false;
	httphead_init(
	    conn->head, http->limits.head_bytes, http->limits.body_bytes);
	return true;
}

/* The methods that evhttp reads as we do. */
static bool
is_known_method(const char *method)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS", "TRACE"};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(known[i], method) == 0)
			return true;
	}
	return false;
}

static struct http_request *
new_request(struct http_conn *conn, const struct http_verdict *verdict)
{
	const struct httphead *head = conn->head;
	size_t method = strlen(head->method) + 1;
	size_t path = strlen(head->path) + 1;
	size_t query = strlen(head->query) + 1;
	struct http_request *req = malloc(sizeof *req + method + path + query);

	if (req == NULL)
		return NULL;
	memset(req, 0, sizeof *req);
	req->http = conn->http;
	req->conn = conn;
	req->holder = verdict->holder;
	req->since_us = clock_mono_us();
	req->is_head = strcmp(head->method, "HEAD") == 0;
	req->keep_alive = head->keep_alive;
	req->method = memcpy(req->text, head->method, method);
	req->path = memcpy(req->text + method, head->path, path);
	req->query = memcpy(req->text + method + path, head->query, query);
	memcpy(req->peer, conn->peer_text, sizeof req->peer);
	return req;
}

/* Asks the gate. False when the request is turned away. */
static bool
pass_gate(struct http_conn *conn)
{
	const struct http_owner *owner = &conn->http->owner;
	const struct httphead *head = conn->head;
	const struct http_head asked = {
	    .method = head->method,
	    .path = head->path,
	    .query = head->query,
	    .bearer = head->bearer,
	    .has_body = head->has_body,
	    .content_type = head->content_type,
	};
	struct http_verdict verdict = {0};

	owner->gate(owner->ctx, &asked, &verdict);
	if (verdict.holder.role != TOKEN_NOBODY && !conn->known)
		greet(conn);
	/* Who asks comes before how much it wants to send. */
	if (verdict.status == 0 && head->status != 0) {
		verdict.status = head->status;
		verdict.detail = head->detail;
	}
	if (verdict.status == 0 && !is_known_method(head->method)) {
		verdict.status = 405;
		verdict.detail = "This method is not known here.";
	}
	if (verdict.status == 0) {
		conn->req = new_request(conn, &verdict);
		if (conn->req == NULL) {
			verdict.status = 503;
			verdict.detail = "Out of memory; try again.";
		}
	}
	if (verdict.status != 0)
		turn_away(conn, verdict.status, verdict.detail, verdict.allow);
	return verdict.status == 0;
}

/* Reads on in what the input holds and was not seen yet, with feed, until it
 * says something else than MORE. */
static enum httphead_result
scan(
    struct http_conn *conn, enum httphead_result (*feed)(struct http_conn *conn,
				const char *data, size_t len, size_t *taken))
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);
	enum httphead_result result = HTTPHEAD_MORE;
	struct evbuffer_iovec pieces[PEEK_PIECES];
	struct evbuffer_ptr at;
	size_t taken;
	int count, i;

	while (result == HTTPHEAD_MORE &&
	       conn->scanned < evbuffer_get_length(input)) {
		evbuffer_ptr_set(input, &at, conn->scanned, EVBUFFER_PTR_SET);
		count = evbuffer_peek(input, -1, &at, pieces, PEEK_PIECES);
		for (i = 0;
		     i < count && i < PEEK_PIECES && result == HTTPHEAD_MORE;
		     i++) {
			result = feed(conn, pieces[i].iov_base,
			    pieces[i].iov_len, &taken);
			conn->scanned += taken;
		}
	}
	return result;
}

static enum httphead_result
feed_head(struct http_conn *conn, const char *data, size_t len, size_t *taken)
{
	return httphead_feed(conn->head, data, len, taken);
}

static enum httphead_result
feed_chunk(struct http_conn *conn, const char *data, size_t len, size_t *taken)
{
	return httpchunk_feed(&conn->chunk, data, len, taken);
}

/* --- the body --- */

/* evhttp takes bytes out of the input as it reads, so what was seen is
 * counted from the end: added bytes are new. */
static void
read_chunks(struct http_conn *conn, size_t added)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	if (!conn->chunked)
		return;
	conn->scanned = evbuffer_get_length(input) - added;
	switch (scan(conn, feed_chunk)) {
	case HTTPHEAD_MORE:
		break;
	case HTTPHEAD_COMPLETE:
		conn->chunked = false;
		break;
	case HTTPHEAD_REFUSED:
		turn_away(conn, conn->chunk.status, conn->chunk.detail, NULL);
		break;
	}
}

static void
let_in(struct http_conn *conn)
{
	const struct http_limits *limits = &conn->http->limits;
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	conn->phase = HTTP_BODY;
	conn->served = true;
	conn->deadline_us = conn->req->since_us + limits->body_ms * 1000;
	conn->chunked = conn->head->chunked;
	put_head_back(conn);
	release(conn);
	if (conn->chunked) {
		httpchunk_init(&conn->chunk, limits->body_bytes);
		read_chunks(conn, evbuffer_get_length(input) - conn->scanned);
	}
}

static void
read_head(struct http_conn *conn)
{
	if (conn->head == NULL && !take_head(conn)) {
		turn_away(conn, 503, "Out of memory; try again.", NULL);
		return;
	}
	switch (scan(conn, feed_head)) {
	case HTTPHEAD_MORE:
		hold(conn);
		break;
	case HTTPHEAD_COMPLETE:
		if (pass_gate(conn))
			let_in(conn);
		break;
	case HTTPHEAD_REFUSED:
		if (conn->head->whole)
			pass_gate(conn);
		else
			turn_away(
			    conn, conn->head->status, conn->head->detail, NULL);
		break;
	}
}

static void
start_head(struct http_conn *conn)
{
	conn->phase = HTTP_HEAD;
	conn->scanned = 0;
	/* The first head's deadline runs from accept. */
	if (conn->served)
		conn->deadline_us = after_ms(conn->http->limits.head_ms);
	read_head(conn);
}

/* Bytes came in or were taken out, before anybody else is told. */
static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_conn *conn = arg;

	if (info->n_added == 0)
		return;
	switch (conn->phase) {
	case HTTP_FRESH:
	case HTTP_PARKED:
		hold(conn);
		break;
	case HTTP_IDLE:
		start_head(conn);
		break;
	case HTTP_HEAD:
		read_head(conn);
		break;
	case HTTP_BODY:
		read_chunks(conn, info->n_added);
		break;
	case HTTP_PENDING:
	case HTTP_ANSWER:
		break;
	case HTTP_TURNED_AWAY:
		if (conn->todo == HTTP_TODO_NONE)
			drop_input(conn, input);
		break;
	}
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
	make_refusal(conn, &out);
	if (conn->ssl == NULL && !out.failed)
		(void)send(bufferevent_getfd(conn->bev), out.data, out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	tell_refused(conn, out.len);
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
	conn->deadline_us = after_ms(HTTP_PARK_MS);
	bufferevent_disable(conn->bev, EV_READ);
	return true;
}

static void
resume(struct http_conn *conn)
{
	if (conn->phase != HTTP_IDLE ||
	    evbuffer_get_length(bufferevent_get_input(conn->bev)) == 0)
		return;
	start_head(conn);
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
		write_refusal(conn);
		break;
	case HTTP_TODO_CLOSE:
		if (conn->phase == HTTP_IDLE || conn->phase == HTTP_PARKED)
			http_conn_close(conn);
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
	case HTTP_IDLE:
	case HTTP_ANSWER:
	case HTTP_TURNED_AWAY:
		http_conn_close(conn);
		break;
	case HTTP_HEAD:
		turn_away(
		    conn, 408, "The head of the request took too long.", NULL);
		break;
	case HTTP_BODY:
		turn_away(
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
	conn->deadline_us = after_ms(conn->http->limits.idle_ms);
	if (conn->http->draining)
		http_conn_later(conn, HTTP_TODO_CLOSE);
	else if (evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0)
		http_conn_later(conn, HTTP_TODO_RESUME);
}
