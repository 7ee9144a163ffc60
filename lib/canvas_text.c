/*
 * canvas_text.c - the text of canvas.h. In: fonts, places, texts. Out: widths,
 * heights, lines drawn. Owns the fonts; sizes scale without steps (no
 * hinting), so that a text is as wide on paper as on a screen.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas_part.h"
#include "text.h"

static const char *const face_names[CANVAS_FACES] = {
    "DejaVu Sans",
    "DejaVu Sans Bold",
    "DejaVu Sans Mono",
    "DejaVu Sans Mono Bold",
};

static const char ellipsis[] = "\xe2\x80\xa6";

enum {
	/* Metrics are taken at this size. */
	METRIC_SIZE = 1000,
};

/* U+200E, which text_clean puts around names that run from right to left. */
static const char left_to_right[] = "\xe2\x80\x8e";

void
canvas_text_clean(struct buf *out, const char *text)
{
	struct buf piece = BUF_INIT;
	const char *end;

	for (;; text = end + strlen(left_to_right)) {
		end = strstr(text, left_to_right);
		buf_clear(&piece);
		buf_add(&piece, text,
		    end != NULL ? (size_t)(end - text) : strlen(text));
		text_clean(out, buf_text(&piece), 0);
		out->failed = out->failed || piece.failed;
		if (end == NULL)
			break;
		buf_str(out, left_to_right);
	}
	buf_fini(&piece);
}

static struct canvas_face *
face_of(struct canvas *c, const struct canvas_font *font)
{
	return &c->faces[(font->mono ? 2 : 0) + (font->bold ? 1 : 0)];
}

static void
set_text(struct canvas *c, PangoLayout *layout, const struct canvas_font *font,
    const char *text, size_t len)
{
	PangoFontDescription *d = face_of(c, font)->description;

	c->api.pango_font_description_set_absolute_size(
	    d, font->size * PANGO_SCALE);
	c->api.pango_layout_set_font_description(layout, d);
	c->api.pango_layout_set_text(layout, text, (int)len);
}

static double
width_of(struct canvas *c, PangoLayout *layout)
{
	int width;

	c->api.pango_layout_get_size(layout, &width, NULL);
	return (double)width / PANGO_SCALE;
}

/* --- life --- */

static void
open_context(struct canvas *c)
{
	cairo_font_options_t *options = c->api.cairo_font_options_create();

	/* The thread's, which stays: a map of its own for each of a thousand
	 * documents would cost more than the documents. */
	c->context = c->api.pango_font_map_create_context(
	    c->api.pango_cairo_font_map_get_default());
	c->api.cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	c->api.cairo_font_options_set_hint_style(
	    options, CAIRO_HINT_STYLE_NONE);
	c->api.cairo_font_options_set_hint_metrics(
	    options, CAIRO_HINT_METRICS_OFF);
	c->api.pango_cairo_context_set_font_options(c->context, options);
	c->api.cairo_font_options_destroy(options);
	c->api.pango_context_set_round_glyph_positions(c->context, FALSE);
	/* Not the user's: that would choose other fonts here and there. */
	c->api.pango_context_set_language(
	    c->context, c->api.pango_language_from_string("en"));
}

static void
open_face(struct canvas *c, struct canvas_face *face, const char *name)
{
	PangoFontMetrics *metrics;

	face->description = c->api.pango_font_description_from_string(name);
	c->api.pango_font_description_set_absolute_size(
	    face->description, (double)METRIC_SIZE * PANGO_SCALE);
	metrics = c->api.pango_context_get_metrics(
	    c->context, face->description, NULL);
	face->ascent = (double)c->api.pango_font_metrics_get_ascent(metrics) /
		       PANGO_SCALE / METRIC_SIZE;
	face->descent = (double)c->api.pango_font_metrics_get_descent(metrics) /
			PANGO_SCALE / METRIC_SIZE;
	c->api.pango_font_metrics_unref(metrics);
}

