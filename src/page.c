/*
 * page.c - the frame of the dashboard's pages. In: titles, the ledger's head.
 * Out: HTML. Owns nothing.
 */
#include <string.h>

#include "lib/text.h"
#include "page.h"
/* Made from page.css. */
#include "page_style.inc"

const char page_icon[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">"
    "<rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#14506e\"/>"
    "<path d=\"M7 22h4v4H7zM14 16h4v10h-4zM21 8h4v18h-4z\" fill=\"#fff\"/>"
    "</svg>\n";

const char page_policy[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

struct tab {
	enum page_tab tab;
	const char *path, *title;
	bool all_only; /* not for who sees one account only */
};

static const struct tab tabs[] = {
    {PAGE_OVERVIEW, "/", "Overview", false},
    {PAGE_PERIODS, "/periods", "Periods", false},
    {PAGE_SOURCES, "/sources", "Sources", true},
    {PAGE_MAILS, "/mails", "Mails", true},
};

/* --- the head --- */

static void
put_tabs(struct page *page, enum page_tab tab)
{
	struct buf *out = page->out;

	buf_str(out, "<nav aria-label=\"Main\"><ul>\n");
	for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++)
		if (!tabs[i].all_only || page->scope == NULL)
			buf_printf(out, "<li><a href=\"%s\"%s>%s</a></li>\n",
			    tabs[i].path,
			    tabs[i].tab == tab ? " aria-current=\"page\"" : "",
			    tabs[i].title);
	buf_str(out, "</ul></nav>\n"
		     "<form method=\"post\" action=\"/logout\">"
		     "<button class=\"quiet\">Sign out</button></form>\n");
}

void
page_begin(struct page *page, enum page_tab tab, const char *title)
{
	struct buf *out = page->out;

	buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		     "<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n"
		     "<title>");
	page_text(out, title);
	buf_str(out, " - stat.flexfs</title>\n"
		     "<link rel=\"stylesheet\" href=\"/style.css\">\n"
		     "<link rel=\"icon\" href=\"/icon.svg\">\n"
		     "</head>\n<body>\n"
		     "<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
		     "<header class=\"bar\"><div class=\"room\">\n"
		     "<p class=\"brand\"><a href=\"/\">stat.flexfs</a></p>\n");
	if (tab != PAGE_STRANGER)
		put_tabs(page, tab);
	buf_str(out, "</div></header>\n"
		     "<main id=\"main\" class=\"room\" tabindex=\"-1\">\n<h1>");
	page_text(out, title);
	buf_str(out, "</h1>\n");
}

/* --- the end --- */

static void
put_footer(struct page *page, const char *head)
{
	struct buf *out = page->out;

	buf_str(out, "</main>\n<footer><div class=\"room\">\n<p>");
	if (page->now != 0) {
		buf_str(out, "As of ");
		page_time(out, page->now);
		buf_str(out, " UTC, as all times here. ");
	}
	buf_str(out, "stat.flexfs " STAT_VERSION "</p>\n");
	if (head[0] != '\0')
		buf_printf(out,
		    "<p>Ledger head <code class=\"hash\">%s</code></p>\n",
		    head);
	buf_str(out, "</div></footer>\n</body>\n</html>\n");
}

bool
page_end(struct page *page, struct err *err)
{
	char text[FACT_HEAD_TEXT_SIZE] = "";
	struct fact_head head;

	if (!fact_load_head(page->db, &head, err))
		return false;
	if (head.seq != 0)
		fact_format_head(head.hash, text);
	put_footer(page, text);
	return !page->out->failed || err_nomem(err);
}

void
page_end_stranger(struct page *page)
{
	put_footer(page, "");
}
