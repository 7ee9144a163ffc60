/*
 * inherit_test.c - descriptor 3 is what a service manager left there; each
 * case runs in a child process, whose descriptors are its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/inherit.h"

enum what {
	TCP4,
	TCP6,
	TCP_SILENT, /* not listening */
	UDP,
	LOCAL,
	PIPE,
	NOTHING,
};

static int
make(enum what what)
{
	int fds[2], fd;

	switch (what) {
	case TCP6:
		fd = socket(AF_INET6, SOCK_STREAM, 0);
		break;
	case UDP:
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		break;
	case LOCAL:
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(fd,
			(struct sockaddr *)&(struct sockaddr){
			    .sa_family = AF_UNIX},
			sizeof(sa_family_t)) != 0)
			return -1;
		break;
	case PIPE:
		if (pipe(fds) != 0)
			return -1;
		fd = fds[0];
		break;
	case NOTHING:
		return -1;
	default:
		fd = socket(AF_INET, SOCK_STREAM, 0);
	}
	if ((what == TCP4 || what == TCP6 || what == LOCAL) &&
	    listen(fd, 5) != 0)
		return -1;
	return fd;
}

struct outcome {
	bool ok;
	int fd, fd_flags, status_flags;
	bool cleared;
	struct err err;
};

/* With pid NULL the variables are for the child itself. */
static struct outcome
inherit(enum what what, const char *pid, const char *count)
{
	struct outcome out = {.fd = -2};
	char self[16];
	int ends[2], fd;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fd = fcntl(ends[1], F_DUPFD, 20);
		(void)close(3);
		fd = make(what) == 3 || what == NOTHING ? fd : -1;
		if (what == PIPE)
			(void)close(4);
		snprintf(self, sizeof self, "%ld", (long)getpid());
		setenv("LISTEN_PID", pid != NULL ? pid : self, 1);
		setenv("LISTEN_FDS", count, 1);
		setenv("LISTEN_FDNAMES", "x", 1);
		out.ok = inherit_listener(&out.fd, &out.err);
		out.fd_flags = fcntl(3, F_GETFD);
		out.status_flags = fcntl(3, F_GETFL);
		out.cleared = getenv("LISTEN_PID") == NULL &&
			      getenv("LISTEN_FDS") == NULL &&
			      getenv("LISTEN_FDNAMES") == NULL;
		_exit(write(fd, &out, sizeof out) == sizeof out ? 0 : 1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &out, sizeof out), sizeof out);
	close(ends[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(out.cleared);
	return out;
}

/* The child is to find descriptor 3 free. */
static int
free_three(void **state)
{
	(void)state;
	(void)close(3);
	(void)close(4);
	return 0;
}

static void
nothing_is_passed_without_the_variables(void **state)
{
	struct err err = ERR_INIT;
	int fd = 7;

	(void)state;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	assert_true(inherit_listener(&fd, &err));
	assert_int_equal(fd, -1);
}

static void
a_listening_socket_is_taken_over(void **state)
{
	static const enum what both[] = {TCP4, TCP6};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct outcome out = inherit(both[i], NULL, "1");

		assert_true(out.ok);
		assert_int_equal(out.fd, 3);
		assert_true((out.fd_flags & FD_CLOEXEC) != 0);
		assert_true((out.status_flags & O_NONBLOCK) != 0);
	}
}

static void
what_was_passed_to_another_process_is_left_alone(void **state)
{
	static const char *const pids[] = {"1", "0", "-1", "x", ""};

	(void)state;
	for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++) {
		struct outcome out = inherit(TCP4, pids[i], "1");

		assert_true(out.ok);
		assert_int_equal(out.fd, -1);
		assert_int_equal(out.fd_flags & FD_CLOEXEC, 0);
	}
	assert_int_equal(inherit(TCP4, NULL, "0").fd, -1);
	assert_int_equal(inherit(TCP4, NULL, "many").fd, -1);
}

static void
anything_else_is_refused(void **state)
{
	static const enum what bad[] = {TCP_SILENT, UDP, LOCAL, PIPE, NOTHING};
	struct outcome out;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		out = inherit(bad[i], NULL, "1");
		assert_false(out.ok);
		assert_int_equal(out.fd, -1);
		assert_int_equal(out.err.kind, ERR_INPUT);
		assert_non_null(strstr(out.err.text, "no listening TCP"));
	}
	out = inherit(TCP4, NULL, "2");
	assert_false(out.ok);
	assert_non_null(strstr(out.err.text, "2 sockets were passed"));
	assert_true((out.fd_flags & FD_CLOEXEC) != 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_passed_without_the_variables),
	    cmocka_unit_test_setup(
		a_listening_socket_is_taken_over, free_three),
	    cmocka_unit_test_setup(
		what_was_passed_to_another_process_is_left_alone, free_three),
	    cmocka_unit_test_setup(anything_else_is_refused, free_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
