/*
 * canvas_svg.c - the SVG of canvas.h. In: shapes and text. Out: elements with
 * presentation attributes only: no style, no script, no id, no reference, so
 * that several can stand in one page under a strict policy, and text is text.
 */
#include <stdio.h>
#include <string.h>

#include "canvas_part.h"
#include "text.h"

/* DejaVu is what text is measured in; Verdana is as wide. */
static const char sans[] = "DejaVu Sans,Verdana,sans-serif";
static const char mono[] = "DejaVu Sans Mono,monospace";

/* Two decimals and none in vain. */
static void
put_number(struct buf *out, double value)
{
	char text[64];
	size_t len;

	snprintf(text, sizeof text, "%.2f", value);
	len = strlen(text);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len] = '\0';
	buf_str(out, strcmp(text, "-0") == 0 ? "0" : text);
}

static void
put_attribute(struct buf *out, const char *name, double value)
{
	buf_printf(out, " %s=\"", name);
	put_number(out, value);
	buf_char(out, '"');
}

static void
put_box(struct buf *out, const struct canvas_box *box)
{
	buf_str(out, "<rect");
	put_attribute(out, "x", box->x);
	put_attribute(out, "y", box->y);
	put_attribute(out, "width", box->width);
	put_attribute(out, "height", box->height);
}

static void
put_pen(struct buf *out, const struct canvas_pen *pen)
{
	buf_printf(out, " fill=\"none\" stroke=\"#%06x\"", pen->color);
	put_attribute(out, "stroke-width", pen->width);
	if (pen->dash > 0)
		put_attribute(out, "stroke-dasharray", pen->dash);
}

void
canvas_svg_begin(struct canvas *c, double width, double height)
{
	struct buf *out = &c->file;

	buf_str(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
	put_attribute(out, "width", width);
	put_attribute(out, "height", height);
	buf_str(out, " viewBox=\"0 0 ");
	put_number(out, width);
	buf_char(out, ' ');
	put_number(out, height);
	buf_printf(
	    out, "\" font-family=\"%s\" role=\"img\" aria-label=\"", sans);
	text_html(out, c->title);
	buf_str(out, "\">\n");
}

void
canvas_svg_end(struct canvas *c)
{
	buf_str(&c->file, "</svg>\n");
}

void
canvas_svg_rect(struct canvas *c, const struct canvas_box *box, uint32_t color,
    const char *tip)
{
	struct buf clean = BUF_INIT;

	put_box(&c->file, box);
	buf_printf(&c->file, " fill=\"#%06x\"", color);
	if (tip == NULL) {
		buf_str(&c->file, "/>\n");
		return;
	}
	canvas_text_clean(&clean, tip);
	buf_str(&c->file, "><title>");
	text_html(&c->file, buf_text(&clean));
	buf_str(&c->file, "</title></rect>\n");
	c->file.failed = c->file.failed || clean.failed;
	buf_fini(&clean);
}

void
canvas_svg_frame(struct canvas *c, const struct canvas_box *box,
    const struct canvas_pen *pen)
{
	put_box(&c->file, box);
	put_pen(&c->file, pen);
	buf_str(&c->file, "/>\n");
}

void
canvas_svg_path_begin(struct canvas *c, const struct canvas_pen *pen)
{
	buf_str(&c->file, "<path");
	put_pen(&c->file, pen);
	buf_str(&c->file, " d=\"");
}

void
canvas_svg_path_add(
    struct canvas *c, double x1, double y1, double x2, double y2)
{
	const double values[] = {x1, y1, x2, y2};
	static const char before[] = "M L ";

	for (int i = 0; i < 4; i++) {
		buf_char(&c->file, before[i]);
		put_number(&c->file, values[i]);
	}
}

void
canvas_svg_path_end(struct canvas *c)
{
	buf_str(&c->file, "\"/>\n");
}

void
canvas_svg_text(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *base, const char *text)
{
	static const char *const anchors[] = {"start", "middle", "end"};
	struct buf *out = &c->file;

	buf_str(out, "<text");
	put_attribute(out, "x", base->x);
	put_attribute(out, "y", base->y);
	put_attribute(out, "font-size", font->size);
	buf_printf(out, " fill=\"#%06x\"", font->color);
	if (base->align != CANVAS_LEFT)
		buf_printf(out, " text-anchor=\"%s\"", anchors[base->align]);
	if (font->bold)
		buf_str(out, " font-weight=\"bold\"");
	if (font->mono)
		buf_printf(out, " font-family=\"%s\"", mono);
	if (base->turn != 0) {
		buf_str(out, " transform=\"rotate(");
		put_number(out, -base->turn);
		buf_char(out, ' ');
		put_number(out, base->x);
		buf_char(out, ' ');
		put_number(out, base->y);
		buf_str(out, ")\"");
	}
	buf_char(out, '>');
	text_html(out, text);
	buf_str(out, "</text>\n");
}
