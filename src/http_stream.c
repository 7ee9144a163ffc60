/*
 * http_stream.c - answers of the HTTP server that come in pieces. In: pieces,
 * as the handler has them. Out: bytes on the connection, and word of when more
 * are welcome, or when nobody reads them any more.
 */
#include <sys/socket.h>

#include "http_conn.h"
#include "http_reply.h"

bool
http_wants_no_body(const struct http_request *req)
{
	return req->is_head;
}

static void
on_drained(struct evhttp_connection *evcon, void *arg)
{
	struct http_request *req = arg;

	(void)evcon;
	req->conn->deadline_us = 0;
	if (req->on_event != NULL)
		req->on_event(req->event_ctx, HTTP_DRAINED);
}

/* Without chunks the end of the answer is that of the connection. */
bool
http_reply_begin(struct http_request *req, unsigned status,
    const char *content_type, http_stream_fn *on_event, void *ctx)
{
	struct http_conn *conn = req->conn;

	req->status = status;
	req->on_event = on_event;
	req->event_ctx = ctx;
	if (conn == NULL)
		return false;
	if (content_type != NULL)
		http_reply_header(req, "Content-Type", content_type);
	conn->closing =
	    !req->keep_alive || !req->in_chunks || req->http->draining;
	if (conn->closing)
		http_reply_header(req, "Connection", "close");
	conn->phase = HTTP_STREAM;
	conn->deadline_us = 0;
	evhttp_send_reply_start(
	    req->evreq, (int)status, http_status_text(status));
	conn->given_bytes = http_conn_waiting(conn);
	bufferevent_disable(conn->bev, EV_READ);
	return true;
}

static bool
give(struct http_request *req, const char *data, size_t len)
{
	struct evbuffer *piece = evbuffer_new();
	bool ok = piece != NULL && evbuffer_add(piece, data, len) == 0;

	if (ok)
		evhttp_send_reply_chunk_with_cb(
		    req->evreq, piece, on_drained, req);
	if (piece != NULL)
		evbuffer_free(piece);
	return ok;
}

/* The time to read it runs from the first byte that waits. */
size_t
http_reply_chunk(struct http_request *req, const char *data, size_t len)
{
	struct http_conn *conn = req->conn;
	size_t before, waiting;

	if (conn == NULL || req->is_head || len == 0)
		return 0;
	before = http_conn_waiting(conn);
	if (!give(req, data, len)) {
		/* What is not whole must not look as if it were. */
		http_conn_later(conn, HTTP_TODO_ABORT);
		return 0;
	}
	bufferevent_disable(conn->bev, EV_READ);
	waiting = http_conn_waiting(conn);
	req->sent_bytes += len;
	conn->given_bytes += waiting - before;
	if (conn->deadline_us == 0) {
		conn->deadline_us = http_after_ms(req->http->limits.body_ms);
		conn->taken_bytes = conn->given_bytes - waiting;
	}
	return waiting;
}

void
http_reply_end(struct http_request *req)
{
	struct http_conn *conn = req->conn;

	req->http->pending--;
	if (conn == NULL) {
		if (req->evreq != NULL)
			evhttp_send_reply_end(req->evreq); /* frees it */
		http_request_end(req);
		return;
	}
	conn->phase = HTTP_ANSWER;
	conn->deadline_us = http_after_ms(req->http->limits.body_ms);
	evhttp_send_reply_end(req->evreq);
}

/* The connection still has to go, which is not to be done from here. */
void
http_reply_abort(struct http_request *req)
{
	if (req->conn == NULL) {
		http_reply_end(req);
		return;
	}
	req->http->pending--;
	req->on_event = NULL;
	http_conn_later(req->conn, HTTP_TODO_ABORT);
}

/* libevent frees the request with its connection, unless it has parted them
 * before. */
void
http_stream_lost(struct http_request *req)
{
	if (evhttp_request_get_connection(req->evreq) == NULL)
		evhttp_request_free(req->evreq);
	req->evreq = NULL;
	req->conn = NULL;
	if (req->on_event != NULL)
		req->on_event(req->event_ctx, HTTP_LEFT);
	else
		http_request_end(req);
}

/* Whoever reads on, if slowly, gets the same time again. */
void
http_stream_check(struct http_conn *conn)
{
	size_t taken = conn->given_bytes - http_conn_waiting(conn);

	if (taken - conn->taken_bytes < HTTP_STREAM_STEP) {
		http_stream_break(conn);
		return;
	}
	conn->taken_bytes = taken;
	conn->deadline_us = http_after_ms(conn->http->limits.body_ms);
}

/* With a reset, so that an answer that ends with its connection does not look
 * whole either. */
void
http_stream_break(struct http_conn *conn)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	setsockopt(bufferevent_getfd(conn->bev), SOL_SOCKET, SO_LINGER, &none,
	    sizeof none);
	evhttp_connection_free(conn->evcon);
}
