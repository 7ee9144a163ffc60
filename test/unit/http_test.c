/*
 * The HTTP server, attacked over loopback. Each test starts a server of its
 * own in a child process, with limits small enough to reach; at the end the
 * child has to find that every connection it opened is closed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/tls.h"
#include "src/http.h"

#define HOST "Host: h\r\n"
#define TOKEN "Authorization: Bearer good\r\n"

enum {
	ANSWER_BYTES = 1 << 16,
	BIG_BYTES = 8 << 20,
	MAX_LATER = 1000,
	LATER_MS = 60,
	NOW = 1790000000, /* 2026-09-21 */
	WAIT_MS = 5000,	  /* what no test should come near */
};

static char folder[64], cert[100], key[100];

/* --- the server, in the child --- */

struct server {
	struct loop *loop;
	struct http *http;
	struct loop_timer *timer, *stopping;
	struct http_request *later[MAX_LATER];
	unsigned later_count, served, seen;
	int64_t give_up_us;
};

static void
gate(void *ctx, const struct http_head *head, struct http_verdict *out)
{
	(void)ctx;
	if (head->bearer != NULL && strcmp(head->bearer, "good") == 0)
		out->holder.role = TOKEN_SOURCE;
	else if (strncmp(head->path, "/open", 5) != 0) {
		out->status = 401;
		out->detail = "A token is \"needed\".";
	}
	if (out->status == 0 && strcmp(head->method, "DELETE") == 0) {
		out->status = 405;
		out->detail = "Not here.";
		out->allow = "GET, POST";
	}
}

static void
on_later(void *ctx)
{
	struct server *server = ctx;
	unsigned i;

	for (i = 0; i < server->later_count; i++)
		http_reply(server->later[i], 200, "text/plain", "later", 5);
	server->later_count = 0;
}

static void
handle(void *ctx, struct http_request *req)
{
	struct server *server = ctx;
	const char *path = http_path(req), *body;
	char text[200];
	size_t len;

	server->served++;
	body = http_body(req, &len);
	if (strcmp(path, "/open/later") == 0) {
		if (server->later_count == MAX_LATER)
			on_later(server);
		server->later[server->later_count++] = req;
		loop_timer_set(server->timer, LATER_MS);
	} else if (strcmp(path, "/open/stat") == 0) {
		snprintf(text, sizeof text,
		    "open=%u pending=%u served=%u seen=%u.",
		    http_connections(server->http), http_pending(server->http),
		    server->served, server->seen);
		http_reply(req, 200, "text/plain", text, strlen(text));
	} else if (strcmp(path, "/open/length") == 0) {
		snprintf(text, sizeof text, "length=%zu.", len);
		http_reply(req, 200, "text/plain", text, strlen(text));
	} else if (strcmp(path, "/open/big") == 0) {
		char *big = calloc(1, BIG_BYTES);

		http_reply(req, 200, "text/plain", big, BIG_BYTES);
		free(big);
	} else if (strcmp(path, "/open/problem") == 0) {
		http_reply_problem(req, 422, "schema", "a \"b\"\n\377",
		    "[{\"pointer\":\"/x\"}]");
	} else {
		http_reply_header(req, "X-Query", http_query(req));
		http_reply(req, 200, "text/plain", body, len);
	}
}

static void
on_seen(void *ctx, const struct http_seen *seen)
{
	struct server *server = ctx;

	if (seen->status >= 200 && seen->peer[0] != '\0' && seen->micros >= 0)
		server->seen++;
}

/* Stops as soon as nobody is connected any more, or after four seconds. */
static void
on_stop(void *ctx)
{
	struct server *server = ctx;

	on_later(server);
	if (server->give_up_us == 0)
		server->give_up_us = clock_mono_us() + 4000000;
	if (http_connections(server->http) == 0 ||
	    clock_mono_us() > server->give_up_us)
		loop_stop(server->loop);
	else
		loop_timer_set(server->stopping, 5);
}

static void
on_drain(void *ctx)
{
	struct server *server = ctx;

	http_drain(server->http);
}

