/*
 * service_body.c - reads the bodies of requests that are not reports. In: a
 * request. Out: its members, or an answer that names what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "ingest.h"
#include "report.h"
#include "service_body.h"

void
service_body_fault(
    struct service_body *body, const char *name, const char *detail)
{
	struct buf pointer = BUF_INIT;

	if (body->error_count++ == 0) {
		err_set(
		    &body->first, ERR_INPUT, "the member %s %s", name, detail);
		json_write(&body->list, &body->errors, JSON_COMPACT);
		json_put_array(&body->list, NULL);
	}
	if (body->error_count > REPORT_MAX_ERRORS)
		return;
	/* RFC 6901 */
	buf_char(&pointer, '/');
	for (const char *p = name; *p != '\0'; p++)
		buf_printf(&pointer,
		    *p == '~'	? "~0"
		    : *p == '/' ? "~1"
				: "%c",
		    *p);
	json_put_object(&body->list, NULL);
	json_put_string(&body->list, "pointer", buf_text(&pointer));
	json_put_string(&body->list, "detail", detail);
	json_put_end(&body->list);
	if (pointer.failed)
		body->errors.failed = true;
	buf_fini(&pointer);
}

static bool
is_among(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static bool
refuse_body(struct http_request *req, const char *detail)
{
	http_reply_problem(req, 400, "malformed", detail, NULL);
	return false;
}

bool
service_body_read(struct service_body *body, struct http_request *req,
    const char *const *names)
{
	const char *encoding = http_header(req, "Content-Encoding"), *text;
	struct err err = ERR_INIT;
	size_t len;

	if (!ingest_is_json(http_header(req, "Content-Type")) ||
	    (encoding != NULL && strcasecmp(encoding, "identity") != 0)) {
		http_reply_problem(req, 415, "unsupported_media_type",
		    "this path takes a body of Content-Type: "
		    "application/json, as it is",
		    NULL);
		return false;
	}
	text = http_body(req, &len);
	if (text == NULL)
		err_nomem(&err);
	else
		body->doc = json_parse(text, len, &err);
	if (body->doc == NULL && err.kind != ERR_INPUT) {
		ingest_refuse(req, &err);
		return false;
	}
	if (body->doc == NULL)
		return refuse_body(req, err.text);
	if (!json_is_object(body->doc))
		return refuse_body(req, "the body has to be a JSON object");
	for (const struct json *m = json_first(body->doc); m != NULL;
	     m = json_next(m))
		if (!is_among(names, json_name(m)))
			service_body_fault(body, json_name(m), "is not known");
	return true;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

const char *
service_body_text(struct service_body *body, const char *name, size_t max_bytes,
    enum service_need need)
{
	const struct json *m = json_member(body->doc, name);
	const char *text, *wrong = NULL;
	char too_long[64];

	if (m == NULL || json_is_null(m)) {
		if (need == SERVICE_REQUIRED)
			service_body_fault(body, name, "is missing");
		return NULL;
	}
	snprintf(too_long, sizeof too_long, "must have at most %zu bytes",
	    max_bytes);
	if (!json_as_string(m, &text))
		wrong = "must be a string";
	else if (strlen(text) > max_bytes)
		wrong = too_long;
	else if (has_control(text))
		wrong = "must not hold control characters";
	else if (need == SERVICE_REQUIRED && text[0] == '\0')
		wrong = "must not be empty";
	if (wrong == NULL)
		return text;
	service_body_fault(body, name, wrong);
	return NULL;
}

bool
service_body_accept(struct service_body *body, struct http_request *req)
{
	struct err nomem = ERR_INIT;

	if (body->error_count == 0)
		return true;
	json_put_end(&body->list);
	if (body->errors.failed) {
		err_nomem(&nomem);
		ingest_refuse(req, &nomem);
	} else
		http_reply_problem(req, 422, "invalid_request",
		    body->first.text, buf_text(&body->errors));
	return false;
}

void
service_body_fini(struct service_body *body)
{
	json_free(body->doc);
	buf_fini(&body->errors);
	memset(body, 0, sizeof *body);
}
