/*
 * report.h - one report of an admin server: its body, checked and exact.
 *
 * Strict JSON (RFC 8259: valid UTF-8, no duplicate members, depth at most 8)
 * against the schema "urn:flexfs-stat:report:1". Members that are not known
 * are skipped and counted. Sizes are exact: a JSON integer up to 2^53-1, or a
 * string of 1 to 19 digits up to 2^63-1; a larger bare number is refused with
 * the advice to send a string. No floating point is involved anywhere.
 */
#ifndef SRC_REPORT_H
#define SRC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/uuid.h"

enum {
	REPORT_MAX_VOLUMES = 20000,
	REPORT_MAX_BINS = 16,
	REPORT_MAX_TEXT = 255, /* bytes of a name */
	REPORT_MAX_ACCOUNT = 63,
	REPORT_MAX_DEPTH = 8,
	REPORT_MAX_ERRORS = 20, /* listed in one answer */
};

/* A string inside the body or, if it had escapes, inside report.text. Not
 * NUL-terminated; len 0 and text NULL when the member is absent. */
struct report_text {
	const char *text;
	uint32_t len;
};

/* Bytes younger than max_age_hours; 0 is the open-ended bin (null). */
struct report_bin {
	uint32_t max_age_hours; /* "30d" is 720 */
	char max_age[8];	/* as sent, "" for null */
	int64_t bytes;
};

struct report_volume {
	struct uuid id;
	struct report_text name;
	struct report_text account;
	struct report_text region;
	int64_t sampled_at;    /* unix seconds, 2000..2200 */
	int32_t sampled_nanos; /* its fraction */
	int64_t bytes;
	int64_t retired_bytes; /* -1: not given */
	int64_t inodes;	       /* -1: not given */
	int64_t created_at;    /* 0: not given or null */
	int64_t retired_at;    /* 0: not given or null */
	int32_t revision;
	uint32_t first_bin; /* into report.bins */
	uint32_t bin_count;
	const char *json;  /* this volume's object in the body, */
	uint32_t json_len; /* byte for byte, for the quarantine */
};

struct report {
	struct uuid report_id;
	int64_t sent_at;
	int32_t sent_nanos;
	bool complete;
	bool want_grant;
	struct report_text admin_version, admin_host;
	struct report_volume *volumes; /* owned */
	size_t volume_count;
	size_t volume_cap;
	struct report_bin *bins; /* owned */
	size_t bin_count;
	size_t bin_cap;
	uint32_t unknown_members;
	struct buf text; /* unescaped strings live here */
};

#define REPORT_INIT \
	{           \
		0   \
	}

/* What was wrong, for an answer. */
enum report_fault {
	REPORT_FINE,
	REPORT_MALFORMED, /* 400: not JSON, not UTF-8, duplicate, too deep */
	REPORT_INVALID,	  /* 422: does not fit the schema */
	REPORT_NO_MEMORY, /* 503 */
};

/*
 * Reads body into out, which keeps its memory from one report to the next
 * (report_fini gives it back) and borrows body: the texts point into it.
 *
 * REPORT_MALFORMED sets err to a sentence with the byte offset.
 * REPORT_INVALID sets err to a summary and fills errors with a JSON array
 * [{"pointer":"/volumes/3/bytes","detail":".."},..] of at most
 * REPORT_MAX_ERRORS entries, in the order of the body.
 */
enum report_fault report_parse(const char *body, size_t len, struct report *out,
    struct buf *errors, struct err *err);

/* Reads one volume's object as report_volume.json keeps it, as the only
 * volume of out. */
enum report_fault report_parse_volume(const char *json, size_t len,
    struct report *out, struct buf *errors, struct err *err);

void report_fini(struct report *r);

#endif
