/*
 * account.c - the accounts of account.h. In: names and rules from the command
 * line. Out: rows. Owns the table account.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "fact.h"
#include "lib/buf.h"
#include "lib/currency.h"

static const char *const averages[] = {"mean", "time_weighted"};
static const char *const gaps[] = {"carry", "zero", "interpolate", "hold"};
static const char *const roundings[] = {"document", "line"};
static const char *const modes[] = {"half_up", "half_even"};
static const char *const periods[] = {"month", "quarter"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
find_word(const char *word, const char *const *words, size_t count, int *out)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (int)i;
			return true;
		}
	return false;
}

const char *
account_average_name(enum account_average average)
{
	return averages[average];
}

const char *
account_gap_name(enum account_gap gap)
{
	return gaps[gap];
}

const char *
account_rounding_name(enum account_rounding rounding)
{
	return roundings[rounding];
}

const char *
account_mode_name(enum exact_rounding mode)
{
	return modes[mode];
}

const char *
account_period_name(enum account_period period)
{
	return periods[period];
}

bool
account_parse_average(const char *word, enum account_average *out)
{
	int i;

	if (!find_word(word, averages, COUNT(averages), &i))
		return false;
	*out = (enum account_average)i;
	return true;
}

bool
account_parse_gap(const char *word, enum account_gap *out)
{
	int i;

	if (!find_word(word, gaps, COUNT(gaps), &i))
		return false;
	*out = (enum account_gap)i;
	return true;
}

bool
account_parse_rounding(const char *word, enum account_rounding *out)
{
	int i;

	if (!find_word(word, roundings, COUNT(roundings), &i))
		return false;
	*out = (enum account_rounding)i;
	return true;
}

bool
account_parse_mode(const char *word, enum exact_rounding *out)
{
	int i;

	if (!find_word(word, modes, COUNT(modes), &i))
		return false;
	*out = (enum exact_rounding)i;
	return true;
}

bool
account_parse_period(const char *word, enum account_period *out)
{
	int i;

	if (!find_word(word, periods, COUNT(periods), &i))
		return false;
	*out = (enum account_period)i;
	return true;
}

bool
account_name_valid(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(name);

	return len > 0 && len < ACCOUNT_NAME_SIZE &&
	       strchr(first, name[0]) != NULL && strspn(name, later) == len;
}

static bool
check(const struct account *a, struct err *err)
{
	if (!account_name_valid(a->name))
		return err_set(err, ERR_INPUT,
		    "an account's name has 1 to 63 of a-z 0-9 . _ - and "
		    "begins with a letter or digit: \"%s\"",
		    a->name);
	if (currency_digits(a->currency) < 0)
		return err_set(err, ERR_INPUT,
		    "\"%s\" is not an ISO 4217 currency, such as USD",
		    a->currency);
	if (a->max_carry_hours < 0 ||
	    a->max_carry_hours > ACCOUNT_MAX_CARRY_HOURS)
		return err_set(err, ERR_INPUT,
		    "a gap is carried over 0 to %d hours",
		    ACCOUNT_MAX_CARRY_HOURS);
	if (a->net_days < 0 || a->net_days > ACCOUNT_MAX_NET_DAYS)
		return err_set(err, ERR_INPUT, "net days are 0 to %d",
		    ACCOUNT_MAX_NET_DAYS);
	return true;
}

static bool
insert(struct sql *db, struct account *a, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "INSERT INTO account (name, display_name, currency, average,"
	    " gap_policy, max_carry_hours, rounding, rounding_mode, net_days,"
	    " report_to, created_at, period)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (name) DO NOTHING",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, a->name);
	sql_bind_text(s, 2, a->display_name);
	sql_bind_text(s, 3, a->currency);
	sql_bind_text(s, 4, averages[a->average]);
	sql_bind_text(s, 5, gaps[a->gap]);
	sql_bind_int(s, 6, a->max_carry_hours);
	sql_bind_text(s, 7, roundings[a->rounding]);
	sql_bind_text(s, 8, modes[a->rounding_mode]);
	sql_bind_int(s, 9, a->net_days);
	sql_bind_text(s, 10, a->report_to);
	sql_bind_int(s, 11, a->created_at);
	sql_bind_text(s, 12, periods[a->period]);
	if (!sql_run(s, err))
		return false;
	if (sql_changes(db) == 0)
		return err_set(err, ERR_INPUT,
		    "there is an account \"%s\" already", a->name);
	a->id = sql_last_row(db);
	return true;
}

/* What the ledger says of an account. Fixed are the terms by which its usage
 * becomes money. */
