/* Chunked bodies: what passes, what is refused, and that it makes no
 * difference how the bytes were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/httpchunk.h"

enum {
	BODY_LIMIT = 1000
};

static struct httpchunk chunk;

static unsigned
feed_chunks(const char *text, size_t len, size_t step, size_t *taken)
{
	enum httphead_result result = HTTPHEAD_MORE;
	size_t at, piece, used;

	httpchunk_init(&chunk, BODY_LIMIT);
	for (at = 0; at < len && result == HTTPHEAD_MORE; at += used) {
		piece = len - at < step ? len - at : step;
		result = httpchunk_feed(&chunk, text + at, piece, &used);
	}
	*taken = at;
	if (result == HTTPHEAD_REFUSED)
		return chunk.status;
	return result == HTTPHEAD_COMPLETE ? 0 : 1;
}

static void
expect_chunks(const char *text, unsigned status)
{
	size_t step, taken, len = strlen(text);

	for (step = 1; step <= len; step++) {
		unsigned got = feed_chunks(text, len, step, &taken);

		if (got != status)
			fail_msg("got %u, not %u, for: %s", got, status, text);
	}
}

static void
chunks_are_counted_to_their_end(void **state)
{
	const char text[] = "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\nGET";
	size_t taken;

	(void)state;
	expect_chunks("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", 0);
	assert_int_equal(chunk.total, 13);
	assert_int_equal(
	    feed_chunks(text, sizeof text - 1, sizeof text, &taken), 0);
	assert_int_equal(taken, sizeof text - 1 - 3);
	expect_chunks("0\r\n\r\n", 0);
	expect_chunks("3\r\nabc", 1);
	expect_chunks("3\r\nabc\r\n0\r\n\r", 1);
}

static void
malformed_chunks_are_400(void **state)
{
	static const char *const bodies[] = {"\r\n", "x\r\n", "0x3\r\nabc\r\n",
	    "+3\r\nabc\r\n", "-1\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n",
	    "3;a=b\r\nabc\r\n", "3\nabc\r\n", "3\r\rabc", "3\r\nabcd\r\n",
	    "3\r\nabc\n0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\n\n",
	    "3\r\nabc0\r\n\r\n"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
		expect_chunks(bodies[i], 400);
}

static void
chunks_past_the_limit_are_413(void **state)
{
	static char text[3 * BODY_LIMIT];
	size_t len, taken;

	(void)state;
	expect_chunks("3e9\r\n", 413);
	expect_chunks("ffffffffffffffff\r\n", 413);
	expect_chunks("00000000000000000000000001\r\n", 413);
	len = (size_t)snprintf(text, sizeof text, "3e7\r\n%0999d\r\n2\r\n", 0);
	assert_int_equal(feed_chunks(text, len, len, &taken), 413);
	len = (size_t)snprintf(
	    text, sizeof text, "3e7\r\n%0999d\r\n1\r\nx\r\n0\r\n\r\n", 0);
	assert_int_equal(feed_chunks(text, len, len, &taken), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chunks_are_counted_to_their_end),
	    cmocka_unit_test(malformed_chunks_are_400),
	    cmocka_unit_test(chunks_past_the_limit_are_413),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
