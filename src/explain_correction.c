/*
 * explain_correction.c - the two sides of a correction: the hours of a closed
 * period as they were billed, and as they are known to the document that
 * corrects them, with the facts that came between. Owns nothing in the
 * database.
 */
#include <stdlib.h>
#include <string.h>

#include "correction.h"
#include "explain_part.h"
#include "lib/utc.h"

/* The fact that the volume was billed by last, before row. */
static bool
find_before(struct sql *db, struct explain *e, const struct archive_row *row,
    const struct archive_row *closed, struct err *err)
{
	struct archive_bill billed;
	bool ok;

	ok =
	    archive_billed(db, closed, row != NULL ? row->id : 0, &billed, err);
	e->before.upto_fact = closed->upto_fact;
	for (size_t i = 0; ok && i < billed.count; i++)
		if (billed.list[i].volume == e->volume)
			e->before.upto_fact = billed.list[i].upto_fact;
	archive_bill_fini(&billed);
	return ok;
}

/* --- news --- */

static struct explain_news *
add_news(struct explain *e, struct err *err)
{
	struct explain_news *more =
	    reallocarray(e->news, e->news_count + 1, sizeof *more);

	if (more == NULL) {
		err_nomem(err);
		return NULL;
	}
	e->news = more;
	more += e->news_count++;
	memset(more, 0, sizeof *more);
	return more;
}

static bool
add_rates(struct sql *db, struct explain *e, struct err *err)
{
	struct rate *rates = NULL;
	struct explain_news *news;
	size_t count = 0;
	bool ok;

	ok = rate_list_upto(
	    db, e->invoice.account.id, e->now.upto_fact, &rates, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		if (rates[i].fact <= e->before.upto_fact ||
		    rates[i].from_hour >= e->to / UTC_HOUR_SECS)
			continue;
		news = add_news(e, err);
		ok = news != NULL;
		if (ok) {
			news->rate = rates[i];
			ok = explain_load_fact(
			    db, rates[i].fact, &news->fact, err);
		}
	}
	free(rates);
	return ok;
}

/* An end that was taken back is one at 0. */
static bool
add_ends(struct sql *db, struct explain *e, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT fact, ifnull(retired_at, 0) FROM volume_end"
	    " WHERE volume = ? AND fact > ? AND fact <= ? ORDER BY fact",
	    err);
	enum sql_result result = SQL_FAILED;
	struct explain_news *news;

	if (s != NULL) {
		sql_bind_int(s, 1, e->volume);
		sql_bind_int(s, 2, e->before.upto_fact);
		sql_bind_int(s, 3, e->now.upto_fact);
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		news = add_news(e, err);
		if (news == NULL)
			break;
		news->is_end = true;
		news->ended_at = sql_int(s, 1);
		if (!explain_load_fact(db, sql_int(s, 0), &news->fact, err))
			break;
	}
	sql_done(s);
	return result == SQL_END;
}

static int
compare_news(const void *a, const void *b)
{
	const struct explain_news *x = a, *y = b;

	return (x->fact.seq > y->fact.seq) - (x->fact.seq < y->fact.seq);
}

bool
explain_correction(struct sql *db, struct explain *e,
    const struct archive_row *row, const struct archive_row *closed,
    const struct invoice_query *query, struct err *err)
{
	if (!find_before(db, e, row, closed, err) ||
	    !explain_side_load(db, e, query->now, NULL, &e->before, err) ||
	    !explain_side_load(db, e, query->now, NULL, &e->now, err) ||
	    !add_rates(db, e, err) || !add_ends(db, e, err))
		return false;
	if (e->news_count > 0)
		qsort(e->news, e->news_count, sizeof *e->news, compare_news);
	return true;
}
