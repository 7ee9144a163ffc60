/*
 * mail.c - a summary as one message. In: addresses, a key, bills. Out: the
 * bytes that are handed to the relay. Owns nothing.
 */
#include <stdio.h>
#include <string.h>

#include "attachment.h"
#include "lib/mime.h"
#include "lib/tls.h"
#include "lib/utc.h"
#include "mail.h"

enum {
	/* 128 bits of the key's hash name a mail, and its boundaries. */
	ID_BYTES = 16,
	ID_SIZE = 2 * ID_BYTES + 1,
	FILENAME_SIZE = 128,
	MESSAGE_ID_SIZE = 384, /* ID@DOMAIN */
	MAX_PICTURES = 16,
};

/* The two forms of what is shown, and what is attached. */
struct contents {
	struct buf text, html;
	bool kept; /* they are a closed invoice's, and stay as they are */
	const struct mail_pictures *pictures; /* borrowed; NULL: none */
	struct buf attached[ATTACHMENT_KINDS];
};

static void
make_id(const char *key, char out[ID_SIZE])
{
	uint8_t hash[TLS_SHA256_BYTES];

	tls_sha256(key, strlen(key), hash);
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void
put_headers(struct buf *out, const struct mime_mailboxes *from,
    const struct mime_mailboxes *to, const char *message_id,
    const struct summary *summary)
{
	struct buf subject = BUF_INIT;
	char date[UTC_TEXT_SIZE];

	summary_subject(summary, &subject);
	mime_put_mailboxes(out, "From", from);
	mime_put_mailboxes(out, "To", to);
	mime_put_text(out, "Subject", buf_text(&subject));
	buf_printf(out, "Date: %s\r\n", utc_format_mail(summary->now, date));
	buf_printf(out, "Message-ID: <%s>\r\n", message_id);
	buf_str(out, "Auto-Submitted: auto-generated\r\n");
	buf_str(out, "MIME-Version: 1.0\r\n");
	out->failed = out->failed || subject.failed;
	buf_fini(&subject);
}

/* "flexfs-2026-10-acme.csv"; of several accounts "flexfs-2026-10.csv". */
static void
name_file(const struct summary *summary, enum attachment kind,
    char out[FILENAME_SIZE])
{
	const struct invoice *first = &summary->invoices[0];
	bool one = summary->count == 1;

	snprintf(out, FILENAME_SIZE, "flexfs-%s%s%s%s",
	    summary->until != NULL ? summary->until : first->period.text,
	    one ? "-" : "", one ? first->account.name : "",
	    attachment_ending(kind));
}

/* --- pictures --- */

struct names {
	char ids[MAX_PICTURES][MAIL_PICTURE_ID_SIZE];
	char files[MAX_PICTURES][MAIL_PICTURE_NAME_SIZE];
};

static size_t
count_pictures(const struct contents *c)
{
	size_t count = c->pictures != NULL ? c->pictures->count : 0;

	return count < MAX_PICTURES ? count : MAX_PICTURES;
}

static struct mime_part
make_picture(struct names *names, const struct contents *c, size_t i,
    const char *message_id)
{
	const struct mail_picture *picture = &c->pictures->list[i];

	return (struct mime_part){.type = "image/png",
	    .content_id = mail_picture_id(i, message_id, names->ids[i]),
	    .description = buf_text(&picture->alt),
	    .filename = mail_picture_name(i, names->files[i]),
	    .encoding = MIME_BASE64,
	    .data = buf_text(&picture->png),
	    .len = picture->png.len};
}

/* The HTML and the pictures that it shows. */
struct related {
	struct mime_part parts[1 + MAX_PICTURES];
	struct names names;
};

static struct mime_part
make_related(
    struct related *r, const struct contents *c, const char *message_id)
{
	const struct mime_part html = {.type = "text/html; charset=utf-8",
	    .data = buf_text(&c->html),
	    .len = c->html.len};
	size_t count = c->kept ? 0 : count_pictures(c);

	if (count == 0)
		return html;
	r->parts[0] = html;
	for (size_t i = 0; i < count; i++)
		r->parts[1 + i] = make_picture(&r->names, c, i, message_id);
	return (struct mime_part){
	    .type = "multipart/related; type=\"text/html\"",
	    .parts = r->parts,
	    .part_count = 1 + count};
}

/* --- parts --- */

static void
put_body(struct buf *out, const struct summary *summary, unsigned attach,
    const struct contents *c, const char *id, const char *message_id)
{
	struct related related;
	struct names names;
	char filenames[ATTACHMENT_KINDS][FILENAME_SIZE];
	const struct mime_part shown[] = {
	    {.type = "text/plain; charset=utf-8",
		.data = buf_text(&c->text),
		.len = c->text.len},
	    make_related(&related, c, message_id),
	};
	struct mime_part all[1 + MAX_PICTURES + ATTACHMENT_KINDS] = {
	    {.type = "multipart/alternative",
		.parts = shown,
		.part_count = sizeof shown / sizeof *shown},
	};
	struct mime_part mixed = {
	    .type = "multipart/mixed", .parts = all, .part_count = 1};

	for (size_t i = 0; c->kept && i < count_pictures(c); i++)
		all[mixed.part_count++] =
		    make_picture(&names, c, i, message_id);
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++) {
		if ((attach & attachment_bit(i)) == 0 ||
		    c->attached[i].len == 0)
			continue;
		name_file(summary, i, filenames[i]);
		all[mixed.part_count++] =
		    (struct mime_part){.type = attachment_type(i),
			.filename = filenames[i],
			.encoding = MIME_BASE64,
			.data = buf_text(&c->attached[i]),
			.len = c->attached[i].len};
	}
	mime_put_part(out, &mixed, id);
}

