/*
 * Answers of the HTTP server that come in pieces, to clients that read them,
 * read them slowly, or leave.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"

#include "http_rig.h"

enum {
	ENDLESS = 100000000, /* pieces, and more than anybody reads */
};

/* Reads so many bytes; false when the other side ends before. */
static bool
take(int fd, size_t bytes)
{
	static char junk[1 << 16];
	ssize_t got;

	while (bytes > 0) {
		got = recv(
		    fd, junk, bytes < sizeof junk ? bytes : sizeof junk, 0);
		if (got <= 0)
			return false;
		bytes -= (size_t)got;
	}
	return true;
}

static void
ask(int fd, const char *path, unsigned long pieces)
{
	char text[200];

	snprintf(text, sizeof text, "GET %s?%lu HTTP/1.1\r\n" HOST "\r\n", path,
	    pieces);
	say(fd, text);
}

static void
wait_for_left(unsigned count)
{
	int64_t from = clock_mono_us();

	while (stat_of("left") < count) {
		assert_true(ms_since(from) < INT64_C(4) * WAIT_MS);
		poll(NULL, 0, 20);
	}
	assert_int_equal(stat_of("streams"), 0);
}

static void
pieces_come_as_chunks_and_the_connection_stays(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	ask(fd, "/open/stream", 2);
	assert_true(hear(fd, "\r\n0\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "Transfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\n2710\r\nppp"));
	ask(fd, "/open/stream", 0);
	assert_true(hear(fd, "\r\n\r\n0\r\n\r\n", WAIT_MS));
	say(fd, "HEAD /open/stream?9 HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	assert_null(strstr(answer, "ppp"));
	say(fd, "GET /open/stat HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_non_null(strstr(answer, "served=4 seen=3 streams=0 left=0."));
	close(fd);
	stop();
}

static void
to_http_1_0_the_end_is_that_of_the_connection(void **state)
{
	const char *body;
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd,
	    "GET /open/stream?3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_null(strstr(answer, "chunked"));
	assert_non_null(strstr(answer, "Connection: close"));
	body = strstr(answer, "\r\n\r\n");
	assert_non_null(body);
	assert_int_equal(strlen(body + 4), 3 * RIG_PIECE_BYTES);
	close(fd);
	stop();
}

static void
what_is_asked_meanwhile_is_answered_behind_it(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	ask(fd, "/open/stream", 400);
	say(fd,
	    "GET /open/length HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_true(take(fd, 400 * (size_t)RIG_PIECE_BYTES));
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_non_null(strstr(answer, "length=0."));
	close(fd);
	stop();
}

static void
one_that_breaks_off_is_not_taken_for_whole(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	ask(fd, "/open/broken", 3);
	hear(fd, NULL, WAIT_MS); /* it may be reset */
	assert_null(strstr(answer, "\r\n0\r\n\r\n"));
	close(fd);
	wait_until_alone();
	assert_int_equal(stat_of("streams"), 0);
	stop();
}

static void
whoever_leaves_ends_the_answer(void **state)
{
	int fd, i;

	(void)state;
	start(&small);
	for (i = 0; i < 6; i++) {
		fd = dial();
		ask(fd, "/open/stream", ENDLESS);
		assert_true(take(fd, (size_t)i * 100000 + 1));
		if (i % 2 == 0)
			close(fd);
		else
			slam(fd);
	}
	wait_for_left(6);
	wait_until_alone();
	stop();
}

static void
whoever_does_not_read_is_given_up(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	ask(fd, "/open/stream", ENDLESS);
	wait_for_left(1);
	wait_until_alone();
	close(fd);
	stop();
}

/* In all much longer than the time for an answer, but always something. */
static void
whoever_reads_slowly_is_waited_for(void **state)
{
	int64_t from = clock_mono_us();
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	ask(fd, "/open/stream", ENDLESS);
	while (ms_since(from) < 3 * small.body_ms) {
		assert_true(take(fd, 2000000));
		poll(NULL, 0, 100);
	}
	assert_int_equal(stat_of("left"), 0);
	close(fd);
	wait_for_left(1);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pieces_come_as_chunks_and_the_connection_stays),
	    TEST(to_http_1_0_the_end_is_that_of_the_connection),
	    TEST(what_is_asked_meanwhile_is_answered_behind_it),
	    TEST(one_that_breaks_off_is_not_taken_for_whole),
	    TEST(whoever_leaves_ends_the_answer),
	    TEST(whoever_does_not_read_is_given_up),
	    TEST(whoever_reads_slowly_is_waited_for),
	};

	return cmocka_run_group_tests(
	    tests, http_rig_set_up, http_rig_tear_down);
}
