/*
 * smtp_session.c - the session's process: one message through libesmtp.
 *
 * The door to libesmtp. It notes each step in memory that the caller can see,
 * so that nothing it learned is lost when it hangs, crashes or is killed.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "smtp_part.h"
#include "tls.h"

/* As in libesmtp.h, which declares it only behind OpenSSL's headers. */
int smtp_starttls_set_ctx(smtp_session_t session, struct ssl_ctx_st *ctx);

enum {
	BEYOND_MS = 10000, /* so that the caller is first, on a busy machine */
};

struct session {
	const struct smtp_job *job; /* borrowed */
	struct smtp_wire wire;
	int tell; /* pipe to the caller: a byte when the verdict is known */
	smtp_session_t esmtp;
	smtp_message_t mail;
	auth_context_t auth; /* NULL: do not authenticate */
	bool given;	     /* the message callback has given everything */
};

/* --- notes --- */

/* libesmtp keeps the enhanced status code (RFC 3463) apart from the text. */
static void
note_answer(const struct session *s, const smtp_status_t *status,
    struct smtp_answer *out)
{
	char text[SMTP_ANSWER_SIZE];

	if (status->enh_class > 0)
		snprintf(text, sizeof text, "%d.%d.%d %s", status->enh_class,
		    status->enh_subject, status->enh_detail,
		    status->text != NULL ? status->text : "");
	else
		snprintf(text, sizeof text, "%s",
		    status->text != NULL ? status->text : "");
	smtp_wire_quote(&s->wire, text, out->text);
	out->code = status->code;
}

struct rcpt_cursor {
	const struct session *session;
	size_t next;
};

static void
note_rcpt(smtp_recipient_t recipient, const char *mailbox, void *arg)
{
	struct rcpt_cursor *cursor = arg;
	struct smtp_rcpt_note *note;

	(void)mailbox;
	note = &cursor->session->job->notes->rcpts[cursor->next++];
	note_answer(
	    cursor->session, smtp_recipient_status(recipient), &note->answer);
	note->complete = smtp_recipient_check_complete(recipient) != 0;
}

/* Returns how many recipients there are. */
static size_t
note_answers(struct session *s)
{
	struct rcpt_cursor cursor = {s, 0};

	note_answer(s, smtp_reverse_path_status(s->mail), &s->job->notes->mail);
	note_answer(
	    s, smtp_message_transfer_status(s->mail), &s->job->notes->message);
	smtp_enumerate_recipients(s->mail, note_rcpt, &cursor);
	return cursor.next;
}

static void
note_verify(struct session *s)
{
	const char *why;

	why = s->job->tls != NULL ? tls_client_verify_error(s->job->tls) : NULL;
	if (why != NULL)
		snprintf(s->job->notes->verify, sizeof s->job->notes->verify,
		    "%s", why);
}

/* --- events --- */

static void
on_alarm(int number)
{
	(void)number; /* connect(2) was interrupted: that is all */
}

/* libesmtp has no time limit for connect(2). A signal every step_ms makes it
 * give up this address and try the next. */
