/*
 * close.h - periods become invoices: numbered, frozen, corrected only by later
 * ones.
 *
 * A period is closed when it has been over for its grace time (grace.h), and
 * then it rests on the facts stated before that instant, however late the
 * closing comes; unless it is held, or empty. A held one is looked at again every
 * CLOSE_RECHECK_SECS, and closed when nothing holds it any more; that, and a
 * closing by hand, rests on everything that is known then. Rating and writing
 * the documents need no lock; what they were based on is checked again in the
 * short transactions that store them.
 */
#ifndef SRC_CLOSE_H
#define SRC_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "archive.h"
#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	CLOSE_RECHECK_SECS = 3600,	      /* of held periods */
	CLOSE_REVISIT_SECS = 86400,	      /* of empty ones, */
	CLOSE_REVISIT_FOR_SECS = 400 * 86400, /* so long behind their end */
	CLOSE_BATCH = 16,		      /* invoices in one transaction */
	CLOSE_PAUSE_MS = 5,	/* between two, so that others may write */
	CLOSE_TRIES = 20,	/* when others close at the same time */
	CLOSE_MAX_REASON = 255, /* bytes */
};

enum close_result {
	CLOSE_DONE,
	CLOSE_NOT_OVER, /* the period has not ended */
	CLOSE_ALREADY,	/* it is closed */
	CLOSE_HELD,	/* it is held, and that was not accepted */
	CLOSE_UNRATED,	/* it has usage without a rate, and so no total */
	CLOSE_EMPTY,	/* there is nothing to bill */
	CLOSE_WRONG,	/* no period of this account; err says why */
	CLOSE_FAILED,	/* err says why */
};

/* Why a period was not closed: "not_over", "already_closed", "held",
 * "unrated_usage", "empty", "wrong_period"; NULL for DONE and FAILED. */
const char *close_result_name(enum close_result result);

/* Who bills, for the PDF of each invoice. One that cannot be drawn keeps
 * nobody from being billed: the invoice is closed without that document. */
struct close_paper {
	const char *issuer;  /* lines of text: a name, an address */
	const char *payment; /* lines of text: where to; or NULL */
	size_t undrawn;	     /* how many were closed without it, */
	struct err why;	     /* and why the last of them was */
};

/* Who closes, why and when. */
struct close_order {
	const char *who;
	const char *reason; /* "" or a sentence for the fact */
	int64_t now;
	struct close_paper *paper; /* borrowed; NULL: without a PDF */
};

/* Closes a period by hand. accept closes one that is held for estimated or
 * missing hours. For DONE and ALREADY *out is its row; everything but DONE
 * sets err. */
enum close_result close_period(struct sql *db, const struct account *account,
    const struct invoice_period *period, bool accept,
    const struct close_order *order, struct archive_row *out, struct err *err);

/* Whether something may be due at now; reads only, and little. With again
 * also what was looked at before: ask so once in CLOSE_RECHECK_SECS. */
bool close_is_due(
    struct sql *db, int64_t now, bool again, bool *due, struct err *err);

/* What became of a period that was due. */
struct close_outcome {
	const struct account *account;
	const struct invoice_period *period;
	enum close_result result;   /* DONE, HELD, UNRATED or EMPTY */
	enum invoice_reason reason; /* why it is held */
	const char *number, *total; /* when DONE */
	bool first;		    /* it was not looked at before */
};
typedef void close_outcome_fn(void *ctx, const struct close_outcome *outcome);

/* Closes everything that is due, the earliest period first, and tells each
 * outcome when it is durable. */
bool close_due(struct sql *db, const struct close_order *order,
    close_outcome_fn *each, void *ctx, struct err *err);

#endif
