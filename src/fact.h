/*
 * fact.h - the append-only chain of what happened: who, when, why.
 *
 * Owns the table fact. A row's hash is SHA-256 over the hash of the row
 * before it (32 zero bytes for the first), seq and at as 8 bytes little
 * endian, kind, who, subject and detail each as a 4-byte little endian length
 * and its bytes, and then body_sha256 and rows_sha256, each as one byte 1 and
 * 32 bytes, or one byte 0 when absent. The last row's hash is the head: it is
 * printed in answers and mails, so that copies of it exist outside.
 */
#ifndef SRC_FACT_H
#define SRC_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "lib/tls.h"

enum {
	FACT_HASH_SIZE = TLS_SHA256_BYTES,
	/* "sha256:" and 64 digits, with its NUL. */
	FACT_HEAD_TEXT_SIZE = 7 + 2 * FACT_HASH_SIZE + 1,
};

/* Where the chain ends. The zero value is the empty chain. */
struct fact_head {
	int64_t seq;
	uint8_t hash[FACT_HASH_SIZE];
};

struct fact {
	int64_t at;		    /* unix seconds */
	const char *kind;	    /* "report.accepted", "rate.set" */
	const char *who;	    /* "source:admin1", "operator:root" */
	const char *subject;	    /* what it is about: a UUID, a name */
	const char *detail;	    /* what exactly, and why: pairs */
	const uint8_t *body_sha256; /* FACT_HASH_SIZE bytes, or NULL */
	const uint8_t *rows_sha256; /* the same, or NULL */
};

/* Moves head behind fact, as fact_append does, but writes nothing: for whoever
 * computes a chain again. hash as there. */
void fact_chain(
    struct tls_hash *hash, const struct fact *fact, struct fact_head *head);

/* The head as the database has it now; call it inside the transaction that
 * appends. */
bool fact_load_head(struct sql *db, struct fact_head *head, struct err *err);

/* Appends fact behind head, inside the caller's transaction, and moves head.
 * If the transaction is rolled back, so must head be. hash is working space
 * that keeps no state between calls. */
bool fact_append(struct sql *db, struct tls_hash *hash, struct fact_head *head,
    const struct fact *fact, struct err *err);

/* For a verb that states one fact: loads the head and appends, inside the
 * caller's transaction. seq (may be NULL) is set to the fact's number. */
bool fact_add(
    struct sql *db, const struct fact *fact, int64_t *seq, struct err *err);

/* The head as it was behind the last fact stated before an instant (unix
 * seconds), or the empty chain's. */
bool fact_load_head_before(
    struct sql *db, int64_t at, struct fact_head *head, struct err *err);

/* Eight bytes, as hex digits, that no other installation has: of the first
 * fact's hash. ERR_BROKEN while the chain is empty. */
enum {
	FACT_ORIGIN_SIZE = 17
};
bool fact_load_origin(
    struct sql *db, char out[FACT_ORIGIN_SIZE], struct err *err);

/*
 * What exactly: a detail is pairs, name=value with a space between them. A
 * value that is empty or has a space, a quote or a backslash stands in double
 * quotes, with a backslash before each quote and backslash of its own.
 *
 * fact_put appends a pair. fact_get replaces value by the one that name was
 * given last; false, and an empty value, when it was given none.
 */
void fact_put(struct buf *detail, const char *name, const char *value);
void fact_put_int(struct buf *detail, const char *name, int64_t value);
bool fact_get(const char *detail, const char *name, struct buf *value);

/* Calls each with a fact and what its row has as number and hash; texts and
 * digests are borrowed for the call. A number that is not there is
 * ERR_BROKEN: other rows name it. */
typedef bool fact_fn(void *ctx, const struct fact *fact,
    const struct fact_head *head, struct err *err);
bool fact_read(
    struct sql *db, int64_t seq, fact_fn *each, void *ctx, struct err *err);

/* "sha256:..."; returns out. */
char *fact_format_head(
    const uint8_t hash[FACT_HASH_SIZE], char out[FACT_HEAD_TEXT_SIZE]);

/* "operator:NAME" of the user who runs the command line; returns out. */
char *fact_operator(char *out, size_t size);

#endif
