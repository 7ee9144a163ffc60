/*
 * usage_bins.c - sizes per age, as usage_bins.h promises. In: bins as a sample
 * row has them, or other bins. Out: their sum. Owns only memory.
 */
#include <stdlib.h>

#include "usage_bins.h"

bool
usage_bins_add(
    struct usage_bins *b, uint32_t age_hours, exact_u128 num, struct err *err)
{
	struct usage_bin *more;

	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].age_hours == age_hours) {
			b->list[i].num += num;
			return true;
		}
	if (b->count == b->cap) {
		size_t cap = b->cap > 0 ? 2 * b->cap : 2;

		more = reallocarray(b->list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		b->list = more;
		b->cap = cap;
	}
	b->list[b->count++] = (struct usage_bin){age_hours, num};
	return true;
}

bool
usage_bins_add_all(struct usage_bins *b, const struct usage_bins *from,
    uint64_t weight, struct err *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (!usage_bins_add(b, from->list[i].age_hours,
			from->list[i].num * weight, err))
			return false;
	return true;
}

bool
usage_bins_copy(
    struct usage_bins *b, const struct usage_bins *from, struct err *err)
{
	b->count = 0;
	return usage_bins_add_all(b, from, 1, err);
}

bool
usage_bins_parse(
    struct usage_bins *b, const char *text, int64_t bytes, struct err *err)
{
	char *end;

	b->count = 0;
	if (text[0] == '\0')
		return usage_bins_add(b, 0, (exact_u128)bytes, err);
	for (;;) {
		unsigned long age = strtoul(text, &end, 10);
		unsigned long long size;

		if (*end != ':')
			break;
		size = strtoull(end + 1, &end, 10);
		if (!usage_bins_add(b, (uint32_t)age, size, err))
			return false;
		if (*end == '\0')
			return true;
		text = end + 1;
	}
	return err_set(
	    err, ERR_BROKEN, "a sample's bins are damaged: %s", text);
}
