/*
 * http_peers.c - the table of http_peers.h: chained, of a fixed width, hashed
 * with a secret so that nobody can choose addresses that collide.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tls.h"

#include "http_peers.h"

/* 2^12: chains of two or three at 10000 connections from as many places. */
enum {
	BUCKET_BITS = 12,
	BUCKETS = 1 << BUCKET_BITS
};

struct http_peers {
	uint64_t secret;
	struct http_peer *buckets[BUCKETS];
};

struct http_peers *
http_peers_new(struct err *err)
{
	struct http_peers *peers = calloc(1, sizeof *peers);

	if (peers == NULL) {
		err_nomem(err);
		return NULL;
	}
	if (!tls_random(&peers->secret, sizeof peers->secret, err)) {
		free(peers);
		return NULL;
	}
	return peers;
}

void
http_peers_free(struct http_peers *peers)
{
	struct http_peer *peer, *next;
	size_t i;

	if (peers == NULL)
		return;
	for (i = 0; i < BUCKETS; i++) {
		for (peer = peers->buckets[i]; peer != NULL; peer = next) {
			next = peer->next;
			free(peer);
		}
	}
	free(peers);
}

/* IPv4, also when mapped into IPv6, keeps all its bits; IPv6 its first 64. */
static void
make_key(const struct sockaddr *from, uint64_t key[2])
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	key[0] = key[1] = 0;
	if (from->sa_family == AF_INET) {
		key[1] = 1;
		memcpy(key, &v4->sin_addr, sizeof v4->sin_addr);
	} else if (from->sa_family == AF_INET6 &&
		   IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		key[1] = 1;
		memcpy(key, v6->sin6_addr.s6_addr + 12, 4);
	} else if (from->sa_family == AF_INET6) {
		key[1] = 2;
		memcpy(key, v6->sin6_addr.s6_addr, 8);
	}
}

/* The finalizer of MurmurHash3 over the key and the secret. */
static size_t
bucket_of(const struct http_peers *peers, const uint64_t key[2])
{
	uint64_t x = key[0] ^ peers->secret ^ (key[1] << 56);

	x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (size_t)((x ^ (x >> 33)) >> (64 - BUCKET_BITS));
}

struct http_peer *
http_peers_enter(struct http_peers *peers, const struct sockaddr *from)
{
	struct http_peer *peer;
	uint64_t key[2];
	size_t bucket;

	make_key(from, key);
	bucket = bucket_of(peers, key);
	for (peer = peers->buckets[bucket]; peer != NULL; peer = peer->next) {
		if (peer->key[0] == key[0] && peer->key[1] == key[1])
			break;
	}
	if (peer == NULL) {
		peer = calloc(1, sizeof *peer);
		if (peer == NULL)
			return NULL;
		peer->key[0] = key[0];
		peer->key[1] = key[1];
		peer->next = peers->buckets[bucket];
		peers->buckets[bucket] = peer;
	}
	peer->strangers++;
	return peer;
}

void
http_peer_greet(struct http_peer *peer)
{
	peer->strangers--;
	peer->known++;
}

void
http_peers_leave(
    struct http_peers *peers, struct http_peer *peer, bool was_known)
{
	struct http_peer **at;

	if (was_known)
		peer->known--;
	else
		peer->strangers--;
	if (peer->strangers > 0 || peer->known > 0)
		return;
	at = &peers->buckets[bucket_of(peers, peer->key)];
	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	free(peer);
}
