/*
 * The HTTP server and its clients: those that are slow, silent, many or gone,
 * over TLS as well. Each test starts a server of its own.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"

#include "http_rig.h"

static int64_t
drip(int fd, const char *text)
{
	int64_t from_us = clock_mono_us();
	struct pollfd pfd = {fd, POLLIN, 0};
	const char *at = text;

	while (ms_since(from_us) < WAIT_MS && poll(&pfd, 1, 20) == 0) {
		if (send(fd, at, 1, MSG_NOSIGNAL) != 1)
			break;
		at = at[1] != '\0' ? at + 1 : text;
	}
	return ms_since(from_us);
}

static void
expect_between(int64_t ms, int64_t least, int64_t most)
{
	if (ms < least || ms > most)
		fail_msg("%lld ms is not within %lld..%lld", (long long)ms,
		    (long long)least, (long long)most);
}

static void
clients_that_drip_are_ended_in_total_time(void **state)
{
	struct http_limits limits = small;
	int fd;

	(void)state;
	limits.head_ms = 200;
	limits.body_ms = 300;
	start(&limits);
	fd = dial();
	say(fd, "GET /open HTTP/1.1\r\nX: ");
	expect_between(drip(fd, "abc"), 150, 1000);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(408, "head");
	close(fd);
	fd = dial();
	say(fd, "POST /open HTTP/1.1\r\n" HOST "Content-Length: 9999\r\n\r\n");
	expect_between(drip(fd, "abc"), 250, 1200);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(408, "body");
	close(fd);
	fd = dial();
	say(fd, "POST /open HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n");
	expect_between(drip(fd, "1\r\na\r\n"), 250, 1200);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(408, "chunks");
	close(fd);
	/* The second head's time starts with its first byte. */
	fd = dial();
	say(fd, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	poll(NULL, 0, 400);
	say(fd, "GET /open HTTP/1.1\r\nX: ");
	expect_between(drip(fd, "abc"), 150, 1000);
	close(fd);
	wait_until_alone();
	stop();
}

