/*
 * verify_again.c - closed periods rated again. In: invoices, and all that
 * rating rests on. Out: invoices whose lines are not what was known when they
 * were closed, and periods of which all documents together do not bill the
 * rounded cost that was known when they were last corrected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "correction.h"
#include "lib/utc.h"
#include "verify_part.h"

struct again {
	struct verify *v;
	const struct archive_row *row;
	struct account account;
	struct invoice_period period;
	char where[160];
	bool skipped; /* a bill could not be told from what is left */
};

static void
find_different(struct again *a, size_t i, const struct archive_line *stored,
    const struct rating_line *rated, int64_t upto)
{
	struct verify_volume *volume = verify_find_volume(a->v, stored->volume);
	char *was = exact_fraction(stored->exact);
	char *is = exact_fraction(rated->amount);
	char name[64] = "another volume", uuid[UUID_TEXT_SIZE];

	if (volume != NULL)
		verify_name_volume(volume, name, sizeof name);
	verify_find(a->v, VERIFY_INVOICE, a->row->fact, a->where,
	    "line %zu charges %s for %s exactly; computed again from what was "
	    "known with fact %lld it is %s for volume %s",
	    i + 1, was, name, (long long)upto, is,
	    uuid_format(&rated->volume_id, uuid));
	free(was);
	free(is);
}

struct place {
	int64_t volume;
	size_t line;
};

static int
by_volume(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->volume != y->volume)
		return x->volume < y->volume ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* Lines stand by name, and one that nobody said in the month may be another by
 * now; those of one volume stand in the same order whatever it is called. */
static void
compare_places(struct again *a, const struct archive_line *stored, size_t own,
    const struct invoice *inv, struct place *was, struct place *is)
{
	for (size_t i = 0; i < own; i++)
		was[i] = (struct place){stored[i].volume, i};
	for (size_t i = 0; i < inv->line_count; i++)
		is[i] = (struct place){inv->lines[i].rated->volume, i};
	qsort(was, own, sizeof *was, by_volume);
	qsort(is, inv->line_count, sizeof *is, by_volume);
	for (size_t i = 0; i < own && i < inv->line_count; i++) {
		const struct archive_line *line = &stored[was[i].line];
		const struct rating_line *rated = inv->lines[is[i].line].rated;

		if (line->volume != rated->volume ||
		    exact_cmp(line->exact, rated->amount) != 0)
			find_different(
			    a, was[i].line, line, rated, a->row->upto_fact);
	}
}

/* The lines of the invoice's own usage come first. */
static bool
compare_lines(struct again *a, const struct archive_line *stored, size_t count,
    const struct invoice *inv, struct err *err)
{
	struct place *was, *is;
	size_t own = 0;
	bool ok;

	while (own < count && stored[own].corrects == 0)
		own++;
	if (own != inv->line_count)
		verify_find(a->v, VERIFY_INVOICE, a->row->fact, a->where,
		    "it has %zu lines for its own usage; computed again from "
		    "what was known with fact %lld there are %zu",
		    own, (long long)a->row->upto_fact, inv->line_count);
	was = calloc(own + 1, sizeof *was);
	is = calloc(inv->line_count + 1, sizeof *is);
	ok = was != NULL && is != NULL;
	if (ok)
		compare_places(a, stored, own, inv, was, is);
	free(was);
	free(is);
	return ok || err_nomem(err);
}

static bool
check_lines(struct again *a, const struct invoice *inv, struct err *err)
{
	struct archive_line *lines = NULL;
	size_t count = 0;
	bool ok;

	if (!archive_lines(a->v->db, a->row, &lines, &count, err))
		return false;
	ok = compare_lines(a, lines, count, inv, err);
	archive_lines_free(lines, count);
	return ok;
}

/* What the documents bill is compared with the whole period rated anew, not
 * only with what is marked as changed. */
static bool
check_billed(struct again *a, const struct invoice *inv, int64_t settled,
    struct err *err)
{
	struct exact *due = exact_new();
	struct archive_bill billed;
	bool ok;
	char *is;

	ok = archive_billed(a->v->db, a->row, 0, &billed, err);
	if (ok &&
	    (inv->usage_total == NULL || !exact_parse(due, inv->usage_total)))
		verify_find(a->v, VERIFY_INVOICE, a->row->fact, a->where,
		    "with fact %lld it has usage without a rate, though it is "
		    "closed: a rate was changed or deleted",
		    (long long)settled);
	else if (ok && exact_cmp(due, billed.amount) != 0) {
		is = exact_decimal(billed.amount, INVOICE_EXACT_DIGITS);
		verify_find(a->v, VERIFY_INVOICE, a->row->fact, a->where,
		    "it and its corrections bill %s; computed again from what "
		    "was known with fact %lld its period costs %s",
		    is, (long long)settled, inv->usage_total);
		free(is);
	}
	archive_bill_fini(&billed);
	exact_free(due);
	return ok;
}

