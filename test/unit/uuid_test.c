/*
 * uuid_test.c - unit tests of lib/uuid.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/uuid.h"

static const char LOWER[] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
static const char UPPER[] = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0";

static void
bytes_come_in_the_order_of_the_digits(void **state)
{
	static const uint8_t want[UUID_SIZE] = {0x0f, 0x1e, 0x2d, 0x3c, 0x4b,
	    0x5a, 0x69, 0x78, 0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0};
	struct uuid u;

	(void)state;
	assert_true(uuid_parse(LOWER, UUID_TEXT_LEN, &u));
	assert_memory_equal(u.bytes, want, UUID_SIZE);
}

static void
either_case_is_read_and_lower_case_is_written(void **state)
{
	struct uuid lower, upper;
	char text[UUID_TEXT_SIZE];

	(void)state;
	assert_true(uuid_parse(LOWER, UUID_TEXT_LEN, &lower));
	assert_true(uuid_parse(UPPER, UUID_TEXT_LEN, &upper));
	assert_true(uuid_equal(&lower, &upper));
	assert_string_equal(uuid_format(&upper, text), LOWER);
	upper.bytes[15] ^= 1;
	assert_false(uuid_equal(&lower, &upper));
}

static void
another_length_is_refused(void **state)
{
	struct uuid u;

	(void)state;
	assert_false(uuid_parse(LOWER, UUID_TEXT_LEN - 1, &u));
	assert_false(uuid_parse(LOWER, UUID_TEXT_LEN + 1, &u));
	assert_false(uuid_parse("", 0, &u));
}

/* Every place is tried with every byte: digits only where digits belong,
 * dashes only where dashes do. */
static void
each_place_takes_only_what_belongs_there(void **state)
{
	char text[UUID_TEXT_SIZE];
	struct uuid u;
	bool dash, digit;
	int i, c;

	(void)state;
	for (i = 0; i < UUID_TEXT_LEN; i++) {
		dash = i == 8 || i == 13 || i == 18 || i == 23;
		for (c = 0; c < 256; c++) {
			memcpy(text, LOWER, sizeof text);
			text[i] = (char)c;
			digit = c != 0 &&
				strchr("0123456789abcdefABCDEF", c) != NULL;
			assert_int_equal(uuid_parse(text, UUID_TEXT_LEN, &u),
			    dash ? c == '-' : digit);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_in_the_order_of_the_digits),
	    cmocka_unit_test(either_case_is_read_and_lower_case_is_written),
	    cmocka_unit_test(another_length_is_refused),
	    cmocka_unit_test(each_place_takes_only_what_belongs_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
