/*
 * read_periods.c - periods over HTTP. In: what became of each, and bills. Out:
 * rows, and the bills of a period.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bill.h"
#include "lib/utc.h"
#include "periods.h"
#include "read_periods.h"
#include "read_table.h"
#include "summary.h"

/* The accounts that are looked at, by name: one, or all that may be seen. */
struct payers {
	struct account *list; /* owned */
	size_t count;
};

static void
put_hours(struct read_table *t, const struct rating_hours *hours)
{
	read_table_int(t, hours->measured);
	read_table_int(t, hours->estimated);
	read_table_int(t, hours->unbilled);
}

static void
put_date(struct read_table *t, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	read_table_text(t, at != 0 ? utc_format_date(at, text) : NULL);
}

/* --- the list --- */

struct rows {
	struct read_table table;
	struct read_page page;
};

static bool
put_row(void *ctx, const struct periods_row *row, struct err *err)
{
	struct rows *rows = ctx;
	struct read_table *t = &rows->table;
	char key[READ_KEY_SIZE];

	(void)err;
	snprintf(
	    key, sizeof key, "%s\x1f%s", row->account->name, row->period.text);
	if (!read_page_takes(&rows->page, key))
		return true;
	read_table_text(t, row->account->name);
	read_table_text(t, row->period.text);
	read_table_time(t, row->period.from);
	read_table_time(t, row->period.to);
	read_table_text(t, row->state);
	read_table_text(t, row->reason);
	read_table_text(t, row->closed != NULL ? row->closed->number : NULL);
	read_table_text(t, row->account->currency);
	read_table_decimal(t, row->total);
	read_table_decimal(t, row->exact);
	if (row->has_hours)
		put_hours(t, &row->hours);
	for (int i = 0; !row->has_hours && i < 3; i++)
		read_table_none(t);
	read_table_decimal(t, row->forecast);
	return true;
}

/* Accounts before that of the cursor need not be billed. */
static size_t
skip_payers(const struct payers *payers, const struct read_page *page)
{
	size_t len = strcspn(page->after, "\x1f"), at = 0;

	while (at < payers->count && page->after[0] != '\0' &&
	       strncmp(payers->list[at].name, page->after, len + 1) < 0 &&
	       strncmp(payers->list[at].name, page->after, len) != 0)
		at++;
	return at;
}

bool
read_periods(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	static const char *const columns[] = {"account", "period", "from", "to",
	    "state", "reason", "number", "currency", "total", "exact",
	    "measured", "estimated", "unbilled", "forecast", NULL};
	struct payers payers = {NULL, 0};
	enum read_found found;
	struct rows rows;
	size_t skipped;
	bool ok;

	if (!read_page_parse(call, reply, &rows.page))
		return true;
	found =
	    read_accounts_of(db, call, reply, &payers.list, &payers.count, err);
	ok = found != READ_FAILED;
	if (found == READ_FOUND) {
		skipped = skip_payers(&payers, &rows.page);
		read_table_begin(&rows.table, call, reply, "periods", columns);
		ok = periods_each(db, payers.list + skipped,
		    payers.count - skipped, call->now, put_row, &rows, err);
		read_table_end(&rows.table, &rows.page);
	}
	free(payers.list);
	return ok;
}

/* --- one period --- */

static void
put_exact(struct read_table *t, const struct exact *x)
{
	char *text = x != NULL ? exact_decimal(x, INVOICE_EXACT_DIGITS) : NULL;

	read_table_decimal(t, text);
	free(text);
}

/* A period that is not closed will be, when its grace is over; a held one
 * when nothing holds it any more. */
static void
put_bill(struct read_table *t, const struct invoice *inv,
    const struct grace *grace, int64_t now)
{
	bool closed = inv->state == INVOICE_CLOSED;
	bool empty = periods_is_empty(inv, grace, now);

	read_table_text(t, inv->account.name);
	read_table_text(t, inv->period.text);
	read_table_time(t, inv->period.from);
	read_table_time(t, inv->period.to);
	read_table_text(t, empty ? "empty" : invoice_state_name(inv->state));
	read_table_text(t, empty ? NULL : invoice_reason_name(inv->reason));
	read_table_time(
	    t, closed || empty ? 0 : grace_end(grace, inv->period.to));
	read_table_text(t, closed ? inv->number : NULL);
	read_table_time(t, inv->closed_at);
	put_date(t, inv->due_at);
	read_table_text(t, inv->account.currency);
	read_table_decimal(t, inv->total);
	read_table_decimal(t, inv->usage_total);
	put_exact(t, inv->exact);
	put_exact(t, inv->gib_months);
	read_table_int(t, inv->hours_in_period);
	put_hours(t, &inv->hours);
	read_table_decimal(t, inv->forecast);
	put_exact(t, inv->forecast_exact);
	read_table_text(t, inv->head);
}

/* The whole bill, as `report --format json` prints it. */
static void
put_whole(struct read_table *t, const struct invoice *inv)
{
	struct buf bill = BUF_INIT;

	summary_json(inv, &bill);
	read_table_raw(t, buf_text(&bill));
	if (bill.failed)
		t->reply->body.failed = true;
	buf_fini(&bill);
}

static bool
put_bills(const struct read_call *call, struct read_reply *reply,
    const struct invoice *bills, size_t count, const struct grace *grace,
    struct err *err)
{
	static const char *const columns[] = {"account", "period", "from", "to",
	    "state", "reason", "closes_at", "number", "closed_at", "due",
	    "currency", "total", "usage_total", "exact", "gib_months",
	    "hours_in_period", "measured", "estimated", "unbilled", "forecast",
	    "forecast_exact", "ledger_head", "bill", NULL};
	static const char *const flat[] = {"account", "period", "from", "to",
	    "state", "reason", "closes_at", "number", "closed_at", "due",
	    "currency", "total", "usage_total", "exact", "gib_months",
	    "hours_in_period", "measured", "estimated", "unbilled", "forecast",
	    "forecast_exact", "ledger_head", NULL};
	bool whole = call->format == READ_JSON;
	struct read_table t;

	read_table_begin(&t, call, reply, "accounts", whole ? columns : flat);
	for (size_t i = 0; i < count; i++) {
		put_bill(&t, &bills[i], grace, call->now);
		if (whole)
			put_whole(&t, &bills[i]);
		if (!read_flush(reply, err))
			return false;
	}
	read_table_end(&t, NULL);
	return true;
}

static bool
build(struct sql *db, const struct read_call *call, struct read_reply *reply,
    const struct payers *payers, const struct invoice_period *period,
    struct err *err)
{
	struct invoice *bills = calloc(payers->count + 1, sizeof *bills);
	struct grace grace;
	bool ok;

	if (bills == NULL)
		return err_nomem(err);
	ok = grace_load(db, &grace, err) &&
	     bill_build(db, payers->list, payers->count, period, call->now,
		 bills, err) &&
	     put_bills(call, reply, bills, payers->count, &grace, err);
	for (size_t i = 0; i < payers->count; i++)
		invoice_fini(&bills[i]);
	free(bills);
	return ok;
}

bool
read_period(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct payers payers = {NULL, 0};
	struct invoice_period period;
	struct err ignored = ERR_INIT;
	enum read_found found;
	bool ok;

	if (!invoice_parse_period(call->route->ids[0], &period, &ignored))
		return read_missing(reply);
	found =
	    read_accounts_of(db, call, reply, &payers.list, &payers.count, err);
	ok = found == READ_MISSING ||
	     (found == READ_FOUND &&
		 build(db, call, reply, &payers, &period, err));
	free(payers.list);
	return ok;
}
