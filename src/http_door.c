/*
 * http_door.c - the door in front of libevent's HTTP server.
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
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/util.h>

#include "lib/clock.h"
#include "lib/tls.h"

#include "http_conn.h"
#include "http_reply.h"

enum {
	PEEK_PIECES = 8
};

/* --- turning away --- */

void
http_door_tell_refused(struct http_conn *conn, size_t sent_bytes)
{
	struct http_seen seen = {
	    .holder = &conn->refusal.holder,
	    .method = "",
	    .path = "",
	    .status = conn->refusal.status,
	    .peer = conn->peer_text,
	    .body_bytes = sent_bytes,
	};

	if (conn->req != NULL) {
		seen.id = conn->req->id;
		seen.holder = &conn->req->holder;
		seen.method = conn->req->method;
		seen.path = conn->req->path;
		seen.micros = clock_mono_us() - conn->req->since_us;
	} else if (conn->head != NULL) {
		seen.method = conn->head->method;
		seen.path = conn->head->path;
	}
	if (seen.id == 0)
		seen.id = ++conn->http->last_id;
	http_tell_seen(conn->http, &seen);
}

void
http_door_make_refusal(struct http_conn *conn, struct buf *out)
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
void
http_door_turn_away(struct http_conn *conn, unsigned status, const char *detail,
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

void
http_door_write_refusal(struct http_conn *conn)
{
	struct buf out = BUF_INIT;
	bool ok;

	if (conn->ssl != NULL && !tls_session_ready(conn->ssl)) {
		http_conn_close(conn);
		return;
	}
	http_door_make_refusal(conn, &out);
	ok =
	    !out.failed && bufferevent_write(conn->bev, out.data, out.len) == 0;
	if (ok)
		http_door_tell_refused(conn, out.len);
	buf_fini(&out);
	http_door_put_head(conn);
	if (!ok) {
		http_conn_close(conn);
		return;
	}
	conn->deadline_us = http_after_ms(HTTP_LINGER_MS);
	conn->linger_bytes = HTTP_LINGER_BYTES;
	bufferevent_setcb(
	    conn->bev, NULL, on_refusal_written, on_turned_away_event, conn);
	bufferevent_enable(conn->bev, EV_WRITE);
	if (!conn->saw_eof)
		bufferevent_enable(conn->bev, EV_READ);
	drop_input(conn, bufferevent_get_input(conn->bev));
}

/* --- the head --- */

void
http_door_put_head(struct http_conn *conn)
{
	if (conn->head == NULL)
		return;
	if (conn->http->spare_head == NULL)
		conn->http->spare_head = conn->head;
	else
		free(conn->head);
	conn->head = NULL;
}

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
	req->id = ++conn->http->last_id;
	req->since_us = clock_mono_us();
	req->is_head = strcmp(head->method, "HEAD") == 0;
	req->keep_alive = head->keep_alive;
	req->in_chunks = head->minor > 0;
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
	    .cookie = head->cookie,
	    .has_body = head->has_body,
	    .chunked = head->chunked,
	    .content_length = head->content_length,
	    .content_type = head->content_type,
	};
	struct http_verdict verdict = {0};

	owner->gate(owner->ctx, &asked, &verdict);
	if (verdict.holder.role != TOKEN_NOBODY && !conn->known)
		http_conn_greet(conn);
	/* Who asks comes before how much it wants to send. */
	if (verdict.status == 0 && head->status != 0) {
		verdict.status = head->status;
		verdict.detail = head->detail;
	}
	/* Those that evhttp reads as we do. */
	if (verdict.status == 0 &&
	    strcmp(http_method_known(head->method), HTTP_METHOD_OTHER) == 0) {
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
	if (verdict.status != 0) {
		http_door_turn_away(
		    conn, verdict.status, verdict.detail, verdict.allow);
		conn->refusal.holder = verdict.holder;
	}
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
		http_door_turn_away(
		    conn, conn->chunk.status, conn->chunk.detail, NULL);
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
	http_door_put_head(conn);
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
		http_door_turn_away(
		    conn, 503, "Out of memory; try again.", NULL);
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
			http_door_turn_away(
			    conn, conn->head->status, conn->head->detail, NULL);
		break;
	}
}

void
http_door_start(struct http_conn *conn)
{
	conn->phase = HTTP_HEAD;
	conn->scanned = 0;
	/* The first head's deadline runs from accept. */
	if (conn->served)
		conn->deadline_us = http_after_ms(conn->http->limits.head_ms);
	read_head(conn);
}

/* Bytes came in or were taken out, before anybody else is told. */
void
http_door_input(
    struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
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
		http_door_start(conn);
		break;
	case HTTP_HEAD:
		read_head(conn);
		break;
	case HTTP_BODY:
		read_chunks(conn, info->n_added);
		break;
	case HTTP_PENDING:
	case HTTP_STREAM:
	case HTTP_ANSWER:
		break;
	case HTTP_TURNED_AWAY:
		if (conn->todo == HTTP_TODO_NONE)
			drop_input(conn, input);
		break;
	}
}