static int
serve(const struct http_limits *limits, bool with_tls, int port_fd)
{
	struct server server = {0};
	const struct http_owner owner = {&server, gate, handle, on_seen};
	struct err err = ERR_INIT;
	struct tls_server *tls = NULL;
	struct loop_signal *stop, *drain;
	unsigned port, left;

	/* A crash is the child's end, not the end of cmocka's test. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	alarm(60);
	if (with_tls)
		tls = tls_server_open(cert, key, &err);
	server.loop = loop_new(&err);
	server.http =
	    http_open(server.loop, "127.0.0.1:0", tls, limits, &owner, &err);
	if (server.http == NULL)
		return 2;
	server.timer = loop_timer_new(server.loop, on_later, &server, &err);
	server.stopping = loop_timer_new(server.loop, on_stop, &server, &err);
	stop = loop_signal_new(server.loop, SIGTERM, on_stop, &server, &err);
	drain = loop_signal_new(server.loop, SIGUSR1, on_drain, &server, &err);
	port = http_port(server.http);
	if (write(port_fd, &port, sizeof port) != sizeof port ||
	    !loop_run(server.loop, &err))
		return 2;
	left = http_connections(server.http) + http_pending(server.http);
	http_close(server.http);
	tls_server_free(tls);
	loop_timer_free(server.timer);
	loop_timer_free(server.stopping);
	loop_signal_free(stop);
	loop_signal_free(drain);
	loop_free(server.loop);
	close(port_fd);
	return left == 0 ? 0 : 3;
}

/* --- the tests' side --- */

static const struct http_limits small = {
    .body_bytes = 100000,
    .head_bytes = 4096,
    .connections = 200,
    .stranger_connections = 100,
    .head_ms = 2000,
    .body_ms = 2000,
    .idle_ms = 2000,
};

static pid_t server_pid;
static unsigned server_port;
static char answer[ANSWER_BYTES + 1];

static void
start_with(const struct http_limits *limits, bool with_tls, rlim_t files)
{
	const struct rlimit few = {files, files};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0) {
		close(fds[0]);
		if (files > 0)
			setrlimit(RLIMIT_NOFILE, &few);
		exit(serve(limits, with_tls, fds[1]));
	}
	close(fds[1]);
	assert_int_equal(
	    read(fds[0], &server_port, sizeof server_port), sizeof server_port);
	close(fds[0]);
}

static void
start(const struct http_limits *limits)
{
	start_with(limits, false, 0);
}

/* The server has ended by itself, found all connections closed, and used
 * little time. */
static void
stop(void)
{
	struct rusage usage;
	int status;

	kill(server_pid, SIGTERM);
	assert_int_equal(wait4(server_pid, &status, 0, &usage), server_pid);
	assert_int_equal(status, 0);
}

