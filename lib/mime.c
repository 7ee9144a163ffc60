/*
 * mime.c - headers and parts of mime.h. In: texts, addresses, data. Out:
 * lines of a message. Owns the mailboxes it has parsed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime.h"
#include "text.h"

enum {
	MAX_LINE = 78,
	/* RFC 5321, 4.5.3.1. */
	MAX_LOCAL = 64,
	MAX_ADDRESS = 254,
	/* Bytes in an encoded word: with its frame 64 of 75 characters, so
	 * that it fits behind "Subject: ". */
	MAX_WORD_BYTES = 39,
	/* A word without a space that is longer cannot be folded well. */
	MAX_PLAIN_WORD = 60,
	/* Of a file name, in one parameter. */
	MAX_FILENAME = 60,
};

/* --- addresses --- */

static bool
is_atom_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_domain_char(char c)
{
	return is_atom_char(c) && strchr("!#$%&'*+/=?^`{|}~", c) == NULL;
}

/* Words of allowed characters with single dots between them. */
static bool
is_dotted(const char *p, size_t len, bool (*allowed)(char))
{
	char before = '.';

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.' ? before == '.' : !allowed(p[i]))
			return false;
		before = p[i];
	}
	return before != '.';
}

static bool
is_address(const char *p, size_t len)
{
	const char *at = memchr(p, '@', len);
	size_t local;

	if (at == NULL || len > MAX_ADDRESS)
		return false;
	local = (size_t)(at - p);
	return local <= MAX_LOCAL && is_dotted(p, local, is_atom_char) &&
	       is_dotted(at + 1, len - local - 1, is_domain_char);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The end of one entry of a list: a comma outside quotes and brackets. */
static const char *
entry_end(const char *p)
{
	bool quoted = false, bracketed = false;

	for (; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '<' || *p == '>'))
			bracketed = *p == '<';
		else if (!quoted && !bracketed && *p == ',')
			break;
	}
	return p;
}

/* The name before "<": words as they stand, or one quoted string. */
static bool
read_name(const char *p, size_t len, struct buf *out)
{
	bool quoted = len >= 2 && p[0] == '"' && p[len - 1] == '"';

	for (size_t i = quoted ? 1 : 0; i < len - (quoted ? 1 : 0); i++) {
		if (quoted && p[i] == '\\' && i + 2 < len)
			i++;
		else if (p[i] == '"' || (!quoted && p[i] == '>'))
			return false;
		buf_char(out, p[i]);
	}
	return true;
}

static bool
read_entry(const char *p, const char *end, struct mime_mailbox *out)
{
	struct buf name = BUF_INIT;
	const char *open;
	bool ok = true;

	while (p < end && is_blank(*p))
		p++;
	while (p < end && is_blank(end[-1]))
		end--;
	if (p < end && end[-1] == '>') {
		end--;
		for (open = end; open > p && *open != '<'; open--)
			;
		ok = *open == '<';
		if (ok) {
			const char *stop = open;

			while (stop > p && is_blank(stop[-1]))
				stop--;
			ok = read_name(p, (size_t)(stop - p), &name);
			p = open + 1;
		}
	}
	ok = ok && is_address(p, (size_t)(end - p));
	if (!ok) {
		buf_fini(&name);
		return false;
	}
	out->name = buf_take(&name);
	out->address = strndup(p, (size_t)(end - p));
	return true;
}

static bool
has_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool
parse_list(const char *text, struct mime_mailboxes *out, struct err *err)
{
	struct mime_mailbox *list, *box;
	const char *end;

	for (;; text = end + 1) {
		end = entry_end(text);
		list = reallocarray(out->list, out->count + 1, sizeof *list);
		if (list == NULL)
			return err_nomem(err);
		out->list = list;
		box = &list[out->count];
		memset(box, 0, sizeof *box);
		if (!read_entry(text, end, box))
			return err_set(err, ERR_INPUT,
			    "not a mail address: \"%.*s\"", (int)(end - text),
			    text);
		out->count++;
		if (box->name == NULL || box->address == NULL)
			return err_nomem(err);
		if (*end == '\0')
			return true;
	}
}

