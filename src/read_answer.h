/*
 * read_answer.h - a question as HTTP has it, answered: the path and query to
 * a route of read.h, the format that suits, entity tags, compression.
 */
#ifndef SRC_READ_ANSWER_H
#define SRC_READ_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "token.h"

/* Strings are borrowed; NULL: not given. */
struct read_ask {
	const char *target;	     /* "/v1/volumes?limit=10" */
	const char *accept;	     /* as in the header Accept */
	const char *match;	     /* as in If-None-Match */
	bool gzip;		     /* the client takes it */
	bool head;		     /* the answer's head stands before it */
	const struct account *scope; /* NULL: all accounts */
	enum token_role role;
	int64_t now;
	const char *issuer, *payment; /* on paper; payment may be NULL */
	int64_t expected_secs;	     /* how often sources should report; or 0 */
	int64_t certificate_ends_at; /* unix seconds; 0: there is none */
};

/* Takes pieces of the answer; false ends it. */
typedef bool read_write_fn(
    void *ctx, const char *data, size_t len, struct err *err);

/*
 * Answers. With a head that is as in CGI (RFC 3875): lines of Name: value,
 * Status the first, then an empty line; Content-Length is there when the
 * answer was short enough to be kept until it was whole.
 *
 * *status is that of the answer. False: it was not, or not wholly, answered;
 * or, where no head is asked for, it is a refusal, which is in err.
 */
bool read_answer(struct sql *db, const struct read_ask *ask,
    read_write_fn *write, void *ctx, unsigned *status, struct err *err);

#endif
