/*
 * file_test.c - whole files in a folder of this test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/file.h"

static char folder[] = "/tmp/file_test.XXXXXX";
static char path[64];
static char other[64];

static int
enter(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/file_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/a", folder);
	snprintf(other, sizeof other, "%s/b", folder);
	return 0;
}

static unsigned
entries(void)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static int
leave(void **state)
{
	(void)state;
	(void)chmod(folder, 0700);
	(void)unlink(path);
	(void)unlink(other);
	return rmdir(folder);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(name, mode), 0);
}

static void
expect_text(const char *name, const char *text)
{
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	assert_true(file_read(name, 1000, &got, &err));
	assert_string_equal(buf_text(&got), text);
	assert_int_equal(got.len, strlen(text));
	buf_fini(&got);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static void
a_file_is_read_up_to_the_limit(void **state)
{
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put(path, "12345", 0644);
	assert_true(file_read(path, 5, &got, &err));
	assert_string_equal(got.data, "12345");
	/* What was in the buffer is replaced. */
	put(path, "ab", 0644);
	assert_true(file_read(path, 5, &got, &err));
	assert_string_equal(got.data, "ab");
	assert_false(file_read(path, 1, &got, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "has more than 1 bytes"));
	assert_int_equal(got.len, 0);
	put(path, "", 0644);
	assert_true(file_read(path, 0, &got, &err));
	assert_int_equal(got.len, 0);
	buf_fini(&got);
}

static void
a_pipe_is_read_to_its_end(void **state)
{
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	char name[32];
	bool there;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "secret", 6), 6);
	close(fds[1]);
	snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
	assert_true(file_check_secret(name, &err));
	assert_true(file_read_secret(name, 100, &got, &there, &err));
	assert_true(there);
	assert_string_equal(got.data, "secret");
	close(fds[0]);
	buf_fini(&got);
}

static void
missing_files_and_folders_are_told_apart(void **state)
{
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	bool there = true;

	(void)state;
	assert_false(file_read(path, 5, &got, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_false(file_read_secret(path, 5, &got, NULL, &err));
	assert_true(file_read_secret(path, 5, &got, &there, &err));
	assert_false(there);
	assert_false(file_read(folder, 5, &got, &err));
	assert_non_null(strstr(err.text, "is a folder, not a file"));
	assert_false(file_exists(path));
	put(path, "", 0600);
	assert_true(file_exists(path));
	buf_fini(&got);
}

static void
a_secret_that_others_can_read_is_refused(void **state)
{
	static const mode_t bad[] = {
	    0644, 0640, 0444, 0604, 0602, 0620, 0610, 0601};
	static const mode_t good[] = {0600, 0400, 0700};
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT;
	bool there;
	char advice[128];
	size_t i;

	(void)state;
	snprintf(advice, sizeof advice, "; run: chmod 600 %s", path);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		put(path, "s", bad[i]);
		assert_false(file_check_secret(path, &err));
		assert_non_null(strstr(err.text, advice));
		assert_false(file_read_secret(path, 10, &got, &there, &err));
		assert_int_equal(got.len, 0);
	}
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(chmod(path, good[i]), 0);
		assert_true(file_check_secret(path, &err));
	}
	buf_fini(&got);
}

static void
a_trusted_file_may_be_read_by_all_and_written_by_none(void **state)
{
	static const mode_t bad[] = {0666, 0664, 0646, 0602, 0620};
	static const mode_t good[] = {0600, 0400, 0644, 0640, 0444};
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT;
	char advice[128];
	bool there;
	size_t i;

	(void)state;
	snprintf(advice, sizeof advice, "; run: chmod go-w %s", path);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		put(path, "s", bad[i]);
		assert_false(file_read_trusted(path, 10, &got, &there, &err));
		assert_non_null(strstr(err.text, advice));
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(got.len, 0);
	}
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		put(path, "s", good[i]);
		assert_true(file_read_trusted(path, 10, &got, &there, &err));
		assert_true(there);
		assert_int_equal(got.len, 1);
	}
	assert_int_equal(chmod(folder, 0777), 0);
	assert_false(file_read_trusted(path, 10, &got, &there, &err));
	assert_non_null(strstr(err.text, "the folder of"));
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(unlink(path), 0);
	assert_true(file_read_trusted(path, 10, &got, &there, &err));
	assert_false(there);
	buf_fini(&got);
}

