/*
 * load.c - a load client for `make bench`: N keep-alive connections, each
 * with one report on its way, for some seconds; then one line of figures.
 *
 *     load PORT tls|plain CONNECTIONS VOLUMES SECONDS TOKEN START [RATE]
 *
 * With RATE a connection waits between its reports, so that all together send
 * so many a second; without it, as many as are answered.
 *
 * Every report is new: a random id, and for each of a connection's volumes
 * the sample of the next hour, from START (unix seconds) on; after 30 days of
 * hours the connection goes on with new volumes. Only a whole 2xx answer
 * counts. Prints: reports/s, p50 and p99 in microseconds, answers that were
 * no 2xx.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum {
	MAX_ANSWER = 4096,
	MAX_LATENCIES = 4 << 20,
	HOURS = 720
};

struct conn {
	int fd;
	SSL *ssl;
	char *request; /* head and body */
	size_t len, sent;
	size_t id_at;	   /* of the report id */
	size_t *volume_at; /* of each volume's id */
	size_t *time_at;   /* of each sampled_at */
	uint64_t count;	   /* reports sent */
	int64_t started_us;
	bool idle; /* until its time has come */
	char answer[MAX_ANSWER];
	size_t got;
	int number;
};

static int volumes;
static int64_t start_at;
static int64_t pause_us; /* between reports of a connection; 0: none */
static uint32_t *latencies;
static size_t latency_count;
static uint64_t good, bad;
static uint64_t salt;

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
build(struct conn *c, const char *token)
{
	size_t size = 1024 + (size_t)volumes * 192, n;
	char *body = malloc(size), *head;
	size_t body_len = 0;

	c->time_at = calloc((size_t)volumes, sizeof *c->time_at);
	c->volume_at = calloc((size_t)volumes, sizeof *c->volume_at);
	body_len += (size_t)snprintf(body, size,
	    "{\"report_id\":\"00000000-0000-4000-8000-000000000000\","
	    "\"sent_at\":\"2026-01-01T00:00:00Z\",\"complete\":true,"
	    "\"volumes\":[");
	c->id_at = 14;
	for (int i = 0; i < volumes; i++) {
		c->volume_at[i] = body_len + 7 + (i > 0);
		body_len += (size_t)snprintf(body + body_len, size - body_len,
		    "%s{\"id\":\"00000000-0000-4000-8000-%012x\","
		    "\"name\":\"volume-%06d\",\"sampled_at\":\"",
		    i > 0 ? "," : "", (unsigned)i, c->number * volumes + i);
		c->time_at[i] = body_len;
		body_len += (size_t)snprintf(body + body_len, size - body_len,
		    "2026-01-01T00:00:00Z\",\"bytes\":%lld,\"inodes\":%d}",
		    1099511627776LL + i * 4096LL, 1000 + i);
	}
	body_len += (size_t)snprintf(body + body_len, size - body_len, "]}");
	head = malloc(512 + body_len);
	n = (size_t)snprintf(head, 512,
	    "POST /v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    token, body_len);
	memcpy(head + n, body, body_len);
	c->request = head;
	c->len = n + body_len;
	c->id_at += n;
	for (int i = 0; i < volumes; i++)
		c->time_at[i] += n, c->volume_at[i] += n;
	free(body);
}

static uint64_t
random64(void)
{
	/* xorshift64*, good enough to spread ids. */
	salt ^= salt >> 12;
	salt ^= salt << 25;
	salt ^= salt >> 27;
	return salt * 2685821657736338717ULL;
}

/* Makes the next report of this connection. */
static void
renew(struct conn *c)
{
	time_t at = (time_t)(start_at + (int64_t)(c->count % HOURS) * 3600);
	struct tm tm;
	char when[24], id[40];

	gmtime_r(&at, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(id, sizeof id, "%08x-%04x-4%03x-8%03x-%012llx",
	    (unsigned)random64(), (unsigned)random64() & 0xffff,
	    (unsigned)random64() & 0xfff, (unsigned)random64() & 0xfff,
	    (unsigned long long)random64() & 0xffffffffffffULL);
	memcpy(c->request + c->id_at, id, 36);
	if (c->count % HOURS == 0) {
		snprintf(id, sizeof id, "%08x", (unsigned)random64());
		for (int i = 0; i < volumes; i++)
			memcpy(c->request + c->volume_at[i], id, 8);
	}
	for (int i = 0; i < volumes; i++)
		memcpy(c->request + c->time_at[i], when, 19);
	c->count++;
	c->sent = 0;
	c->got = 0;
	c->started_us = now_us();
}

static void
push(struct conn *c)
{
	while (c->sent < c->len) {
		ssize_t n = c->ssl != NULL
				? SSL_write(c->ssl, c->request + c->sent,
				      (int)(c->len - c->sent))
				: send(c->fd, c->request + c->sent,
				      c->len - c->sent, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		c->sent += (size_t)n;
	}
}

/* Length of a whole answer, or 0 while it is not there. */
static size_t
answer_length(struct conn *c)
{
	char *end, *length;

	c->answer[c->got] = '\0';
	end = strstr(c->answer, "\r\n\r\n");
	if (end == NULL)
		return 0;
	length = strcasestr(c->answer, "\r\nContent-Length:");
	if (length == NULL || length > end)
		return 0;
	return (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
}

static void
pull(struct conn *c)
{
	size_t whole;
	ssize_t n;

	for (;;) {
		n = c->ssl != NULL ? SSL_read(c->ssl, c->answer + c->got,
					 (int)(MAX_ANSWER - 1 - c->got))
				   : recv(c->fd, c->answer + c->got,
					 MAX_ANSWER - 1 - c->got, 0);
		if (n <= 0)
			break;
		c->got += (size_t)n;
		whole = answer_length(c);
		if (whole == 0 || c->got < whole)
			continue;
		if (latency_count < MAX_LATENCIES)
			latencies[latency_count++] =
			    (uint32_t)(now_us() - c->started_us);
		if (strncmp(c->answer, "HTTP/1.1 2", 10) == 0)
			good++;
		else {
			if (bad++ == 0)
				fprintf(stderr, "%s\n", c->answer);
		}
		c->idle = pause_us > 0;
		if (c->idle)
			break;
		renew(c);
		push(c);
	}
	if (n == 0 || (n < 0 && c->ssl == NULL && errno != EAGAIN)) {
		fprintf(stderr, "the server closed a connection\n");
		exit(1);
	}
	push(c);
}

/* Sends what is due; how long nothing else is, in nanoseconds. */
static long
send_due(struct conn *conns, int count)
{
	int64_t now = now_us(), next = now + 100000;

	for (int i = 0; i < count; i++) {
		struct conn *c = &conns[i];

		if (!c->idle)
			continue;
		if (c->started_us + pause_us <= now) {
			c->idle = false;
			renew(c);
			push(c);
		} else if (c->started_us + pause_us < next)
			next = c->started_us + pause_us;
	}
	return (long)(next - now) * 1000;
}

static void
open_conn(struct conn *c, int port, SSL_CTX *tls, int epoll)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (tls != NULL) {
		c->ssl = SSL_new(tls);
		SSL_set_fd(c->ssl, c->fd);
		if (SSL_connect(c->ssl) != 1) {
			fprintf(stderr, "TLS handshake failed\n");
			exit(1);
		}
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		die("epoll_ctl");
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int64_t
number(const char *text)
{
	char *end;
	int64_t value = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || value < 0) {
		fprintf(stderr, "load: %s is not a number\n", text);
		exit(2);
	}
	return value;
}

int
main(int argc, char **argv)
{
	struct conn *conns;
	struct epoll_event events[256];
	SSL_CTX *tls = NULL;
	int64_t begin, end;
	int epoll = epoll_create1(0), count, port, n;

	if (argc != 8 && argc != 9) {
		fprintf(stderr, "usage: load PORT tls|plain CONNECTIONS "
				"VOLUMES SECONDS TOKEN START [RATE]\n");
		return 2;
	}
	port = (int)number(argv[1]);
	count = (int)number(argv[3]);
	volumes = (int)number(argv[4]);
	start_at = number(argv[7]);
	if (argc == 9)
		pause_us = count * INT64_C(1000000) / number(argv[8]);
	salt = (uint64_t)now_us() * 2654435761u ^ (uint64_t)getpid() << 20;
	if (strcmp(argv[2], "tls") == 0)
		tls = SSL_CTX_new(TLS_client_method());
	conns = calloc((size_t)count, sizeof *conns);
	latencies = malloc(sizeof *latencies * MAX_LATENCIES);
	for (int i = 0; i < count; i++) {
		conns[i].number = i;
		build(&conns[i], argv[6]);
		open_conn(&conns[i], port, tls, epoll);
	}
	begin = now_us();
	end = begin + (int64_t)(strtod(argv[5], NULL) * 1e6);
	/* Those that wait begin one after the other. */
	for (int i = 0; i < count; i++) {
		conns[i].idle = pause_us > 0;
		conns[i].started_us = begin - pause_us + pause_us * i / count;
		if (conns[i].idle)
			continue;
		renew(&conns[i]);
		push(&conns[i]);
	}
	while (now_us() < end) {
		struct timespec wait = {.tv_nsec = send_due(conns, count)};

		n = epoll_pwait2(epoll, events, 256, &wait, NULL);
		for (int i = 0; i < n; i++)
			pull(events[i].data.ptr);
	}
	end = now_us();
	qsort(latencies, latency_count, sizeof *latencies, compare);
	printf("%.0f %u %u %llu\n", (double)good * 1e6 / (double)(end - begin),
	    latency_count > 0 ? latencies[latency_count / 2] : 0,
	    latency_count > 0 ? latencies[latency_count * 99 / 100] : 0,
	    (unsigned long long)bad);
	free(conns);
	free(latencies);
	return bad > 0;
}
