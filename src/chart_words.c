/*
 * chart_words.c - pictures in words, for those who do not see them. In: plain
 * values. Out: sentences, and tables with every figure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_part.h"
#include "lib/text.h"
#include "lib/utc.h"

enum {
	/* Columns of a name in a sentence, and names in one. */
	NAME_COLUMNS = 40,
	MAX_NAMES = 3,
	GIB_DECIMALS = 9, /* about a byte */
	GIB_BITS = 30,
};

/* --- figures --- */

static void
put_ratio(struct buf *out, exact_u128 num, uint64_t den, int decimals)
{
	struct exact *x = exact_new();
	char *text;

	exact_set_ratio(x, num, den);
	text = exact_fixed(x, decimals);
	buf_str(out, text);
	free(text);
	exact_free(x);
}

void
chart_words_bytes(struct buf *out, exact_u128 bytes)
{
	static const char *const units[] = {
	    "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned u = 0;

	if (bytes < 1024) {
		buf_printf(out, "%u B", (unsigned)bytes);
		return;
	}
	/* What would be shown as 1024.00 is one of the next unit. */
	while (u + 1 < sizeof units / sizeof *units &&
	       bytes * 200 / ((exact_u128)1 << (10 * (u + 1))) >= 204799)
		u++;
	put_ratio(out, bytes, UINT64_C(1) << (10 * (u + 1)), 2);
	buf_printf(out, " %s", units[u]);
}

static char *
date_of(const struct chart_usage *u, size_t day, char out[UTC_TEXT_SIZE])
{
	return utc_format_date(
	    (u->first_day + (int64_t)day) * UTC_DAY_SECS, out);
}

static void
put_month(struct buf *out, int64_t start)
{
	struct utc_civil day;

	utc_to_civil(start, &day);
	buf_printf(out, "%04d-%02d", day.year, day.month);
}

/* --- sentences: usage --- */

static void
put_extremes(
    struct buf *out, const struct chart_usage *u, const struct chart_shown *s)
{
	size_t low = 0, high = 0, last = s->day_count - 1;
	char date[UTC_TEXT_SIZE];

	for (size_t d = 1; d < s->day_count; d++) {
		if (chart_usage_sum(s, d) < chart_usage_sum(s, low))
			low = d;
		if (chart_usage_sum(s, d) > chart_usage_sum(s, high))
			high = d;
	}
	if (chart_usage_sum(s, high) == 0) {
		buf_str(out, "nothing is stored on these days.");
		return;
	}
	if (s->day_count > 1) {
		buf_str(out, "from ");
		chart_words_bytes(out, chart_usage_sum(s, low));
		buf_printf(out, " (%s) to ", date_of(u, low, date));
		chart_words_bytes(out, chart_usage_sum(s, high));
		buf_printf(
		    out, " (%s), on the last day ", date_of(u, high, date));
	}
	chart_words_bytes(out, chart_usage_sum(s, last));
	buf_char(out, '.');
}

static void
put_largest(
    struct buf *out, const struct chart_usage *u, const struct chart_shown *s)
{
	size_t named = s->merged > 0 ? s->count - 1 : s->count;

	if (u->name_count < 2)
		return;
	buf_str(out, " The largest, on average:");
	for (size_t i = 0; i < named && i < MAX_NAMES; i++) {
		exact_u128 sum = 0;

		for (size_t d = 0; d < s->day_count; d++)
			sum += s->parts[d * s->count + i].measured +
			       s->parts[d * s->count + i].estimated;
		buf_str(out, i > 0 ? ", " : " ");
		text_clean(out, s->names[i], NAME_COLUMNS);
		buf_char(out, ' ');
		if (s->day_count > 0)
			chart_words_bytes(out, sum / s->day_count);
	}
	buf_char(out, '.');
}

static void
put_days(struct buf *out, size_t days, const char *what)
{
	if (days > 0)
		buf_printf(
		    out, " %s %zu day%s.", what, days, days == 1 ? "" : "s");
}

static void
put_gaps(
    struct buf *out, const struct chart_usage *u, const struct chart_shown *s)
{
	size_t estimated = 0, missing = 0;

	for (size_t d = 0; d < s->day_count; d++) {
		bool any = false;

		for (size_t i = 0; i < s->count; i++)
			any = any || s->parts[d * s->count + i].estimated > 0;
		estimated += any;
		missing += u->missing_hours[d] > 0;
	}
	put_days(out, estimated, "Estimated in part on");
	put_days(out, missing, "Hours are missing on");
}

static void
put_usage(struct buf *out, const struct chart_usage *u)
{
	struct chart_shown shown;
	struct err err = ERR_INIT;
	char date[UTC_TEXT_SIZE];

	if (!chart_usage_pick(u, &shown, &err)) {
		out->failed = true;
		return;
	}
	buf_printf(out, "Stored per day, %s", date_of(u, 0, date));
	if (u->day_count > 1)
		buf_printf(out, " to %s", date_of(u, u->day_count - 1, date));
	buf_str(out, ": ");
	put_extremes(out, u, &shown);
	put_largest(out, u, &shown);
	put_gaps(out, u, &shown);
	chart_usage_drop(&shown);
}

/* --- sentences: cost --- */

static void
put_cost(struct buf *out, const struct chart_cost *cost)
{
	buf_printf(out, "Cost by month in %s:", cost->currency);
	for (size_t i = 0; i < cost->month_count; i++) {
		const struct chart_month *m = &cost->months[i];

		buf_str(out, i > 0 ? ", " : " ");
		put_month(out, m->start);
		buf_printf(out, " %s",
		    m->amount != NULL ? m->amount
				      : "not known, without a rate");
		if (m->forecast != NULL)
			buf_printf(out, " so far (forecast %s)", m->forecast);
	}
	buf_char(out, '.');
}

void
chart_alt(const struct chart *chart, struct buf *out)
{
	if (chart->usage != NULL)
		put_usage(out, chart->usage);
	else
		put_cost(out, chart->cost);
}

/* --- tables --- */

static bool
make_table(struct chart_table *t, size_t rows, size_t columns, struct err *err)
{
	t->rows = rows;
	t->columns = columns;
	t->cells = calloc(rows * columns, sizeof *t->cells);
	if (t->cells != NULL)
		return true;
	*t = (struct chart_table){0, 0, NULL};
	return err_nomem(err);
}

/* Takes what is in b into a cell, and empties b. */
static bool
set_cell(struct chart_table *t, size_t row, size_t column, struct buf *b)
{
	t->cells[row * t->columns + column] = buf_take(b);
	return t->cells[row * t->columns + column] != NULL;
}

static bool
set_text(struct chart_table *t, size_t row, size_t column, const char *text)
{
	struct buf b = BUF_INIT;

	buf_str(&b, text);
	return set_cell(t, row, column, &b);
}

static bool
set_gib(struct chart_table *t, size_t row, size_t column, exact_u128 bytes)
{
	struct buf b = BUF_INIT;

	put_ratio(&b, bytes, UINT64_C(1) << GIB_BITS, GIB_DECIMALS);
	return set_cell(t, row, column, &b);
}

/* day, total, estimated, missing hours, then one column for each series. */
static bool
fill_day(struct chart_table *t, const struct chart_usage *u,
    const struct chart_shown *s, size_t day)
{
	exact_u128 estimated = 0;
	struct buf b = BUF_INIT;
	char date[UTC_TEXT_SIZE];
	bool ok;

	for (size_t i = 0; i < s->count; i++)
		estimated += s->parts[day * s->count + i].estimated;
	ok = set_text(t, day + 1, 0, date_of(u, day, date)) &&
	     set_gib(t, day + 1, 1, chart_usage_sum(s, day)) &&
	     set_gib(t, day + 1, 2, estimated);
	buf_printf(&b, "%" PRId64, u->missing_hours[day]);
	ok = ok && set_cell(t, day + 1, 3, &b);
	for (size_t i = 0; ok && i < s->count; i++) {
		const struct chart_part *p = &s->parts[day * s->count + i];

		ok = set_gib(t, day + 1, 4 + i, p->measured + p->estimated);
	}
	buf_fini(&b);
	return ok;
}

static bool
fill_usage(struct chart_table *t, const struct chart_usage *u,
    const struct chart_shown *s)
{
	static const char *const headings[] = {
	    "day", "total_gib", "estimated_gib", "missing_hours"};
	bool ok = true;

	for (size_t i = 0; ok && i < 4; i++)
		ok = set_text(t, 0, i, headings[i]);
	for (size_t i = 0; ok && i < s->count; i++)
		ok = set_text(t, 0, 4 + i, s->names[i]);
	for (size_t d = 0; ok && d < s->day_count; d++)
		ok = fill_day(t, u, s, d);
	return ok;
}

static bool
tabulate_usage(
    const struct chart_usage *u, struct chart_table *out, struct err *err)
{
	struct chart_shown shown;
	bool ok;

	if (!chart_usage_pick(u, &shown, err))
		return false;
	ok = make_table(out, u->day_count + 1, 4 + shown.count, err) &&
	     (fill_usage(out, u, &shown) || err_nomem(err));
	chart_usage_drop(&shown);
	return ok;
}

static bool
fill_cost(struct chart_table *t, const struct chart_cost *cost)
{
	static const char *const headings[] = {
	    "month", "currency", "cost", "forecast"};
	bool ok = true;

	for (size_t i = 0; ok && i < 4; i++)
		ok = set_text(t, 0, i, headings[i]);
	for (size_t i = 0; ok && i < cost->month_count; i++) {
		const struct chart_month *m = &cost->months[i];
		struct buf b = BUF_INIT;

		put_month(&b, m->start);
		ok =
		    set_cell(t, i + 1, 0, &b) &&
		    set_text(t, i + 1, 1, cost->currency) &&
		    set_text(t, i + 1, 2, m->amount != NULL ? m->amount : "") &&
		    set_text(
			t, i + 1, 3, m->forecast != NULL ? m->forecast : "");
	}
	return ok;
}

bool
chart_tabulate(
    const struct chart *chart, struct chart_table *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (chart->usage != NULL)
		return tabulate_usage(chart->usage, out, err);
	return make_table(out, chart->cost->month_count + 1, 4, err) &&
	       (fill_cost(out, chart->cost) || err_nomem(err));
}

void
chart_table_fini(struct chart_table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct chart_table){0, 0, NULL};
}

