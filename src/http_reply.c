/*
 * http_reply.c - problem documents, and whole answers for requests that are
 * turned away before anything else saw them. Pure: bytes out, no connection.
 */
#include <stddef.h>
#include <string.h>

#include "http_reply.h"

static const struct status {
	unsigned status;
	const char *type;
	const char *text;
} statuses[] = {
    {200, NULL, "OK"},
    {201, NULL, "Created"},
    {202, NULL, "Accepted"},
    {204, NULL, "No Content"},
    {301, NULL, "Moved Permanently"},
    {302, NULL, "Found"},
    {303, NULL, "See Other"},
    {304, NULL, "Not Modified"},
    {307, NULL, "Temporary Redirect"},
    {308, NULL, "Permanent Redirect"},
    {400, "bad_request", "Bad Request"},
    {401, "unauthorized", "Unauthorized"},
    {403, "forbidden", "Forbidden"},
    {404, "not_found", "Not Found"},
    {405, "method_not_allowed", "Method Not Allowed"},
    {406, "not_acceptable", "Not Acceptable"},
    {408, "timeout", "Request Timeout"},
    {409, "conflict", "Conflict"},
    {410, "gone", "Gone"},
    {411, "length_required", "Length Required"},
    {412, "precondition_failed", "Precondition Failed"},
    {413, "too_large", "Content Too Large"},
    {414, "uri_too_long", "URI Too Long"},
    {415, "unsupported_media_type", "Unsupported Media Type"},
    {417, "expectation_failed", "Expectation Failed"},
    {422, "unprocessable", "Unprocessable Content"},
    {429, "too_many_requests", "Too Many Requests"},
    {431, "headers_too_large", "Request Header Fields Too Large"},
    {500, "internal", "Internal Server Error"},
    {503, "unavailable", "Service Unavailable"},
    {505, "version_not_supported", "HTTP Version Not Supported"},
};

static const struct status *
find_status(unsigned status)
{
	size_t i;

	for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (statuses[i].status == status)
			return &statuses[i];
	}
	return NULL;
}

const char *
http_status_text(unsigned status)
{
	const struct status *found = find_status(status);

	return found != NULL ? found->text : "Unknown";
}

const char *
http_status_type(unsigned status)
{
	const struct status *found = find_status(status);

	return found != NULL && found->type != NULL ? found->type : "internal";
}

/* The length of the well-formed UTF-8 sequence (Unicode table 3-7) at s, or
 * 0. s is NUL-terminated, so looking at the next byte is always safe. */
static size_t
utf8_len(const unsigned char *s)
{
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

void
http_add_json_text(struct buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	for (; *s != '\0'; s += len > 0 ? len : 1) {
		len = utf8_len(s);
		if (*s == '"' || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			buf_printf(out, "\\u%04x", *s);
		else if (len == 0)
			buf_str(out, "\\ufffd");
		else
			buf_add(out, s, len);
	}
}

void
http_add_problem(struct buf *out, unsigned status, const char *type,
    const char *detail, const char *errors_json)
{
	buf_str(out, "{\"type\":\"urn:flexfs-stat:problem:");
	http_add_json_text(out, type);
	buf_str(out, "\",\"title\":\"");
	http_add_json_text(out, http_status_text(status));
	buf_printf(out, "\",\"status\":%u,\"detail\":\"", status);
	http_add_json_text(out, detail);
	buf_char(out, '"');
	if (errors_json != NULL) {
		buf_str(out, ",\"errors\":");
		buf_str(out, errors_json);
	}
	buf_str(out, "}\n");
}

void
http_add_refusal(struct buf *out, unsigned status, const char *detail,
    const char *allow, const char *date, bool is_head)
{
	struct buf body = BUF_INIT;

	http_add_problem(&body, status, http_status_type(status), detail, NULL);
	buf_printf(out,
	    "HTTP/1.1 %u %s\r\n"
	    "Date: %s\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: %zu\r\n"
	    "Connection: close\r\n",
	    status, http_status_text(status), date, body.len);
	if (status == 401)
		buf_str(out, "WWW-Authenticate: Bearer\r\n");
	if (status == 405 && allow != NULL)
		buf_printf(out, "Allow: %s\r\n", allow);
	if (status == 429 || status == 503)
		buf_str(out, "Retry-After: " HTTP_RETRY_AFTER "\r\n");
	buf_str(out, "\r\n");
	if (!is_head)
		buf_add(out, body.data, body.len);
	if (body.failed)
		out->failed = true;
	buf_fini(&body);
}
