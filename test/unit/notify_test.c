/*
 * notify_test.c - a datagram socket stands in for the service manager.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/notify.h"

static char folder[64];
static char path[80];

struct manager {
	int fd;
	char heard[256];
};

static int
enter(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	snprintf(folder, sizeof folder, "/tmp/notify_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/s", folder);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

/* Listens at path, or at the abstract name behind an @. */
static void
listen_at(struct manager *m, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	assert_true(len < sizeof sa.sun_path);
	memcpy(sa.sun_path, name, len);
	if (name[0] == '@')
		sa.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(
	    bind(m->fd, (struct sockaddr *)&sa,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
}

static const char *
hear(struct manager *m)
{
	ssize_t n = recv(m->fd, m->heard, sizeof m->heard - 1, 0);

	m->heard[n > 0 ? n : 0] = '\0';
	return m->heard;
}

static void
without_a_manager_nobody_is_told(void **state)
{
	struct notify n;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(notify_open(&n, &err));
	assert_int_equal(n.fd, -1);
	assert_int_equal(n.watchdog_ms, 0);
	assert_true(notify_send(&n, "READY=1"));
	notify_close(&n);
	/* An interval without a socket is nobody's. */
	setenv("NOTIFY_SOCKET", "", 1);
	setenv("WATCHDOG_USEC", "4000000", 1);
	assert_true(notify_open(&n, &err));
	assert_int_equal(n.fd, -1);
	assert_int_equal(n.watchdog_ms, 0);
}

static void
a_message_arrives_at_a_path_and_at_an_abstract_name(void **state)
{
	struct manager m;
	struct notify n;
	struct err err = ERR_INIT;
	char name[64];

	(void)state;
	listen_at(&m, path);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_true(notify_open(&n, &err));
	assert_true(notify_send(&n, "READY=1\nSTATUS=well"));
	assert_string_equal(hear(&m), "READY=1\nSTATUS=well");
	assert_true((fcntl(n.fd, F_GETFD) & FD_CLOEXEC) != 0);
	notify_close(&n);
	close(m.fd);

	snprintf(name, sizeof name, "@notify_test.%ld", (long)getpid());
	listen_at(&m, name);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_true(notify_open(&n, &err));
	assert_true(notify_send(&n, "WATCHDOG=1"));
	assert_string_equal(hear(&m), "WATCHDOG=1");
	notify_close(&n);
	close(m.fd);
}

static void
a_manager_that_is_gone_is_found_again(void **state)
{
	struct manager m;
	struct notify n;
	struct err err = ERR_INIT;

	(void)state;
	listen_at(&m, path);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_true(notify_open(&n, &err));
	close(m.fd);
	assert_false(notify_send(&n, "READY=1"));
	assert_int_equal(unlink(path), 0);
	assert_false(notify_send(&n, "READY=1"));
	listen_at(&m, path);
	assert_true(notify_send(&n, "READY=1"));
	assert_string_equal(hear(&m), "READY=1");
	notify_close(&n);
	close(m.fd);
}

static void
a_manager_that_does_not_read_does_not_hold_us_up(void **state)
{
	struct manager m;
	struct notify n;
	struct err err = ERR_INIT;
	int i;

	(void)state;
	listen_at(&m, path);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_true(notify_open(&n, &err));
	for (i = 0; i < 100000 && notify_send(&n, "WATCHDOG=1"); i++)
		;
	assert_true(i > 0);
	assert_true(i < 100000);
	assert_string_equal(hear(&m), "WATCHDOG=1");
	assert_true(notify_send(&n, "READY=1"));
	notify_close(&n);
	close(m.fd);
}

static void
the_watchdog_of_another_process_is_not_ours(void **state)
{
	static const struct {
		const char *usec, *pid;
		int64_t ms;
	} cases[] = {
	    {"4000000", NULL, 4000},
	    {"4000000", "1", 0},
	    {"4000000", "x", 0},
	    {"4000000", "self", 4000},
	    {"999", NULL, 0},
	    {"-5", NULL, 0},
	    {"4000000x", NULL, 0},
	    {NULL, NULL, 0},
	};
	struct notify n;
	struct err err = ERR_INIT;
	char self[16];

	(void)state;
	snprintf(self, sizeof self, "%ld", (long)getpid());
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		setenv("NOTIFY_SOCKET", path, 1);
		if (cases[i].usec != NULL)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID",
			    strcmp(cases[i].pid, "self") == 0 ? self
							      : cases[i].pid,
			    1);
		assert_true(notify_open(&n, &err));
		assert_int_equal(n.watchdog_ms, cases[i].ms);
		notify_close(&n);
		/* Children are not to speak for us. */
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
	}
}

static void
an_address_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"relative", "@", "/", "vsock:2:1"};
	struct notify n;
	struct err err = ERR_INIT;
	char far[200];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		assert_false(notify_open(&n, &err));
		assert_int_equal(err.kind, ERR_INPUT);
		assert_non_null(strstr(err.text, bad[i]));
		assert_int_equal(n.fd, -1);
		assert_true(notify_send(&n, "READY=1"));
	}
	memset(far, 'x', sizeof far - 1);
	far[0] = '/';
	far[sizeof far - 1] = '\0';
	setenv("NOTIFY_SOCKET", far, 1);
	assert_false(notify_open(&n, &err));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	static const struct CMUnitTest tests[] = {
	    TEST(without_a_manager_nobody_is_told),
	    TEST(a_message_arrives_at_a_path_and_at_an_abstract_name),
	    TEST(a_manager_that_is_gone_is_found_again),
	    TEST(a_manager_that_does_not_read_does_not_hold_us_up),
	    TEST(the_watchdog_of_another_process_is_not_ours),
	    TEST(an_address_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
