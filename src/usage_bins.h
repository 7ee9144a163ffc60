/*
 * usage_bins.h - bytes per age bin of an hour, or of several samples of it: a
 * short list without order, each age once. For usage*.c and day*.c.
 */
#ifndef SRC_USAGE_BINS_H
#define SRC_USAGE_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/exact.h"

/* Bytes of one age bin: num / den of the hour. age_hours 0 is the open-ended
 * bin, and the whole volume when it reports no bins. */
struct usage_bin {
	uint32_t age_hours;
	exact_u128 num;
};

/* The zero value is an empty list; free(list) gives its memory back. */
struct usage_bins {
	struct usage_bin *list; /* owned */
	size_t count, cap;
};

/* Adds num to the bin of an age, made when needed; a zero makes one, too. */
bool usage_bins_add(
    struct usage_bins *b, uint32_t age_hours, exact_u128 num, struct err *err);

/* Adds each of count bins, weight times. */
bool usage_bins_add_all(struct usage_bins *b, const struct usage_bin *from,
    size_t count, uint64_t weight, struct err *err);

/* Makes b the same as count bins, of which each age is there once. */
bool usage_bins_copy(struct usage_bins *b, const struct usage_bin *from,
    size_t count, struct err *err);

#endif
