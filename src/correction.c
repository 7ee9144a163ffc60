/*
 * correction.c - the difference of correction.h. In: what was billed, and the
 * marks of late months. Out: corrections of a bill. Owns nothing in the
 * database.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "correction.h"
#include "lib/utc.h"
#include "volume.h"

/* A volume whose cost in a closed period may be another one now. */
struct suspect {
	int64_t volume;
	struct uuid volume_id;
	char *name;	       /* owned */
	struct exact *exact;   /* owned: cost now, then the difference */
	struct exact *rounded; /* owned: the same, line by line */
	struct exact *share;   /* owned */
	int64_t upto_fact;     /* as it was billed */
};

/* One closed period under examination. */
struct review {
	struct sql *db;
	const struct invoice_query *query;
	struct invoice *invoice; /* the bill that is to carry corrections */
	const struct archive_row *row;
	struct invoice_period period;
	struct archive_bill billed;
	struct suspect *list; /* owned */
	size_t count;
	bool unrated;
};

/* --- which bill carries them --- */

/* Over, and nothing in it: it will never have a document. */
static bool
is_passed_over(struct sql *db, const struct account *account,
    const struct invoice_period *period, const struct invoice_query *query,
    bool *passed, struct err *err)
{
	struct invoice_query own = *query;
	struct archive_check check;
	struct grace grace;
	struct invoice inv;
	bool found, ok;

	*passed = false;
	if (!grace_load(db, &grace, err))
		return false;
	if (query->now < grace_end(&grace, period->to))
		return true;
	if (!archive_find_check(
		db, account->id, period->text, &check, &found, err))
		return false;
	if (found) {
		*passed = !check.held;
		return true;
	}
	own.period = period;
	ok = invoice_build(db, account, 1, &own, &inv, err);
	*passed = ok && invoice_is_empty(&inv);
	invoice_fini(&inv);
	return ok;
}

static bool
find_carrier(struct sql *db, const struct invoice *inv,
    const struct invoice_query *query, bool *carries, struct err *err)
{
	struct invoice_period own, at;
	struct archive_row latest;
	struct grace grace;
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
		if (!is_passed_over(
			db, &inv->account, &at, query, &passed, err))
			return false;
		if (!passed)
			return true;
		invoice_period_after(&at, &at);
	}
	if (!grace_load(db, &grace, err))
		return false;
	*carries = !invoice_is_empty(inv) ||
		   query->now < grace_end(&grace, inv->period.to);
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
	sql_bind_int(s, 1, r->invoice->account.id);
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
		sql_bind_int(s, 1, r->invoice->account.id);
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
		return volume_list_of(r->db, r->invoice->account.id,
		    r->row->to_at / UTC_HOUR_SECS, list, count, err);
	return list_marked(r, list, count, err);
}

/* --- what it costs now --- */

static bool
add_suspects(
    struct review *r, const int64_t *volumes, size_t count, struct err *err)
{
	r->list = calloc(count + 1, sizeof *r->list);
	if (r->list == NULL)
		return err_nomem(err);
	r->count = count;
	for (size_t i = 0; i < count; i++) {
		struct suspect *s = &r->list[i];

		s->volume = volumes[i];
		s->exact = exact_new();
		s->rounded = exact_new();
		s->share = exact_new();
		s->upto_fact = r->row->upto_fact;
		if (!volume_identify(
			r->db, s->volume, &s->volume_id, &s->name, err))
			return false;
	}
	return true;
}

/* By volume, as the volumes were listed. */
static struct suspect *
find_suspect(struct review *r, int64_t volume)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->list[middle].volume < volume)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->count && r->list[low].volume == volume ? &r->list[low]
							       : NULL;
}

static bool
add_line(struct review *r, const struct rating_line *line, struct err *err)
{
	struct suspect *s = find_suspect(r, line->volume);
	struct exact *rounded;

	if (s == NULL)
		return err_set(err, ERR_BROKEN, "volume %lld was not asked for",
		    (long long)line->volume);
	if (line->name[0] != '\0') {
		free(s->name);
		s->name = strdup(line->name);
		if (s->name == NULL)
			return err_nomem(err);
	}
	exact_add(s->exact, line->amount);
	rounded = exact_new();
	exact_set(rounded, line->amount);
	invoice_round(r->invoice, rounded);
	exact_add(s->rounded, rounded);
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

	ok = rating_run(r->db, &r->invoice->account, 1, &query, &month, err);
	r->unrated = r->unrated || (ok && month.unrated);
	for (size_t i = 0; ok && i < month.line_count; i++)
		ok = add_line(r, &month.lines[i], err);
	rating_fini(&month);
	return ok;
}

static bool
rate_now(
    struct review *r, const int64_t *volumes, size_t count, struct err *err)
{
	if (!add_suspects(r, volumes, count, err))
		return false;
	for (size_t m = 0; m < r->period.month_count; m++)
		if (!rate_month(r, utc_month_add(r->period.from, (int)m),
			volumes, count, err))
			return false;
	return true;
}

/* --- the difference --- */

static void
fini_suspect(struct suspect *s)
{
	free(s->name);
	exact_free(s->exact);
	exact_free(s->rounded);
	exact_free(s->share);
}

