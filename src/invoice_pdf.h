/*
 * invoice_pdf.h - bills on paper: A4, each with as many pages as it has lines.
 *
 * Parties, number and dates, every line with its former names, month groups of
 * a quarter, corrections, totals, what the hours rest on, and how to check it.
 * What has no number yet is marked as a draft. The same bill gives the same
 * bytes, with the same libraries and fonts.
 */
#ifndef SRC_INVOICE_PDF_H
#define SRC_INVOICE_PDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoice.h"
#include "lib/buf.h"
#include "lib/err.h"

struct invoice_pdf {
	const struct invoice *invoices;
	size_t count;	     /* at least 1 */
	const char *issuer;  /* lines of text: a name, an address */
	const char *payment; /* lines of text: where to; or NULL */
	int64_t now;	     /* unix seconds: when a draft was made */
};

/* Appends the document. Without the libraries that draw it is ERR_BROKEN. */
bool invoice_pdf_write(
    const struct invoice_pdf *pdf, struct buf *out, struct err *err);

#endif
