/*
 * run_test.c - unit tests of lib/run.c, with the shell as the other program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "lib/run.h"

static bool
shell(const char *script, const char *input, struct err *err)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	return run_program(argv, input, err);
}

static void
a_program_that_exits_with_0_has_worked(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_true(shell("exit 0", NULL, &err));
}

static void
any_other_end_is_told_with_the_command(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_false(shell("exit 7", NULL, &err));
	assert_string_equal(err.text, "sh -c exit 7: exit status 7");
	assert_false(shell("kill -TERM $$", NULL, &err));
	assert_string_equal(
	    err.text, "sh -c kill -TERM $$: ended by signal 15");
}

static void
a_program_that_is_not_there_is_named(void **state)
{
	const char *const argv[] = {"no-such-program", "x", NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(run_program(argv, NULL, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text,
	    "cannot start no-such-program: No such file or directory");
}

static void
it_reads_the_input_or_nothing(void **state)
{
	struct err err = ERR_INIT;
	char *far = malloc(200001);

	(void)state;
	assert_true(shell("[ \"$(cat)\" = 'two words' ]", "two words\n", &err));
	assert_true(shell("[ -z \"$(cat)\" ]", "", &err));
	assert_true(shell("[ -z \"$(cat)\" ]", NULL, &err));
	/* More than a pipe holds, to one who does not read. */
	assert_non_null(far);
	memset(far, 'x', 200000);
	far[200000] = '\0';
	assert_true(shell("exit 0", far, &err));
	assert_true(shell("[ $(wc -c) = 200000 ]", far, &err));
	free(far);
}

static void
what_it_prints_goes_to_standard_error(void **state)
{
	struct err err = ERR_INIT;
	int ends[2], saved = dup(STDERR_FILENO);
	char text[32] = "";
	bool ok;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	ok = shell("echo out; echo err >&2", NULL, &err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	close(ends[0]);
	assert_true(ok);
	assert_string_equal(text, "out\nerr\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_that_exits_with_0_has_worked),
	    cmocka_unit_test(any_other_end_is_told_with_the_command),
	    cmocka_unit_test(a_program_that_is_not_there_is_named),
	    cmocka_unit_test(it_reads_the_input_or_nothing),
	    cmocka_unit_test(what_it_prints_goes_to_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
