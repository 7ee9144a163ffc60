/*
 * The HTTP server: what it answers, and what it refuses. Each test starts a
 * server of its own.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_rig.h"

static void
requests_are_answered_on_one_connection(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd, "GET /open?a=b%20c HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "X-Query: a=b%20c\r\n"));
	assert_non_null(strstr(answer, "Content-Length: 0\r\n"));
	assert_non_null(strstr(answer, "Date: "));
	assert_null(strstr(answer, "Server:"));
	say(fd,
	    "POST /x HTTP/1.1\r\n" HOST TOKEN "Content-Length: 5\r\n\r\nhello");
	assert_true(hear(fd, "\r\n\r\nhello", WAIT_MS));
	say(fd, "PUT /x HTTP/1.1\r\n" HOST TOKEN
		"Transfer-Encoding: chunked\r\n\r\n");
	say(fd, "3\r\nabc\r\n2");
	say(fd, "\r\nde\r\n0\r\n\r\n");
	assert_true(hear(fd, "\r\n\r\nabcde", WAIT_MS));
	say(fd,
	    "GET /open/problem HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_non_null(strstr(answer,
	    "{\"type\":\"urn:flexfs-stat:problem:schema\",\"title\":"
	    "\"Unprocessable Content\",\"status\":422,\"detail\":"
	    "\"a "
	    "\\\"b\\\"\\u000a\\ufffd\",\"errors\":[{\"pointer\":\"/x\"}]}"));
	close(fd);
	stop();
}

static void
head_is_told_the_length_and_no_body(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd,
	    "HEAD /open/stat HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "Content-Length: 5"));
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
	fd = dial();
	say(fd, "HEAD /x HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_int_equal(status(), 401);
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
	stop();
}

static void
http_1_0_ends_unless_it_asks_to_stay(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd, "POST /open HTTP/1.0\r\nContent-Length: 2\r\n"
		"Connection: keep-alive\r\n\r\nab");
	assert_true(hear(fd, "\r\n\r\nab", WAIT_MS));
	assert_non_null(strstr(answer, "Connection: keep-alive"));
	say(fd, "POST /open HTTP/1.0\r\nContent-Length: 2\r\n\r\ncd");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_non_null(strstr(answer, "\r\n\r\ncd"));
	close(fd);
	stop();
}

static void
hostile_requests_are_refused_with_a_problem(void **state)
{
	size_t i, count = hostile_count, at;
	int fd;

	(void)state;
	start(&small);
	for (i = 0; i < count; i++)
		refuse(hostiles[i].request, hostiles[i].code);
	for (i = 0; i < count; i++) {
		fd = dial();
		for (at = 0; hostiles[i].request[at] != '\0'; at++) {
			/* The rest may come after it was refused. */
			if (send(fd, hostiles[i].request + at, 1,
				MSG_NOSIGNAL) != 1)
				break;
		}
		assert_true(hear(fd, NULL, WAIT_MS));
		expect_refusal(hostiles[i].code, hostiles[i].request);
		close(fd);
	}
	assert_int_equal(stat_of("served"), 1);
	assert_int_equal(stat_of("seen"), 2 * count + 1);
	stop();
}

static void
refusals_carry_the_headers_they_need(void **state)
{
	(void)state;
	start(&small);
	refuse("GET /x HTTP/1.1\r\n" HOST "\r\n", 401);
	assert_non_null(strstr(answer, "WWW-Authenticate: Bearer\r\n"));
	assert_non_null(
	    strstr(answer, "\"title\":\"Unauthorized\",\"status\":401,"
			   "\"detail\":\"A token is \\\"needed\\\".\"}"));
	refuse("DELETE /open HTTP/1.1\r\n" HOST "\r\n", 405);
	assert_non_null(strstr(answer, "Allow: GET, POST\r\n"));
	stop();
}

static void
long_heads_are_refused(void **state)
{
	static char text[20000];
	size_t len;

	(void)state;
	start(&small);
	len = (size_t)snprintf(text, sizeof text, "GET /open?");
	memset(text + len, 'a', 5000);
	text[len + 5000] = '\0';
	refuse(text, 414);
	len = (size_t)snprintf(
	    text, sizeof text, "GET /open HTTP/1.1\r\n" HOST "X: ");
	memset(text + len, 'a', 5000);
	text[len + 5000] = '\0';
	refuse(text, 431);
	stop();
}

static void
what_follows_a_refusal_is_never_served(void **state)
{
	(void)state;
	start(&small);
	refuse("POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"
	       "abcGET /open HTTP/1.1\r\n" HOST "\r\n",
	    401);
	assert_null(strstr(answer + 10, "HTTP/1.1 200"));
	refuse("POST /open HTTP/1.1\r\n" HOST
	       "Transfer-Encoding: chunked\r\n\r\nx\r\n"
	       "GET /open HTTP/1.1\r\n" HOST "\r\n",
	    400);
	assert_null(strstr(answer + 10, "HTTP/1.1 200"));
	assert_int_equal(stat_of("served"), 1);
	stop();
}

