/*
 * page_text.c - texts, figures and instants on pages. In: values, names from
 * outside. Out: HTML in which they are harmless.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "page.h"

void
page_text(struct buf *out, const char *text)
{
	struct buf clean = BUF_INIT;

	text_clean(&clean, text, PAGE_COLUMNS);
	text_html(out, buf_text(&clean));
	out->failed = out->failed || clean.failed;
	buf_fini(&clean);
}

/* Each line for itself: a line end is no text. */
void
page_lines(struct buf *out, const char *text)
{
	struct buf line = BUF_INIT;
	size_t len;

	buf_str(out, "<pre tabindex=\"0\">");
	for (; *text != '\0'; text += len) {
		len = strcspn(text, "\n");
		buf_clear(&line);
		buf_add(&line, text, len);
		text_html(out, buf_text(&line));
		if (text[len] == '\n') {
			buf_char(out, '\n');
			len++;
		}
	}
	buf_str(out, "</pre>\n");
	out->failed = out->failed || line.failed;
	buf_fini(&line);
}

/* RFC 3986, unreserved characters; all else is escaped. */
void
page_url(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
page_link(struct buf *out, const char *path, const char *id, const char *text)
{
	buf_printf(out, "<a href=\"%s", path);
	page_url(out, id);
	buf_str(out, "\">");
	page_text(out, text);
	buf_str(out, "</a>");
}

void
page_time(struct buf *out, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	if (at == 0) {
		buf_str(out, "-");
		return;
	}
	utc_format(at, text);
	buf_printf(out, "<time datetime=\"%s\">%.10s %.5s</time>", text, text,
	    text + 11);
}

void
page_date(struct buf *out, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	if (at == 0)
		buf_str(out, "-");
	else
		buf_printf(out, "<time datetime=\"%s\">%s</time>",
		    utc_format_date(at, text), text);
}

void
page_span(struct buf *out, int64_t secs)
{
	const int64_t hours = secs / UTC_HOUR_SECS;

	if (secs < 120)
		buf_printf(out, "%" PRId64 " s", secs);
	else if (secs < INT64_C(2) * UTC_HOUR_SECS)
		buf_printf(out, "%" PRId64 " min", secs / 60);
	else if (hours < 48)
		buf_printf(out, "%" PRId64 " h", hours);
	else
		buf_printf(out, "%" PRId64 " days", hours / 24);
}

void
page_gib(struct buf *out, const struct exact *bytes, int digits)
{
	struct exact *x = exact_new();
	char *text;

	exact_set(x, bytes);
	exact_div_int(x, INT64_C(1) << 30);
	text = exact_fixed(x, digits);
	buf_str(out, text);
	free(text);
	exact_free(x);
}

void
page_badge(struct buf *out, const char *tone, const char *word)
{
	buf_printf(out, "<span class=\"badge %s\">", tone);
	page_text(out, word);
	buf_str(out, "</span>");
}

void
page_state(struct buf *out, const char *state, const char *reason)
{
	const char *tone = strcmp(state, "held") == 0	  ? "bad"
			   : strcmp(state, "closed") == 0 ? "good"
			   : strcmp(state, "draft") == 0  ? "warn"
							  : "";
	struct buf words = BUF_INIT;

	page_badge(out, tone, state);
	if (reason == NULL)
		return;
	for (; *reason != '\0'; reason++)
		buf_char(&words, *reason == '_' ? ' ' : *reason);
	buf_printf(out, " <span class=\"small\">%s</span>", buf_text(&words));
	out->failed = out->failed || words.failed;
	buf_fini(&words);
}
