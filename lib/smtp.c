/*
 * smtp.c - hands one message to one relay through libesmtp.
 *
 * In comes a relay, an envelope and a finished message; out goes a verdict
 * per recipient. Two processes share the work:
 *
 *   the caller's   checks what came in, forks, waits no longer than total_ms,
 *                  and judges from what the session noted;
 *   the session    a fork that runs libesmtp and notes each step in memory
 *                  both can see, so that nothing it learned is lost when it
 *                  hangs, crashes or is killed.
 *
 * libesmtp's return value says nothing about delivery, and its errno is
 * sticky: neither is used for a verdict. A recipient is delivered if and only
 * if libesmtp has completed it, and the relay answered 2xx to its RCPT and
 * 2xx to the message.
 *
 * What libesmtp leaves open is closed in on_traffic, which sees every command
 * before it is written and every answer before it is read: plain text behind
 * an answer of the time before TLS (it would be taken for an answer of the
 * time after), a password sent without TLS, a second attempt with a wrong
 * password, MAIL without the AUTH that was asked for. There the session ends
 * on the spot.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "clock.h"
#include "smtp.h"
#include "tls.h"

/* As in libesmtp.h, which declares it only behind OpenSSL's headers. */
int smtp_starttls_set_ctx(smtp_session_t session, struct ssl_ctx_st *ctx);

enum {
	DEFAULT_PORT = 587,
	MIN_STEP_MS = 1000, /* libesmtp takes no less */
	QUIT_MS = 2000,	    /* for a farewell after the verdict */
	SLACK_MS = 100,	    /* poll(2) may wake early by its granularity */
	HOST_SIZE = 256,
	NAME_SIZE = HOST_SIZE + 8,
	LINE_SIZE = 1024,   /* libesmtp reads an answer's line so far */
	ANSWER_SIZE = 4608, /* and a whole answer so far */
	SENT_SIZE = 800,    /* a user and a password in base64 */
};

static const char plain_prefix[] = "plain:";

/* A relay's address, taken apart. */
struct target {
	char host[HOST_SIZE];
	char name[NAME_SIZE]; /* host:port, for sentences and libesmtp */
	char port[6];
	bool plain;
};

/* How far the session came: what it waits for. */
enum stage {
	STAGE_START,
	STAGE_RESOLVE,
	STAGE_CONNECT,
	STAGE_GREETING,
	STAGE_EHLO,
	STAGE_STARTTLS,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_BODY,
	STAGE_DOT,
	STAGE_DONE,
};

static const char *const stage_words[] = {
    [STAGE_START] = "before anything was sent",
    [STAGE_RESOLVE] = "while its address was looked up",
    [STAGE_CONNECT] = "while connecting",
    [STAGE_GREETING] = "before its greeting",
    [STAGE_EHLO] = "at EHLO",
    [STAGE_STARTTLS] = "at STARTTLS",
    [STAGE_TLS] = "in the TLS handshake",
    [STAGE_AUTH] = "at AUTH",
    [STAGE_MAIL] = "at MAIL FROM",
    [STAGE_RCPT] = "at RCPT TO",
    [STAGE_DATA] = "at DATA",
    [STAGE_BODY] = "in the middle of the message",
    [STAGE_DOT] = "after the whole message was sent; it may have taken it",
    [STAGE_DONE] = "at the end",
};

/* Why the session was ended on our side. */
enum fault {
	FAULT_NONE,
	FAULT_NO_ADDRESS,
	FAULT_NOT_LOOPBACK,
	FAULT_LIBRARY,
	FAULT_NO_STARTTLS,
	FAULT_EARLY_WORDS,
	FAULT_NO_TLS,
	FAULT_AUTH_REFUSED,
	FAULT_NO_MECHANISM,
};

struct answer {
	int code; /* 0: none yet */
	char text[SMTP_REPLY_SIZE];
};

struct rcpt_note {
	struct answer answer;
	bool complete;
};

/* What the session tells: shared memory, written by it alone, read when it
 * is gone. */
struct notes {
	enum stage stage;
	enum fault fault;
	int gai_error;	   /* FAULT_NO_ADDRESS */
	int connect_errno; /* 0: connected, or not tried */
	bool step_late;	   /* it ended by running out of step_ms */
	struct answer last, mail, message;
	char verify[160];	  /* why the certificate was refused, or "" */
	struct rcpt_note rcpts[]; /* those with a valid address, in order */
};

/* The session's process. */
struct session {
	const struct smtp_relay *relay;
	const struct target *target;
	const char *from, *message;
	size_t len;
	struct smtp_rcpt *rcpts;
	size_t n;
	struct tls_client *tls; /* NULL: plain */
	struct notes *notes;
	int tell; /* pipe to the caller: a byte when the verdict is known */
	int64_t step_ms, total_ms;

