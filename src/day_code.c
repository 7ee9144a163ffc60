/*
 * day_code.c - entries into the bytes of day_code.h. In: entries in their
 * order. Out: bytes. The other direction is day_code_read.c. Owns only
 * memory.
 */
#include <stdlib.h>
#include <string.h>

#include "day_code_part.h"

enum {
	/* So many kinds are looked through for an entry's; a volume that goes
	 * on changing gets a new one, which is right, too. */
	KINDS_BACK = 8
};

/* The lowest `have` bits of the window wait; below 8 between calls. */
struct bits {
	struct buf *out;
	uint64_t window;
	unsigned have;
};

struct writer {
	const struct day_hours *h;
	int64_t first_hour;
	struct buf *out;
	unsigned flags, shift;
	uint32_t present, exact; /* hours, a bit each */
	struct day_kind *kinds;	 /* owned */
	size_t kind_count, kind_cap;
	struct day_stream *streams; /* owned */
	size_t stream_count, stream_cap;
	uint32_t *kind_of; /* owned; of each entry */
	uint64_t *codes;   /* owned; of each bin, what its stream says of it */
	struct bits bits;
};

static void
put_number(struct buf *out, exact_u128 n)
{
	while (n >= 0x80) {
		buf_char(out, (char)(0x80 | (n & 0x7f)));
		n >>= 7;
	}
	buf_char(out, (char)n);
}

static void
put_mask(struct buf *out, uint32_t mask)
{
	for (int i = 0; i < DAY_HOURS / 8; i++)
		buf_char(out, (char)(mask >> (8 * i) & 0xff));
}

/* --- runs --- */

struct run {
	uint64_t value, length;
};

static void
put_run(struct buf *out, struct run *run)
{
	if (run->length > 0) {
		put_number(out, run->value);
		put_number(out, run->length);
	}
	run->length = 0;
}

static void
add_to_run(struct buf *out, struct run *run, uint64_t value)
{
	if (run->value != value)
		put_run(out, run);
	run->value = value;
	run->length++;
}

/* --- kinds --- */

static bool
is_of_kind(const struct writer *w, const struct day_entry *e,
    const struct day_kind *kind)
{
	if (e->account != kind->account || e->name != kind->name ||
	    e->bin_count != kind->bin_count)
		return false;
	for (size_t i = 0; i < e->bin_count; i++)
		if (w->h->bins[e->first_bin + i].age_hours !=
		    w->streams[kind->first_stream + i].age_hours)
			return false;
	return true;
}

static bool
add_kind(struct writer *w, const struct day_entry *e, struct err *err)
{
	if (w->kind_count == w->kind_cap) {
		size_t cap = w->kind_cap > 0 ? 2 * w->kind_cap : 4;
		struct day_kind *more =
		    reallocarray(w->kinds, cap, sizeof *more);

		if (more == NULL)
			return err_nomem(err);
		w->kinds = more;
		w->kind_cap = cap;
	}
	if (w->stream_cap - w->stream_count < e->bin_count) {
		size_t cap = 2 * (w->stream_cap + e->bin_count);
		struct day_stream *more =
		    reallocarray(w->streams, cap, sizeof *more);

		if (more == NULL)
			return err_nomem(err);
		w->streams = more;
		w->stream_cap = cap;
	}
	w->kinds[w->kind_count++] = (struct day_kind){.account = e->account,
	    .name = e->name,
	    .first_stream = w->stream_count,
	    .bin_count = e->bin_count};
	for (size_t i = 0; i < e->bin_count; i++)
		w->streams[w->stream_count++] = (struct day_stream){
		    .age_hours = w->h->bins[e->first_bin + i].age_hours};
	return true;
}

