/*
 * day_code_read.c - the bytes of day_code.h into entries. In: bytes that may
 * be anything. Out: entries. Owns only memory.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "day_code_part.h"

struct reader {
	const uint8_t *p, *end;
	struct day_hours *h;
	int64_t first_hour;
	unsigned flags, shift;
	size_t max_entries;
	uint32_t exact; /* hours with instants, a bit each */
	size_t kind_count, stream_count;
	struct day_kind *kinds;	    /* of day_decode, or owned */
	struct day_stream *streams; /* the same */
	uint32_t *kind_of;	    /* owned; NULL while there is one kind */
};

/* --- bytes --- */

static bool
get_byte(struct reader *r, unsigned *out)
{
	if (r->p == r->end)
		return false;
	*out = *r->p++;
	return true;
}

static bool
get_wide(struct reader *r, exact_u128 *out)
{
	unsigned byte;

	*out = 0;
	for (unsigned at = 0; at < 128; at += 7) {
		if (!get_byte(r, &byte))
			return false;
		*out |= (exact_u128)(byte & 0x7f) << at;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool
get_number(struct reader *r, uint64_t max, uint64_t *out)
{
	unsigned byte;

	*out = 0;
	for (unsigned at = 0; at < 63; at += 7) {
		if (!get_byte(r, &byte))
			return false;
		*out |= (uint64_t)(byte & 0x7f) << at;
		if (byte < 0x80)
			return *out <= max;
	}
	return false;
}

static bool
get_mask(struct reader *r, uint32_t *out)
{
	if (r->end - r->p < DAY_HOURS / 8)
		return false;
	*out = r->p[0] | (uint32_t)r->p[1] << 8 | (uint32_t)r->p[2] << 16;
	r->p += DAY_HOURS / 8;
	return true;
}

struct run {
	uint64_t value, length;
};

/* The next of a list of runs. */
static bool
next_of_run(struct reader *r, struct run *run, uint64_t max, uint64_t *out)
{
	if (run->length == 0 &&
	    (!get_number(r, max, &run->value) ||
		!get_number(r, r->max_entries, &run->length) ||
		run->length == 0))
		return false;
	run->length--;
	*out = run->value;
	return true;
}

/* --- what stands before the sizes --- */

static bool
get_hours(struct reader *r, struct err *err)
{
	uint32_t present = DAY_CODE_ALL_HOURS;
	struct run run = {0, 0};
	uint64_t entries = 1;

	if (((r->flags & DAY_CODE_HOURS) != 0 && !get_mask(r, &present)) ||
	    ((r->flags & DAY_CODE_INSTANTS) != 0 && !get_mask(r, &r->exact)))
		return false;
	for (int i = 0; i < DAY_HOURS; i++) {
		if ((present >> i & 1) == 0)
			continue;
		if ((r->flags & DAY_CODE_ENTRIES) != 0 &&
		    (!next_of_run(r, &run, r->max_entries, &entries) ||
			entries == 0))
			return false;
		if (r->h->count + entries > r->max_entries ||
		    !day_hours_reserve(r->h, entries, 0, err))
			return false;
		for (; entries > 0; entries--)
			r->h->list[r->h->count++] =
			    (struct day_entry){.hour = r->first_hour + i,
				.nanos = DAY_NO_NANOS,
				.count = 1};
		entries = 1;
	}
	return run.length == 0 && r->h->count > 0;
}

static bool
get_stream(struct reader *r, struct day_stream *s, bool plain)
{
	uint64_t age = 0;
	unsigned how;

	if (!plain && !get_number(r, UINT32_MAX, &age))
		return false;
	*s = (struct day_stream){.age_hours = (uint32_t)age};
	if ((r->flags & DAY_CODE_WIDE) != 0)
		return true;
	if (!get_number(r, DAY_CODE_MAX_SIZE, &s->first) || !get_byte(r, &how))
		return false;
	s->constant = how == DAY_CODE_CONSTANT;
	s->says_same = (how & DAY_CODE_SAME) != 0;
	s->fixed = (how & DAY_CODE_FIXED) != 0;
	s->k = how % DAY_CODE_FIXED;
	return s->constant || s->k <= DAY_CODE_MAX_K;
}

static bool
get_kind(struct reader *r, struct day_kind *kind)
{
	uint64_t account, name, bins;

	if (!get_number(r, INT64_MAX, &account) ||
	    !get_number(r, INT64_MAX, &name) ||
	    !get_number(r, DAY_CODE_MAX_BINS, &bins))
		return false;
	*kind = (struct day_kind){.account = (int64_t)account,
	    .name = (int64_t)name,
	    .first_stream = r->stream_count,
	    .bin_count = bins > 0 ? bins : 1};
	for (size_t i = 0; i < kind->bin_count; i++)
		if (!get_stream(r, &r->streams[r->stream_count++], bins == 0))
			return false;
	return true;
}

static bool
get_kinds(struct reader *r, struct err *err)
{
	uint64_t count = 1;

	if ((r->flags & DAY_CODE_KINDS) != 0) {
		size_t left = (size_t)(r->end - r->p);

		/* A kind has 3 bytes at least, and one for each of its bins
		 * but a plain one. */
		if (!get_number(r, left / 3, &count) || count == 0)
			return false;
		r->kinds = calloc(count, sizeof *r->kinds);
		r->streams =
		    calloc(left + DAY_CODE_MAX_BINS, sizeof *r->streams);
		r->kind_of = calloc(r->h->count, sizeof *r->kind_of);
		if (r->kinds == NULL || r->streams == NULL ||
		    r->kind_of == NULL)
			return err_nomem(err);
	}
	for (; r->kind_count < count; r->kind_count++)
		if (!get_kind(r, &r->kinds[r->kind_count]))
			return false;
	return true;
}

static bool
set_kinds(struct reader *r, struct err *err)
{
	struct run run = {0, 0};
	size_t bins = 0;
	uint64_t kind = 0;

	for (size_t i = 0; i < r->h->count; i++) {
		struct day_entry *e = &r->h->list[i];

		if (r->kind_of != NULL) {
			if (!next_of_run(r, &run, r->kind_count - 1, &kind))
				return false;
			r->kind_of[i] = (uint32_t)kind;
		}
		e->account = r->kinds[kind].account;
		e->name = r->kinds[kind].name;
		e->first_bin = bins;
		e->bin_count = r->kinds[kind].bin_count;
		bins += e->bin_count;
	}
	if (run.length != 0 || !day_hours_reserve(r->h, 0, bins, err))
		return false;
	r->h->bin_count = bins;
	return true;
}

static bool
is_exact(const struct reader *r, const struct day_entry *e)
{
	return (r->exact >> (e->hour - r->first_hour) & 1) != 0;
}

static bool
get_counts(struct reader *r)
{
	const struct day_hours *h = r->h;
	struct run run = {0, 0};

	for (size_t i = 0; i + 1 < h->count; i++)
		if (h->list[i + 1].hour == h->list[i].hour &&
		    !is_exact(r, &h->list[i]) &&
		    (!next_of_run(r, &run, UINT32_MAX, &h->list[i].count) ||
			h->list[i].count == 0))
			return false;
	return run.length == 0;
}

static bool
get_instants(struct reader *r)
{
	int64_t at = 0, unit;
	uint64_t step;
	unsigned which;

	if (!get_byte(r, &which) || which >= DAY_CODE_UNITS)
		return false;
	unit = day_code_units[which];
	for (size_t i = 0; i < r->h->count; i++) {
		struct day_entry *e = &r->h->list[i];

		if (!is_exact(r, e))
			continue;
		if (!get_number(r, UINT64_C(1) << 43, &step))
			return false;
		at += (int64_t)(step >> 1) ^ -(int64_t)(step & 1);
		if (at < 0 || at >= DAY_CODE_HOUR_NANOS / unit)
			return false;
		e->nanos = at * unit;
	}
	return true;
}

/* --- bits --- */

/* The highest `have` bits of the window are to be read; what stands behind
 * them is right, or 0 at the end. */
struct bits {
	const uint8_t *p, *end;
	uint64_t window;
	unsigned have;
};

/* At least 57 bits, unless the end is near. */
static inline void
fill(struct bits *b)
{
	uint64_t next;

	if (b->end - b->p >= 8) {
		memcpy(&next, b->p, 8);
		b->window |= be64toh(next) >> b->have;
		b->p += (63 - b->have) / 8;
		b->have |= 56;
		return;
	}
	while (b->have <= 56 && b->p < b->end) {
		b->window |= (uint64_t)*b->p++ << (56 - b->have);
		b->have += 8;
	}
}

/* count is 1 to 57. */
static inline bool
get_bits(struct bits *b, unsigned count, uint64_t *out)
{
	fill(b);
	if (count > b->have)
		return false;
	*out = b->window >> (64 - count);
	b->window <<= count;
	b->have -= count;
	return true;
}

/* A code that is longer than what is at hand, behind its zeros. */
static bool
get_long_code(struct bits *b, unsigned zeros, unsigned k, uint64_t *code)
{
	uint64_t high, low = 0;

	if (zeros > DAY_CODE_MAX_ZEROS || zeros > b->have)
		return false;
	b->window <<= zeros;
	b->have -= zeros;
	if (!get_bits(b, zeros + 1, &high) || (k > 0 && !get_bits(b, k, &low)))
		return false;
	*code = (high - 1) << k | low;
	return true;
}

/* zeros, a 1 and as many bits as there were zeros, k bits: the last of these,
 * from the 1 on, are the number plus 2^k. */
static inline bool
get_code(struct bits *b, unsigned k, uint64_t *code)
{
	unsigned zeros, rest;

	fill(b);
	if (b->window == 0)
		return false;
	zeros = (unsigned)__builtin_clzll(b->window);
	rest = zeros + 1 + k;
	if (zeros + rest > b->have)
		return get_long_code(b, zeros, k, code);
	*code = (b->window << zeros >> (64 - rest)) - (UINT64_C(1) << k);
	b->window = b->window << zeros << rest;
	b->have -= zeros + rest;
	return true;
}

static inline bool
get_difference(struct bits *b, const struct day_stream *s, uint64_t *code)
{
	uint64_t differs = 1;

	*code = 0;
	if (s->constant)
		return true;
	if (s->says_same && !get_bits(b, 1, &differs))
		return false;
	if (differs == 0)
		return true;
	if (s->fixed)
		return s->k > 0 && get_bits(b, s->k, code);
	return get_code(b, s->k, code);
}

static inline bool
get_size(struct bits *b, struct day_stream *s, uint64_t samples)
{
	uint64_t code;

	if (s->samples == 0) {
		s->size = s->first;
		s->samples = samples;
		return true;
	}
	if (!get_difference(b, s, &code))
		return false;
	s->size = day_stream_expect(s, samples) + (code >> 1 ^ -(code & 1));
	s->samples = samples;
	return true;
}

static bool
get_sizes(struct reader *r)
{
	struct bits bits = {.p = r->p, .end = r->end};

	for (size_t i = 0; i < r->h->count; i++) {
		const struct day_entry *e = &r->h->list[i];
		struct usage_bin *bin = &r->h->bins[e->first_bin];
		size_t kind = r->kind_of != NULL ? r->kind_of[i] : 0;
		struct day_stream *s = &r->streams[r->kinds[kind].first_stream];

		for (size_t b = 0; b < e->bin_count; b++, bin++, s++) {
			if (!get_size(&bits, s, e->count))
				return false;
			bin->age_hours = s->age_hours;
			bin->num = (exact_u128)s->size << r->shift;
		}
	}
	return bits.p == bits.end && bits.have < 8;
}

static bool
get_wide_sizes(struct reader *r)
{
	for (size_t i = 0; i < r->h->count; i++) {
		const struct day_entry *e = &r->h->list[i];
		struct usage_bin *bin = &r->h->bins[e->first_bin];
		size_t kind = r->kind_of != NULL ? r->kind_of[i] : 0;
		const struct day_stream *s =
		    &r->streams[r->kinds[kind].first_stream];

		for (size_t b = 0; b < e->bin_count; b++, bin++, s++) {
			if (!get_wide(r, &bin->num))
				return false;
			bin->age_hours = s->age_hours;
			bin->num <<= r->shift;
		}
	}
	return r->p == r->end;
}

/* --- most rows --- */

static void
set_entries(struct reader *r, uint32_t present)
{
	const struct day_kind *kind = r->kinds;
	struct day_entry *e = r->h->list;

	for (size_t bin = 0; present != 0; bin += kind->bin_count) {
		*e++ = (struct day_entry){
		    .hour = r->first_hour + __builtin_ctz(present),
		    .nanos = DAY_NO_NANOS,
		    .account = kind->account,
		    .name = kind->name,
		    .count = 1,
		    .first_bin = bin,
		    .bin_count = kind->bin_count};
		present &= present - 1;
	}
}

/* One bin is all there is, and most do not say that they are the same. */
static bool
get_column(struct reader *r, struct bits *bits)
{
	const struct day_stream s = r->streams[0];
	const uint64_t unit = UINT64_C(1) << r->shift;
	struct usage_bin *bins = r->h->bins;
	struct bits b = *bits;
	uint64_t size = s.first, code;

	for (size_t i = 0; i < r->h->bin_count; i++) {
		bins[i].age_hours = s.age_hours;
		bins[i].num = (exact_u128)size * unit;
		if (i + 1 == r->h->bin_count)
			break;
		if (!get_difference(&b, &s, &code))
			return false;
		size += code >> 1 ^ -(code & 1);
	}
	*bits = b;
	return true;
}

static bool
get_columns(struct reader *r, struct bits *bits)
{
	size_t count = r->kinds->bin_count;
	struct usage_bin *bin = r->h->bins;

	for (size_t i = 0; i < r->h->count; i++)
		for (size_t b = 0; b < count; b++, bin++) {
			if (!get_size(bits, &r->streams[b], 1))
				return false;
			bin->age_hours = r->streams[b].age_hours;
			bin->num = (exact_u128)r->streams[b].size << r->shift;
		}
	return true;
}

/* One kind, one sample an hour and no instants: the same in one go. */
static bool
decode_even(struct reader *r, struct err *err)
{
	uint32_t present = DAY_CODE_ALL_HOURS;
	struct bits bits = {.window = 0};
	size_t n;

	if (((r->flags & DAY_CODE_HOURS) != 0 && !get_mask(r, &present)) ||
	    present == 0 || !get_kind(r, r->kinds))
		return false;
	n = (size_t)__builtin_popcount(present);
	if (!day_hours_reserve(r->h, n, n * r->kinds->bin_count, err))
		return false;
	r->h->count = n;
	r->h->bin_count = n * r->kinds->bin_count;
	r->h->even = true;
	set_entries(r, present);
	bits.p = r->p;
	bits.end = r->end;
	return (r->kinds->bin_count == 1 ? get_column(r, &bits)
					 : get_columns(r, &bits)) &&
	       bits.p == bits.end && bits.have < 8;
}

static bool
decode(struct reader *r, struct err *err)
{
	unsigned flags;

	if (!get_byte(r, &flags) || (flags & ~63u) != DAY_CODE_VERSION ||
	    !get_byte(r, &r->shift) || r->shift > DAY_CODE_MAX_SHIFT)
		return false;
	r->flags = flags & 63u;
	if ((r->flags & ~(unsigned)DAY_CODE_HOURS) == 0)
		return decode_even(r, err);
	if (!get_hours(r, err) || !get_kinds(r, err) || !set_kinds(r, err))
		return false;
	if ((r->flags & DAY_CODE_COUNTS) != 0 && !get_counts(r))
		return false;
	if ((r->flags & DAY_CODE_INSTANTS) != 0 && !get_instants(r))
		return false;
	return (r->flags & DAY_CODE_WIDE) != 0 ? get_wide_sizes(r)
					       : get_sizes(r);
}

bool
day_decode(struct day_hours *h, int64_t day, const void *data, size_t len,
    struct err *err)
{
	/* For rows with one kind, which most are. */
	struct day_stream streams[DAY_CODE_MAX_BINS];
	struct day_kind kind;
	struct reader r = {.p = data,
	    .end = (const uint8_t *)data + len,
	    .h = h,
	    .first_hour = day * DAY_HOURS,
	    .max_entries = 2 * (size_t)DAY_HOURS + len,
	    .kinds = &kind,
	    .streams = streams};
	bool ok;

	day_hours_clear(h);
	err->kind = ERR_NONE;
	ok = decode(&r, err);
	if (r.kinds != &kind)
		free(r.kinds);
	if (r.streams != streams)
		free(r.streams);
	free(r.kind_of);
	if (ok)
		return true;
	day_hours_clear(h);
	return err->kind != ERR_NONE
		   ? false
		   : err_set(err, ERR_BROKEN, "the bytes of a day are damaged");
}