/* Without a font everything works but the letters. */
bool
canvas_text_open(struct canvas *c, struct err *err)
{
	const struct canvas_font probe = {.size = 10};

	open_context(c);
	for (int i = 0; i < CANVAS_FACES; i++)
		open_face(c, &c->faces[i], face_names[i]);
	c->line = c->api.pango_layout_new(c->context);
	c->block = c->api.pango_layout_new(c->context);
	c->api.pango_layout_set_auto_dir(c->line, FALSE);
	c->api.pango_layout_set_auto_dir(c->block, FALSE);
	c->api.pango_layout_set_wrap(c->block, PANGO_WRAP_WORD_CHAR);
	set_text(c, c->line, &probe, "0aM", 3);
	if (width_of(c, c->line) <= 0 ||
	    c->api.pango_layout_get_unknown_glyphs_count(c->line) > 0)
		return err_set(err, ERR_BROKEN,
		    "pictures need a font; install the package "
		    "fonts-dejavu-core");
	return true;
}

void
canvas_text_close(struct canvas *c)
{
	for (int i = 0; i < CANVAS_FACES; i++)
		if (c->faces[i].description != NULL)
			c->api.pango_font_description_free(
			    c->faces[i].description);
	if (c->line != NULL)
		c->api.g_object_unref(c->line);
	if (c->block != NULL)
		c->api.g_object_unref(c->block);
	if (c->context != NULL)
		c->api.g_object_unref(c->context);
}

/* --- measuring --- */

double
canvas_text_width(
    struct canvas *c, const struct canvas_font *font, const char *text)
{
	struct buf clean = BUF_INIT;
	double width;

	canvas_text_clean(&clean, text);
	set_text(c, c->line, font, buf_text(&clean), clean.len);
	width = width_of(c, c->line);
	c->file.failed = c->file.failed || clean.failed;
	buf_fini(&clean);
	return width;
}

double
canvas_line_height(struct canvas *c, const struct canvas_font *font)
{
	const struct canvas_face *face = face_of(c, font);

	return (face->ascent + face->descent) * font->size;
}

/* Whether text, cut at len bytes, and an ellipsis have room. */
static bool
has_room(struct canvas *c, const struct canvas_font *font, const char *text,
    size_t len, double width)
{
	struct buf cut = BUF_INIT;
	bool fits;

	buf_add(&cut, text, len);
	buf_str(&cut, ellipsis);
	set_text(c, c->line, font, buf_text(&cut), cut.len);
	fits = width_of(c, c->line) <= width;
	c->file.failed = c->file.failed || cut.failed;
	buf_fini(&cut);
	return fits;
}

/* Byte offsets at which a cursor may stand; free() them. */
static size_t *
find_stops(struct canvas *c, const char *text, size_t len, size_t *count)
{
	int attr_count;
	const PangoLogAttr *attrs;
	size_t *stops, n = 0, step;
	uint32_t character;

	attrs =
	    c->api.pango_layout_get_log_attrs_readonly(c->line, &attr_count);
	stops = calloc((size_t)attr_count + 1, sizeof *stops);
	*count = 0;
	for (size_t at = 0; stops != NULL && at < len && n < (size_t)attr_count;
	     at += step, n++) {
		step = text_decode(text + at, len - at, &character);
		if (attrs[n].is_cursor_position)
			stops[(*count)++] = at;
	}
	return stops;
}

/* Cuts clean text to what fits into width with an ellipsis behind it. */
static void
fit(struct canvas *c, const struct canvas_font *font, struct buf *text,
    double width)
{
	size_t count, low = 0, high, middle;
	size_t *stops;

	set_text(c, c->line, font, buf_text(text), text->len);
	if (width_of(c, c->line) <= width)
		return;
	stops = find_stops(c, buf_text(text), text->len, &count);
	/* The first one is 0, which always has to do. */
	for (high = count; high > low + 1;) {
		middle = low + (high - low) / 2;
		if (has_room(c, font, buf_text(text), stops[middle], width))
			low = middle;
		else
			high = middle;
	}
	if (stops != NULL && text->data != NULL) {
		text->len = count > 0 ? stops[low] : 0;
		while (text->len > 0 && text->data[text->len - 1] == ' ')
			text->len--;
		text->data[text->len] = '\0';
	}
	buf_str(text, ellipsis);
	free(stops);
}

/* --- drawing --- */

