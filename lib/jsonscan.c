/*
 * jsonscan.c - the strict pull reader of jsonscan.h.
 *
 * Comes in: bytes. Goes out: slices of them, one value or name per call, or
 * a sentence and the offset of the first byte that is wrong. Every byte is
 * looked at once; strings eight at a time.
 *
 * Names are looked up in one small hash table for all open objects. Its
 * entries are a stack: leaving an object takes off its own entries, which
 * are then the first ones of their buckets. The hash is keyed with random
 * bytes that the kernel gave this process, so a sender cannot aim at one
 * bucket.
 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "jsonscan.h"

enum {
	WORD = 8
};

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

static bool
fail_at(struct jsonscan *s, const char *pos, const char *why)
{
	if (s->fault == NULL) {
		s->fault = why;
		s->fault_pos = pos;
		s->pos = s->end;
	}
	return false;
}

static bool
fail_memory(struct jsonscan *s)
{
	s->no_memory = true;
	return fail_at(s, s->pos, "out of memory");
}

void
jsonscan_open(
    struct jsonscan *s, const char *text, size_t len, unsigned max_depth)
{
	const void *random = (const void *)getauxval(AT_RANDOM);

	assert(max_depth >= 1 && max_depth <= JSONSCAN_MAX_DEPTH);
	memset(s, 0, offsetof(struct jsonscan, outer));
	memset(s->buckets, 0, sizeof s->buckets);
	s->text = s->pos = len > 0 ? text : "";
	s->end = s->text + len;
	s->max_depth = max_depth;
	s->entries = s->inline_entries;
	s->entry_cap = JSONSCAN_OPEN_NAMES;
	if (random != NULL) /* the first half guards the stack */
		memcpy(&s->seed, (const char *)random + WORD, sizeof s->seed);
	if (len > UINT32_MAX)
		fail_at(s, text, "4 GiB and more are not read");
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		fail_at(s, text, "a byte order mark may not be sent");
}

void
jsonscan_close(struct jsonscan *s)
{
	if (s->entries != s->inline_entries)
		free(s->entries);
	buf_fini(&s->escaped_names);
}

bool
jsonscan_failed(const struct jsonscan *s)
{
	return s->fault != NULL;
}

bool
jsonscan_error(const struct jsonscan *s, struct err *err)
{
	if (s->no_memory)
		return err_nomem(err);
	return err_set(err, ERR_INPUT, "byte %zu: %s",
	    (size_t)(s->fault_pos - s->text), s->fault);
}

/* --- characters --- */

/* The well-formed byte sequences of Unicode, table 3-7: what the second byte
 * may be depends on the first, the others are 80..BF. */
size_t
jsonscan_utf8(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t left = (size_t)(end - p), len;
	unsigned low = 0x80, high = 0xbf;

	if (left == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (left < len || u[1] < low || u[1] > high)
		return 0;
	if (len > 2 && (u[2] & 0xc0) != 0x80)
		return 0;
	if (len > 3 && (u[3] & 0xc0) != 0x80)
		return 0;
	return len;
}

static uint64_t
load_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, WORD);
	return le64toh(word);
}

/* Marks the high bit of each byte of word that is below 20 or above 7F, a
 * quote or a backslash. A borrow can set marks above the lowest one, which is
 * exact, and only that one is used. */
static uint64_t
mark_special(uint64_t word)
{
	uint64_t control = word - EACH_BYTE(0x20);
	uint64_t quote = (word ^ EACH_BYTE('"')) - EACH_BYTE(1);
	uint64_t backslash = (word ^ EACH_BYTE('\\')) - EACH_BYTE(1);

	return (control | quote | backslash | word) & EACH_BYTE(0x80);
}

