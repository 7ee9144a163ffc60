/*
 * bill.c - which bill is shown. In: accounts and a period. Out: bills. Owns
 * nothing in the database; opens the read transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "bill.h"
#include "correction.h"
#include "forecast.h"

/* What is not closed, to be built in one pass. */
struct open_bills {
	struct account *accounts; /* owned */
	struct invoice *built;	  /* owned */
	size_t *places;		  /* owned: where each belongs */
	size_t count;
};

static bool
make_room(struct open_bills *open, size_t count, struct err *err)
{
	open->accounts = calloc(count + 1, sizeof *open->accounts);
	open->built = calloc(count + 1, sizeof *open->built);
	open->places = calloc(count + 1, sizeof *open->places);
	return (open->accounts != NULL && open->built != NULL &&
		   open->places != NULL) ||
	       err_nomem(err);
}

/* Closed ones go to their place, the others into open. */
static bool
read_closed(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, struct invoice *out,
    struct open_bills *open, struct err *err)
{
	struct archive_row row;
	bool found;

	for (size_t i = 0; i < count; i++) {
		if (!archive_find(
			db, accounts[i].id, period->text, &row, &found, err))
			return false;
		if (found) {
			if (!archive_read(db, &row, &accounts[i], &out[i], err))
				return false;
			continue;
		}
		open->accounts[open->count] = accounts[i];
		open->places[open->count++] = i;
	}
	return true;
}

static bool
build_open(struct sql *db, const struct invoice_query *query,
    struct open_bills *open, struct err *err)
{
	bool carries;

	if (open->count > 0 && !invoice_build(db, open->accounts, open->count,
				   query, open->built, err))
		return false;
	for (size_t i = 0; i < open->count; i++)
		if (!correction_add(db, &open->built[i], query, &carries, err))
			return false;
	return forecast_add(db, open->built, open->count, query, err);
}

static bool
build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, struct invoice *out, struct err *err)
{
	struct open_bills open = {.count = 0};
	bool ok;

	ok = make_room(&open, count, err) &&
	     read_closed(db, accounts, count, query->period, out, &open, err) &&
	     build_open(db, query, &open, err);
	for (size_t i = 0; open.built != NULL && i < open.count; i++)
		out[open.places[i]] = open.built[i];
	free(open.accounts);
	free(open.built);
	free(open.places);
	return ok;
}

static bool
build_at(struct sql *db, const struct account *accounts, size_t count,
    struct invoice_query *query, struct invoice *out, struct err *err)
{
	bool ok;

	for (size_t i = 0; i < count; i++)
		memset(&out[i], 0, sizeof out[i]);
	if (!sql_begin_read(db, err))
		return false;
	ok = fact_load_head(db, &query->head, err) &&
	     build(db, accounts, count, query, out, err);
	sql_rollback(db);
	return ok;
}

bool
bill_build_known(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_query *query, struct invoice *out, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		memset(&out[i], 0, sizeof out[i]);
	return build(db, accounts, count, query, out, err);
}

bool
bill_build(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t now, struct invoice *out,
    struct err *err)
{
	struct invoice_query query = {.period = period, .now = now};

	return build_at(db, accounts, count, &query, out, err);
}

bool
bill_build_days(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t now, struct invoice *out,
    struct err *err)
{
	struct invoice_query query = {
	    .period = period, .now = now, .days = true};

	return build_at(db, accounts, count, &query, out, err);
}

bool
bill_build_until(struct sql *db, const struct account *accounts, size_t count,
    const struct invoice_period *period, int64_t until, struct invoice *out,
    struct err *err)
{
	/* The hour before is not over, so that it is never missing. */
	struct invoice_query query = {
	    .period = period, .now = until - 1, .until = until};

	return build_at(db, accounts, count, &query, out, err);
}
