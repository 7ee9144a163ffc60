/*
 * explain_rounding.c - how an amount was made of an exact value. In: what a
 * document, or a correction, shared out. Out: the figures of that sharing,
 * made anew; they must give the amount that was billed. Owns nothing in the
 * database.
 */
#include <stdlib.h>
#include <string.h>

#include "correction.h"
#include "explain_part.h"
#include "lib/currency.h"

/* What is shared out, and which share is looked at. */
struct sharing {
	struct exact **exacts; /* owned; what they point to is borrowed */
	size_t count, own;
	struct exact *total; /* owned */
};

void
explain_rounding_fini(struct explain_rounding *rounding)
{
	exact_free(rounding->exact);
	exact_free(rounding->rounded);
	exact_free(rounding->billed);
	exact_free(rounding->cut);
	exact_free(rounding->lost);
	exact_free(rounding->missing);
	exact_free(rounding->lines);
	memset(rounding, 0, sizeof *rounding);
}

static struct exact *
copy(const struct exact *x)
{
	struct exact *out = exact_new();

	exact_set(out, x);
	return out;
}

static int
digits_of(const struct explain *e)
{
	return currency_digits(e->invoice.account.currency);
}

static struct exact *
rounded(const struct explain *e, const struct exact *x)
{
	struct exact *out = copy(x);

	exact_round(out, digits_of(e), e->invoice.account.rounding_mode);
	return out;
}

static bool
is_amount(const struct explain *e, const struct exact *x)
{
	struct exact *amount = exact_new();
	bool same;

	same = exact_parse(amount, e->amount) && exact_cmp(amount, x) == 0;
	exact_free(amount);
	return same;
}

/* --- largest remainder --- */

static void
cut(const struct explain *e, const struct exact *x, struct exact *out,
    struct exact *lost)
{
	exact_set(out, x);
	exact_cut(out, digits_of(e));
	exact_set(lost, x);
	exact_sub(lost, out);
}

/* Cuts all values down: what is then missing from the total, and the place
 * of the own one by what was cut off, the most first. */
static void
rank(struct explain *e, const struct sharing *s, bool *tied)
{
	struct explain_rounding *r = &e->rounding;
	struct exact *part = exact_new(), *lost = exact_new();

	*tied = false;
	r->cut = exact_new();
	r->lost = exact_new();
	r->missing = copy(s->total);
	cut(e, s->exacts[s->own], r->cut, r->lost);
	r->sharers = s->count;
	r->rank = 1;
	for (size_t i = 0; i < s->count; i++) {
		int order;

		cut(e, s->exacts[i], part, lost);
		exact_sub(r->missing, part);
		order = exact_cmp(lost, r->lost);
		if (i != s->own && (order > 0 || (order == 0 && i < s->own)))
			r->rank++;
		*tied = *tied || (order == 0 && i != s->own);
	}
	for (int i = digits_of(e); i > 0; i--)
		exact_mul_int(r->missing, 10);
	exact_free(part);
	exact_free(lost);
}

static void
forget_rank(struct explain_rounding *r)
{
	exact_free(r->cut);
	exact_free(r->lost);
	exact_free(r->missing);
	r->cut = r->lost = r->missing = NULL;
	r->sharers = r->rank = 0;
}

/* Which of several that lost the same came first is not kept, when they were
 * ordered by names that may be others by now: then only the sum is said. */
static bool
share(struct explain *e, const struct sharing *s, struct err *err)
{
	struct exact **shares = calloc(s->count + 1, sizeof(struct exact *));
	bool tied, same;

	if (shares == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < s->count; i++)
		shares[i] = exact_new();
	exact_share(s->total, s->exacts, s->count, digits_of(e), shares);
	rank(e, s, &tied);
	same = is_amount(e, shares[s->own]);
	if (!same && tied && e->correction) {
		forget_rank(&e->rounding);
		same = true;
	}
	for (size_t i = 0; i < s->count; i++)
		exact_free(shares[i]);
	free(shares);
	return same || explain_broken(e, err, "the rounding of its amount");
}

/* --- usage --- */

