/*
 * rate.h - what a GiB-month costs: effective-dated rows per account and age
 * bin, never edited. Owns the table rate.
 *
 * A rate holds from the first whole hour at or after its `from` until the
 * next row of the same account and age takes over. A bin is charged at the
 * rate of exactly its age if there is one, else at the account's rate for all
 * ages; with neither it is unrated.
 */
#ifndef SRC_RATE_H
#define SRC_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"

enum {
	RATE_TEXT_SIZE = 40,
	RATE_AGE_SIZE = 8,
	RATE_MAX_DECIMALS = 12,
	RATE_MAX_WHOLE = 12, /* digits before the point */
};

struct rate {
	int64_t id;
	int64_t account;
	char max_age[RATE_AGE_SIZE]; /* "30d"; "" for all ages */
	uint32_t age_hours;	     /* the same in hours; 0 for all ages */
	int64_t from_hour;	     /* unix seconds / 3600 */
	char rate[RATE_TEXT_SIZE];   /* money per GiB-month, as entered */
	int64_t created_at;
	int64_t fact; /* the one that states it; 0: before facts were noted */
};

/* The text of an age in hours: "30d" for 720, "12h" for 12, "" for 0.
 * Returns out. */
char *rate_format_age(uint32_t age_hours, char out[RATE_AGE_SIZE]);

/* An age as it is entered, in hours: "30d", "12h"; "" and "inf" are all ages,
 * 0. Anything else is ERR_INPUT. */
bool rate_parse_age(const char *text, uint32_t *hours, struct err *err);

/* Whether a text is money per GiB-month: a decimal such as "0.03", of at most
 * RATE_MAX_WHOLE and RATE_MAX_DECIMALS digits. Otherwise ERR_INPUT. */
bool rate_check_money(const char *text, struct err *err);

/* The time from which a rate is to hold, as it is entered (RFC 3339). */
bool rate_parse_from(const char *text, int64_t *at, struct err *err);

/* Checks rate->rate and rate->max_age, and adds the row and its fact as one
 * transaction. from is unix seconds, or 0: the first rate of an account and
 * age then holds from 2000-01-01, a later one from the next whole hour. A row
 * that exists for the same hour is ERR_INPUT. Fills id, from_hour,
 * created_at. */
bool rate_create(struct sql *db, struct rate *rate, int64_t from,
    const char *account_name, const char *who, int64_t now, struct err *err);

/* The rates of an account (0: of all), by account, age and hour; *list is
 * the caller's to free(). */
bool rate_list(struct sql *db, int64_t account, struct rate **list,
    size_t *count, struct err *err);

/* Those of them that were known when the ledger ended with a fact. */
bool rate_list_upto(struct sql *db, int64_t account, int64_t upto_fact,
    struct rate **list, size_t *count, struct err *err);

/* Of the account's rates (by age and hour, as rate_list gives them), the one
 * that holds for a bin at an hour; NULL when it is unrated. until is set to
 * the first hour at which the answer may be another one. */
const struct rate *rate_at(const struct rate *rates, size_t count,
    uint32_t age_hours, int64_t hour, int64_t *until);

#endif
