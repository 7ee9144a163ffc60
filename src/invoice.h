/*
 * invoice.h - a period's bill for one account: state, lines, rounded money.
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
#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"
#include "rating.h"

enum {
	INVOICE_PERIOD_SIZE = 16,
	INVOICE_MAX_MONTHS = 3,
	/* More estimated hours than this, in percent, hold a period. */
	INVOICE_MAX_ESTIMATED_PERCENT = 5,
	/* Digits behind the point of exact values, at most. */
	INVOICE_EXACT_DIGITS = 30,
};

enum invoice_state {
	INVOICE_OPEN,  /* the period has not ended */
	INVOICE_DRAFT, /* it has ended; late reports may still come */
	INVOICE_HELD,  /* it has ended, and something needs a decision */
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
	struct exact *exact; /* owned: exact total; NULL while unrated */
	char *total; /* owned: rounded total as text; NULL while unrated */
	struct exact *gib_months;	/* owned: sum over the lines */
	char head[FACT_HEAD_TEXT_SIZE]; /* the ledger's, "sha256:.." */
};

/* "2026-10" or "2026-Q4", years 2000 to 2199; anything else is ERR_INPUT. */
bool invoice_parse_period(
    const char *text, struct invoice_period *out, struct err *err);

/* The month, or quarter, before. */
void invoice_period_before(
    const struct invoice_period *period, struct invoice_period *out);

/* The month that at lies in. */
void invoice_month_of(int64_t at, struct invoice_period *out);

/* "open", "draft", "held"; "unrated_usage" and so on, or NULL for FINE. */
const char *invoice_state_name(enum invoice_state state);
const char *invoice_reason_name(enum invoice_reason reason);

/* Builds the bill as it is known at now (unix seconds), from one state of the
 * database. out must be empty; invoice_fini gives it back, also after an
 * error. */
bool invoice_build(struct sql *db, const struct account *account,
    const struct invoice_period *period, int64_t now, struct invoice *out,
    struct err *err);

void invoice_fini(struct invoice *invoice);

#endif