static bool
find_kinds(struct writer *w, struct err *err)
{
	for (size_t i = 0; i < w->h->count; i++) {
		const struct day_entry *e = &w->h->list[i];
		size_t k = w->kind_count, tries = 0;

		while (k > 0 && tries < KINDS_BACK &&
		       !is_of_kind(w, e, &w->kinds[k - 1])) {
			k--;
			tries++;
		}
		if (k == 0 || tries == KINDS_BACK) {
			if (!add_kind(w, e, err))
				return false;
			k = w->kind_count;
		}
		w->kind_of[i] = (uint32_t)(k - 1);
	}
	return true;
}

/* --- what is coded --- */

static bool
look_at_hours(struct writer *w, struct err *err)
{
	for (size_t i = 0; i < w->h->count; i++) {
		const struct day_entry *e = &w->h->list[i];
		int64_t hour = e->hour - w->first_hour;

		if (hour < 0 || hour >= DAY_HOURS || e->bin_count == 0 ||
		    e->bin_count > DAY_CODE_MAX_BINS || e->account < 0 ||
		    e->name < 0)
			return err_set(err, ERR_BROKEN,
			    "a day cannot keep %zu bins of account row %lld, "
			    "name row %lld in hour %lld",
			    e->bin_count, (long long)e->account,
			    (long long)e->name, (long long)hour);
		if ((w->present >> hour & 1) != 0)
			w->flags |= DAY_CODE_ENTRIES;
		w->present |= UINT32_C(1) << hour;
		if (e->nanos != DAY_NO_NANOS)
			w->exact |= UINT32_C(1) << hour;
		if (e->count != 1)
			w->flags |= DAY_CODE_COUNTS;
	}
	if (w->present != DAY_CODE_ALL_HOURS)
		w->flags |= DAY_CODE_HOURS;
	if (w->exact != 0)
		w->flags |= DAY_CODE_INSTANTS;
	return true;
}

static void
look_at_sizes(struct writer *w)
{
	exact_u128 all = 0, largest = 0;

	for (size_t i = 0; i < w->h->bin_count; i++) {
		all |= w->h->bins[i].num;
		if (w->h->bins[i].num > largest)
			largest = w->h->bins[i].num;
	}
	while (all != 0 && w->shift < DAY_CODE_MAX_SHIFT &&
	       (all >> w->shift & 1) == 0)
		w->shift++;
	if (largest >> w->shift > DAY_CODE_MAX_SIZE)
		w->flags |= DAY_CODE_WIDE;
}

static unsigned
bit_length(uint64_t n)
{
	return n == 0 ? 0 : 64 - (unsigned)__builtin_clzll(n);
}

static unsigned
code_length(const struct day_stream *s, uint64_t code)
{
	return 2 * bit_length((code >> s->k) + 1) - 1 + s->k;
}

/* The code costs 1 + k bits of a difference of up to k bits, 2 more for each
 * further bit: so k is about as long as most are. */
static void
choose_k(struct day_stream *s)
{
	uint64_t others = s->count - 1 - s->zeros;
	unsigned least = s->length_max > DAY_CODE_MAX_ZEROS
			     ? s->length_max - DAY_CODE_MAX_ZEROS
			     : 0;

	s->k = others > 0 ? (unsigned)(s->length_sum / others) : 0;
	if (s->k < least)
		s->k = least;
	s->constant = others == 0;
	s->says_same = !s->constant && s->zeros * (s->k + 1) >= s->count;
}

/* Where all are about as long, the code's own bits can be saved. */
static void
choose_code(struct day_stream *s)
{
	uint64_t coded = s->count - 1 - (s->says_same ? s->zeros : 0);

	s->fixed = !s->constant && coded * s->length_max <= s->cost;
	if (s->fixed)
		s->k = s->length_max;
}

typedef void size_fn(
    struct writer *w, size_t bin, uint64_t count, struct day_stream *s);

static void
each_size(struct writer *w, size_fn *each)
{
	for (size_t i = 0; i < w->h->count; i++) {
		const struct day_entry *e = &w->h->list[i];
		struct day_stream *s =
		    &w->streams[w->kinds[w->kind_of[i]].first_stream];

		for (size_t b = 0; b < e->bin_count; b++)
			each(w, e->first_bin + b, e->count, &s[b]);
	}
}

