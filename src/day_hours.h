/*
 * day_hours.h - the samples of one volume over some hours, in their order, in
 * memory: as the table sample has them, or as a row of the table day keeps
 * them.
 *
 * Of an hour in which nothing but sums will be asked for, samples that stand
 * one behind the other and have the same account, name and ages of bins are
 * kept as their sum; but not the last one of the hour, whose size runs on
 * into the next hour if that is time-weighted. Another hour keeps each sample
 * with its instant: one with a payer whose average is time_weighted, and one
 * in which the volume ends, by whatever was ever stated, since the samples
 * behind the end do not count.
 */
#ifndef SRC_DAY_HOURS_H
#define SRC_DAY_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "usage_bins.h"

enum {
	DAY_HOURS = 24, /* of a day */
	DAY_NO_NANOS = -1,
};

/* One sample, or the sum of several. */
struct day_entry {
	int64_t hour;	 /* unix seconds / 3600 */
	int64_t nanos;	 /* into the hour; DAY_NO_NANOS: not kept */
	int64_t account; /* row */
	int64_t name;	 /* row of volume_name; 0: none */
	uint64_t count;	 /* samples */
	size_t first_bin, bin_count;
};

/* The zero value is empty; memory is kept from one use to the next. */
struct day_hours {
	struct day_entry *list; /* owned; by hour and instant */
	size_t count, cap;
	struct usage_bin *bins; /* owned; in the order of the entries */
	size_t bin_count, bin_cap;
	/* Each hour is one sample without its instant, and account, name and
	 * ages are the same in all. Set by day_decode. */
	bool even;
};

void day_hours_clear(struct day_hours *h);
void day_hours_fini(struct day_hours *h);

/* Room for so many more. */
bool day_hours_reserve(
    struct day_hours *h, size_t entries, size_t bins, struct err *err);

/* What a row of the table sample says; bins is "720:123 0:6", or "" for all
 * its bytes in the open-ended bin. Rows come in the order of their key: of one
 * instant the last one stays. A damaged text is ERR_BROKEN. */
struct day_sample {
	int64_t hour, nanos, account, name, bytes;
	const char *bins; /* borrowed */
};
bool day_hours_add(
    struct day_hours *h, const struct day_sample *sample, struct err *err);

/* Where instants are to be kept. */
struct day_terms {
	const bool *weighted; /* borrowed; by account row */
	size_t weighted_count;
	const int64_t *ends; /* borrowed; hours in which the volume ends */
	size_t end_count;
};

/* Puts together what need not be told apart. */
void day_hours_pack(struct day_hours *h, const struct day_terms *terms);

#endif
