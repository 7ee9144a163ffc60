/*
 * gzip.c - the only door to zlib.
 *
 * Comes in: bytes to compress; or compressed ones from a stranger, of which at
 * most `limit` bytes go out, in steps, so that memory grows with what really
 * comes out and never with what a header claims. Owns the state of members
 * that are made in pieces, and else nothing between calls.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "gzip.h"

enum {
	WINDOW_BITS_GZIP = 15 + 16, /* the largest window; gzip, not zlib */
	FIRST_STEP = 16 * 1024,
	MEMORY_LEVEL = 8, /* zlib's default */
};

/* Makes room for the next piece: as much as there is already, so that the
 * work of moving it stays in proportion; one byte more than the limit shows
 * that it is passed. */
static bool
make_room(struct buf *out, size_t taken, size_t limit)
{
	size_t step = taken > FIRST_STEP ? taken : FIRST_STEP;

	if (step > limit - taken)
		step = limit - taken + 1;
	return buf_reserve(out, step);
}

static enum gzip_fault
malformed(struct err *err, const char *why)
{
	err_set(err, ERR_INPUT, "%s", why);
	return GZIP_MALFORMED;
}

static enum gzip_fault
no_memory(struct err *err)
{
	err_nomem(err);
	return GZIP_NO_MEMORY;
}

/* One call of inflate: takes input, appends output, keeps the books. */
static int
inflate_some(z_stream *z, size_t *left, size_t room, struct buf *out)
{
	uInt in = *left < UINT_MAX ? (uInt)*left : UINT_MAX;
	uInt space = room < UINT_MAX ? (uInt)room : UINT_MAX;
	int status;

	z->avail_in = in;
	z->next_out = (Bytef *)out->data + out->len;
	z->avail_out = space;
	status = inflate(z, Z_NO_FLUSH);
	*left -= in - z->avail_in;
	out->len += space - z->avail_out;
	out->data[out->len] = '\0';
	return status;
}

static enum gzip_fault
inflate_all(
    z_stream *z, size_t left, size_t limit, struct buf *out, struct err *err)
{
	size_t before = out->len;
	int status;

	for (;;) {
		if (!make_room(out, out->len - before, limit))
			return no_memory(err);
		status = inflate_some(z, &left, out->cap - out->len - 1, out);
		if (out->len - before > limit) {
			err_set(err, ERR_INPUT,
			    "more than %zu bytes when inflated", limit);
			return GZIP_TOO_LARGE;
		}
		if (status == Z_MEM_ERROR)
			return no_memory(err);
		if (status == Z_STREAM_END && left == 0)
			return GZIP_FINE;
		if (status == Z_STREAM_END)
			status = inflateReset(z);
		else if (status == Z_BUF_ERROR && left == 0)
			return malformed(err, "the gzip data are cut short");
		if (status != Z_OK && status != Z_BUF_ERROR)
			return malformed(err, "the gzip data are damaged");
	}
}

enum gzip_fault
gzip_inflate(
    const void *in, size_t len, size_t limit, struct buf *out, struct err *err)
{
	z_stream z = {.next_in = in};
	size_t before = out->len;
	enum gzip_fault fault;

	if (limit > SIZE_MAX / 4)
		limit = SIZE_MAX / 4;
	if (inflateInit2(&z, WINDOW_BITS_GZIP) != Z_OK)
		return no_memory(err);
	fault = inflate_all(&z, len, limit, out, err);
	inflateEnd(&z);
	if (fault != GZIP_FINE && out->data != NULL) {
		out->len = before;
		out->data[before] = '\0';
	}
	return fault;
}

bool
gzip_deflate(const void *in, size_t len, struct buf *out, struct err *err)
{
	z_stream z = {.next_in = in};
	uLong room;
	int status;

	if (len > UINT_MAX / 2)
		return err_set(err, ERR_INPUT, "too large for gzip");
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
		WINDOW_BITS_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_nomem(err);
	room = deflateBound(&z, (uLong)len);
	if (!buf_reserve(out, room)) {
		deflateEnd(&z);
		return err_nomem(err);
	}
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = (uInt)room;
	status = deflate(&z, Z_FINISH);
	out->len += room - z.avail_out;
	out->data[out->len] = '\0';
	deflateEnd(&z);
	return status == Z_STREAM_END ||
	       err_set(err, ERR_BROKEN, "gzip ended with code %d", status);
}

/* --- in pieces --- */

struct gzip {
	z_stream z;
};

struct gzip *
gzip_new(struct err *err)
{
	struct gzip *gzip = calloc(1, sizeof *gzip);

	if (gzip != NULL &&
	    deflateInit2(&gzip->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
		WINDOW_BITS_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
		return gzip;
	free(gzip);
	err_nomem(err);
	return NULL;
}

bool
gzip_add(struct gzip *gzip, const void *in, size_t len, bool last,
    struct buf *out, struct err *err)
{
	z_stream *z = &gzip->z;
	int status;

	if (len > UINT_MAX / 2)
		return err_set(err, ERR_INPUT, "too large for gzip");
	z->next_in = in;
	z->avail_in = (uInt)len;
	do {
		if (!buf_reserve(out, FIRST_STEP))
			return err_nomem(err);
		z->next_out = (Bytef *)out->data + out->len;
		z->avail_out = FIRST_STEP;
		status = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
		if (status == Z_STREAM_ERROR)
			return err_set(
			    err, ERR_BROKEN, "gzip ended with code %d", status);
		out->len += FIRST_STEP - z->avail_out;
		out->data[out->len] = '\0';
	} while (z->avail_out == 0);
	return true;
}

void
gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->z);
	free(gzip);
}