static bool
share_usage(struct explain *e, struct sharing *s, struct err *err)
{
	struct explain_rounding *r = &e->rounding;

	s->own = e->line - 1;
	r->exact = exact_new();
	for (size_t i = 0; s->exacts != NULL && i < s->count; i++)
		exact_add(r->exact, s->exacts[i]);
	r->rounded = rounded(e, r->exact);
	s->total = copy(r->rounded);
	return share(e, s, err);
}

static bool
round_document(struct sql *db, struct explain *e, const struct archive_row *row,
    struct err *err)
{
	struct sharing s = {.count = e->invoice.line_count};
	struct archive_line *lines = NULL;
	size_t count = 0;
	bool ok = row == NULL || archive_lines(db, row, &lines, &count, err);

	s.exacts = calloc(s.count + 1, sizeof(struct exact *));
	if (s.exacts == NULL)
		ok = err_nomem(err);
	/* The document and its rows have as many lines, unless somebody has
	 * changed them. */
	if (ok && row != NULL && s.count > 0 &&
	    (lines == NULL || count < s.count))
		ok = err_set(err, ERR_BROKEN,
		    "the lines of invoice %s are not those of its document; "
		    "run verify",
		    row->number);
	for (size_t i = 0; ok && s.exacts != NULL && i < s.count; i++) {
		const struct rating_line *rated = e->invoice.lines[i].rated;

		if (lines != NULL)
			s.exacts[i] = lines[i].exact;
		else if (rated != NULL)
			s.exacts[i] = rated->amount;
	}
	ok = ok && share_usage(e, &s, err);
	exact_free(s.total);
	free(s.exacts);
	archive_lines_free(lines, count);
	return ok;
}

/* While usage without a rate is on it, a bill has no amounts. */
bool
explain_round_usage(struct sql *db, struct explain *e,
    const struct archive_row *row, struct err *err)
{
	struct exact *amount;
	bool same;

	if (e->amount == NULL || !e->adds_up)
		return true;
	if (e->invoice.account.rounding == ACCOUNT_PER_DOCUMENT)
		return round_document(db, e, row, err);
	amount = rounded(e, e->exact);
	same = is_amount(e, amount);
	exact_free(amount);
	return same || explain_broken(e, err, "the rounding of its amount");
}

/* --- corrections --- */

static bool
share_correction(struct explain *e, const struct correction_review *review,
    size_t own, struct err *err)
{
	struct explain_rounding *r = &e->rounding;
	struct sharing s = {.count = review->count, .own = own};
	bool ok;

	s.exacts = calloc(s.count + 1, sizeof(struct exact *));
	if (s.exacts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < s.count; i++)
		s.exacts[i] = review->list[i].exact;
	r->exact = copy(review->exact);
	r->rounded = rounded(e, r->exact);
	r->billed = copy(review->billed);
	s.total = copy(r->rounded);
	exact_sub(s.total, r->billed);
	ok = share(e, &s, err);
	exact_free(s.total);
	free(s.exacts);
	return ok;
}

static bool
round_lines(
    struct explain *e, const struct correction_change *change, struct err *err)
{
	struct explain_rounding *r = &e->rounding;

	r->lines = copy(change->amount);
	exact_add(r->lines, change->billed);
	r->billed = copy(change->billed);
	return is_amount(e, change->amount) ||
	       explain_broken(e, err, "the rounding of its amount");
}

bool
explain_round_correction(struct sql *db, struct explain *e,
    const struct archive_row *row, const struct archive_row *closed,
    const struct invoice_query *query, struct err *err)
{
	struct correction_review review;
	size_t own = 0;
	bool ok;

	if (!e->adds_up)
		return true;
	ok = correction_review(db, &e->invoice.account, closed, query,
	    row != NULL ? row->id : 0, &review, err);
	while (own < review.count && review.list[own].volume != e->volume)
		own++;
	if (ok && (review.unrated || own == review.count))
		ok = explain_broken(e, err, "the difference");
	if (ok)
		ok = e->invoice.account.rounding == ACCOUNT_PER_DOCUMENT
			 ? share_correction(e, &review, own, err)
			 : round_lines(e, &review.list[own], err);
	correction_review_fini(&review);
	return ok;
}