	smtp_session_t esmtp;
	smtp_message_t mail;
	auth_context_t auth; /* NULL: do not authenticate */
	bool tls_on, auth_on;
	bool leaving;	    /* QUIT is said: what follows decides nothing */
	bool auth_open;	    /* an AUTH has not been answered for good */
	bool auth_declined; /* ... of a mechanism that is not wanted */
	bool given;	    /* the message callback has given everything */
	int64_t active_us;  /* monotonic, of the last sign of life */

	/* The answer being read. */
	char line[LINE_SIZE];
	size_t line_len;
	bool line_cut;
	struct answer reading;

	/* What must not be quoted: the words of AUTH as they were sent, each
	 * with a NUL behind it. */
	char sent[SENT_SIZE];
	size_t sent_len;
};

/* --- what comes in ------------------------------------------------------ */

static bool
digits_only(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static bool
is_loopback_name(const char *host)
{
	return strcmp(host, "localhost") == 0 ||
	       (strncmp(host, "127.", 4) == 0 &&
		   host[strspn(host, "0123456789.")] == '\0');
}

static bool
split_address(const char *address, struct target *out, struct err *err)
{
	static const char host_chars[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789.-_";
	const char *colon;
	size_t len;
	long port = DEFAULT_PORT;

	memset(out, 0, sizeof *out);
	if (address == NULL || address[0] == '\0')
		return err_set(err, ERR_INPUT, "no SMTP relay is given");
	if (strncmp(address, plain_prefix, sizeof plain_prefix - 1) == 0) {
		out->plain = true;
		address += sizeof plain_prefix - 1;
	}
	len = strcspn(address, ":");
	colon = address + len;
	if (address[0] == '[' || (*colon == ':' && strchr(colon + 1, ':')))
		return err_set(err, ERR_INPUT,
		    "SMTP relay %.80s: give an IPv6 relay by its name",
		    address);
	if (len == 0 || len >= sizeof out->host ||
	    strspn(address, host_chars) != len)
		return err_set(err, ERR_INPUT,
		    "SMTP relay %.80s is not host:port", address);
	if (*colon == ':') {
		port = digits_only(colon + 1) && strlen(colon + 1) <= 5
			   ? strtol(colon + 1, NULL, 10)
			   : 0;
		if (port < 1 || port > UINT16_MAX)
			return err_set(err, ERR_INPUT,
			    "SMTP relay %.80s: the port is not 1 to 65535",
			    address);
	}
	memcpy(out->host, address, len);
	snprintf(out->port, sizeof out->port, "%u", (unsigned)(uint16_t)port);
	snprintf(out->name, sizeof out->name, "%s:%s", out->host, out->port);
	if (out->plain && !is_loopback_name(out->host))
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s is not on this machine: without "
		    "TLS only localhost is used",
		    out->name);
	return true;
}

static bool
wants_auth(const struct smtp_relay *relay)
{
	return relay->user != NULL && relay->user[0] != '\0';
}

static bool
check_credentials(const struct smtp_relay *relay, const struct target *target,
    struct err *err)
{
	if (!wants_auth(relay))
		return true;
	if (target->plain)
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s takes no user: without TLS nobody "
		    "logs in",
		    target->name);
	if (relay->pass == NULL || relay->pass[0] == '\0')
		return err_set(err, ERR_INPUT,
		    "no password is set for SMTP user '%.80s'", relay->user);
	/* libesmtp copies both into 513 bytes without looking. */
	if (strlen(relay->user) > SMTP_MAX_CREDENTIAL)
		return err_set(err, ERR_INPUT,
		    "the SMTP user is longer than %d bytes",
		    SMTP_MAX_CREDENTIAL);
	if (strlen(relay->pass) > SMTP_MAX_CREDENTIAL)
		return err_set(err, ERR_INPUT,
		    "the SMTP password is longer than %d bytes",
		    SMTP_MAX_CREDENTIAL);
	return true;
}

static bool
read_relay(
    const struct smtp_relay *relay, struct target *target, struct err *err)
{
	const char *p;

	if (!split_address(relay->address, target, err) ||
	    !check_credentials(relay, target, err))
		return false;
	for (p = relay->helo != NULL ? relay->helo : ""; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || p - relay->helo >= HOST_SIZE)
			return err_set(err, ERR_INPUT,
			    "the name for SMTP's EHLO is not a host name");
	if (relay->step_ms != 0 && relay->step_ms < MIN_STEP_MS)
		return err_set(err, ERR_INPUT,
		    "SMTP needs at least %d ms for a step", MIN_STEP_MS);
	return true;
}

