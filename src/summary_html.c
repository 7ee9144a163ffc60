/*
 * summary_html.c - a summary as an HTML document for mail readers. In: a
 * page. Out: a document without scripts and outside references; alignment
 * and spacing are also said by attributes, for readers that drop styles.
 */
#include <string.h>

#include "lib/text.h"
#include "summary_page.h"

enum {
	/* Columns of a name: long ones wrap, endless ones are cut. */
	NAME_COLUMNS = 48,
	WHOLE_HOURS = 9, /* columns of hours that are not broken */
};

static const char style[] =
    ":root{color-scheme:light dark}\n"
    "body{margin:0;padding:16px;background:#fff;color:#1c2024;"
    "font:15px/1.45 -apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\","
    "Arial,sans-serif}\n"
    ".page{max-width:660px;margin:0 auto}\n"
    "h1{font-size:22px;line-height:1.25;margin:0 0 12px}\n"
    "h2{font-size:17px;line-height:1.3;margin:28px 0 8px;padding-top:14px;"
    "border-top:1px solid #d4d9de}\n"
    "h3{font-size:15px;margin:18px 0 4px}\n"
    "p{margin:8px 0}\n"
    "h1,h2,td,p,code{overflow-wrap:anywhere}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{padding:5px 0 5px 14px;vertical-align:top}\n"
    "th:first-child,td:first-child{padding-left:0}\n"
    ".pairs th{width:64px;font-weight:normal;color:#5b6670}\n"
    ".strong{font-weight:bold}\n"
    ".alert{font-weight:bold;color:#b3261e}\n"
    ".lines{font-size:14px;font-variant-numeric:tabular-nums}\n"
    ".lines th{color:#5b6670;font-weight:normal;white-space:nowrap;"
    "border-bottom:1px solid #b3bbc2}\n"
    ".lines td{border-bottom:1px solid #e6e9ec}\n"
    ".lines .n{white-space:nowrap;overflow-wrap:normal}\n"
    ".lines td:first-child{min-width:96px}\n"
    ".lines .all td{font-weight:bold;border-bottom:0}\n"
    ".wide{overflow-x:auto;margin-top:10px}\n"
    ".mark,.small{color:#5b6670}\n"
    ".small{font-size:13px}\n"
    "code{display:block;padding:8px 10px;border-radius:4px;"
    "background:#f0f2f4;font:13px/1.4 \"DejaVu Sans Mono\",Consolas,"
    "monospace}\n"
    "code span{display:inline-block;max-width:100%}\n"
    "@media (max-width:480px){\n"
    "body{padding:12px}\n"
    ".lines{font-size:12.5px}\n"
    ".lines th,.lines .h{white-space:normal}\n"
    ".lines td:first-child{min-width:72px}\n"
    ".lines th,.lines td{padding-left:8px}\n"
    ".lines th:first-child,.lines td:first-child{padding-left:0}\n"
    "}\n"
    "@media (prefers-color-scheme:dark){\n"
    "body{background:#14171a;color:#e4e7ea}\n"
    "h2{border-color:#3a4148}\n"
    ".pairs th,.lines th,.mark,.small{color:#9aa5af}\n"
    ".lines th{border-color:#55606a}\n"
    ".lines td{border-color:#2b3137}\n"
    ".alert{color:#ff8a80}\n"
    "code{background:#22272c}\n"
    "}\n";

/* An element with text in it; tag may have attributes behind its name. */
static void
put_element(
    struct buf *out, const char *open, const char *text, const char *close)
{
	buf_str(out, open);
	text_html(out, text);
	buf_str(out, close);
}

static void
put_pairs(struct buf *out, const struct summary_page_section *s)
{
	static const char *const cells[] = {
	    [SUMMARY_PAGE_PLAIN] = "<td>",
	    [SUMMARY_PAGE_STRONG] = "<td class=\"strong\">",
	    [SUMMARY_PAGE_ALERT] = "<td class=\"alert\">",
	};

	if (s->pair_count == 0)
		return;
	buf_str(out, "<table class=\"pairs\" width=\"100%\" cellspacing=\"0\" "
		     "cellpadding=\"4\" role=\"presentation\">\n");
	for (size_t i = 0; i < s->pair_count; i++) {
		put_element(
		    out, "<tr><th align=\"left\">", s->pairs[i].label, "</th>");
		put_element(out, cells[s->pairs[i].tone], s->pairs[i].value,
		    "</td></tr>\n");
	}
	buf_str(out, "</table>\n");
}

/* --- tables --- */

