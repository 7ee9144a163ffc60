/*
 * server_clock.c - moves the server's pretend clock. In: an instant. Out: the
 * clock's new time.
 */
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/utc.h"
#include "server_clock.h"

/* Where the times end that reports may state: 2201-01-01T00:00:00Z. */
static const int64_t LAST_AT = 7289654400;

static bool
read_now(struct http_request *req, int64_t *at, struct err *err)
{
	size_t len;
	const char *text = NULL, *body = http_body(req, &len);
	struct json *doc = body != NULL ? json_parse(body, len, err) : NULL;
	bool ok = doc != NULL && json_get_string(doc, "now", &text, err);

	if (ok && (text == NULL || !utc_parse(text, strlen(text), at, NULL) ||
		      *at >= LAST_AT))
		ok = err_set(
		    err, ERR_INPUT, "send {\"now\":\"2026-11-01T00:00:00Z\"}");
	json_free(doc);
	return ok;
}

static void
reply_now(struct http_request *req, const struct clock *clock)
{
	char when[UTC_TEXT_SIZE];
	struct buf out = BUF_INIT;

	buf_printf(
	    &out, "{\"now\":\"%s\"}\n", utc_format(clock_secs(clock), when));
	http_reply(req, 200, "application/json", buf_text(&out), out.len);
	buf_fini(&out);
}

bool
server_clock_set(struct clock *clock, struct http_request *req)
{
	struct err err = ERR_INIT;
	int64_t at = 0;

	if (!read_now(req, &at, &err)) {
		http_reply_problem(req, 400, "bad_request",
		    err.text[0] != '\0' ? err.text : "the body is not JSON",
		    NULL);
		return false;
	}
	if (!clock_set(clock, at)) {
		http_reply_problem(
		    req, 409, "conflict", "a clock is only set forward", NULL);
		return false;
	}
	reply_now(req, clock);
	return true;
}
