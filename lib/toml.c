/*
 * toml.c - the parser of toml.h: one pass, no recursion but for the items of
 * an array. The text is checked to be UTF-8 without NUL first, so the pass
 * itself looks at single bytes; at the end it meets the NUL of its own copy.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toml.h"

static const char bare_key_chars[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-";

struct parser {
	const char *file;
	const char *at; /* NUL-terminated */
	unsigned line;
	struct toml *toml;
	struct err *err;
};

static bool refuse(struct parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
refuse(struct parser *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(
	    p->err, ERR_INPUT, "%.180s:%u: %s", p->file, p->line, text);
}

/* Length of the UTF-8 character at s, 0 when it is none (RFC 3629). */
static size_t
utf8_len(const unsigned char *s, size_t left)
{
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (left < len || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

static bool
check_text(struct parser *p, const char *text, size_t len)
{
	size_t i, step;

	for (i = 0; i < len; i += step) {
		step = utf8_len((const unsigned char *)text + i, len - i);
		if (step == 0)
			return refuse(p, "this is not valid UTF-8");
		if (text[i] == '\0')
			return refuse(p, "a NUL byte cannot stand here");
		if (text[i] == '\n')
			p->line++;
	}
	p->line = 1;
	return true;
}

static bool
is_control(char c)
{
	unsigned char u = (unsigned char)c;

	return (u < 0x20 && u != '\t') || u == 0x7f;
}

static void
skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

/* A comment up to, not over, the end of its line. */
static bool
skip_comment(struct parser *p)
{
	if (*p->at != '#')
		return true;
	for (; *p->at != '\0' && *p->at != '\n'; p->at++) {
		if (p->at[0] == '\r' && p->at[1] == '\n')
			break;
		if (is_control(*p->at))
			return refuse(
			    p, "a control character cannot stand here");
	}
	return true;
}

/* Over one line end; false when there is none. */
static bool
skip_newline(struct parser *p)
{
	size_t len = p->at[0] == '\n'			    ? 1
		     : p->at[0] == '\r' && p->at[1] == '\n' ? 2
							    : 0;

	p->at += len;
	p->line += len > 0;
	return len > 0;
}

/* After a value or a header nothing but a comment may follow. */
static bool
end_line(struct parser *p, const char *behind)
{
	skip_blanks(p);
	if (!skip_comment(p))
		return false;
	if (*p->at == '\0' || skip_newline(p))
		return true;
	return refuse(p, "unexpected text behind %s", behind);
}

/* Blanks, comments and line ends. */
static bool
skip_lines(struct parser *p)
{
	do {
		skip_blanks(p);
		if (!skip_comment(p))
			return false;
	} while (skip_newline(p));
	return true;
}

/* --- strings ------------------------------------------------------------- */
static void
add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

static bool
take_unicode(struct parser *p, size_t digits, struct buf *out)
{
	char hex[9] = "";
	uint32_t c;
	size_t i;

	for (i = 0; i < digits; i++) {
		hex[i] = p->at[i];
		if (hex[i] == '\0' ||
		    strchr("0123456789abcdefABCDEF", hex[i]) == NULL)
			return refuse(p, "\\%c needs %zu hexadecimal digits",
			    digits == 4 ? 'u' : 'U', digits);
	}
	c = (uint32_t)strtoul(hex, NULL, 16);
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return refuse(p, "%s is no character", hex);
	add_utf8(out, c);
	p->at += digits;
	return true;
}

/* Behind a backslash. */
static bool
take_escape(struct parser *p, struct buf *out)
{
	static const char letters[] = "btnfr\"\\";
	static const char bytes[] = "\b\t\n\f\r\"\\";
	const char *found;
	char letter = *p->at;

	found = letter != '\0' ? strchr(letters, letter) : NULL;
	if (found != NULL) {
		buf_char(out, bytes[found - letters]);
		p->at++;
		return true;
	}
	if (letter == 'u' || letter == 'U') {
		p->at++;
		return take_unicode(p, letter == 'u' ? 4 : 8, out);
	}
	return refuse(p, "unknown escape: a backslash itself is written twice");
}

/* Bytes between the quotes, an escape counted as it is written. */
static size_t
string_len(const char *quote)
{
	const char *at = quote + 1;

	for (; *at != '\0' && *at != '\n' && *at != *quote; at++) {
		if (*quote == '"' && at[0] == '\\' && at[1] != '\0')
			at++;
	}
	return (size_t)(at - quote - 1);
}

/* A basic or a literal string; p->at is on its first quote. */
static bool
take_string(struct parser *p, struct toml_value *value)
{
	struct buf out = BUF_INIT;
	char quote = *p->at;
	bool ok = true;

	if (p->at[1] == quote && p->at[2] == quote)
		return refuse(p,
		    "multi-line strings (%c%c%c) are not supported here", quote,
		    quote, quote);
	/* Reserving all of it keeps copies of a secret out of freed memory. */
	if (!buf_reserve(&out, string_len(p->at)))
		return err_nomem(p->err);
	for (p->at++; ok && *p->at != quote;) {
		if (*p->at == '\0' || *p->at == '\n' || *p->at == '\r') {
			ok = refuse(p, "the string has no closing %c", quote);
		} else if (is_control(*p->at)) {
			ok = refuse(p,
			    "a string cannot hold a control character as it "
			    "is; write it as \\u%04x in double quotes",
			    (unsigned)(unsigned char)*p->at);
		} else if (*p->at == '\\' && quote == '"') {
			p->at++;
			ok = take_escape(p, &out);
		} else {
			buf_char(&out, *p->at++);
		}
	}
	if (ok) {
		p->at++;
		value->type = TOML_STRING;
		value->string = buf_take(&out);
		ok = value->string != NULL || err_nomem(p->err);
	}
	buf_fini(&out);
	return ok;
}

/* --- the other values ---------------------------------------------------- */
/* The word up to a blank, a comma, a bracket, a comment or the line's end. */
static size_t
word_len(const char *at)
{
	return strcspn(at, " \t\r\n,]}#");
}

static bool
is_decimal(const char *word, size_t len)
{
	size_t i = *word == '+' || *word == '-';

	if (i == len)
		return false;
	if (word[i] == '0' && len > i + 1)
		return false;
	for (; i < len; i++) {
		if (word[i] == '_') {
			/* Only between digits. */
			if (i == 0 || i + 1 == len || word[i - 1] < '0' ||
			    word[i - 1] > '9' || word[i + 1] < '0' ||
			    word[i + 1] > '9')
				return false;
		} else if (word[i] < '0' || word[i] > '9') {
			return false;
		}
	}
	return true;
}

static bool
take_int(
    struct parser *p, const char *word, size_t len, struct toml_value *value)
{
	char digits[24];
	size_t i, n = 0;

	for (i = 0; i < len && n < sizeof digits - 1; i++) {
		if (word[i] != '_')
			digits[n++] = word[i];
	}
	digits[n] = '\0';
	errno = 0;
	value->type = TOML_INT;
	value->integer = strtoll(digits, NULL, 10);
	if (errno != 0 || i < len)
		return refuse(p, "the number is larger than 64 bits");
	return true;
}

static bool
word_is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

/* Says what stands there instead of a value that we know. */
static bool
refuse_value(struct parser *p, const char *word, size_t len)
{
	if (*word == '{')
		return refuse(p, "inline tables are not supported here");
	if (*word == '[')
		return refuse(p, "arrays inside arrays are not supported here");
	if (len == 0)
		return refuse(p, "a value is missing");
	if (strchr("0123456789+-", *word) != NULL)
		return refuse(p,
		    "%.*s is not a plain decimal integer; put anything else "
		    "in quotes",
		    (int)(len < 60 ? len : 60), word);
	return refuse(p, "a value is a string in quotes, an integer, true, "
			 "false or an array of these");
}

static bool
take_single(struct parser *p, struct toml_value *value)
{
	const char *word = p->at;
	size_t len = word_len(word);

	value->line = p->line;
	if (*word == '"' || *word == '\'')
		return take_string(p, value);
	if (word_is(word, len, "true") || word_is(word, len, "false")) {
		value->type = TOML_BOOL;
		value->boolean = *word == 't';
	} else if (len > 0 && is_decimal(word, len)) {
		if (!take_int(p, word, len, value))
			return false;
	} else {
		return refuse_value(p, word, len);
	}
	p->at += len;
	return true;
}

/* A zeroed item at the end of an array of count items. */
static void *
grow(void *items, size_t count, size_t size)
{
	char *grown = NULL;

	/* Doubles whenever count is a power of two. */
	if ((count & (count - 1)) != 0 && count > 0)
		grown = items;
	else
		grown = reallocarray(items, count > 0 ? 2 * count : 1, size);
	if (grown != NULL)
		memset(grown + count * size, 0, size);
	return grown;
}

static bool
take_item(struct parser *p, struct toml_value *array)
{
	struct toml_value *items =
	    grow(array->items, array->count, sizeof *items);

	if (items == NULL)
		return err_nomem(p->err);
	array->items = items;
	return take_single(p, &array->items[array->count++]);
}

static bool
take_array(struct parser *p, struct toml_value *array)
{
	array->type = TOML_ARRAY;
	array->line = p->line;
	p->at++;
	for (;;) {
		if (!skip_lines(p))
			return false;
		if (*p->at == ']')
			break;
		if (*p->at == '\0')
			return refuse(p, "the array has no closing ]");
		if (!take_item(p, array) || !skip_lines(p))
			return false;
		if (*p->at == ',')
			p->at++;
		else if (*p->at != ']')
			return refuse(p, "a comma or ] is missing");
	}
	p->at++;
	return true;
}

/* --- keys and tables ------------------------------------------------------ */
/* A bare name; what says which one is missing. Yours; NULL with err. */
static char *
take_name(struct parser *p, const char *what)
{
	size_t len = strspn(p->at, bare_key_chars);
	char *name;

	if (*p->at == '"' || *p->at == '\'') {
		refuse(p, "names in quotes are not supported here");
		return NULL;
	}
	if (len == 0) {
		refuse(p, "%s is missing", what);
		return NULL;
	}
	name = strndup(p->at, len);
	if (name == NULL)
		err_nomem(p->err);
	p->at += len;
	skip_blanks(p);
	if (name != NULL && *p->at == '.') {
		refuse(p, "names with dots are not supported here");
		free(name);
		name = NULL;
	}
	return name;
}

static bool
add_table(struct parser *p, char *name, bool element)
{
	struct toml_table *tables =
	    grow(p->toml->tables, p->toml->count, sizeof *tables);

	if (name == NULL || tables == NULL) {
		p->toml->tables = tables != NULL ? tables : p->toml->tables;
		free(name);
		return err_nomem(p->err);
	}
	p->toml->tables = tables;
	tables += p->toml->count++;
	tables->name = name;
	tables->element = element;
	tables->line = p->line;
	return true;
}

static bool
check_table(struct parser *p, const char *name, bool element)
{
	const struct toml_table *same = toml_find(p->toml, name);
	const struct toml_value *value = toml_get(p->toml->tables, name);

	if (value != NULL)
		return refuse(p, "%.60s is already a value in line %u", name,
		    value->line);
	if (same != NULL && !(same->element && element))
		return refuse(p, "the table %.60s is there already, in line %u",
		    name, same->line);
	return true;
}

/* [name] or [[name]] */
static bool
take_header(struct parser *p)
{
	bool element = p->at[1] == '[';
	char *name;

	p->at += element ? 2 : 1;
	skip_blanks(p);
	name = take_name(p, "the name of the table");
	if (name == NULL)
		return false;
	if (p->at[0] != ']' || (element && p->at[1] != ']')) {
		free(name);
		return refuse(p, "%s is missing", element ? "]]" : "]");
	}
	p->at += element ? 2 : 1;
	if (!check_table(p, name, element)) {
		free(name);
		return false;
	}
	return add_table(p, name, element) && end_line(p, "the table's name");
}

static struct toml_pair *
add_pair(struct parser *p, struct toml_table *table, char *key)
{
	struct toml_pair *pairs =
	    grow(table->pairs, table->count, sizeof *pairs);

	if (pairs == NULL) {
		free(key);
		err_nomem(p->err);
		return NULL;
	}
	table->pairs = pairs;
	pairs += table->count++;
	pairs->key = key;
	pairs->value.line = p->line;
	return pairs;
}

/* key = value */
static bool
take_pair(struct parser *p)
{
	struct toml_table *table = &p->toml->tables[p->toml->count - 1];
	const struct toml_value *same;
	struct toml_pair *pair;
	char *key = take_name(p, "a name");

	if (key == NULL)
		return false;
	same = toml_get(table, key);
	if (same != NULL) {
		refuse(p, "%.60s was set already, in line %u", key, same->line);
		free(key);
		return false;
	}
	pair = add_pair(p, table, key);
	if (pair == NULL)
		return false;
	if (*p->at != '=')
		return refuse(p, "= is missing behind %.60s", pair->key);
	p->at++;
	skip_blanks(p);
	if (!(*p->at == '[' ? take_array(p, &pair->value)
			    : take_single(p, &pair->value)))
		return false;
	return end_line(p, "the value");
}

static bool
take_all(struct parser *p)
{
	if (!add_table(p, strdup(""), false))
		return false;
	for (;;) {
		if (!skip_lines(p))
			return false;
		if (*p->at == '\0')
			return true;
		if (!(*p->at == '[' ? take_header(p) : take_pair(p)))
			return false;
	}
}

bool
toml_parse(const char *file, const char *text, size_t len, struct toml *out,
    struct err *err)
{
	struct parser p = {.file = file, .line = 1, .toml = out, .err = err};
	struct buf copy = BUF_INIT;
	bool ok;

	*out = (struct toml)TOML_INIT;
	buf_add(&copy, text, len);
	if (copy.failed)
		return err_nomem(err);
	p.at = buf_text(&copy);
	ok = check_text(&p, text, len) && take_all(&p);
	if (!ok)
		toml_fini(out);
	if (copy.data != NULL)
		explicit_bzero(copy.data, copy.cap);
	buf_fini(&copy);
	return ok;
}

/* --- what came out -------------------------------------------------------- */
static void
wipe_string(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
fini_pair(struct toml_pair *pair)
{
	size_t i;

	for (i = 0; i < pair->value.count; i++)
		wipe_string(pair->value.items[i].string);
	free(pair->value.items);
	wipe_string(pair->value.string);
	free(pair->key);
}

void
toml_fini(struct toml *toml)
{
	size_t i, j;

	for (i = 0; i < toml->count; i++) {
		for (j = 0; j < toml->tables[i].count; j++)
			fini_pair(&toml->tables[i].pairs[j]);
		free(toml->tables[i].pairs);
		free(toml->tables[i].name);
	}
	free(toml->tables);
	*toml = (struct toml)TOML_INIT;
}

const struct toml_value *
toml_get(const struct toml_table *table, const char *key)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		if (strcmp(table->pairs[i].key, key) == 0)
			return &table->pairs[i].value;
	}
	return NULL;
}

const struct toml_table *
toml_find(const struct toml *toml, const char *name)
{
	size_t i;

	for (i = 0; i < toml->count; i++) {
		if (strcmp(toml->tables[i].name, name) == 0)
			return &toml->tables[i];
	}
	return NULL;
}

const char *
toml_type_name(enum toml_type type)
{
	static const char *const names[] = {
	    [TOML_STRING] = "string",
	    [TOML_INT] = "integer",
	    [TOML_BOOL] = "boolean",
	    [TOML_ARRAY] = "array",
	};

	return names[type];
}

bool
toml_is_utf8(const char *text)
{
	size_t left, step;

	for (left = strlen(text); left > 0; left -= step, text += step) {
		step = utf8_len((const unsigned char *)text, left);
		if (step == 0)
			return false;
	}
	return true;
}

void
toml_write_string(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			buf_char(out, '\\');
			buf_char(out, *text);
		} else if (is_control(*text)) {
			buf_printf(
			    out, "\\u%04X", (unsigned)(unsigned char)*text);
		} else {
			buf_char(out, *text);
		}
	}
	buf_char(out, '"');
}
