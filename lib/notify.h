/*
 * notify.h - what a program tells the service manager that started it: the
 * protocol of sd_notify(3), and the interval of sd_watchdog_enabled(3).
 *
 * A message is lines of NAME=value: READY=1, STATUS=a sentence, RELOADING=1,
 * STOPPING=1, WATCHDOG=1. Without a manager there is nobody to tell, which is
 * no error.
 */
#ifndef LIB_NOTIFY_H
#define LIB_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "err.h"

struct notify {
	int fd; /* -1: nobody listens */
	struct sockaddr_un address;
	socklen_t address_len;
	/* Within so many milliseconds the manager wants to read WATCHDOG=1;
	 * 0: it does not wait for it. */
	int64_t watchdog_ms;
};

#define NOTIFY_INIT                        \
	{                                  \
		.fd = -1, .address_len = 0 \
	}

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment,
 * so that no child speaks in our name. False, and nobody to tell, when the
 * socket's address is none. */
bool notify_open(struct notify *out, struct err *err);

/* Never blocks. False when a manager is there and did not take it: try again
 * later. */
bool notify_send(const struct notify *n, const char *message)
    __attribute__((warn_unused_result));

void notify_close(struct notify *n);

#endif
