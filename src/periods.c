/*
 * periods.c - what became of each period. In: rows of the archive, what was
 * looked at, and bills of the rest. Out: calls. Owns nothing in the database;
 * opens the read transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "bill.h"
#include "lib/utc.h"
#include "periods.h"
#include "volume.h"

struct list {
	struct sql *db;
	const struct account *accounts;
	size_t account_count;
	struct archive_row *closed; /* owned; by account and time */
	size_t closed_count;
	struct periods_row *rows; /* owned */
	size_t count, cap;
	size_t *waiting; /* owned: rows that are to be billed */
	size_t waiting_count;
	struct invoice_query query;
	struct grace grace;
};

static void
fini(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->rows[i].total);
		free(l->rows[i].exact);
		free(l->rows[i].forecast);
	}
	free(l->rows);
	free(l->waiting);
	free(l->closed);
}

/* --- which periods --- */

static int
compare_closed(const void *a, const void *b)
{
	const struct archive_row *x = a, *y = b;

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	return (x->from_at > y->from_at) - (x->from_at < y->from_at);
}

static const struct archive_row *
find_closed(const struct list *l, int64_t account, int64_t from_at)
{
	const struct archive_row key = {.account = account, .from_at = from_at};

	return l->closed_count == 0 ? NULL
				    : bsearch(&key, l->closed, l->closed_count,
					  sizeof *l->closed, compare_closed);
}

/* Whether the account has samples in a month of [first, last]; and the first
 * such month, else -1. */
static bool
find_month(struct sql *db, int64_t account, int64_t first, int64_t last,
    int64_t *month, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT ifnull(min(month), -1) FROM account_month"
	    " WHERE account = ? AND month >= ? AND month <= ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_int(s, 2, first);
	sql_bind_int(s, 3, last);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*month = sql_int(s, 0);
	sql_done(s);
	return true;
}

static struct periods_row *
add_row(struct list *l, const struct account *account,
    const struct invoice_period *period, struct err *err)
{
	size_t cap = l->cap > 0 ? 2 * l->cap : 64, *waiting;
	struct periods_row *more;

	if (l->count == l->cap) {
		more = reallocarray(l->rows, cap, sizeof *more);
		if (more != NULL)
			l->rows = more;
		waiting = reallocarray(l->waiting, cap, sizeof *waiting);
		if (waiting != NULL)
			l->waiting = waiting;
		if (more == NULL || waiting == NULL) {
			err_nomem(err);
			return NULL;
		}
		l->cap = cap;
	}
	more = &l->rows[l->count++];
	memset(more, 0, sizeof *more);
	more->account = account;
	more->period = *period;
	return more;
}

/* Found empty when it was due, and nothing came since. */
static bool
is_known_empty(
    struct list *l, const struct periods_row *row, bool *empty, struct err *err)
{
	struct archive_check check;
	int64_t month;
	bool found;

	*empty = false;
	if (!archive_find_check(
		l->db, row->account->id, row->period.text, &check, &found, err))
		return false;
	if (!found || check.held)
		return true;
	if (!find_month(l->db, row->account->id,
		volume_month_of(row->period.from),
		volume_month_of(row->period.to - 1), &month, err))
		return false;
	*empty = month < 0;
	return true;
}

static bool
list_period(struct list *l, const struct account *account,
    const struct invoice_period *period, struct err *err)
{
	struct periods_row *row = add_row(l, account, period, err);
	bool empty;

	if (row == NULL)
		return false;
	row->closed = find_closed(l, account->id, period->from);
	if (row->closed != NULL) {
		row->state = invoice_state_name(INVOICE_CLOSED);
		row->total = strdup(row->closed->total);
		return row->total != NULL || err_nomem(err);
	}
	if (!is_known_empty(l, row, &empty, err))
		return false;
	row->state = "empty";
	if (!empty)
		l->waiting[l->waiting_count++] = l->count - 1;
	return true;
}

static bool
list_account(struct list *l, const struct account *account, struct err *err)
{
	struct invoice_period period;
	int64_t month;

	if (!find_month(l->db, account->id, 0, INT64_MAX, &month, err))
		return false;
	if (month < 0)
		return true;
	invoice_period_of(
	    account, volume_month_hour(month) * UTC_HOUR_SECS, &period);
	while (period.from <= l->query.now) {
		if (!list_period(l, account, &period, err))
			return false;
		invoice_period_after(&period, &period);
	}
	return true;
}

