/*
 * chart_usage.c - what was stored on each day, stacked. In: bytes by day and
 * account. Out: drawn bars; those that the plot has no colour for are one.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_part.h"
#include "lib/text.h"
#include "lib/utc.h"

enum {
	DAY_LABEL_HEIGHT = 26,
	DAY_LABEL_GAP = 10, /* between two labels */
	MARK_HEIGHT = 4,
	MAX_BAR = 56,
	EXTRA_KEYS = 2, /* estimated, missing */
};

/* Okabe and Ito; yellow late, since it is pale, and grey for the others. */
static const uint32_t colors[CHART_NAMED + 1] = {CHART_BLUE, 0xe69f00, 0x009e73,
    0xcc79a7, CHART_SKY, 0xd55e00, 0xf0e442, 0x999999};

/* --- picking --- */

struct rank {
	exact_u128 sum;
	size_t name;
};

/* The larger one first; ties as they came. */
static int
by_sum(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum > y->sum ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static struct rank *
rank_names(const struct chart_usage *u)
{
	struct rank *ranks = calloc(u->name_count + 1, sizeof *ranks);

	for (size_t n = 0; ranks != NULL && n < u->name_count; n++) {
		ranks[n].name = n;
		for (size_t d = 0; d < u->day_count; d++) {
			const struct chart_part *part =
			    &u->parts[d * u->name_count + n];

			ranks[n].sum += part->measured + part->estimated;
		}
	}
	if (ranks != NULL)
		qsort(ranks, u->name_count, sizeof *ranks, by_sum);
	return ranks;
}

static void
add_part(struct chart_shown *s, const struct chart_usage *u, size_t series,
    size_t name)
{
	for (size_t d = 0; d < u->day_count; d++) {
		const struct chart_part *from =
		    &u->parts[d * u->name_count + name];
		struct chart_part *to = &s->parts[d * s->count + series];

		to->measured += from->measured;
		to->estimated += from->estimated;
		s->estimated = s->estimated || from->estimated > 0;
	}
}

/* One account too many gets the last place, and not a place as "others". */
bool
chart_usage_pick(
    const struct chart_usage *usage, struct chart_shown *out, struct err *err)
{
	struct rank *ranks = rank_names(usage);
	size_t series;

	memset(out, 0, sizeof *out);
	out->day_count = usage->day_count;
	out->count = usage->name_count;
	if (usage->name_count > CHART_NAMED + 1) {
		out->count = CHART_NAMED + 1;
		out->merged = usage->name_count - CHART_NAMED;
		snprintf(
		    out->others, sizeof out->others, "%zu others", out->merged);
	}
	out->parts =
	    calloc(out->count * out->day_count + 1, sizeof *out->parts);
	if (ranks == NULL || out->parts == NULL) {
		free(ranks);
		chart_usage_drop(out);
		(void)err_nomem(err);
		return false;
	}
	for (size_t i = 0; i < usage->name_count; i++) {
		series = i < out->count ? i : out->count - 1;
		out->names[series] = usage->names[ranks[i].name];
		add_part(out, usage, series, ranks[i].name);
	}
	if (out->merged > 0)
		out->names[out->count - 1] = out->others;
	for (size_t d = 0; d < usage->day_count; d++)
		out->missing = out->missing || usage->missing_hours[d] > 0;
	free(ranks);
	return true;
}

void
chart_usage_drop(struct chart_shown *shown)
{
	free(shown->parts);
	shown->parts = NULL;
}

exact_u128
chart_usage_sum(const struct chart_shown *shown, size_t day)
{
	exact_u128 sum = 0;

	for (size_t i = 0; i < shown->count; i++) {
		const struct chart_part *p =
		    &shown->parts[day * shown->count + i];

		sum += p->measured + p->estimated;
	}
	return sum;
}

/* --- words --- */

static uint32_t
color_of(const struct chart_shown *s, size_t series)
{
	return colors[s->merged > 0 && series + 1 == s->count ? CHART_NAMED
							      : series];
}

static size_t
make_keys(const struct chart_shown *s,
    struct chart_key keys[CHART_NAMED + 1 + EXTRA_KEYS])
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		keys[n++] = (struct chart_key){
		    CHART_SOLID, color_of(s, i), s->names[i]};
	if (s->estimated)
		keys[n++] =
		    (struct chart_key){CHART_HATCHED, CHART_QUIET, "estimated"};
	if (s->missing)
		keys[n++] = (struct chart_key){
		    CHART_MARK, CHART_ALERT, "hours are missing"};
	return n;
}

