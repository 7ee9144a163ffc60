/*
 * read_lists.c - lists over HTTP. In: accounts, rates, samples that were set
 * aside. Out: rows of what may be seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utc.h"
#include "quarantine.h"
#include "rate.h"
#include "read_lists.h"
#include "read_table.h"

/* --- accounts --- */

static void
add_account(struct read_table *t, const struct account *a)
{
	read_table_text(t, a->name);
	read_table_text(t, a->display_name);
	read_table_text(t, a->currency);
	read_table_text(t, account_average_name(a->average));
	read_table_text(t, account_gap_name(a->gap));
	read_table_int(t, a->max_carry_hours);
	read_table_text(t, account_rounding_name(a->rounding));
	read_table_text(t, account_mode_name(a->rounding_mode));
	read_table_text(t, account_period_name(a->period));
	read_table_int(t, a->net_days);
	read_table_text(t, a->report_to);
	read_table_time(t, a->created_at);
}

bool
read_accounts(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	static const char *const columns[] = {"name", "display_name",
	    "currency", "average", "gap_policy", "max_carry_hours", "rounding",
	    "rounding_mode", "period", "net_days", "report_to", "created_at",
	    NULL};
	struct account *list = NULL;
	struct read_page page;
	struct read_table t;
	size_t count = 0;

	if (!read_page_parse(call, reply, &page))
		return true;
	if (!account_list(db, &list, &count, err))
		return false;
	read_table_begin(&t, call, reply, "accounts", columns);
	for (size_t i = 0; i < count && !page.more; i++)
		if (read_sees(call, list[i].id) &&
		    read_page_takes(&page, list[i].name))
			add_account(&t, &list[i]);
	read_table_end(&t, &page);
	free(list);
	return true;
}

/* --- rates --- */

static void
put_rate(struct read_table *t, const struct account *account,
    const struct rate *rate)
{
	char from[UTC_TEXT_SIZE];

	read_table_text(t, account->name);
	read_table_text(t, account->currency);
	read_table_text(t, rate->max_age[0] != '\0' ? rate->max_age : NULL);
	read_table_text(t, utc_format(rate->from_hour * UTC_HOUR_SECS, from));
	read_table_decimal(t, rate->rate);
	read_table_time(t, rate->created_at);
}

/* The first of an account's rates, which stand by account row. */
static size_t
first_of(const struct rate *rates, size_t count, int64_t account)
{
	size_t low = 0, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (rates[mid].account < account)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct rates {
	struct rate *list; /* owned; by account row, age and hour */
	size_t count;
};

static void
put_rates_of(struct read_table *t, struct read_page *page,
    const struct account *account, const struct rates *rates)
{
	char key[READ_KEY_SIZE];

	for (size_t i = first_of(rates->list, rates->count, account->id);
	     i < rates->count && rates->list[i].account == account->id; i++) {
		snprintf(key, sizeof key, "%s\x1f%010u\x1f%012lld",
		    account->name, rates->list[i].age_hours,
		    (long long)rates->list[i].from_hour);
		if (read_page_takes(page, key))
			put_rate(t, account, &rates->list[i]);
	}
}

static bool
list_rates(struct sql *db, const struct read_call *call,
    struct read_reply *reply, int64_t account, struct read_page *page,
    struct err *err)
{
	static const char *const columns[] = {"account", "currency", "max_age",
	    "from", "rate", "created_at", NULL};
	struct account *accounts = NULL;
	struct rates rates = {NULL, 0};
	struct read_table t;
	size_t count = 0;
	bool ok = account_list(db, &accounts, &count, err) &&
		  rate_list(db, account, &rates.list, &rates.count, err);

	read_table_begin(&t, call, reply, "rates", columns);
	for (size_t i = 0; ok && i < count && !page->more; i++)
		if (account == 0 || accounts[i].id == account)
			put_rates_of(&t, page, &accounts[i], &rates);
	read_table_end(&t, page);
	free(rates.list);
	free(accounts);
	return ok;
}

bool
read_rates(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct account account = {.id = 0};
	struct read_page page;
	enum read_found found;
	bool ok;

	if (!read_page_parse(call, reply, &page))
		return true;
	if (!sql_begin_read(db, err))
		return false;
	found = read_account(db, call, reply, &account, err);
	ok = found == READ_MISSING ||
	     (found != READ_FAILED &&
		 list_rates(db, call, reply, account.id, &page, err));
	sql_rollback(db);
	return ok;
}

/* --- samples that were set aside --- */

struct set_aside {
	struct read_table table;
	struct read_page page;
};

/* As quarantine_put_members has them. */
static const char *const quarantine_columns[] = {"id", "received_at", "source",
    "report_id", "volume_id", "account", "reason", "state", "position",
    "settled_by", "settled_at", "settled_reason", "body", NULL};

static void
put_said(struct read_table *t, const char *text)
{
	read_table_text(t, text[0] != '\0' ? text : NULL);
}

static bool
put_sample(void *ctx, const struct quarantine_row *row, struct err *err)
{
	struct set_aside *all = ctx;
	struct read_table *t = &all->table;
	char key[READ_KEY_SIZE];

	(void)err;
	snprintf(key, sizeof key, "%019lld", (long long)row->id);
	if (t->reply->body.len > QUARANTINE_PAGE_BYTES)
		all->page.limit = all->page.count;
	if (!read_page_takes(&all->page, key))
		return false;
	read_table_int(t, row->id);
	read_table_time(t, row->received_at);
	read_table_text(t, row->source);
	read_table_text(t, row->report_id);
	read_table_text(t, row->volume_id);
	read_table_text(t, row->account);
	read_table_text(t, row->reason);
	read_table_text(t, row->state);
	read_table_int(t, row->position);
	put_said(t, row->settled_by);
	read_table_time(t, row->settled_at);
	put_said(t, row->settled_reason);
	read_table_raw(t, row->body);
	return true;
}

static bool
parse_query(const struct read_call *call, struct read_reply *reply,
    const struct read_page *page, struct quarantine_query *query)
{
	const char *state = read_param(call, "state");

	query->state = "open";
	/* One more than there is room for shows whether there is one. */
	query->limit = page->limit + 1;
	if (state != NULL && !quarantine_parse_state(state, &query->state))
		return !read_bad(
		    reply, "state is open, released, discarded or all");
	query->after = strtoll(page->after, NULL, 10);
	return true;
}

bool
read_quarantine(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct quarantine_query query = {.state = NULL};
	struct account account = {.id = 0};
	struct set_aside all;
	enum read_found found;
	bool ok;

	if (!read_page_parse(call, reply, &all.page) ||
	    !parse_query(call, reply, &all.page, &query))
		return true;
	if (!sql_begin_read(db, err))
		return false;
	found = read_account(db, call, reply, &account, err);
	ok = found != READ_FAILED;
	if (ok && found != READ_MISSING) {
		query.account = account.id;
		read_table_begin(
		    &all.table, call, reply, "quarantine", quarantine_columns);
		ok = quarantine_each(db, &query, put_sample, &all, err) ||
		     all.page.more;
		read_table_end(&all.table, &all.page);
	}
	sql_rollback(db);
	return ok;
}