/* --- what they come to --- */

bool
periods_is_empty(
    const struct invoice *invoice, const struct grace *grace, int64_t now)
{
	return invoice->state != INVOICE_CLOSED && invoice_is_empty(invoice) &&
	       now >= grace_end(grace, invoice->period.to);
}

static bool
take_bill(struct list *l, struct periods_row *row, const struct invoice *bill,
    struct err *err)
{
	bool ok = true;

	row->has_hours = true;
	row->hours = bill->hours;
	if (!periods_is_empty(bill, &l->grace, l->query.now)) {
		row->state = invoice_state_name(bill->state);
		row->reason = invoice_reason_name(bill->reason);
	}
	if (bill->total != NULL) {
		row->total = strdup(bill->total);
		ok = ok && row->total != NULL;
	}
	if (bill->exact != NULL)
		row->exact = exact_decimal(bill->exact, INVOICE_EXACT_DIGITS);
	if (bill->forecast != NULL) {
		row->forecast = strdup(bill->forecast);
		ok = ok && row->forecast != NULL;
	}
	return ok || err_nomem(err);
}

/* Rows of the same period, in one pass over its hours. */
static bool
bill_group(struct list *l, const size_t *places, size_t count, struct err *err)
{
	struct account *accounts = calloc(count, sizeof *accounts);
	struct invoice *bills = calloc(count, sizeof *bills);
	bool ok = accounts != NULL && bills != NULL;

	if (!ok)
		err_nomem(err);
	for (size_t i = 0; ok && i < count; i++)
		accounts[i] = *l->rows[places[i]].account;
	if (ok) {
		l->query.period = &l->rows[places[0]].period;
		ok = bill_build_known(
		    l->db, accounts, count, &l->query, bills, err);
		for (size_t i = 0; i < count; i++) {
			ok = ok &&
			     take_bill(l, &l->rows[places[i]], &bills[i], err);
			invoice_fini(&bills[i]);
		}
	}
	free(bills);
	free(accounts);
	return ok;
}

static int
compare_places(const void *a, const void *b, void *rows)
{
	const struct periods_row *list = rows;
	const size_t *x = a, *y = b;
	const struct invoice_period *p = &list[*x].period;
	const struct invoice_period *q = &list[*y].period;

	if (p->from != q->from)
		return p->from < q->from ? -1 : 1;
	if (p->to != q->to)
		return p->to < q->to ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

static bool
bill_waiting(struct list *l, struct err *err)
{
	size_t n;

	if (l->waiting_count > 0)
		qsort_r(l->waiting, l->waiting_count, sizeof *l->waiting,
		    compare_places, l->rows);
	for (size_t i = 0; i < l->waiting_count; i += n) {
		const struct invoice_period *p = &l->rows[l->waiting[i]].period;

		for (n = 1; i + n < l->waiting_count; n++) {
			const struct invoice_period *q =
			    &l->rows[l->waiting[i + n]].period;

			if (p->from != q->from || p->to != q->to)
				break;
		}
		if (!bill_group(l, l->waiting + i, n, err))
			return false;
	}
	return true;
}

static bool
build(struct list *l, struct err *err)
{
	int64_t only = l->account_count == 1 ? l->accounts[0].id : 0;

	if (!fact_load_head(l->db, &l->query.head, err) ||
	    !grace_load(l->db, &l->grace, err) ||
	    !archive_list(l->db, only, &l->closed, &l->closed_count, err))
		return false;
	if (l->closed_count > 0)
		qsort(l->closed, l->closed_count, sizeof *l->closed,
		    compare_closed);
	for (size_t i = 0; i < l->account_count; i++)
		if (!list_account(l, &l->accounts[i], err))
			return false;
	return bill_waiting(l, err);
}

bool
periods_each(struct sql *db, const struct account *accounts, size_t count,
    int64_t now, periods_fn *each, void *ctx, struct err *err)
{
	struct list l = {.db = db,
	    .accounts = accounts,
	    .account_count = count,
	    .query = {.now = now}};
	bool ok;

	if (!sql_begin_read(db, err))
		return false;
	ok = build(&l, err);
	sql_rollback(db);
	for (size_t i = 0; ok && i < l.count; i++)
		ok = each(ctx, &l.rows[i], err);
	fini(&l);
	return ok;
}