enum {
	CURRENCY,
	AVERAGE,
	GAP_POLICY,
	MAX_CARRY_HOURS,
	ROUNDING,
	ROUNDING_MODE,
	NET_DAYS,
	PERIOD,
	DISPLAY_NAME,
	REPORT_TO,
	TERM_COUNT
};

static const struct {
	const char *name;
	bool fixed;
} terms[TERM_COUNT] = {
    [CURRENCY] = {"currency", true},
    [AVERAGE] = {"average", true},
    [GAP_POLICY] = {"gap_policy", true},
    [MAX_CARRY_HOURS] = {"max_carry_hours", true},
    [ROUNDING] = {"rounding", true},
    [ROUNDING_MODE] = {"rounding_mode", true},
    [NET_DAYS] = {"net_days", false},
    [PERIOD] = {"period", true},
    [DISPLAY_NAME] = {"display_name", false},
    [REPORT_TO] = {"report_to", false},
};

enum {
	NUMBER_SIZE = 24
};

/* A term as text; out is room for a number. */
static const char *
term_text(const struct account *a, int term, char out[NUMBER_SIZE])
{
	switch (term) {
	case CURRENCY:
		return a->currency;
	case AVERAGE:
		return averages[a->average];
	case GAP_POLICY:
		return gaps[a->gap];
	case ROUNDING:
		return roundings[a->rounding];
	case ROUNDING_MODE:
		return modes[a->rounding_mode];
	case PERIOD:
		return periods[a->period];
	case DISPLAY_NAME:
		return a->display_name;
	case REPORT_TO:
		return a->report_to;
	default:
		snprintf(out, NUMBER_SIZE, "%lld",
		    (long long)(term == NET_DAYS ? a->net_days
						 : a->max_carry_hours));
		return out;
	}
}

static void
state_terms(const struct account *a, struct buf *out)
{
	char number[NUMBER_SIZE];

	for (int i = 0; i < TERM_COUNT; i++)
		fact_put(out, terms[i].name, term_text(a, i, number));
}

/* The account and its fact are one transaction. */
bool
account_create(struct sql *db, struct account *account, const char *who,
    int64_t now, struct err *err)
{
	struct buf detail = BUF_INIT;
	struct fact fact = {.at = now,
	    .kind = "account.created",
	    .who = who,
	    .subject = account->name};
	bool ok = false;

	account->created_at = now;
	if (!check(account, err) || !sql_begin(db, err))
		return false;
	state_terms(account, &detail);
	fact.detail = buf_text(&detail);
	if (detail.failed)
		err_nomem(err);
	else
		ok = insert(db, account, err) && fact_add(db, &fact, NULL, err);
	if (ok)
		ok = sql_commit(db, err);
	else
		sql_rollback(db);
	buf_fini(&detail);
	return ok;
}

/* --- changes --- */

static bool
has_samples(struct sql *db, int64_t account, bool *out, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "SELECT EXISTS (SELECT 1 FROM account_month WHERE account = ?1)"
	    " OR EXISTS (SELECT 1 FROM volume_account WHERE account = ?1)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*out = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* What differs, as it is and as it was. *fixed is a fixed term that does, or
 * TERM_COUNT. */
static void
state_changes(const struct account *before, const struct account *after,
    struct buf *out, int *fixed)
{
	char a[NUMBER_SIZE], b[NUMBER_SIZE], old[40];
	const char *is, *was;

	*fixed = TERM_COUNT;
	for (int i = 0; i < TERM_COUNT; i++) {
		was = term_text(before, i, a);
		is = term_text(after, i, b);
		if (strcmp(was, is) == 0)
			continue;
		snprintf(old, sizeof old, "old_%s", terms[i].name);
		fact_put(out, terms[i].name, is);
		fact_put(out, old, was);
		if (terms[i].fixed && *fixed == TERM_COUNT)
			*fixed = i;
	}
}

static bool
check_fixed(struct sql *db, const struct account *a, int term, struct err *err)
{
	bool found;

	if (term == TERM_COUNT)
		return true;
	if (!has_samples(db, a->id, &found, err))
		return false;
	return !found ||
	       err_set(err, ERR_INPUT,
		   "the %s of %s stays as it is: there are samples that are "
		   "billed by it; make another account for what comes",
		   terms[term].name, a->name);
}

static bool
update(struct sql *db, const struct account *a, struct err *err)
{
	struct sql_stmt *s = sql_get(db,
	    "UPDATE account SET display_name = ?, currency = ?, average = ?,"
	    " gap_policy = ?, max_carry_hours = ?, rounding = ?,"
	    " rounding_mode = ?, net_days = ?, report_to = ?, period = ?"
	    " WHERE id = ?",
	    err);

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, a->display_name);
	sql_bind_text(s, 2, a->currency);
	sql_bind_text(s, 3, averages[a->average]);
	sql_bind_text(s, 4, gaps[a->gap]);
	sql_bind_int(s, 5, a->max_carry_hours);
	sql_bind_text(s, 6, roundings[a->rounding]);
	sql_bind_text(s, 7, modes[a->rounding_mode]);
	sql_bind_int(s, 8, a->net_days);
	sql_bind_text(s, 9, a->report_to);
	sql_bind_text(s, 10, periods[a->period]);
	sql_bind_int(s, 11, a->id);
	return sql_run(s, err);
}

