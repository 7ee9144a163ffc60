/*
 * inherit.c - takes over the descriptors that a service manager left open.
 * In: the environment. Out: one listening socket.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inherit.h"

enum {
	FIRST_FD = 3, /* SD_LISTEN_FDS_START of the protocol */
	MAX_FDS = 1024,
};

static long
read_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	n = strtol(text, &end, 10);
	return *end == '\0' ? n : 0;
}

static bool
is_listener(int fd)
{
	int type = 0, listens = 0, family = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       listens != 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 &&
	       (family == AF_INET || family == AF_INET6);
}

static bool
take_over(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool
inherit_listener(int *fd, struct err *err)
{
	long pid = read_number("LISTEN_PID"), count = read_number("LISTEN_FDS");

	*fd = -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid != getpid() || count == 0)
		return true;
	for (int i = 0; i < count && i < MAX_FDS; i++)
		(void)fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC);
	if (count != 1)
		return err_set(err, ERR_INPUT,
		    "%ld sockets were passed by the service manager; one is "
		    "served: give its socket unit one ListenStream=",
		    count);
	if (!is_listener(FIRST_FD))
		return err_set(err, ERR_INPUT,
		    "what the service manager passed is no listening TCP "
		    "socket: its socket unit needs a ListenStream= with a "
		    "port, and Accept=no");
	if (!take_over(FIRST_FD))
		return err_errno(
		    err, ERR_BROKEN, "cannot take over the passed socket");
	*fd = FIRST_FD;
	return true;
}
