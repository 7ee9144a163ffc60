/*
 * invoice_pdf_part.h - what the files of invoice_pdf.h share: the sheet that
 * is written on, and its measures in points.
 */
#ifndef SRC_INVOICE_PDF_PART_H
#define SRC_INVOICE_PDF_PART_H

#include "invoice_pdf.h"
#include "lib/canvas.h"

enum {
	INVOICE_PDF_WIDTH = 595, /* A4 */
	INVOICE_PDF_HEIGHT = 842,
	INVOICE_PDF_LEFT = 50,
	INVOICE_PDF_RIGHT = 545,
	INVOICE_PDF_TOP = 48,
	INVOICE_PDF_BOTTOM = 784, /* behind it is the footer's */
	INVOICE_PDF_INK = 0x1c2024,
	INVOICE_PDF_QUIET = 0x5b6670,
	INVOICE_PDF_RULE = 0xc3cad0,
	INVOICE_PDF_FAINT = 0xe1e5e8,
	INVOICE_PDF_ALERT = 0xb3261e,
};

struct invoice_pdf_sheet {
	const struct invoice_pdf *pdf; /* borrowed */
	const struct invoice *invoice; /* borrowed */
	struct canvas *canvas;	       /* borrowed */
	size_t number, count;	       /* page, of how many */
	double y;		       /* where the next thing goes */
};

extern const struct canvas_font invoice_pdf_plain, invoice_pdf_quiet,
    invoice_pdf_bold;

/* The next page, with its footer. */
void invoice_pdf_next(struct invoice_pdf_sheet *s);

/* Makes sure of height points; true when that took a new page. */
bool invoice_pdf_room(struct invoice_pdf_sheet *s, double height);

/* A paragraph at y of the sheet, which stays; returns its height. */
double invoice_pdf_put(struct invoice_pdf_sheet *s,
    const struct canvas_font *font, double x, double width,
    enum canvas_align align, const char *text);

void invoice_pdf_rule(struct invoice_pdf_sheet *s, double x, uint32_t color);

/* --- invoice_pdf_lines.c --- */

/* Every line of the bill, by month in a quarter. */
void invoice_pdf_lines(struct invoice_pdf_sheet *s);

/* What closed periods are corrected by, if anything. */
void invoice_pdf_corrections(struct invoice_pdf_sheet *s);

#endif
