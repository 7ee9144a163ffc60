/*
 * toml.h - a strict subset of TOML 1.0 for files that people write.
 *
 * Taken: comments; bare keys; basic strings ("..") with their escapes and
 * literal strings ('..') on one line; decimal integers; booleans; arrays of
 * these, over several lines if wanted; [table] and [[array of tables]] with a
 * bare name. Everything else of TOML - dotted and quoted keys, floats, dates,
 * inline tables, nested arrays, multi-line strings, hexadecimal numbers - is
 * refused with the file, the line and a sentence, so what is taken means the
 * same to every other TOML reader. A name given twice is refused. Strings
 * cannot hold NUL.
 */
#ifndef LIB_TOML_H
#define LIB_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

enum toml_type {
	TOML_STRING,
	TOML_INT,
	TOML_BOOL,
	TOML_ARRAY
};

struct toml_value {
	enum toml_type type;
	unsigned line;
	char *string; /* owned; TOML_STRING */
	int64_t integer;
	bool boolean;
	struct toml_value *items; /* owned; TOML_ARRAY, none of them an array */
	size_t count;
};

struct toml_pair {
	char *key; /* owned */
	struct toml_value value;
};

struct toml_table {
	char *name;   /* owned; "" is what stands before the first [table] */
	bool element; /* from [[name]] */
	unsigned line;
	struct toml_pair *pairs; /* owned, in the order of the file */
	size_t count;
};

struct toml {
	struct toml_table *tables; /* owned, in the order of the file; the */
	size_t count;		   /* first is always "" */
};

#define TOML_INIT       \
	{               \
		NULL, 0 \
	}

/* Reads text into *out, which starts empty; file is the name that errors
 * begin with ("creds:3: ..."). A refused text leaves it empty: ERR_INPUT. */
bool toml_parse(const char *file, const char *text, size_t len,
    struct toml *out, struct err *err);

/* Overwrites every string (there may be secrets), then frees. */
void toml_fini(struct toml *toml);

/* The value of a key, or NULL. */
const struct toml_value *toml_get(
    const struct toml_table *table, const char *key);

/* The [name] table, "" for the top one, or NULL. */
const struct toml_table *toml_find(const struct toml *toml, const char *name);

/* "string", "integer", "boolean", "array" - for messages. */
const char *toml_type_name(enum toml_type type);

/* Whether text is valid UTF-8: what toml_write_string needs. */
bool toml_is_utf8(const char *text);

/* Appends text as a basic string, quotes included, that toml_parse and every
 * other reader read back as text. text is valid UTF-8. */
void toml_write_string(struct buf *out, const char *text);

#endif
