/*
 * uuid.h - UUIDs as 16 bytes (RFC 9562), read in either case, written in
 * lower case.
 */
#ifndef LIB_UUID_H
#define LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UUID_SIZE = 16,
	UUID_TEXT_LEN = 36,
	UUID_TEXT_SIZE = 37
};

struct uuid {
	uint8_t bytes[UUID_SIZE];
};

/* Takes exactly the 36 characters 8-4-4-4-12. */
bool uuid_parse(const char *text, size_t len, struct uuid *out);

/* Returns out. */
char *uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);

bool uuid_equal(const struct uuid *a, const struct uuid *b);

#endif
