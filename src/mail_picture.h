/*
 * mail_picture.h - the pictures of a mail, and what stands in their place for
 * those who do not see them.
 *
 * They are put into a document that is finished: into HTML as images by
 * Content-ID with an alternative text, into plain text in words, in both
 * behind its first section.
 */
#ifndef SRC_MAIL_PICTURE_H
#define SRC_MAIL_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "chart.h"
#include "lib/buf.h"
#include "lib/err.h"

struct mail_picture {
	struct buf png, alt; /* owned */
	struct chart_size size;
};

/* The zero value has none. */
struct mail_pictures {
	struct mail_picture *list; /* owned */
	size_t count;
};

enum {
	MAIL_PICTURE_ID_SIZE = 512, /* "picture1.ID@DOMAIN" with its NUL */
	MAIL_PICTURE_NAME_SIZE = 32,
};

/* Draws each chart; out must be empty. */
bool mail_picture_draw(const struct chart *charts, size_t count,
    struct mail_pictures *out, struct err *err);
void mail_picture_fini(struct mail_pictures *pictures);

/* The Content-ID of a picture, counted from 0, in the mail of that
 * Message-ID; and the name of its file. Return out. */
char *mail_picture_id(
    size_t i, const char *message_id, char out[MAIL_PICTURE_ID_SIZE]);
char *mail_picture_name(size_t i, char out[MAIL_PICTURE_NAME_SIZE]);

/* Append the document with what belongs to the pictures put in. */
void mail_picture_html(const struct mail_pictures *pictures,
    const char *message_id, const struct buf *html, struct buf *out);
void mail_picture_text(const struct mail_pictures *pictures,
    const struct buf *text, struct buf *out);

#endif
