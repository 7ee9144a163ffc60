/*
 * read.h - what is known, as answers to GET: one function per route, and the
 * table of them.
 *
 * A function gets a connection that only reads, what is asked for, and a reply
 * to fill. It writes the body row by row and calls read_flush after each, so
 * that a long answer is handed on while it is made; a short one is kept until
 * it is whole. What is read together it reads in one transaction of its own.
 *
 * Who may see one account only must not learn whether there are others: an
 * account, volume, invoice or period of another one is missing, as what does
 * not exist is, by the same read_missing.
 */
#ifndef SRC_READ_H
#define SRC_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/sql.h"
#include "route.h"
#include "token.h"

enum {
	/* An answer that is longer goes out while it is made. */
	READ_WHOLE_BYTES = 256 << 10,
	READ_PIECE_BYTES = 64 << 10, /* of a long one */
	READ_ETAG_SIZE = 48,	     /* with its quotes */
	READ_MAX_ROUTES = 64,
};

/* How an answer is written. The words are the values of format=. */
enum read_format {
	READ_JSON,  /* json */
	READ_CSV,   /* csv */
	READ_HTML,  /* html */
	READ_TEXT,  /* txt */
	READ_PDF,   /* pdf */
	READ_FOCUS, /* focus: CSV by FOCUS; by format= only */
	READ_FORMATS,
};
#define READ_BIT(format) (1u << (format))

const char *read_format_word(enum read_format format);
/* "application/json", "text/csv; charset=utf-8", ... */
const char *read_format_type(enum read_format format);

/* What is asked for. Borrowed for the call. */
struct read_call {
	const struct route_call *route; /* its ids and parameters */
	const char *path, *query;	/* as asked, with escapes */
	const struct account *scope;	/* all that may be seen; NULL: all */
	enum token_role role;		/* TOKEN_READER or TOKEN_OPERATOR */
	int64_t now;			/* unix seconds */
	const char *issuer, *payment;	/* on paper; as in invoice_pdf.h */
	int64_t expected_secs;	     /* how often sources should report; or 0 */
	int64_t certificate_ends_at; /* unix seconds; 0: there is none */
	enum read_format format;
};

struct read_out; /* where it goes; read_answer.c */

struct read_reply {
	unsigned status;	  /* 200 unless it is set */
	const char *content_type; /* static; NULL: that of the format */
	struct buf headers;	  /* "Name: value\n" each; see read_header */
	struct buf body;	  /* what is not handed on yet */
	char detail[512];	  /* of a refusal, for people */
	struct read_out *out;	  /* borrowed */
};

/* Puts the answer into the reply, or says why that cannot be: ERR_INPUT is
 * 400, ERR_BUSY 503, ERR_BROKEN 500. Once pieces were handed on an error cuts
 * the answer off. */
typedef bool read_fn(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err);

/* A row of the table. */
struct read_route {
	const char *path;   /* "/v1/volumes/{}" */
	unsigned roles;	    /* as in struct route */
	const char *params; /* as in struct route */
	unsigned formats;   /* READ_BIT of each */
	enum read_format preset;
	read_fn *fn;
};

/* The last has no path. */
extern const struct read_route read_routes[];

/* The same for route_find, row by row, without a handle; how many. */
size_t read_list_routes(struct route list[READ_MAX_ROUTES]);

/* --- for the functions --- */

/* Hands on what the body holds if that is enough for it. False, with or
 * without a reason in err, when nobody wants more of it. */
bool read_flush(struct read_reply *reply, struct err *err);

/* A header. The value has no control characters; what has is left out. */
void read_header(struct read_reply *reply, const char *name, const char *value);

/* 404, always in the same words. Returns true: it is an answer. */
bool read_missing(struct read_reply *reply);

/* 400, and another refusal: a problem document. Return true. */
bool read_bad(struct read_reply *reply, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool read_refuse(struct read_reply *reply, unsigned status, const char *type,
    const char *detail);

/* A parameter's text; NULL when it is not there. */
const char *read_param(const struct read_call *call, const char *name);

/* A parameter that is a whole hour, as an instant or as a date: unix seconds.
 * *out stays when it is not there; false: the reply says that it is none. */
bool read_hour(const struct read_call *call, struct read_reply *reply,
    const char *name, int64_t *out);

/* The account that is to be looked at: the parameter "account", else the
 * scope. READ_NONE: it is all. READ_MISSING: it may not be seen, or is not
 * there; the reply is set then. */
enum read_found {
	READ_FAILED,
	READ_NONE,
	READ_FOUND,
	READ_MISSING
};
enum read_found read_account(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct account *out, struct err *err);

/* The accounts that are looked at, by name: that of read_account, or all.
 * Never READ_NONE. *list is the caller's to free(). */
enum read_found read_accounts_of(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct account **list, size_t *count,
    struct err *err);

/* Whether it may see an account, by row. */
bool read_sees(const struct read_call *call, int64_t account);

#endif
