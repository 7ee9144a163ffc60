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

enum token_role {
	TOKEN_NOBODY, /* no token, or one that is not known */
	TOKEN_SOURCE,
	TOKEN_READER,
	TOKEN_OPERATOR,
};

/* Who holds a token. */
struct token_holder {
	enum token_role role;
	int64_t token;   /* row of the token; 0: nobody */
	int64_t source;  /* role source: its row */
	int64_t account; /* role reader: its only account; 0: all */
	bool disabled;   /* its source is switched off: 403 */
};

#endif
