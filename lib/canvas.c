/*
 * canvas.c - pages and shapes of canvas.h. In: calls of the drawing code. Out:
 * a file's bytes. Owns the surface that is drawn on; an SVG has none, its
 * elements are written at once.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "canvas_part.h"
#include "utc.h"

/* --- life --- */

static char *
clean_copy(const char *text)
{
	struct buf b = BUF_INIT;

	canvas_text_clean(&b, text != NULL ? text : "");
	return buf_take(&b);
}

struct canvas *
canvas_open(const struct canvas_info *info, struct err *err)
{
	struct canvas *c = calloc(1, sizeof *c);

	if (c == NULL) {
		(void)err_nomem(err);
		return NULL;
	}
	c->format = info->format;
	c->scale = info->scale > 0 ? info->scale : 1;
	c->made_at = info->made_at;
	c->title = clean_copy(info->title);
	c->author = clean_copy(info->author);
	if (c->title == NULL || c->author == NULL)
		(void)err_nomem(err);
	else if (canvas_load(&c->api, err) && canvas_text_open(c, err))
		return c;
	canvas_free(c);
	return NULL;
}

void
canvas_free(struct canvas *c)
{
	if (c == NULL)
		return;
	if (c->cairo != NULL)
		c->api.cairo_destroy(c->cairo);
	if (c->surface != NULL)
		c->api.cairo_surface_destroy(c->surface);
	canvas_text_close(c);
	buf_fini(&c->file);
	free(c->title);
	free(c->author);
	free(c);
}

/* --- pages --- */

