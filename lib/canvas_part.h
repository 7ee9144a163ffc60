/*
 * canvas_part.h - what the files of canvas.h share: the libraries' functions
 * as they were found at run time, and the canvas itself.
 */
#ifndef LIB_CANVAS_PART_H
#define LIB_CANVAS_PART_H

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include "canvas.h"

/* Every function that is called of cairo, pango and glib. */
#define CANVAS_API(X)                               \
	X(cairo_create)                             \
	X(cairo_destroy)                            \
	X(cairo_status)                             \
	X(cairo_status_to_string)                   \
	X(cairo_scale)                              \
	X(cairo_save)                               \
	X(cairo_restore)                            \
	X(cairo_translate)                          \
	X(cairo_rotate)                             \
	X(cairo_set_source_rgb)                     \
	X(cairo_set_line_width)                     \
	X(cairo_set_dash)                           \
	X(cairo_move_to)                            \
	X(cairo_line_to)                            \
	X(cairo_rectangle)                          \
	X(cairo_fill)                               \
	X(cairo_stroke)                             \
	X(cairo_show_page)                          \
	X(cairo_image_surface_create)               \
	X(cairo_pdf_surface_create_for_stream)      \
	X(cairo_pdf_surface_set_size)               \
	X(cairo_pdf_surface_set_metadata)           \
	X(cairo_surface_write_to_png_stream)        \
	X(cairo_surface_finish)                     \
	X(cairo_surface_status)                     \
	X(cairo_surface_destroy)                    \
	X(cairo_font_options_create)                \
	X(cairo_font_options_destroy)               \
	X(cairo_font_options_set_antialias)         \
	X(cairo_font_options_set_hint_style)        \
	X(cairo_font_options_set_hint_metrics)      \
	X(pango_cairo_font_map_get_default)         \
	X(pango_cairo_context_set_font_options)     \
	X(pango_cairo_layout_line_path)             \
	X(pango_cairo_show_layout_line)             \
	X(pango_font_map_create_context)            \
	X(pango_context_get_metrics)                \
	X(pango_context_set_language)               \
	X(pango_context_set_round_glyph_positions)  \
	X(pango_language_from_string)               \
	X(pango_font_metrics_get_ascent)            \
	X(pango_font_metrics_get_descent)           \
	X(pango_font_metrics_unref)                 \
	X(pango_font_description_from_string)       \
	X(pango_font_description_set_absolute_size) \
	X(pango_font_description_free)              \
	X(pango_layout_new)                         \
	X(pango_layout_set_auto_dir)                \
	X(pango_layout_set_font_description)        \
	X(pango_layout_set_text)                    \
	X(pango_layout_set_width)                   \
	X(pango_layout_set_wrap)                    \
	X(pango_layout_get_size)                    \
	X(pango_layout_get_line_count)              \
	X(pango_layout_get_line_readonly)           \
	X(pango_layout_get_log_attrs_readonly)      \
	X(pango_layout_get_unknown_glyphs_count)    \
	X(g_object_unref)

struct canvas_api {
#define DECLARE(name) __typeof__(name) *(name);
	CANVAS_API(DECLARE)
#undef DECLARE
};

/* Regular, bold, and both of a fixed width. */
enum {
	CANVAS_FACES = 4
};

struct canvas_face {
	PangoFontDescription *description; /* owned */
	double ascent, descent;		   /* of size 1 */
};

struct canvas {
	struct canvas_api api;
	enum canvas_format format;
	double scale;
	char *title, *author; /* owned; clean */
	int64_t made_at;
	struct buf file; /* what is written so far */
	bool has_page;
	PangoContext *context;	   /* owned, as all below */
	PangoLayout *line, *block; /* one line; what is to be wrapped */
	struct canvas_face faces[CANVAS_FACES];
	cairo_surface_t *surface; /* not of an SVG */
	cairo_t *cairo;
};

/* canvas_load.c: finds the functions. */
bool canvas_load(struct canvas_api *api, struct err *err);

/* canvas_text.c: text_clean for a text that may be made of clean pieces, whose
 * left-to-right marks it keeps. */
void canvas_text_clean(struct buf *out, const char *text);

/* What measuring needs. */
bool canvas_text_open(struct canvas *c, struct err *err);
void canvas_text_close(struct canvas *c);

void canvas_set_color(struct canvas *c, uint32_t color);

/* --- canvas_svg.c: elements, appended to file --- */

void canvas_svg_begin(struct canvas *c, double width, double height);
void canvas_svg_end(struct canvas *c);
void canvas_svg_rect(struct canvas *c, const struct canvas_box *box,
    uint32_t color, const char *tip);
void canvas_svg_frame(struct canvas *c, const struct canvas_box *box,
    const struct canvas_pen *pen);

/* A path of single lines. */
void canvas_svg_path_begin(struct canvas *c, const struct canvas_pen *pen);
void canvas_svg_path_add(
    struct canvas *c, double x1, double y1, double x2, double y2);
void canvas_svg_path_end(struct canvas *c);

/* Clean text that starts at x on the base line. */
void canvas_svg_text(struct canvas *c, const struct canvas_font *font,
    const struct canvas_place *base, const char *text);

#endif
