/*
 * text.c - columns, escapes and encodings of text.h. Owns nothing.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum {
	UNKNOWN = 0xfffd, /* what stands for what cannot be shown */
	/* Marks on one letter; no orthography needs more. */
	MAX_MARKS = 4,
	/* RFC 2045: characters in a line of either encoding. */
	MAX_ENCODED = 76,
	BASE64_BYTES = MAX_ENCODED / 4 * 3,
};

static const char UNKNOWN_TEXT[] = "\xef\xbf\xbd";
static const char LEFT_TO_RIGHT[] = "\xe2\x80\x8e"; /* U+200E */
static const char ELLIPSIS[] = "\xe2\x80\xa6";	    /* U+2026 */

struct range {
	uint32_t first, last;
};

/* Unicode's East Asian width W and F and emoji, in whole blocks: what is
 * unassigned or doubtful there counts as wide. */
static const struct range wide[] = {
    {0x1100, 0x115f},
    {0x231a, 0x231b},
    {0x2329, 0x232a},
    {0x23e9, 0x23f3},
    {0x25fd, 0x25fe},
    {0x2600, 0x27bf},
    {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b55},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xa960, 0xa97f},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe10, 0xfe19},
    {0xfe30, 0xfe6f},
    {0xff01, 0xff60},
    {0xffe0, 0xffe6},
    {0x16fe0, 0x18dff},
    {0x1aff0, 0x1b2ff},
    {0x1f000, 0x1faff},
    {0x20000, 0x3fffd},
};

/* Marks and joiners without a column of their own. U+FE0F is not among them:
 * it widens the character before it to an emoji. */
static const struct range narrow[] = {
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x0591, 0x05bd},
    {0x0610, 0x061a},
    {0x064b, 0x065f},
    {0x06d6, 0x06dc},
    {0x0900, 0x0902},
    {0x0941, 0x0948},
    {0x094d, 0x094d},
    {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x200c, 0x200f},
    {0x20d0, 0x20ff},
    {0x302a, 0x302d},
    {0x3099, 0x309a},
    {0xfe00, 0xfe0e},
    {0xfe20, 0xfe2f},
    {0xe0100, 0xe01ef},
};

/* Controls, line and paragraph ends, what is invisible, and what changes the
 * direction of its neighbours. U+200C and U+200D are needed for writing
 * Persian and emoji. */
static const struct range harmful[] = {
    {0x0000, 0x001f},
    {0x007f, 0x009f},
    {0x00ad, 0x00ad},
    {0x061c, 0x061c},
    {0x180e, 0x180e},
    {0x200b, 0x200b},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe007f},
};

static const struct range right_to_left[] = {
    {0x0590, 0x08ff},
    {0xfb1d, 0xfdff},
    {0xfe70, 0xfeff},
    {0x10800, 0x10fff},
    {0x1e800, 0x1efff},
};

#define WITHIN(table, c) within(table, sizeof(table) / sizeof *(table), c)

static bool
within(const struct range *table, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count && c >= table[i].first; i++)
		if (c <= table[i].last)
			return true;
	return false;
}

/* --- characters --- */

/* Bytes of the character that begins with c, and its smallest code. */
static size_t
sequence(unsigned char c, uint32_t *least)
{
	if (c >= 0xc2 && c <= 0xdf) {
		*least = 0x80;
		return 2;
	}
	if (c >= 0xe0 && c <= 0xef) {
		*least = 0x800;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		*least = 0x10000;
		return 4;
	}
	*least = 0;
	return 1;
}

size_t
text_decode(const char *text, size_t len, uint32_t *character)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t least, c = p[0];
	size_t n = sequence(p[0], &least);

	*character = c;
	if (c < 0x80)
		return 1;
	*character = UNKNOWN;
	if (n == 1 || n > len)
		return 1;
	c &= 0x7fU >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*character = c;
	return n;
}

static size_t
columns_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (WITHIN(narrow, c))
		return 0;
	return WITHIN(wide, c) ? 2 : 1;
}

static size_t
width_of(const char *text, size_t len)
{
	size_t width = 0, step;
	uint32_t c;

	for (size_t i = 0; i < len; i += step) {
		step = text_decode(text + i, len - i, &c);
		width += columns_of(c);
	}
	return width;
}

size_t
text_width(const char *text)
{
	return width_of(text, strlen(text));
}

/* --- names --- */

