/*
 * summary.h - what people and programs are shown of bills: text, HTML, CSV,
 * JSON and FOCUS, all from the same values.
 *
 * A summary is one period and the bills of one or more accounts for it, each
 * with the bill of the period before, for the comparison. Every writer
 * appends to a buffer; the buffer's failed flag tells of missing memory.
 * Names come from outside: each writer makes them harmless for its format.
 */
#ifndef SRC_SUMMARY_H
#define SRC_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/buf.h"
#include "silence.h"
#include "trouble.h"

struct summary {
	const struct invoice *invoices; /* one per account; borrowed */
	const struct invoice *before;	/* the same accounts; or NULL */
	size_t count;			/* at least 1 */
	int64_t now;			/* unix seconds: when it was made */
	/* "2026-10-04": the bills reach to the end of this day, or to now if
	 * that is earlier; NULL: their whole period. */
	const char *until;
	const struct silence *silence; /* borrowed; NULL: nothing is told */
	const struct trouble *trouble; /* the same */
};

/* Lines of a month that text and HTML list one by one, the dearest first; the
 * CSV has all. */
enum {
	SUMMARY_TOP_LINES = 10
};

/* Bills that text and HTML show one by one: those that are held and then the
 * largest, in the order of the summary; the CSV has all. */
enum {
	SUMMARY_TOP_BILLS = 50
};

/* "[flexFS] 2026-10 usage 12.37 TiB-months, USD 380.02 (draft)", in UTF-8 on
 * one line. */
void summary_subject(const struct summary *summary, struct buf *out);

/* Plain text in at most 72 columns. */
void summary_text(const struct summary *summary, struct buf *out);

/* A whole HTML document, free of outside references and scripts. */
void summary_html(const struct summary *summary, struct buf *out);

/* RFC 4180 with a header row, one row per line of every bill; cells that a
 * spreadsheet would run as a formula are quoted with an apostrophe. */
void summary_csv(const struct summary *summary, struct buf *out);

/* FOCUS 1.2: the names of its columns; and the rows of one bill, with costs of
 * 12 decimals, which add up to its total. issuer bills: a name, in its first
 * line; NULL or "": flexFS. False, and nothing is written, without a total. */
void summary_focus_header(struct buf *out);
bool summary_focus_bill(
    const struct invoice *bill, const char *issuer, struct buf *out);

/* One bill as the JSON object of `report --format json`; indented. */
void summary_json(const struct invoice *invoice, struct buf *out);

/* All of them, as an array, with a line end. */
void summary_json_all(const struct summary *summary, struct buf *out);

/* --- figures in words, for the writers and whoever else says them --- */

/* "2026-10", or "2026-10 to 2026-10-04". */
void summary_put_period(struct buf *out, const struct summary *summary);

/* "740.00 GiB-months", from 1024 on "12.37 TiB-months". */
void summary_put_usage(struct buf *out, const struct exact *gib_months);

/* "USD 380.02", "USD 1.00 + EUR 2.00": never added across currencies.
 * Accounts whose usage has no rate add " + unrated". */
void summary_put_money(
    struct buf *out, const struct invoice *invoices, size_t count);

/* The same of what open bills will come to; nothing when none is open. */
void summary_put_forecast(
    struct buf *out, const struct invoice *invoices, size_t count);

/* A value with digits decimals. */
void summary_put_fixed(struct buf *out, const struct exact *x, int digits);

#endif
