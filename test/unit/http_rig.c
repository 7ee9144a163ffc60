/*
 * http_rig.c - the server and the client of http_rig.h.
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

#include "http_rig.h"

enum {
	MAX_LATER = 1000,
	LATER_MS = 60,
	AHEAD_BYTES = 100000, /* given to a client before it is waited for */
	NOW = 1790000000,     /* 2026-09-21 */
};

static char folder[64], key[100];
char cert[100];
struct tls_client *client;

/* --- the server, in the child --- */

struct server {
	struct loop *loop;
	struct http *http;
	struct loop_timer *timer, *stopping;
	struct http_request *later[MAX_LATER];
	unsigned later_count, served, seen;
	unsigned streams, left; /* long answers under way; clients that left */
	int64_t give_up_us;
};

/* A long answer: pieces still to be given. */
struct stream {
	struct server *server;
	struct http_request *req;
	unsigned long pieces;
	bool broken; /* it is to end as an abort */
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
end_stream(struct stream *stream, bool whole)
{
	stream->server->streams--;
	if (whole)
		http_reply_end(stream->req);
	else
		http_reply_abort(stream->req);
	free(stream);
}

static void
go_on(struct stream *stream)
{
	static char piece[RIG_PIECE_BYTES];

	memset(piece, 'p', sizeof piece);
	while (stream->pieces > 0) {
		stream->pieces--;
		if (http_reply_chunk(stream->req, piece, sizeof piece) >
		    AHEAD_BYTES)
			return;
	}
	end_stream(stream, !stream->broken);
}

static void
on_stream(void *ctx, enum http_stream_event event)
{
	struct stream *stream = ctx;

	if (event == HTTP_DRAINED) {
		go_on(stream);
		return;
	}
	stream->server->left++;
	end_stream(stream, false);
}

/* /open/stream?N has N pieces, /open/broken?N breaks off behind them. */
static void
start_stream(struct server *server, struct http_request *req, bool broken)
{
	struct stream *stream = calloc(1, sizeof *stream);

	stream->server = server;
	stream->req = req;
	stream->pieces = strtoul(http_query(req), NULL, 10);
	stream->broken = broken;
	server->streams++;
	if (http_reply_begin(req, 200, "text/plain", on_stream, stream))
		go_on(stream);
	else
		end_stream(stream, false);
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
		    "open=%u pending=%u served=%u seen=%u streams=%u left=%u.",
		    http_connections(server->http), http_pending(server->http),
		    server->served, server->seen, server->streams,
		    server->left);
		http_reply(req, 200, "text/plain", text, strlen(text));
	} else if (strcmp(path, "/open/stream") == 0) {
		start_stream(server, req, false);
	} else if (strcmp(path, "/open/broken") == 0) {
		start_stream(server, req, true);
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

const struct http_limits small = {
    .body_bytes = 100000,
    .head_bytes = 4096,
    .connections = 200,
    .stranger_connections = 100,
    .head_ms = 2000,
    .body_ms = 2000,
    .idle_ms = 2000,
};

pid_t server_pid;
unsigned server_port;
char answer[ANSWER_BYTES + 1];

void
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

void
start(const struct http_limits *limits)
{
	start_with(limits, false, 0);
}

void
stop(void)
{
	struct rusage usage;
	int status;

	kill(server_pid, SIGTERM);
	assert_int_equal(wait4(server_pid, &status, 0, &usage), server_pid);
	assert_int_equal(status, 0);
}

int
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

void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

void
slam(int fd)
{
	const struct linger now = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

bool
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

unsigned
status(void)
{
	static const char one[] = "HTTP/1.1 ", zero[] = "HTTP/1.0 ";

	if (strncmp(answer, one, sizeof one - 1) != 0 &&
	    strncmp(answer, zero, sizeof zero - 1) != 0)
		return 0;
	return (unsigned)strtoul(answer + sizeof one - 1, NULL, 10);
}

void
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

void
refuse(const char *request, unsigned code)
{
	int fd = dial();

	say(fd, request);
	assert_true(hear(fd, NULL, WAIT_MS));
	expect_refusal(code, request);
	close(fd);
}

unsigned
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

void
wait_until_alone(void)
{
	int64_t until = clock_mono_us() + (int64_t)WAIT_MS * 1000;

	while (stat_of("open") > 1 && clock_mono_us() < until)
		poll(NULL, 0, 5);
	assert_int_equal(stat_of("open"), 1);
}

int64_t
ms_since(int64_t from_us)
{
	return (clock_mono_us() - from_us) / 1000;
}

int
http_rig_set_up(void **state)
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

int
http_rig_tear_down(void **state)
{
	(void)state;
	tls_client_free(client);
	unlink(cert);
	unlink(key);
	return rmdir(folder);
}

int
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

/* --- what is said in several tests --- */

const struct hostile hostiles[] = {
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

const size_t hostile_count = sizeof hostiles / sizeof hostiles[0];

const char pipelined[] =
    "POST /open HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
    "GET /open/later HTTP/1.1\r\n" HOST "\r\n"
    "POST /open HTTP/1.1\r\n" HOST
    "Transfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n"
    "GET /open/later HTTP/1.1\r\n" HOST "\r\n"
    "GET /x HTTP/1.1\r\n" HOST "\r\n"
    "GET /open/never HTTP/1.1\r\n" HOST "\r\n";
