/*
 * httpchunk.c - the strict reader of httpchunk.h.
 *
 * One byte of the frame is one step of a small state machine; the data between
 * is passed over in one piece. Source: RFC 9112, 7.1.
 */
#include <stdbool.h>
#include <string.h>

#include "httpchunk.h"

enum chunk_state {
	SIZE,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	LAST_CR,
	LAST_LF
};

enum {
	MAX_DIGITS = 15, /* 2^60: more could overflow */
};

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
refuse(struct httpchunk *c, unsigned status, const char *detail)
{
	c->status = status;
	c->detail = detail;
	return false;
}

static bool
step_size(struct httpchunk *c, char byte)
{
	int value = hex_value(byte);

	if (value >= 0) {
		if (++c->digits > MAX_DIGITS)
			return refuse(
			    c, 413, "A chunk of the body is too large.");
		c->left = c->left * 16 + (uint64_t)value;
		return true;
	}
	if (byte == ';')
		return refuse(c, 400, "Chunk extensions are not accepted.");
	if (byte != '\r' || c->digits == 0)
		return refuse(
		    c, 400, "The size of a chunk is not a hexadecimal number.");
	if (c->left > c->limit - c->total)
		return refuse(c, 413, "The body is too large.");
	c->total += c->left;
	c->state = SIZE_LF;
	return true;
}

static bool
step(struct httpchunk *c, char byte)
{
	static const char due[] = {
	    [SIZE_LF] = '\n',
	    [DATA_CR] = '\r',
	    [DATA_LF] = '\n',
	    [LAST_CR] = '\r',
	    [LAST_LF] = '\n',
	};
	static const int next[] = {
	    [SIZE_LF] = DATA,
	    [DATA_CR] = DATA_LF,
	    [DATA_LF] = SIZE,
	    [LAST_CR] = LAST_LF,
	    [LAST_LF] = LAST_LF,
	};

	if (c->state == SIZE)
		return step_size(c, byte);
	if (byte != due[c->state])
		return refuse(c, 400,
		    c->state == LAST_CR ? "Trailer fields are not accepted."
					: "A chunk of the body is malformed.");
	if (c->state == SIZE_LF && c->left == 0)
		c->state = LAST_CR;
	else
		c->state = next[c->state];
	if (c->state == SIZE) {
		c->digits = 0;
		c->left = 0;
	}
	return true;
}

void
httpchunk_init(struct httpchunk *c, uint64_t limit)
{
	memset(c, 0, sizeof *c);
	c->limit = limit;
	c->state = SIZE;
}

enum httphead_result
httpchunk_feed(struct httpchunk *c, const char *data, size_t len, size_t *taken)
{
	bool ending;
	size_t i = 0, skip;

	while (i < len) {
		*taken = i;
		if (c->state == DATA) {
			skip = len - i < c->left ? len - i : (size_t)c->left;
			c->left -= skip;
			i += skip;
			if (c->left == 0)
				c->state = DATA_CR;
			continue;
		}
		ending = c->state == LAST_LF;
		if (!step(c, data[i]))
			return HTTPHEAD_REFUSED;
		i++;
		if (ending) {
			*taken = i;
			return HTTPHEAD_COMPLETE;
		}
	}
	*taken = len;
	return HTTPHEAD_MORE;
}