static void
only_what_can_be_read_once_is_a_stream(void **state)
{
	char name[64];
	int fds[2];

	(void)state;
	assert_false(file_is_stream(path));
	put(path, "s", 0600);
	assert_false(file_is_stream(path));
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
	assert_true(file_is_stream(name));
	assert_true(file_is_stream("/dev/null"));
	close(fds[0]);
	close(fds[1]);
}

static void
systemd_credentials_of_root_are_taken(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	put(path, "s", 0440);
	assert_true(file_check_secret(path, &err));
	assert_int_equal(chmod(path, 0460), 0);
	assert_false(file_check_secret(path, &err));
	assert_int_equal(chown(path, 0, 1), 0);
	assert_int_equal(chmod(path, 0440), 0);
	assert_false(file_check_secret(path, &err));
	assert_int_equal(chown(path, 1, 0), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_false(file_check_secret(path, &err));
	assert_non_null(strstr(err.text, "belongs to another user"));
}

static void
a_secret_in_a_folder_of_others_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(path, "s", 0600);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_false(file_check_secret(path, &err));
	assert_non_null(strstr(err.text, "; run: chmod go-w /tmp/file_test."));
	assert_int_equal(chmod(folder, 0770), 0);
	assert_false(file_check_secret(path, &err));
	assert_int_equal(chmod(folder, 01777), 0);
	assert_true(file_check_secret(path, &err));
	assert_int_equal(chmod(folder, 0755), 0);
	assert_true(file_check_secret(path, &err));
}

static void
a_file_is_written_whole_with_its_mode(void **state)
{
	struct err err = ERR_INIT;
	mode_t mask = umask(0777);

	(void)state;
	assert_true(file_write_whole(path, "one", 3, 0640, false, &err));
	umask(mask);
	expect_text(path, "one");
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(entries(), 1);
}

static void
overwriting_is_only_done_when_asked_for(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(path, "old", 0644);
	assert_false(file_write_whole(path, "new", 3, 0600, false, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "/a exists already"));
	expect_text(path, "old");
	assert_int_equal(entries(), 1);
	assert_true(file_write_whole(path, "new", 3, 0600, true, &err));
	expect_text(path, "new");
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(entries(), 1);
}

