/*
 * correction.c - the difference of correction.h. In: what was billed, and the
 * marks of late months. Out: corrections of a bill. Owns nothing in the
 * database.
 */
#include <stdlib.h>
#include <string.h>

#include "correction.h"
#include "lib/currency.h"
#include "lib/utc.h"
#include "volume.h"

/* One closed period under examination. */
struct review {
	struct sql *db;
	const struct account *account;
	const struct invoice_query *query;
	const struct archive_row *row;
	struct invoice_period period;
	int digits;
	struct correction_review *out;
	struct exact **rounded; /* owned: of each change, line by line */
};

/* --- which bill carries them --- */

/* Found empty when its grace was over, corrections included: it will have no
 * document that could carry any. */
static bool
is_passed_over(struct sql *db, const struct account *account,
    const struct invoice_period *period, bool *passed, struct err *err)
{
	struct archive_check check;
	bool found;

	if (!archive_find_check(
		db, account->id, period->text, &check, &found, err))
		return false;
	*passed = found && !check.held;
	return true;
}

static bool
find_carrier(
    struct sql *db, const struct invoice *inv, bool *carries, struct err *err)
{
	struct invoice_period own, at;
	struct archive_row latest;
	bool found, passed;

	*carries = false;
	invoice_period_of(&inv->account, inv->period.from, &own);
	if (strcmp(own.text, inv->period.text) != 0)
		return true;
	if (!archive_latest(db, inv->account.id, &latest, &found, err))
		return false;
	if (!found || latest.to_at > inv->period.from)
		return true;
	invoice_period_of(&inv->account, latest.to_at, &at);
	while (at.from < inv->period.from) {
		if (!is_passed_over(db, &inv->account, &at, &passed, err))
			return false;
		if (!passed)
			return true;
		invoice_period_after(&at, &at);
	}
	if (!is_passed_over(db, &inv->account, &at, &passed, err))
		return false;
	*carries = !passed;
	return true;
}

/* --- what may have changed --- */

/* Whether anything at all came since all closed periods were settled. */
static bool
has_news(struct sql *db, int64_t account, bool *news, struct err *err)
{
	struct sql_stmt *s;
	int64_t settled;

	*news = false;
	if (!archive_settled(db, account, &settled, err))
		return false;
	s = sql_get(db,
	    "SELECT EXISTS (SELECT 1 FROM rate WHERE account = ?1"
	    "   AND fact > ?2)"
	    " OR EXISTS (SELECT 1 FROM late l JOIN volume_account a"
	    "   ON a.account = ?1 AND a.volume = l.volume WHERE l.fact > ?2)",
	    err);
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, account);
	sql_bind_int(s, 2, settled);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*news = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* A rate for hours of the period, stated after it was closed, may change
 * each of its volumes. */
static bool
has_new_rate(struct review *r, bool *has, struct err *err)
{
	struct sql_stmt *s = sql_get(r->db,
	    "SELECT EXISTS (SELECT 1 FROM rate WHERE account = ? AND fact > ?"
	    " AND fact <= ? AND from_hour < ?)",
	    err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, r->account->id);
	sql_bind_int(s, 2, r->row->upto_fact);
	sql_bind_int(s, 3, r->query->head.seq);
	sql_bind_int(s, 4, r->row->to_at / UTC_HOUR_SECS);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*has = sql_int(s, 0) != 0;
	sql_done(s);
	return true;
}

/* Marks since the closing, not only since the last look: a difference that
 * was too small to be billed then still counts. */
static bool
list_marked(struct review *r, int64_t **list, size_t *count, struct err *err)
{
	struct sql_stmt *s = sql_get(r->db,
	    "SELECT DISTINCT l.volume FROM late l JOIN volume_account a"
	    " ON a.account = ? AND a.volume = l.volume"
	    " WHERE l.fact > ? AND l.month >= ? AND l.month <= ?"
	    " ORDER BY l.volume",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t *more;

	*list = NULL;
	*count = 0;
	if (s != NULL) {
		sql_bind_int(s, 1, r->account->id);
		sql_bind_int(s, 2, r->row->upto_fact);
		sql_bind_int(s, 3, volume_month_of(r->row->from_at));
		sql_bind_int(s, 4, volume_month_of(r->row->to_at - 1));
	}
	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		more = reallocarray(*list, *count + 1, sizeof *more);
		if (more == NULL) {
			err_nomem(err);
			break;
		}
		*list = more;
		more[(*count)++] = sql_int(s, 0);
	}
	sql_done(s);
	return result == SQL_END;
}

static bool
list_volumes(struct review *r, int64_t **list, size_t *count, struct err *err)
{
	bool all;

	*list = NULL;
	*count = 0;
	if (!has_new_rate(r, &all, err))
		return false;
	if (all)
		return volume_list_of(r->db, r->account->id,
		    r->row->to_at / UTC_HOUR_SECS, list, count, err);
	return list_marked(r, list, count, err);
}