static void
put_name(struct buf *out, const struct summary_page_row *row)
{
	struct buf name = BUF_INIT;

	text_clean(&name, row->name, NAME_COLUMNS);
	text_html(out, buf_text(&name));
	if (row->mark[0] != '\0')
		put_element(out, "<span class=\"mark\">", row->mark, "</span>");
	out->failed = out->failed || name.failed;
	buf_fini(&name);
}

/* 31/186/527, which may break behind a slash where there is little room;
 * 744/0/0 fits everywhere. */
static void
put_hours(struct buf *out, const char *hours)
{
	bool may_break = strlen(hours) > WHOLE_HOURS;
	size_t len;

	buf_str(out, "<td class=\"n h\" align=\"right\">");
	for (; *hours != '\0'; hours += len) {
		len = strcspn(hours, "/");
		buf_add(out, hours, len);
		if (hours[len] != '\0') {
			buf_str(out, may_break ? "/<wbr>" : "/");
			len++;
		}
	}
	buf_str(out, "</td></tr>\n");
}

static void
put_row(struct buf *out, const struct summary_page_row *row, const char *kind)
{
	static const char figure[] = "<td class=\"n\" align=\"right\">";

	if (row->name == NULL)
		return;
	buf_printf(out, "<tr%s><td>", kind);
	put_name(out, row);
	buf_str(out, "</td>\n");
	put_element(out, figure, row->gib_months, "</td>");
	put_element(out, figure, row->rate, "</td>");
	put_element(out, figure, row->amount, "</td>");
	put_hours(out, row->hours);
}

static void
put_table(struct buf *out, const struct summary_page_table *table)
{
	if (table->title[0] != '\0')
		put_element(out, "<h3>", table->title, "</h3>\n");
	if (table->row_count == 0) {
		buf_str(out, "<p>No usage in this month.</p>\n");
		return;
	}
	buf_str(out,
	    "<div class=\"wide\">"
	    "<table class=\"lines\" width=\"100%\" cellspacing=\"0\" "
	    "cellpadding=\"4\">\n"
	    "<tr><th align=\"left\">Volume</th>"
	    "<th align=\"right\">GiB-months</th><th align=\"right\">Rate</th>"
	    "<th align=\"right\">Amount</th>"
	    "<th align=\"right\">Hours</th></tr>\n");
	for (size_t i = 0; i < table->row_count; i++)
		put_row(out, &table->rows[i], "");
	put_row(out, &table->rest, "");
	put_row(out, &table->total, " class=\"all\"");
	buf_str(out, "</table></div>\n");
}

/* Each flag with its value in a piece that is not parted if it fits. */
static void
put_command(struct buf *out, const char *command)
{
	const char *next = command;
	struct buf piece = BUF_INIT;

	buf_str(out, "<code>");
	while (next != NULL) {
		next = strstr(command, " --");
		buf_clear(&piece);
		buf_add(&piece, command,
		    next != NULL ? (size_t)(next - command) : strlen(command));
		put_element(out, "<span>", buf_text(&piece),
		    next != NULL ? "</span> " : "</span>");
		if (next != NULL)
			command = next + 1;
	}
	buf_str(out, "</code>\n");
	out->failed = out->failed || piece.failed;
	buf_fini(&piece);
}

static void
put_section(struct buf *out, const struct summary_page_section *s, bool first,
    bool small)
{
	put_element(out, first ? "<h1>" : "<h2>", s->title,
	    first ? "</h1>\n" : "</h2>\n");
	put_pairs(out, s);
	for (size_t i = 0; i < s->table_count; i++)
		put_table(out, &s->tables[i]);
	for (size_t i = 0; i < s->note_count; i++) {
		const struct summary_page_note *note = &s->notes[i];

		put_element(out,
		    small || s->table_count > 0 ? "<p class=\"small\">" : "<p>",
		    note->text, "</p>\n");
		if (note->command != NULL)
			put_command(out, note->command);
		if (note->literal != NULL)
			put_element(out, "<code>", note->literal, "</code>\n");
	}
}

static void
put_page(struct buf *out, const struct summary_page *page)
{
	buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		     "<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n");
	put_element(out, "<title>", page->title, "</title>\n");
	buf_printf(out, "<style>\n%s</style>\n", style);
	buf_str(out, "</head>\n<body>\n<div class=\"page\">\n");
	for (size_t i = 0; i < page->section_count; i++)
		put_section(out, &page->sections[i], i == 0,
		    i + 1 == page->section_count);
	buf_str(out, "</div>\n</body>\n</html>\n");
}

void
summary_html(const struct summary *summary, struct buf *out)
{
	struct summary_page page;

	summary_page_make(&page, summary);
	if (page.failed)
		out->failed = true;
	else
		put_page(out, &page);
	summary_page_fini(&page);
}