static int
dial(void)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)server_port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* Resets the connection instead of ending it. */
static void
slam(int fd)
{
	const struct linger now = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

/* Reads into answer until the other side ends, or says words (if not NULL);
 * false after ms, or when the connection was reset. */
static bool
hear(int fd, const char *words, int64_t ms)
{
	int64_t until = clock_mono_us() + ms * 1000;
	struct pollfd pfd = {fd, POLLIN, 0};
	size_t len = 0;
	ssize_t got = 1;
	int64_t left;

	answer[0] = '\0';
	while (words == NULL || strstr(answer, words) == NULL) {
		left = (until - clock_mono_us()) / 1000;
		if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
			return false;
		if (len == ANSWER_BYTES)
			len = 0;
		got = recv(fd, answer + len, ANSWER_BYTES - len, 0);
		if (got <= 0)
			return got == 0 && words == NULL;
		len += (size_t)got;
		answer[len] = '\0';
	}
	return true;
}

static unsigned
status(void)
{
	unsigned code = 0;

	if (sscanf(answer, "HTTP/1.%*1[01] %u ", &code) != 1)
		return 0;
	return code;
}

static void
expect_refusal(unsigned code, const char *what)
{
	if (status() != code)
		fail_msg("got %u, not %u, for: %.60s\n%s", status(), code, what,
		    answer);
	assert_non_null(strstr(answer, "Connection: close\r\n"));
	assert_non_null(
	    strstr(answer, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(answer, "{\"type\":\"urn:flexfs-stat:problem:"));
	assert_null(strstr(answer, "<"));
}

/* A connection of its own for one request that ends in a refusal. */
static void
refuse(const char *request, unsigned code)
{
	int fd = dial();

	say(fd, request);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(code, request);
	close(fd);
}

/* The number behind name= on /open/stat. */
static unsigned
stat_of(const char *name)
{
	const char *at;
	int fd = dial();

	assert_true(fd >= 0);
	say(fd, "GET /open/stat HTTP/1.0\r\n\r\n");
	assert_true(hear(fd, NULL, WAIT_MS));
	close(fd);
	at = strstr(answer, name);
	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(name) + 1, NULL, 10);
}

/* Until the server has no connections but the one that asks. */
static void
wait_until_alone(void)
{
	int64_t until = clock_mono_us() + WAIT_MS * 1000;

	while (stat_of("open") > 1 && clock_mono_us() < until)
		poll(NULL, 0, 5);
	assert_int_equal(stat_of("open"), 1);
}

static int64_t
ms_since(int64_t from_us)
{
	return (clock_mono_us() - from_us) / 1000;
}

/* --- tests --- */

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
	assert_non_null(strstr(answer, "Content-Length: 3"));
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

static const struct hostile {
	unsigned code;
	const char *request;
} hostiles[] = {
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello"},
    {400, "POST /open HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: identity\r\n\r\nGET /open/x HTTP/1.1\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
    {400, "GET /open HTTP/1.1\r\n" HOST
	  "Content-Length: 20\r\n\r\nGET /open/x HTTP/1.1"},
    {400, "GET http://h/open HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET //open HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /open HTTP/1.1\n" HOST "\n"},
    {400, "GET /open HTTP/1.1\r\n\r\n"},
    {400, "GET /open HTTP/1.1\r\n" HOST "A : b\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc"},
    {401, "GET /x HTTP/1.1\r\n" HOST "\r\n"},
    {401, "GET /x HTTP/1.1\r\n" HOST "Authorization: Bearer bad\r\n\r\n"},
    {401, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n\r\n"},
    {401, "POST /x HTTP/1.1\r\n" HOST "\r\n"},
    {405, "DELETE /open HTTP/1.1\r\n" HOST "\r\n"},
    {405, "CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n"},
    {405, "BREW /open HTTP/1.1\r\n" HOST "\r\n"},
    {411, "POST /open HTTP/1.1\r\n" HOST "\r\n"},
    {413, "POST /open HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n"},
    {413, "POST /open HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	  "Content-Length: 100001\r\n\r\n"},
    {417, "POST /open HTTP/1.1\r\n" HOST "Expect: tea\r\n"
	  "Content-Length: 1\r\n\r\n"},
    {505, "GET /open HTTP/2.0\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n-1\r\n"},
    {400, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"},
    {413, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n186a1\r\n"},
    {413, "POST /open HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n0000000000000000000000003\r\n"},
    {400, "\026\003\001\002\001\001"},
};

static void
hostile_requests_are_refused_with_a_problem(void **state)
{
	size_t i, count = sizeof hostiles / sizeof hostiles[0], at;
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

static const char pipelined[] =
    "POST /open HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
    "GET /open/later HTTP/1.1\r\n" HOST "\r\n"
    "POST /open HTTP/1.1\r\n" HOST
    "Transfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n"
    "GET /open/later HTTP/1.1\r\n" HOST "\r\n"
    "GET /x HTTP/1.1\r\n" HOST "\r\n"
    "GET /open/never HTTP/1.1\r\n" HOST "\r\n";

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
	for (at = 0; at < sizeof pipelined - 1; at++)
		assert_int_equal(send(fd, pipelined + at, 1, MSG_NOSIGNAL), 1);
	check_pipelined(fd);
	for (cut = 30; cut < sizeof pipelined - 1; cut += 37) {
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

static struct tls_client *client;

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
	for (i = 0; i < sizeof hostiles / sizeof hostiles[0]; i++) {
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
		: hostiles[(size_t)rand_r(seed) %
			   (sizeof hostiles / sizeof hostiles[0])]
		      .request;
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

static int
set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof folder, "/tmp/http_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(cert, sizeof cert, "%s/c.pem", folder);
	snprintf(key, sizeof key, "%s/k.pem", folder);
	if (!tls_make_certificate(cert, key, NOW, false, &err))
		return -1;
	client = tls_client_open("127.0.0.1", cert, &err);
	return client == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	tls_client_free(client);
	unlink(cert);
	unlink(key);
	return rmdir(folder);
}

static int
kill_server(void **state)
{
	(void)state;
	if (server_pid > 0 && waitpid(server_pid, NULL, WNOHANG) == 0) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	server_pid = 0;
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, kill_server)

int
main(void)
{
	static int with_tls;
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

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
