/*
 * usage_bins.h - bytes per age bin of an hour, or of several samples of it: a
 * short list without order, each age once. For usage.c alone.
 */
#ifndef SRC_USAGE_BINS_H
#define SRC_USAGE_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/exact.h"
#include "usage.h"

/* The zero value is an empty list; free(list) gives its memory back. */
struct usage_bins {
	struct usage_bin *list; /* owned */
	size_t count, cap;
};

/* Adds num to the bin of an age, made when needed; a zero makes one, too. */
bool usage_bins_add(
    struct usage_bins *b, uint32_t age_hours, exact_u128 num, struct err *err);

/* Adds every bin of from, weight times. */
bool usage_bins_add_all(struct usage_bins *b, const struct usage_bins *from,
    uint64_t weight, struct err *err);

/* Makes b the same as from. */
bool usage_bins_copy(
    struct usage_bins *b, const struct usage_bins *from, struct err *err);

/* Makes b what a sample's row says: "720:123 0:6", or "" for all its bytes
 * in the open-ended bin. A damaged text is ERR_BROKEN. */
bool usage_bins_parse(
    struct usage_bins *b, const char *text, int64_t bytes, struct err *err);

#endif
