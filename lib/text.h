/*
 * text.h - writing text for people and programs: columns, escapes, encodings.
 *
 * Texts are UTF-8; a byte that is not counts as U+FFFD. Everything appends to
 * a buffer, whose failed flag tells of missing memory. Nothing depends on the
 * locale.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* Takes one character off len > 0 bytes; returns how many bytes it has (1
 * for one that is not UTF-8, and *character is U+FFFD). */
size_t text_decode(const char *text, size_t len, uint32_t *character);

/* Columns on a terminal, rather one too many than one too few: two for East
 * Asian wide characters and emoji, none for marks on the one before. */
size_t text_width(const char *text);

/*
 * A name from outside as a piece of one line: control characters, line ends,
 * and characters that are invisible or turn the order of others around become
 * U+FFFD, heaps of marks are cut down. Letters that run from right to left
 * are set between two left-to-right marks, so that they do not move what
 * stands next to them. What is wider than columns (0: no limit) ends in an
 * ellipsis.
 */
void text_clean(struct buf *out, const char *text, size_t columns);

/* Text and as many spaces as it lacks to columns, behind it or before. */
void text_left(struct buf *out, const char *text, size_t columns);
void text_right(struct buf *out, const char *text, size_t columns);

/* How text_wrap lays lines out. */
struct text_layout {
	size_t columns;	   /* at most, all included */
	const char *first; /* before the first line */
	const char *next;  /* before each further one */
};

/* Breaks text at spaces (a word that is too wide anywhere) into lines that
 * end in \n. */
void text_wrap(
    struct buf *out, const char *text, const struct text_layout *layout);

/* For HTML text and quoted attributes: & < > " ' as references, control
 * characters as U+FFFD. */
void text_html(struct buf *out, const char *text);

/* An RFC 4180 cell, quoted where it has to be. An apostrophe is put before
 * what a spreadsheet would take for a formula (= + - @ tab CR LF), at the
 * start and behind anything a spreadsheet may take for the end of a cell. */
void text_csv(struct buf *out, const char *text);

/* Base64 in lines of 76 that end in CRLF; the second one without any. */
void text_base64(struct buf *out, const void *data, size_t len);
void text_base64_word(struct buf *out, const void *data, size_t len);

/* Quoted-printable (RFC 2045): \n becomes CRLF, lines have at most 76
 * characters, and none starts with a dot or "From ". */
void text_quoted_printable(struct buf *out, const char *data, size_t len);

/* "0 B", "1023 B", "1.50 KiB", "12.37 TiB": two decimals, half up. */
void text_size(struct buf *out, uint64_t bytes);

#endif
