/*
 * systemd_test.c - the text of the unit; files are the black-box tests'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/systemd.h"

static void
the_unit_starts_the_program_that_is_named(void **state)
{
	struct buf text = BUF_INIT, other = BUF_INIT;

	(void)state;
	systemd_unit_text(SYSTEMD_PROGRAM, &text);
	assert_non_null(
	    strstr(buf_text(&text), "\nExecStart=" SYSTEMD_PROGRAM " start\n"));
	assert_non_null(
	    strstr(buf_text(&text), "\nExecPaths=" SYSTEMD_PROGRAM " "));
	systemd_unit_text("/opt/s", &other);
	assert_non_null(strstr(buf_text(&other), "\nExecStart=/opt/s start\n"));
	assert_non_null(strstr(buf_text(&other), "\nExecPaths=/opt/s "));
	assert_null(strstr(buf_text(&other), SYSTEMD_PROGRAM));
	/* The same but for that. */
	assert_int_equal(text.len - other.len,
	    2 * (strlen(SYSTEMD_PROGRAM) - strlen("/opt/s")));
	buf_fini(&text);
	buf_fini(&other);
}

static void
the_user_is_the_same_everywhere(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	systemd_unit_text(SYSTEMD_PROGRAM, &text);
	assert_non_null(strstr(buf_text(&text), "\nUser=" SYSTEMD_USER "\n"));
	assert_non_null(strstr(buf_text(&text), "\nStateDirectory="));
	assert_non_null(strstr(systemd_sysusers, "\nu " SYSTEMD_USER " "));
	assert_non_null(strstr(systemd_sysusers, " " SYSTEMD_HOME "\n"));
	assert_non_null(strstr(systemd_tmpfiles,
	    "\nd " SYSTEMD_HOME " 0700 " SYSTEMD_USER " " SYSTEMD_USER " "));
	buf_fini(&text);
}

static void
a_program_that_the_unit_cannot_start_is_refused(void **state)
{
	static const char *const good[] = {"/usr/sbin/stat.flexfs",
	    "/usr/local/sbin/stat.flexfs", "/opt/a_b+c-1/stat.flexfs",
	    "/homes/x", "/tmpx"};
	static const char *const odd[] = {"stat.flexfs", "", "/opt/a b",
	    "/opt/50%", "/opt/$x", "/opt/\"x\"", "/opt/x\n", "/opt/\\x",
	    "/opt/\xc3\xa4"};
	static const char *const hidden[] = {"/home/a/bin/stat.flexfs",
	    "/root/stat.flexfs", "/tmp/stat.flexfs", "/var/tmp/x",
	    "/run/user/1000/x"};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(systemd_check_program(good[i], &err));
	for (i = 0; i < sizeof odd / sizeof *odd; i++) {
		assert_false(systemd_check_program(odd[i], &err));
		assert_non_null(strstr(err.text, "cannot stand in a unit"));
	}
	for (i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		assert_false(systemd_check_program(hidden[i], &err));
		assert_non_null(strstr(err.text, "has no access to"));
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_unit_starts_the_program_that_is_named),
	    cmocka_unit_test(the_user_is_the_same_everywhere),
	    cmocka_unit_test(a_program_that_the_unit_cannot_start_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