/* The first byte from p on that is not plain text within a string. */
static const char *
skip_plain(const char *p, const char *end)
{
	uint64_t marks;

	for (; end - p >= WORD; p += WORD) {
		marks = mark_special(load_word(p));
		if (marks != 0)
			return p + __builtin_ctzll(marks) / 8;
	}
	for (; p < end; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x80 ||
		    *p == '"' || *p == '\\')
			break;
	return p;
}

/* The value of four hexadecimal digits, or -1. */
static int
read_hex4(const char *p, const char *end)
{
	unsigned digit, letter;
	int i, value = 0;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		digit = (unsigned)(unsigned char)p[i] - '0';
		letter = ((unsigned)(unsigned char)p[i] | 0x20) - 'a';
		if (digit > 9 && letter > 5)
			return -1;
		value = value * 16 + (int)(digit <= 9 ? digit : letter + 10);
	}
	return value;
}

/* Checks the escape at p, a backslash, and returns what follows it; NULL
 * after fail_at. */
static const char *
check_escape(struct jsonscan *s, const char *p)
{
	int unit;

	if (s->end - p >= 2 && p[1] != '\0' &&
	    strchr("\"\\/bfnrt", p[1]) != NULL)
		return p + 2;
	if (s->end - p < 2 || p[1] != 'u') {
		fail_at(s, p, "an escape that JSON does not have");
		return NULL;
	}
	unit = read_hex4(p + 2, s->end);
	if (unit < 0) {
		fail_at(s, p, "\\u needs four hexadecimal digits");
		return NULL;
	}
	s->nul_seen |= unit == 0;
	if (unit < 0xd800 || unit > 0xdfff)
		return p + 6;
	if (unit <= 0xdbff && s->end - p >= 8 && p[6] == '\\' && p[7] == 'u') {
		unit = read_hex4(p + 8, s->end);
		if (unit >= 0xdc00 && unit <= 0xdfff)
			return p + 12;
	}
	fail_at(s, p, "half of a surrogate pair");
	return NULL;
}

/* Reads a string from behind its opening quote to behind its closing one. */
static bool
read_string(struct jsonscan *s, struct jsonscan_value *out)
{
	const char *p = s->pos;
	size_t len;

	out->type = JSONSCAN_STRING;
	out->escaped = false;
	out->text = p;
	for (;;) {
		p = skip_plain(p, s->end);
		if (p == s->end)
			return fail_at(s, p, "the text ends within a string");
		if (*p == '"')
			break;
		if (*p == '\\') {
			out->escaped = true;
			p = check_escape(s, p);
			if (p == NULL)
				return false;
		} else if ((unsigned char)*p < 0x20) {
			return fail_at(
			    s, p, "a control character must be escaped");
		} else {
			len = jsonscan_utf8(p, s->end);
			if (len == 0)
				return fail_at(s, p, "not UTF-8");
			p += len;
		}
	}
	out->len = (size_t)(p - out->text);
	s->pos = p + 1;
	return true;
}

static char *
put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

/* Resolves the escape whose backslash is at *from, and moves both. */
static void
resolve_escape(const char **from, const char *end, char **to)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *p = *from + 1, *letter;
	unsigned unit, low;

	if (*p != 'u') {
		letter = strchr(letters, *p);
		if (letter != NULL)
			*(*to)++ = meanings[letter - letters];
		else
			*(*to)++ = *p;
		*from = p + 1;
		return;
	}
	unit = (unsigned)read_hex4(p + 1, end);
	*from = p + 5;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		low = (unsigned)read_hex4(p + 7, end);
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
		*from = p + 11;
	}
	*to = put_utf8(*to, unit);
}

