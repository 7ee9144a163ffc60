/*
 * trouble.c - the trouble of trouble.h. In: what waits in quarantine, reports,
 * periods that were looked at. Out: counts and lists. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "silence.h"
#include "trouble.h"

/* What is asked for, and what was found. */
struct search {
	struct sql *db;
	const struct invoice *bills;
	size_t count;
	int64_t now;
	struct trouble *out;
};

static const struct invoice *
find_bill(const struct search *search, int64_t account)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->bills[i].account.id == account)
			return &search->bills[i];
	return NULL;
}

/* --- quarantine --- */

static bool
count_quarantine(struct search *search, struct err *err)
{
	struct trouble *out = search->out;
	struct sql_stmt *s = sql_get(search->db,
	    "SELECT q.account, count(*), min(f.at) FROM quarantine q"
	    " JOIN fact f ON f.seq = q.fact WHERE q.state = 'open'"
	    " GROUP BY q.account",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		int64_t since = sql_int(s, 2);

		if (find_bill(search, sql_int(s, 0)) == NULL)
			continue;
		if (out->quarantined == 0 || since < out->quarantined_since)
			out->quarantined_since = since;
		out->quarantined += sql_int(s, 1);
	}
	return result == SQL_END;
}

/* --- clocks --- */

/* A report may be late by hours and its clock right, so the one that was the
 * least off counts: when all of a day are off the same way, the clock is. */
static bool
find_skew(
    struct search *search, int64_t source, int64_t *skew_ms, struct err *err)
{
	struct sql_stmt *s = sql_get(search->db,
	    "SELECT ifnull(min(skew_ms), 0), ifnull(max(skew_ms), 0)"
	    " FROM report WHERE source = ?1 AND sent_at * 1000 - skew_ms >= ?2",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, source);
	sql_bind_int(s, 2, (search->now - TROUBLE_CLOCK_FOR_SECS) * 1000);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*skew_ms = sql_int(s, 0) > 0   ? sql_int(s, 0)
		   : sql_int(s, 1) < 0 ? sql_int(s, 1)
				       : 0;
	sql_done(s);
	return true;
}

static bool
look_at_clock(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct search *search = ctx;
	struct trouble *out = search->out;
	struct trouble_clock *more;
	int64_t skew_ms;

	(void)last_report_at;
	if (source->disabled ||
	    !silence_concerns(search->bills, search->count, accounts))
		return true;
	if (!find_skew(search, source->id, &skew_ms, err))
		return false;
	if (llabs(skew_ms) <= TROUBLE_CLOCK_SECS * 1000LL)
		return true;
	more = reallocarray(out->clocks, out->clock_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	out->clocks = more;
	more += out->clock_count++;
	memcpy(more->name, source->name, sizeof more->name);
	more->skew_secs = skew_ms / 1000;
	return true;
}

/* --- held periods --- */

static enum invoice_reason
parse_reason(const char *text)
{
	for (int i = INVOICE_FINE + 1; i <= INVOICE_MISSING_HOURS; i++)
		if (strcmp(invoice_reason_name((enum invoice_reason)i), text) ==
		    0)
			return (enum invoice_reason)i;
	return INVOICE_FINE;
}

static bool
add_held(struct trouble *out, const struct invoice *bill, const char *period,
    const char *reason, struct err *err)
{
	struct trouble_held *more =
	    reallocarray(out->held, out->held_count + 1, sizeof *more);

	if (more == NULL)
		return err_nomem(err);
	out->held = more;
	more += out->held_count++;
	memset(more, 0, sizeof *more);
	memcpy(more->account, bill->account.name, sizeof more->account);
	snprintf(more->period, sizeof more->period, "%s", period);
	more->reason = parse_reason(reason);
	return true;
}

/* That of the bill itself is told of with the bill. */
static bool
list_held(struct search *search, struct err *err)
{
	struct sql_stmt *s = sql_get(search->db,
	    "SELECT c.account, c.period, c.reason FROM period_check c"
	    " JOIN account a ON a.id = c.account WHERE c.state = 'held'"
	    " ORDER BY c.period, a.name",
	    err);
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		const struct invoice *bill = find_bill(search, sql_int(s, 0));

		if (bill == NULL ||
		    strcmp(sql_text(s, 1), bill->period.text) == 0)
			continue;
		if (!add_held(search->out, bill, sql_text(s, 1), sql_text(s, 2),
			err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}

/* --- grants --- */

static bool
look_at_grant(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct search *search = ctx;
	struct trouble *out = search->out;
	struct trouble_grant *more;
	int64_t ends_at;

	(void)accounts;
	(void)last_report_at;
	if (source->disabled)
		return true;
	if (!grant_ending(search->db, source->id, search->now, &ends_at, err))
		return false;
	if (ends_at == 0)
		return true;
	more = reallocarray(out->grants, out->grant_count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	out->grants = more;
	more += out->grant_count++;
	memcpy(more->name, source->name, sizeof more->name);
	more->ends_at = ends_at;
	return true;
}

bool
trouble_load_grants(
    struct sql *db, int64_t now, struct trouble *out, struct err *err)
{
	struct search search = {.db = db, .now = now, .out = out};

	return source_each(db, look_at_grant, &search, err);
}

/* --- all --- */

bool
trouble_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t now, struct trouble *out, struct err *err)
{
	struct search search = {db, bills, count, now, out};

	return count_quarantine(&search, err) &&
	       source_each(db, look_at_clock, &search, err) &&
	       list_held(&search, err);
}

void
trouble_fini(struct trouble *trouble)
{
	free(trouble->clocks);
	free(trouble->held);
	free(trouble->grants);
	memset(trouble, 0, sizeof *trouble);
}
