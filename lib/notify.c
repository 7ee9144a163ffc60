/*
 * notify.c - datagrams to the service manager. In: the environment it gave
 * us. Owns one socket, which is not connected, so that a manager that was
 * restarted is still reached.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"

/* A path, or the name of an abstract socket behind an @. */
static bool
read_address(const char *text, struct notify *out, struct err *err)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 ||
	    len >= sizeof out->address.sun_path)
		return err_set(err, ERR_INPUT,
		    "NOTIFY_SOCKET=%.200s is no address of a socket: a path "
		    "of less than %zu bytes or a name behind @",
		    text, sizeof out->address.sun_path);
	out->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->address.sun_path, text, len);
	if (text[0] == '@')
		out->address.sun_path[0] = '\0';
	out->address_len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

static int64_t
read_number(const char *text)
{
	char *end;
	intmax_t n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	n = strtoimax(text, &end, 10);
	return *end == '\0' ? n : 0;
}

/* The interval is ours, or the manager means another process. */
static int64_t
read_watchdog_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (pid != NULL && read_number(pid) != getpid())
		return 0;
	return read_number(getenv("WATCHDOG_USEC")) / 1000;
}

bool
notify_open(struct notify *out, struct err *err)
{
	const char *address = getenv("NOTIFY_SOCKET");
	bool ok = true;

	*out = (struct notify)NOTIFY_INIT;
	if (address != NULL && address[0] != '\0') {
		ok = read_address(address, out, err);
		if (ok) {
			out->fd = socket(AF_UNIX,
			    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			ok = out->fd >= 0 ||
			     err_errno(err, ERR_BUSY,
				 "cannot make a socket for %.200s", address);
		}
	}
	if (out->fd >= 0)
		out->watchdog_ms = read_watchdog_ms();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return ok;
}

bool
notify_send(const struct notify *n, const char *message)
{
	size_t len = strlen(message);

	return n->fd < 0 || sendto(n->fd, message, len, MSG_NOSIGNAL,
				(const struct sockaddr *)&n->address,
				n->address_len) == (ssize_t)len;
}

void
notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct notify)NOTIFY_INIT;
}
