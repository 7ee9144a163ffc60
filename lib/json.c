/*
 * json.c - the only door to cJSON; and a writer that needs no library.
 *
 * cJSON alone takes what JSON is not (007, raw control characters, the same
 * name twice, bytes that are not UTF-8) and cuts a string at \u0000, so a text
 * has to pass jsonscan first. It knows numbers as doubles only: integers are
 * taken where those are exact, and written here without it. A struct json is
 * a cJSON under another name; nothing is allocated around it.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "jsonscan.h"
#include "utc.h"

static const double MAX_EXACT = 9007199254740991.0; /* 2^53 - 1 */

static const cJSON *
node(const struct json *v)
{
	return (const cJSON *)(const void *)v;
}

static const struct json *
value(const cJSON *n)
{
	return (const struct json *)(const void *)n;
}

/* --- reading --- */

static bool
check(const char *text, size_t len, struct err *err)
{
	struct jsonscan s;
	struct jsonscan_value v;
	bool ok;

	jsonscan_open(&s, text, len, JSON_MAX_DEPTH);
	ok =
	    jsonscan_value(&s, &v) && jsonscan_skip(&s, &v) && jsonscan_end(&s);
	if (!ok)
		jsonscan_error(&s, err);
	else if (s.nul_seen)
		ok = err_set(err, ERR_INPUT, "\\u0000 is not taken");
	jsonscan_close(&s);
	return ok;
}

struct json *
json_parse(const char *text, size_t len, struct err *err)
{
	cJSON *root;

	if (!check(text, len, err))
		return NULL;
	root = cJSON_ParseWithLength(text, len);
	if (root == NULL)
		err_nomem(err);
	return (struct json *)(void *)root;
}

void
json_free(struct json *document)
{
	cJSON_Delete((cJSON *)(void *)document);
}

bool
json_is_object(const struct json *v)
{
	return cJSON_IsObject(node(v));
}

bool
json_is_array(const struct json *v)
{
	return cJSON_IsArray(node(v));
}

bool
json_is_null(const struct json *v)
{
	return cJSON_IsNull(node(v));
}

const struct json *
json_member(const struct json *v, const char *name)
{
	if (!json_is_object(v))
		return NULL;
	return value(cJSON_GetObjectItemCaseSensitive(node(v), name));
}

const struct json *
json_first(const struct json *v)
{
	return v != NULL ? value(node(v)->child) : NULL;
}

const struct json *
json_next(const struct json *v)
{
	return v != NULL ? value(node(v)->next) : NULL;
}

const char *
json_name(const struct json *v)
{
	return v != NULL ? node(v)->string : NULL;
}

bool
json_as_string(const struct json *v, const char **out)
{
	if (!cJSON_IsString(node(v)))
		return false;
	*out = node(v)->valuestring;
	return true;
}

bool
json_as_bool(const struct json *v, bool *out)
{
	if (!cJSON_IsBool(node(v)))
		return false;
	*out = cJSON_IsTrue(node(v));
	return true;
}

bool
json_as_int(const struct json *v, int64_t *out)
{
	double number;

	if (!cJSON_IsNumber(node(v)))
		return false;
	number = node(v)->valuedouble;
	if (!(number >= -MAX_EXACT && number <= MAX_EXACT))
		return false;
	if ((double)(int64_t)number != number)
		return false;
	*out = (int64_t)number;
	return true;
}

static bool
is_given(const struct json *v)
{
	return v != NULL && !json_is_null(v);
}

bool
json_get_string(const struct json *object, const char *name, const char **out,
    struct err *err)
{
	const struct json *v = json_member(object, name);

	if (!is_given(v) || json_as_string(v, out))
		return true;
	return err_set(err, ERR_INPUT, "%s: must be a string", name);
}

bool
json_get_bool(
    const struct json *object, const char *name, bool *out, struct err *err)
{
	const struct json *v = json_member(object, name);

	if (!is_given(v) || json_as_bool(v, out))
		return true;
	return err_set(err, ERR_INPUT, "%s: must be true or false", name);
}

bool
json_get_int(
    const struct json *object, const char *name, int64_t *out, struct err *err)
{
	const struct json *v = json_member(object, name);

	if (!is_given(v) || json_as_int(v, out))
		return true;
	return err_set(
	    err, ERR_INPUT, "%s: must be a whole number up to 2^53-1", name);
}