static void
silent_connections_are_closed(void **state)
{
	struct http_limits limits = small;
	int64_t from_us;
	int fd;

	(void)state;
	limits.head_ms = 150;
	limits.idle_ms = 400;
	start(&limits);
	from_us = clock_mono_us();
	fd = dial();
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_string_equal(answer, "");
	expect_between(ms_since(from_us), 100, 1000);
	close(fd);
	fd = dial();
	say(fd, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	from_us = clock_mono_us();
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_string_equal(answer, "");
	expect_between(ms_since(from_us), 350, 1500);
	close(fd);
	stop();
}

static void
an_answer_nobody_reads_is_given_up(void **state)
{
	struct http_limits limits = small;
	int64_t from_us;
	int fd;

	(void)state;
	limits.body_ms = 400;
	start(&limits);
	fd = dial();
	from_us = clock_mono_us();
	say(fd, "GET /open/big HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	wait_until_alone();
	expect_between(ms_since(from_us), 350, 1500);
	close(fd);
	stop();
}

static void
clients_that_leave_while_it_is_pending_do_no_harm(void **state)
{
	int fds[12], i;

	(void)state;
	start(&small);
	for (i = 0; i < 12; i++) {
		fds[i] = dial();
		say(fds[i], i % 2 == 0 ? "GET /open/later HTTP/1.1\r\n" HOST
					 "\r\n"
				       : "GET /open/later HTTP/1.1\r\n" HOST
					 "\r\nGET /open "
					 "HTTP/1.1\r\n" HOST "\r\nGET /ope");
	}
	poll(NULL, 0, 20);
	assert_int_equal(stat_of("pending"), 13);
	for (i = 0; i < 12; i++) {
		if (i % 4 < 2)
			close(fds[i]);
		else
			slam(fds[i]);
	}
	wait_until_alone();
	assert_int_equal(stat_of("pending"), 1);
	stop();
}

/* Until the other side ends, read slowly at first. */
static size_t
count_bytes(int fd)
{
	static char junk[1 << 16];
	size_t count = 0;
	ssize_t got;

	poll(NULL, 0, 50);
	while ((got = recv(fd, junk, sizeof junk, 0)) > 0)
		count += (size_t)got;
	return count;
}

static void
a_half_closed_client_gets_its_answer(void **state)
{
	int fd;

	(void)state;
	start(&small);
	fd = dial();
	say(fd, "GET /open/later HTTP/1.1\r\n" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "later"));
	close(fd);
	fd = dial();
	say(fd, "GET /x HTTP/1.1\r\n" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(401, "half-closed");
	close(fd);
	/* An answer that is larger than any socket's buffer, too. */
	fd = dial();
	say(fd, "GET /open/big HTTP/1.1\r\n" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	assert_int_equal(count_bytes(fd) / BIG_BYTES, 1);
	close(fd);
	wait_until_alone();
	stop();
}

static void
past_the_cap_clients_wait_their_turn(void **state)
{
	struct http_limits limits = small;
	int fds[4], fd, i;

	(void)state;
	limits.connections = 4;
	start(&limits);
	for (i = 0; i < 4; i++) {
		fds[i] = dial();
		say(fds[i], "GET /open HTTP/1.1\r\n" HOST "\r\n");
		assert_true(hear(fds[i], "\r\n\r\n", WAIT_MS));
	}
	fd = dial();
	say(fd, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_false(hear(fd, "\r\n\r\n", 150));
	assert_string_equal(answer, "");
	close(fds[0]);
	assert_true(hear(fd, "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	close(fd);
	for (i = 1; i < 4; i++)
		close(fds[i]);
	stop();
}

static void
strangers_of_one_address_are_few(void **state)
{
	struct http_limits limits = small;
	int fds[5], i;

	(void)state;
	limits.stranger_connections = 3;
	start(&limits);
	for (i = 0; i < 3; i++) {
		fds[i] = dial();
		say(fds[i], "GET /open HTTP/1.1\r\n" HOST "\r\n");
		assert_true(hear(fds[i], "\r\n\r\n", WAIT_MS));
		assert_int_equal(status(), 200);
	}
	fds[3] = dial();
	assert_true(hear(fds[3], "}\n", WAIT_MS));
	expect_refusal(429, "the fourth");
	assert_non_null(strstr(answer, "Retry-After: "));
	close(fds[3]);
	/* Once one of them is known, the others come with it. */
	fds[3] = dial();
	say(fds[3], "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_false(hear(fds[3], "\r\n\r\n", 100));
	say(fds[0], "GET /x HTTP/1.1\r\n" HOST TOKEN "\r\n");
	assert_true(hear(fds[0], "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	assert_true(hear(fds[3], "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	fds[4] = dial();
	say(fds[4], "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(fds[4], "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	for (i = 0; i < 5; i++)
		close(fds[i]);
	stop();
}

static void
a_stranger_who_waits_comes_after_one_who_leaves(void **state)
{
	struct http_limits limits = small;
	int first, second;

	(void)state;
	limits.stranger_connections = 1;
	limits.connections = 4; /* room for one to wait */
	start(&limits);
	first = dial();
	say(first, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(first, "\r\n\r\n", WAIT_MS));
	second = dial();
	say(second, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_false(hear(second, "\r\n\r\n", 50));
	refuse("", 429);
	close(first);
	assert_true(hear(second, "\r\n\r\n", WAIT_MS));
	assert_int_equal(status(), 200);
	close(second);
	stop();
}

static void
no_descriptors_left_is_waited_out(void **state)
{
	struct rusage before, after;
	int fds[40], i, got;

	(void)state;
	start_with(&small, false, 24);
	for (i = 0; i < 40; i++)
		fds[i] = dial();
	poll(NULL, 0, 500);
	for (i = 0; i < 40; i++)
		close(fds[i]);
	wait_until_alone();
	assert_true(stat_of("served") > 0);
	getrusage(RUSAGE_CHILDREN, &before);
	kill(server_pid, SIGTERM);
	assert_int_equal(waitpid(server_pid, &got, 0), server_pid);
	assert_int_equal(got, 0);
	getrusage(RUSAGE_CHILDREN, &after);
	/* A loop that spins on accept would have used the half second. */
	assert_true(
	    after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec +
		after.ru_stime.tv_sec * 1000000 + after.ru_stime.tv_usec -
		before.ru_utime.tv_sec * 1000000 - before.ru_utime.tv_usec -
		before.ru_stime.tv_sec * 1000000 - before.ru_stime.tv_usec <
	    300000);
}

static void
draining_ends_what_is_idle_and_answers_the_rest(void **state)
{
	int idle, busy, fresh;

	(void)state;
	start(&small);
	idle = dial();
	say(idle, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	assert_true(hear(idle, "\r\n\r\n", WAIT_MS));
	busy = dial();
	say(busy, "GET /open/later HTTP/1.1\r\n" HOST "\r\n");
	poll(NULL, 0, 20);
	kill(server_pid, SIGUSR1);
	assert_true(hear(idle, NULL, WAIT_MS));
	assert_string_equal(answer, "");
	assert_true(hear(busy, NULL, WAIT_MS));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "Connection: close\r\n"));
	assert_non_null(strstr(answer, "later"));
	fresh = dial();
	assert_int_equal(fresh, -1);
	close(idle);
	close(busy);
	stop();
}

/* --- TLS --- */

static struct ssl_st *
dial_tls(int *fd)
{
	struct ssl_st *session;

	*fd = dial();
	session = tls_client_session(client, *fd);
	assert_non_null(session);
	return session;
}

/* Reads until the other side ends; false when it did not say so. */
static bool
hear_tls(struct ssl_st *session)
{
	size_t len = 0;
	ssize_t got;

	answer[0] = '\0';
	while ((got = tls_session_read(
		    session, answer + len, ANSWER_BYTES - len)) > 0) {
		len += (size_t)got;
		answer[len] = '\0';
	}
	return got == 0;
}

static void
say_tls(struct ssl_st *session, const char *text)
{
	assert_int_equal(
	    tls_session_write(session, text, strlen(text)), strlen(text));
}

static void
tls_answers_refuses_and_says_goodbye(void **state)
{
	struct ssl_st *session;
	size_t i;
	int fd;

	(void)state;
	start_with(&small, true, 0);
	session = dial_tls(&fd);
	say_tls(session, "POST /open HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
			 "Connection: close\r\n\r\nabc");
	assert_true(hear_tls(session));
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "\r\n\r\nabc"));
	tls_session_free(session);
	close(fd);
	for (i = 0; i < hostile_count; i++) {
		session = dial_tls(&fd);
		say_tls(session, hostiles[i].request);
		assert_true(hear_tls(session));
		expect_refusal(hostiles[i].code, hostiles[i].request);
		tls_session_free(session);
		close(fd);
	}
	session = dial_tls(&fd);
	say_tls(session, pipelined);
	assert_true(hear_tls(session));
	assert_non_null(strstr(answer, "\r\n\r\nlaterHTTP/1.1 401"));
	tls_session_free(session);
	close(fd);
	stop();
}

static void
a_tls_port_never_talks_plain_text(void **state)
{
	struct http_limits limits = small;
	int fd;

	(void)state;
	limits.head_ms = 200;
	start_with(&limits, true, 0);
	fd = dial();
	say(fd, "GET /open HTTP/1.1\r\n" HOST "\r\n");
	hear(fd, NULL, WAIT_MS);
	assert_null(strstr(answer, "HTTP"));
	close(fd);
	/* Silence, and a handshake in drips, end with the head's time. */
	fd = dial();
	assert_true(hear(fd, NULL, WAIT_MS));
	assert_string_equal(answer, "");
	close(fd);
	fd = dial();
	say(fd, "\026\003\001\002");
	expect_between(drip(fd, "\001"), 100, 1500);
	hear(fd, NULL, WAIT_MS);
	assert_null(strstr(answer, "HTTP"));
	close(fd);
	stop();
}

/* --- everything at once --- */

/* Requests, good and bad, cut anywhere, left half, slammed, unread. */
static void
do_something_hostile(unsigned *seed, bool with_tls)
{
	const char *text =
	    rand_r(seed) % 3 == 0
		? pipelined
		: hostiles[(size_t)rand_r(seed) % (hostile_count)].request;
	size_t len = strlen(text), cut = (size_t)rand_r(seed) % (len + 1);
	struct ssl_st *session = NULL;
	int fd;

	if (with_tls && rand_r(seed) % 4 > 0)
		session = dial_tls(&fd);
	else
		fd = dial();
	assert_true(fd >= 0);
	if (session != NULL && rand_r(seed) % 8 > 0) {
		(void)tls_session_write(session, text, cut);
		if (rand_r(seed) % 2 == 0)
			(void)tls_session_write(session, text + cut, len - cut);
		if (rand_r(seed) % 4 == 0)
			tls_session_end(session);
	} else {
		(void)!send(fd, text, cut, MSG_NOSIGNAL);
		if (rand_r(seed) % 2 == 0)
			(void)!send(fd, text + cut, len - cut, MSG_NOSIGNAL);
	}
	if (rand_r(seed) % 4 == 0)
		hear(fd, NULL, rand_r(seed) % 8);
	if (rand_r(seed) % 2 == 0)
		slam(fd);
	else
		close(fd);
	tls_session_free(session);
}

static void
after_hostile_load_every_connection_is_closed(void **state)
{
	bool with_tls = *state != NULL;
	unsigned seed = 1;
	int i;

	start_with(&small, with_tls, 0);
	for (i = 0; i < 400; i++)
		do_something_hostile(&seed, with_tls);
	if (!with_tls) {
		wait_until_alone();
		assert_int_equal(stat_of("pending"), 1);
	}
	stop();
}

int
main(void)
{
	static int with_tls;
	const struct CMUnitTest tests[] = {
	    TEST(clients_that_drip_are_ended_in_total_time),
	    TEST(silent_connections_are_closed),
	    TEST(an_answer_nobody_reads_is_given_up),
	    TEST(clients_that_leave_while_it_is_pending_do_no_harm),
	    TEST(a_half_closed_client_gets_its_answer),
	    TEST(past_the_cap_clients_wait_their_turn),
	    TEST(strangers_of_one_address_are_few),
	    TEST(a_stranger_who_waits_comes_after_one_who_leaves),
	    TEST(no_descriptors_left_is_waited_out),
	    TEST(draining_ends_what_is_idle_and_answers_the_rest),
	    TEST(tls_answers_refuses_and_says_goodbye),
	    TEST(a_tls_port_never_talks_plain_text),
	    TEST(after_hostile_load_every_connection_is_closed),
	    {"after_hostile_tls_load_every_connection_is_closed",
		after_hostile_load_every_connection_is_closed, NULL,
		kill_server, &with_tls},
	};

	return cmocka_run_group_tests(
	    tests, http_rig_set_up, http_rig_tear_down);
}
