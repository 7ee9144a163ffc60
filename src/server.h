/*
 * server.h - the running server: everything wired together, from start to
 * SIGTERM.
 */
#ifndef SRC_SERVER_H
#define SRC_SERVER_H

#include <stdbool.h>

#include "config.h"
#include "creds.h"
#include "lib/err.h"
#include "settings.h"

enum {
	SERVER_TICK_MS = 1000,	  /* how often it looks what is due */
	SERVER_MOCK_TICK_MS = 50, /* the same under a pretend clock */
	/* A self-made certificate is renewed so long before its end. */
	SERVER_RENEW_SECS = 30 * 86400,
	SERVER_STOP_MS = 4000, /* at most, from SIGTERM to the end */
};

/* Runs until SIGTERM or SIGINT. At SIGHUP, what is in config and creds is
 * replaced by what their files say then. False when it could not start, or
 * broke. */
bool server_run(const struct settings *settings, struct config *config,
    struct creds *creds, struct err *err);

#endif