/* Takes what was billed off, and drops those for which nothing is left. */
static void
subtract_billed(struct review *r)
{
	const struct archive_billed *b = r->billed.list;
	const struct archive_billed *end = b + r->billed.count;
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct suspect *s = &r->list[i];

		while (b != end && b->volume < s->volume)
			b++;
		if (b != end && b->volume == s->volume) {
			exact_sub(s->exact, b->exact);
			exact_sub(s->rounded, b->amount);
			s->upto_fact = b->upto_fact;
		}
		if (exact_sign(s->exact) == 0)
			fini_suspect(s);
		else
			r->list[n++] = *s;
	}
	r->count = n;
}

static int
compare_suspects(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0
		   ? order
		   : memcmp(x->volume_id.bytes, y->volume_id.bytes, UUID_SIZE);
}

static bool
share(struct review *r, struct err *err)
{
	struct exact **exacts = calloc(r->count + 1, sizeof(struct exact *));
	struct exact **shares = calloc(r->count + 1, sizeof(struct exact *));
	struct exact *delta;

	if (exacts == NULL || shares == NULL) {
		free(exacts);
		free(shares);
		return err_nomem(err);
	}
	delta = exact_new();
	exact_set(delta, r->billed.exact);
	for (size_t i = 0; i < r->count; i++) {
		exact_add(delta, r->list[i].exact);
		exacts[i] = r->list[i].exact;
		shares[i] = r->list[i].share;
	}
	invoice_round(r->invoice, delta);
	exact_sub(delta, r->billed.amount);
	exact_share(delta, exacts, r->count, r->invoice->digits, shares);
	exact_free(delta);
	free(exacts);
	free(shares);
	return true;
}

static bool
settle_shares(struct review *r, struct err *err)
{
	if (r->count > 0)
		qsort(r->list, r->count, sizeof *r->list, compare_suspects);
	if (r->invoice->account.rounding == ACCOUNT_PER_DOCUMENT)
		return share(r, err);
	for (size_t i = 0; i < r->count; i++)
		exact_set(r->list[i].share, r->list[i].rounded);
	return true;
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
find_charge_period(struct review *r, const struct suspect *s,
    struct invoice_correction *out, struct err *err)
{
	const struct archive_row *row = r->row;
	struct hours h = {.first = row->from_at / UTC_HOUR_SECS,
	    .count = (size_t)((row->to_at - row->from_at) / UTC_HOUR_SECS)};
	bool ok;

	h.costs = calloc(h.count, sizeof(struct exact *));
	if (h.costs == NULL)
		return err_nomem(err);
	ok = rating_trace(r->db, &r->invoice->account, s->volume, row->from_at,
		 row->to_at, r->query->now, r->query->head.seq, add_hour, &h,
		 err) &&
	     rating_trace(r->db, &r->invoice->account, s->volume, row->from_at,
		 row->to_at, r->query->now, s->upto_fact, subtract_hour, &h,
		 err);
	if (ok)
		find_span(&h, row, out);
	for (size_t i = 0; i < h.count; i++)
		exact_free(h.costs[i]);
	free(h.costs);
	return ok;
}

/* --- onto the bill --- */

/* Takes name and difference of s over. */
static bool
append(struct review *r, struct suspect *s, struct err *err)
{
	struct invoice *inv = r->invoice;
	struct invoice_correction *c = reallocarray(
	    inv->corrections, inv->correction_count + 1, sizeof *c);

	if (c == NULL)
		return err_nomem(err);
	inv->corrections = c;
	c += inv->correction_count++;
	memset(c, 0, sizeof *c);
	memcpy(c->corrects, r->row->period, sizeof c->corrects);
	c->invoice = r->row->id;
	c->volume = s->volume;
	c->volume_id = s->volume_id;
	c->name = s->name;
	c->exact = s->exact;
	s->name = NULL;
	s->exact = NULL;
	c->amount = exact_fixed(s->share, inv->digits);
	return find_charge_period(r, s, c, err);
}

static void
fini_review(struct review *r)
{
	for (size_t i = 0; i < r->count; i++)
		fini_suspect(&r->list[i]);
	free(r->list);
	archive_bill_fini(&r->billed);
}

static bool
review(struct review *r, struct err *err)
{
	int64_t *volumes = NULL;
	size_t count = 0;
	bool ok;

	ok = invoice_parse_period(r->row->period, &r->period, err) &&
	     list_volumes(r, &volumes, &count, err);
	if (ok && count > 0) {
		ok = archive_billed(r->db, r->row, &r->billed, err) &&
		     rate_now(r, volumes, count, err);
		if (ok && !r->unrated) {
			subtract_billed(r);
			ok = settle_shares(r, err);
		}
	}
	free(volumes);
	if (!ok || r->unrated)
		return ok;
	for (size_t i = 0; ok && i < r->count; i++)
		if (exact_sign(r->list[i].share) != 0)
			ok = append(r, &r->list[i], err);
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
	for (size_t i = 0; ok && i < count; i++) {
		struct review r = {.db = db,
		    .query = query,
		    .invoice = invoice,
		    .row = &rows[i]};

		ok = review(&r, err);
		if (r.unrated)
			invoice_judge(
			    invoice, INVOICE_UNRATED_USAGE, query->now);
		fini_review(&r);
	}
	free(rows);
	return ok;
}

bool
correction_add(struct sql *db, struct invoice *invoice,
    const struct invoice_query *query, bool *carries, struct err *err)
{
	bool news;

	if (!find_carrier(db, invoice, query, carries, err))
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
