/*
 * schedule.c - what is due at an instant. In: the reports, the clock's now and
 * the tables. Out: rows in the outbox. Owns the table schedule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invoice.h"
#include "lib/utc.h"
#include "outbox.h"
#include "schedule.h"
#include "volume.h"

static const char missed_words[] =
    "missed: a newer one was due when the server was back";

void
schedule_fini(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++) {
		free(schedule->reports[i].to);
		free(schedule->reports[i].accounts);
		free(schedule->reports[i].attach);
	}
	free(schedule->reports);
	free(schedule->customer_attach);
	memset(schedule, 0, sizeof *schedule);
}

const char *
schedule_every_name(enum schedule_every every)
{
	static const char *const names[] = {
	    "", "day", "week", "month", "quarter"};

	return names[every];
}

/* --- the calendar of one report --- */

/* The beginning of the day, week, month or quarter that at lies in. */
static int64_t
unit_start(enum schedule_every every, int64_t at)
{
	int64_t day = at - at % UTC_DAY_SECS;
	struct utc_civil civil;

	utc_to_civil(at, &civil);
	switch (every) {
	case SCHEDULE_WEEK:
		return day - (int64_t)((civil.weekday + 6) % 7) * UTC_DAY_SECS;
	case SCHEDULE_MONTH:
		return utc_month_start(at);
	case SCHEDULE_QUARTER:
		return utc_month_add(at, -((civil.month - 1) % 3));
	default:
		return day;
	}
}

int64_t
schedule_instant(const struct schedule_report *report, int64_t now)
{
	return unit_start(report->every, now - report->offset_secs) +
	       report->offset_secs;
}

/* The one before an instant of the report. */
static int64_t
instant_before(const struct schedule_report *report, int64_t instant)
{
	return schedule_instant(report, instant - 1);
}

/* The last second of what has ended at an instant of the report: a day, a
 * month, a quarter. A week is over on a Monday, and under way on any other
 * day: it is the one that the last ended day lies in. */
static int64_t
last_ended(const struct schedule_report *report, int64_t instant)
{
	enum schedule_every unit =
	    report->every == SCHEDULE_WEEK ? SCHEDULE_DAY : report->every;

	return unit_start(unit, instant) - 1;
}

void
schedule_period(const struct schedule_report *report, int64_t instant,
    char out[SCHEDULE_PERIOD_SIZE])
{
	int64_t ended = last_ended(report, instant);
	char date[UTC_TEXT_SIZE];
	struct utc_civil civil;
	int year, week;

	utc_to_civil(ended, &civil);
	utc_format_date(ended, date);
	switch (report->every) {
	case SCHEDULE_WEEK:
		utc_iso_week(ended, &year, &week);
		snprintf(out, SCHEDULE_PERIOD_SIZE, "%04d-W%02d", year % 10000,
		    week % 100);
		break;
	case SCHEDULE_MONTH:
		snprintf(out, SCHEDULE_PERIOD_SIZE, "%.7s", date);
		break;
	case SCHEDULE_QUARTER:
		snprintf(out, SCHEDULE_PERIOD_SIZE, "%.4s-Q%d", date,
		    (civil.month - 1) / 3 % 4 + 1);
		break;
	default:
		snprintf(out, SCHEDULE_PERIOD_SIZE, "%.10s", date);
		break;
	}
}

/* --- since when it counts --- */

struct since {
	bool known; /* and not in the future, as by a clock that was wrong */
	int64_t at, upto_invoice;
};

/* A report's row is of its name and of how often it comes; "close" for what
 * follows closed periods. */
static bool
load_since(struct sql *db, const char *name, const char *every, int64_t now,
    struct since *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT since_at, upto_invoice FROM schedule"
	    " WHERE name = ? AND every = ?",
	    err);
	enum sql_result result;

	*out = (struct since){false, now, 0};
	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	sql_bind_text(s, 2, every);
	result = sql_step(s, err);
	if (result == SQL_ROW) {
		out->known = sql_int(s, 0) <= now;
		out->at = out->known ? sql_int(s, 0) : now;
		out->upto_invoice = sql_int(s, 1);
		sql_done(s);
	}
	return result != SQL_FAILED;
}

/* A report that is new to a database begins with the invoices to come; the
 * very first ones begin with the first invoice. */
