/*
 * smtp.h - one message to one relay: what became of it, per recipient.
 *
 * The only door to libesmtp. smtp_send blocks, so it runs in a process of its
 * own that is started for one delivery; inside it the session itself runs in
 * a fork, which is killed when its time is over, whatever it hangs in.
 */
#ifndef LIB_SMTP_H
#define LIB_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum {
	SMTP_MAX_ADDRESS = 254,	   /* RFC 5321, 4.5.3.1.3, without <> */
	SMTP_MAX_CREDENTIAL = 255, /* of a user name, and of a password */
	SMTP_MAX_LINE = 998,	   /* RFC 5322, 2.1.1, without CRLF */
	SMTP_REPLY_SIZE = 256,
	SMTP_STEP_MS = 30000,	/* default of step_ms */
	SMTP_TOTAL_MS = 300000, /* default of total_ms */
};

/*
 * Who takes the mail. Strings are borrowed for the call.
 *
 * address is host:port, or host for port 587; an IPv6 host is given by name.
 * The session is encrypted with STARTTLS, and the relay's certificate must be
 * valid for host, or nothing is sent. "plain:host:port" means a relay on this
 * very machine (localhost, 127.0.0.0/8) without TLS; it takes no user.
 */
struct smtp_relay {
	const char *address;
	const char *user, *pass; /* user NULL or "": do not authenticate */
	const char *ca_file;	 /* PEM; NULL or "": the system's */
	const char *helo;	 /* this machine's name; NULL: ask it */
	int64_t step_ms;	 /* for each connect, answer, block of data; 0:
			     default, at least 1000 */
	int64_t total_ms;	 /* for everything; 0: default */
};

enum smtp_outcome {
	SMTP_RETRY,	/* not delivered as far as is known: try again */
	SMTP_DELIVERED, /* the relay has taken it, in so many words */
	SMTP_FAILED,	/* refused for good: trying again is no use */
};

/* address goes in, the rest comes out. */
struct smtp_rcpt {
	const char *address; /* borrowed */
	enum smtp_outcome outcome;
	int code; /* of the relay's answer; 0: it gave none */
	char reply[SMTP_REPLY_SIZE]; /* one line of printable ASCII: its
					answer, or what went wrong */
};

/*
 * Whether address may stand in an envelope: printable ASCII, one part on
 * each side of its last @, nothing that could end or lengthen a command.
 */
bool smtp_address_ok(const char *address);

/* Checks what can be checked of a relay without talking to it; the sentence
 * names the part that is wrong (ERR_INPUT). */
bool smtp_relay_check(const struct smtp_relay *relay, struct err *err)
    __attribute__((warn_unused_result));

/*
 * Hands message (len bytes: a header, an empty line, a body; 7-bit lines of
 * at most SMTP_MAX_LINE bytes that all end in CRLF) to the relay for n
 * recipients. Every recipient gets an outcome, whatever happens; one whose
 * address is not valid is SMTP_FAILED and does not disturb the others.
 *
 * True: the relay has answered for each of them. False: it has not, and err
 * says why in one sentence without secrets: ERR_INPUT is the operator's to
 * put right (address, certificate, user, password), ERR_BUSY may pass by
 * itself, ERR_BROKEN is ours. A message that is not of the form above fails
 * for good; so does one whose sender the relay refuses with 5xx. When the
 * relay fell silent after the whole message was sent, the outcome is
 * SMTP_RETRY, and a second copy is possible.
 */
bool smtp_send(const struct smtp_relay *relay, const char *from,
    const char *message, size_t len, struct smtp_rcpt *rcpts, size_t n,
    struct err *err) __attribute__((warn_unused_result));

#endif
