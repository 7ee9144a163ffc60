/*
 * session.c - sessions of people. In: a key, a token's row, a cookie. Out: a
 * cookie's value, or who it is. Owns the file session.key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "session.h"

enum {
	MAX_DIGITS = 18, /* of a number in the text: fits 64 bits */
	MAC_DIGITS = 2 * TLS_SHA256_BYTES,
	SIGNED_SIZE = SESSION_TEXT_SIZE + 64,
};

/* --- the key --- */

static bool
make_key(const char *path, struct session_key *out, struct err *err)
{
	return tls_random(out->bytes, sizeof out->bytes, err) &&
	       file_write_whole(
		   path, out->bytes, sizeof out->bytes, 0600, false, err);
}

static bool
read_key(const char *path, struct session_key *out, struct err *err)
{
	struct buf bytes = BUF_INIT;
	bool there = false, ok;

	ok = file_read_secret(path, sizeof out->bytes + 1, &bytes, &there, err);
	if (ok && !there)
		ok = make_key(path, out, err);
	else if (ok && bytes.len != sizeof out->bytes)
		ok = err_set(err, ERR_INPUT,
		    "the key of sessions, %s, does not have %zu bytes; remove "
		    "it, and a new one is made",
		    path, sizeof out->bytes);
	else if (ok)
		memcpy(out->bytes, bytes.data, sizeof out->bytes);
	file_wipe(&bytes);
	return ok;
}

bool
session_key_load(const char *folder, struct session_key *out, struct err *err)
{
	struct buf path = BUF_INIT;
	bool ok;

	buf_printf(&path, "%s/session.key", folder);
	ok =
	    !path.failed ? read_key(buf_text(&path), out, err) : err_nomem(err);
	buf_fini(&path);
	return ok;
}

/* --- the text --- */

static void
sign(const struct session_key *key, int64_t token, int64_t ends_at,
    const uint8_t hash[TLS_SHA256_BYTES], uint8_t out[TLS_SHA256_BYTES])
{
	char text[SIGNED_SIZE];
	int len = snprintf(text, sizeof text - TLS_SHA256_BYTES,
	    "stat.flexfs session %" PRId64 " %" PRId64 " ", token, ends_at);

	memcpy(text + len, hash, TLS_SHA256_BYTES);
	tls_hmac_sha256(key->bytes, text, (size_t)len + TLS_SHA256_BYTES, out);
}

void
session_make(const struct session_key *key, int64_t token,
    const uint8_t hash[TLS_SHA256_BYTES], int64_t ends_at,
    char out[SESSION_TEXT_SIZE])
{
	uint8_t mac[TLS_SHA256_BYTES];
	int len = snprintf(
	    out, SESSION_TEXT_SIZE, "%" PRId64 ".%" PRId64 ".", token, ends_at);

	sign(key, token, ends_at, hash, mac);
	for (size_t i = 0; i < sizeof mac; i++)
		snprintf(out + len + 2 * i, 3, "%02x", mac[i]);
}

static bool
take_number(const char **at, int64_t *out)
{
	size_t len = strspn(*at, "0123456789");

	if (len == 0 || len > MAX_DIGITS || (*at)[len] != '.')
		return false;
	*out = strtoll(*at, NULL, 10);
	*at += len + 1;
	return true;
}

static bool
take_mac(const char *at, uint8_t out[TLS_SHA256_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	if (strlen(at) != MAC_DIGITS || strspn(at, hex) != MAC_DIGITS)
		return false;
	for (size_t i = 0; i < TLS_SHA256_BYTES; i++)
		out[i] = (uint8_t)((strchr(hex, at[2 * i]) - hex) * 16 +
				   (strchr(hex, at[2 * i + 1]) - hex));
	return true;
}

bool
session_find(struct sql *db, const struct session_key *key, const char *text,
    int64_t now, struct token_holder *out, struct err *err)
{
	uint8_t said[TLS_SHA256_BYTES], right[TLS_SHA256_BYTES];
	uint8_t hash[TLS_SHA256_BYTES];
	int64_t token, ends_at;

	memset(out, 0, sizeof *out);
	if (!take_number(&text, &token) || !take_number(&text, &ends_at) ||
	    !take_mac(text, said) || now >= ends_at)
		return true;
	if (!token_load(db, token, out, hash, err))
		return false;
	if (out->role == TOKEN_NOBODY)
		return true;
	sign(key, token, ends_at, hash, right);
	if (!tls_equal(said, right, sizeof right))
		memset(out, 0, sizeof *out);
	return true;
}

/* --- what browsers send --- */

/* RFC 6265: "name=value; name=value". */
char *
session_cookie(
    const char *cookies, const char *name, char out[SESSION_TEXT_SIZE])
{
	size_t name_len = strlen(name), len;

	out[0] = '\0';
	for (; *cookies != '\0'; cookies += len) {
		cookies += strspn(cookies, "; \t");
		len = strcspn(cookies, ";");
		if (len <= name_len || cookies[name_len] != '=' ||
		    strncmp(cookies, name, name_len) != 0)
			continue;
		if (len - name_len - 1 < SESSION_TEXT_SIZE) {
			memcpy(out, cookies + name_len + 1, len - name_len - 1);
			out[len - name_len - 1] = '\0';
		}
		return out;
	}
	return out;
}

/* Browsers take a backslash for a slash, drop tabs and line ends, and read
 * two slashes as another site. */
bool
session_is_local(const char *path)
{
	if (path[0] != '/' || path[1] == '/' ||
	    strlen(path) >= SESSION_PATH_SIZE)
		return false;
	for (; *path != '\0'; path++)
		if (*path <= ' ' || *path > '~' || *path == '\\')
			return false;
	return true;
}
