/*
 * log_test.c - unit tests of lib/log.c: standard error is a pipe while a line
 * is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/log.h"

struct capture {
	int saved, ends[2];
	char text[16384];
};

static struct capture *
begin(struct capture *c)
{
	assert_int_equal(pipe2(c->ends, O_CLOEXEC | O_NONBLOCK), 0);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->saved >= 0);
	assert_int_equal(dup2(c->ends[1], STDERR_FILENO), STDERR_FILENO);
	return c;
}

/* What was written since, all of it: the pipe is shut before it is read. */
static const char *
end(struct capture *c)
{
	ssize_t got;

	assert_int_equal(dup2(c->saved, STDERR_FILENO), STDERR_FILENO);
	close(c->saved);
	close(c->ends[1]);
	got = read(c->ends[0], c->text, sizeof c->text - 1);
	close(c->ends[0]);
	assert_true(got >= 0);
	c->text[got] = '\0';
	return c->text;
}

static int
set_up(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_open(false);
	return 0;
}

static void
a_line_has_its_level_event_and_text(void **state)
{
	struct capture c;

	(void)state;
	begin(&c);
	log_error("a.broken", "error=\"%s\" n=%d", "no disk", 3);
	log_warn("a.late", "after_secs=%d", 60);
	log_info("a.done", "%s", "");
	assert_string_equal(end(&c), "error a.broken error=\"no disk\" n=3\n"
				     "warn a.late after_secs=60\n"
				     "info a.done\n");
}

static void
under_systemd_a_line_begins_with_its_priority(void **state)
{
	struct capture c;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_open(true);
	begin(&c);
	log_error("e", "a=1");
	log_warn("w", "a=1");
	log_info("i", "a=1");
	log_debug("d", "a=1");
	assert_string_equal(
	    end(&c), "<3>e a=1\n<4>w a=1\n<6>i a=1\n<7>d a=1\n");
}

static void
debug_lines_are_hidden_unless_asked_for(void **state)
{
	struct capture c;

	(void)state;
	begin(&c);
	log_debug("d", "a=1");
	log_open(true);
	log_debug("d", "a=2");
	log_open(false);
	log_debug("d", "a=3");
	assert_string_equal(end(&c), "debug d a=2\n");
}

static void
control_characters_cannot_make_a_second_line(void **state)
{
	struct capture c;

	(void)state;
	begin(&c);
	log_info("in", "name=\"%s\"",
	    "a\nerror b.faked\r\t\x1b[31m\x7f\x01 \xc3\xa9");
	assert_string_equal(end(&c),
	    "info in name=\"a\\x0aerror b.faked\\x0d\\x09\\x1b[31m\\x7f\\x01 "
	    "\xc3\xa9\"\n");
}

static void
a_text_too_long_is_cut_and_still_one_line(void **state)
{
	static char dirt[5000];
	struct capture c;
	const char *line;

	(void)state;
	memset(dirt, '\n', sizeof dirt - 1);
	begin(&c);
	log_info("in", "%s", dirt);
	line = end(&c);
	assert_true(strlen(line) > 4000);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_int_equal(
	    strspn(line + strlen("info in "), "\\x0a"), strlen(line) - 9);
}

static void
errno_survives_a_line(void **state)
{
	struct capture c;

	(void)state;
	begin(&c);
	/* The write fails. */
	close(STDERR_FILENO);
	errno = ENOTDIR;
	log_info("in", "a=1");
	assert_int_equal(errno, ENOTDIR);
	assert_string_equal(end(&c), "");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_line_has_its_level_event_and_text),
	    TEST(under_systemd_a_line_begins_with_its_priority),
	    TEST(debug_lines_are_hidden_unless_asked_for),
	    TEST(control_characters_cannot_make_a_second_line),
	    TEST(a_text_too_long_is_cut_and_still_one_line),
	    TEST(errno_survives_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