bool
smtp_relay_check(const struct smtp_relay *relay, struct err *err)
{
	struct target target;

	return read_relay(relay, &target, err);
}

bool
smtp_address_ok(const char *address)
{
	const char *at = strrchr(address, '@');
	const char *p;

	if (at == NULL || at == address || at[1] == '\0' || at - address > 64 ||
	    strlen(address) > SMTP_MAX_ADDRESS)
		return false;
	for (p = address; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>\\\",;:()", *p) != NULL)
			return false;
	return true;
}

static bool
check_line(const char *line, size_t len, size_t number, struct err *err)
{
	size_t i;

	if (len > SMTP_MAX_LINE)
		return err_set(err, ERR_INPUT,
		    "the message's line %zu is longer than %d bytes", number,
		    SMTP_MAX_LINE);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c == '\0' || c == '\r' || c > 127)
			return err_set(err, ERR_INPUT,
			    "the message's line %zu holds a byte %02x: encode "
			    "it",
			    number, c);
	}
	return true;
}

/* A line that ends in anything but CRLF could end the message early and make
 * the rest of it SMTP commands; without an empty line the body would become
 * header. */
static bool
check_message(const char *message, size_t len, struct err *err)
{
	const char *end = message + len, *line = message, *nl;
	bool has_body = false;
	size_t number = 0;

	while (line < end) {
		number++;
		nl = memchr(line, '\n', (size_t)(end - line));
		if (nl == NULL || nl == line || nl[-1] != '\r')
			return err_set(err, ERR_INPUT,
			    "the message's line %zu does not end in CRLF",
			    number);
		if (!check_line(line, (size_t)(nl - 1 - line), number, err))
			return false;
		if (nl - 1 == line && number > 1)
			has_body = true;
		line = nl + 1;
	}
	if (!has_body)
		return err_set(err, ERR_INPUT,
		    "the message has no header with an empty line after it");
	return true;
}

/* --- words for people --------------------------------------------------- */

static void
hide(char *text, const char *secret)
{
	size_t len = strlen(secret);

	if (len == 0)
		return;
	while ((text = strstr(text, secret)) != NULL) {
		memset(text, '*', len);
		text += len;
	}
}

/* Writes text as one line of printable ASCII, and without what the relay was
 * told in AUTH, should it repeat that. */