static bool
begin_report(struct sql *db, const char *name, const char *every, bool first,
    int64_t now, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO schedule (name, every, since_at, upto_invoice)"
	    " VALUES (?1, ?2, ?3, CASE WHEN ?4 THEN 0"
	    "  ELSE (SELECT ifnull(max(id), 0) FROM invoice) END)"
	    " ON CONFLICT (name, every) DO UPDATE SET since_at = ?3",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	sql_bind_text(s, 2, every);
	sql_bind_int(s, 3, now);
	sql_bind_int(s, 4, first);
	return sql_run(s, err);
}

static bool
set_upto(struct sql *db, const char *name, int64_t invoice, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE schedule SET upto_invoice = ?"
	    " WHERE name = ? AND every = 'close'",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, invoice);
	sql_bind_text(s, 2, name);
	return sql_run(s, err);
}

/* Each row that the reports need, in turn: timed ones, then those that follow
 * closed periods, then the accounts' own. False at the end. */
static bool
next_row(const struct schedule *schedule, size_t *i, const char **name,
    const char **every)
{
	const struct schedule_report *r;
	size_t n = schedule->count;

	for (; *i < 2 * n; (*i)++) {
		r = &schedule->reports[*i < n ? *i : *i - n];
		*name = r->name;
		*every = schedule_every_name(r->every);
		if (*i < n && r->every != SCHEDULE_NEVER)
			break;
		*every = "close";
		if (*i >= n && r->after_close)
			break;
	}
	if (*i == 2 * n) {
		*name = SCHEDULE_CUSTOMER;
		*every = "close";
	}
	return (*i)++ <= 2 * n;
}

