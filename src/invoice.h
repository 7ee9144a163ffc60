/*
 * invoice.h - a period's bill for one account: state, lines, rounded money.
 *
 * Here it is built from usage; correction.h adds what closed periods are
 * corrected by, forecast.h what the period will come to, and archive.h keeps
 * closed ones.
 *
 * A period is a month ("2026-10") or a quarter ("2026-Q4", three month
 * groups). The exact total is rounded once, by the account's rounding mode,
 * to the currency's minor unit (ISO 4217); lines get their share of it by
 * largest remainder, ties to the earlier line. With rounding per line each
 * line is rounded and the total is their sum.
 */
#ifndef SRC_INVOICE_H
#define SRC_INVOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "fact.h"
#include "late.h"
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "rating.h"

enum {
	INVOICE_PERIOD_SIZE = 16,
	INVOICE_MAX_MONTHS = 3,
	INVOICE_NUMBER_SIZE = 24, /* "2026-00001" */
	/* How long after its end a period is closed. */
	/* More estimated hours than this, in percent, hold a period. */
	INVOICE_MAX_ESTIMATED_PERCENT = 5,
	/* Digits behind the point of exact values, at most. */
	INVOICE_EXACT_DIGITS = 30,
};

enum invoice_state {
	INVOICE_OPEN,	/* the period has not ended */
	INVOICE_DRAFT,	/* it has ended; late reports may still come */
	INVOICE_HELD,	/* it has ended, and something needs a decision */
	INVOICE_CLOSED, /* it has a number and does not change any more */
};

/* Why a period is held, or would be if it ended now. */
enum invoice_reason {
	INVOICE_FINE,
	INVOICE_UNRATED_USAGE,	    /* a bin, or the account, has no rate */
	INVOICE_TOO_MANY_ESTIMATES, /* over the limit above */
	INVOICE_MISSING_HOURS,	    /* and the gap policy is hold */
};

struct invoice_period {
	char text[INVOICE_PERIOD_SIZE];
	int64_t from, to; /* unix seconds; [from, to) */
	size_t month_count;
};

struct invoice_line {
	const struct rating_line *rated; /* in one of the months */
	size_t month;			 /* index of that month */
	char *amount; /* owned: money as text; NULL when not rated */
};

/* What a closed period has to be corrected by, for one volume. */
struct invoice_correction {
	char corrects[INVOICE_PERIOD_SIZE]; /* the closed period */
	int64_t invoice;		    /* its row in the archive */
	int64_t volume;			    /* row */
	struct uuid volume_id;
	char *name;	     /* owned */
	struct exact *exact; /* owned: what was not billed, exactly */
	char *amount;	     /* owned: the same as money */
	int64_t from, to;    /* unix seconds: the hours that cost another */
};

struct invoice {
	struct account account;
	struct invoice_period period;
	enum invoice_state state;
	enum invoice_reason reason;
	int digits; /* decimals of the currency */
	struct rating months[INVOICE_MAX_MONTHS];
	struct invoice_line *lines; /* owned; by month, then as rated */
	size_t line_count;
	struct rating_hours hours; /* volume-hours of the period */
	int64_t hours_in_period;
	struct exact *exact; /* owned: exact cost; NULL while unrated */
	char *usage_total;   /* owned: exact, rounded; NULL while unrated */
	struct invoice_correction *corrections; /* owned; by period, name */
	size_t correction_count;
	char *total; /* owned: of usage and corrections; NULL while unrated */
	struct exact *forecast_exact; /* owned: cost at its end, or NULL */
	char *forecast; /* owned: total at its end; NULL while unrated */
	struct exact *gib_months;	/* owned: sum over the lines */
	char head[FACT_HEAD_TEXT_SIZE]; /* the ledger's, "sha256:.." */
	int64_t upto_fact;		/* the fact that head is of */
	/* When it is closed, or to be. */
	char number[INVOICE_NUMBER_SIZE]; /* "" before */
	int64_t closed_at, due_at;	  /* unix seconds; 0 before */
};

/* "2026-10" or "2026-Q4", years 2000 to 2199; anything else is ERR_INPUT. */
bool invoice_parse_period(
    const char *text, struct invoice_period *out, struct err *err);

/* The month, or quarter, before, and the one behind. */
void invoice_period_before(
    const struct invoice_period *period, struct invoice_period *out);
void invoice_period_after(
    const struct invoice_period *period, struct invoice_period *out);

/* The account's own period, by which it is invoiced, that at lies in. */
void invoice_period_of(
    const struct account *account, int64_t at, struct invoice_period *out);

/* The month that at lies in. */
void invoice_month_of(int64_t at, struct invoice_period *out);

/* "open", "draft", "held"; "unrated_usage" and so on, or NULL for FINE. */
const char *invoice_state_name(enum invoice_state state);
const char *invoice_reason_name(enum invoice_reason reason);

/* What is to be built: a period as the ledger knew it when it ended with
 * head, at an instant. */
struct invoice_query {
	const struct invoice_period *period;
	int64_t now; /* unix seconds */
	/* Hours from this instant on are left out, as if now were just before
	 * it; 0: none are. */
	int64_t until;
	struct fact_head head;
	bool days; /* whether ratings are to tell days, too */
};

/* Builds the bills of several accounts, in one pass over the hours, inside the
 * caller's read transaction. out has room for as many, which must be empty;
 * invoice_fini gives each back, also after an error. */
bool invoice_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, struct invoice *out, struct err *err);

/* Why a period with these volume-hours is, or would be, held. */
enum invoice_reason invoice_find_reason(const struct account *account,
    const struct rating_hours *hours, bool unrated);

/* Sets why the period is, or would be, held; and its state at now. */
void invoice_judge(
    struct invoice *invoice, enum invoice_reason reason, int64_t now);

/* Whether there is nothing to bill: no hour is measured or estimated, and
 * nothing to correct. */
bool invoice_is_empty(const struct invoice *invoice);

/* Rounds an exact amount as the account's documents are. */
void invoice_round(const struct invoice *invoice, struct exact *x);

/* Rounds each line for itself, as with rounding per line, into *out: a sum;
 * out must exist. Lines of one volume only, or of all with volume 0. */
void invoice_sum_lines(
    const struct invoice *invoice, int64_t volume, struct exact *out);

/* Sets the total anew: rounded usage, and corrections. */
bool invoice_add_up(struct invoice *invoice, struct err *err);

void invoice_fini(struct invoice *invoice);

#endif