static void
limit_connect(const struct session *s, bool on)
{
	struct itimerval timer = {{0, 0}, {0, 0}};

	if (on) {
		timer.it_value.tv_sec = s->job->step_ms / 1000;
		timer.it_value.tv_usec = s->job->step_ms % 1000 * 1000;
		timer.it_interval = timer.it_value;
	}
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
begin_tls(struct session *s, struct ssl_st *ssl)
{
	/* What a TLS 1.3 server sends unasked makes libesmtp wait for an
	 * answer to a command that it has not sent. */
	tls_client_drain(ssl);
	smtp_wire_begin_tls(&s->wire);
}

/* Whether the answer to the message is whole: with BDAT libesmtp reports one
 * that was cut off as well. */
static bool
is_settled(const struct smtp_notes *notes, size_t n)
{
	size_t i;

	if (notes->message.code >= 400)
		return true;
	for (i = 0; i < n; i++)
		if (notes->rcpts[i].complete &&
		    notes->rcpts[i].answer.code / 100 == 2)
			return true;
	return false;
}

static void
end_message(struct session *s)
{
	size_t n = note_answers(s);

	if (!is_settled(s->job->notes, n))
		return;
	s->job->notes->stage = SMTP_STAGE_DONE;
	if (write(s->tell, "", 1) < 0) {
		/* The caller waits its full time, then. */
	}
}

static void
on_event(smtp_session_t esmtp, int event, void *arg, ...)
{
	struct session *s = arg;
	va_list ap;

	(void)esmtp;
	va_start(ap, arg);
	if (event != SMTP_EV_CONNECT)
		smtp_wire_live(&s->wire);
	switch (event) {
	case SMTP_EV_CONNECT:
		limit_connect(s, false);
		smtp_wire_begin(&s->wire);
		break;
	case SMTP_EV_DISCONNECT:
		limit_connect(s, true);
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		s->job->notes->fault = SMTP_FAULT_NO_STARTTLS;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		/* libesmtp compares with a name that DNS made up; the name
		 * that was asked for has been compared in the handshake. */
		*va_arg(ap, int *) = 1;
		break;
	case SMTP_EV_STARTTLS_OK:
		begin_tls(s, va_arg(ap, struct ssl_st *));
		break;
	case SMTP_EV_MESSAGEDATA:
		if (s->job->notes->stage < SMTP_STAGE_BODY)
			s->job->notes->stage = SMTP_STAGE_BODY;
		break;
	case SMTP_EV_MESSAGESENT:
		end_message(s);
		break;
	default: /* leaves every other question answered with no */
		break;
	}
	va_end(ap);
}

/* Answers only PLAIN and LOGIN: another mechanism gets no name and no
 * password, and libesmtp goes on to the next. */
static int
on_credentials(
    auth_client_request_t request, char **result, int fields, void *arg)
{
	struct session *s = arg;
	const char *mechanism = auth_mechanism_name(s->auth);
	int i;

	if (mechanism == NULL || (strcasecmp(mechanism, "PLAIN") != 0 &&
				     strcasecmp(mechanism, "LOGIN") != 0))
		return 0;
	for (i = 0; i < fields; i++) {
		const char *value = request[i].flags & AUTH_PASS
					? s->job->relay->pass
					: s->job->relay->user;

		/* Only read, whatever the type says. */
		memcpy(&result[i], &value, sizeof value);
	}
	return 1;
}

/* The message in one piece, so that it is one chunk for BDAT as well: with
 * several, a refused one hides behind the answers to those after it. */
static const char *
on_message(void **ctx, int *len, void *arg)
{
	struct session *s = arg;

	(void)ctx;
	errno = 0; /* else libesmtp takes the end for a failure */
	if (len == NULL) {
		s->given = false;
		return NULL;
	}
	if (s->given) {
		s->job->notes->stage = SMTP_STAGE_DOT;
		*len = 0;
		return NULL;
	}
	s->given = true;
	*len = (int)s->job->len;
	return s->job->message;
}

/* libesmtp calls this before it writes and after it has read, but not while
 * it writes the message. */
static void
on_traffic(const char *data, int len, int what, void *arg)
{
	struct session *s = arg;

	smtp_wire_live(&s->wire);
	if (len <= 0)
		return;
	if (what == SMTP_CB_WRITING)
		smtp_wire_write(&s->wire, data, (size_t)len);
	else if (what == SMTP_CB_READING)
		smtp_wire_read(&s->wire, data, (size_t)len);
}

/* --- its life --- */

static bool
is_loopback(const struct sockaddr *addr)
{
	if (addr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, addr, sizeof in);
		return ntohl(in.sin_addr.s_addr) >> 24 == 127;
	}
	if (addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, addr, sizeof in6);
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	}
	return false;
}

/* Asks for the relay's addresses, for a clear word when there are none;
 * libesmtp's own asks again. */
static void
resolve(struct session *s)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL, *a;
	int rc;

	s->job->notes->stage = SMTP_STAGE_RESOLVE;
	rc = getaddrinfo(
	    s->job->target->host, s->job->target->port, &hints, &found);
	if (rc != 0) {
		s->job->notes->gai_error = rc;
		smtp_wire_stop(s->job, SMTP_FAULT_NO_ADDRESS);
	}
	for (a = found; a != NULL; a = a->ai_next)
		if (s->job->target->plain && !is_loopback(a->ai_addr))
			smtp_wire_stop(s->job, SMTP_FAULT_NOT_LOOPBACK);
	freeaddrinfo(found);
}

