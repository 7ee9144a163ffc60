/*
 * canvas.h - one way to draw, three formats: PNG for mails, SVG for web pages,
 * PDF for paper.
 *
 * The one door to cairo and pango. They are loaded by the first canvas and not
 * linked, since they would cost a process that never draws 4.5 MB and 6 ms.
 *
 * Lengths are in units: CSS pixels (PNG, SVG) or points (PDF); x runs to the
 * right and y down. A colour is 0xRRGGBB. Texts are UTF-8 from anywhere: they
 * go through text_clean, so that none can leave its place or turn others
 * around; what has gone through it before may be a piece of them. Text is measured the same way in all formats. The same calls give
 * the same bytes; no format holds a time but the one that is given.
 *
 * Drawing never fails at once: what went wrong is told by canvas_finish.
 */
#ifndef LIB_CANVAS_H
#define LIB_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct canvas;

enum canvas_format {
	CANVAS_PNG, /* one page */
	CANVAS_SVG, /* one page: an element that can stand in HTML */
	CANVAS_PDF,
};

struct canvas_info {
	enum canvas_format format;
	int scale;	    /* PNG: pixels of a unit; 0 is 1 */
	const char *title;  /* SVG: its label, PDF */
	const char *author; /* PDF; or NULL */
	int64_t made_at;    /* PDF: unix seconds */
};

/* Nothing can be drawn before canvas_page, but text can be measured. Without
 * the libraries, or without any font, it is ERR_BROKEN and says what to
 * install. */
struct canvas *canvas_open(const struct canvas_info *info, struct err *err);
void canvas_free(struct canvas *c);

/* The next page (of a PNG or SVG the only one). */
void canvas_page(struct canvas *c, double width, double height);

/* Appends the whole file to out. Nothing is drawn afterwards. */
bool canvas_finish(struct canvas *c, struct buf *out, struct err *err)
    __attribute__((warn_unused_result));

/* --- shapes --- */

struct canvas_box {
	double x, y, width, height;
};

struct canvas_pen {
	uint32_t color;
	double width;
	double dash; /* length of strokes and gaps; 0: a whole line */
};

void canvas_line(struct canvas *c, double x1, double y1, double x2, double y2,
    const struct canvas_pen *pen);

/* tip is what an SVG tells whoever points at the box; or NULL. */
void canvas_fill(struct canvas *c, const struct canvas_box *box, uint32_t color,
    const char *tip);

/* The box's outline, drawn inside of it. */
void canvas_frame(struct canvas *c, const struct canvas_box *box,
    const struct canvas_pen *pen);

/* Diagonal lines over the box, step apart; those of boxes that touch meet. */
void canvas_hatch(struct canvas *c, const struct canvas_box *box, double step,
    const struct canvas_pen *pen);

/* --- text --- */

struct canvas_font {
	double size; /* of the letter m, about */
	bool bold, mono;
	uint32_t color;
};

enum canvas_align {
	CANVAS_LEFT,
	CANVAS_CENTER,
	CANVAS_RIGHT
};

struct canvas_place {
	double x, y;  /* y is the top of the (first) line */
	double width; /* from x on; 0: no limit, x is where align says */
	enum canvas_align align;
	/* Degrees counterclockwise, around x on the base line. What is turned
	 * is a shape on paper: nobody finds it who looks for text. */
	double turn;
};

double canvas_text_width(
    struct canvas *c, const struct canvas_font *font, const char *text);
double canvas_line_height(struct canvas *c, const struct canvas_font *font);

/* One line; what is wider than its place ends in an ellipsis. */
void canvas_text(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *place, const char *text);

/* As many lines as the place's width makes of it: broken at spaces, a word
 * that is too wide anywhere, and at each \n. Returns the height. */
double canvas_paragraph(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *place, const char *text);

/* Only the height. */
double canvas_paragraph_height(struct canvas *c, const struct canvas_font *font,
    double width, const char *text);

#endif