/* Clean text, at an anchor on the base line. */
static void
draw_at(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *base, const char *text, size_t len)
{
	static const double shifts[] = {0, 0.5, 1};
	PangoLayoutLine *first;
	double shift;

	if (c->format == CANVAS_SVG) {
		canvas_svg_text(c, font, base, text);
		return;
	}
	set_text(c, c->line, font, text, len);
	shift = shifts[base->align] * width_of(c, c->line);
	canvas_set_color(c, font->color);
	c->api.cairo_save(c->cairo);
	c->api.cairo_translate(c->cairo, base->x, base->y);
	first = c->api.pango_layout_get_line_readonly(c->line, 0);
	if (base->turn != 0) {
		c->api.cairo_rotate(c->cairo, -base->turn * G_PI / 180);
		c->api.cairo_move_to(c->cairo, -shift, 0);
		c->api.pango_cairo_layout_line_path(c->cairo, first);
		c->api.cairo_fill(c->cairo);
	} else {
		c->api.cairo_move_to(c->cairo, -shift, 0);
		c->api.pango_cairo_show_layout_line(c->cairo, first);
	}
	c->api.cairo_restore(c->cairo);
}

static void
draw_line(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *place, const char *text, size_t len)
{
	static const double shifts[] = {0, 0.5, 1};
	struct canvas_place base = *place;

	base.x += shifts[place->align] * place->width;
	base.y += face_of(c, font)->ascent * font->size;
	draw_at(c, font, &base, text, len);
}

void
canvas_text(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *place, const char *text)
{
	struct buf clean = BUF_INIT;

	canvas_text_clean(&clean, text);
	if (place->width > 0)
		fit(c, font, &clean, place->width);
	draw_line(c, font, place, buf_text(&clean), clean.len);
	c->file.failed = c->file.failed || clean.failed;
	buf_fini(&clean);
}

/* --- paragraphs --- */

/* The lines of one clean piece; draws them when place is not NULL. */
static size_t
lay_piece(struct canvas *c, const struct canvas_font *font, double width,
    const struct canvas_place *place, const struct buf *clean)
{
	struct canvas_place at;
	struct buf line = BUF_INIT;
	int count;

	set_text(c, c->block, font, buf_text(clean), clean->len);
	c->api.pango_layout_set_width(c->block, (int)(width * PANGO_SCALE));
	count = c->api.pango_layout_get_line_count(c->block);
	for (int i = 0; place != NULL && i < count; i++) {
		const PangoLayoutLine *l =
		    c->api.pango_layout_get_line_readonly(c->block, i);

		buf_clear(&line);
		buf_add(
		    &line, buf_text(clean) + l->start_index, (size_t)l->length);
		while (line.len > 0 && line.data[line.len - 1] == ' ')
			line.data[--line.len] = '\0';
		at = *place;
		at.width = width;
		at.y += i * canvas_line_height(c, font);
		draw_line(c, font, &at, buf_text(&line), line.len);
		c->file.failed = c->file.failed || line.failed;
	}
	buf_fini(&line);
	return (size_t)count;
}

static double
lay_out(struct canvas *c, const struct canvas_font *font, double width,
    const struct canvas_place *place, const char *text)
{
	struct buf piece = BUF_INIT, clean = BUF_INIT;
	struct canvas_place at = {0};
	size_t lines = 0, len;

	for (;; text += len + 1) {
		len = strcspn(text, "\n");
		buf_clear(&piece);
		buf_clear(&clean);
		buf_add(&piece, text, len);
		canvas_text_clean(&clean, buf_text(&piece));
		if (place != NULL) {
			at = *place;
			at.y += (double)lines * canvas_line_height(c, font);
		}
		lines += lay_piece(
		    c, font, width, place != NULL ? &at : NULL, &clean);
		c->file.failed = c->file.failed || piece.failed || clean.failed;
		if (text[len] == '\0')
			break;
	}
	buf_fini(&piece);
	buf_fini(&clean);
	return (double)lines * canvas_line_height(c, font);
}

double
canvas_paragraph(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *place, const char *text)
{
	return lay_out(c, font, place->width, place, text);
}

double
canvas_paragraph_height(struct canvas *c, const struct canvas_font *font,
    double width, const char *text)
{
	return lay_out(c, font, width, NULL, text);
}
