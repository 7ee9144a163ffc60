/*
 * mail_probe.h - a short message that shows whether mail arrives.
 */
#ifndef SRC_MAIL_PROBE_H
#define SRC_MAIL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

struct mail_probe {
	const char *from;      /* "Name <a@b>" or "a@b" */
	const char *const *to; /* addresses, at least one */
	size_t count;
	const char *relay; /* what it goes through, as a person knows it */
	int64_t now;	   /* unix seconds */
};

/* Appends the message. Each has a Message-ID of its own, so that no relay
 * takes one for another. An address that is none is ERR_INPUT. */
bool mail_probe_compose(
    const struct mail_probe *probe, struct buf *out, struct err *err);

#endif
