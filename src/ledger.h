/*
 * ledger.h - every accepted sample exactly once, and what became of each
 * report.
 *
 * A ledger is the server's way of writing: it opens a transaction, takes
 * reports into it, each whole or not at all, and commits once for all of
 * them. Owns the table report. It keeps what it knows of volumes and sources in
 * memory and forgets it when another process has written.
 */
#ifndef SRC_LEDGER_H
#define SRC_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact.h"
#include "grant.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "lib/uuid.h"
#include "quarantine.h"
#include "report.h"
#include "source.h"
#include "tally.h"

/* The limits that decide about quarantine, unless others are set. */
enum {
	LEDGER_MAX_FUTURE_SECS = 300,
	LEDGER_MAX_AGE_SECS = 35 * 86400,
};

struct ledger_limits {
	int64_t max_future_secs, max_age_secs, open_quarantine;
};

#define LEDGER_LIMITS_DEFAULT                                \
	{                                                    \
		LEDGER_MAX_FUTURE_SECS, LEDGER_MAX_AGE_SECS, \
		    QUARANTINE_MAX_OPEN                      \
	}

/* What became of a report; the same at every repetition. */
struct ledger_answer {
	struct uuid report_id;
	int64_t received_at; /* unix seconds */
	int64_t skew_ms;     /* sent_at - received_at */
	int64_t stored, duplicates;
	int64_t unknown_members;
	struct quarantine_mark *quarantined; /* owned */
	size_t quarantined_count;
	uint8_t head[FACT_HASH_SIZE]; /* the chain's head behind it */
	char *grant;		      /* owned; NULL: it has none */
	int64_t grant_id;	      /* its row; not part of what is said */
	int64_t fact;		      /* its row; not part of what is said */
};

void ledger_answer_fini(struct ledger_answer *answer);

/* Adds it as the members of an object. */
struct json_writer;
void ledger_answer_put(
    struct json_writer *w, const struct ledger_answer *answer);

enum ledger_result {
	LEDGER_STORED,	 /* new: counts when the transaction is committed */
	LEDGER_REPLAYED, /* known: answer is the first one */
	LEDGER_REUSED,	 /* the id was used for another body */
	LEDGER_DENIED,	 /* names an account that is not the source's */
	LEDGER_UNNAMED,	 /* names no account, and the source has several */
	LEDGER_FAILED,	 /* err says why; nothing of it is in */
};

/* Which source sent a report, and what of its row the answer does not say.
 * With several that used the same id, source (a name, or NULL) tells which;
 * none, or several without it, is ERR_INPUT. */
struct ledger_report {
	int64_t source;
	char source_name[SOURCE_NAME_SIZE];
	int64_t sent_at;
	bool complete;
};
bool ledger_report_find(struct sql *db, const struct uuid *report_id,
    const char *source, struct ledger_report *out, struct err *err);

/* How far the clock of a source was from the server's in its last report, in
 * milliseconds; *found is false when it never sent one. */
bool ledger_last_skew(struct sql *db, int64_t source, int64_t *skew_ms,
    bool *found, struct err *err);

/* The answer to a report of a source, and the digest of its body:
 * LEDGER_REPLAYED, LEDGER_STORED when the id is free, or LEDGER_FAILED. */
enum ledger_result ledger_answer_load(struct sql *db, int64_t source,
    const struct uuid *report_id, struct ledger_answer *answer,
    uint8_t body_sha256[FACT_HASH_SIZE], struct err *err);

struct ledger;

/* db is borrowed and must outlive the ledger. */
struct ledger *ledger_open(struct sql *db, struct err *err);
void ledger_close(struct ledger *ledger);

/* Other limits, from the next report on. */
void ledger_set_limits(
    struct ledger *ledger, const struct ledger_limits *limits);

/* What grants are signed with for reports that want one; borrowed. Without a
 * key there are none. */
void ledger_set_signer(
    struct ledger *ledger, const struct grant_signer *signer);

/* From now on tally (borrowed; NULL: nobody) is told of what is stored, before
 * it is committed, and to forget it all when that does not come about. */
void ledger_set_tally(struct ledger *ledger, struct tally *tally);

/* Samples that are set aside and not settled, from memory where it can; what
 * is kept there, the tally included, is forgotten if others have written. */
bool ledger_count_quarantine(
    struct ledger *ledger, int64_t *open, struct err *err);

/* Opens the transaction, if it is not open. */
bool ledger_begin(struct ledger *ledger, struct err *err);

/* Makes everything since ledger_begin durable. When it fails, none of it may
 * be answered with success: what is on disk is not known. */
bool ledger_commit(struct ledger *ledger, struct err *err);
void ledger_rollback(struct ledger *ledger);

/* Forgets what is kept in memory, after a change through the same connection
 * by somebody else; changes of others are noticed by themselves. */
void ledger_forget(struct ledger *ledger);

/*
 * Takes a report of a source, inside the open transaction, as a whole or not
 * at all; when the disk or memory fails, the whole transaction is undone with
 * it, which ledger_commit then reports. token is noted as used. body_sha256 is
 * of the body as sent (after inflating). For LEDGER_DENIED and LEDGER_UNNAMED
 * *at is the index of the volume that is to blame. answer must be empty, and
 * is filled for STORED and REPLAYED.
 */
enum ledger_result ledger_add_report(struct ledger *ledger, int64_t source,
    int64_t token, const struct report *report,
    const uint8_t body_sha256[FACT_HASH_SIZE], int64_t now_ms,
    struct ledger_answer *answer, size_t *at, struct err *err);

/* What became of a report: LEDGER_REPLAYED, or LEDGER_REUSED when the source
 * never sent one of that id. */
enum ledger_result ledger_find_report(struct ledger *ledger, int64_t source,
    const struct uuid *report_id, struct ledger_answer *answer,
    struct err *err);

#endif
