/*
 * usage_bins.c - sizes per age, as usage_bins.h promises. In: other bins.
 * Out: their sum. Owns only memory.
 */
#include <stdlib.h>
#include <string.h>

#include "usage_bins.h"

static bool
make_room(struct usage_bins *b, size_t count, struct err *err)
{
	size_t cap = b->cap > 0 ? b->cap : 2;
	struct usage_bin *more;

	if (count <= b->cap)
		return true;
	while (cap < count)
		cap *= 2;
	more = reallocarray(b->list, cap, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	b->list = more;
	b->cap = cap;
	return true;
}

bool
usage_bins_add(
    struct usage_bins *b, uint32_t age_hours, exact_u128 num, struct err *err)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].age_hours == age_hours) {
			b->list[i].num += num;
			return true;
		}
	if (!make_room(b, b->count + 1, err))
		return false;
	b->list[b->count++] = (struct usage_bin){age_hours, num};
	return true;
}

bool
usage_bins_add_all(struct usage_bins *b, const struct usage_bin *from,
    size_t count, uint64_t weight, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!usage_bins_add(
			b, from[i].age_hours, from[i].num * weight, err))
			return false;
	return true;
}

bool
usage_bins_copy(struct usage_bins *b, const struct usage_bin *from,
    size_t count, struct err *err)
{
	if (!make_room(b, count, err))
		return false;
	if (count > 0)
		memcpy(b->list, from, count * sizeof *from);
	b->count = count;
	return true;
}