/* As it was kept, or else as it is now. */
static void
put_attachment(enum attachment kind, const struct mail_envelope *envelope,
    const struct summary *summary, struct buf *out)
{
	const struct buf *kept = kind == ATTACHMENT_CSV	   ? envelope->csv
				 : kind == ATTACHMENT_JSON ? envelope->json
				 : kind == ATTACHMENT_PDF  ? envelope->pdf
							   : envelope->focus;

	if (kept != NULL)
		buf_add(out, kept->data, kept->len);
	else if (kind == ATTACHMENT_CSV)
		summary_csv(summary, out);
	else if (kind == ATTACHMENT_PDF || kind == ATTACHMENT_FOCUS)
		return; /* it could not be made */
	else if (summary->count > 1)
		summary_json_all(summary, out);
	else {
		summary_json(&summary->invoices[0], out);
		buf_char(out, '\n');
	}
}

/* The documents as they were kept, or as they are now with the pictures. */
static void
write_shown(const struct mail_envelope *envelope, const struct summary *summary,
    const char *message_id, struct contents *c)
{
	struct buf text = BUF_INIT, html = BUF_INIT;

	c->kept = envelope->text != NULL;
	c->pictures = envelope->pictures;
	if (c->kept) {
		buf_add(&c->text, envelope->text->data, envelope->text->len);
		buf_add(&c->html, envelope->html->data, envelope->html->len);
		return;
	}
	summary_text(summary, &text);
	summary_html(summary, &html);
	if (c->pictures == NULL || c->pictures->count == 0) {
		c->text = text;
		c->html = html;
		return;
	}
	mail_picture_text(c->pictures, &text, &c->text);
	mail_picture_html(c->pictures, message_id, &html, &c->html);
	buf_fini(&text);
	buf_fini(&html);
}

static bool
compose(const struct mime_mailboxes *from, const struct mime_mailboxes *to,
    const struct mail_envelope *envelope, const struct summary *summary,
    struct buf *out, struct err *err)
{
	struct contents c;
	char id[ID_SIZE], message_id[MESSAGE_ID_SIZE];
	bool failed;

	memset(&c, 0, sizeof c);
	make_id(envelope->key, id);
	snprintf(message_id, sizeof message_id, "%s@%s", id,
	    strrchr(from->list[0].address, '@') + 1);
	write_shown(envelope, summary, message_id, &c);
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++)
		if ((envelope->attach & attachment_bit(i)) != 0)
			put_attachment(i, envelope, summary, &c.attached[i]);
	put_headers(out, from, to, message_id, summary);
	put_body(out, summary, envelope->attach, &c, id, message_id);
	failed = c.text.failed || c.html.failed || out->failed;
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++) {
		failed = failed || c.attached[i].failed;
		buf_fini(&c.attached[i]);
	}
	buf_fini(&c.text);
	buf_fini(&c.html);
	return !failed || err_nomem(err);
}

bool
mail_compose(const struct mail_envelope *envelope,
    const struct summary *summary, struct buf *out, struct err *err)
{
	struct mime_mailboxes from = {NULL, 0}, to = {NULL, 0};
	bool ok = false;

	if (!mime_parse_mailboxes(envelope->from, &from, err)) {
		err_context(err, "sender");
		goto out;
	}
	if (from.count > 1) {
		err_set(err, ERR_INPUT, "sender: more than one address");
		goto out;
	}
	if (!mime_parse_mailboxes(envelope->to, &to, err)) {
		err_context(err, "recipients");
		goto out;
	}
	ok = compose(&from, &to, envelope, summary, out, err);
out:
	mime_mailboxes_fini(&from);
	mime_mailboxes_fini(&to);
	return ok;
}
