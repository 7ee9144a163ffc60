/*
 * page_piece.c - tiles, pairs, tables and lists of pages. In: values. Out:
 * HTML. Owns nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "page.h"

/* --- figures, pairs, sections --- */

void
page_tiles_begin(struct buf *out)
{
	buf_str(out, "<dl class=\"tiles\">\n");
}

void
page_tile(
    struct buf *out, const char *label, const char *value, const char *detail)
{
	buf_printf(out, "<div><dt>%s</dt><dd>", label);
	text_html(out, value);
	buf_str(out, "</dd>");
	if (detail[0] != '\0') {
		buf_str(out, "<dd class=\"small\">");
		text_html(out, detail);
		buf_str(out, "</dd>");
	}
	buf_str(out, "</div>\n");
}

void
page_tiles_end(struct buf *out)
{
	buf_str(out, "</dl>\n");
}

void
page_pairs_begin(struct buf *out)
{
	buf_str(out, "<dl class=\"pairs\">\n");
}

void
page_pair_begin(struct buf *out, const char *label)
{
	buf_printf(out, "<div><dt>%s</dt><dd>", label);
}

void
page_pair_end(struct buf *out)
{
	buf_str(out, "</dd></div>\n");
}

void
page_pair(struct buf *out, const char *label, const char *value)
{
	page_pair_begin(out, label);
	text_html(out, value);
	page_pair_end(out);
}

void
page_pairs_end(struct buf *out)
{
	buf_str(out, "</dl>\n");
}

void
page_section(struct buf *out, const char *title)
{
	buf_str(out, "<section>\n<h2>");
	page_text(out, title);
	buf_str(out, "</h2>\n");
}

void
page_section_end(struct buf *out)
{
	buf_str(out, "</section>\n");
}

void
page_empty(struct buf *out, const char *text, const char *command)
{
	buf_str(out, "<div class=\"empty\"><p>");
	text_html(out, text);
	buf_str(out, "</p>");
	if (command != NULL)
		page_lines(out, command);
	buf_str(out, "</div>\n");
}

/* --- tables --- */

/* One that is too wide scrolls in its own box, which the keyboard reaches. */
void
page_table_begin(struct buf *out, const char *caption,
    const struct page_column *columns, size_t count)
{
	buf_str(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" "
		     "aria-label=\"");
	text_html(out, caption);
	buf_str(out, "\">\n<table>\n<caption><span>");
	text_html(out, caption);
	buf_str(out, "</span></caption>\n<thead><tr>");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "<th scope=\"col\"%s>%s</th>",
		    columns[i].figure ? " class=\"n\"" : "", columns[i].title);
	buf_str(out, "</tr></thead>\n<tbody>\n");
}

void
page_table_end(struct buf *out)
{
	buf_str(out, "</tbody>\n</table>\n</div>\n");
}

void
page_row_begin(struct buf *out)
{
	buf_str(out, "<tr>");
}

void
page_row_end(struct buf *out)
{
	buf_str(out, "</tr>\n");
}

void
page_cell_begin(struct buf *out, bool figure)
{
	buf_str(out, figure ? "<td class=\"n\">" : "<td>");
}

void
page_cell_end(struct buf *out)
{
	buf_str(out, "</td>");
}

void
page_head_begin(struct buf *out)
{
	buf_str(out, "<th scope=\"row\">");
}

void
page_head_end(struct buf *out)
{
	buf_str(out, "</th>");
}

void
page_cell(struct buf *out, const char *text)
{
	page_cell_begin(out, false);
	page_text(out, text);
	page_cell_end(out);
}

void
page_figure(struct buf *out, const char *text)
{
	page_cell_begin(out, true);
	text_html(out, text);
	page_cell_end(out);
}

void
page_figure_int(struct buf *out, int64_t value)
{
	page_cell_begin(out, true);
	buf_printf(out, "%" PRId64, value);
	page_cell_end(out);
}

void
page_hours(
    struct buf *out, int64_t measured, int64_t estimated, int64_t missing)
{
	buf_printf(out, "%" PRId64, measured);
	if (estimated > 0)
		buf_printf(out,
		    " <span class=\"badge warn\">%" PRId64 " estimated</span>",
		    estimated);
	if (missing > 0)
		buf_printf(out,
		    " <span class=\"badge bad\">%" PRId64 " missing</span>",
		    missing);
}

/* --- long lists --- */

bool
page_slice(const char *number, size_t total, struct page_slice *out)
{
	enum {
		MAX_DIGITS = 9
	};
	size_t n = 1;

	if (number != NULL) {
		size_t len = strspn(number, "0123456789");

		if (len == 0 || len > MAX_DIGITS || number[len] != '\0')
			return false;
		n = (size_t)strtoul(number, NULL, 10);
	}
	out->total = total;
	out->count = total > 0 ? (total + PAGE_ROWS - 1) / PAGE_ROWS : 1;
	out->number = n;
	if (n < 1 || n > out->count)
		return false;
	out->first = (n - 1) * PAGE_ROWS;
	out->end =
	    total - out->first < PAGE_ROWS ? total : out->first + PAGE_ROWS;
	return true;
}

void
page_slice_links(
    struct buf *out, const struct page_slice *slice, const char *path)
{
	if (slice->count < 2)
		return;
	buf_printf(out,
	    "<nav class=\"pager\" aria-label=\"Pages\"><p>%zu to %zu of %zu",
	    slice->first + 1, slice->end, slice->total);
	if (slice->number > 1)
		buf_printf(out,
		    " <a rel=\"prev\" href=\"%spage=%zu\">Previous</a>", path,
		    slice->number - 1);
	if (slice->number < slice->count)
		buf_printf(out, " <a rel=\"next\" href=\"%spage=%zu\">Next</a>",
		    path, slice->number + 1);
	buf_str(out, "</p></nav>\n");
}