static void
quote(const struct session *s, const char *text, char out[SMTP_REPLY_SIZE])
{
	char copy[ANSWER_SIZE];
	size_t used = 0, i;

	snprintf(copy, sizeof copy, "%s", text);
	if (s->auth != NULL) {
		hide(copy, s->relay->pass);
		for (i = 0; i < s->sent_len; i += strlen(s->sent + i) + 1)
			hide(copy, s->sent + i);
	}
	for (i = 0; copy[i] != '\0' && used + 1 < SMTP_REPLY_SIZE; i++) {
		char c = copy[i];

		if (c == '\r' || c == '\n' || c == '\t')
			c = ' ';
		if (c == ' ' && (used == 0 || out[used - 1] == ' '))
			continue;
		out[used++] = c;
		if (c < ' ' || c > '~')
			out[used - 1] = '?';
	}
	if (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

/* --- the session: notes and ends ---------------------------------------- */

static void
note_stage(struct session *s, enum stage stage)
{
	s->notes->stage = stage;
}

/* libesmtp keeps the enhanced status code (RFC 3463) apart from the text. */
static void
note_answer(
    const struct session *s, const smtp_status_t *status, struct answer *out)
{
	char text[ANSWER_SIZE];

	if (status->enh_class > 0)
		snprintf(text, sizeof text, "%d.%d.%d %s", status->enh_class,
		    status->enh_subject, status->enh_detail,
		    status->text != NULL ? status->text : "");
	else
		snprintf(text, sizeof text, "%s",
		    status->text != NULL ? status->text : "");
	quote(s, text, out->text);
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
	struct rcpt_note *note;

	(void)mailbox;
	note = &cursor->session->notes->rcpts[cursor->next++];
	note_answer(
	    cursor->session, smtp_recipient_status(recipient), &note->answer);
	note->complete = smtp_recipient_check_complete(recipient) != 0;
}

/* Returns how many recipients there are. */
static size_t
note_answers(struct session *s)
{
	struct rcpt_cursor cursor = {s, 0};

	note_answer(s, smtp_reverse_path_status(s->mail), &s->notes->mail);
	note_answer(
	    s, smtp_message_transfer_status(s->mail), &s->notes->message);
	smtp_enumerate_recipients(s->mail, note_rcpt, &cursor);
	return cursor.next;
}

static void
note_verify(struct session *s)
{
	const char *why;

	why = s->tls != NULL ? tls_client_verify_error(s->tls) : NULL;
	if (why != NULL)
		snprintf(s->notes->verify, sizeof s->notes->verify, "%s", why);
}

/* Ends the session before another byte is written. */
static _Noreturn void
stop(struct session *s, enum fault fault)
{
	s->notes->fault = fault;
	_exit(0);
}

/* Called at each sign of life. A write of the message that ran out of time is
 * not noticed by libesmtp: it would go on behind the bytes that are missing,
 * and the relay might take the rest for the whole. */
static void
note_life(struct session *s)
{
	int64_t now_us = clock_mono_us();

	if (now_us - s->active_us >= (s->step_ms - SLACK_MS) * 1000) {
		s->notes->step_late = true;
		if (s->notes->stage == STAGE_BODY)
			stop(s, FAULT_NONE);
	}
	s->active_us = now_us;
}

/* --- the session: what goes over the line ------------------------------- */

/* The code of an answer's line, and whether it is the answer's last. False
 * for a line that is none. Stricter than libesmtp, so that the two can never
 * see a different end of an answer. */
static bool
read_code(const char *line, size_t len, int *code, bool *last)
{
	if (len < 4 || line[0] < '2' || line[0] > '5' || line[1] < '0' ||
	    line[1] > '9' || line[2] < '0' || line[2] > '9' ||
	    (line[3] != ' ' && line[3] != '-'))
		return false;
	*code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
	*last = line[3] == ' ';
	return true;
}

/* Before TLS everything is said in turns: one answer to one command. Whoever
 * says more wants it to be taken for something said under TLS. */
static bool
takes_turns(const struct session *s)
{
	return s->tls != NULL && !s->tls_on;
}

static void
on_auth_answer(struct session *s)
{
	int code = s->notes->last.code;

	if (code / 100 == 3)
		return;
	s->auth_open = false;
	if (s->auth_declined)
		return;
	if (code == 235)
		s->auth_on = true;
	else
		stop(s, FAULT_AUTH_REFUSED);
}

/* Takes one line of an answer; true when the answer ends with it. */
static bool
take_line(struct session *s)
{
	char text[SMTP_REPLY_SIZE], both[2 * SMTP_REPLY_SIZE + 2];
	struct answer *reading = &s->reading;
	bool last = true;

	s->line[s->line_len] = '\0';
	if (!read_code(s->line, s->line_len, &reading->code, &last)) {
		if (takes_turns(s))
			stop(s, FAULT_EARLY_WORDS);
		reading->code = 0;
	}
	quote(s, s->line_cut || s->line_len < 4 ? "" : s->line + 4, text);
	snprintf(both, sizeof both, "%s %s", reading->text, text);
	quote(s, both, reading->text);
	if (last) {
		if (!s->leaving)
			s->notes->last = *reading;
		reading->code = 0;
		reading->text[0] = '\0';
	}
	s->line_len = 0;
	s->line_cut = false;
	return last;
}

static void
on_answer_bytes(struct session *s, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s->line_len < sizeof s->line - 1)
			s->line[s->line_len++] = data[i];
		else if (takes_turns(s))
			stop(s, FAULT_EARLY_WORDS);
		else
			s->line_cut = true;
		if (data[i] != '\n' || !take_line(s))
			continue;
		if (takes_turns(s) && i + 1 < len)
			stop(s, FAULT_EARLY_WORDS);
		if (s->auth_open)
			on_auth_answer(s);
		if (s->notes->stage == STAGE_STARTTLS &&
		    s->notes->last.code == 220)
			note_stage(s, STAGE_TLS);
	}
}