static cairo_status_t
on_bytes(void *arg, const unsigned char *data, unsigned int len)
{
	struct buf *file = arg;

	buf_add(file, data, len);
	return file->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static void
set_metadata(struct canvas *c)
{
	char made[UTC_TEXT_SIZE];

	/* Without a date of ours, cairo asks the clock. */
	c->api.cairo_pdf_surface_set_metadata(c->surface,
	    CAIRO_PDF_METADATA_CREATE_DATE, utc_format(c->made_at, made));
	c->api.cairo_pdf_surface_set_metadata(
	    c->surface, CAIRO_PDF_METADATA_TITLE, c->title);
	if (c->author[0] != '\0')
		c->api.cairo_pdf_surface_set_metadata(
		    c->surface, CAIRO_PDF_METADATA_AUTHOR, c->author);
}

static void
begin_png(struct canvas *c, double width, double height)
{
	c->surface = c->api.cairo_image_surface_create(CAIRO_FORMAT_RGB24,
	    (int)ceil(width * c->scale), (int)ceil(height * c->scale));
	c->cairo = c->api.cairo_create(c->surface);
	c->api.cairo_scale(c->cairo, c->scale, c->scale);
	canvas_fill(
	    c, &(struct canvas_box){0, 0, width, height}, 0xffffff, NULL);
}

static void
begin_pdf(struct canvas *c, double width, double height)
{
	if (c->surface != NULL) {
		c->api.cairo_show_page(c->cairo);
		c->api.cairo_pdf_surface_set_size(c->surface, width, height);
		return;
	}
	c->surface = c->api.cairo_pdf_surface_create_for_stream(
	    on_bytes, &c->file, width, height);
	set_metadata(c);
	c->cairo = c->api.cairo_create(c->surface);
}

void
canvas_page(struct canvas *c, double width, double height)
{
	if (c->format == CANVAS_PDF)
		begin_pdf(c, width, height);
	else if (!c->has_page && c->format == CANVAS_PNG)
		begin_png(c, width, height);
	else if (!c->has_page)
		canvas_svg_begin(c, width, height);
	c->has_page = true;
}

static cairo_status_t
write_file(struct canvas *c)
{
	cairo_status_t status = c->api.cairo_status(c->cairo);

	if (status == CAIRO_STATUS_SUCCESS && c->format == CANVAS_PNG)
		status = c->api.cairo_surface_write_to_png_stream(
		    c->surface, on_bytes, &c->file);
	if (status == CAIRO_STATUS_SUCCESS && c->format == CANVAS_PDF) {
		c->api.cairo_show_page(c->cairo);
		c->api.cairo_surface_finish(c->surface);
		status = c->api.cairo_surface_status(c->surface);
	}
	return status;
}

bool
canvas_finish(struct canvas *c, struct buf *out, struct err *err)
{
	cairo_status_t status = CAIRO_STATUS_SUCCESS;

	if (!c->has_page)
		return err_set(err, ERR_BROKEN, "a picture without a page");
	if (c->format == CANVAS_SVG)
		canvas_svg_end(c);
	else
		status = write_file(c);
	if (c->file.failed || status == CAIRO_STATUS_NO_MEMORY)
		return err_nomem(err);
	if (status != CAIRO_STATUS_SUCCESS)
		return err_set(err, ERR_BROKEN, "cannot draw: %s",
		    c->api.cairo_status_to_string(status));
	buf_add(out, buf_text(&c->file), c->file.len);
	return !out->failed || err_nomem(err);
}

/* --- shapes --- */

void
canvas_set_color(struct canvas *c, uint32_t color)
{
	c->api.cairo_set_source_rgb(c->cairo, (color >> 16 & 0xff) / 255.0,
	    (color >> 8 & 0xff) / 255.0, (color & 0xff) / 255.0);
}

static void
stroke(struct canvas *c, const struct canvas_pen *pen)
{
	canvas_set_color(c, pen->color);
	c->api.cairo_set_line_width(c->cairo, pen->width);
	c->api.cairo_set_dash(c->cairo, &pen->dash, pen->dash > 0 ? 1 : 0, 0);
	c->api.cairo_stroke(c->cairo);
}

static void
begin_path(struct canvas *c, const struct canvas_pen *pen)
{
	if (c->format == CANVAS_SVG)
		canvas_svg_path_begin(c, pen);
}

static void
add_line(struct canvas *c, double x1, double y1, double x2, double y2)
{
	if (c->format == CANVAS_SVG) {
		canvas_svg_path_add(c, x1, y1, x2, y2);
		return;
	}
	c->api.cairo_move_to(c->cairo, x1, y1);
	c->api.cairo_line_to(c->cairo, x2, y2);
}

static void
end_path(struct canvas *c, const struct canvas_pen *pen)
{
	if (c->format == CANVAS_SVG)
		canvas_svg_path_end(c);
	else
		stroke(c, pen);
}

void
canvas_line(struct canvas *c, double x1, double y1, double x2, double y2,
    const struct canvas_pen *pen)
{
	begin_path(c, pen);
	add_line(c, x1, y1, x2, y2);
	end_path(c, pen);
}

void
canvas_fill(struct canvas *c, const struct canvas_box *box, uint32_t color,
    const char *tip)
{
	if (c->format == CANVAS_SVG) {
		canvas_svg_rect(c, box, color, tip);
		return;
	}
	canvas_set_color(c, color);
	c->api.cairo_rectangle(
	    c->cairo, box->x, box->y, box->width, box->height);
	c->api.cairo_fill(c->cairo);
}

void
canvas_frame(struct canvas *c, const struct canvas_box *box,
    const struct canvas_pen *pen)
{
	const struct canvas_box inside = {box->x + pen->width / 2,
	    box->y + pen->width / 2, fmax(box->width - pen->width, 0),
	    fmax(box->height - pen->width, 0)};

	if (c->format == CANVAS_SVG) {
		canvas_svg_frame(c, &inside, pen);
		return;
	}
	c->api.cairo_rectangle(
	    c->cairo, inside.x, inside.y, inside.width, inside.height);
	stroke(c, pen);
}

/* Each line is where x + y is a multiple of step, from edge to edge. */
void
canvas_hatch(struct canvas *c, const struct canvas_box *box, double step,
    const struct canvas_pen *pen)
{
	const double right = box->x + box->width, low = box->y + box->height;
	long first = lround(ceil((box->x + box->y) / step));
	long last = lround(floor((right + low) / step));

	if (first > last)
		return;
	begin_path(c, pen);
	for (long i = first; i <= last; i++) {
		double sum = (double)i * step;
		double x1 = fmax(box->x, sum - low);
		double x2 = fmin(right, sum - box->y);

		if (x1 < x2)
			add_line(c, x1, sum - x1, x2, sum - x2);
	}
	end_path(c, pen);
}
