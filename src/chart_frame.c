/*
 * chart_frame.c - what stands around the bars: title, grid, legend. In: an
 * axis, words. Out: drawn. Owns nothing.
 */
#include <math.h>

#include "chart_part.h"

enum {
	LABEL_GAP = 8,
	KEY_HEIGHT = 19,
	KEY_SIZE = 11,
	KEY_GAP = 7,	 /* between a box and its text */
	COLUMN_GAP = 18, /* between a text and the next box */
	MAX_COLUMNS = 4,
	HATCH_STEP = 4,
};

const struct canvas_font chart_small = {.size = 12, .color = CHART_INK};
const struct canvas_font chart_quiet = {.size = 12, .color = CHART_QUIET};

const char *
chart_frame_month(int month)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	return names[month - 1];
}

static double
text_room(void)
{
	return CHART_WIDTH - 2 * CHART_MARGIN;
}

void
chart_frame_title(
    struct canvas *c, double top, const char *title, const char *detail)
{
	const struct canvas_font bold = {
	    .size = 15, .bold = true, .color = CHART_INK};
	struct canvas_place place = {
	    CHART_MARGIN, top, text_room(), CANVAS_LEFT, 0};

	canvas_text(c, &bold, &place, title);
	place.y += 21;
	canvas_text(c, &chart_quiet, &place, detail);
}

/* --- plot --- */

double
chart_frame_y(
    const struct canvas_box *plot, const struct chart_axis *axis, double value)
{
	return plot->y + plot->height * (1 - chart_axis_at(axis, value));
}

void
chart_frame_plot(struct canvas *c, double top, const struct chart_axis *axis,
    struct canvas_box *plot)
{
	const double half = canvas_line_height(c, &chart_quiet) / 2;
	const int steps = axis->last - axis->first;
	char label[CHART_LABEL_SIZE];
	double widest = 0;

	for (int i = axis->first; i <= axis->last; i++)
		widest = fmax(widest, canvas_text_width(c, &chart_quiet,
					  chart_axis_label(axis, i, label)));
	plot->x = CHART_MARGIN + widest + LABEL_GAP;
	plot->y = top;
	plot->width = CHART_WIDTH - CHART_MARGIN - plot->x;
	plot->height = CHART_PLOT_HEIGHT;
	for (int i = axis->first; i <= axis->last; i++) {
		const struct canvas_pen pen = {
		    i == 0 ? CHART_BASE : CHART_GRID, 1, 0};
		double y = plot->y + plot->height * (axis->last - i) / steps;

		canvas_line(c, plot->x, y, plot->x + plot->width, y, &pen);
		canvas_text(c, &chart_quiet,
		    &(struct canvas_place){
			plot->x - LABEL_GAP, y - half, 0, CANVAS_RIGHT, 0},
		    chart_axis_label(axis, i, label));
	}
}

/* --- legend --- */

void
chart_frame_box(struct canvas *c, const struct canvas_box *box,
    enum chart_look look, uint32_t color, const char *tip)
{
	const struct canvas_pen thin = {color, 1, 0};
	const struct canvas_pen dashed = {color, 1.5, 3};

	switch (look) {
	case CHART_SOLID:
	case CHART_MARK:
		canvas_fill(c, box, color, tip);
		break;
	case CHART_HATCHED:
		canvas_fill(c, box, CHART_PAPER, tip);
		canvas_hatch(c, box, HATCH_STEP, &thin);
		canvas_frame(c, box, &thin);
		break;
	case CHART_OUTLINED:
		canvas_frame(c, box, &dashed);
		break;
	}
}

/* As many columns as the widest text leaves room for. */
static size_t
count_columns(struct canvas *c, const struct chart_key *keys, size_t count)
{
	double widest = 0;
	size_t columns;

	for (size_t i = 0; i < count; i++)
		widest = fmax(
		    widest, canvas_text_width(c, &chart_small, keys[i].text));
	widest += KEY_SIZE + KEY_GAP + COLUMN_GAP;
	for (columns = MAX_COLUMNS; columns > 1; columns--)
		if (widest * (double)columns <= text_room() + COLUMN_GAP)
			break;
	return columns;
}

double
chart_frame_keys_height(
    struct canvas *c, const struct chart_key *keys, size_t count)
{
	size_t columns = count_columns(c, keys, count);
	size_t rows = (count + columns - 1) / columns;

	return KEY_HEIGHT * (double)rows;
}

void
chart_frame_keys(
    struct canvas *c, double top, const struct chart_key *keys, size_t count)
{
	const size_t columns = count_columns(c, keys, count);
	const double width = (text_room() + COLUMN_GAP) / (double)columns;
	const double line = canvas_line_height(c, &chart_small);

	for (size_t i = 0; i < count; i++) {
		size_t row = i / columns, column = i % columns;
		double x = CHART_MARGIN + (double)column * width;
		double y = top + (double)row * KEY_HEIGHT;
		double height = keys[i].look == CHART_MARK ? 4 : KEY_SIZE;

		chart_frame_box(c,
		    &(struct canvas_box){
			x, y + (line - height) / 2, KEY_SIZE, height},
		    keys[i].look, keys[i].color, NULL);
		canvas_text(c, &chart_small,
		    &(struct canvas_place){x + KEY_SIZE + KEY_GAP, y,
			width - KEY_SIZE - KEY_GAP - COLUMN_GAP, CANVAS_LEFT,
			0},
		    keys[i].text);
	}
}