void
jsonscan_unescape(const struct jsonscan_value *v, struct buf *out)
{
	const char *p = v->text, *end = v->text + v->len, *stop;
	char *to;

	if (!buf_reserve(out, v->len))
		return;
	to = out->data + out->len;
	while (p < end) {
		stop = memchr(p, '\\', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		memcpy(to, p, (size_t)(stop - p));
		to += stop - p;
		p = stop;
		if (p < end)
			resolve_escape(&p, end, &to);
	}
	*to = '\0';
	out->len = (size_t)(to - out->data);
}

/* --- names --- */

__extension__ typedef unsigned __int128 wide;

/* Both halves of a 128-bit product, as in wyhash (Wang Yi, public domain). */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t
load_half(const char *p)
{
	uint32_t half;

	memcpy(&half, p, sizeof half);
	return half;
}

static uint32_t
hash_name(uint64_t seed, const char *text, size_t len)
{
	const uint64_t odd1 = UINT64_C(0xa0761d6478bd642f);
	const uint64_t odd2 = UINT64_C(0xe7037ed1a0b428db);
	uint64_t h = seed ^ odd1, last;
	size_t i;

	for (i = 0; len - i > WORD; i += WORD)
		h = mix(load_word(text + i) ^ odd2, h);
	if (len >= WORD)
		last = load_word(text + len - WORD);
	else if (len >= 4)
		last =
		    (uint64_t)load_half(text) << 32 | load_half(text + len - 4);
	else if (len > 0)
		last = (uint64_t)(unsigned char)text[0] << 16 |
		       (uint64_t)(unsigned char)text[len / 2] << 8 |
		       (unsigned char)text[len - 1];
	else
		last = 0;
	return (uint32_t)mix(mix(last ^ odd2, h), odd1 ^ len);
}

static uint16_t *
bucket_of(struct jsonscan *s, uint32_t hash)
{
	return &s->buckets[hash & (JSONSCAN_BUCKETS - 1)];
}

static const char *
entry_text(const struct jsonscan *s, const struct jsonscan_entry *e)
{
	return e->text != NULL ? e->text : s->escaped_names.data + e->offset;
}

static bool
grow_entries(struct jsonscan *s)
{
	struct jsonscan_entry *grown;
	size_t cap = s->entry_cap * 2;

	/* Depth times members fit the 16 bits of next. */
	static_assert(JSONSCAN_MAX_DEPTH * JSONSCAN_MAX_MEMBERS < UINT16_MAX,
	    "entries are numbered with 16 bits");
	if (s->entries == s->inline_entries) {
		grown = malloc(cap * sizeof *grown);
		if (grown != NULL)
			memcpy(
			    grown, s->entries, s->entry_count * sizeof *grown);
	} else {
		grown = realloc(s->entries, cap * sizeof *grown);
	}
	if (grown == NULL)
		return fail_memory(s);
	s->entries = grown;
	s->entry_cap = cap;
	return true;
}

/* Takes the entry that lies behind the last one, with its name, among those
 * of the innermost object; false, after fail_at, when the name is there
 * already. */
static bool
enter_name(struct jsonscan *s, struct jsonscan_entry *e, const char *text,
    const char *quote)
{
	const struct jsonscan_entry *old;
	uint32_t hash = hash_name(s->seed + s->depth, text, e->len);
	uint16_t *bucket = bucket_of(s, hash), i;

	for (i = *bucket; i != 0; i = old->next) {
		old = &s->entries[i - 1];
		if (old->hash == hash && old->depth == s->depth &&
		    old->len == e->len &&
		    memcmp(entry_text(s, old), text, e->len) == 0)
			return fail_at(
			    s, quote, "the same name twice in one object");
	}
	e->hash = hash;
	e->depth = (uint16_t)s->depth;
	e->next = *bucket;
	s->entry_count++;
	*bucket = (uint16_t)s->entry_count;
	return true;
}

static void
forget_names(struct jsonscan *s)
{
	size_t first = s->outer[s->depth - 1].entry_count;
	const struct jsonscan_entry *e;

	while (s->entry_count > first) {
		e = &s->entries[--s->entry_count];
		*bucket_of(s, e->hash) = e->next;
	}
	s->escaped_names.len = s->outer[s->depth - 1].escaped_len;
}

/* --- structure --- */

static __attribute__((noinline)) const char *
skip_blanks(struct jsonscan *s)
{
	const char *p = s->pos;

	while (
	    p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	s->pos = p;
	return p;
}

/* Most senders leave no white space, so the test for that comes first. */
static inline const char *
skip_space(struct jsonscan *s)
{
	if (s->pos < s->end && (unsigned char)*s->pos > ' ')
		return s->pos;
	return skip_blanks(s);
}

static bool
is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (is_digit(p, end))
		p++;
	return p;
}

static bool
read_number(struct jsonscan *s, struct jsonscan_value *out)
{
	const char *p = s->pos, *end = s->end;

	out->type = JSONSCAN_NUMBER;
	out->text = p;
	out->digits = *p != '-';
	p += *p == '-';
	if (!is_digit(p, end))
		return fail_at(s, p, "a digit is missing");
	if (*p == '0' && is_digit(p + 1, end))
		return fail_at(s, p, "a number may not start with 0");
	p = skip_digits(p, end);
	if (p < end && *p == '.') {
		out->digits = false;
		if (!is_digit(++p, end))
			return fail_at(s, p, "a digit is missing");
		p = skip_digits(p, end);
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		out->digits = false;
		p++;
		p += p < end && (*p == '+' || *p == '-');
		if (!is_digit(p, end))
			return fail_at(s, p, "a digit is missing");
		p = skip_digits(p, end);
	}
	out->len = (size_t)(p - out->text);
	s->pos = p;
	return true;
}

static bool
read_word(struct jsonscan *s, const char *word, size_t len,
    enum jsonscan_type type, struct jsonscan_value *out)
{
	if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, word, len) != 0)
		return fail_at(s, s->pos, "a value is missing");
	out->type = type;
	s->pos += len;
	return true;
}

