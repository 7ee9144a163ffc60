/*
 * read_table.c - rows of cells, and the pages of lists. In: cells, keys. Out:
 * the body of a reply, and its header Link.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utc.h"
#include "read_table.h"

enum {
	CURSOR_SIZE = 2 * READ_KEY_SIZE,
};

/* Where every integer is exact in a reader's floating point. */
#define MAX_NUMBER ((INT64_C(1) << 53) - 1)

/* --- cursors --- */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* base64url without padding (RFC 4648, 5). */
static void
encode_cursor(const char *key, char out[CURSOR_SIZE])
{
	size_t len = strlen(key), at = 0;
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (unsigned char)key[i];
		have += 8;
		for (; have >= 6; have -= 6)
			out[at++] = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		out[at++] = digits[bits << (6 - have) & 63];
	out[at] = '\0';
}

static bool
decode_cursor(const char *text, char out[READ_KEY_SIZE])
{
	uint32_t bits = 0;
	size_t at = 0;
	int have = 0;

	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[at] = (char)(unsigned char)(bits >> have & 255);
		if (out[at] == '\0' || ++at == READ_KEY_SIZE)
			return false;
	}
	out[at] = '\0';
	return at > 0 && have < 6 && (bits & ((1u << have) - 1)) == 0;
}

/* --- pages --- */

static bool
parse_limit(const char *text, int64_t *out)
{
	size_t len = strlen(text);

	if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return *out >= 1 && *out <= READ_MAX_PAGE;
}

bool
read_page_parse(const struct read_call *call, struct read_reply *reply,
    struct read_page *page)
{
	const char *limit = read_param(call, "limit");
	const char *cursor = read_param(call, "cursor");

	*page = (struct read_page){.limit = READ_PAGE};
	if (limit != NULL && !parse_limit(limit, &page->limit))
		return !read_bad(
		    reply, "limit is a number from 1 to %d", READ_MAX_PAGE);
	if (cursor != NULL && !decode_cursor(cursor, page->after))
		return !read_bad(
		    reply, "cursor is what \"next\" of the page before says");
	return true;
}

bool
read_page_takes(struct read_page *page, const char *key)
{
	if (page->more || strcmp(key, page->after) <= 0)
		return false;
	if (page->limit > 0 && page->count == page->limit) {
		page->more = true;
		return false;
	}
	page->count++;
	snprintf(page->last, sizeof page->last, "%s", key);
	return true;
}

/* The same question with another cursor. */
static void
add_link(
    struct read_reply *reply, const struct read_call *call, const char *cursor)
{
	struct buf link = BUF_INIT;
	const char *p = call->query;
	size_t len;

	buf_printf(&link, "<%s?", call->path);
	for (; *p != '\0'; p += len + (p[len] == '&')) {
		len = strcspn(p, "&");
		if (len == 0 || strncmp(p, "cursor=", 7) == 0)
			continue;
		for (size_t i = 0; i < len; i++)
			if (p[i] == '<' || p[i] == '>' || p[i] == '"')
				buf_printf(&link, "%%%02X", p[i]);
			else
				buf_char(&link, p[i]);
		buf_char(&link, '&');
	}
	buf_printf(&link, "cursor=%s>; rel=\"next\"", cursor);
	read_header(reply, "Link", buf_text(&link));
	if (link.failed)
		reply->headers.failed = true;
	buf_fini(&link);
}

/* --- rows --- */

void
read_table_begin(struct read_table *t, const struct read_call *call,
    struct read_reply *reply, const char *name, const char *const *columns)
{
	*t = (struct read_table){.reply = reply,
	    .call = call,
	    .columns = columns,
	    .record = name == NULL};
	if (call->format == READ_JSON) {
		json_write(&t->json, &reply->body, JSON_COMPACT);
		json_put_object(&t->json, NULL);
		if (!t->record)
			json_put_array(&t->json, name);
		return;
	}
	for (size_t i = 0; columns[i] != NULL; i++)
		buf_printf(&reply->body, "%s%s", i > 0 ? "," : "", columns[i]);
	buf_str(&reply->body, "\r\n");
}

/* The name of the cell at hand, in JSON; what stands before it, in CSV. */
static const char *
begin_cell(struct read_table *t)
{
	if (t->call->format == READ_JSON && t->cell == 0 && !t->record)
		json_put_object(&t->json, NULL);
	else if (t->call->format != READ_JSON && t->cell > 0)
		buf_char(&t->reply->body, ',');
	return t->columns[t->cell];
}

static void
end_cell(struct read_table *t)
{
	if (t->columns[++t->cell] != NULL)
		return;
	t->cell = 0;
	if (t->call->format == READ_JSON && !t->record)
		json_put_end(&t->json);
	else if (t->call->format != READ_JSON)
		buf_str(&t->reply->body, "\r\n");
}

void
read_table_text(struct read_table *t, const char *value)
{
	const char *name = begin_cell(t);

	if (t->call->format == READ_JSON)
		json_put_string(&t->json, name, value);
	else if (value != NULL)
		text_csv(&t->reply->body, value);
	end_cell(t);
}

void
read_table_int(struct read_table *t, int64_t value)
{
	const char *name = begin_cell(t);

	if (t->call->format == READ_JSON)
		json_put_int(&t->json, name, value);
	else
		buf_printf(&t->reply->body, "%lld", (long long)value);
	end_cell(t);
}

void
read_table_bool(struct read_table *t, bool yes)
{
	const char *name = begin_cell(t);

	if (t->call->format == READ_JSON)
		json_put_bool(&t->json, name, yes);
	else
		buf_str(&t->reply->body, yes ? "yes" : "no");
	end_cell(t);
}

/* One below zero is no formula, so it gets no apostrophe. */
void
read_table_decimal(struct read_table *t, const char *value)
{
	const char *name = begin_cell(t);

	if (t->call->format == READ_JSON)
		json_put_string(&t->json, name, value);
	else if (value != NULL)
		buf_str(&t->reply->body, value);
	end_cell(t);
}

void
read_put_size(struct json_writer *w, const char *name, int64_t bytes)
{
	if (bytes <= MAX_NUMBER)
		json_put_int(w, name, bytes);
	else
		json_put_int_string(w, name, bytes);
}

void
read_table_size(struct read_table *t, int64_t bytes)
{
	if (t->call->format != READ_JSON) {
		read_table_int(t, bytes);
		return;
	}
	read_put_size(&t->json, begin_cell(t), bytes);
	end_cell(t);
}

void
read_table_time(struct read_table *t, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	if (at == 0)
		read_table_none(t);
	else
		read_table_text(t, utc_format(at, text));
}

void
read_table_none(struct read_table *t)
{
	read_table_text(t, NULL);
}

void
read_table_raw(struct read_table *t, const char *json)
{
	const char *name = begin_cell(t);

	if (t->call->format == READ_JSON)
		json_put_raw(&t->json, name, json);
	else
		text_csv(&t->reply->body, json);
	end_cell(t);
}

void
read_table_end(struct read_table *t, const struct read_page *page)
{
	char cursor[CURSOR_SIZE];
	bool more = page != NULL && page->more;

	if (more) {
		encode_cursor(page->last, cursor);
		add_link(t->reply, t->call, cursor);
	}
	if (t->call->format != READ_JSON)
		return;
	if (!t->record)
		json_put_end(&t->json);
	if (page != NULL)
		json_put_string(&t->json, "next", more ? cursor : NULL);
	json_put_end(&t->json);
	buf_char(&t->reply->body, '\n');
}
