/*
 * tally.h - how much each account stores now: of each volume the size of its
 * latest sample, in memory.
 *
 * Nothing is kept, and a sample costs nothing, until somebody asks. Then the
 * samples of the last day are read, in bounded turns, and from then on the
 * ledger tells of what it stores. Whatever makes that doubtful (a transaction
 * that is undone, another process that wrote) drops all of it, and the next
 * one who asks has it read again.
 */
#ifndef SRC_TALLY_H
#define SRC_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/sql.h"

enum {
	/* A volume whose latest sample is older does not count. */
	TALLY_MAX_AGE_SECS = 86400,
	TALLY_TURN_ROWS = 1024, /* less than a millisecond */
};

struct tally;

struct tally *tally_new(struct err *err);
void tally_free(struct tally *tally);

/* A sample that was stored; rows. Of two of the same instant the one with the
 * higher revision counts. */
struct tally_sample {
	int64_t volume, account;
	int64_t hour, nanos; /* as in the table sample */
	int64_t revision, bytes;
};

/* tally may be NULL in these three. */
void tally_note(struct tally *tally, const struct tally_sample *sample);
void tally_note_end(struct tally *tally, int64_t volume, int64_t retired_at);
void tally_forget(struct tally *tally);

/* Whether all is known. */
bool tally_is_loaded(const struct tally *tally);

/* One turn of reading at now (unix seconds); again until tally_is_loaded. Not
 * while a transaction is open. */
bool tally_load(
    struct tally *tally, struct sql *db, int64_t now, struct err *err);

/* The sum of each account with such a volume at now: *list, by row, is the
 * caller's to free(). A sum that is too large is INT64_MAX. */
struct tally_sum {
	int64_t account, bytes;
};
bool tally_sums(const struct tally *tally, int64_t now, struct tally_sum **list,
    size_t *count, struct err *err);

#endif