static bool
enter(struct jsonscan *s, enum jsonscan_type type, struct jsonscan_value *out)
{
	if (s->depth == s->max_depth)
		return fail_at(s, s->pos, "too many levels");
	s->outer[s->depth].entry_count = (uint32_t)s->entry_count;
	s->outer[s->depth].escaped_len = (uint32_t)s->escaped_names.len;
	s->depth++;
	s->pos++;
	s->fresh = true;
	out->type = type;
	return true;
}

static bool
read_value(struct jsonscan *s, struct jsonscan_value *out)
{
	const char *p = skip_space(s);

	*out = (struct jsonscan_value){.type = JSONSCAN_NULL, .text = p};
	if (p == s->end)
		return fail_at(s, p, "a value is missing");
	if (*p == '{')
		return enter(s, JSONSCAN_OBJECT, out);
	if (*p == '[')
		return enter(s, JSONSCAN_ARRAY, out);
	s->fresh = false;
	switch (*p) {
	case '"':
		s->pos++;
		return read_string(s, out);
	case 't':
		return read_word(s, "true", 4, JSONSCAN_TRUE, out);
	case 'f':
		return read_word(s, "false", 5, JSONSCAN_FALSE, out);
	case 'n':
		return read_word(s, "null", 4, JSONSCAN_NULL, out);
	default:
		if (*p == '-' || is_digit(p, s->end))
			return read_number(s, out);
		return fail_at(s, p, "a value is missing");
	}
}

bool
jsonscan_value(struct jsonscan *s, struct jsonscan_value *out)
{
	if (read_value(s, out))
		return true;
	out->type = JSONSCAN_NULL;
	return false;
}

/* Goes behind the comma, or over the closing bracket: then false. */
static bool
go_on(struct jsonscan *s, char closing, const char *expected)
{
	const char *p = skip_space(s);

	if (p == s->end)
		return fail_at(s, p, expected);
	if (*p == closing) {
		forget_names(s);
		s->pos++;
		s->depth--;
		s->fresh = false;
		return false;
	}
	if (s->fresh)
		return true;
	if (*p != ',')
		return fail_at(s, p, expected);
	s->pos++;
	return true;
}

