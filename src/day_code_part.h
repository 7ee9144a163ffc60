/*
 * day_code_part.h - what day_code.c and day_code_read.c share: the limits of
 * the code, and what both know of the sizes of one bin.
 */
#ifndef SRC_DAY_CODE_PART_H
#define SRC_DAY_CODE_PART_H

#include "day_code.h"
#include "report.h"

enum {
	DAY_CODE_ALL_HOURS = (1 << DAY_HOURS) - 1,
	DAY_CODE_MAX_BINS = REPORT_MAX_BINS,
	DAY_CODE_MAX_SHIFT = 63,
	DAY_CODE_MAX_K = 56,
	DAY_CODE_MAX_ZEROS = 40, /* at the beginning of a code */
	DAY_CODE_SAME = 0x80,
	DAY_CODE_FIXED = 0x40,
	DAY_CODE_CONSTANT = 0xff,
	DAY_CODE_UNITS = 4,
};

#define DAY_CODE_HOUR_NANOS INT64_C(3600000000000)
/* Larger ones are written as they are. */
#define DAY_CODE_MAX_SIZE ((UINT64_C(1) << 55) - 1)

static const int64_t day_code_units[DAY_CODE_UNITS] = {
    1, 1000, 1000000, 1000000000};

/* Entries with the same account, name and ages. */
struct day_kind {
	int64_t account, name;
	size_t first_stream, bin_count;
};

/* The sizes of one bin of a kind, and the last one of them. */
struct day_stream {
	uint32_t age_hours;
	bool constant, says_same, fixed, started;
	unsigned k;
	uint64_t first;
	uint64_t size, samples;
	/* For the choice of the code. */
	uint64_t count, zeros, length_sum, cost;
	unsigned length_max;
};

/* 0, -1, 1, -2 .. as 0, 1, 2, 3 .. */
static inline uint64_t
day_zigzag(int64_t step)
{
	return (uint64_t)step << 1 ^ (step < 0 ? UINT64_MAX : 0);
}

/* What the next size, of count samples, probably is. */
static inline uint64_t
day_stream_expect(const struct day_stream *s, uint64_t count)
{
	exact_u128 size;

	if (s->samples == count)
		return s->size;
	if (s->samples == 0)
		return 0;
	size = (exact_u128)s->size * count / s->samples;
	return size > DAY_CODE_MAX_SIZE ? DAY_CODE_MAX_SIZE : (uint64_t)size;
}

#endif