bool
mime_parse_mailboxes(
    const char *text, struct mime_mailboxes *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (has_controls(text))
		return err_set(
		    err, ERR_INPUT, "a mail address holds a control character");
	if (parse_list(text, out, err))
		return true;
	mime_mailboxes_fini(out);
	return false;
}

void
mime_mailboxes_fini(struct mime_mailboxes *boxes)
{
	for (size_t i = 0; i < boxes->count; i++) {
		free(boxes->list[i].name);
		free(boxes->list[i].address);
	}
	free(boxes->list);
	memset(boxes, 0, sizeof *boxes);
}

/* --- headers --- */

/* A header line that is being written. */
struct line {
	struct buf *out;
	size_t column;
};

static void
begin_header(struct line *line, struct buf *out, const char *name)
{
	line->out = out;
	line->column = strlen(name) + 1;
	buf_str(out, name);
	buf_char(out, ':');
}

/* A word and the space before it, on a new line if it does not fit. */
static void
put_word(struct line *line, const char *word, size_t len)
{
	if (line->column + 1 + len > MAX_LINE) {
		buf_str(line->out, "\r\n");
		line->column = 0;
	}
	buf_char(line->out, ' ');
	buf_add(line->out, word, len);
	line->column += 1 + len;
}

static void
put_words(struct line *line, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len > 0)
			put_word(line, text, len);
	}
}

static void
end_header(struct line *line)
{
	buf_str(line->out, "\r\n");
}

/* Whether text can stand in a header as it is: printable ASCII, single
 * spaces between words, nothing that reads as an encoded word. */
static bool
is_simple(const char *text)
{
	size_t word = 0;

	if (strstr(text, "=?") != NULL)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			return false;
		if (*text == ' ' && (word == 0 || text[1] == '\0'))
			return false;
		word = *text == ' ' ? 0 : word + 1;
		if (word > MAX_PLAIN_WORD)
			return false;
	}
	return true;
}

/* RFC 2047: words of base64, each of whole characters. */
static void
put_encoded(struct line *line, const char *text)
{
	struct buf word = BUF_INIT;
	size_t left = strlen(text), len, step;
	uint32_t c;

	for (; left > 0; left -= len, text += len) {
		for (len = 0; len < left; len += step) {
			step = text_decode(text + len, left - len, &c);
			if (len + step > MAX_WORD_BYTES)
				break;
		}
		buf_clear(&word);
		buf_str(&word, "=?UTF-8?B?");
		text_base64_word(&word, text, len);
		buf_str(&word, "?=");
		put_word(line, buf_text(&word), word.len);
		line->out->failed = line->out->failed || word.failed;
	}
	buf_fini(&word);
}

void
mime_put_text(struct buf *out, const char *name, const char *text)
{
	struct buf clean = BUF_INIT;
	struct line line;

	text_clean(&clean, text, 0);
	begin_header(&line, out, name);
	if (is_simple(buf_text(&clean)))
		put_words(&line, buf_text(&clean));
	else
		put_encoded(&line, buf_text(&clean));
	end_header(&line);
	out->failed = out->failed || clean.failed;
	buf_fini(&clean);
}

static void
quote(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static bool
is_phrase(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text != ' ' && !is_atom_char(*text))
			return false;
	return true;
}

static void
put_name(struct line *line, const char *name)
{
	struct buf clean = BUF_INIT, quoted = BUF_INIT;

	text_clean(&clean, name, 0);
	if (!is_simple(buf_text(&clean)))
		put_encoded(line, buf_text(&clean));
	else if (is_phrase(buf_text(&clean)))
		put_words(line, buf_text(&clean));
	else {
		quote(&quoted, buf_text(&clean));
		put_words(line, buf_text(&quoted));
	}
	line->out->failed = line->out->failed || clean.failed || quoted.failed;
	buf_fini(&clean);
	buf_fini(&quoted);
}

void
mime_put_mailboxes(
    struct buf *out, const char *name, const struct mime_mailboxes *boxes)
{
	struct buf word = BUF_INIT;
	struct line line;

