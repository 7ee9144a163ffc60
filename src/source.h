/*
 * source.h - admin servers that report, and the accounts each may name.
 * Owns the tables source and source_account.
 */
#ifndef SRC_SOURCE_H
#define SRC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "token.h"

enum {
	SOURCE_NAME_SIZE = 64
};

struct source {
	int64_t id;
	char name[SOURCE_NAME_SIZE]; /* as an account's name */
	bool disabled;
	int64_t created_at;
};

/* Adds a source that may report for the accounts (names, at least one), and
 * its first token, and the fact, as one transaction. given is a token that
 * the operator enters (a UUID), or NULL for a new one; token gets its text.
 * A name that exists, or an account that does not, is ERR_INPUT. */
bool source_create(struct sql *db, const char *name,
    const char *const *accounts, size_t account_count, const char *given,
    const char *who, int64_t now, char token[TOKEN_TEXT_SIZE], struct err *err);

/* What is to be changed of a source. */
struct source_change {
	const char *const *accounts; /* the whole new list; NULL: as it is */
	size_t account_count;
	bool disable, enable; /* neither: as it is */
};

/* Changes a source, with a fact that has what it was and is, as one
 * transaction. *changed is false, and nothing was done, when it is so
 * already. An unknown source or account is ERR_INPUT. */
bool source_update(struct sql *db, const char *name,
    const struct source_change *change, const char *who, int64_t now,
    bool *changed, struct err *err);

bool source_load(
    struct sql *db, int64_t id, struct source *out, struct err *err);

/* The row of a source by its name; an unknown one is ERR_INPUT. */
bool source_find(
    struct sql *db, const char *name, int64_t *id, struct err *err);

/* The accounts it may name, as rows with names; *list is the caller's to
 * free(). */
struct source_account {
	int64_t id;
	char name[ACCOUNT_NAME_SIZE];
};
bool source_accounts(struct sql *db, int64_t source,
    struct source_account **list, size_t *count, struct err *err);

/* Calls each for every source by name; accounts is "a,b"; last_report_at is
 * 0 when it never reported. */
typedef bool source_fn(void *ctx, const struct source *source,
    const char *accounts, int64_t last_report_at, struct err *err);
bool source_each(struct sql *db, source_fn *each, void *ctx, struct err *err);

#endif
