/*
 * page_usage.h - what one volume held, by the hour or by the day.
 */
#ifndef SRC_PAGE_USAGE_H
#define SRC_PAGE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/exact.h"
#include "page.h"

/* An hour or a day. Each hour's usage counts to the whole byte. */
struct page_usage_part {
	exact_u128 measured, estimated; /* byte-hours */
	int64_t measured_hours, estimated_hours, missing_hours;
	size_t samples;	 /* of an hour */
	int64_t account; /* row: who pays the last hour of it; 0: nobody */
};

struct page_usage {
	int64_t from, to; /* unix seconds: as far as it is known */
	int64_t step;	  /* seconds of a part: an hour's, or a day's */
	struct page_usage_part *parts; /* owned */
	size_t count;
};

/* Of a volume (row) in [from, to), whole days, as far as the reader may see
 * it. The hour at hand is among hours, and not in days. out must be empty; page_usage_fini gives it back. */
bool page_usage_load(struct page *page, int64_t volume, int64_t from,
    int64_t to, bool by_hour, struct page_usage *out, struct err *err);
void page_usage_fini(struct page_usage *usage);

/* The sum of some of its parts. */
void page_usage_sum(const struct page_usage *usage, size_t first, size_t end,
    struct page_usage_part *out);

/* The mean of the hours from first to the end of parts that are over at now,
 * in GiB. */
void page_usage_mean(
    struct buf *out, const struct page_usage_part *part, int64_t hours);

/* How many hours of [from, to) are over at now; at the beginning of the first
 * one, it. */
int64_t page_usage_hours(int64_t from, int64_t to, int64_t now);

#endif