static void
put_title(struct canvas *c, double top, const struct chart_usage *u,
    const struct chart_axis *axis)
{
	char title[64], detail[512], from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	int64_t last = u->first_day + (int64_t)u->day_count - 1;

	if (u->name_count > 1)
		snprintf(title, sizeof title, "Stored per day, by %s", u->by);
	else
		snprintf(title, sizeof title, "Stored per day");
	snprintf(detail, sizeof detail, "%s%s%s, %s%s%s (UTC)", axis->name,
	    u->whose != NULL ? ", " : "", u->whose != NULL ? u->whose : "",
	    utc_format_date(u->first_day * UTC_DAY_SECS, from),
	    u->day_count > 1 ? " to " : "",
	    u->day_count > 1 ? utc_format_date(last * UTC_DAY_SECS, to) : "");
	chart_frame_title(c, top, title, detail);
}

/* --- the days below the axis --- */

/* Days of a month that have a label, from many to few. */
static bool
is_labelled(const struct utc_civil *day, int density)
{
	switch (density) {
	case 0:
		return true;
	case 1:
		return day->day % 7 == 1;
	case 2:
		return day->day == 1 || day->day == 15;
	case 3:
		return day->day == 1;
	default:
		return day->day == 1 && day->month % 3 == 1;
	}
}

enum {
	DENSITIES = 5
};

struct day_axis {
	struct canvas *c;
	const struct chart_usage *usage;
	const struct canvas_box *plot;
	double slot;
};

static const char *
day_label(const struct day_axis *a, size_t d, int density, char out[32])
{
	struct utc_civil day;

	utc_to_civil((a->usage->first_day + (int64_t)d) * UTC_DAY_SECS, &day);
	if (!is_labelled(&day, density))
		return NULL;
	snprintf(out, 32, "%s %d", chart_frame_month(day.month), day.day);
	return out;
}

/* Whether labels of a density keep their distance. */
static bool
labels_fit(const struct day_axis *a, int density)
{
	double end = -1e9, middle, half;
	char label[32];

	for (size_t d = 0; d < a->usage->day_count; d++) {
		if (day_label(a, d, density, label) == NULL)
			continue;
		half = canvas_text_width(a->c, &chart_quiet, label) / 2;
		middle = ((double)d + 0.5) * a->slot;
		if (middle - half < end)
			return false;
		end = middle + half + DAY_LABEL_GAP;
	}
	return true;
}

static void
put_days(const struct day_axis *a)
{
	const double right = CHART_WIDTH - CHART_MARGIN;
	int density = 0;
	char label[32];

	while (density + 1 < DENSITIES && !labels_fit(a, density))
		density++;
	for (size_t d = 0; d < a->usage->day_count; d++) {
		struct canvas_place place = {
		    a->plot->x + ((double)d + 0.5) * a->slot,
		    a->plot->y + a->plot->height + MARK_HEIGHT + 3, 0,
		    CANVAS_CENTER, 0};
		double half;

		if (day_label(a, d, density, label) == NULL)
			continue;
		half = canvas_text_width(a->c, &chart_quiet, label) / 2;
		place.x = fmin(place.x, right - half);
		canvas_text(a->c, &chart_quiet, &place, label);
	}
}

/* --- bars --- */

struct bars {
	struct canvas *c;
	const struct chart_usage *usage;
	const struct chart_shown *shown;
	const struct chart_axis *axis;
	const struct canvas_box *plot;
	double slot, width;
};

static void
put_tip(struct buf *out, const struct bars *b, size_t day, size_t series,
    exact_u128 bytes, const char *what)
{
	char date[UTC_TEXT_SIZE];

	buf_printf(out, "%s ",
	    utc_format_date(
		(b->usage->first_day + (int64_t)day) * UTC_DAY_SECS, date));
	text_clean(out, b->shown->names[series], 0);
	buf_str(out, ": ");
	chart_words_bytes(out, bytes);
	buf_str(out, what);
}

/* A piece of a bar, from below on; a hair's breadth parts it from the next
 * one. Returns where it ends. */
