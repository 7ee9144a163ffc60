/*
 * page_chart.c - pictures on pages. In: bills, or the values of a picture.
 * Out: SVG, and the table of its figures. Owns nothing.
 */
#include "chart_data.h"
#include "lib/text.h"
#include "page_chart.h"

/* "total_gib" as a heading. */
static void
put_heading(struct buf *out, const char *name, bool ours)
{
	struct buf words = BUF_INIT;

	if (!ours) {
		page_text(out, name);
		return;
	}
	for (; *name != '\0'; name++)
		buf_char(&words, *name == '_' ? ' ' : *name);
	text_html(out, buf_text(&words));
	out->failed = out->failed || words.failed;
	buf_fini(&words);
}

/* The first columns have headings of ours, behind them are names. */
static void
put_headings(struct buf *out, const struct chart_table *table, bool usage)
{
	buf_str(out, "<thead><tr>");
	for (size_t i = 0; i < table->columns; i++) {
		buf_printf(
		    out, "<th scope=\"col\"%s>", i > 0 ? " class=\"n\"" : "");
		put_heading(out, table->cells[i], !usage || i < 4);
		buf_str(out, "</th>");
	}
	buf_str(out, "</tr></thead>\n<tbody>\n");
}

static void
put_table(struct buf *out, const struct chart_table *table, const char *title,
    bool usage)
{
	buf_str(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" "
		     "aria-label=\"Figures: ");
	text_html(out, title);
	buf_str(out, "\"><table>\n<caption><span>");
	text_html(out, title);
	buf_printf(out, "%s</span></caption>\n", usage ? ", in GiB" : "");
	put_headings(out, table, usage);
	for (size_t r = 1; r < table->rows; r++) {
		char *const *cells = table->cells + r * table->columns;

		page_row_begin(out);
		page_head_begin(out);
		text_html(out, cells[0]);
		page_head_end(out);
		for (size_t i = 1; i < table->columns; i++)
			page_figure(out, cells[i]);
		page_row_end(out);
	}
	page_table_end(out);
}

static void
put_picture(struct buf *out, const struct chart *chart)
{
	struct buf svg = BUF_INIT;
	struct err why = ERR_INIT;

	if (chart_draw(chart, 1, CANVAS_SVG, &svg, NULL, &why)) {
		buf_str(out, "<div class=\"wide\" role=\"region\" "
			     "tabindex=\"0\" aria-label=\"Picture\">\n");
		buf_add(out, svg.data, svg.len);
		buf_str(out, "</div>\n");
	} else {
		buf_str(out, "<p class=\"small\">There is no picture: ");
		text_html(out, why.text);
		buf_str(out, "</p>\n");
	}
	out->failed = out->failed || svg.failed;
	buf_fini(&svg);
}

bool
page_chart(struct page *page, const char *title, const struct chart *chart,
    struct err *err)
{
	struct buf *out = page->out;
	struct buf words = BUF_INIT;
	struct chart_table table;

	if (!chart_tabulate(chart, &table, err))
		return false;
	page_section(out, title);
	buf_str(out, "<figure>\n");
	put_picture(out, chart);
	chart_alt(chart, &words);
	buf_str(out, "<figcaption class=\"small\">");
	text_html(out, buf_text(&words));
	buf_str(out, "</figcaption>\n</figure>\n"
		     "<details><summary>The figures</summary>\n");
	put_table(out, &table, title, chart->usage != NULL);
	buf_str(out, "</details>\n");
	page_section_end(out);
	chart_table_fini(&table);
	out->failed = out->failed || words.failed;
	buf_fini(&words);
	return true;
}

bool
page_charts(struct page *page, const struct invoice *bills, size_t count,
    struct err *err)
{
	struct chart_data data;
	struct buf title = BUF_INIT;
	bool ok =
	    chart_data_load(page->db, bills, count, page->now, &data, err);

	buf_str(page->out, "<div class=\"charts\">\n");
	for (size_t i = 0; ok && i < data.chart_count; i++) {
		buf_clear(&title);
		if (data.charts[i].usage != NULL)
			buf_printf(&title, "Stored per day in %s",
			    bills[0].period.text);
		else
			buf_printf(&title, "Cost per month in %s",
			    data.charts[i].cost->currency);
		ok = page_chart(page, buf_text(&title), &data.charts[i], err);
	}
	buf_str(page->out, "</div>\n");
	page->out->failed = page->out->failed || title.failed;
	buf_fini(&title);
	chart_data_fini(&data);
	return ok;
}