static bool
starts_with(const char *line, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

/* Remembers a word of AUTH, so that it is never quoted. */
static void
remember_secret(struct session *s, const char *word, size_t len)
{
	if (len == 0)
		return;
	if (len > sizeof s->sent - s->sent_len - 1)
		stop(s, FAULT_LIBRARY);
	memcpy(s->sent + s->sent_len, word, len);
	s->sent_len += len;
	s->sent[s->sent_len++] = '\0';
}

static void
on_auth_line(struct session *s, const char *line, size_t len)
{
	const char *blank;

	if (!s->tls_on)
		stop(s, FAULT_NO_TLS);
	s->auth_open = true;
	s->auth_declined = !starts_with(line, len, "AUTH PLAIN") &&
			   !starts_with(line, len, "AUTH LOGIN");
	note_stage(s, STAGE_AUTH);
	line += strlen("AUTH ");
	len -= strlen("AUTH ");
	blank = memchr(line, ' ', len);
	if (blank != NULL)
		remember_secret(s, blank + 1, len - (size_t)(blank + 1 - line));
}

static void
on_command(struct session *s, const char *line, size_t len)
{
	if (starts_with(line, len, "AUTH "))
		on_auth_line(s, line, len);
	else if (s->auth_open)
		remember_secret(s, line, len);
	else if (starts_with(line, len, "EHLO ") ||
		 starts_with(line, len, "HELO "))
		note_stage(s, STAGE_EHLO);
	else if (starts_with(line, len, "STARTTLS"))
		note_stage(s, STAGE_STARTTLS);
	else if (starts_with(line, len, "MAIL FROM:")) {
		/* libesmtp goes on without a login that did not work. */
		if (s->tls != NULL && !s->tls_on)
			stop(s, FAULT_NO_TLS);
		if (s->auth != NULL && !s->auth_on)
			stop(s, FAULT_NO_MECHANISM);
		note_stage(s, STAGE_MAIL);
	} else if (starts_with(line, len, "RCPT TO:"))
		note_stage(s, STAGE_RCPT);
	else if (starts_with(line, len, "DATA"))
		note_stage(s, STAGE_DATA);
	else if (starts_with(line, len, "QUIT"))
		s->leaving = true;
}

static void
on_command_bytes(struct session *s, const char *data, size_t len)
{
	const char *end = data + len, *nl;

	while (data < end) {
		nl = memchr(data, '\r', (size_t)(end - data));
		if (nl == NULL)
			nl = end;
		on_command(s, data, (size_t)(nl - data));
		data = nl;
		while (data < end && (*data == '\r' || *data == '\n'))
			data++;
	}
}

/* libesmtp calls this before it writes and after it has read, but not while
 * it writes the message. */
static void
on_traffic(const char *data, int len, int what, void *arg)
{
	struct session *s = arg;

	note_life(s);
	if (len <= 0)
		return;
	if (what == SMTP_CB_WRITING)
		on_command_bytes(s, data, (size_t)len);
	else if (what == SMTP_CB_READING)
		on_answer_bytes(s, data, (size_t)len);
}

/* --- the session: events ------------------------------------------------ */

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
		timer.it_value.tv_sec = s->step_ms / 1000;
		timer.it_value.tv_usec = s->step_ms % 1000 * 1000;
		timer.it_interval = timer.it_value;
	}
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
begin_connection(struct session *s)
{
	limit_connect(s, false);
	s->active_us = clock_mono_us();
	s->notes->step_late = false;
	s->tls_on = s->auth_on = s->auth_open = s->auth_declined = false;
	s->leaving = false;
	s->line_len = 0;
	s->line_cut = false;
	s->reading.code = 0;
	s->reading.text[0] = '\0';
	note_stage(s, STAGE_GREETING);
}

static void
begin_tls(struct session *s, struct ssl_st *ssl)
{
	/* What a TLS 1.3 server sends unasked makes libesmtp wait for an
	 * answer to a command that it has not sent. */
	tls_client_drain(ssl);
	s->tls_on = true;
	s->line_len = 0;
}

/* Whether the answer to the message is whole: with BDAT libesmtp reports one
 * that was cut off as well. */
static bool
is_settled(const struct notes *notes, size_t n)
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

	if (!is_settled(s->notes, n))
		return;
	note_stage(s, STAGE_DONE);
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
		note_life(s);
	switch (event) {
	case SMTP_EV_CONNECT:
		begin_connection(s);
		break;
	case SMTP_EV_DISCONNECT:
		limit_connect(s, true);
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		s->notes->fault = FAULT_NO_STARTTLS;
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
		if (s->notes->stage < STAGE_BODY)
			note_stage(s, STAGE_BODY);
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
					? s->relay->pass
					: s->relay->user;

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
		note_stage(s, STAGE_DOT);
		*len = 0;
		return NULL;
	}
	s->given = true;
	*len = (int)s->len;
	return s->message;
}

/* --- the session: its life ---------------------------------------------- */

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

	note_stage(s, STAGE_RESOLVE);
	rc = getaddrinfo(s->target->host, s->target->port, &hints, &found);
	if (rc != 0) {
		s->notes->gai_error = rc;
		stop(s, FAULT_NO_ADDRESS);
	}
	for (a = found; a != NULL; a = a->ai_next)
		if (s->target->plain && !is_loopback(a->ai_addr))
			stop(s, FAULT_NOT_LOOPBACK);
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
			(long)s->step_ms) == 0)
			return false;
	/* To give up on the last answer makes a second copy: wait for it as
	 * long as there is time. */
	return smtp_set_timeout(s->esmtp,
		   Timeout_DATA2 | Timeout_OVERRIDE_RFC2822_MINIMUM,
		   (long)s->total_ms) != 0;
}

