/*
 * session.h - a person who has signed in: a text that a browser keeps as a
 * cookie, and that names a token without being one.
 *
 * The text is TOKEN.ENDS.MAC: the token's row, an instant in unix seconds, and
 * HMAC-SHA256 over both and the hash that is kept of the token. So it is good
 * for the very token that it was made for, as long as that is not revoked, and
 * for one key. Nothing is stored of a session; it ends by itself.
 */
#ifndef SRC_SESSION_H
#define SRC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"
#include "token.h"

enum {
	SESSION_SECS = 12 * 3600, /* from signing in to its end */
	/* Two numbers of 19 digits, 64 hex digits, two dots, NUL. */
	SESSION_TEXT_SIZE = 2 * 19 + 2 * TLS_SHA256_BYTES + 3,
	SESSION_PATH_SIZE = 256, /* of a place to go on to, with its NUL */
};

struct session_key {
	uint8_t bytes[TLS_SHA256_BYTES];
};

/* Reads session.key (0600) in the database's folder, and makes it when it is
 * not there. Without it, sessions of before are none. */
bool session_key_load(
    const char *folder, struct session_key *out, struct err *err);

/* A session of a token, by its row and the hash that is kept of it. */
void session_make(const struct session_key *key, int64_t token,
    const uint8_t hash[TLS_SHA256_BYTES], int64_t ends_at,
    char out[SESSION_TEXT_SIZE]);

/* Who holds it at now (unix seconds); role TOKEN_NOBODY when it has ended, was
 * changed, is of another key, or of a token that was revoked. False only when
 * the database does not work. */
bool session_find(struct sql *db, const struct session_key *key,
    const char *text, int64_t now, struct token_holder *out, struct err *err);

/* The value of a cookie by its name, out of a Cookie header; "" when it is
 * not there, or cannot be a session. Returns out. */
char *session_cookie(
    const char *cookies, const char *name, char out[SESSION_TEXT_SIZE]);

/* Whether a text is the path of a page here, with its query or not, so that a
 * browser that is sent there stays on this site. */
bool session_is_local(const char *path);

#endif
