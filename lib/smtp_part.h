/*
 * smtp_part.h - what the parts of smtp.h share, for smtp_*.c alone.
 *
 * Two processes share the work: the caller's, and a fork of it that holds the
 * session. They meet in struct smtp_notes, which is memory both can see.
 */
#ifndef LIB_SMTP_PART_H
#define LIB_SMTP_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "smtp.h"

struct tls_client;

enum {
	SMTP_HOST_SIZE = 256,
	SMTP_NAME_SIZE = SMTP_HOST_SIZE + 8,
	SMTP_LINE_SIZE = 1024,	 /* libesmtp reads an answer's line so far */
	SMTP_ANSWER_SIZE = 4608, /* and a whole answer so far */
	SMTP_SENT_SIZE = 800,	 /* a user and a password in base64 */
};

/* A relay's address, taken apart. */
struct smtp_target {
	char host[SMTP_HOST_SIZE];
	char name[SMTP_NAME_SIZE]; /* host:port, for sentences and libesmtp */
	char port[6];
	bool plain;
};

/* How far the session came: what it waits for. */
enum smtp_stage {
	SMTP_STAGE_START,
	SMTP_STAGE_RESOLVE,
	SMTP_STAGE_CONNECT,
	SMTP_STAGE_GREETING,
	SMTP_STAGE_EHLO,
	SMTP_STAGE_STARTTLS,
	SMTP_STAGE_TLS,
	SMTP_STAGE_AUTH,
	SMTP_STAGE_MAIL,
	SMTP_STAGE_RCPT,
	SMTP_STAGE_DATA,
	SMTP_STAGE_BODY,
	SMTP_STAGE_DOT,
	SMTP_STAGE_DONE,
};

/* Why the session was ended on our side. */
enum smtp_fault {
	SMTP_FAULT_NONE,
	SMTP_FAULT_NO_ADDRESS,
	SMTP_FAULT_NOT_LOOPBACK,
	SMTP_FAULT_LIBRARY,
	SMTP_FAULT_NO_STARTTLS,
	SMTP_FAULT_EARLY_WORDS,
	SMTP_FAULT_NO_TLS,
	SMTP_FAULT_AUTH_REFUSED,
	SMTP_FAULT_NO_MECHANISM,
};

/* How the session's process ended. */
enum smtp_end {
	SMTP_END_ITSELF,
	SMTP_END_CRASHED,
	SMTP_END_OUT_OF_TIME
};

struct smtp_answer {
	int code; /* 0: none yet */
	char text[SMTP_REPLY_SIZE];
};

struct smtp_rcpt_note {
	struct smtp_answer answer;
	bool complete;
};

/* What the session tells: shared memory, written by it alone, read when it
 * is gone. */
struct smtp_notes {
	enum smtp_stage stage;
	enum smtp_fault fault;
	int gai_error;	   /* SMTP_FAULT_NO_ADDRESS */
	int connect_errno; /* 0: connected, or not tried */
	bool step_late;	   /* it ended by running out of step_ms */
	struct smtp_answer last, mail, message;
	char verify[160]; /* why the certificate was refused, or "" */
	/* Those with a valid address, in order. */
	struct smtp_rcpt_note rcpts[];
};

/* What there is to send, to whom, and where to write down how it goes. All
 * borrowed. */
struct smtp_job {
	const struct smtp_relay *relay;
	const struct smtp_target *target;
	const char *from, *message;
	size_t len;
	struct smtp_rcpt *rcpts;
	size_t n;
	int64_t step_ms, total_ms;
	struct tls_client *tls; /* NULL: plain */
	struct smtp_notes *notes;
};

/* --- smtp_check.c: what comes in --- */

/* As smtp_relay_check; target is the relay's address taken apart. */
bool smtp_check_relay(
    const struct smtp_relay *relay, struct smtp_target *target, struct err *err)
    __attribute__((warn_unused_result));

/* Whether message is of the form that smtp_send asks for. */
bool smtp_check_message(const char *message, size_t len, struct err *err)
    __attribute__((warn_unused_result));

/* Whether the relay is to be logged in to. */
bool smtp_check_login(const struct smtp_relay *relay);

/* --- smtp_wire.c: what goes over the line, in the session's process --- */

struct smtp_wire {
	const struct smtp_job *job; /* borrowed */
	bool tls_on, auth_on;
	bool leaving;	    /* QUIT is said: what follows decides nothing */
	bool auth_open;	    /* an AUTH has not been answered for good */
	bool auth_declined; /* ... of a mechanism that is not wanted */
	int64_t active_us;  /* monotonic, of the last sign of life */

	/* The answer being read. */
	char line[SMTP_LINE_SIZE];
	size_t line_len;
	bool line_cut;
	struct smtp_answer reading;

	/* What must not be quoted: the words of AUTH as they were sent, each
	 * with a NUL behind it. */
	char sent[SMTP_SENT_SIZE];
	size_t sent_len;
};

/* A connection is made: forgets what the last one was told, but for what must
 * not be quoted. */
void smtp_wire_begin(struct smtp_wire *wire);

/* The TLS handshake is done. */
void smtp_wire_begin_tls(struct smtp_wire *wire);

/* To be called before commands are written, and after answers were read. Ends
 * the process where the session must not go on. */
void smtp_wire_write(struct smtp_wire *wire, const char *data, size_t len);
void smtp_wire_read(struct smtp_wire *wire, const char *data, size_t len);

/* To be called at each sign of life. Ends the process when the message was
 * cut off. */
void smtp_wire_live(struct smtp_wire *wire);

/* Writes text as one line of printable ASCII, and without what the relay was
 * told in AUTH, should it repeat that. */
void smtp_wire_quote(
    const struct smtp_wire *wire, const char *text, char out[SMTP_REPLY_SIZE]);

/* Ends the process before another byte is written. */
_Noreturn void smtp_wire_stop(
    const struct smtp_job *job, enum smtp_fault fault);

/* --- smtp_session.c: the session's process, around libesmtp --- */

/* Runs the whole session, in a fork of the process caller, whose handlers and
 * environment it changes. Writes a byte to tell when the verdict is known. */
void smtp_session_run(const struct smtp_job *job, pid_t caller, int tell);

/* --- smtp_verdict.c: what the notes mean --- */

/* Fills in the recipients; true when the relay has answered for all. */
bool smtp_verdict_judge(
    const struct smtp_notes *notes, struct smtp_rcpt *rcpts, size_t n);

/* Why the relay has not answered for every recipient. Always false. */
bool smtp_verdict_explain(
    const struct smtp_job *job, enum smtp_end end, struct err *err);

#endif