/* --- writing --- */

static void
put_escaped(struct buf *out, unsigned char c)
{
	static const char letters[] = "btn\0fr"; /* from 08 on */

	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", c);
	else if (c >= 8 && c <= 13 && letters[c - 8] != '\0')
		buf_printf(out, "\\%c", letters[c - 8]);
	else
		buf_printf(out, "\\u%04x", c);
}

void
json_quote(struct buf *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *plain = text;
	size_t step;

	buf_char(out, '"');
	while (p < end) {
		step = jsonscan_utf8(p, end);
		if (step > 1 || (step == 1 && (unsigned char)*p >= 0x20 &&
				    *p != '"' && *p != '\\' && *p != 0x7f)) {
			p += step;
			continue;
		}
		buf_add(out, plain, (size_t)(p - plain));
		if (step == 0)
			buf_str(out, "\xef\xbf\xbd");
		else
			put_escaped(out, (unsigned char)*p);
		plain = ++p;
	}
	buf_add(out, plain, (size_t)(p - plain));
	buf_char(out, '"');
}

static void
new_line(struct json_writer *w)
{
	unsigned i;

	if (w->style == JSON_COMPACT)
		return;
	buf_char(w->out, '\n');
	for (i = 0; i < w->depth; i++)
		buf_str(w->out, "  ");
}

/* All that stands before a value: comma, line, name. */
static void
begin(struct json_writer *w, const char *name)
{
	assert(w->depth > 0 || w->fresh);
	assert((name != NULL) ==
	       (w->depth > 0 && (w->objects >> w->depth & 1) != 0));
	if (!w->fresh)
		buf_char(w->out, ',');
	if (w->depth > 0)
		new_line(w);
	w->fresh = false;
	if (name == NULL)
		return;
	json_quote(w->out, name, strlen(name));
	buf_str(w->out, w->style == JSON_COMPACT ? ":" : ": ");
}

static void
open_level(struct json_writer *w, const char *name, bool object)
{
	uint64_t bit;

	begin(w, name);
	assert(w->depth < JSON_MAX_DEPTH);
	w->depth++;
	bit = UINT64_C(1) << w->depth;
	w->objects = object ? w->objects | bit : w->objects & ~bit;
	w->fresh = true;
	buf_char(w->out, object ? '{' : '[');
}

void
json_write(struct json_writer *w, struct buf *out, enum json_style style)
{
	*w = (struct json_writer){.out = out, .style = style, .fresh = true};
}

void
json_put_object(struct json_writer *w, const char *name)
{
	open_level(w, name, true);
}

void
json_put_array(struct json_writer *w, const char *name)
{
	open_level(w, name, false);
}

void
json_put_end(struct json_writer *w)
{
	bool object = (w->objects >> w->depth & 1) != 0;

	assert(w->depth > 0);
	w->depth--;
	if (!w->fresh)
		new_line(w);
	w->fresh = false;
	buf_char(w->out, object ? '}' : ']');
}

void
json_put_string(struct json_writer *w, const char *name, const char *text)
{
	json_put_text(w, name, text, text != NULL ? strlen(text) : 0);
}

void
json_put_text(
    struct json_writer *w, const char *name, const char *text, size_t len)
{
	if (text == NULL) {
		json_put_null(w, name);
		return;
	}
	begin(w, name);
	json_quote(w->out, text, len);
}

void
json_put_bool(struct json_writer *w, const char *name, bool yes)
{
	json_put_raw(w, name, yes ? "true" : "false");
}

void
json_put_null(struct json_writer *w, const char *name)
{
	json_put_raw(w, name, "null");
}

void
json_put_int(struct json_writer *w, const char *name, int64_t number)
{
	begin(w, name);
	buf_printf(w->out, "%" PRId64, number);
}

void
json_put_int_string(struct json_writer *w, const char *name, int64_t number)
{
	begin(w, name);
	buf_printf(w->out, "\"%" PRId64 "\"", number);
}

void
json_put_time(struct json_writer *w, const char *name, int64_t at)
{
	char text[UTC_TEXT_SIZE];

	json_put_string(w, name, utc_format(at, text));
}

void
json_put_raw(struct json_writer *w, const char *name, const char *json)
{
	begin(w, name);
	buf_str(w->out, json);
}
