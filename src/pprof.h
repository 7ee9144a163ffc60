/*
 * pprof.h - profiles of the running server, over HTTP on the loopback
 * interface alone: /debug/pprof/profile, heap, cmdline and symbol, as
 * google-pprof asks for them.
 */
#ifndef SRC_PPROF_H
#define SRC_PPROF_H

#include <stdbool.h>

#include "http.h"
#include "lib/err.h"
#include "lib/profile.h"
#include "loop.h"

enum {
	PPROF_PORT = 6065,
	PPROF_SECS = 30, /* of a profile, unless it is said */
	PPROF_MAX_SECS = 600,
	PPROF_MAX_BODY = 1 << 20, /* addresses to be named */
};

/* For the first line of main: starts the program again when its words ask for
 * profiles of a server, and what they need has to be there before main. */
void pprof_preload(int argc, char **argv);

struct pprof;

/* Listens on 127.0.0.1; port 0 is any free one. loop is borrowed, profile is
 * taken over when this succeeds. */
struct pprof *pprof_open(
    struct loop *loop, unsigned port, struct profile *profile, struct err *err);

/* Ends a profile that is being taken, and answers with what there is. */
void pprof_close(struct pprof *pprof);

const char *pprof_address(const struct pprof *pprof);

#endif
