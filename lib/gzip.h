/*
 * gzip.h - inflates gzip data (RFC 1952) up to a limit, and makes them.
 */
#ifndef LIB_GZIP_H
#define LIB_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/* What was wrong, for an answer. */
enum gzip_fault {
	GZIP_FINE,
	GZIP_MALFORMED, /* 400: not gzip, damaged, cut short, or more behind */
	GZIP_TOO_LARGE, /* 413: more than the limit comes out */
	GZIP_NO_MEMORY, /* 503 */
};

/*
 * Inflates one member, or several one behind the other, whose check sums and
 * lengths must be right, and appends what they hold to out: at most limit
 * bytes, whatever the data promise. Nothing else may follow. Unless the
 * result is GZIP_FINE, out is as long as before and err says why.
 */
enum gzip_fault gzip_inflate(
    const void *in, size_t len, size_t limit, struct buf *out, struct err *err);

/* Appends one gzip member that holds len bytes to out; false without memory.
 * The same bytes give the same data, without a name or a time. */
bool gzip_deflate(const void *in, size_t len, struct buf *out, struct err *err);

/* One member in pieces. NULL and err without memory. gzip_add appends what is
 * ready to out, which may be nothing; last ends the member. */
struct gzip;
struct gzip *gzip_new(struct err *err);
bool gzip_add(struct gzip *gzip, const void *in, size_t len, bool last,
    struct buf *out, struct err *err);
void gzip_free(struct gzip *gzip);

#endif