/* Each size becomes its stream's first one, or a difference. */
static void
take_size(struct writer *w, size_t bin, uint64_t count, struct day_stream *s)
{
	uint64_t size = (uint64_t)(w->h->bins[bin].num >> w->shift);
	int64_t step = (int64_t)(size - day_stream_expect(s, count));
	uint64_t code = day_zigzag(step);

	if (s->count == 0)
		s->first = size;
	else if (code == 0)
		s->zeros++;
	else
		s->length_sum += bit_length(code);
	if (s->count > 0 && bit_length(code) > s->length_max)
		s->length_max = bit_length(code);
	w->codes[bin] = code;
	s->count++;
	s->size = size;
	s->samples = count;
}

static void
add_cost(struct writer *w, size_t bin, uint64_t count, struct day_stream *s)
{
	(void)count;
	if (s->started && (!s->says_same || w->codes[bin] != 0))
		s->cost += code_length(s, w->codes[bin]);
	s->started = true;
}

static void
code_sizes(struct writer *w)
{
	each_size(w, take_size);
	for (size_t i = 0; i < w->stream_count; i++)
		choose_k(&w->streams[i]);
	each_size(w, add_cost);
	for (size_t i = 0; i < w->stream_count; i++) {
		choose_code(&w->streams[i]);
		w->streams[i].started = false;
	}
}

/* --- writing --- */

static void
put_how(struct buf *out, const struct day_stream *s)
{
	unsigned how = s->k;

	if (s->fixed)
		how |= DAY_CODE_FIXED;
	if (s->says_same)
		how |= DAY_CODE_SAME;
	buf_char(out, (char)(s->constant ? DAY_CODE_CONSTANT : how));
}

static void
put_kinds(struct writer *w)
{
	if (w->kind_count > 1)
		put_number(w->out, w->kind_count);
	for (size_t i = 0; i < w->kind_count; i++) {
		const struct day_kind *kind = &w->kinds[i];
		const struct day_stream *s = &w->streams[kind->first_stream];
		bool plain = kind->bin_count == 1 && s->age_hours == 0;

		put_number(w->out, (uint64_t)kind->account);
		put_number(w->out, (uint64_t)kind->name);
		put_number(w->out, plain ? 0 : kind->bin_count);
		for (size_t b = 0; b < kind->bin_count; b++, s++) {
			if (!plain)
				put_number(w->out, s->age_hours);
			if ((w->flags & DAY_CODE_WIDE) != 0)
				continue;
			put_number(w->out, s->first);
			put_how(w->out, s);
		}
	}
}

static bool
is_last_of_hour(const struct day_hours *h, size_t i)
{
	return i + 1 == h->count || h->list[i + 1].hour != h->list[i].hour;
}

static void
put_lists(struct writer *w)
{
	const struct day_hours *h = w->h;
	struct run run = {0, 0};
	uint64_t entries = 0;

	if ((w->flags & DAY_CODE_ENTRIES) != 0) {
		for (size_t i = 0; i < h->count; i++) {
			entries++;
			if (is_last_of_hour(h, i)) {
				add_to_run(w->out, &run, entries);
				entries = 0;
			}
		}
		put_run(w->out, &run);
	}
	put_kinds(w);
	if ((w->flags & DAY_CODE_KINDS) != 0) {
		for (size_t i = 0; i < h->count; i++)
			add_to_run(w->out, &run, w->kind_of[i]);
		put_run(w->out, &run);
	}
	if ((w->flags & DAY_CODE_COUNTS) != 0) {
		for (size_t i = 0; i < h->count; i++)
			if (h->list[i].nanos == DAY_NO_NANOS &&
			    !is_last_of_hour(h, i))
				add_to_run(w->out, &run, h->list[i].count);
		put_run(w->out, &run);
	}
}

