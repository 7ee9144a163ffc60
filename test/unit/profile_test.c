/*
 * profile_test.c - unit tests of lib/profile.c and lib/profile_symbols.c, with
 * the real library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "lib/profile.h"

static unsigned __attribute__((noinline)) burn(unsigned x)
{
	clock_t end = clock() + CLOCKS_PER_SEC / 2;

	while (clock() < end)
		for (int i = 0; i < 100000; i++)
			x = x * 1664525u + 1013904223u;
	return x;
}

static void
time_is_profiled_again_and_again(void **state)
{
	struct err err = ERR_INIT;
	struct profile *p = profile_open(&err);
	struct buf out = BUF_INIT;
	volatile unsigned x = 1;

	(void)state;
	assert_non_null(p);
	for (int round = 0; round < 2; round++) {
		assert_true(profile_start(p, &err));
		x = burn(x);
		buf_clear(&out);
		assert_true(profile_stop(p, &out, &err));
		/* A binary head of words, samples, a map as text. */
		assert_true(out.len > 200);
		assert_non_null(memmem(out.data, out.len, "profile_test", 12));
	}
	buf_fini(&out);
	profile_close(p);
}

static void
one_profile_is_taken_at_a_time(void **state)
{
	struct err err = ERR_INIT;
	struct profile *p = profile_open(&err);
	struct buf out = BUF_INIT;

	(void)state;
	assert_non_null(p);
	assert_false(profile_stop(p, &out, &err));
	assert_true(profile_start(p, &err));
	assert_false(profile_start(p, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	/* It ends with its owner. */
	profile_close(p);
	buf_fini(&out);
}

static void
memory_needs_the_allocator(void **state)
{
	struct err err = ERR_INIT;
	struct profile *p = profile_open(&err);
	struct buf out = BUF_INIT;

	(void)state;
	assert_non_null(p);
	assert_false(profile_heap(p, &out, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "libtcmalloc"));
	profile_close(p);
}

/* Not exported, so that the loader does not know it. */
static void
functions_have_names(void **state)
{
	struct err err = ERR_INIT;
	struct profile_symbols *s = profile_symbols_open(&err);

	(void)state;
	assert_non_null(s);
	assert_string_equal(
	    profile_symbols_find(s, (uint64_t)(uintptr_t)burn + 1), "burn");
	assert_non_null(
	    profile_symbols_find(s, (uint64_t)(uintptr_t)strtoul + 1));
	assert_null(profile_symbols_find(s, 0));
	assert_null(profile_symbols_find(s, 16));
	assert_null(profile_symbols_find(s, UINT64_MAX));
	profile_symbols_close(s);
	profile_symbols_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(time_is_profiled_again_and_again),
	    cmocka_unit_test(one_profile_is_taken_at_a_time),
	    cmocka_unit_test(memory_needs_the_allocator),
	    cmocka_unit_test(functions_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
