/*
 * chart_cost.c - what each month cost, in one currency. In: amounts as text.
 * Out: drawn bars; a month that goes on has its forecast outlined. Owns
 * nothing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_part.h"
#include "lib/currency.h"
#include "lib/utc.h"

enum {
	MONTH_LABEL_HEIGHT = 44,
	VALUE_HEIGHT = 14, /* above the highest bar, below the lowest */
	MAX_BAR = 40,
	MAX_KEYS = 4,
};

static double
to_double(const char *amount)
{
	struct exact *x = exact_new();
	double value = 0;

	if (amount != NULL && exact_parse(x, amount))
		value = exact_double(x);
	exact_free(x);
	return value;
}

static size_t
make_keys(const struct chart_cost *cost, struct chart_key keys[MAX_KEYS])
{
	bool forecast = false, unknown = false;
	size_t n = 0;

	for (size_t i = 0; i < cost->month_count; i++) {
		forecast = forecast || cost->months[i].forecast != NULL;
		unknown = unknown || cost->months[i].amount == NULL;
	}
	if (forecast) {
		keys[n++] = (struct chart_key){
		    CHART_SOLID, CHART_BLUE, "months that are over"};
		keys[n++] = (struct chart_key){
		    CHART_SOLID, CHART_SKY, "this month so far"};
		keys[n++] = (struct chart_key){
		    CHART_OUTLINED, CHART_BLUE, "its forecast"};
	}
	if (unknown)
		keys[n++] = (struct chart_key){CHART_MARK, CHART_ALERT,
		    "not known: there is usage without a rate"};
	return n;
}

static void
set_axis(const struct chart_cost *cost, struct chart_axis *axis)
{
	double min = 0, max = 0;

	for (size_t i = 0; i < cost->month_count; i++) {
		const struct chart_month *m = &cost->months[i];

		min = fmin(min, to_double(m->amount));
		max = fmax(max, to_double(m->amount));
		min = fmin(min, to_double(m->forecast));
		max = fmax(max, to_double(m->forecast));
	}
	chart_axis_money(axis, min, max, currency_digits(cost->currency));
}

/* For the values of bars that are less than nothing. */
static double
room_below(const struct chart_axis *axis)
{
	return axis->first < 0 ? VALUE_HEIGHT : 0;
}

static void
put_title(struct canvas *c, double top, const struct chart_cost *cost,
    const struct chart_axis *axis)
{
	char detail[512];

	if (axis->power == 3 || axis->power == 6)
		snprintf(detail, sizeof detail, "%s of %s", axis->name,
		    cost->currency);
	else
		snprintf(detail, sizeof detail, "%s%s%s", cost->currency,
		    axis->power > 0 ? " " : "", axis->name);
	if (cost->whose != NULL) {
		strncat(detail, ", ", sizeof detail - strlen(detail) - 1);
		strncat(
		    detail, cost->whose, sizeof detail - strlen(detail) - 1);
	}
	chart_frame_title(c, top, "Cost by month", detail);
}

/* --- bars --- */

struct bars {
	struct canvas *c;
	const struct chart_cost *cost;
	const struct chart_axis *axis;
	struct canvas_box plot;
	struct canvas_font font; /* of the values */
	double slot, width;
	int decimals; /* of the values */
};

static double
middle_of(const struct bars *b, size_t month)
{
	return b->plot.x + ((double)month + 0.5) * b->slot;
}

/* The amount in the axis's unit; free() it. */
static char *
value_text(const struct bars *b, const char *amount, int decimals)
{
	struct exact *x = exact_new();
	char *text;

	(void)exact_parse(x, amount);
	for (int i = 0; i < b->axis->power; i++)
		exact_div_int(x, 10);
	text = exact_fixed(x, decimals);
	exact_free(x);
	return text;
}

static bool
values_fit(const struct bars *b, int decimals)
{
	for (size_t i = 0; i < b->cost->month_count; i++) {
		const struct chart_month *m = &b->cost->months[i];
		const char *amount =
		    m->forecast != NULL ? m->forecast : m->amount;
		double width;
		char *text;

		if (amount == NULL)
			continue;
		text = value_text(b, amount, decimals);
		width = canvas_text_width(b->c, &b->font, text);
		free(text);
		if (width > b->slot - 4)
			return false;
	}
	return true;
}

/* With as many decimals, and as large, as there is room for. */
static void
choose_values(struct bars *b)
{
	int most = b->axis->power > 0 ? 2 : currency_digits(b->cost->currency);

	b->font = chart_small;
	b->font.size = 11;
	for (b->decimals = most; b->decimals > 0; b->decimals--)
		if (values_fit(b, b->decimals))
			return;
	while (b->font.size > 7 && !values_fit(b, 0))
		b->font.size -= 0.5;
}

/* Above a bar, or below one that is less than nothing; on paper, so that no
 * line of the grid runs through it. */
