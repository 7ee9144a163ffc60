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

/* One more than the value of a hexadecimal digit; 0 for anything else. */
static const uint8_t digit_plus_1[256] = {
    ['0'] = 1,
    ['1'] = 2,
    ['2'] = 3,
    ['3'] = 4,
    ['4'] = 5,
    ['5'] = 6,
    ['6'] = 7,
    ['7'] = 8,
    ['8'] = 9,
    ['9'] = 10,
    ['a'] = 11,
    ['b'] = 12,
    ['c'] = 13,
    ['d'] = 14,
    ['e'] = 15,
    ['f'] = 16,
    ['A'] = 11,
    ['B'] = 12,
    ['C'] = 13,
    ['D'] = 14,
    ['E'] = 15,
    ['F'] = 16,
};

bool
uuid_parse(const char *text, size_t len, struct uuid *out)
{
	const unsigned char *u = (const unsigned char *)text;
	unsigned high, low;
	int i;

	if (len != UUID_TEXT_LEN)
		return false;
	if (u[8] != '-' || u[13] != '-' || u[18] != '-' || u[23] != '-')
		return false;
	for (i = 0; i < UUID_SIZE; i++) {
		high = digit_plus_1[u[place[i]]];
		low = digit_plus_1[u[place[i] + 1]];
		if (high == 0 || low == 0)
			return false;
		out->bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return true;
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