static bool
set_encryption(struct session *s)
{
	if (s->tls == NULL)
		return smtp_starttls_enable(s->esmtp, Starttls_DISABLED) != 0;
	return smtp_starttls_enable(s->esmtp, Starttls_REQUIRED) != 0 &&
	       smtp_starttls_set_ctx(s->esmtp, tls_client_ctx(s->tls)) != 0;
}

static bool
set_login(struct session *s)
{
	if (!wants_auth(s->relay))
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
	unsigned long size = s->len + s->len / 40 + 2048;
	size_t i;

	s->mail = smtp_add_message(s->esmtp);
	if (s->mail == NULL || smtp_set_reverse_path(s->mail, s->from) == 0 ||
	    smtp_set_header_option(s->mail, "Bcc", Hdr_PROHIBIT, 1) == 0 ||
	    smtp_size_set_estimate(s->mail, size) == 0 ||
	    smtp_set_messagecb(s->mail, on_message, s) == 0)
		return false;
	for (i = 0; i < s->n; i++)
		if (smtp_address_ok(s->rcpts[i].address) &&
		    smtp_add_recipient(s->mail, s->rcpts[i].address) == NULL)
			return false;
	return true;
}

static bool
set_session(struct session *s)
{
	s->esmtp = smtp_create_session();
	return s->esmtp != NULL &&
	       smtp_set_server(s->esmtp, s->target->name) != 0 &&
	       (s->relay->helo == NULL ||
		   smtp_set_hostname(s->esmtp, s->relay->helo) != 0) &&
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

static void
run_session(struct session *s)
{
	resolve(s);
	if (!set_session(s))
		stop(s, FAULT_LIBRARY);
	note_stage(s, STAGE_CONNECT);
	limit_connect(s, true);
	if (smtp_start_session(s->esmtp) == 0 &&
	    s->notes->stage == STAGE_CONNECT)
		s->notes->connect_errno = abs(smtp_errno());
	limit_connect(s, false);
	note_verify(s);
	if (s->notes->stage != STAGE_DONE)
		note_answers(s);
	smtp_destroy_session(s->esmtp);
	if (s->auth != NULL)
		auth_destroy_context(s->auth);
	auth_client_exit();
}

/* --- the caller: waiting ------------------------------------------------ */

/* How the session's process ended. */
enum end {
	END_ITSELF,
	END_CRASHED,
	END_OUT_OF_TIME
};

/* Waits for the session to close its end of the pipe: at most total_ms, and
 * no more than QUIT_MS once it has said that the verdict is known. */
static enum end
wait_session(pid_t pid, int pipe_fd, int64_t total_ms)
{
	int64_t until_us = clock_mono_us() + total_ms * 1000;
	const int64_t quit_us = (int64_t)QUIT_MS * 1000;
	enum end end = END_ITSELF;
	int status = 0;

	for (;;) {
		struct pollfd poll_fd = {pipe_fd, POLLIN, 0};
		int64_t left_us = until_us - clock_mono_us();
		char byte;
		int rc;

		if (left_us <= 0) {
			end = END_OUT_OF_TIME;
			kill(pid, SIGKILL);
			break;
		}
		rc = poll(&poll_fd, 1, (int)(left_us / 1000 + 1));
		if (rc <= 0)
			continue;
		if (read(pipe_fd, &byte, 1) != 1)
			break;
		if (left_us > quit_us)
			until_us = clock_mono_us() + quit_us;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (end == END_ITSELF && WIFSIGNALED(status))
		end = END_CRASHED;
	return end;
}

static bool
fork_session(struct session *s, enum end *end, struct err *err)
{
	pid_t caller = getpid(), pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_errno(err, ERR_BUSY, "cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		err_errno(err, ERR_BUSY, "cannot start the SMTP session");
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (pid == 0) {
		close(fds[0]);
		s->tell = fds[1];
		set_process(caller);
		run_session(s);
		_exit(0);
	}
	close(fds[1]);
	*end = wait_session(pid, fds[0], s->total_ms);
	close(fds[0]);
	return true;
}

/* --- the caller: judging ------------------------------------------------ */

/* An answer that is about us and not about the mail: the relay is going down
 * (421), wants another login (530 to 538), or lost the thread (503). */
static bool
is_about_session(int code)
{
	return code == 421 || code == 503 || (code >= 530 && code <= 538);
}

static enum smtp_outcome
outcome_of(int code)
{
	return code / 100 == 5 && !is_about_session(code) ? SMTP_FAILED
							  : SMTP_RETRY;
}

/* Whether the relay has answered for this recipient, and what. */
static bool
judge_rcpt(const struct notes *notes, const struct rcpt_note *note,
    struct smtp_rcpt *out)
{
	const struct answer *word = &note->answer;

	out->outcome = SMTP_RETRY;
	if (note->answer.code / 100 == 2) {
		word = &notes->message;
		if (notes->message.code / 100 == 2 && note->complete)
			out->outcome = SMTP_DELIVERED;
		else if (notes->stage != STAGE_DONE ||
			 notes->message.code < 400)
			return false;
	}
	if (word->code == 0)
		word = &notes->mail;
	if (word->code < 400 && out->outcome != SMTP_DELIVERED)
		return false;
	if (out->outcome != SMTP_DELIVERED)
		out->outcome = outcome_of(word->code);
	out->code = word->code;
	snprintf(out->reply, sizeof out->reply, "%s", word->text);
	return !is_about_session(word->code);
}

/* Fills in the recipients; true when the relay has answered for all. */
static bool
judge(const struct notes *notes, struct smtp_rcpt *rcpts, size_t n)
{
	bool all = true;
	size_t i, next = 0;

	for (i = 0; i < n; i++)
		if (smtp_address_ok(rcpts[i].address) &&
		    !judge_rcpt(notes, &notes->rcpts[next++], &rcpts[i]))
			all = false;
	return all;
}

static bool
explain_fault(
    const struct session *s, const struct notes *notes, struct err *err)
{
	const char *name = s->target->name;

	switch (notes->fault) {
	case FAULT_NO_ADDRESS:
		return err_set(err, ERR_BUSY,
		    "cannot find the address of SMTP relay %s: %s", name,
		    gai_strerror(notes->gai_error));
	case FAULT_NOT_LOOPBACK:
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s is not on this machine: its address "
		    "is not a loopback one",
		    name);
	case FAULT_NO_STARTTLS:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s offers no STARTTLS: nothing is sent in the "
		    "clear",
		    name);
	case FAULT_EARLY_WORDS:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s said more than it was asked before TLS: "
		    "somebody may be tampering with the connection",
		    name);
	case FAULT_NO_TLS:
		return err_set(err, ERR_BROKEN,
		    "stopped before sending anything to SMTP relay %s without "
		    "TLS",
		    name);
	case FAULT_AUTH_REFUSED:
		return err_set(err,
		    notes->last.code / 100 == 4 ? ERR_BUSY : ERR_INPUT,
		    "SMTP relay %s refuses user '%.80s' or the password: %d %s",
		    name, s->relay->user, notes->last.code, notes->last.text);
	case FAULT_NO_MECHANISM:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s offers neither AUTH PLAIN nor AUTH LOGIN: "
		    "user '%.80s' cannot log in",
		    name, s->relay->user);
	case FAULT_LIBRARY:
	case FAULT_NONE:
		break;
	}
	return err_set(
	    err, ERR_BROKEN, "cannot set up the SMTP session with %s", name);
}

