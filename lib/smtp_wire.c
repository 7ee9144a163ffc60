/*
 * smtp_wire.c - watches what goes over the line, in the session's process.
 *
 * Every command comes by before it is written, and every answer before
 * libesmtp has read it. What libesmtp leaves open is closed here: plain text
 * behind an answer of the time before TLS (it would be taken for an answer of
 * the time after), a password sent without TLS, a second attempt with a wrong
 * password, MAIL without the AUTH that was asked for. There the session ends
 * on the spot.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "smtp_part.h"

enum {
	SLACK_MS = 100, /* poll(2) may wake early by its granularity */
};

/* --- words for people --- */

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

void
smtp_wire_quote(
    const struct smtp_wire *w, const char *text, char out[SMTP_REPLY_SIZE])
{
	char copy[SMTP_ANSWER_SIZE];
	size_t used = 0, i;

	snprintf(copy, sizeof copy, "%s", text);
	if (smtp_check_login(w->job->relay)) {
		hide(copy, w->job->relay->pass);
		for (i = 0; i < w->sent_len; i += strlen(w->sent + i) + 1)
			hide(copy, w->sent + i);
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

/* --- ends --- */

_Noreturn void
smtp_wire_stop(const struct smtp_job *job, enum smtp_fault fault)
{
	job->notes->fault = fault;
	_exit(0);
}

/* A write of the message that ran out of time is not noticed by libesmtp: it
 * would go on behind the bytes that are missing, and the relay might take the
 * rest for the whole. */
void
smtp_wire_live(struct smtp_wire *w)
{
	int64_t now_us = clock_mono_us();

	if (now_us - w->active_us >= (w->job->step_ms - SLACK_MS) * 1000) {
		w->job->notes->step_late = true;
		if (w->job->notes->stage == SMTP_STAGE_BODY)
			smtp_wire_stop(w->job, SMTP_FAULT_NONE);
	}
	w->active_us = now_us;
}

/* --- answers and commands --- */

static void
note_stage(struct smtp_wire *w, enum smtp_stage stage)
{
	w->job->notes->stage = stage;
}

void
smtp_wire_begin(struct smtp_wire *w)
{
	w->active_us = clock_mono_us();
	w->job->notes->step_late = false;
	w->tls_on = w->auth_on = w->auth_open = w->auth_declined = false;
	w->leaving = false;
	w->line_len = 0;
	w->line_cut = false;
	w->reading.code = 0;
	w->reading.text[0] = '\0';
	note_stage(w, SMTP_STAGE_GREETING);
}

void
smtp_wire_begin_tls(struct smtp_wire *w)
{
	w->tls_on = true;
	w->line_len = 0;
}

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
takes_turns(const struct smtp_wire *w)
{
	return w->job->tls != NULL && !w->tls_on;
}

static void
on_auth_answer(struct smtp_wire *w)
{
	int code = w->job->notes->last.code;

	if (code / 100 == 3)
		return;
	w->auth_open = false;
	if (w->auth_declined)
		return;
	if (code == 235)
		w->auth_on = true;
	else
		smtp_wire_stop(w->job, SMTP_FAULT_AUTH_REFUSED);
}

/* Takes one line of an answer; true when the answer ends with it. */
static bool
take_line(struct smtp_wire *w)
{
	char text[SMTP_REPLY_SIZE], both[2 * SMTP_REPLY_SIZE + 2];
	struct smtp_answer *reading = &w->reading;
	bool last = true;

	w->line[w->line_len] = '\0';
	if (!read_code(w->line, w->line_len, &reading->code, &last)) {
		if (takes_turns(w))
			smtp_wire_stop(w->job, SMTP_FAULT_EARLY_WORDS);
		reading->code = 0;
	}
	smtp_wire_quote(
	    w, w->line_cut || w->line_len < 4 ? "" : w->line + 4, text);
	snprintf(both, sizeof both, "%s %s", reading->text, text);
	smtp_wire_quote(w, both, reading->text);
	if (last) {
		if (!w->leaving)
			w->job->notes->last = *reading;
		reading->code = 0;
		reading->text[0] = '\0';
	}
	w->line_len = 0;
	w->line_cut = false;
	return last;
}

void
smtp_wire_read(struct smtp_wire *w, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (w->line_len < sizeof w->line - 1)
			w->line[w->line_len++] = data[i];
		else if (takes_turns(w))
			smtp_wire_stop(w->job, SMTP_FAULT_EARLY_WORDS);
		else
			w->line_cut = true;
		if (data[i] != '\n' || !take_line(w))
			continue;
		if (takes_turns(w) && i + 1 < len)
			smtp_wire_stop(w->job, SMTP_FAULT_EARLY_WORDS);
		if (w->auth_open)
			on_auth_answer(w);
		if (w->job->notes->stage == SMTP_STAGE_STARTTLS &&
		    w->job->notes->last.code == 220)
			note_stage(w, SMTP_STAGE_TLS);
	}
}

static bool
starts_with(const char *line, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

/* Remembers a word of AUTH, so that it is never quoted. */
static void
remember_secret(struct smtp_wire *w, const char *word, size_t len)
{
	if (len == 0)
		return;
	if (len > sizeof w->sent - w->sent_len - 1)
		smtp_wire_stop(w->job, SMTP_FAULT_LIBRARY);
	memcpy(w->sent + w->sent_len, word, len);
	w->sent_len += len;
	w->sent[w->sent_len++] = '\0';
}

static void
on_auth_line(struct smtp_wire *w, const char *line, size_t len)
{
	const char *blank;

	if (!w->tls_on)
		smtp_wire_stop(w->job, SMTP_FAULT_NO_TLS);
	w->auth_open = true;
	w->auth_declined = !starts_with(line, len, "AUTH PLAIN") &&
			   !starts_with(line, len, "AUTH LOGIN");
	note_stage(w, SMTP_STAGE_AUTH);
	line += strlen("AUTH ");
	len -= strlen("AUTH ");
	blank = memchr(line, ' ', len);
	if (blank != NULL)
		remember_secret(w, blank + 1, len - (size_t)(blank + 1 - line));
}

static void
on_command(struct smtp_wire *w, const char *line, size_t len)
{
	if (starts_with(line, len, "AUTH "))
		on_auth_line(w, line, len);
	else if (w->auth_open)
		remember_secret(w, line, len);
	else if (starts_with(line, len, "EHLO ") ||
		 starts_with(line, len, "HELO "))
		note_stage(w, SMTP_STAGE_EHLO);
	else if (starts_with(line, len, "STARTTLS"))
		note_stage(w, SMTP_STAGE_STARTTLS);
	else if (starts_with(line, len, "MAIL FROM:")) {
		/* libesmtp goes on without a login that did not work. */
		if (w->job->tls != NULL && !w->tls_on)
			smtp_wire_stop(w->job, SMTP_FAULT_NO_TLS);
		if (smtp_check_login(w->job->relay) && !w->auth_on)
			smtp_wire_stop(w->job, SMTP_FAULT_NO_MECHANISM);
		note_stage(w, SMTP_STAGE_MAIL);
	} else if (starts_with(line, len, "RCPT TO:"))
		note_stage(w, SMTP_STAGE_RCPT);
	else if (starts_with(line, len, "DATA"))
		note_stage(w, SMTP_STAGE_DATA);
	else if (starts_with(line, len, "QUIT"))
		w->leaving = true;
}

void
smtp_wire_write(struct smtp_wire *w, const char *data, size_t len)
{
	const char *end = data + len, *nl;

	while (data < end) {
		nl = memchr(data, '\r', (size_t)(end - data));
		if (nl == NULL)
			nl = end;
		on_command(w, data, (size_t)(nl - data));
		data = nl;
		while (data < end && (*data == '\r' || *data == '\n'))
			data++;
	}
}
