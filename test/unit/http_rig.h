/*
 * http_rig.h - an HTTP server in a child process, and a client that attacks
 * it over loopback. At its end the child has to find that every connection it
 * opened is closed.
 */
#ifndef TEST_HTTP_RIG_H
#define TEST_HTTP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "lib/tls.h"
#include "src/http.h"

#define HOST "Host: h\r\n"
#define TOKEN "Authorization: Bearer good\r\n"

/* A test after which no server is left. */
#define TEST(f) cmocka_unit_test_teardown(f, kill_server)

enum {
	ANSWER_BYTES = 1 << 16,
	BIG_BYTES = 8 << 20,
	RIG_PIECE_BYTES = 10000, /* of /open/stream?N */
	WAIT_MS = 5000,		 /* what no test should come near */
};

/* Limits small enough to reach. */
extern const struct http_limits small;

extern pid_t server_pid;
extern unsigned server_port;
extern struct tls_client *client;     /* that trusts the server */
extern char cert[100];		      /* of the server; PEM */
extern char answer[ANSWER_BYTES + 1]; /* what was last heard */

/* Starts a server in a child process: with_tls, and with room for no more than
 * files descriptors (0: as many as there are). */
void start_with(const struct http_limits *limits, bool with_tls, rlim_t files);

/* Starts a plain one. */
void start(const struct http_limits *limits);

/* The server has ended by itself and found all connections closed. */
void stop(void);

/* A connection to it, or -1. */
int dial(void);

void say(int fd, const char *text);

/* Resets the connection instead of ending it. */
void slam(int fd);

/* Reads into answer until the other side ends, or says words (if not NULL);
 * false after ms, or when the connection was reset. */
bool hear(int fd, const char *words, int64_t ms);

/* The code of answer's first line; 0: it has none. */
unsigned status(void);

/* That answer is a problem of that code, to what. */
void expect_refusal(unsigned code, const char *what);

/* A connection of its own for one request that ends in a refusal. */
void refuse(const char *request, unsigned code);

/* The number behind name= on /open/stat. */
unsigned stat_of(const char *name);

/* Until the server has no connections but the one that asks. */
void wait_until_alone(void);

int64_t ms_since(int64_t from_us);

/* Of the whole group, and of one test. */
int http_rig_set_up(void **state);
int http_rig_tear_down(void **state);
int kill_server(void **state);

/* Requests, and the codes they are refused with. */
extern const struct hostile {
	unsigned code;
	const char *request;
} hostiles[];
extern const size_t hostile_count;

/* Three kinds of requests in one go. */
extern const char pipelined[];

#endif
