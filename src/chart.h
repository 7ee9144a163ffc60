/*
 * chart.h - pictures of what is stored and what it costs.
 *
 * Two kinds: what was stored on each day, stacked by account (or volume), and
 * what each month cost in one currency. Both are drawn from plain values, as
 * PNG for mails (in twice the pixels), as SVG for web pages or on paper, with
 * everything that is needed to read them inside: title, units, legend. The
 * background is their own, so that they can be read in dark surroundings; the
 * colours are those of Okabe and Ito, which colour-blind people tell apart.
 *
 * Bytes are whole ones and money is decimal text: what is printed is exact,
 * floating point only says where on the picture something is.
 */
#ifndef SRC_CHART_H
#define SRC_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/canvas.h"
#include "lib/err.h"
#include "lib/exact.h"

enum {
	/* Accounts that have a colour of their own; the rest is "others". */
	CHART_NAMED = 7,
	CHART_MAX_MONTHS = 13,
	CHART_WIDTH = 600,
	CHART_SCALE = 2, /* pixels of a PNG for each unit */
};

/* What was stored on a day, as the mean of its hours, in bytes. */
struct chart_part {
	exact_u128 measured, estimated;
};

/* All pointers are borrowed. */
struct chart_usage {
	const char *whose;	  /* an account; NULL: of several */
	const char *by;		  /* "account", "volume" */
	int64_t first_day;	  /* unix seconds / 86400 */
	size_t day_count;	  /* at least 1 */
	const char *const *names; /* UTF-8 from anywhere */
	size_t name_count;
	const struct chart_part *parts; /* [day * name_count + name] */
	const int64_t *missing_hours;	/* [day]: volume-hours not billed */
};

struct chart_month {
	int64_t start;	      /* unix seconds */
	const char *amount;   /* decimal; NULL: usage without a rate */
	const char *forecast; /* of the whole month, while it lasts; or NULL */
};

/* Months follow each other. */
struct chart_cost {
	const char *whose; /* an account; NULL: of several */
	const char *currency;
	const struct chart_month *months;
	size_t month_count; /* 1 to CHART_MAX_MONTHS */
};

/* One of both. */
struct chart {
	const struct chart_usage *usage;
	const struct chart_cost *cost;
};

struct chart_size {
	int width, height; /* units: CSS pixels */
};

/* Appends one picture with the charts below each other. size may be NULL. */
bool chart_draw(const struct chart *charts, size_t count,
    enum canvas_format format, struct buf *out, struct chart_size *size,
    struct err *err);

/* --- in words --- */

/* A sentence or two that say what the picture shows. */
void chart_alt(const struct chart *chart, struct buf *out);

/* Every figure behind the picture: a row for each day or month, in GiB with
 * nine decimals or as the amounts are. */
struct chart_table {
	size_t rows, columns; /* row 0 is the heading */
	char **cells;	      /* owned: [row * columns + column] */
};

bool chart_tabulate(
    const struct chart *chart, struct chart_table *out, struct err *err);
void chart_table_fini(struct chart_table *table);

/* RFC 4180, with formulas made harmless, with or without the heading; and a
 * table element. */
void chart_table_csv(
    const struct chart_table *table, bool heading, struct buf *out);
void chart_table_html(const struct chart_table *table, struct buf *out);

#endif
