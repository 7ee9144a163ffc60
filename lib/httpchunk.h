/*
 * httpchunk.h - the frame of a chunked HTTP/1.1 body, read strictly and as it
 * arrives, so that the bytes between can be taken from where they are.
 */
#ifndef LIB_HTTPCHUNK_H
#define LIB_HTTPCHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "httphead.h"

struct httpchunk {
	unsigned status;    /* after REFUSED */
	const char *detail; /* a sentence; static text */
	uint64_t total;	    /* bytes of data announced so far */

	uint64_t limit;
	uint64_t left; /* of this chunk; or its size, while being read */
	unsigned digits;
	int state;
};

/* Makes c ready for a body of at most limit bytes of data. */
void httpchunk_init(struct httpchunk *c, uint64_t limit);

/* As httphead_feed, up to and with the CRLF behind the last chunk. Chunk
 * extensions and trailer fields are refused: nothing here uses them. */
enum httphead_result httpchunk_feed(
    struct httpchunk *c, const char *data, size_t len, size_t *taken);

#endif
