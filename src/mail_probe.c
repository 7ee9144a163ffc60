/*
 * mail_probe.c - the message of mail_probe.h. In: addresses, the time. Out: an
 * RFC 5322 message. Owns nothing.
 */
#include <stdio.h>
#include <string.h>

#include "lib/mime.h"
#include "lib/tls.h"
#include "lib/utc.h"
#include "mail_probe.h"

enum {
	ID_BYTES = 16,
	ID_SIZE = 2 * ID_BYTES + 1,
};

static bool
make_id(char out[ID_SIZE], struct err *err)
{
	uint8_t bytes[ID_BYTES];

	if (!tls_random(bytes, sizeof bytes, err))
		return false;
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static void
put_text(struct buf *out, const struct mail_probe *probe)
{
	char at[UTC_TEXT_SIZE];

	buf_printf(out,
	    "This is a test mail of the flexFS statistics server.\n"
	    "\n"
	    "It was handed to %s\n"
	    "at %s. That it is here means that\n"
	    "summaries and invoices will arrive as well, unless a filter "
	    "takes\n"
	    "them for something else: look at how this one was sorted.\n"
	    "\n"
	    "Made by stat.flexfs %s.\n",
	    probe->relay, utc_format(probe->now, at), STAT_VERSION);
}

static void
put_message(struct buf *out, const struct mail_probe *probe,
    const struct mime_mailboxes *from, const struct mime_mailboxes *to,
    const char *id)
{
	struct buf text = BUF_INIT;
	struct mime_part part = {.type = "text/plain; charset=utf-8"};
	char date[UTC_TEXT_SIZE];

	put_text(&text, probe);
	part.data = buf_text(&text);
	part.len = text.len;
	mime_put_mailboxes(out, "From", from);
	mime_put_mailboxes(out, "To", to);
	mime_put_text(out, "Subject", "[flexFS] test mail");
	buf_printf(out, "Date: %s\r\n", utc_format_mail(probe->now, date));
	buf_printf(out, "Message-ID: <%s@%s>\r\n", id,
	    strrchr(from->list[0].address, '@') + 1);
	buf_str(out, "Auto-Submitted: auto-generated\r\n");
	buf_str(out, "MIME-Version: 1.0\r\n");
	mime_put_part(out, &part, id);
	out->failed = out->failed || text.failed;
	buf_fini(&text);
}

bool
mail_probe_compose(
    const struct mail_probe *probe, struct buf *out, struct err *err)
{
	struct mime_mailboxes from = {NULL, 0}, to = {NULL, 0};
	struct buf list = BUF_INIT;
	char id[ID_SIZE];
	bool ok;

	for (size_t i = 0; i < probe->count; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", probe->to[i]);
	ok = !list.failed || err_nomem(err);
	ok = ok && mime_parse_mailboxes(probe->from, &from, err) &&
	     mime_parse_mailboxes(buf_text(&list), &to, err) &&
	     make_id(id, err);
	if (ok)
		put_message(out, probe, &from, &to, id);
	mime_mailboxes_fini(&from);
	mime_mailboxes_fini(&to);
	buf_fini(&list);
	return ok && (!out->failed || err_nomem(err));
}
