/* Heads of requests: what passes, what is refused, and that it makes no
 * difference how the bytes were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/httphead.h"

enum {
	HEAD_LIMIT = 32768,
	BODY_LIMIT = 1000
};

#define HOST "Host: h\r\n"

static struct httphead head;

/* Feeds text in pieces of step bytes; returns 0 for COMPLETE, 1 for MORE, or
 * the status. */
static unsigned
feed(const char *text, size_t len, size_t step, size_t *taken)
{
	enum httphead_result result = HTTPHEAD_MORE;
	size_t at, piece, used;

	httphead_init(&head, HEAD_LIMIT, BODY_LIMIT);
	for (at = 0; at < len && result == HTTPHEAD_MORE; at += used) {
		piece = len - at < step ? len - at : step;
		result = httphead_feed(&head, text + at, piece, &used);
		if (result == HTTPHEAD_MORE)
			assert_int_equal(used, piece);
	}
	*taken = at;
	if (result == HTTPHEAD_REFUSED) {
		assert_true(strlen(head.detail) > 10);
		return head.status;
	}
	return result == HTTPHEAD_COMPLETE ? 0 : 1;
}

/* All at once and byte by byte give the same. */
static unsigned
read_bytes(const char *text, size_t len)
{
	size_t whole, single;
	unsigned status = feed(text, len, len, &whole);

	assert_int_equal(feed(text, len, 1, &single), status);
	assert_int_equal(single, whole);
	return status;
}

static unsigned
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void
expect_status(const char *text, unsigned status)
{
	unsigned got = read_text(text);

	if (got != status)
		fail_msg("got %u, not %u, for: %s", got, status, text);
}

static void
a_plain_get_is_complete(void **state)
{
	(void)state;
	expect_status("GET /a/b%20c?x=1&y=?2 HTTP/1.1\r\n" HOST
		      "User-Agent: t\303\251st\tx\r\n\r\n",
	    0);
	assert_string_equal(head.method, "GET");
	assert_string_equal(head.path, "/a/b%20c");
	assert_string_equal(head.query, "x=1&y=?2");
	assert_null(head.bearer);
	assert_string_equal(head.content_type, "");
	assert_int_equal(head.minor, 1);
	assert_false(head.has_body);
	assert_true(head.keep_alive);
}

static void
a_post_keeps_what_matters(void **state)
{
	(void)state;
	expect_status("POST /v1/reports HTTP/1.1\r\nhOST:h:8443\r\n"
		      "CONTENT-LENGTH:  12  \r\nContent-Type: "
		      "application/json \r\n"
		      "Authorization: bEaReR  ab-._~+/9==\r\n\r\n",
	    0);
	assert_int_equal(head.content_length, 12);
	assert_string_equal(head.content_type, "application/json");
	assert_string_equal(head.bearer, "ab-._~+/9==");
	assert_true(head.has_body);
	assert_false(head.chunked);
}

static void
it_stops_at_the_end_of_the_head(void **state)
{
	const char text[] = "GET / HTTP/1.1\r\n" HOST "\r\nGET /next";
	size_t taken;

	(void)state;
	assert_int_equal(feed(text, sizeof text - 1, sizeof text, &taken), 0);
	assert_int_equal(taken, sizeof text - 1 - strlen("GET /next"));
}

static void
half_a_head_wants_more(void **state)
{
	(void)state;
	expect_status("", 1);
	expect_status("G", 1);
	expect_status("GET / HTTP/1.1", 1);
	expect_status("GET / HTTP/1.1\r\n" HOST "\r", 1);
}

