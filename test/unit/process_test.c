/*
 * process_test.c - unit tests of lib/process.c.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/process.h"

static void
descriptors_are_counted(void **state)
{
	struct process_usage before, after;
	int fd;

	(void)state;
	assert_true(process_measure(&before));
	assert_true(before.open_fds >= 3);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(process_measure(&after));
	assert_int_equal(after.open_fds, before.open_fds + 1);
	close(fd);
}

static void
the_limit_is_that_of_the_process(void **state)
{
	struct rlimit limit;
	struct process_usage usage;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 77;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(process_measure(&usage));
	assert_int_equal(usage.max_fds, 77);
}

static void
time_and_memory_are_there(void **state)
{
	struct process_usage before, after;
	volatile unsigned x = 0;

	(void)state;
	assert_true(process_measure(&before));
	assert_true(before.resident_bytes > 0);
	assert_true(before.virtual_bytes > before.resident_bytes);
	do {
		for (unsigned i = 0; i < 100000; i++)
			x += i;
		assert_true(process_measure(&after));
	} while (after.cpu_us < before.cpu_us + 1000);
	assert_true(x > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(descriptors_are_counted),
	    cmocka_unit_test(the_limit_is_that_of_the_process),
	    cmocka_unit_test(time_and_memory_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