/* --- what it costs now --- */

static bool
add_changes(
    struct review *r, const int64_t *volumes, size_t count, struct err *err)
{
	struct correction_review *out = r->out;

	out->list = calloc(count + 1, sizeof *out->list);
	r->rounded = calloc(count + 1, sizeof(struct exact *));
	if (out->list == NULL || r->rounded == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct correction_change *c = &out->list[out->count++];

		c->volume = volumes[i];
		c->exact = exact_new();
		c->billed = exact_new();
		c->owed = exact_new();
		c->amount = exact_new();
		c->upto_fact = r->row->upto_fact;
		r->rounded[i] = exact_new();
		if (!volume_identify(r->db, c->volume, &c->volume_id, err) ||
		    !volume_last_name(r->db, c->volume, &c->name, err))
			return false;
	}
	return true;
}

/* By volume, as the volumes were listed; count when there is none. */
static size_t
find_change(const struct correction_review *out, int64_t volume)
{
	size_t low = 0, high = out->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (out->list[middle].volume < volume)
			low = middle + 1;
		else
			high = middle;
	}
	return low < out->count && out->list[low].volume == volume ? low
								   : out->count;
}

static void
round_money(const struct review *r, struct exact *x)
{
	exact_round(x, r->digits, r->account->rounding_mode);
}

static bool
add_line(struct review *r, const struct rating_line *line, struct err *err)
{
	size_t i = find_change(r->out, line->volume);
	struct correction_change *c = &r->out->list[i];
	struct exact *rounded;

	if (i == r->out->count)
		return err_set(err, ERR_BROKEN, "volume %lld was not asked for",
		    (long long)line->volume);
	if (line->name[0] != '\0') {
		free(c->name);
		c->name = strdup(line->name);
		if (c->name == NULL)
			return err_nomem(err);
	}
	exact_add(c->exact, line->amount);
	rounded = exact_new();
	exact_set(rounded, line->amount);
	round_money(r, rounded);
	exact_add(r->rounded[i], rounded);
	exact_free(rounded);
	return true;
}

static bool
rate_month(struct review *r, int64_t month_start, const int64_t *volumes,
    size_t count, struct err *err)
{
	struct rating_query query = {.month_start = month_start,
	    .now = r->query->now,
	    .upto_fact = r->query->head.seq,
	    .volumes = volumes,
	    .volume_count = count};
	struct rating month;
	bool ok;

	ok = rating_run(r->db, r->account, 1, &query, &month, err);
	r->out->unrated = r->out->unrated || (ok && month.unrated);
	for (size_t i = 0; ok && i < month.line_count; i++)
		ok = add_line(r, &month.lines[i], err);
	rating_fini(&month);
	return ok;
}

static bool
rate_now(
    struct review *r, const int64_t *volumes, size_t count, struct err *err)
{
	if (!add_changes(r, volumes, count, err))
		return false;
	for (size_t m = 0; count > 0 && m < r->period.month_count; m++)
		if (!rate_month(r, utc_month_add(r->period.from, (int)m),
			volumes, count, err))
			return false;
	return true;
}

/* --- the difference --- */

static void
fini_change(struct correction_change *c)
{
	free(c->name);
	exact_free(c->exact);
	exact_free(c->billed);
	exact_free(c->owed);
	exact_free(c->amount);
}

/* Takes what was billed off. */
static void
subtract_billed(struct review *r, const struct archive_bill *billed)
{
	const struct archive_billed *b = billed->list;
	const struct archive_billed *end = b + billed->count;

	for (size_t i = 0; i < r->out->count; i++) {
		struct correction_change *c = &r->out->list[i];

		while (b != end && b->volume < c->volume)
			b++;
		exact_set(c->owed, c->exact);
		if (b != end && b->volume == c->volume) {
			exact_sub(c->owed, b->amount);
			exact_sub(c->exact, b->exact);
			exact_set(c->billed, b->amount);
			c->upto_fact = b->upto_fact;
		}
		/* What rounding per line bills; or else to be shared. */
		exact_set(c->amount, r->rounded[i]);
		exact_sub(c->amount, c->billed);
	}
}

/* A new rate cuts lines otherwise, so that those rounded each for itself may
 * come to another amount at the same cost. */
static bool
is_unchanged(const struct review *r, const struct correction_change *c)
{
	return exact_sign(c->exact) == 0 &&
	       (r->account->rounding == ACCOUNT_PER_DOCUMENT ||
		   exact_sign(c->amount) == 0);
}

