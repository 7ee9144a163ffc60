/*
 * mail.h - a summary as a mail: one RFC 5322 message, whole.
 *
 *     multipart/mixed {
 *         multipart/alternative {
 *             text/plain,
 *             multipart/related { text/html, image/png, .. } },
 *         the attachments }
 *
 * without the related part when there are no pictures. A closed invoice's text
 * and HTML are the documents as they were kept, to the byte: its pictures come
 * behind the alternative, for readers to show below it.
 *
 * Lines end in CRLF and are at most 78 characters (998 never), everything is
 * 7-bit (base64 or quoted-printable, RFC 2047 in headers). The same input
 * gives the same bytes; the Message-ID is made from key and domain, so every
 * attempt to deliver, and every rendering, carries the same one.
 */
#ifndef SRC_MAIL_H
#define SRC_MAIL_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "mail_picture.h"
#include "summary.h"

struct mail_envelope {
	const char *from; /* "Name <a@b>" or "a@b" */
	const char *to;	  /* "a@b, c@d": for the header */
	const char *key;  /* unique per mail: "draft/acme/2026-10/1" */
	/* Documents of a closed bill, sent as they were kept; NULL: written
	 * now. All or none; borrowed. */
	const struct buf *text, *html, *csv, *json;
	unsigned attach; /* a set of attachment.h */
	/* Borrowed; NULL, or an empty one: there is none. */
	const struct mail_pictures *pictures;
	/* What attaching pdf and focus attaches; the same. */
	const struct buf *pdf, *focus;
};

/* Appends the message to out. A from or to that is no address is
 * ERR_INPUT. */
bool mail_compose(const struct mail_envelope *envelope,
    const struct summary *summary, struct buf *out, struct err *err);

#endif