static bool
is_first(struct sql *db, bool *first, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT NOT EXISTS (SELECT 1 FROM schedule)", err);

	if (s == NULL || sql_step(s, err) != SQL_ROW)
		return false;
	*first = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

static bool
begin_all(struct sql *db, const struct schedule *schedule, int64_t now,
    struct err *err)
{
	const char *name, *every;
	struct since since;
	size_t i = 0;
	bool first;

	if (!is_first(db, &first, err))
		return false;
	while (next_row(schedule, &i, &name, &every)) {
		if (!load_since(db, name, every, now, &since, err))
			return false;
		if (!since.known &&
		    !begin_report(db, name, every, first, now, err))
			return false;
	}
	return true;
}

static bool
is_begun(struct sql *db, const struct schedule *schedule, int64_t now,
    bool *begun, struct err *err)
{
	const char *name, *every;
	struct since since;
	size_t i = 0;

	*begun = true;
	while (*begun && next_row(schedule, &i, &name, &every)) {
		if (!load_since(db, name, every, now, &since, err))
			return false;
		*begun = since.known;
	}
	return true;
}

/* --- timed reports --- */

/* Whether one of its accounts has had a sample up to the end of the month
 * that at lies in: there is something to tell. */
static bool
has_data(struct sql *db, const struct schedule_report *report, int64_t at,
    bool *has, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT EXISTS (SELECT 1 FROM account_month m"
	    " JOIN account a ON a.id = m.account WHERE m.month <= ?1"
	    " AND (?2 = '' OR instr(',' || ?2 || ',', ',' || a.name || ',')))",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, volume_month_of(at));
	sql_bind_text(s, 2, report->accounts);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*has = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* The mail that is due, if there is one. A summary of a day or a week begins
 * with the first instant after the report itself; a month or a quarter that
 * has ended before is told as well. */
static bool
is_timed_due(struct sql *db, const struct schedule_report *r, int64_t now,
    bool *due, struct err *err)
{
	int64_t instant = schedule_instant(r, now);
	char period[SCHEDULE_PERIOD_SIZE];
	struct since since;
	bool has;

	*due = false;
	if (r->every == SCHEDULE_NEVER)
		return true;
	schedule_period(r, instant, period);
	if (!outbox_has(db, r->name, period, 1, &has, err))
		return false;
	if (has)
		return true;
	if (!load_since(
		db, r->name, schedule_every_name(r->every), now, &since, err))
		return false;
	if (instant < since.at && r->every < SCHEDULE_MONTH)
		return true;
	return has_data(db, r, unit_start(SCHEDULE_DAY, instant) - 1, due, err);
}

static bool
add_mail(struct sql *db, const struct schedule_report *r, const char *period,
    int64_t now, int64_t *id, bool *added, struct err *err)
{
	const struct outbox_plan plan = {.name = r->name,
	    .period = period,
	    .revision = 1,
	    .accounts = r->accounts,
	    .attach = r->attach,
	    .to = r->to};

	return outbox_plan(db, &plan, now, id, added, err);
}

/* Notes what lies between the newest mail and the one before it that is
 * known, as far as there was something to tell. */
static bool
note_missed(struct sql *db, const struct schedule_report *r, int64_t now,
    int64_t *missed, struct err *err)
{
	int64_t instant = schedule_instant(r, now), id;
	char period[SCHEDULE_PERIOD_SIZE];
	struct since since;
	bool added = true, has;

	if (!load_since(
		db, r->name, schedule_every_name(r->every), now, &since, err))
		return false;
	for (int i = 0; i < SCHEDULE_MAX_MISSED && added; i++) {
		instant = instant_before(r, instant);
		if (instant < since.at)
			break;
		if (!has_data(db, r, last_ended(r, instant), &has, err))
			return false;
		if (!has)
			break;
		schedule_period(r, instant, period);
		if (!add_mail(db, r, period, now, &id, &added, err))
			return false;
		if (added && !outbox_set_aside(db, id, missed_words, err))
			return false;
		*missed += added;
	}
	return true;
}

static bool
plan_timed(struct sql *db, const struct schedule_report *r, int64_t now,
    struct schedule_result *result, struct err *err)
{
	char period[SCHEDULE_PERIOD_SIZE];
	bool due, added;
	int64_t id;

	if (!is_timed_due(db, r, now, &due, err))
		return false;
	if (!due)
		return true;
	/* The older ones first, so that the list is in order. */
	if (!note_missed(db, r, now, &result->missed, err))
		return false;
	schedule_period(r, schedule_instant(r, now), period);
	if (!add_mail(db, r, period, now, &id, &added, err))
		return false;
	result->planned += added;
	return true;
}

/* --- closed periods --- */

struct closed {
	int64_t invoice, account;
	char period[INVOICE_PERIOD_SIZE];
	char name[ACCOUNT_NAME_SIZE];
	char report_to[ACCOUNT_REPORT_TO_SIZE];
};

static bool
is_closed_due(
    struct sql *db, const char *name, int64_t now, bool *due, struct err *err)
{
	struct sql_stmt *s;
	struct since since;

	*due = false;
	if (!load_since(db, name, "close", now, &since, err))
		return false;
	s = sql_get(
	    db, "SELECT EXISTS (SELECT 1 FROM invoice WHERE id > ?)", err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, since.upto_invoice);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*due = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* The list first, the inserts after it: a statement is not read while its
 * tables change. */
static bool
load_closed(struct sql *db, int64_t upto, struct closed *list, size_t *count,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT i.id, i.account, i.period, a.name, a.report_to"
	    " FROM invoice i JOIN account a ON a.id = i.account"
	    " WHERE i.id > ? ORDER BY i.id LIMIT ?",
	    err);
	enum sql_result result = SQL_FAILED;
	struct closed *c = list;

	*count = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, upto);
	sql_bind_int(s, 2, SCHEDULE_MAX_CLOSED);
	while ((result = sql_step(s, err)) == SQL_ROW) {
		c->invoice = sql_int(s, 0);
		c->account = sql_int(s, 1);
		snprintf(c->period, sizeof c->period, "%s", sql_text(s, 2));
		snprintf(c->name, sizeof c->name, "%s", sql_text(s, 3));
		snprintf(
		    c->report_to, sizeof c->report_to, "%s", sql_text(s, 4));
		c++;
		(*count)++;
	}
	return result == SQL_END;
}

/* Whether list, with commas, is empty or has the name. */
static bool
lists(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at = list;

	while (*list != '\0' && (at = strstr(at, name)) != NULL) {
		if ((at == list || at[-1] == ',') &&
		    (at[len] == ',' || at[len] == '\0'))
			return true;
		at += len;
	}
	return *list == '\0';
}

/* Whether a report (NULL: the account's own) tells of a closed period. */
static bool
tells_of(const struct schedule_report *r, const struct closed *c)
{
	bool quarter = strchr(c->period, 'Q') != NULL;

	if (r == NULL)
		return c->report_to[0] != '\0';
	return (r->every == SCHEDULE_NEVER ||
		   (r->every == SCHEDULE_QUARTER) == quarter) &&
	       lists(r->accounts, c->name);
}

static bool
add_invoice(struct sql *db, const struct schedule *schedule,
    const struct schedule_report *r, const struct closed *c, int64_t now,
    bool *added, struct err *err)
{
	char name[OUTBOX_NAME_SIZE];
	const struct outbox_plan plan = {.name = name,
	    .period = c->period,
	    .revision = 1,
	    .account = c->account,
	    .accounts = "",
	    .attach = r != NULL ? r->attach : schedule->customer_attach,
	    .to = r != NULL ? r->to : c->report_to};
	int64_t id;

	snprintf(name, sizeof name, "%s:%s",
	    r != NULL ? r->name : SCHEDULE_CUSTOMER, c->name);
	return outbox_plan(db, &plan, now, &id, added, err);
}

/* r NULL: the accounts' own. */
static bool
plan_closed(struct sql *db, const struct schedule *schedule,
    const struct schedule_report *r, int64_t now,
    struct schedule_result *result, struct err *err)
{
	const char *name = r != NULL ? r->name : SCHEDULE_CUSTOMER;
	struct closed *list = calloc(SCHEDULE_MAX_CLOSED, sizeof *list);
	struct since since;
	bool added, ok;
	size_t count;

	if (list == NULL)
		return err_nomem(err);
	ok = load_since(db, name, "close", now, &since, err) &&
	     load_closed(db, since.upto_invoice, list, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		if (!tells_of(r, &list[i]))
			continue;
		ok = add_invoice(db, schedule, r, &list[i], now, &added, err);
		result->planned += ok && added;
	}
	if (ok && count > 0)
		ok = set_upto(db, name, list[count - 1].invoice, err);
	free(list);
	return ok;
}

/* --- accounts that are not there --- */

static bool
put_strangers(
    struct sql *db, const char *list, struct buf *names, struct err *err)
{
	char name[ACCOUNT_NAME_SIZE];
	struct err why;
	struct account account;
	size_t len;

	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(name, sizeof name, "%.*s", (int)len, list);
		why = (struct err)ERR_INIT;
		if (account_find(db, name, &account, &why))
			continue;
		if (why.kind != ERR_INPUT) {
			*err = why;
			return false;
		}
		buf_printf(names, "%s%s", names->len > 0 ? " " : "", name);
	}
	return true;
}

