/*
 * json.h - JSON documents as a tree, for the small ones; and the writer that
 * makes all JSON of the program.
 *
 * What is read has passed jsonscan_check first, so it is strict JSON, and it
 * holds no \u0000. Names are looked up exactly, case counts.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

enum {
	JSON_MAX_DEPTH = 32
};

/* A value within a document; the document is its outermost value. */
struct json;

/* Reads a whole document. NULL, and err: ERR_INPUT with the byte that is
 * wrong, ERR_BUSY without memory. text is not needed afterwards. */
struct json *json_parse(const char *text, size_t len, struct err *err);

/* Only what json_parse returned. */
void json_free(struct json *document);

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v);

/* The member of that name; NULL when there is none, or v is no object. */
const struct json *json_member(const struct json *v, const char *name);

/* The first element of an array or member of an object, and the one behind
 * v; NULL when there is none. */
const struct json *json_first(const struct json *v);
const struct json *json_next(const struct json *v);

/* The name that v has as a member; NULL for anything else. */
const char *json_name(const struct json *v);

/* What v is, if it is that: false, and *out is left alone, when v is NULL or
 * of another type. A number is an integer when it is whole and within
 * +-(2^53-1), where every integer is exact. */
bool json_as_string(const struct json *v, const char **out);
bool json_as_bool(const struct json *v, bool *out);
bool json_as_int(const struct json *v, int64_t *out);

/*
 * A member that may be absent or null (*out is left alone) but, if it is
 * there, has the type: otherwise false, and err is ERR_INPUT "reason: must be
 * a string".
 */
bool json_get_string(const struct json *object, const char *name,
    const char **out, struct err *err);
bool json_get_bool(
    const struct json *object, const char *name, bool *out, struct err *err);
bool json_get_int(
    const struct json *object, const char *name, int64_t *out, struct err *err);

/*
 * The writer appends to out and keeps the commas. name is the member's name
 * within an object and NULL everywhere else. Texts are escaped; bytes that
 * are not UTF-8 become U+FFFD. Memory trouble shows in out->failed.
 *
 *	json_write(&w, &out, JSON_COMPACT);
 *	json_put_object(&w, NULL);
 *	json_put_int(&w, "stored", 12);
 *	json_put_end(&w);
 */
enum json_style {
	JSON_COMPACT,  /* {"stored":12} */
	JSON_INDENTED, /* one member or element a line, two spaces a level */
};

struct json_writer {
	struct buf *out; /* borrowed */
	enum json_style style;
	unsigned depth;
	bool fresh;	  /* nothing yet in the innermost one */
	uint64_t objects; /* bit n: level n is an object, not an array */
};

void json_write(struct json_writer *w, struct buf *out, enum json_style style);

/* At most JSON_MAX_DEPTH inside each other; json_put_end closes either. */
void json_put_object(struct json_writer *w, const char *name);
void json_put_array(struct json_writer *w, const char *name);
void json_put_end(struct json_writer *w);

/* A text that is NULL is written as null. */
void json_put_string(struct json_writer *w, const char *name, const char *text);
void json_put_text(
    struct json_writer *w, const char *name, const char *text, size_t len);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);

/* All 64 bits, exact: 9223372036854775807. */
void json_put_int(struct json_writer *w, const char *name, int64_t value);

/* The same as a string, for readers whose numbers end at 2^53. */
void json_put_int_string(
    struct json_writer *w, const char *name, int64_t value);

/* An instant as "2026-10-01T00:00:00Z". */
void json_put_time(struct json_writer *w, const char *name, int64_t at);

/* Text that is JSON already. */
void json_put_raw(struct json_writer *w, const char *name, const char *json);

/* Appends one string with its quotes, for other formats that embed it. */
void json_quote(struct buf *out, const char *text, size_t len);

#endif
