/*
 * export_cells.c - hours become sums. In: hours of a window, as usage.h tells
 * them. Out: cells, each with a sum for every age and rate. Owns only memory.
 *
 * What an hour adds to which sum, and what counts as an hour, is as in
 * rating.c; only that a bill has a line for each sum.
 */
#include <stdlib.h>
#include <string.h>

#include "export_part.h"
#include "lib/utc.h"

int64_t
export_step_start(enum export_step step, int64_t hour)
{
	if (step == EXPORT_HOUR)
		return hour;
	if (step == EXPORT_DAY)
		return hour - hour % (UTC_DAY_SECS / UTC_HOUR_SECS);
	return utc_month_start(hour * UTC_HOUR_SECS) / UTC_HOUR_SECS;
}

int64_t
export_step_end(enum export_step step, int64_t hour)
{
	int64_t start = export_step_start(step, hour);

	if (step == EXPORT_HOUR)
		return start + 1;
	if (step == EXPORT_DAY)
		return start + UTC_DAY_SECS / UTC_HOUR_SECS;
	return utc_month_add(start * UTC_HOUR_SECS, 1) / UTC_HOUR_SECS;
}

static size_t
bucket_of(const struct export_run *run, int64_t hour)
{
	int64_t first =
	    export_step_start(run->query->step, run->window.from_hour);

	if (run->query->step == EXPORT_MONTH)
		return 0;
	if (run->query->step == EXPORT_HOUR)
		return (size_t)(hour - first);
	return (size_t)((hour - first) / (UTC_DAY_SECS / UTC_HOUR_SECS));
}

/* --- cells --- */

static struct export_cell *
add_cell(struct export_window *w, uint32_t *slot, struct err *err)
{
	size_t cap = w->cell_cap > 0 ? 2 * w->cell_cap : 1024;
	struct export_cell *cell;

	if (w->cell_count == w->cell_cap) {
		cell = reallocarray(w->cells, cap, sizeof *cell);
		if (cell == NULL) {
			err_nomem(err);
			return NULL;
		}
		w->cells = cell;
		w->cell_cap = cap;
	}
	cell = &w->cells[w->cell_count++];
	memset(cell, 0, sizeof *cell);
	cell->counted_hour = -1;
	cell->next = *slot;
	*slot = (uint32_t)w->cell_count;
	return cell;
}

/* The cell that an hour's bin belongs to, made when needed. */
static struct export_cell *
find_cell(struct export_run *run, const struct usage_hour *hour,
    uint32_t account, uint32_t age_hours, struct err *err)
{
	struct export_window *w = &run->window;
	bool volumes = run->query->group == EXPORT_VOLUME;
	size_t row = volumes ? (size_t)hour->volume : account;
	uint32_t *slot =
	    &w->slots[bucket_of(run, hour->hour) * w->row_count + row];
	struct export_cell *cell;

	if (run->query->group != EXPORT_BIN)
		age_hours = 0;
	for (uint32_t i = *slot; i != 0; i = cell->next) {
		cell = &w->cells[i - 1];
		if (cell->account == account && cell->age_hours == age_hours)
			return cell;
	}
	cell = add_cell(w, slot, err);
	if (cell != NULL) {
		cell->account = account;
		cell->age_hours = age_hours;
		cell->volume = volumes ? hour->volume : 0;
	}
	return cell;
}

/* The two parts of an interpolated hour are one, and follow each other. */
static void
count_hour(struct export_cell *cell, const struct usage_hour *hour)
{
	if (cell->counted_hour == hour->hour &&
	    cell->counted_volume == hour->volume)
		return;
	cell->counted_hour = hour->hour;
	cell->counted_volume = hour->volume;
	rating_count_hours(&cell->hours, hour->kind, hour->run);
}

/* --- sums --- */

static struct export_sum *
add_sum(struct export_window *w, struct export_cell *cell, struct err *err)
{
	size_t cap = w->sum_cap > 0 ? 2 * w->sum_cap : 1024;
	struct export_sum *sum;

	if (w->sum_count == w->sum_cap) {
		sum = reallocarray(w->sums, cap, sizeof *sum);
		if (sum == NULL) {
			err_nomem(err);
			return NULL;
		}
		w->sums = sum;
		w->sum_cap = cap;
	}
	sum = &w->sums[w->sum_count++];
	memset(sum, 0, sizeof *sum);
	sum->next = cell->first_sum;
	cell->first_sum = (uint32_t)w->sum_count;
	return sum;
}