static double
put_piece(const struct bars *b, size_t day, size_t series, double below,
    bool estimated)
{
	const struct chart_part *part =
	    &b->shown->parts[day * b->shown->count + series];
	exact_u128 bytes = estimated ? part->estimated : part->measured;
	double above = below + (double)bytes;
	double y1 = chart_frame_y(b->plot, b->axis, below);
	double y2 = chart_frame_y(b->plot, b->axis, above);
	struct canvas_box box = {
	    b->plot->x + (double)day * b->slot + (b->slot - b->width) / 2, y2,
	    b->width, y1 - y2};
	struct buf tip = BUF_INIT;

	if (bytes == 0)
		return below;
	if (box.height > 3) {
		box.y += 0.5;
		box.height -= 0.5;
	}
	put_tip(&tip, b, day, series, bytes, estimated ? ", estimated" : "");
	chart_frame_box(b->c, &box, estimated ? CHART_HATCHED : CHART_SOLID,
	    color_of(b->shown, series), buf_text(&tip));
	buf_fini(&tip);
	return above;
}

static void
put_bars(const struct bars *b)
{
	for (size_t d = 0; d < b->shown->day_count; d++) {
		double top = 0;

		for (size_t i = 0; i < b->shown->count; i++) {
			top = put_piece(b, d, i, top, false);
			top = put_piece(b, d, i, top, true);
		}
		if (b->usage->missing_hours[d] > 0)
			chart_frame_box(b->c,
			    &(struct canvas_box){b->plot->x +
						     (double)d * b->slot +
						     (b->slot - b->width) / 2,
				b->plot->y + b->plot->height + 1, b->width,
				MARK_HEIGHT},
			    CHART_MARK, CHART_ALERT, NULL);
	}
}

/* --- the picture --- */

bool
chart_usage_height(struct canvas *c, const struct chart_usage *usage,
    double *height, struct err *err)
{
	struct chart_key keys[CHART_NAMED + 1 + EXTRA_KEYS];
	struct chart_shown shown;
	size_t count;

	if (!chart_usage_pick(usage, &shown, err))
		return false;
	count = make_keys(&shown, keys);
	*height = CHART_MARGIN + CHART_TITLE_HEIGHT + CHART_PLOT_HEIGHT +
		  DAY_LABEL_HEIGHT + chart_frame_keys_height(c, keys, count) +
		  CHART_MARGIN;
	chart_usage_drop(&shown);
	return true;
}

static double
find_max(const struct chart_shown *s)
{
	exact_u128 max = 0, sum;

	for (size_t d = 0; d < s->day_count; d++) {
		sum = chart_usage_sum(s, d);
		if (sum > max)
			max = sum;
	}
	return (double)max;
}

static void
put_plot(struct canvas *c, const struct chart_usage *u,
    const struct chart_shown *s, double top, const struct chart_axis *axis)
{
	struct canvas_box plot;
	struct bars bars = {c, u, s, axis, &plot, 0, 0};
	struct day_axis days = {c, u, &plot, 0};

	chart_frame_plot(c, top, axis, &plot);
	bars.slot = plot.width / (double)u->day_count;
	days.slot = bars.slot;
	bars.width = bars.slot > 5 ? bars.slot * 0.82 : bars.slot;
	if (bars.width > MAX_BAR)
		bars.width = MAX_BAR;
	put_days(&days);
	put_bars(&bars);
	if (find_max(s) == 0)
		canvas_text(c, &chart_quiet,
		    &(struct canvas_place){plot.x, top + plot.height / 2,
			plot.width, CANVAS_CENTER, 0},
		    "Nothing is stored on these days.");
}

bool
chart_usage_draw(struct canvas *c, const struct chart_usage *usage, double top,
    struct err *err)
{
	struct chart_key keys[CHART_NAMED + 1 + EXTRA_KEYS];
	struct chart_shown shown;
	struct chart_axis axis;

	if (!chart_usage_pick(usage, &shown, err))
		return false;
	chart_axis_bytes(&axis, find_max(&shown));
	put_title(c, top + CHART_MARGIN, usage, &axis);
	top += CHART_MARGIN + CHART_TITLE_HEIGHT;
	put_plot(c, usage, &shown, top, &axis);
	chart_frame_keys(c, top + CHART_PLOT_HEIGHT + DAY_LABEL_HEIGHT, keys,
	    make_keys(&shown, keys));
	chart_usage_drop(&shown);
	return true;
}