static void
replace_harmful(struct buf *out, const char *text, bool *turns)
{
	size_t len = strlen(text), marks = 0, step;
	uint32_t c;

	*turns = false;
	for (size_t i = 0; i < len; i += step) {
		step = text_decode(text + i, len - i, &c);
		*turns = *turns || WITHIN(right_to_left, c);
		marks = columns_of(c) == 0 ? marks + 1 : 0;
		if (c == UNKNOWN || WITHIN(harmful, c))
			buf_str(out, UNKNOWN_TEXT);
		else if (marks <= MAX_MARKS)
			buf_add(out, text + i, step);
	}
}

/* Bytes of text that fit into columns. */
static size_t
fit(const char *text, size_t len, size_t columns)
{
	size_t width = 0, step, i;
	uint32_t c;

	for (i = 0; i < len; i += step) {
		step = text_decode(text + i, len - i, &c);
		width += columns_of(c);
		if (width > columns)
			break;
	}
	return i;
}

void
text_clean(struct buf *out, const char *text, size_t columns)
{
	struct buf plain = BUF_INIT;
	size_t len;
	bool turns;

	replace_harmful(&plain, text, &turns);
	if (turns)
		buf_str(out, LEFT_TO_RIGHT);
	len = plain.len;
	if (columns > 0 && width_of(buf_text(&plain), len) > columns) {
		len = fit(plain.data, len, columns - 1);
		buf_add(out, plain.data, len);
		buf_str(out, ELLIPSIS);
	} else
		buf_add(out, buf_text(&plain), len);
	if (turns)
		buf_str(out, LEFT_TO_RIGHT);
	out->failed = out->failed || plain.failed;
	buf_fini(&plain);
}

static void
pad(struct buf *out, const char *text, size_t columns)
{
	for (size_t width = text_width(text); width < columns; width++)
		buf_char(out, ' ');
}

void
text_left(struct buf *out, const char *text, size_t columns)
{
	buf_str(out, text);
	pad(out, text, columns);
}

void
text_right(struct buf *out, const char *text, size_t columns)
{
	pad(out, text, columns);
	buf_str(out, text);
}

/* --- lines --- */

/* Bytes of the next line: up to the last space that fits, or as much of a
 * long word as fits. */
static size_t
line_length(const char *text, size_t columns)
{
	size_t len = strlen(text), room = fit(text, len, columns), i = room;
	uint32_t c;

	if (room == len || text[room] == ' ')
		return room;
	while (i > 0 && text[i - 1] != ' ')
		i--;
	while (i > 0 && text[i - 1] == ' ')
		i--;
	if (i > 0)
		return i;
	return room > 0 ? room : text_decode(text, len, &c);
}

void
text_wrap(struct buf *out, const char *text, const struct text_layout *layout)
{
	const char *indent = layout->first;
	size_t used, room, len, shown;

	for (;;) {
		text += strspn(text, " ");
		used = text_width(indent);
		room = used < layout->columns ? layout->columns - used : 1;
		len = line_length(text, room);
		buf_str(out, indent);
		for (shown = len; shown > 0 && text[shown - 1] == ' '; shown--)
			;
		buf_add(out, text, shown);
		text += len;
		if (text[strspn(text, " ")] == '\0')
			break;
		buf_char(out, '\n');
		indent = layout->next;
	}
	buf_char(out, '\n');
}

/* --- escapes --- */

static const char *
html_reference(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return c < 0x20 || c == 0x7f ? UNKNOWN_TEXT : NULL;
	}
}

void
text_html(struct buf *out, const char *text)
{
	size_t len = strlen(text), step;
	const char *reference;
	uint32_t c;

	for (size_t i = 0; i < len; i += step) {
		step = text_decode(text + i, len - i, &c);
		reference = c < 0x80 ? html_reference((unsigned char)c) : NULL;
		if (reference != NULL)
			buf_str(out, reference);
		else if (c == UNKNOWN)
			buf_str(out, UNKNOWN_TEXT);
		else
			buf_add(out, text + i, step);
	}
}

