/*
 * account.h - who pays, and by which rules. Owns the table account.
 */
#ifndef SRC_ACCOUNT_H
#define SRC_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/exact.h"
#include "lib/sql.h"

enum {
	ACCOUNT_NAME_SIZE = 64,
	ACCOUNT_TEXT_SIZE = 256,
	ACCOUNT_REPORT_TO_SIZE = 2048,
	/* Hours a gap may be carried: a year. */
	ACCOUNT_MAX_CARRY_HOURS = 8760,
	ACCOUNT_MAX_NET_DAYS = 365,
};

enum account_average {
	ACCOUNT_MEAN,
	ACCOUNT_TIME_WEIGHTED
};
enum account_gap {
	ACCOUNT_GAP_CARRY,
	ACCOUNT_GAP_ZERO,
	ACCOUNT_GAP_INTERPOLATE,
	ACCOUNT_GAP_HOLD,
};
enum account_rounding {
	ACCOUNT_PER_DOCUMENT,
	ACCOUNT_PER_LINE
};
enum account_period {
	ACCOUNT_MONTHLY,
	ACCOUNT_QUARTERLY
};

struct account {
	int64_t id;
	char name[ACCOUNT_NAME_SIZE]; /* [a-z0-9][a-z0-9._-]{0,62} */
	char display_name[ACCOUNT_TEXT_SIZE];
	char currency[4]; /* ISO 4217 */
	enum account_average average;
	enum account_gap gap;
	int64_t max_carry_hours;
	enum account_rounding rounding;
	enum exact_rounding rounding_mode;
	enum account_period period; /* how long a document's period is */
	int64_t net_days;
	char report_to[ACCOUNT_REPORT_TO_SIZE]; /* "a@x.test,b@x.test" or "" */
	int64_t created_at;
};

/* The words of the command line and of JSON for the enumerators. */
const char *account_average_name(enum account_average average);
const char *account_gap_name(enum account_gap gap);
const char *account_rounding_name(enum account_rounding rounding);
const char *account_mode_name(enum exact_rounding mode);
const char *account_period_name(enum account_period period);
bool account_parse_average(const char *word, enum account_average *out);
bool account_parse_gap(const char *word, enum account_gap *out);
bool account_parse_rounding(const char *word, enum account_rounding *out);
bool account_parse_mode(const char *word, enum exact_rounding *out);
bool account_parse_period(const char *word, enum account_period *out);

/* Whether name may be an account's. */
bool account_name_valid(const char *name);

/* Checks and adds a new account with its fact, as one transaction; fills id
 * and created_at. A name that exists is ERR_INPUT. */
bool account_create(struct sql *db, struct account *account, const char *who,
    int64_t now, struct err *err);

/*
 * Changes an account, with a fact that has what it was and is, as one
 * transaction. apply is told how it is, and makes of it what it is to be. The
 * terms by which usage becomes money (all but display name, net days and
 * recipients) stay as they are once it has samples: ERR_INPUT. *changed is
 * false, and nothing was done, when it is so already.
 */
typedef bool account_apply_fn(
    void *ctx, struct account *account, struct err *err);
bool account_update(struct sql *db, const char *name, account_apply_fn *apply,
    void *ctx, const char *who, int64_t now, bool *changed, struct err *err);

/* By name, or by row. An unknown one is ERR_INPUT. */
bool account_find(
    struct sql *db, const char *name, struct account *out, struct err *err);
bool account_load(
    struct sql *db, int64_t id, struct account *out, struct err *err);

/* All, by name; *list is the caller's to free(). */
bool account_list(
    struct sql *db, struct account **list, size_t *count, struct err *err);

#endif
