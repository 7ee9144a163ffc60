/*
 * deliver.h - one message to the relay, one result line per recipient.
 *
 * The step between the outbox and the relay: the server starts it as a
 * process of its own and reads the lines; a person can do the same.
 */
#ifndef SRC_DELIVER_H
#define SRC_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/smtp.h"

enum {
	DELIVER_MAX_BYTES = 32 << 20, /* of a message */
	DELIVER_MAX_RCPTS = 1000,
};

/*
 * Reads the message from in_fd to its end, hands it to relay, and writes to
 * out, for each of the n recipients in their order, one line
 *
 *     delivered ADDR CODE TEXT
 *     retry ADDR CODE TEXT
 *     failed ADDR CODE TEXT
 *
 * CODE is three digits, 000 when the relay gave no answer; TEXT is printable
 * ASCII and may be empty. Characters of ADDR that are not printable ASCII, or
 * blank, appear as '?'. Every recipient gets its line whatever happens.
 *
 * True when the relay has answered for each recipient, whatever it answered.
 * False with err (see smtp_send) when it has not, or when out could not be
 * written (ERR_BROKEN).
 */
bool deliver_run(const struct smtp_relay *relay, const char *from,
    const char *const *to, size_t n, int in_fd, FILE *out, struct err *err)
    __attribute__((warn_unused_result));

/* The same with a message in memory; *delivered is how many got it. */
bool deliver_message(const struct smtp_relay *relay, const char *from,
    const char *const *to, size_t n, const struct buf *message, FILE *out,
    size_t *delivered, struct err *err) __attribute__((warn_unused_result));

#endif
