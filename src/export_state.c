/*
 * export_state.c - what became of the periods that rows belong to. In: the
 * archive; of periods that have ended and are not closed, their hours and
 * corrections, which say whether they are held. Out: a word for each account.
 * Owns nothing.
 *
 * As a bill says it, without making one: that would take a line for every
 * volume.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "correction.h"
#include "export_part.h"
#include "lib/currency.h"
#include "lib/utc.h"
#include "periods.h"

/* An account whose period has ended and is not closed. */
struct undecided {
	bool is;
	bool unrated;
	struct rating_hours hours;
};

/* --- the hours of a period --- */

static bool
has_unrated(const struct export_window *w, const struct export_cell *cell)
{
	struct exact *bytes = exact_new();
	const struct export_sum *sum;
	bool found = false;

	for (uint32_t i = cell->first_sum; i != 0 && !found; i = sum->next) {
		sum = &w->sums[i - 1];
		if (sum->rate != NULL)
			continue;
		exact_sum_get(&sum->bytes, bytes);
		found = exact_sign(bytes) != 0;
	}
	exact_free(bytes);
	return found;
}

static void
add_cells(const struct export_window *w, struct undecided *list)
{
	for (size_t i = 0; i < w->cell_count; i++) {
		const struct export_cell *cell = &w->cells[i];
		struct undecided *u = &list[cell->account];

		u->hours.measured += cell->hours.measured;
		u->hours.estimated += cell->hours.estimated;
		u->hours.unbilled += cell->hours.unbilled;
		u->unrated = u->unrated || has_unrated(w, cell);
	}
}

static bool
add_hours(const struct export_run *run, const struct invoice_period *period,
    struct undecided *list, struct err *err)
{
	struct export_query query = *run->query;
	struct export_run months = *run;
	int64_t at = period->from, end;
	bool ok = true;

	query.step = EXPORT_MONTH;
	query.group = EXPORT_ACCOUNT;
	months.query = &query;
	months.cuts = NULL;
	months.cut_cap = 0;
	memset(&months.window, 0, sizeof months.window);
	for (; ok && at < period->to; at = end) {
		end = utc_month_add(at, 1);
		ok = export_fill(
		    &months, at / UTC_HOUR_SECS, end / UTC_HOUR_SECS, 1, err);
		if (ok)
			add_cells(&months.window, list);
	}
	export_window_fini(&months.window);
	free(months.cuts);
	return ok;
}

/* --- the word --- */

static bool
decide(struct export_run *run, size_t i, const struct invoice_period *period,
    const struct undecided *u, struct err *err)
{
	struct invoice_query query = {.period = period, .now = run->query->now};
	struct invoice bill = {.account = run->query->accounts[i],
	    .period = *period,
	    .hours = u->hours,
	    .digits = currency_digits(run->query->accounts[i].currency)};
	struct grace grace;
	bool carries, ok;

	invoice_judge(&bill,
	    invoice_find_reason(&bill.account, &u->hours, u->unrated),
	    query.now);
	ok = grace_load(run->db, &grace, err) &&
	     fact_load_head(run->db, &query.head, err) &&
	     correction_add(run->db, &bill, &query, &carries, err);
	if (ok)
		run->states[i] = periods_is_empty(&bill, &grace, query.now)
				     ? "empty"
				     : invoice_state_name(bill.state);
	invoice_fini(&bill);
	return ok;
}

/* The accounts with months, or those with quarters; their period. */
static bool
find_undecided(struct export_run *run, int64_t month_start,
    enum account_period length, struct invoice_period *period,
    struct undecided *list, bool *any, struct err *err)
{
	const struct export_query *q = run->query;
	struct archive_row row;
	bool found;

	*any = false;
	for (size_t i = 0; i < q->account_count; i++) {
		if (q->accounts[i].period != length)
			continue;
		invoice_period_of(&q->accounts[i], month_start, period);
		if (!archive_find(run->db, q->accounts[i].id, period->text,
			&row, &found, err))
			return false;
		run->states[i] =
		    invoice_state_name(found ? INVOICE_CLOSED : INVOICE_OPEN);
		list[i].is = !found && q->now >= period->to;
		*any = *any || list[i].is;
	}
	return true;
}

static bool
load(struct export_run *run, int64_t month_start, enum account_period length,
    struct err *err)
{
	size_t count = run->query->account_count;
	struct undecided *list = calloc(count + 1, sizeof *list);
	struct invoice_period period;
	bool any, ok;

	if (list == NULL)
		return err_nomem(err);
	ok = find_undecided(run, month_start, length, &period, list, &any, err);
	if (ok && any)
		ok = add_hours(run, &period, list, err);
	for (size_t i = 0; ok && i < count; i++)
		if (list[i].is)
			ok = decide(run, i, &period, &list[i], err);
	free(list);
	return ok;
}

bool
export_load_states(struct export_run *run, int64_t month_start, struct err *err)
{
	return load(run, month_start, ACCOUNT_MONTHLY, err) &&
	       load(run, month_start, ACCOUNT_QUARTERLY, err);
}
