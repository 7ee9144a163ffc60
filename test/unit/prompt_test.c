/*
 * prompt_test.c - answers from a pipe; the terminal is tried from outside, by
 * test/blackbox/cli_password_prompt.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "lib/file.h"
#include "lib/prompt.h"

static bool
answer(const char *input, size_t limit, struct buf *out, bool *eof,
    struct err *err)
{
	int saved = dup(STDIN_FILENO), fds[2];
	bool ok;

	assert_true(saved >= 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], input, strlen(input)), strlen(input));
	close(fds[1]);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	ok = prompt_secret("?", limit, out, eof, err);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	return ok;
}

static void
a_line_comes_without_its_end(void **state)
{
	static const char *const cases[][2] = {{"one\ntwo\n", "one"},
	    {"one\r\n", "one"}, {"one", "one"}, {" a b \n", " a b "},
	    {"\n", ""}};
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	bool eof;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(answer(cases[i][0], 20, &out, &eof, &err));
		assert_string_equal(buf_text(&out), cases[i][1]);
		assert_false(eof);
	}
	file_wipe(&out);
}

static void
no_line_at_all_is_told_apart_from_an_empty_one(void **state)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	bool eof = false;

	(void)state;
	assert_true(answer("", 20, &out, &eof, &err));
	assert_true(eof);
	assert_string_equal(buf_text(&out), "");
	file_wipe(&out);
}

static void
a_line_longer_than_the_limit_is_refused(void **state)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	bool eof;

	(void)state;
	assert_true(answer("12345\n", 5, &out, &eof, &err));
	assert_string_equal(buf_text(&out), "12345");
	assert_false(answer("123456\n", 5, &out, &eof, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	file_wipe(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_comes_without_its_end),
	    cmocka_unit_test(no_line_at_all_is_told_apart_from_an_empty_one),
	    cmocka_unit_test(a_line_longer_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
