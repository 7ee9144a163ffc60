/*
 * jsonscan.h - strict JSON (RFC 8259), read once from front to back.
 *
 * A pull reader over bytes that stay where they are: the caller asks for the
 * next value, the next member or the next element, and gets slices of the
 * input. Refused are: bytes that are not UTF-8 (overlong forms and surrogates
 * are not), a byte order mark, raw control characters in strings, escapes of
 * half a surrogate pair, numbers and words that the grammar does not know,
 * the same name twice in one object (compared byte by byte once escapes are
 * resolved), objects of more than JSONSCAN_MAX_MEMBERS members, too much
 * depth, and anything but white space behind the value.
 *
 *	jsonscan_open(&s, text, len, 8);
 *	jsonscan_value(&s, &v);
 *	if (v.type == JSONSCAN_OBJECT)
 *		while (jsonscan_member(&s, &name)) {
 *			jsonscan_value(&s, &v);
 *			jsonscan_skip(&s, &v);
 *		}
 *	ok = jsonscan_end(&s);
 *	if (!ok)
 *		jsonscan_error(&s, err);
 *	jsonscan_close(&s);
 *
 * An error sticks: from then on every call returns false and reads nothing.
 * Memory is allocated only for names with escapes and for more than
 * JSONSCAN_OPEN_NAMES names in the objects that are open at one time.
 */
#ifndef LIB_JSONSCAN_H
#define LIB_JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

enum {
	JSONSCAN_MAX_DEPTH = 64,     /* the most that jsonscan_open takes */
	JSONSCAN_MAX_MEMBERS = 1000, /* of one object */
	JSONSCAN_OPEN_NAMES = 64,
	JSONSCAN_BUCKETS = 512, /* a power of two */
};

enum jsonscan_type {
	JSONSCAN_NULL,
	JSONSCAN_FALSE,
	JSONSCAN_TRUE,
	JSONSCAN_NUMBER,
	JSONSCAN_STRING,
	JSONSCAN_ARRAY,
	JSONSCAN_OBJECT,
};

/* One value. text is its first byte in the input; a string's lies behind the
 * quote. len is that of a number or of what stands between the quotes, 0 for
 * arrays and objects. */
struct jsonscan_value {
	enum jsonscan_type type;
	bool escaped; /* a string: its text needs jsonscan_unescape */
	bool digits;  /* a number: nothing but digits */
	const char *text;
	size_t len;
};

/* The name of a member, escapes resolved; good until the next call. */
struct jsonscan_name {
	const char *text;
	size_t len;
};

struct jsonscan_entry;

/* Open only so that it can live on the stack: its fields belong to
 * jsonscan.c, but for the two that are meant to be read. */
struct jsonscan {
	const char *pos;	/* the next byte to be read; may be read */
	bool nul_seen;		/* a \u0000 was read; may be read */
	const char *text, *end; /* borrowed */
	const char *fault;	/* what is wrong, or NULL */
	const char *fault_pos;
	bool no_memory;
	bool fresh; /* the innermost array or object has nothing yet */
	unsigned depth, max_depth;
	uint64_t seed;
	struct jsonscan_entry *entries; /* own or inline_entries */
	size_t entry_count, entry_cap;
	struct buf escaped_names; /* owned */
	struct {
		uint32_t entry_count, escaped_len;
	} outer[JSONSCAN_MAX_DEPTH];
	uint16_t buckets[JSONSCAN_BUCKETS];
	struct jsonscan_entry {
		const char *text; /* NULL: in escaped_names */
		uint32_t offset, len;
		uint32_t hash;
		uint16_t next; /* in the same bucket, plus 1 */
		uint16_t depth;
	} inline_entries[JSONSCAN_OPEN_NAMES];
};

/* Starts at the first byte of text, which is borrowed until jsonscan_close.
 * max_depth counts arrays and objects inside each other, 1 to
 * JSONSCAN_MAX_DEPTH. */
void jsonscan_open(
    struct jsonscan *s, const char *text, size_t len, unsigned max_depth);
void jsonscan_close(struct jsonscan *s);

/* Reads the value that stands here: the whole document's, a member's or an
 * element's. An array or object is only entered; go on with jsonscan_element
 * or jsonscan_member until that returns false, or with jsonscan_skip. After
 * an error *out is a null. */
bool jsonscan_value(struct jsonscan *s, struct jsonscan_value *out);

/* Goes to the next member of the innermost open object and reads its name;
 * false at the end of the object, which is thereby left. */
bool jsonscan_member(struct jsonscan *s, struct jsonscan_name *out);

/* Goes to the next element of the innermost open array; false at the end of
 * the array, which is thereby left. */
bool jsonscan_element(struct jsonscan *s);

/* Reads to the end of v, which jsonscan_value has just returned; nothing to
 * do unless it is an array or object. */
bool jsonscan_skip(struct jsonscan *s, const struct jsonscan_value *v);

/* True when the document was read without error and nothing follows it. */
bool jsonscan_end(struct jsonscan *s);

bool jsonscan_failed(const struct jsonscan *s);

/* Why it failed: ERR_INPUT "byte 17: a number may not start with 0" (bytes
 * are counted from 0), or ERR_BUSY without memory. Returns false. */
bool jsonscan_error(const struct jsonscan *s, struct err *err);

/* Appends the text of a string that jsonscan_value returned, escapes
 * resolved; at most v->len bytes. */
void jsonscan_unescape(const struct jsonscan_value *v, struct buf *out);

/* Reads a whole document for nothing but its errors. */
bool jsonscan_check(
    const char *text, size_t len, unsigned max_depth, struct err *err);

/* The length of the UTF-8 character at p (1 to 4), which may not reach
 * beyond end; 0 when there is none. */
size_t jsonscan_utf8(const char *p, const char *end);

#endif
