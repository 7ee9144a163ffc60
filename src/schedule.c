/*
 * schedule.c - what is due at an instant. In: the clock's now and the tables.
 * Out: rows in the outbox. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "invoice.h"
#include "outbox.h"
#include "schedule.h"
#include "volume.h"

#define PREFIX "draft:"

/* Accounts whose draft of the month ?1 (as volume_month_of counts), period
 * text ?2, is not planned. */
#define UNPLANNED                                                            \
	" FROM account a WHERE EXISTS (SELECT 1 FROM account_month m"        \
	"   WHERE m.account = a.id AND m.month <= ?1)"                       \
	" AND NOT EXISTS (SELECT 1 FROM mail WHERE mail.name = '" PREFIX "'" \
	"   || a.name AND mail.period = ?2 AND mail.revision = 1)"

static void
last_month(int64_t now, struct invoice_period *out)
{
	struct invoice_period running;

	invoice_month_of(now - SCHEDULE_DRAFT_DELAY_SECS, &running);
	invoice_period_before(&running, out);
}

bool
schedule_is_due(struct sql *db, int64_t now, bool *due, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT EXISTS (SELECT 1" UNPLANNED ")", err);
	struct invoice_period period;

	if (s == NULL)
		return false;
	last_month(now, &period);
	sql_bind_int(s, 1, volume_month_of(period.from));
	sql_bind_text(s, 2, period.text);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*due = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

struct payer {
	int64_t id;
	char name[OUTBOX_NAME_SIZE];
};

/* The list first, the inserts after it: a statement is not read while its
 * tables change. */
static bool
load_unplanned(struct sql *db, const struct invoice_period *period,
    struct payer **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT a.id, '" PREFIX "' || a.name" UNPLANNED " ORDER BY a.name",
	    err);
	enum sql_result result = SQL_FAILED;
	struct payer *more;

	*list = NULL;
	*count = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume_month_of(period->from));
	sql_bind_text(s, 2, period->text);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		more = reallocarray(*list, *count + 1, sizeof *more);
		if (more == NULL) {
			sql_done(s);
			return err_nomem(err);
		}
		*list = more;
		more[*count].id = sql_int(s, 0);
		snprintf(
		    more[*count].name, sizeof more->name, "%s", sql_text(s, 1));
		(*count)++;
	}
	return result == SQL_END;
}

bool
schedule_plan(struct sql *db, int64_t now, int64_t *added, struct err *err)
{
	struct invoice_period period;
	struct payer *list = NULL;
	size_t count = 0;
	bool is_new, ok;

	*added = 0;
	last_month(now, &period);
	if (!sql_begin(db, err))
		return false;
	ok = load_unplanned(db, &period, &list, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		ok = outbox_plan(db, list[i].name, period.text, 1, list[i].id,
		    now, &is_new, err);
		*added += is_new;
	}
	free(list);
	if (ok)
		return sql_commit(db, err);
	sql_rollback(db);
	return false;
}