static struct export_sum *
find_sum(struct export_run *run, struct export_cell *cell, uint32_t age_hours,
    int64_t hour, struct err *err)
{
	struct export_window *w = &run->window;
	const struct export_payer *payer = &run->payers[cell->account];
	struct export_sum *sum;

	for (uint32_t i = cell->first_sum; i != 0; i = sum->next) {
		sum = &w->sums[i - 1];
		if (sum->age_hours == age_hours && hour >= sum->from_hour &&
		    hour < sum->until_hour)
			return sum;
	}
	sum = add_sum(w, cell, err);
	if (sum == NULL)
		return NULL;
	sum->age_hours = age_hours;
	sum->rate = rate_at(
	    payer->rates, payer->rate_count, age_hours, hour, &sum->until_hour);
	sum->from_hour = sum->rate != NULL ? sum->rate->from_hour : INT64_MIN;
	return sum;
}

static bool
on_hour(void *ctx, const struct usage_hour *hour, struct err *err)
{
	struct export_run *run = ctx;
	size_t index = hour->account <= run->max_account
			   ? run->payer_of[hour->account]
			   : 0;
	struct export_cell *cell;
	struct export_sum *sum;

	if (index == 0)
		return true;
	for (size_t i = 0; i < hour->bin_count; i++) {
		uint32_t age = hour->bins[i].age_hours;

		cell = find_cell(run, hour, (uint32_t)index - 1, age, err);
		if (cell == NULL)
			return false;
		count_hour(cell, hour);
		if (hour->name_count > 0)
			cell->name = hour->names[hour->name_count - 1];
		sum = find_sum(run, cell, age, hour->hour, err);
		if (sum == NULL)
			return false;
		exact_sum_add(&sum->bytes, hour->bins[i].num, hour->den);
	}
	return true;
}

/* --- windows --- */

static void
empty(struct export_window *w)
{
	for (size_t i = 0; i < w->sum_count; i++)
		exact_sum_fini(&w->sums[i].bytes);
	w->sum_count = 0;
	w->cell_count = 0;
}

static bool
make_slots(struct export_run *run, size_t bucket_count, struct err *err)
{
	struct export_window *w = &run->window;
	size_t need;

	w->bucket_count = bucket_count;
	w->row_count = run->query->group == EXPORT_VOLUME
			   ? (size_t)run->max_volume + 1
			   : run->query->account_count;
	need = bucket_count * w->row_count;
	if (need > w->slot_cap) {
		free(w->slots);
		w->slot_cap = 0;
		w->slots = calloc(need, sizeof *w->slots);
		if (w->slots == NULL)
			return err_nomem(err);
		w->slot_cap = need;
	}
	memset(w->slots, 0, need * sizeof *w->slots);
	return true;
}

static int
compare_hours(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Hours may come as runs within a step, as long as one rate holds. */
static bool
collect_cuts(struct export_run *run, struct usage_query *usage, struct err *err)
{
	size_t count = 0, need = run->window.bucket_count + 1;

	if (run->query->step == EXPORT_HOUR)
		return true;
	for (size_t i = 0; i < run->query->account_count; i++)
		need += run->payers[i].rate_count;
	if (need > run->cut_cap) {
		free(run->cuts);
		run->cut_cap = 0;
		run->cuts = calloc(need, sizeof *run->cuts);
		if (run->cuts == NULL)
			return err_nomem(err);
		run->cut_cap = need;
	}
	for (int64_t at = usage->from_hour; at < usage->to_hour;
	     at = export_step_end(run->query->step, at))
		run->cuts[count++] = at;
	for (size_t i = 0; i < run->query->account_count; i++)
		for (size_t k = 0; k < run->payers[i].rate_count; k++) {
			int64_t at = run->payers[i].rates[k].from_hour;

			if (at > usage->from_hour && at < usage->to_hour)
				run->cuts[count++] = at;
		}
	qsort(run->cuts, count, sizeof *run->cuts, compare_hours);
	usage->runs = true;
	usage->cuts = run->cuts;
	usage->cut_count = count;
	return true;
}

bool
export_fill(struct export_run *run, int64_t from_hour, int64_t to_hour,
    size_t bucket_count, struct err *err)
{
	struct export_window *w = &run->window;
	struct usage_query usage = {.from_hour = from_hour,
	    .now = run->query->now,
	    .upto_fact = USAGE_ALL_FACTS,
	    .volumes = run->own_volumes,
	    .volume_count = run->own_count};
	int64_t end = from_hour;
	size_t count = 0;

	for (; count < bucket_count && end < to_hour; count++)
		end = export_step_end(run->query->step, end);
	w->from_hour = from_hour;
	w->to_hour = usage.to_hour = end < to_hour ? end : to_hour;
	empty(w);
	return make_slots(run, count, err) && collect_cuts(run, &usage, err) &&
	       usage_scan(run->db, &usage, on_hour, run, err);
}

void
export_window_fini(struct export_window *window)
{
	empty(window);
	free(window->slots);
	free(window->cells);
	free(window->sums);
}
