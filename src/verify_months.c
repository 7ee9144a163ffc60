/*
 * verify_months.c - what is kept to find samples: in which months volumes and
 * accounts have some, and up to when there are revisions. In: each sample
 * once. Out: rows that say something else.
 *
 * A month, or an account of a volume, that has a row and no sample costs
 * time only, but one without a row is left out of bills. A conflict that was
 * set aside may leave an account's row without a sample; a volume's month
 * always has one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/utc.h"
#include "verify_part.h"
#include "volume.h"

enum {
	MONTHS = 64 * VERIFY_MONTH_WORDS
};

/* Samples of the far future, which an operator let in, are not followed. */
static bool
is_followed(const struct verify *v, int64_t month)
{
	return month >= v->first_month && month < v->first_month + MONTHS;
}

static bool
has_month(
    const struct verify *v, const struct verify_month_set *m, int64_t month)
{
	int64_t bit = month - v->first_month;

	return is_followed(v, month) &&
	       (m->words[bit / 64] >> bit % 64 & 1) != 0;
}

static void
set_month(const struct verify *v, struct verify_month_set *m, int64_t month)
{
	int64_t bit = month - v->first_month;

	if (is_followed(v, month))
		m->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void
clear_month(const struct verify *v, struct verify_month_set *m, int64_t month)
{
	int64_t bit = month - v->first_month;

	m->words[bit / 64] &= ~(UINT64_C(1) << bit % 64);
}

static struct verify_payer *
find_payer(struct verify_volume *row, int64_t account)
{
	struct verify_payer *p = row->payers;

	while (p != NULL && p->account != account)
		p = p->next;
	return p;
}

static bool
add_payer(
    struct verify_volume *row, int64_t account, int64_t month, struct err *err)
{
	struct verify_payer *p = calloc(1, sizeof *p);

	if (p == NULL)
		return err_nomem(err);
	p->account = account;
	p->first_month = month;
	p->next = row->payers;
	row->payers = p;
	return true;
}

bool
verify_note_sample(struct verify *v, const struct verify_sample *sample,
    int64_t month, struct err *err)
{
	struct verify_volume *row = sample->volume;
	int64_t account = sample->account;

	if (sample->revision > 0)
		row->last_revised = sample->hour;
	if (v->account_months == NULL) {
		v->account_months =
		    calloc(v->accounts.count + 1, sizeof *v->account_months);
		if (v->account_months == NULL)
			return err_nomem(err);
		v->first_month = month;
	}
	set_month(v, &row->months, month);
	if (account >= 1 && account <= (int64_t)v->accounts.count)
		set_month(v, &v->account_months[account], month);
	return find_payer(row, account) != NULL ||
	       add_payer(row, account, month, err);
}

static void
find_extra_month(
    struct verify *v, const struct verify_volume *row, int64_t month)
{
	char where[64];

	verify_find(v, VERIFY_MONTH, 0,
	    verify_name_volume(row, where, sizeof where),
	    "volume_month says that it has samples in %04lld-%02lld, but it "
	    "has none: the row was inserted or changed, or they were deleted",
	    (long long)(month / 12), (long long)(month % 12 + 1));
}

static void
find_missing_months(struct verify *v, const struct verify_month_set *months,
    const char *where, const char *table)
{
	int64_t month = v->first_month;

	for (int bit = 0; bit < MONTHS; bit++, month++)
		if (has_month(v, months, month))
			verify_find(v, VERIFY_MONTH, 0, where,
			    "it has samples in %04lld-%02lld, but %s does not "
			    "say so, and bills would leave them out: the row "
			    "was deleted or changed",
			    (long long)(month / 12),
			    (long long)(month % 12 + 1), table);
}

/* Months that are known to have samples are taken off the list; those that
 * remain have no row. */
static bool
check_volume_months(struct verify *v, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(v->db, "SELECT volume, month FROM volume_month", err);
	int64_t gone = v->removed_day > 0
			   ? volume_month_of(v->removed_day * UTC_DAY_SECS)
			   : 0;
	enum sql_result result = SQL_FAILED;
	struct verify_volume *row;
	char where[64];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		int64_t month = sql_int(s, 1);

		v->result->checked[VERIFY_MONTH]++;
		row = verify_find_volume(v, sql_int(s, 0));
		if (row == NULL)
			continue;
		if (has_month(v, &row->months, month))
			clear_month(v, &row->months, month);
		else if (month > gone &&
			 (is_followed(v, month) || month < v->first_month))
			find_extra_month(v, row, month);
	}
	for (size_t i = 0; i < v->volume_count; i++)
		find_missing_months(v, &v->volumes[i].months,
		    verify_name_volume(&v->volumes[i], where, sizeof where),
		    "volume_month");
	return result == SQL_END;
}