/* --- writing tables --- */

/* Names are in the heading; the rest is ours, and may be less than nothing. */
void
chart_table_csv(const struct chart_table *table, bool heading, struct buf *out)
{
	for (size_t r = heading ? 0 : 1; r < table->rows; r++) {
		char *const *cells = table->cells + r * table->columns;

		for (size_t i = 0; i < table->columns; i++) {
			buf_str(out, i > 0 ? "," : "");
			if (r == 0)
				text_csv(out, cells[i]);
			else
				buf_str(out, cells[i]);
		}
		buf_str(out, "\r\n");
	}
}

void
chart_table_html(const struct chart_table *table, struct buf *out)
{
	struct buf clean = BUF_INIT;

	buf_str(out, "<table>\n");
	for (size_t r = 0; r < table->rows; r++) {
		buf_str(out, "<tr>");
		for (size_t i = 0; i < table->columns; i++) {
			buf_clear(&clean);
			text_clean(&clean, table->cells[r * table->columns + i],
			    NAME_COLUMNS);
			buf_str(out, r == 0 ? "<th>" : "<td>");
			text_html(out, buf_text(&clean));
			buf_str(out, r == 0 ? "</th>" : "</td>");
			out->failed = out->failed || clean.failed;
		}
		buf_str(out, "</tr>\n");
	}
	buf_str(out, "</table>\n");
	buf_fini(&clean);
}