static void
framing_that_can_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const lines[] = {
	    "Content-Length: 3\r\nContent-Length: 3\r\n",
	    "Content-Length: 3\r\nContent-Length: 4\r\n",
	    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked, gzip\r\n",
	    "Transfer-Encoding: gzip, chunked\r\n",
	    "Transfer-Encoding: identity\r\n",
	    "Transfer-Encoding: xchunked\r\n",
	    "Transfer-Encoding: Chunked\r\n",
	    "Transfer-Encoding: \"chunked\"\r\n",
	    "Transfer-Encoding: chunked;q=1\r\n",
	    "Transfer-Encoding:\r\n",
	    "Transfer-Encoding : chunked\r\n",
	    "Transfer-Encoding\t: chunked\r\n",
	    " Transfer-Encoding: chunked\r\n",
	    "Transfer-Encoding: chunked\r\n folded: yes\r\n",
	    "Content-Length: +3\r\n",
	    "Content-Length: -1\r\n",
	    "Content-Length: 0x3\r\n",
	    "Content-Length: abc\r\n",
	    "Content-Length: 3, 3\r\n",
	    "Content-Length: 3 3\r\n",
	    "Content-Length: \"3\"\r\n",
	    "Content-Length:\r\n",
	    "Content-Length: 3\r\n\t4\r\n",
	    "Content-Length: 3\n",
	    "Content-Length: 3\r",
	    "Content-Length\r\n",
	    ": 3\r\n",
	    "Con tent-Length: 3\r\n",
	    "Content(Length: 3\r\n",
	    "Contentl\303\244nge: 3\r\n",
	    "X: a\001b\r\n",
	    "X: a\177b\r\n",
	    "X: a\rb\r\n",
	    "X: a\nb\r\n",
	};
	char text[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text,
		    "POST / HTTP/1.1\r\n" HOST "%sX: y\r\n\r\n", lines[i]);
		expect_status(text, 400);
		assert_false(head.whole);
	}
}

static void
a_nul_byte_is_refused_anywhere(void **state)
{
	static const char whole[] = "POST /a?b HTTP/1.1\r\nHost: h\r\nX: "
				    "y\r\nContent-Length: 0\r\n\r\n";
	char text[sizeof whole];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof whole - 1; i++) {
		memcpy(text, whole, sizeof whole);
		text[i] = '\0';
		assert_int_equal(read_bytes(text, sizeof whole - 1), 400);
	}
}

static void
a_target_that_is_no_plain_path_is_refused(void **state)
{
	static const char *const targets[] = {"*", "foo", "//evil/path",
	    "http://h/p", "https://h/p", "/a b", "/a#b", "/a\303\251", "/%",
	    "/%2", "/%zz", "/a%00b", "?x", "", "/a\tb"};
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n",
		    targets[i]);
		expect_status(text, 400);
	}
}