/* When the account's invoice was closed that corrected up to a fact. */
static bool
settled_at(struct again *a, int64_t settled, int64_t *at, struct err *err)
{
	struct sql_stmt *s = sql_get(a->v->db,
	    "SELECT ifnull(max(closed_at), ?3) FROM invoice"
	    " WHERE account = ?1 AND upto_fact = ?2",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, a->row->account);
	sql_bind_int(s, 2, settled);
	sql_bind_int(s, 3, a->row->closed_at);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*at = sql_int(s, 0);
	sql_done(s);
	return true;
}

/* Whether rows that the period may rest on hold more than was known with a
 * fact, and the samples that would tell are gone. */
static bool
is_gone(struct again *a, int64_t upto, bool *gone, struct err *err)
{
	int64_t margin = a->account.max_carry_hours / 24 + 2;
	struct sql_stmt *s = sql_get(a->v->db,
	    "SELECT EXISTS (SELECT 1 FROM day WHERE day >= ? AND day <= ?"
	    " AND day <= ? AND fact > ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, a->period.from / UTC_DAY_SECS - margin);
	sql_bind_int(s, 2, a->period.to / UTC_DAY_SECS + margin);
	sql_bind_int(s, 3, a->v->removed_day);
	sql_bind_int(s, 4, upto);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*gone = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

typedef bool check_fn(
    struct again *a, const struct invoice *inv, int64_t upto, struct err *err);

static bool
check_both(
    struct again *a, const struct invoice *inv, int64_t upto, struct err *err)
{
	return check_lines(a, inv, err) && check_billed(a, inv, upto, err);
}

static bool
check_only_lines(
    struct again *a, const struct invoice *inv, int64_t upto, struct err *err)
{
	(void)upto;
	return check_lines(a, inv, err);
}

/* Builds the bill as it was known with a fact, unless that cannot be told any
 * more. */
static bool
build(struct again *a, int64_t upto, int64_t now, check_fn *check,
    struct err *err)
{
	struct invoice_query query = {
	    .period = &a->period, .now = now, .head = {.seq = upto}};
	struct invoice inv;
	bool gone, ok;

	if (!is_gone(a, upto, &gone, err))
		return false;
	if (gone) {
		a->skipped = true;
		return true;
	}
	memset(&inv, 0, sizeof inv);
	ok = invoice_build(a->v->db, &a->account, 1, &query, &inv, err) &&
	     check(a, &inv, upto, err);
	invoice_fini(&inv);
	return ok;
}

static bool
compute(struct again *a, struct err *err)
{
	const struct archive_row *row = a->row;
	int64_t settled, at;

	if (!archive_settled_of(a->v->db, row, &settled, err) ||
	    !settled_at(a, settled, &at, err))
		return false;
	if (settled == row->upto_fact)
		return build(a, settled, row->closed_at, check_both, err);
	return build(
		   a, row->upto_fact, row->closed_at, check_only_lines, err) &&
	       build(a, settled, at, check_billed, err);
}

static bool
check_invoice(struct verify *v, const struct archive_row *row, struct err *err)
{
	struct again a = {.v = v, .row = row};
	bool ok;

	snprintf(a.where, sizeof a.where, "invoice %s (%s)", row->number,
	    row->period);
	ok = account_load(v->db, row->account, &a.account, err);
	if (ok) {
		snprintf(a.where, sizeof a.where, "invoice %s (%s, %s)",
		    row->number, a.account.name, row->period);
		ok = invoice_parse_period(row->period, &a.period, err) &&
		     compute(&a, err);
	}
	v->result->skipped_invoices += a.skipped;
	if (ok)
		return true;
	if (err->kind == ERR_BUSY)
		return false;
	verify_find(v, VERIFY_INVOICE, row->fact, a.where,
	    "it cannot be computed again: %s", err->text);
	*err = (struct err)ERR_INIT;
	return true;
}

bool
verify_again(struct verify *v, struct err *err)
{
	struct archive_row *rows = NULL;
	size_t count = 0;
	bool ok;

	if (!v->options.deep)
		return true;
	ok = archive_list(v->db, 0, &rows, &count, err);
	for (size_t i = 0; ok && i < count; i++)
		ok = check_invoice(v, &rows[i], err);
	free(rows);
	return ok;
}