	begin_header(&line, out, name);
	for (size_t i = 0; i < boxes->count; i++) {
		const struct mime_mailbox *box = &boxes->list[i];
		bool named = box->name[0] != '\0';

		put_name(&line, box->name);
		buf_clear(&word);
		buf_printf(&word, "%s%s%s%s", named ? "<" : "", box->address,
		    named ? ">" : "", i + 1 < boxes->count ? "," : "");
		put_word(&line, buf_text(&word), word.len);
		out->failed = out->failed || word.failed;
	}
	end_header(&line);
	buf_fini(&word);
}

/* --- parts --- */

/* Bytes of a file name that stand for themselves in RFC 2231. */
static bool
is_attribute_char(char c)
{
	return is_atom_char(c) && strchr("*'%", c) == NULL;
}

static bool
is_file_name(const char *name)
{
	for (; *name != '\0'; name++)
		if (!is_atom_char(*name) && strchr(". ", *name) == NULL)
			return false;
	return true;
}

/* The parameter as RFC 2231 has it, in as many pieces as it needs. */
static void
put_long_filename(struct buf *out, const char *name)
{
	size_t piece = 0, used = MAX_FILENAME, step, left = strlen(name);
	uint32_t c;

	for (; left > 0; left -= step, name += step) {
		step = text_decode(name, left, &c);
		/* Three characters for a byte, and "utf-8''". */
		if (used + 3 * step > MAX_FILENAME) {
			buf_printf(out, ";\r\n filename*%zu*=%s", piece,
			    piece == 0 ? "utf-8''" : "");
			used = piece == 0 ? 7 : 0;
			piece++;
		}
		for (size_t i = 0; i < step; i++) {
			if (is_attribute_char(name[i]) || name[i] == '.')
				buf_char(out, name[i]);
			else
				buf_printf(
				    out, "%%%02X", (unsigned char)name[i]);
			used += 3;
		}
	}
}

static void
put_disposition(struct buf *out, const char *how, const char *filename)
{
	buf_printf(out, "Content-Disposition: %s", how);
	if (is_file_name(filename) && strlen(filename) <= MAX_FILENAME)
		buf_printf(out, ";\r\n filename=\"%s\"", filename);
	else
		put_long_filename(out, filename);
	buf_str(out, "\r\n");
}

static void
put_leaf(struct buf *out, const struct mime_part *part)
{
	bool base64 = part->encoding == MIME_BASE64;

	buf_printf(out, "Content-Type: %s\r\n", part->type);
	buf_printf(out, "Content-Transfer-Encoding: %s\r\n",
	    base64 ? "base64" : "quoted-printable");
	if (part->content_id != NULL)
		buf_printf(out, "Content-ID: <%s>\r\n", part->content_id);
	if (part->description != NULL)
		mime_put_text(out, "Content-Description", part->description);
	if (part->filename != NULL)
		put_disposition(out,
		    part->content_id != NULL ? "inline" : "attachment",
		    part->filename);
	buf_str(out, "\r\n");
	if (base64)
		text_base64(out, part->data, part->len);
	else
		text_quoted_printable(out, part->data, part->len);
}

static void
put_part(struct buf *out, const struct mime_part *part, const char *seed,
    unsigned *number)
{
	unsigned mine;

	if (part->parts == NULL) {
		put_leaf(out, part);
		return;
	}
	/* Of one length, so that none begins with another. */
	mine = (*number)++ % 1000;
	buf_printf(out, "Content-Type: %s;\r\n boundary=\"=_%.32s_%03u\"\r\n",
	    part->type, seed, mine);
	for (size_t i = 0; i < part->part_count; i++) {
		buf_printf(out, "\r\n--=_%.32s_%03u\r\n", seed, mine);
		put_part(out, &part->parts[i], seed, number);
	}
	buf_printf(out, "\r\n--=_%.32s_%03u--\r\n", seed, mine);
}

void
mime_put_part(struct buf *out, const struct mime_part *part, const char *seed)
{
	unsigned number = 0;

	put_part(out, part, seed, &number);
}