static bool
explain_certificate(const struct session *s, const char *why, struct err *err)
{
	const char *advice = "give its CA with --smtpCA";

	if (strstr(why, "mismatch") != NULL)
		advice = "use the name that its certificate was made for";
	else if (strstr(why, "expired") != NULL)
		advice = "whoever runs it has to renew it";
	else if (strstr(why, "not yet valid") != NULL)
		advice = "compare this machine's clock";
	return err_set(err, ERR_INPUT,
	    "certificate of SMTP relay %s is not trusted: %s; %s",
	    s->target->name, why, advice);
}

static bool
explain_connect(const struct session *s, int number, struct err *err)
{
	if (number == EINTR || number == ETIMEDOUT)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s does not answer: no connection within %lld "
		    "s",
		    s->target->name, (long long)s->step_ms / 1000);
	return err_set(err, ERR_BUSY, "cannot connect to SMTP relay %s: %s",
	    s->target->name, strerror(number));
}

static bool
explain_silence(const struct session *s, enum end end, struct err *err)
{
	const struct notes *notes = s->notes;
	const char *where = stage_words[notes->stage];
	const char *name = s->target->name;
	bool total = end == END_OUT_OF_TIME;

	if (notes->stage == STAGE_GREETING &&
	    strcmp(s->target->port, "465") == 0 && (total || notes->step_late))
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s sends no greeting: port 465 expects TLS "
		    "from the first byte; use port 587",
		    name);
	if (total)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s was not done within %lld s: stopped %s",
		    name, (long long)s->total_ms / 1000, where);
	/* libesmtp runs off its table of states when a relay hangs up on
	 * commands that were sent in one go. */
	if (end == END_CRASHED)
		return err_set(err, ERR_BUSY,
		    "the session with SMTP relay %s broke down %s", name,
		    where);
	if (notes->step_late)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s did not answer within %lld s, %s", name,
		    (long long)s->step_ms / 1000, where);
	if (notes->stage == STAGE_TLS)
		return err_set(err, ERR_BUSY,
		    "the TLS handshake with SMTP relay %s did not succeed",
		    name);
	return err_set(err, ERR_BUSY, "SMTP relay %s ended the connection %s",
	    name, where);
}

