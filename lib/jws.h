/*
 * jws.h - signed texts: JWS in compact form (RFC 7515) with ES256, that is
 * ECDSA with P-256 and SHA-256; and the keys that they are signed with.
 *
 * Three pieces of base64url with dots between: a header, the payload, and the
 * signature as 64 bytes, r and s (RFC 7518). No other algorithm is written,
 * and none is accepted, whatever a header says.
 */
#ifndef LIB_JWS_H
#define LIB_JWS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

enum {
	JWS_MAX_BYTES = 16384, /* of a whole JWS that is verified */
	JWS_MAX_KEY_FILE = 16384,
	JWS_KEY_ID_SIZE = 44, /* 43 characters, with the NUL */
};

/* A P-256 key: a private one signs and verifies, a public one verifies. */
struct jws_key;

/*
 * Reads a PEM file; *out is yours. With there not NULL one that is missing is
 * no error: *there is false then, and *out NULL. A private key is refused as
 * file_check_secret does; one with a passphrase, or of another kind than
 * P-256, is ERR_INPUT.
 */
bool jws_key_read_private(
    const char *path, bool *there, struct jws_key **out, struct err *err);
bool jws_key_read_public(
    const char *path, bool *there, struct jws_key **out, struct err *err);

/* A new private key. NULL and err (ERR_BROKEN) when there is none. */
struct jws_key *jws_key_make(struct err *err);
void jws_key_free(struct jws_key *key);

/* Its PEM, as openssl writes it: PKCS #8 (wipe it after use), or the public
 * half as SubjectPublicKeyInfo. */
bool jws_key_write_private(
    const struct jws_key *key, struct buf *out, struct err *err);
bool jws_key_write_public(
    const struct jws_key *key, struct buf *out, struct err *err);

/* The key's thumbprint (RFC 7638), which both halves have in common; the
 * member kid of headers. */
const char *jws_key_id(const struct jws_key *key);

/* Appends the JWS of a payload, with the header
 * {"alg":"ES256","kid":..,"typ":"JWT"}. Two calls never give the same. */
bool jws_sign(const struct jws_key *key, const void *payload, size_t len,
    struct buf *out, struct err *err) __attribute__((warn_unused_result));

/* Whether text is a JWS that this key has signed, and what was signed, in
 * payload. Nothing of a text that was not signed is handed out: ERR_INPUT says
 * what is wrong with it. */
bool jws_verify(const struct jws_key *key, const char *text, size_t len,
    struct buf *payload, struct err *err) __attribute__((warn_unused_result));

/* Base64 with - and _ and without padding (RFC 4648, section 5). Reading is
 * strict: false for any other character, or bits that are left over. */
void jws_put_base64url(struct buf *out, const void *data, size_t len);
bool jws_get_base64url(const char *text, size_t len, struct buf *out);

#endif