static void
a_request_line_that_is_none_is_refused(void **state)
{
	(void)state;
	expect_status("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400);
	expect_status("GET /\r\n\r\n", 400);
	expect_status("GET  / HTTP/1.1\r\n" HOST "\r\n", 400);
	expect_status("GET /  HTTP/1.1\r\n" HOST "\r\n", 400);
	expect_status("GET / HTTP/1.1 \r\n" HOST "\r\n", 400);
	expect_status(" GET / HTTP/1.1\r\n" HOST "\r\n", 400);
	expect_status("G(T / HTTP/1.1\r\n" HOST "\r\n", 400);
	expect_status("GET / http/1.1\r\n" HOST "\r\n", 400);
	expect_status("GET / HTTP/1.10\r\n" HOST "\r\n", 400);
	expect_status("GET / HTTP/1\r\n" HOST "\r\n", 400);
	expect_status("GET / HTTP/1.1\n" HOST "\r\n", 400);
	expect_status("GET / HTTP/1.1\r\n" HOST "\n", 400);
	expect_status("\026\003\001\002", 400);
	expect_status("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n", 400);
}

static void
other_versions_are_505(void **state)
{
	(void)state;
	expect_status("GET / HTTP/2.0\r\n" HOST "\r\n", 505);
	expect_status("GET / HTTP/0.9\r\n" HOST "\r\n", 505);
	expect_status("GET / HTTP/1.9\r\n" HOST "\r\n", 505);
	expect_status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

static void
one_host_is_needed_in_http_1_1(void **state)
{
	(void)state;
	expect_status("GET / HTTP/1.1\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
	expect_status("GET / HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", 0);
	expect_status("GET / HTTP/1.0\r\n\r\n", 0);
	expect_status("GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400);
}

static void
methods_without_a_body_may_not_have_one(void **state)
{
	static const char *const methods[] = {
	    "GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "FOO"};
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		snprintf(text, sizeof text,
		    "%s / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n",
		    methods[i]);
		expect_status(text, 400);
		snprintf(text, sizeof text,
		    "%s / HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\n",
		    methods[i]);
		expect_status(text, 400);
		snprintf(text, sizeof text,
		    "%s / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
		    methods[i]);
		expect_status(text, 0);
	}
}

static void
connect_is_405_and_unknown_methods_pass(void **state)
{
	(void)state;
	expect_status("CONNECT h:443 HTTP/1.1\r\n" HOST "\r\n", 405);
	expect_status("BREW /pot HTTP/1.1\r\n" HOST "\r\n", 0);
	assert_string_equal(head.method, "BREW");
}

static void
what_a_whole_head_lacks_can_wait_for_the_gate(void **state)
{
	(void)state;
	expect_status("POST /x HTTP/1.1\r\n" HOST "\r\n", 411);
	assert_true(head.whole);
	expect_status("PUT /x HTTP/1.0\r\n\r\n", 411);
	expect_status(
	    "POST /x HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413);
	assert_true(head.whole);
	assert_string_equal(head.path, "/x");
	expect_status("POST /x HTTP/1.1\r\n" HOST
		      "Content-Length: 99999999999999999999999999\r\n\r\n",
	    413);
	expect_status(
	    "POST /x HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", 0);
	expect_status("POST /x HTTP/1.1\r\n" HOST
		      "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n",
	    417);
	assert_true(head.whole);
	expect_status("POST /x HTTP/1.1\r\n" HOST
		      "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
	    0);
}

static void
chunked_is_read_and_not_for_http_1_0(void **state)
{
	(void)state;
	expect_status(
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:chunked\r\n\r\n", 0);
	assert_true(head.chunked);
	assert_true(head.has_body);
	expect_status("POST / HTTP/1.0\r\n" HOST
		      "Transfer-Encoding: chunked\r\n\r\n",
	    400);
}

static void
connection_says_whether_it_stays(void **state)
{
	(void)state;
	expect_status("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 0);
	assert_false(head.keep_alive);
	expect_status(
	    "GET / HTTP/1.1\r\n" HOST "Connection: te, CLOSE\r\n\r\n", 0);
	assert_false(head.keep_alive);
	expect_status(
	    "GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", 0);
	assert_true(head.keep_alive);
	expect_status("GET / HTTP/1.0\r\n\r\n", 0);
	assert_false(head.keep_alive);
	expect_status("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0);
	assert_true(head.keep_alive);
}

static void
a_bearer_that_is_malformed_is_none(void **state)
{
	static const char *const values[] = {"Basic abc", "Bearer", "Bearer ",
	    "Bearer a b", "Bearer a=b", "Bearer =", "Bearer a,b", "Bearerabc",
	    "Bearer \303\251"};
	char text[1400], token[602];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		snprintf(text, sizeof text,
		    "GET / HTTP/1.1\r\n" HOST "Authorization: %s\r\n\r\n",
		    values[i]);
		expect_status(text, 0);
		assert_null(head.bearer);
	}
	memset(token, 'a', sizeof token);
	for (i = 512; i < sizeof token; i += 1 + (i == 513) * 80) {
		snprintf(text, sizeof text,
		    "GET / HTTP/1.1\r\n" HOST
		    "Authorization: Bearer %.*s\r\n\r\n",
		    (int)i, token);
		expect_status(text, 0);
		if (i == 512)
			assert_int_equal(strlen(head.bearer), 512);
		else
			assert_null(head.bearer);
	}
	expect_status("GET / HTTP/1.1\r\n" HOST
		      "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"
		      "\r\n",
	    400);
}

static void
a_long_request_line_is_414(void **state)
{
	static char text[HTTPHEAD_LINE_BYTES + 100];
	const char *tail = " HTTP/1.1";
	size_t len = HTTPHEAD_LINE_BYTES;

	(void)state;
	memset(text, 'a', sizeof text);
	text[snprintf(text, sizeof text, "GET /")] = 'a';
	assert_int_equal(read_bytes(text, HTTPHEAD_LINE_BYTES), 1);
	assert_int_equal(read_bytes(text, HTTPHEAD_LINE_BYTES + 1), 414);
	snprintf(text + len - strlen(tail), 100, "%s\r\n" HOST "\r\n", tail);
	assert_int_equal(read_bytes(text, len + 2 + 9 + 2), 0);
	assert_int_equal(
	    strlen(head.path), len - strlen("GET ") - strlen(tail));
}

static void
a_large_head_is_431(void **state)
{
	static char text[HEAD_LIMIT + 100];
	size_t len;

	(void)state;
	len = (size_t)snprintf(
	    text, sizeof text, "GET / HTTP/1.1\r\n" HOST "X: ");
	memset(text + len, 'x', sizeof text - len);
	assert_int_equal(read_bytes(text, HEAD_LIMIT), 1);
	assert_int_equal(read_bytes(text, HEAD_LIMIT + 1), 431);
	snprintf(text + HEAD_LIMIT - 4, 100, "\r\n\r\n");
	assert_int_equal(read_bytes(text, HEAD_LIMIT), 0);
}

static void
the_first_cookie_is_kept_as_sent(void **state)
{
	char text[HTTPHEAD_VALUE_BYTES + 256], value[HTTPHEAD_VALUE_BYTES + 2];

	(void)state;
	expect_status("GET / HTTP/1.1\r\n" HOST "\r\n", 0);
	assert_string_equal(head.cookie, "");
	expect_status("GET / HTTP/1.1\r\n" HOST
		      "Cookie:  a=b; c=\"d\" \r\ncookie: e=f\r\n\r\n",
	    0);
	assert_string_equal(head.cookie, "a=b; c=\"d\"");
	memset(value, 'x', sizeof value);
	value[HTTPHEAD_VALUE_BYTES] = '\0';
	snprintf(text, sizeof text,
	    "GET / HTTP/1.1\r\n" HOST "Cookie: %s\r\n\r\n", value);
	expect_status(text, 0);
	assert_string_equal(head.cookie, value);
	snprintf(text, sizeof text,
	    "GET / HTTP/1.1\r\n" HOST "Cookie: %sx\r\n\r\n", value);
	expect_status(text, 0);
	assert_string_equal(head.cookie, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_get_is_complete),
	    cmocka_unit_test(a_post_keeps_what_matters),
	    cmocka_unit_test(it_stops_at_the_end_of_the_head),
	    cmocka_unit_test(half_a_head_wants_more),
	    cmocka_unit_test(framing_that_can_be_read_in_two_ways_is_refused),
	    cmocka_unit_test(a_nul_byte_is_refused_anywhere),
	    cmocka_unit_test(a_target_that_is_no_plain_path_is_refused),
	    cmocka_unit_test(a_request_line_that_is_none_is_refused),
	    cmocka_unit_test(other_versions_are_505),
	    cmocka_unit_test(one_host_is_needed_in_http_1_1),
	    cmocka_unit_test(methods_without_a_body_may_not_have_one),
	    cmocka_unit_test(connect_is_405_and_unknown_methods_pass),
	    cmocka_unit_test(what_a_whole_head_lacks_can_wait_for_the_gate),
	    cmocka_unit_test(chunked_is_read_and_not_for_http_1_0),
	    cmocka_unit_test(connection_says_whether_it_stays),
	    cmocka_unit_test(a_bearer_that_is_malformed_is_none),
	    cmocka_unit_test(a_long_request_line_is_414),
	    cmocka_unit_test(a_large_head_is_431),
	    cmocka_unit_test(the_first_cookie_is_kept_as_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