/* Keeps the name, a string just read, in an entry; its text, escapes
 * resolved, or NULL after fail_at. */
static const char *
keep_name(struct jsonscan *s, const struct jsonscan_value *v,
    struct jsonscan_entry *e)
{
	size_t start = s->escaped_names.len;

	if (!v->escaped) {
		e->text = v->text;
		e->len = (uint32_t)v->len;
		return v->text;
	}
	jsonscan_unescape(v, &s->escaped_names);
	if (s->escaped_names.failed) {
		fail_memory(s);
		return NULL;
	}
	e->text = NULL;
	e->offset = (uint32_t)start;
	e->len = (uint32_t)(s->escaped_names.len - start);
	return s->escaped_names.data + start;
}

static bool
read_name(struct jsonscan *s, struct jsonscan_name *out, const char *quote)
{
	struct jsonscan_value v = {.type = JSONSCAN_STRING};
	struct jsonscan_entry *e;

	s->pos = quote + 1;
	if (!read_string(s, &v))
		return false;
	if (s->entry_count - s->outer[s->depth - 1].entry_count >=
	    JSONSCAN_MAX_MEMBERS)
		return fail_at(s, quote, "too many members in one object");
	if (s->entry_count == s->entry_cap && !grow_entries(s))
		return false;
	e = &s->entries[s->entry_count];
	out->text = keep_name(s, &v, e);
	if (out->text == NULL)
		return false;
	out->len = e->len;
	return enter_name(s, e, out->text, quote);
}

bool
jsonscan_member(struct jsonscan *s, struct jsonscan_name *out)
{
	const char *quote, *p;

	if (s->fault != NULL ||
	    !go_on(s, '}', "a comma or the end of an object is missing"))
		return false;
	quote = skip_space(s);
	if (quote == s->end || *quote != '"')
		return fail_at(s, quote, "the name of a member is missing");
	if (!read_name(s, out, quote))
		return false;
	p = skip_space(s);
	if (p == s->end || *p != ':')
		return fail_at(s, p, "a colon is missing");
	s->pos = p + 1;
	return true;
}

bool
jsonscan_element(struct jsonscan *s)
{
	return s->fault == NULL &&
	       go_on(s, ']', "a comma or the end of an array is missing");
}

bool
jsonscan_skip(struct jsonscan *s, const struct jsonscan_value *v)
{
	unsigned outside;
	bool object[JSONSCAN_MAX_DEPTH];
	struct jsonscan_name name;
	struct jsonscan_value inner = *v;

	if (v->type < JSONSCAN_ARRAY || s->fault != NULL)
		return s->fault == NULL;
	outside = s->depth - 1;
	object[outside] = v->type == JSONSCAN_OBJECT;
	while (s->depth > outside && s->fault == NULL) {
		if (!(object[s->depth - 1] ? jsonscan_member(s, &name)
					   : jsonscan_element(s)))
			continue;
		if (jsonscan_value(s, &inner) && inner.type >= JSONSCAN_ARRAY)
			object[s->depth - 1] = inner.type == JSONSCAN_OBJECT;
	}
	return s->fault == NULL;
}

bool
jsonscan_end(struct jsonscan *s)
{
	if (s->fault != NULL)
		return false;
	if (skip_space(s) != s->end)
		return fail_at(s, s->pos, "something follows the end");
	return true;
}

bool
jsonscan_check(
    const char *text, size_t len, unsigned max_depth, struct err *err)
{
	struct jsonscan s;
	struct jsonscan_value v;
	bool ok;

	jsonscan_open(&s, text, len, max_depth);
	ok =
	    jsonscan_value(&s, &v) && jsonscan_skip(&s, &v) && jsonscan_end(&s);
	if (!ok)
		jsonscan_error(&s, err);
	jsonscan_close(&s);
	return ok;
}