static void
put_value(const struct bars *b, size_t month, const char *amount, double value)
{
	const double line = canvas_line_height(b->c, &b->font);
	double y = chart_frame_y(&b->plot, b->axis, value);
	char *text = value_text(b, amount, b->decimals);
	double width = canvas_text_width(b->c, &b->font, text) + 2;
	struct canvas_place place = {
	    middle_of(b, month), y - line - 1, 0, CANVAS_CENTER, 0};

	if (value < 0)
		place.y = y + 2;
	canvas_fill(b->c,
	    &(struct canvas_box){
		place.x - width / 2, place.y + 1, width, line - 2},
	    CHART_PAPER, NULL);
	canvas_text(b->c, &b->font, &place, text);
	free(text);
}

static void
put_bar(const struct bars *b, size_t month, double value, enum chart_look look,
    uint32_t color, const char *tip)
{
	double zero = chart_frame_y(&b->plot, b->axis, 0);
	double y = chart_frame_y(&b->plot, b->axis, value);
	const struct canvas_box box = {middle_of(b, month) - b->width / 2,
	    fmin(zero, y), b->width, fabs(zero - y)};

	if (box.height > 0)
		chart_frame_box(b->c, &box, look, color, tip);
}

static void
put_tip(struct buf *out, const struct bars *b, const struct chart_month *m)
{
	struct utc_civil day;

	utc_to_civil(m->start, &day);
	buf_printf(out, "%04d-%02d: %s %s%s", day.year, day.month,
	    b->cost->currency, m->amount, m->forecast != NULL ? " so far" : "");
	if (m->forecast != NULL)
		buf_printf(out, ", forecast %s", m->forecast);
}

static void
put_month(const struct bars *b, size_t i)
{
	const struct chart_month *m = &b->cost->months[i];
	double value = to_double(m->amount);
	struct buf tip = BUF_INIT;

	if (m->amount == NULL) {
		chart_frame_box(b->c,
		    &(struct canvas_box){middle_of(b, i) - b->width / 2,
			chart_frame_y(&b->plot, b->axis, 0) - 4, b->width, 4},
		    CHART_MARK, CHART_ALERT, NULL);
		return;
	}
	put_tip(&tip, b, m);
	put_bar(b, i, value, CHART_SOLID,
	    m->forecast != NULL ? CHART_SKY : CHART_BLUE, buf_text(&tip));
	buf_fini(&tip);
	if (m->forecast == NULL) {
		put_value(b, i, m->amount, value);
		return;
	}
	put_bar(b, i, to_double(m->forecast), CHART_OUTLINED, CHART_BLUE, NULL);
	put_value(b, i, m->forecast, fmax(value, to_double(m->forecast)));
}

static void
put_label(const struct bars *b, size_t i)
{
	const double line = canvas_line_height(b->c, &chart_quiet);
	struct canvas_place place = {middle_of(b, i),
	    b->plot.y + b->plot.height + 7 + room_below(b->axis), 0,
	    CANVAS_CENTER, 0};
	struct utc_civil day;
	char year[16];

	utc_to_civil(b->cost->months[i].start, &day);
	canvas_text(b->c, &chart_quiet, &place, chart_frame_month(day.month));
	if (i > 0 && day.month > 1)
		return;
	place.y += line;
	snprintf(year, sizeof year, "%d", day.year);
	canvas_text(b->c, &chart_quiet, &place, year);
}

/* --- the picture --- */

double
chart_cost_height(struct canvas *c, const struct chart_cost *cost)
{
	struct chart_key keys[MAX_KEYS];
	size_t count = make_keys(cost, keys);
	struct chart_axis axis;

	set_axis(cost, &axis);
	return CHART_MARGIN + CHART_TITLE_HEIGHT + VALUE_HEIGHT +
	       CHART_PLOT_HEIGHT + room_below(&axis) + MONTH_LABEL_HEIGHT +
	       chart_frame_keys_height(c, keys, count) + CHART_MARGIN;
}

void
chart_cost_draw(struct canvas *c, const struct chart_cost *cost, double top)
{
	struct chart_key keys[MAX_KEYS];
	struct chart_axis axis;
	struct bars bars = {.c = c, .cost = cost, .axis = &axis};

	set_axis(cost, &axis);
	put_title(c, top + CHART_MARGIN, cost, &axis);
	top += CHART_MARGIN + CHART_TITLE_HEIGHT + VALUE_HEIGHT;
	chart_frame_plot(c, top, &axis, &bars.plot);
	bars.slot = bars.plot.width / (double)cost->month_count;
	bars.width = fmin(bars.slot * 0.7, MAX_BAR);
	choose_values(&bars);
	for (size_t i = 0; i < cost->month_count; i++) {
		put_month(&bars, i);
		put_label(&bars, i);
	}
	top += CHART_PLOT_HEIGHT + room_below(&axis) + MONTH_LABEL_HEIGHT;
	chart_frame_keys(c, top, keys, make_keys(cost, keys));
}
