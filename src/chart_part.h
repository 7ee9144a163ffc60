/*
 * chart_part.h - what the two kinds of pictures have in common: the axis, the
 * frame around a plot, the legend, and the usage as it is shown.
 */
#ifndef SRC_CHART_PART_H
#define SRC_CHART_PART_H

#include "chart.h"

enum {
	CHART_INK = 0x1c2024,
	CHART_QUIET = 0x5b6670,
	CHART_GRID = 0xe1e5e8,
	CHART_BASE = 0x7b868f,
	CHART_PAPER = 0xffffff,
	CHART_ALERT = 0xb3261e,
	CHART_BLUE = 0x0072b2,
	CHART_SKY = 0x56b4e9,
	CHART_MARGIN = 16,
	CHART_TITLE_HEIGHT = 50,
	CHART_PLOT_HEIGHT = 190,
};

extern const struct canvas_font chart_small, chart_quiet;

/* --- chart_axis.c --- */

enum {
	CHART_LABEL_SIZE = 48
};

/* Steps of 1, 2 or 5 times a power of ten, in a unit that keeps labels
 * short. */
struct chart_axis {
	double unit;	 /* values in one unit */
	char name[32];	 /* "TiB"; of money "", "thousand", "x 10^9" */
	int power;	 /* of money: unit is 10^power */
	int digit;	 /* 1, 2 or 5 */
	int exponent;	 /* a step is digit * 10^exponent units */
	int first, last; /* steps at the ends; first <= 0 < last */
};

/* For values from 0 to max bytes. */
void chart_axis_bytes(struct chart_axis *axis, double max);
/* For amounts of a currency with digits decimals. */
void chart_axis_money(
    struct chart_axis *axis, double min, double max, int digits);
/* What stands at a step; returns out. */
char *chart_axis_label(
    const struct chart_axis *axis, int step, char out[CHART_LABEL_SIZE]);
/* Where a value is, from 0 (the lower end) to 1. */
double chart_axis_at(const struct chart_axis *axis, double value);

/* --- chart_frame.c --- */

/* "Jan" for 1. */
const char *chart_frame_month(int month);

/* Title and what it is measured in. */
void chart_frame_title(
    struct canvas *c, double top, const char *title, const char *detail);

/* Grid and labels of the axis; *plot is the box between them. */
void chart_frame_plot(struct canvas *c, double top,
    const struct chart_axis *axis, struct canvas_box *plot);

/* The y of a value. */
double chart_frame_y(
    const struct canvas_box *plot, const struct chart_axis *axis, double value);

enum chart_look {
	CHART_SOLID,
	CHART_HATCHED,
	CHART_OUTLINED,
	CHART_MARK,
};

struct chart_key {
	enum chart_look look;
	uint32_t color;
	const char *text;
};

/* A box that looks so. */
void chart_frame_box(struct canvas *c, const struct canvas_box *box,
    enum chart_look look, uint32_t color, const char *tip);

/* The legend; it is as wide as the picture. */
double chart_frame_keys_height(
    struct canvas *c, const struct chart_key *keys, size_t count);
void chart_frame_keys(
    struct canvas *c, double top, const struct chart_key *keys, size_t count);

/* --- chart_usage.c, chart_cost.c --- */

/* The usage with the accounts that have a colour, the largest first, and
 * "others" behind them. */
struct chart_shown {
	size_t day_count, count;
	const char *names[CHART_NAMED + 1]; /* borrowed, or others */
	char others[32];
	size_t merged;		  /* accounts in the last one; or 0 */
	struct chart_part *parts; /* owned: [day * count + series] */
	bool estimated, missing;  /* there are such hours */
};

bool chart_usage_pick(
    const struct chart_usage *usage, struct chart_shown *out, struct err *err);
void chart_usage_drop(struct chart_shown *shown);

/* All that is stored on a day. */
exact_u128 chart_usage_sum(const struct chart_shown *shown, size_t day);

bool chart_usage_height(struct canvas *c, const struct chart_usage *usage,
    double *height, struct err *err);
bool chart_usage_draw(struct canvas *c, const struct chart_usage *usage,
    double top, struct err *err);

double chart_cost_height(struct canvas *c, const struct chart_cost *cost);
void chart_cost_draw(
    struct canvas *c, const struct chart_cost *cost, double top);

/* --- chart_words.c --- */

/* "12.37 TiB" */
void chart_words_bytes(struct buf *out, exact_u128 bytes);

#endif
