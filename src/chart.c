/*
 * chart.c - pictures of chart.h. In: plain values. Out: a PNG, an SVG or a
 * PDF with one chart below the other. Owns nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "chart_part.h"

static bool
measure(struct canvas *c, const struct chart *chart, double *height,
    struct err *err)
{
	if (chart->usage != NULL)
		return chart_usage_height(c, chart->usage, height, err);
	*height = chart_cost_height(c, chart->cost);
	return true;
}

static bool
draw(struct canvas *c, const struct chart *chart, double top, struct err *err)
{
	if (chart->usage != NULL)
		return chart_usage_draw(c, chart->usage, top, err);
	chart_cost_draw(c, chart->cost, top);
	return true;
}

static bool
draw_all(struct canvas *c, const struct chart *charts, size_t count,
    struct chart_size *size, struct err *err)
{
	const struct canvas_pen edge = {CHART_GRID, 1, 0};
	struct canvas_box all = {0, 0, CHART_WIDTH, 0};
	double top = 0, height;

	for (size_t i = 0; i < count; i++) {
		if (!measure(c, &charts[i], &height, err))
			return false;
		all.height += height;
	}
	/* Whole pixels in any scale. */
	all.height = (double)(int)(all.height + 0.999);
	*size = (struct chart_size){CHART_WIDTH, (int)all.height};
	canvas_page(c, all.width, all.height);
	canvas_fill(c, &all, CHART_PAPER, NULL);
	canvas_frame(c, &all, &edge);
	for (size_t i = 0; i < count; i++) {
		if (!measure(c, &charts[i], &height, err) ||
		    !draw(c, &charts[i], top, err))
			return false;
		top += height;
	}
	return true;
}

bool
chart_draw(const struct chart *charts, size_t count, enum canvas_format format,
    struct buf *out, struct chart_size *size, struct err *err)
{
	struct canvas_info info = {.format = format, .scale = CHART_SCALE};
	struct chart_size mine;
	struct buf title = BUF_INIT;
	struct canvas *c;
	bool ok = false;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(&title, ' ');
		chart_alt(&charts[i], &title);
	}
	info.title = buf_text(&title);
	c = title.failed ? NULL : canvas_open(&info, err);
	if (title.failed)
		(void)err_nomem(err);
	ok = c != NULL && draw_all(c, charts, count, &mine, err) &&
	     canvas_finish(c, out, err);
	if (ok && size != NULL)
		*size = mine;
	canvas_free(c);
	buf_fini(&title);
	return ok;
}
