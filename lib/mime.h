/*
 * mime.h - composing mail: headers (RFC 5322, RFC 2047) and a tree of parts
 * (RFC 2045, RFC 2183, RFC 2231).
 *
 * Lines end in CRLF and have at most 78 characters wherever a place to fold
 * exists; everything is 7-bit. The same input gives the same bytes. What is
 * handed in as text cannot begin a header or a part of its own.
 */
#ifndef LIB_MIME_H
#define LIB_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/* One address, with the name that stands before it. */
struct mime_mailbox {
	char *name;    /* owned; UTF-8, "" for none */
	char *address; /* owned: "a@b" */
};

/* The zero value is an empty list. */
struct mime_mailboxes {
	struct mime_mailbox *list; /* owned */
	size_t count;
};

/* Reads `a@b, Name <c@d>, "Doe, J." <e@f>`: at least one. What is no address
 * is ERR_INPUT, and *out is empty. */
bool mime_parse_mailboxes(const char *text, struct mime_mailboxes *out,
    struct err *err) __attribute__((warn_unused_result));
void mime_mailboxes_fini(struct mime_mailboxes *boxes);

/* A header with free text in UTF-8, as encoded words when it needs them. */
void mime_put_text(struct buf *out, const char *name, const char *text);

/* A header that lists mailboxes. */
void mime_put_mailboxes(
    struct buf *out, const char *name, const struct mime_mailboxes *boxes);

enum mime_encoding {
	MIME_QUOTED_PRINTABLE, /* text: \n becomes CRLF */
	MIME_BASE64,
};

/* A leaf has data, a multipart has parts. */
struct mime_part {
	const char *type; /* "text/html; charset=utf-8", "multipart/mixed" */
	const char *filename; /* of an attachment; NULL for what is shown */
	/* a@b: what another part shows it by (RFC 2392); or NULL. */
	const char *content_id;
	const char *description; /* UTF-8, for those who cannot see it */
	enum mime_encoding encoding;
	const char *data;
	size_t len;
	const struct mime_part *parts; /* NULL for a leaf */
	size_t part_count;
};

/*
 * A part with its headers; the outermost one closes the message's headers.
 * seed is letters and digits that differ from mail to mail, at most 32:
 * boundaries are made of it. They hold "=_", which neither encoding can
 * produce, so no content ends a part.
 */
void mime_put_part(
    struct buf *out, const struct mime_part *part, const char *seed);

#endif