/* Inside the transaction; detail is empty when there is nothing to do. */
static bool
apply_changes(struct sql *db, const char *name, account_apply_fn *apply,
    void *ctx, struct buf *detail, struct err *err)
{
	struct account before = {.id = 0}, after;
	int fixed;

	if (!account_find(db, name, &before, err))
		return false;
	after = before;
	if (!apply(ctx, &after, err) || !check(&after, err))
		return false;
	state_changes(&before, &after, detail, &fixed);
	if (detail->failed)
		return err_nomem(err);
	return detail->len == 0 || (check_fixed(db, &before, fixed, err) &&
				       update(db, &after, err));
}

bool
account_update(struct sql *db, const char *name, account_apply_fn *apply,
    void *ctx, const char *who, int64_t now, bool *changed, struct err *err)
{
	struct buf detail = BUF_INIT;
	struct fact fact = {
	    .at = now, .kind = "account.updated", .who = who, .subject = name};
	bool ok;

	if (!sql_begin(db, err))
		return false;
	ok = apply_changes(db, name, apply, ctx, &detail, err);
	*changed = detail.len > 0;
	fact.detail = buf_text(&detail);
	if (ok && *changed)
		ok = fact_add(db, &fact, NULL, err) && sql_commit(db, err);
	/* Whatever was not committed is not to stay. */
	sql_rollback(db);
	buf_fini(&detail);
	return ok;
}

/* --- rows --- */

static void
copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static void
read_row(struct sql_stmt *s, struct account *out)
{
	int word;

	memset(out, 0, sizeof *out);
	out->id = sql_int(s, 0);
	copy(out->name, sizeof out->name, sql_text(s, 1));
	copy(out->display_name, sizeof out->display_name, sql_text(s, 2));
	copy(out->currency, sizeof out->currency, sql_text(s, 3));
	if (find_word(sql_text(s, 4), averages, COUNT(averages), &word))
		out->average = (enum account_average)word;
	if (find_word(sql_text(s, 5), gaps, COUNT(gaps), &word))
		out->gap = (enum account_gap)word;
	out->max_carry_hours = sql_int(s, 6);
	if (find_word(sql_text(s, 7), roundings, COUNT(roundings), &word))
		out->rounding = (enum account_rounding)word;
	if (find_word(sql_text(s, 8), modes, COUNT(modes), &word))
		out->rounding_mode = (enum exact_rounding)word;
	out->net_days = sql_int(s, 9);
	copy(out->report_to, sizeof out->report_to, sql_text(s, 10));
	out->created_at = sql_int(s, 11);
	if (find_word(sql_text(s, 12), periods, COUNT(periods), &word))
		out->period = (enum account_period)word;
}

#define COLUMNS                                                           \
	"id, name, display_name, currency, average, gap_policy,"          \
	" max_carry_hours, rounding, rounding_mode, net_days, report_to," \
	" created_at, period"

bool
account_find(
    struct sql *db, const char *name, struct account *out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT " COLUMNS " FROM account WHERE name = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_text(s, 1, name);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_INPUT,
		    "there is no account \"%s\"; `list accounts` shows them",
		    name);
	if (result == SQL_FAILED)
		return false;
	read_row(s, out);
	sql_done(s);
	return true;
}

bool
account_load(struct sql *db, int64_t id, struct account *out, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT " COLUMNS " FROM account WHERE id = ?", err);
	enum sql_result result;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, id);
	result = sql_step(s, err);
	if (result == SQL_END)
		return err_set(err, ERR_BROKEN,
		    "the database has no account row %lld", (long long)id);
	if (result == SQL_FAILED)
		return false;
	read_row(s, out);
	sql_done(s);
	return true;
}

bool
account_list(
    struct sql *db, struct account **list, size_t *count, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(db, "SELECT " COLUMNS " FROM account ORDER BY name", err);
	struct account *rows = NULL, *more;
	size_t n = 0, cap = 0;
	enum sql_result result = SQL_FAILED;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			more = reallocarray(rows, cap, sizeof *rows);
			if (more == NULL) {
				sql_done(s);
				free(rows);
				return err_nomem(err);
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