static bool
check_account_months(struct verify *v, struct err *err)
{
	struct sql_stmt *s =
	    sql_get(v->db, "SELECT account, month FROM account_month", err);
	enum sql_result result = SQL_FAILED;
	int64_t account, month;
	char where[64];

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		account = sql_int(s, 0);
		month = sql_int(s, 1);
		v->result->checked[VERIFY_MONTH]++;
		if (account >= 1 && account <= (int64_t)v->accounts.count &&
		    has_month(v, &v->account_months[account], month))
			clear_month(v, &v->account_months[account], month);
	}
	for (size_t i = 1; i <= v->accounts.count; i++) {
		snprintf(where, sizeof where, "account %zu", i);
		find_missing_months(
		    v, &v->account_months[i], where, "account_month");
	}
	return result == SQL_END;
}

static void
find_missing_payers(struct verify *v, const struct verify_volume *row)
{
	char where[64];

	for (const struct verify_payer *p = row->payers; p != NULL; p = p->next)
		if (!p->found)
			verify_find(v, VERIFY_MONTH, 0,
			    verify_name_volume(row, where, sizeof where),
			    "it has samples of account %lld from %04lld-%02lld "
			    "on, but volume_account does not say so, and bills "
			    "would leave them out: the row was deleted or "
			    "changed",
			    (long long)p->account,
			    (long long)(p->first_month / 12),
			    (long long)(p->first_month % 12 + 1));
}

static bool
check_payers(struct verify *v, struct err *err)
{
	struct sql_stmt *s = sql_get(v->db,
	    "SELECT account, volume, first_month FROM volume_account", err);
	enum sql_result result = SQL_FAILED;
	struct verify_volume *row;
	struct verify_payer *p;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		v->result->checked[VERIFY_MONTH]++;
		row = verify_find_volume(v, sql_int(s, 1));
		p = row != NULL ? find_payer(row, sql_int(s, 0)) : NULL;
		if (p != NULL && sql_int(s, 2) <= p->first_month)
			p->found = true;
	}
	for (size_t i = 0; i < v->volume_count; i++)
		find_missing_payers(v, &v->volumes[i]);
	return result == SQL_END;
}

/* Rows between the two are looked for only up to revised_hour; hours without
 * samples cannot be told. */
static void
check_revised(struct verify *v)
{
	const struct verify_volume *row = v->volumes;
	char where[64];

	for (size_t i = 0; i < v->volume_count; i++, row++)
		if (row->revised_hour != row->last_revised &&
		    (row->revised_hour < row->last_revised ||
			v->removed_day == 0 ||
			row->revised_hour / 24 > v->removed_day))
			verify_find(v, VERIFY_VOLUME, 0,
			    verify_name_volume(row, where, sizeof where),
			    "revised_hour is not the latest hour of which it "
			    "has a sample with a revision: the row was "
			    "changed");
}

bool
verify_months(struct verify *v, struct err *err)
{
	check_revised(v);
	return check_volume_months(v, err) &&
	       (v->account_months == NULL || check_account_months(v, err)) &&
	       check_payers(v, err);
}
