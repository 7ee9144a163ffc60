/*
 * read_lists.c - lists over HTTP. In: tables of accounts. Out: rows of what
 * may be seen.
 */
#include <stdlib.h>

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
