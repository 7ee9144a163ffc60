/*
 * rate.c - the price list of rate.h. In: rates from operators. Out: which
 * rate holds for a bin at an hour. Owns the table rate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fact.h"
#include "lib/utc.h"
#include "rate.h"

/* Before the first instant that a report may name. */
static const int64_t FIRST_FROM = 946684800; /* 2000-01-01T00:00:00Z */

bool
rate_check_money(const char *text, struct err *err)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	const char *end = text + whole;

	if (*end == '.') {
		part = strspn(end + 1, "0123456789");
		end += 1 + part;
		if (part == 0)
			whole = 0;
	}
	if (whole == 0 || *end != '\0')
		return err_set(err, ERR_INPUT,
		    "a rate is a decimal number such as 0.03: \"%s\"", text);
	if (whole > RATE_MAX_WHOLE || part > RATE_MAX_DECIMALS)
		return err_set(err, ERR_INPUT,
		    "a rate has at most %d digits before and %d after the "
		    "point: \"%s\"",
		    RATE_MAX_WHOLE, RATE_MAX_DECIMALS, text);
	return true;
}

char *
rate_format_age(uint32_t age_hours, char out[RATE_AGE_SIZE])
{
	if (age_hours == 0)
		out[0] = '\0';
	else if (age_hours % 24 == 0)
		snprintf(out, RATE_AGE_SIZE, "%ud", age_hours / 24 % 100000);
	else
		snprintf(out, RATE_AGE_SIZE, "%uh", age_hours % 100000);
	return out;
}

/* "" and "inf" are all ages; "24h" and "1d" are the same age. */
bool
rate_parse_age(const char *text, uint32_t *hours, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long n;

	*hours = 0;
	if (text[0] == '\0' || strcmp(text, "inf") == 0)
		return true;
	if (digits == 0 || digits > 5 || text[0] == '0' ||
	    (text[digits] != 'h' && text[digits] != 'd') ||
	    text[digits + 1] != '\0')
		return err_set(err, ERR_INPUT,
		    "an age is a number of hours or days such as 12h or 30d, "
		    "as in the reports' bins: \"%s\"",
		    text);
	n = strtoul(text, NULL, 10);
	*hours = (uint32_t)(text[digits] == 'd' ? n * 24 : n);
	return true;
}

bool
rate_parse_from(const char *text, int64_t *at, struct err *err)
{
	return (utc_parse(text, strlen(text), at, NULL) && *at > 0) ||
	       err_set(err, ERR_INPUT,
		   "a rate holds from a time such as 2026-01-01T00:00:00Z: "
		   "\"%s\"",
		   text);
}

static bool
has_rates(struct sql *db, const struct rate *rate, bool *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT count(*) FROM rate WHERE account = ? AND max_age = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, rate->account);
	sql_bind_text(s, 2, rate->max_age);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*out = sql_int(s, 0) > 0;
	sql_done(s);
	return true;
}

static bool
insert(struct sql *db, struct rate *rate, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO rate (account, max_age, from_hour, rate, created_at)"
	    " VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (account, max_age, from_hour) DO NOTHING",
	    err);
	char when[UTC_TEXT_SIZE];

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, rate->account);
	sql_bind_text(s, 2, rate->max_age);
	sql_bind_int(s, 3, rate->from_hour);
	sql_bind_text(s, 4, rate->rate);
	sql_bind_int(s, 5, rate->created_at);
	if (!sql_run(s, err))
		return false;
	if (sql_changes(db) == 0)
		return err_set(err, ERR_INPUT,
		    "there is a rate from %s already; a rate is never "
		    "edited, so a change needs another hour",
		    utc_format(rate->from_hour * UTC_HOUR_SECS, when));
	rate->id = sql_last_row(db);
	return true;
}

static bool
note_fact(struct sql *db, const struct rate *rate, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "UPDATE rate SET fact = ? WHERE id = ?", err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, rate->fact);
	sql_bind_int(s, 2, rate->id);
	return sql_run(s, err);
}

static int64_t
next_hour(int64_t at)
{
	return (at + UTC_HOUR_SECS - 1) / UTC_HOUR_SECS;
}

