/*
 * buf.h - a string of bytes that grows.
 *
 * The zero value is an empty buffer. data is NUL-terminated whenever it is
 * not NULL, so a buffer without NUL bytes is also a C string. An append that
 * finds no memory sets failed and changes nothing; later appends do nothing,
 * so a writer checks failed once, at the end.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* owned; NULL while empty */
	size_t len;
	size_t cap;
	bool failed;
};

#define BUF_INIT                  \
	{                         \
		NULL, 0, 0, false \
	}

void buf_fini(struct buf *b);

/* Empties it and keeps the memory; clears failed. */
void buf_clear(struct buf *b);

/* Makes room for len more bytes; false (and failed) without memory. */
bool buf_reserve(struct buf *b, size_t len);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, never NULL: "" while empty. Borrowed until the next change. */
const char *buf_text(const struct buf *b);

/* Hands the memory over to the caller (free() it) and empties the buffer.
 * NULL when an append failed or there is no memory; "" for an empty one. */
char *buf_take(struct buf *b);

#endif
