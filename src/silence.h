/*
 * silence.h - sources that have not reported for longer than they should.
 */
#ifndef SRC_SILENCE_H
#define SRC_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "source.h"

struct silence_source {
	char name[SOURCE_NAME_SIZE];
	int64_t last_report_at; /* unix seconds; 0: it never reported */
};

/* The zero value is empty. */
struct silence {
	struct silence_source *list; /* owned; by name */
	size_t count;
	int64_t expected_secs; /* how often they should report */
};

/* Sources that may report for the account of one of the bills, are switched
 * on, and have not reported for longer than expected_secs at now, since their
 * last report or since they were made. silence_fini gives *out back. */
bool silence_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t expected_secs, int64_t now, struct silence *out, struct err *err);

/* Whether one of the accounts, "a,b", has one of the bills. */
bool silence_concerns(
    const struct invoice *bills, size_t count, const char *accounts);

void silence_fini(struct silence *silence);

#endif