/* The largest unit in which all instants are whole. */
static unsigned
choose_unit(const struct day_hours *h)
{
	unsigned unit = DAY_CODE_UNITS - 1;

	for (size_t i = 0; i < h->count; i++)
		while (h->list[i].nanos != DAY_NO_NANOS &&
		       h->list[i].nanos % day_code_units[unit] != 0)
			unit--;
	return unit;
}

static void
put_instants(struct writer *w)
{
	unsigned unit = choose_unit(w->h);
	int64_t before = 0;

	buf_char(w->out, (char)unit);
	for (size_t i = 0; i < w->h->count; i++) {
		int64_t at = w->h->list[i].nanos, step;

		if (at == DAY_NO_NANOS)
			continue;
		at /= day_code_units[unit];
		step = at - before;
		put_number(w->out, day_zigzag(step));
		before = at;
	}
}

/* --- bits, the highest first --- */

/* count is at most 56. */
static void
put_bits(struct bits *b, uint64_t value, unsigned count)
{
	b->window = b->window << count | value;
	b->have += count;
	while (b->have >= 8) {
		b->have -= 8;
		buf_char(b->out, (char)(b->window >> b->have & 0xff));
	}
}

static void
put_code(struct bits *b, const struct day_stream *s, uint64_t code)
{
	uint64_t high = (code >> s->k) + 1;
	unsigned zeros = bit_length(high) - 1;

	if (s->constant)
		return;
	if (s->says_same) {
		put_bits(b, code != 0, 1);
		if (code == 0)
			return;
	}
	if (!s->fixed) {
		put_bits(b, 0, zeros);
		put_bits(b, high, zeros + 1);
	}
	put_bits(b, code & ((UINT64_C(1) << s->k) - 1), s->k);
}

static void
put_size(struct writer *w, size_t bin, uint64_t count, struct day_stream *s)
{
	(void)count;
	if (s->started)
		put_code(&w->bits, s, w->codes[bin]);
	s->started = true;
}

static void
put_sizes(struct writer *w)
{
	if ((w->flags & DAY_CODE_WIDE) != 0) {
		for (size_t b = 0; b < w->h->bin_count; b++)
			put_number(w->out, w->h->bins[b].num >> w->shift);
		return;
	}
	w->bits.out = w->out;
	each_size(w, put_size);
	if (w->bits.have > 0)
		put_bits(&w->bits, 0, 8 - w->bits.have);
}

static bool
encode(struct writer *w, struct err *err)
{
	w->kind_of = calloc(w->h->count + 1, sizeof *w->kind_of);
	w->codes = calloc(w->h->bin_count + 1, sizeof *w->codes);
	if (w->kind_of == NULL || w->codes == NULL)
		return err_nomem(err);
	if (!look_at_hours(w, err) || !find_kinds(w, err))
		return false;
	if (w->kind_count > 1)
		w->flags |= DAY_CODE_KINDS;
	look_at_sizes(w);
	if ((w->flags & DAY_CODE_WIDE) == 0)
		code_sizes(w);
	buf_char(w->out, (char)(DAY_CODE_VERSION | w->flags));
	buf_char(w->out, (char)w->shift);
	if ((w->flags & DAY_CODE_HOURS) != 0)
		put_mask(w->out, w->present);
	if ((w->flags & DAY_CODE_INSTANTS) != 0)
		put_mask(w->out, w->exact);
	put_lists(w);
	if ((w->flags & DAY_CODE_INSTANTS) != 0)
		put_instants(w);
	put_sizes(w);
	return !w->out->failed || err_nomem(err);
}

bool
day_encode(
    const struct day_hours *h, int64_t day, struct buf *out, struct err *err)
{
	struct writer w = {.h = h, .first_hour = day * DAY_HOURS, .out = out};
	bool ok = encode(&w, err);

	free(w.kinds);
	free(w.streams);
	free(w.kind_of);
	free(w.codes);
	return ok;
}
