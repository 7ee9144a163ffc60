/*
 * mail_picture.c - pictures put into the two documents of a mail. In: charts,
 * documents of summary.h. Out: images, documents. Owns the images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "mail_picture.h"

enum {
	TEXT_COLUMNS = 72,
};

bool
mail_picture_draw(const struct chart *charts, size_t count,
    struct mail_pictures *out, struct err *err)
{
	out->list = calloc(count + 1, sizeof *out->list);
	if (out->list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct mail_picture *p = &out->list[out->count++];

		chart_alt(&charts[i], &p->alt);
		if (p->alt.failed)
			return err_nomem(err);
		if (!chart_draw(
			&charts[i], 1, CANVAS_PNG, &p->png, &p->size, err))
			return false;
	}
	return true;
}

void
mail_picture_fini(struct mail_pictures *pictures)
{
	for (size_t i = 0; i < pictures->count; i++) {
		buf_fini(&pictures->list[i].png);
		buf_fini(&pictures->list[i].alt);
	}
	free(pictures->list);
	*pictures = (struct mail_pictures){NULL, 0};
}

char *
mail_picture_id(
    size_t i, const char *message_id, char out[MAIL_PICTURE_ID_SIZE])
{
	snprintf(out, MAIL_PICTURE_ID_SIZE, "picture%zu.%s", i + 1, message_id);
	return out;
}

char *
mail_picture_name(size_t i, char out[MAIL_PICTURE_NAME_SIZE])
{
	snprintf(out, MAIL_PICTURE_NAME_SIZE, "picture%zu.png", i + 1);
	return out;
}

/* --- HTML --- */

/* Its width and height keep the place; a reader that is narrower shrinks
 * it. */
static void
put_image(struct buf *out, const struct mail_picture *p, const char *id)
{
	buf_str(out, "<p><img src=\"cid:");
	text_html(out, id);
	buf_printf(out, "\" width=\"%d\" height=\"%d\" alt=\"", p->size.width,
	    p->size.height);
	text_html(out, buf_text(&p->alt));
	buf_str(out, "\" style=\"max-width:100%;height:auto;border:0\"></p>\n");
}

/* Behind the first section: no name can hold an element. */
void
mail_picture_html(const struct mail_pictures *pictures, const char *message_id,
    const struct buf *html, struct buf *out)
{
	const char *text = buf_text(html), *at = strstr(text, "<h2>");
	char id[MAIL_PICTURE_ID_SIZE];

	if (at == NULL)
		at = text + html->len;
	buf_add(out, text, (size_t)(at - text));
	for (size_t i = 0; i < pictures->count; i++)
		put_image(out, &pictures->list[i],
		    mail_picture_id(i, message_id, id));
	buf_str(out, at);
	out->failed = out->failed || html->failed;
}

/* --- text --- */

/* A section of its own, a paragraph for each. */
static void
put_words(struct buf *out, const struct mail_pictures *pictures)
{
	static const struct text_layout layout = {TEXT_COLUMNS, "", ""};
	static const char title[] = "Usage and cost over time";

	buf_printf(out, "%s\n", title);
	for (size_t i = strlen(title); i > 0; i--)
		buf_char(out, '-');
	buf_char(out, '\n');
	for (size_t i = 0; i < pictures->count; i++) {
		text_wrap(out, buf_text(&pictures->list[i].alt), &layout);
		buf_char(out, '\n');
	}
}

/* The second title: what stands behind the first empty line. */
void
mail_picture_text(const struct mail_pictures *pictures, const struct buf *text,
    struct buf *out)
{
	const char *whole = buf_text(text), *at = strstr(whole, "\n\n");

	at = at != NULL ? at + 2 : whole + text->len;
	buf_add(out, whole, (size_t)(at - whole));
	put_words(out, pictures);
	buf_str(out, at);
	out->failed = out->failed || text->failed;
}
