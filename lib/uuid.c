/*
 * uuid.c - reads and writes the one textual form of a UUID, 8-4-4-4-12.
 *
 * The version and variant bits are not looked at: a UUID is a name here, and
 * whoever made it knows how. Owns nothing.
 */
#include <string.h>

#include "uuid.h"

/* Where the two digits of each byte stand in the text. */
static const uint8_t place[UUID_SIZE] = {
    0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

/* The value of a hexadecimal digit; 0x80 for anything else. */
static unsigned
hex_value(char c)
{
	unsigned digit = (unsigned)(unsigned char)c - '0';
	unsigned letter = ((unsigned)(unsigned char)c | 0x20) - 'a';

	if (digit <= 9)
		return digit;
	return letter <= 5 ? letter + 10 : 0x80;
}

bool
uuid_parse(const char *text, size_t len, struct uuid *out)
{
	unsigned high, low, bad = 0;
	int i;

	if (len != UUID_TEXT_LEN)
		return false;
	if (text[8] != '-' || text[13] != '-' || text[18] != '-' ||
	    text[23] != '-')
		return false;
	for (i = 0; i < UUID_SIZE; i++) {
		high = hex_value(text[place[i]]);
		low = hex_value(text[place[i] + 1]);
		bad |= high | low;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return (bad & 0x80) == 0;
}

char *
uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	int i;

	memset(out, '-', UUID_TEXT_LEN);
	for (i = 0; i < UUID_SIZE; i++) {
		out[place[i]] = digits[u->bytes[i] >> 4];
		out[place[i] + 1] = digits[u->bytes[i] & 15];
	}
	out[UUID_TEXT_LEN] = '\0';
	return out;
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, UUID_SIZE) == 0;
}
