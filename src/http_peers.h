/*
 * http_peers.h - how many connections each address has, and how many of them
 * are strangers: have not yet shown a token that is known.
 *
 * An IPv6 address counts as its /64, since one machine commands all of it.
 */
#ifndef SRC_HTTP_PEERS_H
#define SRC_HTTP_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct sockaddr;

struct http_peer {
	struct http_peer *next; /* owned by the table */
	uint64_t key[2];
	unsigned strangers;
	unsigned known;
	unsigned parked; /* of the strangers, those who have to wait */
};

struct http_peers;

struct http_peers *http_peers_new(struct err *err);
void http_peers_free(struct http_peers *peers);

/* A new connection, a stranger, from there. NULL without memory. */
struct http_peer *http_peers_enter(
    struct http_peers *peers, const struct sockaddr *from);

/* One of its strangers has shown its token. */
void http_peer_greet(struct http_peer *peer);

/* One of its connections has ended; was_known says which kind. The peer may
 * be gone after this. */
void http_peers_leave(
    struct http_peers *peers, struct http_peer *peer, bool was_known);

#endif
