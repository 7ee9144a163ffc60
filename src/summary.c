/*
 * summary.c - the figures of a summary that its subject and its writers
 * share. In: bills. Out: words. Owns nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"

enum {
	GIB_PER_TIB = 1024
};

void
summary_put_period(struct buf *out, const struct summary *summary)
{
	buf_str(out, summary->invoices[0].period.text);
	if (summary->until != NULL)
		buf_printf(out, " to %s", summary->until);
}

void
summary_put_fixed(struct buf *out, const struct exact *x, int digits)
{
	char *text = exact_fixed(x, digits);

	buf_str(out, text);
	free(text);
}

void
summary_put_usage(struct buf *out, const struct exact *gib_months)
{
	struct exact *x = exact_new(), *limit = exact_new();

	/* Rounded first, so that nothing is shown as 1024.00 GiB. */
	exact_set(x, gib_months);
	exact_round(x, 2, EXACT_HALF_UP);
	exact_set_int(limit, GIB_PER_TIB);
	if (exact_cmp(x, limit) < 0) {
		summary_put_fixed(out, x, 2);
		buf_str(out, " GiB-months");
	} else {
		exact_set(x, gib_months);
		exact_div(x, limit);
		summary_put_fixed(out, x, 2);
		buf_str(out, " TiB-months");
	}
	exact_free(x);
	exact_free(limit);
}

/* Which figure of a bill is added up; NULL when it has none. */
typedef const char *pick_fn(const struct invoice *invoice);

static const char *
pick_total(const struct invoice *invoice)
{
	return invoice->total;
}

static const char *
pick_forecast(const struct invoice *invoice)
{
	return invoice->state == INVOICE_OPEN ? invoice->forecast : NULL;
}

/* Whether an earlier bill has the currency of bill i and a figure. */
static bool
is_counted(const struct invoice *invoices, size_t i, pick_fn *pick)
{
	for (size_t j = 0; j < i; j++)
		if (pick(&invoices[j]) != NULL &&
		    strcmp(invoices[j].account.currency,
			invoices[i].account.currency) == 0)
			return true;
	return false;
}

static void
put_currency(struct buf *out, const struct invoice *invoices, size_t i,
    size_t count, pick_fn *pick)
{
	struct exact *sum = exact_new(), *one = exact_new();

	for (size_t j = i; j < count; j++)
		if (pick(&invoices[j]) != NULL &&
		    strcmp(invoices[j].account.currency,
			invoices[i].account.currency) == 0 &&
		    exact_parse(one, pick(&invoices[j])))
			exact_add(sum, one);
	buf_printf(out, "%s ", invoices[i].account.currency);
	summary_put_fixed(out, sum, invoices[i].digits);
	exact_free(sum);
	exact_free(one);
}

/* Returns how many bills have no such figure. */
static size_t
put_sums(struct buf *out, const struct invoice *invoices, size_t count,
    pick_fn *pick)
{
	const char *plus = "";
	size_t without = 0;

	for (size_t i = 0; i < count; i++) {
		if (pick(&invoices[i]) == NULL) {
			without++;
			continue;
		}
		if (is_counted(invoices, i, pick))
			continue;
		buf_str(out, plus);
		put_currency(out, invoices, i, count, pick);
		plus = " + ";
	}
	return without;
}

void
summary_put_money(struct buf *out, const struct invoice *invoices, size_t count)
{
	size_t without = put_sums(out, invoices, count, pick_total);

	if (without > 0)
		buf_printf(out, "%sunrated", without < count ? " + " : "");
}

void
summary_put_forecast(
    struct buf *out, const struct invoice *invoices, size_t count)
{
	put_sums(out, invoices, count, pick_forecast);
}

/* --- subject --- */

/* The hours of the bills that are held for a reason. */
static void
put_held(struct buf *out, const struct summary *s, enum invoice_reason reason)
{
	int64_t hours = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct invoice *inv = &s->invoices[i];

		if (inv->state != INVOICE_HELD || inv->reason != reason)
			continue;
		hours += reason == INVOICE_MISSING_HOURS ? inv->hours.unbilled
							 : inv->hours.estimated;
	}
	if (reason == INVOICE_UNRATED_USAGE)
		buf_str(out, "HELD: unrated usage");
	else
		buf_printf(out, "HELD: %" PRId64 " h %s", hours,
		    reason == INVOICE_MISSING_HOURS ? "missing" : "estimated");
}

static void
put_state(struct buf *out, const struct summary *s)
{
	/* What weighs more stands first. */
	static const enum invoice_reason reasons[] = {INVOICE_UNRATED_USAGE,
	    INVOICE_MISSING_HOURS, INVOICE_TOO_MANY_ESTIMATES};
	bool open = false, closed = true;
	int64_t estimated = 0;

	for (size_t r = 0; r < sizeof reasons / sizeof *reasons; r++)
		for (size_t i = 0; i < s->count; i++)
			if (s->invoices[i].state == INVOICE_HELD &&
			    s->invoices[i].reason == reasons[r]) {
				put_held(out, s, reasons[r]);
				return;
			}
	for (size_t i = 0; i < s->count; i++) {
		open = open || s->invoices[i].state == INVOICE_OPEN;
		closed = closed && s->invoices[i].state == INVOICE_CLOSED;
		estimated += s->invoices[i].hours.estimated;
	}
	buf_str(out, open ? "open" : closed ? "final" : "draft");
	if (!open && !closed && estimated > 0)
		buf_printf(out, ", %" PRId64 " h estimated", estimated);
}

void
summary_subject(const struct summary *summary, struct buf *out)
{
	struct exact *usage = exact_new();

	for (size_t i = 0; i < summary->count; i++)
		exact_add(usage, summary->invoices[i].gib_months);
	buf_str(out, "[flexFS] ");
	summary_put_period(out, summary);
	buf_str(out, " usage ");
	summary_put_usage(out, usage);
	buf_str(out, ", ");
	summary_put_money(out, summary->invoices, summary->count);
	buf_str(out, " (");
	put_state(out, summary);
	buf_char(out, ')');
	exact_free(usage);
}
