/*
 * http_conn.h - one connection of the HTTP server, from accept to close; what
 * http.c, http_conn.c and http_door.c share.
 *
 *   FRESH (-> PARKED) -> IDLE -> HEAD -> BODY -> PENDING -> ANSWER -> IDLE ...
 *                                   \      \          \-> STREAM -> ANSWER
 *                                    \______\__> TURNED_AWAY -> gone
 */
#ifndef SRC_HTTP_CONN_H
#define SRC_HTTP_CONN_H

#include <sys/queue.h>

#include <event2/bufferevent.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "http.h"
#include "http_peers.h"
#include "lib/httpchunk.h"
#include "lib/httphead.h"

struct evconnlistener;
struct ssl_st;

enum {
	HTTP_PEER_SIZE = 46, /* INET6_ADDRSTRLEN */
	/* A client that was turned away may still be sending: it is heard,
	 * and ignored, for so long and so much, so that it reads its answer
	 * before the connection is gone. */
	HTTP_LINGER_MS = 2000,
	HTTP_LINGER_BYTES = 1 << 20,
	/* Many connections that a good client opens at once are strangers
	 * until the first of them has shown its token: so long the rest may
	 * wait for it. All who wait are at most this part of the cap. */
	HTTP_PARK_MS = 1000,
	HTTP_PARK_PART = 4,
};

enum http_phase {
	HTTP_FRESH,	  /* accepted; libevent is still making it */
	HTTP_PARKED,	  /* one stranger too many: not heard yet */
	HTTP_IDLE,	  /* no byte of the next head is here */
	HTTP_HEAD,	  /* some are; libevent sees none of them yet */
	HTTP_BODY,	  /* the gate let it in; libevent reads */
	HTTP_PENDING,	  /* the handler has the request */
	HTTP_STREAM,	  /* the handler gives the answer piece by piece */
	HTTP_ANSWER,	  /* the answer is on its way */
	HTTP_TURNED_AWAY, /* libevent's HTTP is out of it for good */
};

/* What is left for the next turn, when nothing of the connection's is on the
 * stack. Of two the later in this list is done. */
enum http_todo {
	HTTP_TODO_NONE,
	HTTP_TODO_ADOPT,
	HTTP_TODO_RESUME, /* the next head is here already */
	HTTP_TODO_CLOSE,  /* if it is idle */
	HTTP_TODO_ABORT,  /* in the middle of an answer */
	HTTP_TODO_TURN_AWAY,
};

struct http_request {
	struct http *http;	/* borrowed */
	struct http_conn *conn; /* borrowed; NULL when it is gone */
	/* Owned by libevent; NULL: gone with the client in mid-answer. */
	struct evhttp_request *evreq;
	struct token_holder holder;
	uint64_t id;
	int64_t since_us; /* the end of the head */
	unsigned status;  /* of the answer; 0 before it */
	size_t sent_bytes;
	bool is_head, keep_alive;
	bool in_chunks; /* its client knows chunks: HTTP/1.1 */
	http_stream_fn *on_event;
	void *event_ctx;		   /* borrowed until it is ended */
	const char *method, *path, *query; /* into text */
	char peer[HTTP_PEER_SIZE];
	char text[];
};

struct http_conn {
	struct http *http; /* borrowed */
	TAILQ_ENTRY(http_conn) all, todos;
	enum http_phase phase;
	enum http_todo todo;

	struct bufferevent *bev;	 /* owned by evcon */
	struct ssl_st *ssl;		 /* owned by bev; NULL: plain */
	struct evbuffer_cb_entry *watch; /* on bev's input; owned by it */
	struct evhttp_connection *evcon; /* owned by libevent; NULL if FRESH */

	/* libevent's callbacks, while it is kept from reading. */
	bool held;
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *on_arg;

	bool dead;    /* must not say a word: its TLS could not be made */
	bool served;  /* has had its first request */
	bool closing; /* ends after this answer */
	bool known;   /* has shown a token */
	bool saw_eof, half_closed;
	bool chunked;
	int64_t deadline_us; /* 0: none */
	/* Of a long answer: given; and taken when deadline_us was set. */
	size_t given_bytes, taken_bytes;
	struct http_peer *peer;
	char peer_text[HTTP_PEER_SIZE];

