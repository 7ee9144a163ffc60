/*
 * close_due.c - which periods are due to be closed. In: the tables and now.
 * Out: invoices, or notes of why not. Owns nothing but its transactions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "close_part.h"
#include "lib/utc.h"
#include "volume.h"

/* A period that is to be looked at. */
struct due {
	const struct account *account; /* of the list */
	struct invoice_period period;
	bool again; /* it was looked at before */
};

struct dues {
	struct grace grace;
	struct account *accounts; /* owned */
	size_t account_count;
	struct due *list; /* owned */
	size_t count, cap;
};

static void
fini_dues(struct dues *d)
{
	free(d->accounts);
	free(d->list);
}

static bool
add_due(struct dues *d, const struct account *account,
    const struct invoice_period *period, bool again, struct err *err)
{
	size_t cap = d->cap > 0 ? 2 * d->cap : 64;
	struct due *more;

	if (d->count == d->cap) {
		more = reallocarray(d->list, cap, sizeof *more);
		if (more == NULL)
			return err_nomem(err);
		d->list = more;
		d->cap = cap;
	}
	d->list[d->count++] = (struct due){account, *period, again};
	return true;
}

/* Whether a period is to be looked at, and whether it was before. */
static bool
look_at(struct sql *db, const struct account *account,
    const struct invoice_period *period, int64_t now, bool *due, bool *again,
    struct err *err)
{
	struct archive_row row;
	struct archive_check check;
	bool found;

	*due = *again = false;
	if (!archive_find(db, account->id, period->text, &row, &found, err))
		return false;
	if (found)
		return true;
	if (!archive_find_check(
		db, account->id, period->text, &check, again, err))
		return false;
	if (!*again || check.held) {
		*due = !*again || now >= check.checked_at + CLOSE_RECHECK_SECS;
		return true;
	}
	/* An empty one: samples may have come since, in it, or before and
	 * behind it, between which it is not empty any more. */
	*due = now >= check.checked_at + CLOSE_REVISIT_SECS &&
	       now < period->to + CLOSE_REVISIT_FOR_SECS;
	return true;
}

static bool
list_account(struct sql *db, struct dues *d, const struct account *account,
    int64_t now, struct err *err)
{
	struct invoice_period period;
	bool due, again;
	int64_t month;

	if (!volume_first_month(db, account->id, &month, err))
		return false;
	if (month < 0)
		return true;
	invoice_period_of(
	    account, volume_month_hour(month) * UTC_HOUR_SECS, &period);
	while (grace_end(&d->grace, period.to) <= now) {
		if (!look_at(db, account, &period, now, &due, &again, err) ||
		    (due && !add_due(d, account, &period, again, err)))
			return false;
		invoice_period_after(&period, &period);
	}
	return true;
}

/* The earliest first; months before quarters; those that are looked at again
 * behind the others of their period. */
static int
compare_dues(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	if (x->period.to != y->period.to)
		return x->period.to < y->period.to ? -1 : 1;
	if (x->period.from != y->period.from)
		return x->period.from > y->period.from ? -1 : 1;
	if (x->again != y->again)
		return x->again ? 1 : -1;
	return strcmp(x->account->name, y->account->name);
}

static bool
list_due(struct sql *db, int64_t now, struct dues *d, struct err *err)
{
	if (!grace_load(db, &d->grace, err) ||
	    !account_list(db, &d->accounts, &d->account_count, err))
		return false;
	for (size_t i = 0; i < d->account_count; i++)
		if (!list_account(db, d, &d->accounts[i], now, err))
			return false;
	if (d->count > 0)
		qsort(d->list, d->count, sizeof *d->list, compare_dues);
	return true;
}

/* --- one group: the same period, looked at for the same reason --- */

struct group {
	struct sql *db;
	const struct grace *grace;
	const struct close_order *order;
	close_outcome_fn *each;
	void *ctx;
	bool again;
};

static void
tell(const struct group *g, const struct close_bill *bill,
    enum close_result result)
{
	const struct close_outcome outcome = {.account = &bill->invoice.account,
	    .period = &bill->invoice.period,
	    .result = result,
	    .reason = bill->invoice.reason,
	    .number = bill->invoice.number,
	    .total = bill->invoice.total,
	    .first = !g->again};

	g->each(g->ctx, &outcome);
}

/* What somebody else has closed meanwhile needs no note. */
static bool
is_noted(const struct close_bill *bill)
{
	return bill->result != CLOSE_DONE && bill->result != CLOSE_ALREADY;
}

/* The notes of a group are one transaction. */
static bool
note_checks(const struct group *g, struct close_set *set, struct err *err)
{
	struct archive_check check = {.checked_at = g->order->now};
	bool ok = true;

	if (!sql_begin(g->db, err))
		return false;
	for (size_t i = 0; ok && i < set->count; i++) {
		const struct invoice *inv = &set->bills[i].invoice;
		const char *reason = invoice_reason_name(inv->reason);

		if (!is_noted(&set->bills[i]))
			continue;
		check.held = set->bills[i].result != CLOSE_EMPTY;
		snprintf(check.reason, sizeof check.reason, "%s",
		    reason != NULL && check.held ? reason : "");
		ok = archive_note_check(
		    g->db, inv->account.id, inv->period.text, &check, err);
	}
	if (ok)
		ok = sql_commit(g->db, err);
	else
		sql_rollback(g->db);
	for (size_t i = 0; ok && i < set->count; i++)
		if (is_noted(&set->bills[i]))
			tell(g, &set->bills[i], set->bills[i].result);
	return ok;
}

