/*
 * token.h - who may ask: bearer tokens, kept as hashes only.
 *
 * A token is 256 random bits, shown once as "ffs_" and 64 hex digits; an
 * operator may also enter an admin server's UUID as its token. What is stored
 * is SHA-256 of the text. Owns the table token.
 */
#ifndef SRC_TOKEN_H
#define SRC_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"

enum {
	TOKEN_MAX_LEN = 128, /* of a token's text */
	TOKEN_TEXT_SIZE = TOKEN_MAX_LEN + 1,
	TOKEN_NAME_SIZE = 64,
	/* Live tokens of one source: the present one and its successor. */
	TOKEN_MAX_PER_SOURCE = 2,
	/* last_used_at is written at most once in this many seconds. */
	TOKEN_USE_STEP_SECS = 60,
};

enum token_role {
	TOKEN_NOBODY, /* no token, or one that is not known */
	TOKEN_SOURCE,
	TOKEN_READER,
	TOKEN_OPERATOR,
};

/* Who holds a token. */
struct token_holder {
	enum token_role role;
	int64_t token;	 /* row of the token; 0: nobody */
	int64_t source;	 /* role source: its row */
	int64_t account; /* role reader: its only account; 0: all */
	bool disabled;	 /* its source is switched off: 403 */
};

/* "source", "reader", "operator". */
const char *token_role_name(enum token_role role);

struct token_spec {
	const char *name;
	enum token_role role;
	int64_t source;	   /* role source: its row, else 0 */
	int64_t account;   /* role reader: its only account, or 0 */
	const char *given; /* a UUID to be used as the token; NULL: a new one */
};

/* Inside the caller's transaction: adds a token and puts its text, which is
 * nowhere kept, into text. Too many live tokens of a source, or a given one
 * that exists, is ERR_INPUT. */
bool token_create(struct sql *db, const struct token_spec *spec, int64_t now,
    char text[TOKEN_TEXT_SIZE], struct err *err);

/* What was found before, so that most requests need no query. The zero value
 * is empty. It holds hashes only, and is emptied by itself when another
 * connection has written; after a change through the same connection clear
 * it by setting it to zero. */
enum {
	TOKEN_CACHE_SLOTS = 64
};
struct token_cache {
	int64_t data_version;
	struct {
		uint8_t hash[TLS_SHA256_BYTES];
		struct token_holder holder; /* role TOKEN_NOBODY: free */
	} slots[TOKEN_CACHE_SLOTS];
};

/* Who holds a token; role TOKEN_NOBODY when nobody does. False only when the
 * database does not work. cache may be NULL. */
bool token_find(struct sql *db, struct token_cache *cache, const char *text,
    struct token_holder *out, struct err *err);

/* The same by its row, for what names a token without holding it, and the
 * hash that is kept of it. */
bool token_load(struct sql *db, int64_t token, struct token_holder *out,
    uint8_t hash[TLS_SHA256_BYTES], struct err *err);

/* The name of a token by its row. */
bool token_load_name(
    struct sql *db, int64_t token, char name[TOKEN_NAME_SIZE], struct err *err);

/* Notes the use, inside the caller's transaction, unless it was noted less
 * than TOKEN_USE_STEP_SECS ago. */
bool token_used(struct sql *db, int64_t token, int64_t now, struct err *err);

/* A row of `list tokens`. */
struct token_row {
	int64_t id;
	const char *name, *role;
	const char *source, *account;		      /* names, "" for none */
	int64_t created_at, revoked_at, last_used_at; /* 0: never */
};
typedef bool token_fn(void *ctx, const struct token_row *row, struct err *err);
bool token_each(struct sql *db, token_fn *each, void *ctx, struct err *err);

#endif