static bool
set_timeouts(struct session *s)
{
	static const int steps[] = {
	    Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER};
	size_t i;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (smtp_set_timeout(s->esmtp,
			steps[i] | Timeout_OVERRIDE_RFC2822_MINIMUM,
			(long)s->job->step_ms) == 0)
			return false;
	/* To give up on the last answer makes a second copy: wait for it as
	 * long as there is time, which the caller ends. */
	return smtp_set_timeout(s->esmtp,
		   Timeout_DATA2 | Timeout_OVERRIDE_RFC2822_MINIMUM,
		   (long)s->job->total_ms + BEYOND_MS) != 0;
}

static bool
set_encryption(struct session *s)
{
	if (s->job->tls == NULL)
		return smtp_starttls_enable(s->esmtp, Starttls_DISABLED) != 0;
	return smtp_starttls_enable(s->esmtp, Starttls_REQUIRED) != 0 &&
	       smtp_starttls_set_ctx(s->esmtp, tls_client_ctx(s->job->tls)) !=
		   0;
}

static bool
set_login(struct session *s)
{
	if (!smtp_check_login(s->job->relay))
		return true;
	auth_client_init();
	s->auth = auth_create_context();
	return s->auth != NULL &&
	       auth_set_mechanism_flags(s->auth, AUTH_PLUGIN_PLAIN, 0) != 0 &&
	       auth_set_interact_cb(s->auth, on_credentials, s) != 0 &&
	       smtp_auth_set_context(s->esmtp, s->auth) != 0;
}

static bool
set_envelope(struct session *s)
{
	/* What the relay is told: the message, and what it may grow by on its
	 * way (a dot more on some lines). */
	unsigned long size = s->job->len + s->job->len / 40 + 2048;
	size_t i;

	s->mail = smtp_add_message(s->esmtp);
	if (s->mail == NULL ||
	    smtp_set_reverse_path(s->mail, s->job->from) == 0 ||
	    smtp_set_header_option(s->mail, "Bcc", Hdr_PROHIBIT, 1) == 0 ||
	    smtp_size_set_estimate(s->mail, size) == 0 ||
	    smtp_set_messagecb(s->mail, on_message, s) == 0)
		return false;
	for (i = 0; i < s->job->n; i++)
		if (smtp_address_ok(s->job->rcpts[i].address) &&
		    smtp_add_recipient(s->mail, s->job->rcpts[i].address) ==
			NULL)
			return false;
	return true;
}

static bool
set_session(struct session *s)
{
	s->esmtp = smtp_create_session();
	return s->esmtp != NULL &&
	       smtp_set_server(s->esmtp, s->job->target->name) != 0 &&
	       (s->job->relay->helo == NULL ||
		   smtp_set_hostname(s->esmtp, s->job->relay->helo) != 0) &&
	       smtp_set_eventcb(s->esmtp, on_event, s) != 0 &&
	       smtp_set_monitorcb(s->esmtp, on_traffic, s, 0) != 0 &&
	       set_timeouts(s) && set_encryption(s) && set_login(s) &&
	       set_envelope(s);
}

/* What the session must not inherit: handlers, and files in which libesmtp
 * would look for certificates of its own. */
static void
set_process(pid_t caller)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction alarm_action = {.sa_handler = on_alarm};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		_exit(1);
	prctl(PR_SET_DUMPABLE, 0); /* a core would hold the password */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGALRM, &alarm_action, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setenv("XDG_CONFIG_DIR", "/nonexistent", 1) != 0)
		_exit(1);
}

void
smtp_session_run(const struct smtp_job *job, pid_t caller, int tell)
{
	struct session session = {
	    .job = job,
	    .wire.job = job,
	    .tell = tell,
	};
	struct session *s = &session;

	set_process(caller);
	resolve(s);
	if (!set_session(s))
		smtp_wire_stop(s->job, SMTP_FAULT_LIBRARY);
	s->job->notes->stage = SMTP_STAGE_CONNECT;
	limit_connect(s, true);
	if (smtp_start_session(s->esmtp) == 0 &&
	    s->job->notes->stage == SMTP_STAGE_CONNECT)
		s->job->notes->connect_errno = abs(smtp_errno());
	limit_connect(s, false);
	note_verify(s);
	if (s->job->notes->stage != SMTP_STAGE_DONE)
		note_answers(s);
	smtp_destroy_session(s->esmtp);
	if (s->auth != NULL)
		auth_destroy_context(s->auth);
	auth_client_exit();
}
