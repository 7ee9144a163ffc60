/*
 * inherit.h - a listening socket that a service manager opened for us: the
 * protocol of sd_listen_fds(3).
 */
#ifndef LIB_INHERIT_H
#define LIB_INHERIT_H

#include <stdbool.h>

#include "err.h"

/*
 * Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment.
 * *fd is the socket, made close-on-exec and non-blocking: yours; or -1 when
 * none was passed to this process. False when there are several, or it does
 * not listen for TCP connections.
 */
bool inherit_listener(int *fd, struct err *err);

#endif
