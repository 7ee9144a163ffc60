/*
 * httphead.c - the strict reader of httphead.h.
 *
 * One byte is one step of a small state machine, so that it makes no
 * difference how the bytes were cut on their way. The request line is kept
 * whole and taken apart in place; of the header lines only those that matter
 * here are kept, and only while they are read. Sources: RFC 9112 (syntax,
 * message length), RFC 9110 (tokens, Expect), RFC 6750 (bearer tokens).
 */
#include <string.h>
#include <strings.h>

#include "httphead.h"

enum head_state {
	LINE,	    /* request line */
	LINE_LF,    /* its LF is due */
	NAME_FIRST, /* first byte of a header line, or the end */
	NAME,
	VALUE_LEAD, /* white space behind the colon */
	VALUE,
	VALUE_LF,
	END_LF, /* the LF of the empty line is due */
};

enum {
	LENGTH_MAX_DIGITS = 18, /* more could overflow */
};

static bool
refuse(struct httphead *h, unsigned status, const char *detail)
{
	h->status = status;
	h->detail = detail;
	return false;
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* tchar of RFC 9110. */
static bool
is_token(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static const char *
control_detail(char c)
{
	switch (c) {
	case '\0':
		return "The head of the request holds a NUL byte.";
	case '\n':
		return "A line of the head ends with LF alone, not CR LF.";
	case '\r':
		return "The head of the request holds a bare CR.";
	default:
		return "The head of the request holds a control character.";
	}
}

/* --- request line --- */

static bool
read_method(struct httphead *h, char *method)
{
	const char *c;

	if (*method == '\0' || strlen(method) > HTTPHEAD_METHOD_BYTES)
		return refuse(h, 400, "The request line has no method.");
	for (c = method; *c != '\0'; c++) {
		if (!is_token(*c))
			return refuse(h, 400, "The method is not a token.");
	}
	h->method = method;
	if (strcmp(method, "CONNECT") == 0)
		return refuse(h, 405, "This server is no proxy.");
	return true;
}

static bool
read_version(struct httphead *h, const char *version)
{
	const char *c = version;

	if (strncmp(c, "HTTP/", 5) != 0 || hex_value(c[5]) < 0 ||
	    hex_value(c[5]) > 9 || c[6] != '.' || hex_value(c[7]) < 0 ||
	    hex_value(c[7]) > 9 || c[8] != '\0')
		return refuse(h, 400,
		    "The request line does not end with HTTP/1.1 or HTTP/1.0.");
	if (c[5] != '1' || (c[7] != '0' && c[7] != '1'))
		return refuse(
		    h, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
	h->minor = c[7] - '0';
	return true;
}

/* A path of visible ASCII with whole percent-escapes, none of them a NUL. */
static bool
read_target(struct httphead *h, char *target)
{
	const char *c;
	char *mark;

	if (target[0] != '/' || target[1] == '/')
		return refuse(h, 400,
		    "The target does not start with exactly one slash.");
	for (c = target; *c != '\0'; c++) {
		if (*c == '#' || (unsigned char)*c >= 0x80)
			return refuse(h, 400,
			    "The target holds a character that has to be "
			    "percent-encoded.");
		if (*c != '%')
			continue;
		if (hex_value(c[1]) < 0 || hex_value(c[2]) < 0)
			return refuse(h, 400,
			    "The target holds a broken percent-escape.");
		if (c[1] == '0' && c[2] == '0')
			return refuse(
			    h, 400, "The target holds an escaped NUL.");
	}
	h->path = target;
	mark = strchr(target, '?');
	if (mark != NULL) {
		*mark = '\0';
		h->query = mark + 1;
	}
	return true;
}

static bool
read_line(struct httphead *h)
{
	char *target, *version;

	h->line[h->line_len] = '\0';
	target = strchr(h->line, ' ');
	version = target != NULL ? strchr(target + 1, ' ') : NULL;
	if (version == NULL)
		return refuse(h, 400,
		    "The request line is not method, target and version.");
	*target++ = '\0';
	*version++ = '\0';
	return read_method(h, h->line) && read_version(h, version) &&
	       read_target(h, target);
}

/* --- header lines --- */

static bool
only_once(struct httphead *h, enum httphead_seen bit, const char *detail)
{
	if ((h->seen & bit) != 0)
		return refuse(h, 400, detail);
	h->seen |= bit;
	return true;
}

static bool
on_host(struct httphead *h)
{
	const char *c;

	if (!only_once(h, HTTPHEAD_SEEN_HOST, "There is more than one Host."))
		return false;
	if (h->value_len == 0 || h->value_len > HTTPHEAD_HOST_BYTES)
		return refuse(h, 400, "The Host is empty or too long.");
	for (c = h->value; *c != '\0'; c++) {
		if (!is_alnum(*c) && strchr("-._~%!$&'()*+;=:[]", *c) == NULL)
			return refuse(h, 400, "The Host is not a host name.");
	}
	return true;
}

static bool
on_length(struct httphead *h)
{
	const char *c;

	if (!only_once(h, HTTPHEAD_SEEN_LENGTH,
		"There is more than one Content-Length."))
		return false;
	for (c = h->value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9')
			break;
	}
	if (h->value_len == 0 || *c != '\0')
		return refuse(
		    h, 400, "The Content-Length is not a plain number.");
	if (h->value_len > LENGTH_MAX_DIGITS) {
		h->content_length = UINT64_MAX;
		return true;
	}
	for (c = h->value; *c != '\0'; c++)
		h->content_length =
		    h->content_length * 10 + (uint64_t)(*c - '0');
	return true;
}

static bool
on_coding(struct httphead *h)
{
	if (!only_once(h, HTTPHEAD_SEEN_CODING,
		"There is more than one Transfer-Encoding."))
		return false;
	if (strcmp(h->value, "chunked") != 0)
		return refuse(
		    h, 400, "The Transfer-Encoding is not exactly chunked.");
	h->chunked = true;
	return true;
}

/* RFC 6750: b64token. Anything else is as good as no token. */
static bool
on_authorization(struct httphead *h)
{
	const char *c = h->value;
	size_t len;

	if (!only_once(
		h, HTTPHEAD_SEEN_AUTH, "There is more than one Authorization."))
		return false;
	if (strncasecmp(c, "bearer ", 7) != 0)
		return true;
	for (c += 7; *c == ' '; c++)
		;
	for (len = 0; is_alnum(c[len]) ||
		      (c[len] != '\0' && strchr("-._~+/", c[len]) != NULL);
	     len++)
		;
	while (len > 0 && c[len] == '=')
		len++;
	if (len == 0 || c[len] != '\0' || len > HTTPHEAD_TOKEN_BYTES)
		return true;
	memcpy(h->token, c, len + 1);
	h->bearer = h->token;
	return true;
}

static bool
on_type(struct httphead *h)
{
	if (!only_once(
		h, HTTPHEAD_SEEN_TYPE, "There is more than one Content-Type."))
		return false;
	if (h->value_len > HTTPHEAD_TYPE_BYTES)
		return refuse(h, 400, "The Content-Type is too long.");
	memcpy(h->type, h->value, h->value_len + 1);
	return true;
}

/* Whether it is any good is for the owner to say, who looks for one name. One
 * that is too long is as good as none. */
static bool
on_cookie(struct httphead *h)
{
	if ((h->seen & HTTPHEAD_SEEN_COOKIE) == 0)
		memcpy(h->cookies, h->value, h->value_len + 1);
	h->seen |= HTTPHEAD_SEEN_COOKIE;
	return true;
}

static bool
on_expect(struct httphead *h)
{
	if (strcasecmp(h->value, "100-continue") != 0)
		h->bad_expect = true;
	return true;
}

/* A list of tokens; keep-alive counts only when it is all there is, which is
 * how HTTP/1.0 clients send it. */
static bool
on_connection(struct httphead *h)
{
	const char *c = h->value;
	size_t len;

	if (strcasecmp(c, "keep-alive") == 0)
		h->wants_keep_alive = true;
	for (; *c != '\0'; c += len) {
		c += strspn(c, ", \t");
		len = strcspn(c, ", \t");
		if (len == 5 && strncasecmp(c, "close", 5) == 0)
			h->wants_close = true;
	}
	return true;
}

static const struct header {
	const char *name; /* lower case */
	bool (*read)(struct httphead *h);
	const char *too_long;
} headers[] = {
    {"host", on_host, "The Host is too long."},
    {"content-length", on_length, "The Content-Length is too long."},
    {"transfer-encoding", on_coding, "The Transfer-Encoding is too long."},
    {"authorization", on_authorization, NULL},
    {"content-type", on_type, "The Content-Type is too long."},
    {"cookie", on_cookie, NULL},
    {"expect", on_expect, "The Expect is too long."},
    {"connection", on_connection, "The Connection is too long."},
};

/* A header line is whole: the value loses its trailing white space. */
static bool
end_header(struct httphead *h)
{
	const struct header *header;
	size_t i;

	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		header = &headers[i];
		if (h->name_len > HTTPHEAD_NAME_BYTES ||
		    strcmp(header->name, h->name) != 0)
			continue;
		if (h->value_len > HTTPHEAD_VALUE_BYTES) {
			/* A token, or cookies, too long for that are none. */
			return header->too_long == NULL ||
			       refuse(h, 400, header->too_long);
		}
		while (
		    h->value_len > 0 && (h->value[h->value_len - 1] == ' ' ||
					    h->value[h->value_len - 1] == '\t'))
			h->value_len--;
		h->value[h->value_len] = '\0';
		return header->read(h);
	}
	return true;
}

static void
start_name(struct httphead *h)
{
	h->name_len = 0;
	h->value_len = 0;
	h->name[0] = '\0';
	h->value[0] = '\0';
}

static void
add_name(struct httphead *h, char c)
{
	if (h->name_len < HTTPHEAD_NAME_BYTES) {
		h->name[h->name_len] =
		    (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
		h->name[h->name_len + 1] = '\0';
	}
	h->name_len++;
}

static void
add_value(struct httphead *h, char c)
{
	if (h->value_len < HTTPHEAD_VALUE_BYTES)
		h->value[h->value_len] = c;
	h->value_len++;
}

/* What can be judged only when all headers are known. */
static bool
end_head(struct httphead *h)
{
	bool is_post =
	    strcmp(h->method, "POST") == 0 || strcmp(h->method, "PUT") == 0;
	bool may_have_body = is_post || strcmp(h->method, "PATCH") == 0;
	bool has_length = (h->seen & HTTPHEAD_SEEN_LENGTH) != 0;

	if (h->minor == 1 && (h->seen & HTTPHEAD_SEEN_HOST) == 0)
		return refuse(h, 400, "There is no Host.");
	if (h->chunked && has_length)
		return refuse(h, 400,
		    "There are both a Content-Length and a Transfer-Encoding.");
	if (h->chunked && h->minor == 0)
		return refuse(h, 400, "HTTP/1.0 knows no Transfer-Encoding.");
	h->has_body = h->chunked || h->content_length > 0;
	h->keep_alive =
	    !h->wants_close && (h->minor == 1 || h->wants_keep_alive);
	if (h->has_body && !may_have_body)
		return refuse(
		    h, 400, "A request of this method cannot have a body.");
	h->whole = true;
	if (h->bad_expect)
		return refuse(
		    h, 417, "The only expectation known is 100-continue.");
	if (is_post && !h->chunked && !has_length)
		return refuse(
		    h, 411, "A body needs a Content-Length or to be chunked.");
	if (h->content_length > h->body_limit)
		return refuse(h, 413, "The body is too large.");
	return true;
}

/* --- the machine --- */

static bool
step_line(struct httphead *h, char c)
{
	if (c == '\r') {
		h->state = LINE_LF;
		return true;
	}
	if (is_control(c))
		return refuse(h, 400, control_detail(c));
	if (h->line_len == HTTPHEAD_LINE_BYTES)
		return refuse(h, 414, "The request line is too long.");
	h->line[h->line_len++] = c;
	return true;
}

static bool
step_name(struct httphead *h, char c)
{
	if (c == ':' && h->name_len > 0) {
		h->state = VALUE_LEAD;
		return true;
	}
	if (h->state == NAME_FIRST && c == '\r') {
		h->state = END_LF;
		return true;
	}
	if (h->state == NAME_FIRST && (c == ' ' || c == '\t'))
		return refuse(h, 400, "A header line is folded.");
	if (!is_token(c))
		return refuse(h, 400,
		    is_control(c) ? control_detail(c)
				  : "A header's name is not a token.");
	h->state = NAME;
	add_name(h, c);
	return true;
}

static bool
step_value(struct httphead *h, char c)
{
	if (c == '\r') {
		h->state = VALUE_LF;
		return true;
	}
	if (c == ' ' || c == '\t') {
		if (h->state == VALUE)
			add_value(h, c);
		return true;
	}
	if (is_control(c))
		return refuse(h, 400, control_detail(c));
	h->state = VALUE;
	add_value(h, c);
	return true;
}

/* One byte; false when it makes the head one to refuse. */
static bool
step(struct httphead *h, char c)
{
	switch ((enum head_state)h->state) {
	case LINE:
		return step_line(h, c);
	case NAME_FIRST:
	case NAME:
		return step_name(h, c);
	case VALUE_LEAD:
	case VALUE:
		return step_value(h, c);
	case LINE_LF:
	case VALUE_LF:
	case END_LF:
		break;
	}
	if (c != '\n')
		return refuse(h, 400, control_detail('\r'));
	if (h->state == END_LF)
		return end_head(h);
	if (h->state == LINE_LF ? !read_line(h) : !end_header(h))
		return false;
	h->state = NAME_FIRST;
	start_name(h);
	return true;
}

void
httphead_init(struct httphead *h, size_t head_limit, uint64_t body_limit)
{
	memset(h, 0, offsetof(struct httphead, line));
	h->method = h->path = h->query = "";
	h->token[0] = h->type[0] = h->cookies[0] = '\0';
	h->content_type = h->type;
	h->cookie = h->cookies;
	h->head_limit = head_limit;
	h->body_limit = body_limit;
	h->state = LINE;
	start_name(h);
}

enum httphead_result
httphead_feed(struct httphead *h, const char *data, size_t len, size_t *taken)
{
	bool ending;
	size_t i;

	for (i = 0; i < len; i++) {
		*taken = i;
		if (h->fed == h->head_limit) {
			refuse(h, h->state == LINE ? 414 : 431,
			    "The head of the request is too large.");
			return HTTPHEAD_REFUSED;
		}
		h->fed++;
		ending = h->state == END_LF;
		if (!step(h, data[i]))
			return HTTPHEAD_REFUSED;
		if (ending) {
			*taken = i + 1;
			return HTTPHEAD_COMPLETE;
		}
	}
	*taken = len;
	return HTTPHEAD_MORE;
}