static bool
is_changed(const struct review *r, const struct correction_change *c)
{
	return !is_unchanged(r, c);
}

static bool
was_corrected(const struct review *r, const struct correction_change *c)
{
	return c->upto_fact != r->row->upto_fact;
}

static void
keep(struct review *r,
    bool (*which)(const struct review *r, const struct correction_change *c))
{
	struct correction_review *out = r->out;
	size_t n = 0;

	for (size_t i = 0; i < out->count; i++)
		if (which(r, &out->list[i]))
			out->list[n++] = out->list[i];
		else
			fini_change(&out->list[i]);
	out->count = n;
}

static bool
any_changed(const struct review *r)
{
	for (size_t i = 0; i < r->out->count; i++)
		if (is_changed(r, &r->out->list[i]))
			return true;
	return false;
}

static int
compare_changes(const void *a, const void *b)
{
	const struct correction_change *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0
		   ? order
		   : memcmp(x->volume_id.bytes, y->volume_id.bytes, UUID_SIZE);
}

/* What is missing to the rounded cost, by the differences of the volumes. When
 * all cost again what was billed, but rounding moved units with earlier
 * corrections, those that have them give them back. */
static bool
share(struct review *r, bool changed, struct err *err)
{
	struct correction_review *out = r->out;
	struct exact **exacts = calloc(out->count + 1, sizeof(struct exact *));
	struct exact **shares = calloc(out->count + 1, sizeof(struct exact *));
	struct exact *delta;

	if (exacts == NULL || shares == NULL) {
		free(exacts);
		free(shares);
		return err_nomem(err);
	}
	for (size_t i = 0; i < out->count; i++) {
		exacts[i] = changed ? out->list[i].exact : out->list[i].owed;
		shares[i] = out->list[i].amount;
	}
	delta = exact_new();
	exact_set(delta, out->exact);
	round_money(r, delta);
	exact_sub(delta, out->billed);
	if (changed || exact_sign(delta) != 0)
		exact_share(delta, exacts, out->count, r->digits, shares);
	else
		keep(r, is_changed);
	exact_free(delta);
	free(exacts);
	free(shares);
	return true;
}

static bool
compare(struct review *r, int64_t before, struct err *err)
{
	struct correction_review *out = r->out;
	bool per_line = r->account->rounding == ACCOUNT_PER_LINE;
	struct archive_bill billed;
	bool ok = archive_billed(r->db, r->row, before, &billed, err), changed;

	if (ok) {
		out->exact = exact_new();
		out->billed = exact_new();
		exact_set(out->exact, billed.exact);
		exact_set(out->billed, billed.amount);
		subtract_billed(r, &billed);
		changed = any_changed(r);
		keep(r, changed || per_line ? is_changed : was_corrected);
		for (size_t i = 0; i < out->count; i++)
			exact_add(out->exact, out->list[i].exact);
		if (out->count > 0)
			qsort(out->list, out->count, sizeof *out->list,
			    compare_changes);
		if (!per_line)
			ok = share(r, changed, err);
	}
	archive_bill_fini(&billed);
	return ok;
}

void
correction_review_fini(struct correction_review *review)
{
	for (size_t i = 0; i < review->count; i++)
		fini_change(&review->list[i]);
	free(review->list);
	exact_free(review->exact);
	exact_free(review->billed);
	memset(review, 0, sizeof *review);
}

bool
correction_review(struct sql *db, const struct account *account,
    const struct archive_row *row, const struct invoice_query *query,
    int64_t before, struct correction_review *out, struct err *err)
{
	struct review r = {.db = db,
	    .account = account,
	    .query = query,
	    .row = row,
	    .digits = currency_digits(account->currency),
	    .out = out};
	int64_t *volumes = NULL;
	size_t count = 0;
	bool ok;

	memset(out, 0, sizeof *out);
	ok = invoice_parse_period(row->period, &r.period, err) &&
	     list_volumes(&r, &volumes, &count, err) &&
	     rate_now(&r, volumes, count, err) &&
	     (out->unrated || compare(&r, before, err));
	for (size_t i = 0; r.rounded != NULL && i < count; i++)
		exact_free(r.rounded[i]);
	free(r.rounded);
	free(volumes);
	return ok;
}

/* --- the hours that cost another --- */

/* What each hour of the period costs, both ways. */
struct hours {
	int64_t first;
	size_t count;
	struct exact **costs; /* owned; NULL: nothing */
};

static bool
add_hour(void *ctx, const struct rating_hour *hour, struct err *err)
{
	struct hours *h = ctx;
	size_t i = (size_t)(hour->hour - h->first);

	(void)err;
	if (h->costs[i] == NULL)
		h->costs[i] = exact_new();
	exact_add(h->costs[i], hour->cost);
	return true;
}