bool
schedule_strangers(struct sql *db, const struct schedule *schedule,
    struct buf *names, struct err *err)
{
	for (size_t i = 0; i < schedule->count; i++)
		if (!put_strangers(
			db, schedule->reports[i].accounts, names, err))
			return false;
	return true;
}

/* --- all of it --- */

bool
schedule_is_due(struct sql *db, const struct schedule *schedule, int64_t now,
    bool *due, struct err *err)
{
	const struct schedule_report *r;
	bool begun;

	if (!is_begun(db, schedule, now, &begun, err))
		return false;
	*due = !begun;
	for (size_t i = 0; !*due && i < schedule->count; i++) {
		r = &schedule->reports[i];
		if (!is_timed_due(db, r, now, due, err) ||
		    (!*due && r->after_close &&
			!is_closed_due(db, r->name, now, due, err)))
			return false;
	}
	return *due || is_closed_due(db, SCHEDULE_CUSTOMER, now, due, err);
}

/* What is planned together with the notes about how far that is. */
static bool
plan_all(struct sql *db, const struct schedule *schedule, int64_t now,
    struct schedule_result *result, struct err *err)
{
	const struct schedule_report *r;

	if (!begin_all(db, schedule, now, err))
		return false;
	for (size_t i = 0; i < schedule->count; i++) {
		r = &schedule->reports[i];
		if (!plan_timed(db, r, now, result, err) ||
		    (r->after_close &&
			!plan_closed(db, schedule, r, now, result, err)))
			return false;
	}
	return plan_closed(db, schedule, NULL, now, result, err);
}

bool
schedule_plan(struct sql *db, const struct schedule *schedule, int64_t now,
    struct schedule_result *result, struct err *err)
{
	*result = (struct schedule_result){0, 0};
	if (!sql_begin(db, err))
		return false;
	if (plan_all(db, schedule, now, result, err))
		return sql_commit(db, err);
	*result = (struct schedule_result){0, 0};
	sql_rollback(db);
	return false;
}
