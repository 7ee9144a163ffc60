/*
 * day_hours.c - samples of a volume, and sums of them. In: sample rows. Out:
 * the entries of day_hours.h. Owns only memory.
 */
#include <stdlib.h>
#include <string.h>

#include "day_hours.h"

void
day_hours_clear(struct day_hours *h)
{
	h->count = 0;
	h->bin_count = 0;
	h->even = false;
}

void
day_hours_fini(struct day_hours *h)
{
	free(h->list);
	free(h->bins);
	memset(h, 0, sizeof *h);
}

static size_t
next_cap(size_t cap, size_t need)
{
	cap = cap > 0 ? cap : DAY_HOURS;
	while (cap < need)
		cap *= 2;
	return cap;
}

bool
day_hours_reserve(
    struct day_hours *h, size_t entries, size_t bins, struct err *err)
{
	size_t cap;

	if (h->list == NULL || h->cap - h->count < entries) {
		struct day_entry *more;

		cap = next_cap(h->cap, h->count + entries);
		more = reallocarray(h->list, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return false;
		}
		h->list = more;
		h->cap = cap;
	}
	if (h->bins == NULL || h->bin_cap - h->bin_count < bins) {
		struct usage_bin *more;

		cap = next_cap(h->bin_cap, h->bin_count + bins);
		more = reallocarray(h->bins, cap, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			return false;
		}
		h->bins = more;
		h->bin_cap = cap;
	}
	return true;
}

/* Adds bytes to the bin of an age of the last entry, made when needed. */
static bool
add_bin(
    struct day_hours *h, uint32_t age_hours, uint64_t bytes, struct err *err)
{
	struct day_entry *e = &h->list[h->count - 1];

	for (size_t i = e->first_bin; i < h->bin_count; i++)
		if (h->bins[i].age_hours == age_hours) {
			h->bins[i].num += bytes;
			return true;
		}
	if (!day_hours_reserve(h, 0, 1, err))
		return false;
	h->bins[h->bin_count++] = (struct usage_bin){age_hours, bytes};
	e->bin_count++;
	return true;
}

static bool
add_bins(struct day_hours *h, const struct day_sample *sample, struct err *err)
{
	const char *text = sample->bins;
	char *end;

	if (text[0] == '\0')
		return add_bin(h, 0, (uint64_t)sample->bytes, err);
	for (;;) {
		unsigned long age = strtoul(text, &end, 10);
		unsigned long long size;

		if (*end != ':')
			break;
		size = strtoull(end + 1, &end, 10);
		if (!add_bin(h, (uint32_t)age, size, err))
			return false;
		if (*end == '\0')
			return true;
		text = end + 1;
	}
	return err_set(
	    err, ERR_BROKEN, "a sample's bins are damaged: %s", text);
}

bool
day_hours_add(
    struct day_hours *h, const struct day_sample *sample, struct err *err)
{
	struct day_entry *last;

	if (h->count > 0) {
		last = &h->list[h->count - 1];
		if (last->hour == sample->hour &&
		    last->nanos == sample->nanos) {
			h->bin_count = last->first_bin;
			h->count--;
		}
	}
	if (!day_hours_reserve(h, 1, 1, err))
		return false;
	last = &h->list[h->count++];
	*last = (struct day_entry){.hour = sample->hour,
	    .nanos = sample->nanos,
	    .account = sample->account,
	    .name = sample->name,
	    .count = 1,
	    .first_bin = h->bin_count};
	return add_bins(h, sample, err);
}

/* --- what need not be told apart --- */

/* The end of the hour whose first entry is i. */
static size_t
hour_end(const struct day_hours *h, size_t i)
{
	size_t j = i + 1;

	while (j < h->count && h->list[j].hour == h->list[i].hour)
		j++;
	return j;
}

static bool
keeps_instants(const struct day_hours *h, size_t i, size_t end,
    const struct day_terms *terms)
{
	for (size_t k = 0; k < terms->end_count; k++)
		if (terms->ends[k] == h->list[i].hour)
			return true;
	for (; i < end; i++)
		if ((size_t)h->list[i].account < terms->weighted_count &&
		    terms->weighted[h->list[i].account])
			return true;
	return false;
}

static bool
same_ages(const struct day_hours *h, const struct day_entry *a,
    const struct day_entry *b)
{
	if (a->bin_count != b->bin_count)
		return false;
	for (size_t i = 0; i < a->bin_count; i++)
		if (h->bins[a->first_bin + i].age_hours !=
		    h->bins[b->first_bin + i].age_hours)
			return false;
	return true;
}

/* Moves an entry to the end of those that are done, of which there are
 * *entries and *bins; the room there has been read before. */
static void
keep_entry(struct day_hours *h, size_t from, size_t *entries, size_t *bins)
{
	struct day_entry *to = &h->list[*entries];

	*to = h->list[from];
	memmove(&h->bins[*bins], &h->bins[to->first_bin],
	    to->bin_count * sizeof *h->bins);
	to->first_bin = *bins;
	*bins += to->bin_count;
	(*entries)++;
}

/* Adds an entry to the one before it. */
static void
fold_entry(struct day_hours *h, size_t from, struct day_entry *into)
{
	const struct day_entry *e = &h->list[from];

	into->count += e->count;
	for (size_t i = 0; i < e->bin_count; i++)
		h->bins[into->first_bin + i].num +=
		    h->bins[e->first_bin + i].num;
}

void
day_hours_pack(struct day_hours *h, const struct day_terms *terms)
{
	size_t entries = 0, bins = 0, end;

	for (size_t i = 0; i < h->count; i = end) {
		size_t first = entries;
		bool keep;

		end = hour_end(h, i);
		keep = keeps_instants(h, i, end, terms);
		for (size_t k = i; k < end; k++) {
			struct day_entry *last =
			    entries > first ? &h->list[entries - 1] : NULL;

			if (!keep)
				h->list[k].nanos = DAY_NO_NANOS;
			if (!keep && last != NULL && k + 1 < end &&
			    last->account == h->list[k].account &&
			    last->name == h->list[k].name &&
			    same_ages(h, last, &h->list[k]))
				fold_entry(h, k, last);
			else
				keep_entry(h, k, &entries, &bins);
		}
	}
	h->count = entries;
	h->bin_count = bins;
}
