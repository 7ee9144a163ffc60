/*
 * httphead.h - the head of an HTTP/1.x request, read strictly and as it
 * arrives.
 *
 * What lenient parsers disagree about is refused, not interpreted: two
 * Content-Lengths, odd Transfer-Encodings, bare CR or LF, folded lines,
 * spaces before a colon, targets that are not a plain path. The reader is fed
 * bytes in any portions, takes no memory of its own, and looks at no byte
 * behind the end of the head.
 */
#ifndef LIB_HTTPHEAD_H
#define LIB_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTPHEAD_LINE_BYTES = 8192, /* request line, without CRLF: else 414 */
	HTTPHEAD_METHOD_BYTES = 31,
	HTTPHEAD_TOKEN_BYTES = 512, /* a longer bearer token is none */
	HTTPHEAD_TYPE_BYTES = 127,  /* Content-Type */
	HTTPHEAD_HOST_BYTES = 255,
	HTTPHEAD_NAME_BYTES = 31,    /* of the header names it looks at */
	HTTPHEAD_VALUE_BYTES = 4095, /* of their values */
};

enum httphead_result {
	HTTPHEAD_MORE,	   /* fine so far; feed more */
	HTTPHEAD_COMPLETE, /* the end was reached */
	HTTPHEAD_REFUSED,  /* status and detail say why */
};

/* Headers that may appear once only, as bits of seen. */
enum httphead_seen {
	HTTPHEAD_SEEN_HOST = 1,
	HTTPHEAD_SEEN_LENGTH = 2,
	HTTPHEAD_SEEN_CODING = 4,
	HTTPHEAD_SEEN_AUTH = 8,
	HTTPHEAD_SEEN_TYPE = 16,
	HTTPHEAD_SEEN_COOKIE = 32,
};

/* About 18 KiB; keep one per head being read, not one per connection. */
struct httphead {
	/* The answer, once COMPLETE; the strings point into this struct.
	 * After REFUSED method and path are set if they were read. */
	const char *method;	  /* as sent; "" until read */
	const char *path;	  /* starts with one '/'; "" until read */
	const char *query;	  /* behind '?', or "" */
	const char *bearer;	  /* token of Authorization: Bearer, or NULL */
	const char *cookie;	  /* the first Cookie, as sent, or "" */
	const char *content_type; /* or "" */
	uint64_t content_length;
	int minor; /* of HTTP/1.minor */
	bool chunked;
	bool has_body; /* chunked, or content_length above 0 */
	bool keep_alive;

	/* After REFUSED. whole: the head was read to its end and is well
	 * formed, only what it asks for is too much or too little (411, 413,
	 * 417); then all of the above is set, and someone else may have a
	 * better reason to refuse it. */
	unsigned status;
	const char *detail; /* a sentence; static text */
	bool whole;

	/* How far it is. */
	size_t head_limit;
	uint64_t body_limit;
	size_t fed;
	int state;
	unsigned seen;
	bool wants_close, wants_keep_alive, bad_expect;
	size_t line_len, name_len, value_len;
	char line[HTTPHEAD_LINE_BYTES + 1];
	char name[HTTPHEAD_NAME_BYTES + 1];
	char value[HTTPHEAD_VALUE_BYTES + 1];
	char token[HTTPHEAD_TOKEN_BYTES + 1];
	char type[HTTPHEAD_TYPE_BYTES + 1];
	char cookies[HTTPHEAD_VALUE_BYTES + 1];
};

/* Makes h ready for a new head. head_limit counts everything up to and with
 * the empty line; body_limit is what Content-Length may promise. */
void httphead_init(struct httphead *h, size_t head_limit, uint64_t body_limit);

/* Reads len more bytes. *taken is how many belong to the head: less than len
 * only for COMPLETE and REFUSED. Do not feed after those. */
enum httphead_result httphead_feed(
    struct httphead *h, const char *data, size_t len, size_t *taken);

#endif