/* The row and its fact are one transaction. */
bool
rate_create(struct sql *db, struct rate *rate, int64_t from,
    const char *account_name, const char *who, int64_t now, struct err *err)
{
	char detail[160], when[UTC_TEXT_SIZE];
	struct fact fact = {.at = now,
	    .kind = "rate.set",
	    .who = who,
	    .subject = account_name,
	    .detail = detail};
	bool later;

	rate->created_at = now;
	if (!rate_check_money(rate->rate, err) ||
	    !rate_parse_age(rate->max_age, &rate->age_hours, err) ||
	    !sql_begin(db, err))
		return false;
	rate_format_age(rate->age_hours, rate->max_age);
	if (!has_rates(db, rate, &later, err))
		goto undo;
	if (from == 0)
		from = later ? now : FIRST_FROM;
	rate->from_hour = next_hour(from);
	snprintf(detail, sizeof detail, "rate=%s max_age=%s from=%s",
	    rate->rate, rate->max_age[0] != '\0' ? rate->max_age : "all",
	    utc_format(rate->from_hour * UTC_HOUR_SECS, when));
	if (insert(db, rate, err) && fact_add(db, &fact, &rate->fact, err) &&
	    note_fact(db, rate, err))
		return sql_commit(db, err);
undo:
	sql_rollback(db);
	return false;
}

static void
read_row(struct sql_stmt *s, struct rate *out)
{
	struct err ignored = ERR_INIT;

	out->id = sql_int(s, 0);
	out->account = sql_int(s, 1);
	snprintf(out->max_age, sizeof out->max_age, "%s", sql_text(s, 2));
	rate_parse_age(out->max_age, &out->age_hours, &ignored);
	out->from_hour = sql_int(s, 3);
	snprintf(out->rate, sizeof out->rate, "%s", sql_text(s, 4));
	out->created_at = sql_int(s, 5);
	out->fact = sql_int(s, 6);
}

bool
rate_list(struct sql *db, int64_t account, struct rate **list, size_t *count,
    struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT id, account, max_age, from_hour, rate, created_at, fact"
	    " FROM rate WHERE ?1 = 0 OR account = ?1"
	    " ORDER BY account, max_age, from_hour",
	    err);
	struct rate *rows = NULL, *more;
	enum sql_result result = SQL_FAILED;
	size_t n = 0, cap = 0;

	if (s != NULL)
		sql_bind_int(s, 1, account);
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			more = reallocarray(rows, cap, sizeof *rows);
			if (more == NULL) {
				err_nomem(err);
				sql_done(s);
				result = SQL_FAILED;
				break;
			}
			rows = more;
		}
		read_row(s, &rows[n++]);
	}
	if (result != SQL_END) {
		free(rows);
		return false;
	}
	*list = rows;
	*count = n;
	return true;
}

bool
rate_list_upto(struct sql *db, int64_t account, int64_t upto_fact,
    struct rate **list, size_t *count, struct err *err)
{
	size_t n = 0;

	if (!rate_list(db, account, list, count, err))
		return false;
	for (size_t i = 0; i < *count; i++)
		if ((*list)[i].fact <= upto_fact)
			(*list)[n++] = (*list)[i];
	*count = n;
	return true;
}

/* The last row of exactly this age at or before hour. */
static const struct rate *
find(const struct rate *rates, size_t count, uint32_t age_hours, int64_t hour,
    int64_t *until)
{
	const struct rate *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (rates[i].age_hours != age_hours)
			continue;
		if (rates[i].from_hour <= hour)
			best = &rates[i];
		else if (rates[i].from_hour < *until)
			*until = rates[i].from_hour;
	}
	return best;
}

const struct rate *
rate_at(const struct rate *rates, size_t count, uint32_t age_hours,
    int64_t hour, int64_t *until)
{
	const struct rate *best;

	*until = INT64_MAX;
	best = find(rates, count, age_hours, hour, until);
	if (best == NULL && age_hours != 0)
		best = find(rates, count, 0, hour, until);
	return best;
}
