/*
 * smtp_verdict.c - what the session's notes mean, per recipient and in a
 * sentence for the operator.
 *
 * libesmtp's return value says nothing about delivery, and its errno is
 * sticky: neither is used for a verdict. A recipient is delivered if and only
 * if libesmtp has completed it, and the relay answered 2xx to its RCPT and
 * 2xx to the message.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "smtp_part.h"

static const char *const stage_words[] = {
    [SMTP_STAGE_START] = "before anything was sent",
    [SMTP_STAGE_RESOLVE] = "while its address was looked up",
    [SMTP_STAGE_CONNECT] = "while connecting",
    [SMTP_STAGE_GREETING] = "before its greeting",
    [SMTP_STAGE_EHLO] = "at EHLO",
    [SMTP_STAGE_STARTTLS] = "at STARTTLS",
    [SMTP_STAGE_TLS] = "in the TLS handshake",
    [SMTP_STAGE_AUTH] = "at AUTH",
    [SMTP_STAGE_MAIL] = "at MAIL FROM",
    [SMTP_STAGE_RCPT] = "at RCPT TO",
    [SMTP_STAGE_DATA] = "at DATA",
    [SMTP_STAGE_BODY] = "in the middle of the message",
    [SMTP_STAGE_DOT] = "after the whole message was sent; it may have taken it",
    [SMTP_STAGE_DONE] = "at the end",
};

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
judge_rcpt(const struct smtp_notes *notes, const struct smtp_rcpt_note *note,
    struct smtp_rcpt *out)
{
	const struct smtp_answer *word = &note->answer;

	out->outcome = SMTP_RETRY;
	if (note->answer.code / 100 == 2) {
		word = &notes->message;
		if (notes->message.code / 100 == 2 && note->complete)
			out->outcome = SMTP_DELIVERED;
		else if (notes->stage != SMTP_STAGE_DONE ||
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

bool
smtp_verdict_judge(
    const struct smtp_notes *notes, struct smtp_rcpt *rcpts, size_t n)
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
    const struct smtp_job *job, const struct smtp_notes *notes, struct err *err)
{
	const char *name = job->target->name;

	switch (notes->fault) {
	case SMTP_FAULT_NO_ADDRESS:
		return err_set(err, ERR_BUSY,
		    "cannot find the address of SMTP relay %s: %s", name,
		    gai_strerror(notes->gai_error));
	case SMTP_FAULT_NOT_LOOPBACK:
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s is not on this machine: its address "
		    "is not a loopback one",
		    name);
	case SMTP_FAULT_NO_STARTTLS:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s offers no STARTTLS: nothing is sent in the "
		    "clear",
		    name);
	case SMTP_FAULT_EARLY_WORDS:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s said more than it was asked before TLS: "
		    "somebody may be tampering with the connection",
		    name);
	case SMTP_FAULT_NO_TLS:
		return err_set(err, ERR_BROKEN,
		    "stopped before sending anything to SMTP relay %s without "
		    "TLS",
		    name);
	case SMTP_FAULT_AUTH_REFUSED:
		return err_set(err,
		    notes->last.code / 100 == 4 ? ERR_BUSY : ERR_INPUT,
		    "SMTP relay %s refuses user '%.80s' or the password: %d %s",
		    name, job->relay->user, notes->last.code, notes->last.text);
	case SMTP_FAULT_NO_MECHANISM:
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s offers neither AUTH PLAIN nor AUTH LOGIN: "
		    "user '%.80s' cannot log in",
		    name, job->relay->user);
	case SMTP_FAULT_LIBRARY:
	case SMTP_FAULT_NONE:
		break;
	}
	return err_set(
	    err, ERR_BROKEN, "cannot set up the SMTP session with %s", name);
}

static bool
explain_certificate(
    const struct smtp_job *job, const char *why, struct err *err)
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
	    job->target->name, why, advice);
}

static bool
explain_connect(const struct smtp_job *job, int number, struct err *err)
{
	if (number == EINTR || number == ETIMEDOUT)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s does not answer: no connection within %lld "
		    "s",
		    job->target->name, (long long)job->step_ms / 1000);
	return err_set(err, ERR_BUSY, "cannot connect to SMTP relay %s: %s",
	    job->target->name, strerror(number));
}

static bool
explain_silence(const struct smtp_job *job, enum smtp_end end, struct err *err)
{
	const struct smtp_notes *notes = job->notes;
	const char *where = stage_words[notes->stage];
	const char *name = job->target->name;
	bool total = end == SMTP_END_OUT_OF_TIME;

	if (notes->stage == SMTP_STAGE_GREETING &&
	    strcmp(job->target->port, "465") == 0 &&
	    (total || notes->step_late))
		return err_set(err, ERR_INPUT,
		    "SMTP relay %s sends no greeting: port 465 expects TLS "
		    "from the first byte; use port 587",
		    name);
	if (total)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s was not done within %lld s: stopped %s",
		    name, (long long)job->total_ms / 1000, where);
	/* libesmtp runs off its table of states when a relay hangs up on
	 * commands that were sent in one go. */
	if (end == SMTP_END_CRASHED)
		return err_set(err, ERR_BUSY,
		    "the session with SMTP relay %s broke down %s", name,
		    where);
	if (notes->step_late)
		return err_set(err, ERR_BUSY,
		    "SMTP relay %s did not answer within %lld s, %s", name,
		    (long long)job->step_ms / 1000, where);
	if (notes->stage == SMTP_STAGE_TLS)
		return err_set(err, ERR_BUSY,
		    "the TLS handshake with SMTP relay %s did not succeed",
		    name);
	return err_set(err, ERR_BUSY, "SMTP relay %s ended the connection %s",
	    name, where);
}

bool
smtp_verdict_explain(
    const struct smtp_job *job, enum smtp_end end, struct err *err)
{
	const struct smtp_notes *notes = job->notes;
	const struct smtp_answer *last = &notes->last;

	if (notes->fault != SMTP_FAULT_NONE)
		return explain_fault(job, notes, err);
	if (notes->connect_errno != 0)
		return explain_connect(job, notes->connect_errno, err);
	if (notes->verify[0] != '\0')
		return explain_certificate(job, notes->verify, err);
	if (notes->stage != SMTP_STAGE_TLS && last->code >= 400 &&
	    end == SMTP_END_ITSELF)
		return err_set(err,
		    last->code / 100 == 5 ? ERR_INPUT : ERR_BUSY,
		    "SMTP relay %s refuses us: %d %s", job->target->name,
		    last->code, last->text);
	return explain_silence(job, end, err);
}