static void
a_write_that_fails_leaves_what_was_there(void **state)
{
	struct rlimit old, tight;
	struct err err = ERR_INIT;
	char big[20000];
	bool ok;

	(void)state;
	memset(big, 'x', sizeof big);
	put(path, "old", 0600);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 8192;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	ok = file_write_whole(path, big, sizeof big, 0600, true, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_false(ok);
	assert_int_equal(err.kind, ERR_BROKEN);
	expect_text(path, "old");
	assert_int_equal(entries(), 1);
}

static void
a_missing_folder_is_said(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_false(
	    file_write_whole("/nonexistent/x", "a", 1, 0600, true, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "/nonexistent/x"));
}

static void
folders_are_made_with_their_parents(void **state)
{
	struct err err = ERR_INIT;
	char deep[128];

	(void)state;
	snprintf(deep, sizeof deep, "%s/x//y/z/", folder);
	assert_true(file_make_folder(deep, 0700, &err));
	assert_int_equal(mode_of(deep), 0700);
	/* Once more changes nothing. */
	assert_int_equal(chmod(deep, 0750), 0);
	assert_true(file_make_folder(deep, 0700, &err));
	assert_int_equal(mode_of(deep), 0750);
	assert_int_equal(rmdir(deep), 0);
	snprintf(deep, sizeof deep, "%s/x/y", folder);
	assert_int_equal(mode_of(deep), 0700);
	assert_int_equal(rmdir(deep), 0);
	snprintf(deep, sizeof deep, "%s/x", folder);
	assert_int_equal(rmdir(deep), 0);
	put(path, "", 0600);
	snprintf(deep, sizeof deep, "%s/a/y", folder);
	assert_false(file_make_folder(deep, 0700, &err));
	assert_non_null(strstr(err.text, "/a is not a folder"));
}

static void
a_file_is_removed_once(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put(path, "", 0600);
	assert_true(file_remove(path, &err));
	assert_false(file_exists(path));
	assert_false(file_remove(path, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "there is no "));
}

static void
expect_home(const char *text, const char *want)
{
	struct err err = ERR_INIT;
	char *got = file_expand_home(text, &err);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void
a_tilde_stands_for_home(void **state)
{
	struct err err = ERR_INIT;
	char *got;

	(void)state;
	setenv("HOME", "/h", 1);
	expect_home("~/x", "/h/x");
	expect_home("~", "/h");
	expect_home("/a/~/b", "/a/~/b");
	expect_home("~b/c", "~b/c");
	expect_home("", "");
	/* Without a usable $HOME the user database is asked. */
	setenv("HOME", "relative", 1);
	got = file_expand_home("~/x", &err);
	assert_non_null(got);
	assert_int_equal(got[0], '/');
	assert_null(strstr(got, "relative"));
	free(got);
	unsetenv("HOME");
	got = file_expand_home("~/x", &err);
	assert_non_null(got);
	assert_int_equal(got[0], '/');
	free(got);
}

static void
the_folder_of_a_path_is_found(void **state)
{
	static const char *const cases[][2] = {
	    {"a", "."}, {"/a", "/"}, {"/a/b", "/a"}, {"a/b", "a"}};
	char *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		got = file_folder_of(cases[i][0]);
		assert_string_equal(got, cases[i][1]);
		free(got);
	}
}

static void
what_others_write_is_put_in_its_place_or_removed(void **state)
{
	struct err err = ERR_INIT;
	char *temp;

	(void)state;
	temp = file_make_temp(path, 0640, &err);
	assert_non_null(temp);
	assert_int_equal(mode_of(temp), 0640);
	put(temp, "new", 0600);
	assert_false(file_exists(path));
	assert_true(file_place(temp, path, false, &err));
	expect_text(path, "new");
	free(temp);

	temp = file_make_temp(path, 0600, &err);
	assert_false(file_place(temp, path, false, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	expect_text(path, "new");
	assert_int_equal(entries(), 1);
	free(temp);

	temp = file_make_temp(path, 0600, &err);
	assert_true(file_place(temp, path, true, &err));
	expect_text(path, "");
	assert_int_equal(entries(), 1);
	free(temp);
}

static void
a_path_is_freed_of_links_but_for_its_last_name(void **state)
{
	struct err err = ERR_INIT;
	char through[96], target[80];
	char *got;

	(void)state;
	assert_int_equal(symlink(folder, other), 0);
	snprintf(through, sizeof through, "%s/a", other);
	got = file_resolve(through, &err);
	assert_string_equal(got, path);
	free(got);
	/* A link at the end is the reader's to refuse. */
	got = file_resolve(other, &err);
	assert_string_equal(got, other);
	free(got);
	snprintf(target, sizeof target, "%s/", folder);
	assert_null(file_resolve(target, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	snprintf(target, sizeof target, "%s/no/a", folder);
	assert_null(file_resolve(target, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	got = file_resolve("/a", &err);
	assert_string_equal(got, "/a");
	free(got);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    IN_A_FOLDER(a_file_is_read_up_to_the_limit),
	    cmocka_unit_test(a_pipe_is_read_to_its_end),
	    IN_A_FOLDER(missing_files_and_folders_are_told_apart),
	    IN_A_FOLDER(a_secret_that_others_can_read_is_refused),
	    IN_A_FOLDER(systemd_credentials_of_root_are_taken),
	    IN_A_FOLDER(a_secret_in_a_folder_of_others_is_refused),
	    IN_A_FOLDER(a_trusted_file_may_be_read_by_all_and_written_by_none),
	    IN_A_FOLDER(only_what_can_be_read_once_is_a_stream),
	    IN_A_FOLDER(a_file_is_written_whole_with_its_mode),
	    IN_A_FOLDER(overwriting_is_only_done_when_asked_for),
	    IN_A_FOLDER(a_write_that_fails_leaves_what_was_there),
	    cmocka_unit_test(a_missing_folder_is_said),
	    IN_A_FOLDER(what_others_write_is_put_in_its_place_or_removed),
	    IN_A_FOLDER(a_path_is_freed_of_links_but_for_its_last_name),
	    IN_A_FOLDER(folders_are_made_with_their_parents),
	    IN_A_FOLDER(a_file_is_removed_once),
	    cmocka_unit_test(a_tilde_stands_for_home),
	    cmocka_unit_test(the_folder_of_a_path_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