static bool
subtract_hour(void *ctx, const struct rating_hour *hour, struct err *err)
{
	struct hours *h = ctx;
	size_t i = (size_t)(hour->hour - h->first);

	(void)err;
	if (h->costs[i] == NULL)
		h->costs[i] = exact_new();
	exact_sub(h->costs[i], hour->cost);
	return true;
}

/* The first and the last hour that differ; all of the period where the hours
 * as they were billed cannot be told any more. */
static void
find_span(const struct hours *h, const struct archive_row *row,
    struct invoice_correction *out)
{
	out->from = row->to_at;
	out->to = row->from_at;
	for (size_t i = 0; i < h->count; i++) {
		int64_t at = (h->first + (int64_t)i) * UTC_HOUR_SECS;

		if (h->costs[i] == NULL || exact_sign(h->costs[i]) == 0)
			continue;
		if (at < out->from)
			out->from = at;
		out->to = at + UTC_HOUR_SECS;
	}
	if (out->from < out->to)
		return;
	out->from = row->from_at;
	out->to = row->to_at;
}

static bool
find_charge_period(struct sql *db, const struct account *account,
    const struct archive_row *row, const struct invoice_query *query,
    const struct correction_change *c, struct invoice_correction *out,
    struct err *err)
{
	struct hours h = {.first = row->from_at / UTC_HOUR_SECS,
	    .count = (size_t)((row->to_at - row->from_at) / UTC_HOUR_SECS)};
	bool ok;

	h.costs = calloc(h.count, sizeof(struct exact *));
	if (h.costs == NULL)
		return err_nomem(err);
	ok = rating_trace(db, account, c->volume, row->from_at, row->to_at,
		 query->now, query->head.seq, add_hour, &h, err) &&
	     rating_trace(db, account, c->volume, row->from_at, row->to_at,
		 query->now, c->upto_fact, subtract_hour, &h, err);
	if (ok)
		find_span(&h, row, out);
	for (size_t i = 0; i < h.count; i++)
		exact_free(h.costs[i]);
	free(h.costs);
	return ok;
}

/* --- onto the bill --- */

/* Takes name and difference of change over. */
static bool
append(struct sql *db, struct invoice *inv, const struct archive_row *row,
    const struct invoice_query *query, struct correction_change *change,
    struct err *err)
{
	struct invoice_correction *c = reallocarray(
	    inv->corrections, inv->correction_count + 1, sizeof *c);

	if (c == NULL)
		return err_nomem(err);
	inv->corrections = c;
	c += inv->correction_count++;
	memset(c, 0, sizeof *c);
	memcpy(c->corrects, row->period, sizeof c->corrects);
	c->invoice = row->id;
	c->volume = change->volume;
	c->volume_id = change->volume_id;
	c->name = change->name;
	c->exact = change->exact;
	change->name = NULL;
	change->exact = NULL;
	c->amount = exact_fixed(change->amount, inv->digits);
	return find_charge_period(
	    db, &inv->account, row, query, change, c, err);
}

/* What came up to the fact up to which a period was settled has been billed,
 * whatever was known when. */
static bool
review(struct sql *db, struct invoice *inv, const struct archive_row *row,
    const struct invoice_query *query, struct err *err)
{
	struct correction_review r;
	int64_t settled;
	bool ok;

	if (!archive_settled_of(db, row, &settled, err))
		return false;
	if (settled >= query->head.seq)
		return true;
	ok = correction_review(db, &inv->account, row, query, 0, &r, err);
	if (r.unrated)
		invoice_judge(inv, INVOICE_UNRATED_USAGE, query->now);
	for (size_t i = 0; ok && !r.unrated && i < r.count; i++)
		if (exact_sign(r.list[i].amount) != 0)
			ok = append(db, inv, row, query, &r.list[i], err);
	correction_review_fini(&r);
	return ok;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct archive_row *x = a, *y = b;

	return (x->from_at > y->from_at) - (x->from_at < y->from_at);
}

static bool
review_all(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, struct err *err)
{
	struct archive_row *rows = NULL;
	size_t count = 0;
	bool ok = archive_list(db, invoice->account.id, &rows, &count, err);

	if (ok && count > 0)
		qsort(rows, count, sizeof *rows, compare_rows);
	for (size_t i = 0; ok && i < count; i++)
		ok = review(db, invoice, &rows[i], query, err);
	free(rows);
	return ok;
}

bool
correction_add(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, bool *carries, struct err *err)
{
	bool news;

	if (!find_carrier(db, invoice, carries, err))
		return false;
	if (!*carries)
		return true;
	if (!has_news(db, invoice->account.id, &news, err))
		return false;
	if (!news)
		return true;
	return review_all(db, invoice, query, err) &&
	       invoice_add_up(invoice, err);
}