	struct httphead *head; /* owned, while one is read */
	size_t scanned;	       /* bytes of the input that it has seen */
	struct httpchunk chunk;
	struct http_request *req; /* from the gate to the end of the answer */

	struct http_verdict refusal;
	size_t linger_bytes;
};

TAILQ_HEAD(http_conns, http_conn);

struct http {
	struct event_base *base;	   /* borrowed */
	struct evhttp *evhttp;		   /* owned */
	struct evhttp_bound_socket *bound; /* owned by evhttp; NULL: drained */
	struct evconnlistener *listener;   /* owned by bound */
	struct event *turn;		   /* owned: work for the next turn */
	struct event *tick;		   /* owned: looks at deadlines */
	struct http_limits limits;
	struct http_owner owner;
	struct tls_server *tls; /* borrowed; NULL: plain */
	struct http_peers *peers;
	struct http_conns conns, todos;
	struct http_conn *spare_conn; /* owned: see http_conn_accept */
	struct httphead *spare_head;  /* owned */
	struct http_conn **by_fd;     /* owned */
	size_t by_fd_count;
	unsigned open, pending, parked, port;
	uint64_t last_id; /* of a request */
	bool draining, paused;
	char address[64]; /* where it listens, with the port */
};

/* A connection that has no socket yet, and says nothing; NULL without
 * memory. http_conn_drop gives it back. */
struct http_conn *http_conn_new_dead(struct http *http);
void http_conn_drop(struct http_conn *conn);

/* Called by libevent for each socket it accepted: the stream to use. */
struct bufferevent *http_conn_accept(struct event_base *base, void *http);

/* Does what conn.todo says. conn may be gone after this. */
void http_conn_turn(struct http_conn *conn);

/* Looks at its deadline. conn may be gone after this. */
void http_conn_check(struct http_conn *conn, int64_t now_us);

/* Ends it, politely if it can be; not while a request is pending. */
void http_conn_close(struct http_conn *conn);

/* Leaves what todo says to the next turn. */
void http_conn_later(struct http_conn *conn, enum http_todo todo);

/* The connection of one of libevent's, or NULL. */
struct http_conn *http_conn_find(
    struct http *http, struct evhttp_connection *evcon);

/* It is answered, as far as that goes: tells the owner, and frees it. */
void http_request_end(struct http_request *req);

/* The answer was handed over; on_complete callback of libevent's request. */
void http_conn_answered(struct evhttp_request *evreq, void *conn);

/* Bytes of the answer that wait for the client. */
size_t http_conn_waiting(const struct http_conn *conn);

/* It has shown a token: it, and those who wait with it, are no strangers. */
void http_conn_greet(struct http_conn *conn);

/* So many milliseconds from now, as a deadline. */
int64_t http_after_ms(int64_t ms);

void http_tell_seen(struct http *http, const struct http_seen *seen);

/* --- http_stream.c --- */

/* Its client left in the middle of its answer. conn is gone by now. */
void http_stream_lost(struct http_request *req);

/* The deadline of a long answer has come, and ends its connection if too
 * little was read since it was set. conn may be gone after this. */
void http_stream_check(struct http_conn *conn);

/* Ends the connection in the middle of an answer. */
void http_stream_break(struct http_conn *conn);

/* --- http_door.c --- */

/* Callback of a stream's input buffer; arg is the http_conn. */
void http_door_input(
    struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

/* Reads a new head from what the input holds. */
void http_door_start(struct http_conn *conn);

/* From now on evhttp hears nothing of this connection; the answer is written
 * in its next turn, by http_door_write_refusal. detail and allow are static;
 * allow may be NULL. */
void http_door_turn_away(struct http_conn *conn, unsigned status,
    const char *detail, const char *allow);
void http_door_write_refusal(struct http_conn *conn);

/* conn.refusal as bytes, and the owner told of it. */
void http_door_make_refusal(struct http_conn *conn, struct buf *out);
void http_door_tell_refused(struct http_conn *conn, size_t sent_bytes);

/* Gives back the reader of a head, if there is one. */
void http_door_put_head(struct http_conn *conn);

/* Accepts as long as there is room; http.c. */
void http_listen_again(struct http *http);

#endif
