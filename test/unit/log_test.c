/*
 * log_test.c - unit tests of lib/log.c: standard error is a pipe while a line
 * is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Takes "2026-11-26T10:24:25.123Z " off each line that begins with one. */
static void
drop_times(char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
	const size_t len = sizeof shape - 1;
	char *from = text, *to = text;
	bool at_start = true;
	size_t i;

	while (*from != '\0') {
		for (i = 0; at_start && i < len; i++)
			if (shape[i] == 'd' ? from[i] < '0' || from[i] > '9'
					    : from[i] != shape[i])
				break;
		if (at_start && i == len)
			from += len;
		at_start = *from == '\n';
		*to++ = *from++;
	}
	*to = '\0';
}

/* What was written since, all of it: the pipe is shut before it is read. */
static const char *
end_whole(struct capture *c)
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

/* The same without the times. */
static const char *
end(struct capture *c)
{
	end_whole(c);
	drop_times(c->text);
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

/* Names what standard error is, or something that it is not. */
static void
name_stream(unsigned off_by)
{
	char text[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + off_by);
	setenv("JOURNAL_STREAM", text, 1);
}

static void
under_systemd_a_line_begins_with_its_priority(void **state)
{
	struct capture c;

	(void)state;
	begin(&c);
	name_stream(0);
	log_open(true);
	log_error("e", "a=1");
	log_warn("w", "a=1");
	log_info("i", "a=1");
	log_debug("d", "a=1");
	assert_string_equal(
	    end_whole(&c), "<3>e a=1\n<4>w a=1\n<6>i a=1\n<7>d a=1\n");
}

static void
elsewhere_a_line_begins_with_the_time(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	begin(&c);
	log_info("i", "a=1");
	line = end_whole(&c);
	assert_int_equal(strlen(line),
	    strlen("2026-11-26T10:24:25.123Z ") + strlen("info i a=1\n"));
	drop_times(c.text);
	assert_string_equal(c.text, "info i a=1\n");
}

static void
a_journal_that_is_not_standard_error_does_not_count(void **state)
{
	static const char *const others[] = {"", "8", "8:", ":1", "8:1x"};
	struct capture c;

	(void)state;
	begin(&c);
	name_stream(1);
	log_open(false);
	log_info("i", "a=1");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		setenv("JOURNAL_STREAM", others[i], 1);
		log_open(false);
		log_info("i", "a=2");
	}
	assert_string_equal(end(&c), "info i a=1\ninfo i a=2\ninfo i a=2\n"
				     "info i a=2\ninfo i a=2\ninfo i a=2\n");
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
	    TEST(elsewhere_a_line_begins_with_the_time),
	    TEST(a_journal_that_is_not_standard_error_does_not_count),
	    TEST(debug_lines_are_hidden_unless_asked_for),
	    TEST(control_characters_cannot_make_a_second_line),
	    TEST(a_text_too_long_is_cut_and_still_one_line),
	    TEST(errno_survives_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
