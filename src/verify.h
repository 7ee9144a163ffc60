/*
 * verify.h - whether the database still says what the ledger stated.
 *
 * Reads through one connection that changes nothing, in one read transaction:
 * it sees one state, while the server goes on writing. Memory is bounded: a
 * few hundred bytes for each account, rate, volume and name, one byte for each
 * fact, and VERIFY_MAX_OPEN_BYTES of samples whose report is not complete yet.
 */
#ifndef SRC_VERIFY_H
#define SRC_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	/* Findings of one kind that are kept; the rest are counted. */
	VERIFY_MAX_LISTED = 20,
	/* Samples of unfinished reports that are held at a time. */
	VERIFY_MAX_OPEN_BYTES = 64 << 20,
	/* Heads that can be checked at a time, and the text they come in. */
	VERIFY_MAX_ANCHORS = 100000,
	VERIFY_MAX_ANCHOR_TEXT = 32 << 20,
};

/* What a finding is about. */
enum verify_kind {
	VERIFY_FILE,	/* the file itself: SQLite's own check */
	VERIFY_LINK,	/* a row that refers to one that is not there */
	VERIFY_CHAIN,	/* facts */
	VERIFY_ANCHOR,	/* heads that were kept elsewhere */
	VERIFY_ACCOUNT, /* rows against the facts that state them */
	VERIFY_SOURCE,
	VERIFY_TOKEN,
	VERIFY_RATE,
	VERIFY_GRANT,
	VERIFY_VOLUME,
	VERIFY_REPORT,
	VERIFY_QUARANTINE,
	VERIFY_SAMPLE, /* samples against the digests of their facts */
	VERIFY_MONTH,  /* which volume and account has samples when */
	VERIFY_DAY,    /* closed days kept small, and removed ones */
	VERIFY_INVOICE,
	VERIFY_KINDS
};

/* "file", "link", ... */
const char *verify_kind_name(enum verify_kind kind);

struct verify_finding {
	enum verify_kind kind;
	int64_t fact; /* the fact it is about; 0: none, or several */
	char *where;  /* owned: the row or thing */
	char *what;   /* owned: a sentence: what is wrong and what it means */
};

/* A head that stood in a mail or an answer. */
struct verify_anchor {
	uint8_t hash[FACT_HASH_SIZE];
	int64_t fact, at; /* whose hash it is, and when it was; 0: nobody's */
};

struct verify_anchors {
	struct verify_anchor *list; /* owned; by hash, each once, when run */
	size_t count, cap;
};

/* Adds every "sha256:" with 64 hex digits in a text, whatever stands around
 * it; a mail's soft line ends may be within. *found is how many were there.
 * ERR_INPUT when there are more than VERIFY_MAX_ANCHORS. */
bool verify_read_anchors(const char *text, size_t len,
    struct verify_anchors *anchors, size_t *found, struct err *err);
void verify_anchors_fini(struct verify_anchors *anchors);

struct verify_result {
	struct fact_head head; /* where the chain ends */
	int64_t checked[VERIFY_KINDS];
	int64_t found[VERIFY_KINDS];
	struct verify_finding *findings; /* owned */
	size_t count, cap;
	int64_t removed_until;	 /* unix seconds: samples before are gone; 0 */
	int64_t skipped_reports; /* that may have had samples before that */
	/* Invoices that were not, or not wholly, computed again: what was known
	 * then cannot be told from rows of days that hold more now. */
	int64_t skipped_invoices;
	bool failed; /* no memory for a finding */
};

struct verify_options {
	bool deep; /* indexes, rows of days, and invoices computed again */
	size_t max_open_bytes; /* 0: VERIFY_MAX_OPEN_BYTES */
};

/* Checks everything; result must be empty. Findings are no error: false
 * means that it could not be found out. */
bool verify_run(struct sql *db, const struct verify_options *options,
    struct verify_anchors *anchors, struct verify_result *result,
    struct err *err);

int64_t verify_found(const struct verify_result *result);
void verify_result_fini(struct verify_result *result);

/* The result for people, and as one JSON object. */
void verify_text(const struct verify_result *result,
    const struct verify_anchors *anchors, struct buf *out);
void verify_json(const struct verify_result *result,
    const struct verify_anchors *anchors, struct buf *out);

#endif