/* What makes a spreadsheet read a cell as a formula; full-width ones too. */
static bool
is_formula_start(const char *text)
{
	static const char *const starts[] = {"=", "+", "-", "@", "\xef\xbc\x9d",
	    "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static bool
is_any_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Whether an apostrophe has to stand before p, which is within text. */
static bool
needs_apostrophe(const char *text, const char *p)
{
	if (p == text && is_any_of(*p, "\t\r\n"))
		return true;
	return (p == text || is_any_of(p[-1], ",;\"\t\r\n")) &&
	       is_formula_start(p);
}

void
text_csv(struct buf *out, const char *text)
{
	bool quoted =
	    strpbrk(text, ",;\"\t\r\n") != NULL || is_any_of(text[0], " '");
	const char *p = text, *end = text + strlen(text);
	size_t step;
	uint32_t c;

	if (quoted)
		buf_char(out, '"');
	for (; p < end; p += step) {
		step = text_decode(p, (size_t)(end - p), &c);
		if (needs_apostrophe(text, p))
			buf_char(out, '\'');
		if (c == '"')
			buf_char(out, '"');
		if (c == UNKNOWN)
			buf_str(out, UNKNOWN_TEXT);
		else
			buf_add(out, p, step);
	}
	if (quoted)
		buf_char(out, '"');
}

/* --- encodings --- */

static void
encode_three(struct buf *out, const unsigned char *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v = (uint32_t)p[0] << 16;
	char four[4];

	if (len > 1)
		v |= (uint32_t)p[1] << 8;
	if (len > 2)
		v |= p[2];
	four[0] = digits[v >> 18];
	four[1] = digits[v >> 12 & 63];
	four[2] = '=';
	four[3] = '=';
	if (len > 1)
		four[2] = digits[v >> 6 & 63];
	if (len > 2)
		four[3] = digits[v & 63];
	buf_add(out, four, sizeof four);
}

void
text_base64_word(struct buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3)
		encode_three(out, p + i, len - i);
}

void
text_base64(struct buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = len - i < BASE64_BYTES ? len - i : BASE64_BYTES;
		text_base64_word(out, p + i, n);
		buf_str(out, "\r\n");
	}
}

/* Whether a byte may stand as it is; first: at the start of a line, last: at
 * its end. */
static bool
is_plain(const char *p, size_t left, bool first, bool last)
{
	if (*p == '=' || *p < ' ' || *p > '~')
		return *p == '\t' && !last;
	if (*p == ' ')
		return !last;
	if (!first)
		return true;
	return *p != '.' && (left < 5 || memcmp(p, "From ", 5) != 0);
}

static void
put_printable_byte(struct buf *out, char c, bool plain)
{
	static const char hex[] = "0123456789ABCDEF";

	if (plain) {
		buf_char(out, c);
		return;
	}
	buf_char(out, '=');
	buf_char(out, hex[(unsigned char)c >> 4]);
	buf_char(out, hex[(unsigned char)c & 15]);
}

/* One line of text, without its end. */
static void
put_printable_line(struct buf *out, const char *line, size_t len)
{
	size_t column = 0, room;
	bool last, plain;

	for (size_t i = 0; i < len; i++) {
		last = i + 1 == len;
		plain = is_plain(line + i, len - i, column == 0, last);
		room = last ? MAX_ENCODED : MAX_ENCODED - 1;
		if (column + (plain ? 1 : 3) > room) {
			buf_str(out, "=\r\n");
			column = 0;
			plain = is_plain(line + i, len - i, true, last);
		}
		put_printable_byte(out, line[i], plain);
		column += plain ? 1 : 3;
	}
}

void
text_quoted_printable(struct buf *out, const char *data, size_t len)
{
	const char *end = data + len, *eol;

	while (data < end) {
		eol = memchr(data, '\n', (size_t)(end - data));
		put_printable_line(
		    out, data, (size_t)((eol != NULL ? eol : end) - data));
		if (eol == NULL)
			break;
		buf_str(out, "\r\n");
		data = eol + 1;
	}
}

/* --- sizes --- */

void
text_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {
	    "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t whole = bytes, rest = 0, hundredths;
	unsigned unit = 0;

	if (bytes < 1024) {
		buf_printf(out, "%u B", (unsigned)bytes);
		return;
	}
	while (whole >= 1024) {
		unit++;
		whole = bytes >> 10 * unit;
		rest = bytes & ((UINT64_C(1) << 10 * unit) - 1);
	}
	/* Below 2^60, so that this does not overflow. */
	if (unit > 5) {
		rest >>= 10;
		hundredths = (rest * 100 + (UINT64_C(1) << 49)) >> 50;
	} else
		hundredths = (rest * 100 + (UINT64_C(1) << (10 * unit - 1))) >>
			     10 * unit;
	if (hundredths == 100) {
		whole++;
		hundredths = 0;
	}
	if (whole == 1024 && unit < 6) {
		whole = 1;
		unit++;
	}
	buf_printf(out, "%u.%02u %s", (unsigned)whole, (unsigned)hundredths,
	    units[unit]);
}
