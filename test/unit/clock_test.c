/*
 * clock_test.c - unit tests of lib/clock.c. Nothing here waits for longer
 * than a clock needs to tick.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "lib/clock.h"

static const int64_t START = 1704067200; /* 2024-01-01T00:00:00Z */

static void
spin_ms(int64_t ms)
{
	int64_t until = clock_mono_us() + ms * 1000;

	while (clock_mono_us() < until)
		;
}

static void
the_real_clock_shows_the_time(void **state)
{
	struct clock clock = clock_real();
	int64_t before = (int64_t)time(NULL), shown = clock_secs(&clock);

	(void)state;
	/* time(2) may lag behind by a tick. */
	assert_in_range(shown, before, time(NULL) + 1);
	assert_in_range(
	    clock_ms(&clock), before * 1000, (int64_t)time(NULL) * 1000 + 1999);
}

static void
the_real_clock_cannot_be_set(void **state)
{
	struct clock clock = clock_real();

	(void)state;
	assert_false(clock_set(&clock, clock_secs(&clock) + 1000));
	assert_in_range(clock_secs(&clock), time(NULL) - 1, time(NULL) + 1);
}

static void
a_pretend_clock_starts_where_it_is_told(void **state)
{
	struct clock clock = clock_pretend(START, 1);

	(void)state;
	assert_in_range(clock_ms(&clock), START * 1000, START * 1000 + 60000);
	clock = clock_pretend(0, 0);
	assert_in_range(clock_secs(&clock), time(NULL) - 1, time(NULL) + 1);
}

static void
at_rate_0_it_stands_still(void **state)
{
	struct clock clock = clock_pretend(START, 0);

	(void)state;
	assert_int_equal(clock_ms(&clock), START * 1000);
	spin_ms(5);
	assert_int_equal(clock_ms(&clock), START * 1000);
	assert_int_equal(clock_secs(&clock), START);
}

static void
it_runs_at_its_rate(void **state)
{
	struct clock clock = clock_pretend(START, 3600);
	int64_t begun = clock_mono_us(), least, most;

	(void)state;
	spin_ms(10);
	/* The clocks are read one after the other, in ms. */
	least = (clock_mono_us() - begun) / 1000 - 2;
	most = clock_ms(&clock) - START * 1000;
	assert_true(most >= least * 3600);
	assert_int_equal(most % 3600, 0);
	assert_true(most <= ((clock_mono_us() - begun) / 1000 + 2) * 3600);
}

static void
it_is_set_forward_only(void **state)
{
	struct clock clock = clock_pretend(START, 0);

	(void)state;
	assert_false(clock_set(&clock, START - 1));
	assert_int_equal(clock_ms(&clock), START * 1000);
	assert_true(clock_set(&clock, START));
	assert_int_equal(clock_ms(&clock), START * 1000);
	assert_true(clock_set(&clock, START + 86400));
	assert_int_equal(clock_ms(&clock), (START + 86400) * 1000);
	assert_false(clock_set(&clock, START));
	assert_int_equal(clock_secs(&clock), START + 86400);
}

static void
setting_it_to_the_second_it_shows_does_not_turn_it_back(void **state)
{
	struct clock clock = clock_pretend(START, 0);

	(void)state;
	clock.mock_ms += 750;
	assert_true(clock_set(&clock, START));
	assert_int_equal(clock_ms(&clock), START * 1000 + 750);
}

static void
after_it_was_set_it_runs_on_from_there(void **state)
{
	struct clock clock = clock_pretend(START, 1000);
	int64_t begun, passed;

	(void)state;
	spin_ms(20);
	begun = clock_mono_us();
	assert_true(clock_set(&clock, START + 1000000));
	passed = clock_ms(&clock) - (START + 1000000) * 1000;
	/* What had passed before does not count again. */
	assert_true(passed >= 0);
	assert_true(passed <= ((clock_mono_us() - begun) / 1000 + 2) * 1000);
	spin_ms(5);
	assert_true(clock_ms(&clock) >= (START + 1000000) * 1000 + 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_real_clock_shows_the_time),
	    cmocka_unit_test(the_real_clock_cannot_be_set),
	    cmocka_unit_test(a_pretend_clock_starts_where_it_is_told),
	    cmocka_unit_test(at_rate_0_it_stands_still),
	    cmocka_unit_test(it_runs_at_its_rate),
	    cmocka_unit_test(it_is_set_forward_only),
	    cmocka_unit_test(
		setting_it_to_the_second_it_shows_does_not_turn_it_back),
	    cmocka_unit_test(after_it_was_set_it_runs_on_from_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
