/*
 * tls.h - hashes, random bytes, certificates and TLS sessions.
 *
 * With jws.h the only door to OpenSSL. Its session and context types pass through here
 * as opaque pointers, for the two libraries that insist on having them
 * (libevent's TLS streams, libesmtp).
 */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct ssl_st;	   /* SSL */
struct ssl_ctx_st; /* SSL_CTX */

enum {
	TLS_SHA256_BYTES = 32
};

/* --- hashes, random bytes, secrets --- */

/* SHA-256 of len bytes. Aborts only if the library cannot hash at all. */
void tls_sha256(const void *data, size_t len, uint8_t out[TLS_SHA256_BYTES]);

/* SHA-256 in pieces. Made once and used again and again: tls_hash_final
 * leaves it ready for the next message, and no call after tls_hash_new takes
 * memory. NULL and err when there is none. */
struct tls_hash;
struct tls_hash *tls_hash_new(struct err *err);
void tls_hash_free(struct tls_hash *hash);
/* Forgets what was added since the last tls_hash_final. */
void tls_hash_reset(struct tls_hash *hash);
void tls_hash_add(struct tls_hash *hash, const void *data, size_t len);
void tls_hash_final(struct tls_hash *hash, uint8_t out[TLS_SHA256_BYTES]);

/* HMAC-SHA256 (RFC 2104) of len bytes. Aborts as tls_sha256 does. */
void tls_hmac_sha256(const uint8_t key[TLS_SHA256_BYTES], const void *data,
    size_t len, uint8_t out[TLS_SHA256_BYTES]);

/* Fills data with random bytes fit for secrets. */
bool tls_random(void *data, size_t len, struct err *err)
    __attribute__((warn_unused_result));

/* Whether two blocks are equal, in a time that depends on len alone. */
bool tls_equal(const void *a, const void *b, size_t len);

/* Overwrites a secret; never optimised away. */
void tls_wipe(void *data, size_t len);

/* --- server --- */

/* A certificate chain with its key, ready for sessions: TLS 1.2 and 1.3,
 * HTTP/1 as the only application protocol. */
struct tls_server;

/* Reads both PEM files; cert_path may hold a chain, leaf first. The error
 * says which file is missing, unreadable or not PEM, or that the key does not
 * belong to the certificate (ERR_INPUT: the operator's files). */
struct tls_server *tls_server_open(
    const char *cert_path, const char *key_path, struct err *err);
/* Sessions that are open keep what they need of it. */
void tls_server_free(struct tls_server *server);

/* When the leaf certificate ends, in unix seconds. */
int64_t tls_server_not_after(const struct tls_server *server);

/* Whether the leaf was made by tls_make_certificate. */
bool tls_server_is_self_made(const struct tls_server *server);

/* A new session, owned by the caller; NULL without memory. */
struct ssl_st *tls_server_session(struct tls_server *server);

/* --- one session; the first read or write also does the handshake --- */

void tls_session_free(struct ssl_st *session);
/* Takes the server's side on a connected socket, which stays the caller's. */
bool tls_session_accept(struct ssl_st *session, int fd);
/* Whether the handshake is done, so that bytes may be written. */
bool tls_session_ready(const struct ssl_st *session);
/* Writes as send(2) does: bytes taken, or -1 with errno EAGAIN (call again
 * with the same data) or EPIPE (it is over). */
ssize_t tls_session_write(struct ssl_st *session, const void *data, size_t len);
/* Reads as recv(2) does: bytes, 0 when the other side has ended, or -1 with
 * errno EAGAIN or EPIPE. */
ssize_t tls_session_read(struct ssl_st *session, void *data, size_t len);
/* Says close_notify, once, if the handshake is done; never waits for the
 * other side's. */
void tls_session_end(struct ssl_st *session);

/* --- certificate --- */

/*
 * Makes a self-signed certificate for this machine: ECDSA P-256, its host
 * names and interface addresses as alternative names, valid from a minute
 * before now (unix seconds) for 365 days.
 *
 * Both files appear whole or not at all (written beside and renamed); the
 * key is 0600, and a missing parent folder is made 0700. A key that is
 * already there is used again, so that clients may pin it. A certificate that
 * is already there is ERR_INPUT, unless renew says to replace it.
 */
bool tls_make_certificate(const char *cert_path, const char *key_path,
    int64_t now, bool renew, struct err *err)
    __attribute__((warn_unused_result));

/* --- client --- */

/* What a session with one named server needs: TLS 1.2 or later, and a
 * certificate that is valid for host (a name, or an IP address). */
struct tls_client;

/* ca_file holds PEM certificates to trust; NULL means the system's. */
struct tls_client *tls_client_open(
    const char *host, const char *ca_file, struct err *err);
/* Sessions made from its context must be gone before. */
void tls_client_free(struct tls_client *client);

/* The context, borrowed: a library that keeps it takes a reference of its
 * own. Sessions made from it name host to the server (SNI), check the chain
 * and the name, and end with a wrong one. */
struct ssl_ctx_st *tls_client_ctx(struct tls_client *client);

/* Why the server's certificate was last refused, for a person ("self-signed
 * certificate"), or NULL if it was not. Static text. */
const char *tls_client_verify_error(const struct tls_client *client);

/* A new session on a connected socket (which stays the caller's), for use
 * without another library; NULL without memory. Free with tls_session_free. */
struct ssl_st *tls_client_session(struct tls_client *client, int fd);

/* Takes in what a TLS 1.3 server sends right after the handshake (tickets),
 * waiting at most 50 ms, so that a program that polls the socket is not told
 * of an answer that is none. Does nothing for TLS 1.2. errno is 0 after it. */
void tls_client_drain(struct ssl_st *session);

#endif
