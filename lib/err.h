/*
 * err.h - why something did not work: a kind, and a sentence.
 *
 * Every function that can fail returns bool (or a pointer) and takes a
 * struct err * last. The kind decides what the edges do with it; the text is
 * for people: what was wrong, where, what to do. It never holds a secret.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_BROKEN, /* ours: tell the operator (500, an error line) */
	ERR_INPUT,  /* theirs: tell the sender (4xx, exit 1 or 2) */
	ERR_BUSY,   /* right, but not now: try again (503, back-off) */
};

struct err {
	enum err_kind kind;
	char text[480];
};

/* The zero value: nothing went wrong. */
#define ERR_INIT             \
	{                    \
		ERR_NONE, "" \
	}

/* Sets kind and text, replacing what was there; text too long is cut.
 * Returns false, so that a function can `return err_set(...)`. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errno) behind the text. */
bool err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts context and ": " in front of the text; kind stays. Returns false. */
bool err_context(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Out of memory, in one line. Returns false. */
bool err_nomem(struct err *err);

#endif