static void
check_pipelined(int fd)
{
	const char *one, *later, *three, *second, *last;

	assert_true(hear(fd, NULL, WAIT_MS));
	one = strstr(answer, "\r\n\r\noneHTTP/1.1 200");
	later = strstr(answer, "\r\n\r\nlaterHTTP/1.1 200");
	three = strstr(answer, "\r\n\r\nthreeHTTP/1.1 200");
	assert_true(one != NULL && later > one && three > later);
	second = strstr(three, "\r\n\r\nlaterHTTP/1.1 401");
	assert_non_null(second);
	last = strstr(second, "401 Unauthorized");
	assert_null(strstr(last, "HTTP/1.1"));
	close(fd);
}

static void
pipelined_requests_are_served_in_order(void **state)
{
	size_t at, cut;
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd, pipelined);
	check_pipelined(fd);
	fd = dial();
	for (at = 0; at < strlen(pipelined); at++)
		assert_int_equal(send(fd, pipelined + at, 1, MSG_NOSIGNAL), 1);
	check_pipelined(fd);
	for (cut = 30; cut < strlen(pipelined); cut += 37) {
		fd = dial();
		assert_int_equal(send(fd, pipelined, cut, MSG_NOSIGNAL), cut);
		poll(NULL, 0, 2);
		say(fd, pipelined + cut);
		check_pipelined(fd);
	}
	stop();
}

/* Sends total bytes as far as the server lets it, then reads its answer. */
static void
push_and_hear(const char *head, size_t total)
{
	static char junk[1 << 16];
	size_t left = total;
	ssize_t sent;
	int fd = dial();

	say(fd, head);
	while (left > 0) {
		sent = send(fd, junk, left < sizeof junk ? left : sizeof junk,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0)
			left -= (size_t)sent;
		else if (errno != EAGAIN)
			fail_msg("reset after %zu bytes", total - left);
		else if (recv(fd, answer, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
			break;
	}
	hear(fd, "}\n", WAIT_MS);
	close(fd);
}

static void
a_large_body_can_read_its_refusal(void **state)
{
	int i;

	(void)state;
	start(&small);
	for (i = 0; i < 5; i++) {
		push_and_hear("POST /x HTTP/1.1\r\n" HOST
			      "Content-Length: 10000000\r\n\r\n",
		    10000000);
		expect_refusal(401, "length, no token");
		push_and_hear("POST /open HTTP/1.1\r\n" HOST
			      "Content-Length: 10000000\r\n\r\n",
		    10000000);
		expect_refusal(413, "length");
		push_and_hear("POST /open HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\nffff\r\n",
		    10000000);
		expect_refusal(400, "chunked");
	}
	stop();
}

static void
a_body_as_large_as_allowed_is_taken(void **state)
{
	static char body[100001];
	int fd;

	(void)state;
	start(&small);
	memset(body, 'b', 100000);
	fd = dial();
	say(fd, "POST /open/length HTTP/1.1\r\n" HOST
		"Content-Length: 100000\r\n\r\n");
	say(fd, body);
	assert_true(hear(fd, "length=100000.", WAIT_MS));
	say(fd, "POST /open/length HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n186a0\r\n");
	say(fd, body);
	say(fd, "\r\n0\r\n\r\n");
	assert_true(hear(fd, "length=100000.", WAIT_MS));
	close(fd);
	stop();
}

static void
chunks_that_add_up_to_too_much_are_413(void **state)
{
	char one[1100];
	int fd, i;

	(void)state;
	start(&small);
	snprintf(one, sizeof one, "3e8\r\n%01000d\r\n", 0);
	fd = dial();
	say(fd, "POST /open HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 100; i++)
		say(fd, one);
	poll(NULL, 0, 20);
	say(fd, "1\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(413, "chunks");
	close(fd);
	assert_int_equal(stat_of("served"), 1);
	stop();
}

static void
a_body_is_invited_only_when_it_is_wanted(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd, "POST /open HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\n");
	assert_true(hear(fd, "HTTP/1.1 100 Continue\r\n\r\n", WAIT_MS));
	say(fd, "ab");
	assert_true(hear(fd, "\r\n\r\nab", WAIT_MS));
	close(fd);
	refuse("POST /x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	       "Content-Length: 2\r\n\r\n",
	    401);
	assert_null(strstr(answer, "100 Continue"));
	/* After the invitation, too, a refusal is ours. */
	fd = dial();
	say(fd, "POST /open HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	assert_true(hear(fd, "HTTP/1.1 100 Continue\r\n\r\n", WAIT_MS));
	say(fd, "zz\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(400, "after 100");
	close(fd);
	stop();
}

/* Sends text over and over, a byte every 20 ms, until the server ends it;
 * returns after how many milliseconds. */

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(requests_are_answered_on_one_connection),
	    TEST(head_is_told_the_length_and_no_body),
	    TEST(http_1_0_ends_unless_it_asks_to_stay),
	    TEST(hostile_requests_are_refused_with_a_problem),
	    TEST(refusals_carry_the_headers_they_need),
	    TEST(long_heads_are_refused),
	    TEST(what_follows_a_refusal_is_never_served),
	    TEST(pipelined_requests_are_served_in_order),
	    TEST(a_large_body_can_read_its_refusal),
	    TEST(a_body_as_large_as_allowed_is_taken),
	    TEST(chunks_that_add_up_to_too_much_are_413),
	    TEST(a_body_is_invited_only_when_it_is_wanted),
	};

	return cmocka_run_group_tests(
	    tests, http_rig_set_up, http_rig_tear_down);
}