/* Why the relay has not answered for every recipient. */
static bool
explain(const struct session *s, enum end end, struct err *err)
{
	const struct notes *notes = s->notes;
	const struct answer *last = &notes->last;

	if (notes->fault != FAULT_NONE)
		return explain_fault(s, notes, err);
	if (notes->connect_errno != 0)
		return explain_connect(s, notes->connect_errno, err);
	if (notes->verify[0] != '\0')
		return explain_certificate(s, notes->verify, err);
	if (notes->stage != STAGE_TLS && last->code >= 400 && end == END_ITSELF)
		return err_set(err,
		    last->code / 100 == 5 ? ERR_INPUT : ERR_BUSY,
		    "SMTP relay %s refuses us: %d %s", s->target->name,
		    last->code, last->text);
	return explain_silence(s, end, err);
}

/* --- the caller --------------------------------------------------------- */

static void
set_reply(struct smtp_rcpt *rcpt, const char *text)
{
	size_t len = strnlen(text, sizeof rcpt->reply - 1);

	memcpy(rcpt->reply, text, len);
	rcpt->reply[len] = '\0';
}

/* Gives every recipient that has no answer of its own the same one. */
static void
set_all(struct smtp_rcpt *rcpts, size_t n, enum smtp_outcome outcome,
    const char *reply)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (rcpts[i].code != 0 || rcpts[i].reply[0] != '\0')
			continue;
		rcpts[i].outcome = outcome;
		set_reply(&rcpts[i], reply);
	}
}

/* Resets the recipients; returns how many have a valid address. */
static size_t
begin_rcpts(struct smtp_rcpt *rcpts, size_t n)
{
	size_t i, valid = 0;

	for (i = 0; i < n; i++) {
		rcpts[i].outcome = SMTP_RETRY;
		rcpts[i].code = 0;
		rcpts[i].reply[0] = '\0';
		if (smtp_address_ok(rcpts[i].address)) {
			valid++;
			continue;
		}
		rcpts[i].outcome = SMTP_FAILED;
		set_reply(&rcpts[i], "not a mail address");
	}
	return valid;
}

static bool
send_valid(struct session *s, size_t valid, struct err *err)
{
	size_t size = sizeof *s->notes + valid * sizeof s->notes->rcpts[0];
	enum end end = END_ITSELF;
	bool ok = false;
	void *shared;

	shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_nomem(err);
	s->notes = shared;
	if (!s->target->plain) {
		s->tls = tls_client_open(s->target->host,
		    s->relay->ca_file != NULL && s->relay->ca_file[0] != '\0'
			? s->relay->ca_file
			: NULL,
		    err);
		if (s->tls == NULL)
			goto out;
	}
	if (!fork_session(s, &end, err))
		goto out;
	ok = judge(s->notes, s->rcpts, s->n);
	if (!ok)
		explain(s, end, err);
out:
	tls_client_free(s->tls);
	munmap(shared, size);
	return ok;
}

bool
smtp_send(const struct smtp_relay *relay, const char *from, const char *message,
    size_t len, struct smtp_rcpt *rcpts, size_t n, struct err *err)
{
	struct target target;
	struct session s = {
	    .relay = relay,
	    .target = &target,
	    .from = from,
	    .message = message,
	    .len = len,
	    .rcpts = rcpts,
	    .n = n,
	    .step_ms = relay->step_ms > 0 ? relay->step_ms : SMTP_STEP_MS,
	    .total_ms = relay->total_ms > 0 ? relay->total_ms : SMTP_TOTAL_MS,
	};
	size_t valid = begin_rcpts(rcpts, n);
	bool ok;

	if (!check_message(message, len, err)) {
		set_all(rcpts, n, SMTP_FAILED, err->text);
		return false;
	}
	if (!smtp_address_ok(from))
		ok =
		    err_set(err, ERR_INPUT, "the sender is not a mail address");
	else
		ok = read_relay(relay, &target, err) &&
		     (valid == 0 || send_valid(&s, valid, err));
	if (!ok)
		set_all(rcpts, n, SMTP_RETRY, err->text);
	return ok;
}