/* Whoever else wants to write gets a turn. */
static void
pause_a_little(void)
{
	const struct timespec pause = {
	    .tv_nsec = CLOSE_PAUSE_MS * INT64_C(1000000)};

	nanosleep(&pause, NULL);
}

static bool
store_batch(const struct group *g, struct close_bill **batch, size_t count,
    struct err *err)
{
	struct close_bill *own[CLOSE_BATCH];

	memcpy(own, batch, count * sizeof(struct close_bill *));
	if (!close_store(g->db, g->order, own, count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!batch[i]->overtaken)
			tell(g, batch[i], CLOSE_DONE);
	pause_a_little();
	return true;
}

static bool
store_all(const struct group *g, struct close_set *set, struct err *err)
{
	struct close_bill *batch[CLOSE_BATCH];
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (set->bills[i].result != CLOSE_DONE)
			continue;
		batch[n++] = &set->bills[i];
		if (n < CLOSE_BATCH)
			continue;
		if (!store_batch(g, batch, n, err))
			return false;
		n = 0;
	}
	return n == 0 || store_batch(g, batch, n, err);
}

static bool
close_group(const struct group *g, const struct due *first, size_t count,
    struct err *err)
{
	struct account *accounts = calloc(count, sizeof *accounts);
	const struct invoice_period *period = &first->period;
	struct close_set set;
	bool ok;

	if (accounts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		accounts[i] = *first[i].account;
	ok = close_build(g->db, accounts, count, period, g->order->now,
		 g->again ? 0 : grace_end(g->grace, period->to), &set, err) &&
	     note_checks(g, &set, err) && store_all(g, &set, err);
	close_set_fini(&set);
	free(accounts);
	return ok;
}

static bool
same_group(const struct due *a, const struct due *b)
{
	return a->again == b->again && a->period.from == b->period.from &&
	       a->period.to == b->period.to;
}

bool
close_due(struct sql *db, const struct close_order *order,
    close_outcome_fn *each, void *ctx, struct err *err)
{
	struct dues d = {.count = 0};
	struct group g = {.db = db,
	    .grace = &d.grace,
	    .order = order,
	    .each = each,
	    .ctx = ctx};
	size_t n;
	bool ok = list_due(db, order->now, &d, err);

	for (size_t i = 0; ok && i < d.count; i += n) {
		n = 1;
		while (
		    i + n < d.count && same_group(&d.list[i], &d.list[i + n]))
			n++;
		g.again = d.list[i].again;
		ok = close_group(&g, &d.list[i], n, err);
	}
	fini_dues(&d);
	return ok;
}

/* --- whether to look at all --- */

/* Accounts that have samples up to the latest period that is due, and neither
 * an invoice nor a note for it. */
#define UNSEEN                                                              \
	"SELECT EXISTS (SELECT 1 FROM account a WHERE a.period = ?1"        \
	" AND EXISTS (SELECT 1 FROM account_month m WHERE m.account = a.id" \
	"   AND m.month <= ?2)"                                             \
	" AND NOT EXISTS (SELECT 1 FROM invoice i WHERE i.account = a.id"   \
	"   AND i.period = ?3)"                                             \
	" AND NOT EXISTS (SELECT 1 FROM period_check c"                     \
	"   WHERE c.account = a.id AND c.period = ?3))"

static bool
is_unseen(struct sql *db, const struct grace *grace, enum account_period length,
    int64_t now, bool *due, struct err *err)
{
	const struct account kind = {.period = length};
	struct invoice_period running, period;
	struct sql_stmt *s = sql_get(db, UNSEEN, err);

	if (s == NULL)
		return false;
	invoice_period_of(&kind, now, &running);
	invoice_period_before(&running, &period);
	if (grace_end(grace, period.to) > now)
		invoice_period_before(&period, &period);
	sql_bind_text(s, 1, account_period_name(length));
	sql_bind_int(s, 2, volume_month_of(period.to - 1));
	sql_bind_text(s, 3, period.text);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*due = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* Whether anything was looked at: then it may be time to look again. */
static bool
has_history(struct sql *db, bool *has, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT EXISTS (SELECT 1 FROM period_check)"
	    " OR EXISTS (SELECT 1 FROM invoice)",
	    err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*has = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

bool
close_is_due(
    struct sql *db, int64_t now, bool again, bool *due, struct err *err)
{
	struct grace grace;

	if (!grace_load(db, &grace, err) ||
	    !is_unseen(db, &grace, ACCOUNT_MONTHLY, now, due, err) ||
	    (!*due && !is_unseen(db, &grace, ACCOUNT_QUARTERLY, now, due, err)))
		return false;
	return *due || !again || has_history(db, due, err);
}
