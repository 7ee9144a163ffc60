/*
 * smtp.c - hands one message to one relay.
 *
 * In comes a relay, an envelope and a finished message; out goes a verdict
 * per recipient. Two processes share the work:
 *
 *   the caller's   checks what came in (smtp_check.c), forks, waits no longer
 *                  than total_ms, and judges from what the session noted
 *                  (smtp_verdict.c);
 *   the session    a fork that runs libesmtp (smtp_session.c) and watches what
 *                  it does on the line (smtp_wire.c).
 *
 * This file forks, waits, and owns the memory both of them see.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "smtp.h"
#include "smtp_part.h"
#include "tls.h"

enum {
	QUIT_MS = 2000, /* for a farewell after the verdict */
};

/* Waits for the session to close its end of the pipe: at most total_ms, and
 * no more than QUIT_MS once it has said that the verdict is known. */
static enum smtp_end
wait_session(pid_t pid, int pipe_fd, int64_t total_ms)
{
	int64_t until_us = clock_mono_us() + total_ms * 1000;
	const int64_t quit_us = (int64_t)QUIT_MS * 1000;
	enum smtp_end end = SMTP_END_ITSELF;
	int status = 0;

	for (;;) {
		struct pollfd poll_fd = {pipe_fd, POLLIN, 0};
		int64_t left_us = until_us - clock_mono_us();
		char byte;
		int rc;

		if (left_us <= 0) {
			end = SMTP_END_OUT_OF_TIME;
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
	if (end == SMTP_END_ITSELF && WIFSIGNALED(status))
		end = SMTP_END_CRASHED;
	return end;
}

static bool
fork_session(struct smtp_job *job, enum smtp_end *end, struct err *err)
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
		smtp_session_run(job, caller, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	*end = wait_session(pid, fds[0], job->total_ms);
	close(fds[0]);
	return true;
}

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
send_valid(struct smtp_job *job, size_t valid, struct err *err)
{
	size_t size = sizeof *job->notes + valid * sizeof job->notes->rcpts[0];
	enum smtp_end end = SMTP_END_ITSELF;
	bool ok = false;
	void *shared;

	shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_nomem(err);
	job->notes = shared;
	if (!job->target->plain) {
		job->tls = tls_client_open(job->target->host,
		    job->relay->ca_file != NULL &&
			    job->relay->ca_file[0] != '\0'
			? job->relay->ca_file
			: NULL,
		    err);
		if (job->tls == NULL)
			goto out;
	}
	if (!fork_session(job, &end, err))
		goto out;
	ok = smtp_verdict_judge(job->notes, job->rcpts, job->n);
	if (!ok)
		smtp_verdict_explain(job, end, err);
out:
	tls_client_free(job->tls);
	munmap(shared, size);
	return ok;
}

bool
smtp_send(const struct smtp_relay *relay, const char *from, const char *message,
    size_t len, struct smtp_rcpt *rcpts, size_t n, struct err *err)
{
	struct smtp_target target;
	struct smtp_job job = {
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

	if (!smtp_check_message(message, len, err)) {
		set_all(rcpts, n, SMTP_FAILED, err->text);
		return false;
	}
	if (!smtp_address_ok(from))
		ok =
		    err_set(err, ERR_INPUT, "the sender is not a mail address");
	else
		ok = smtp_check_relay(relay, &target, err) &&
		     (valid == 0 || send_valid(&job, valid, err));
	if (!ok)
		set_all(rcpts, n, SMTP_RETRY, err->text);
	return ok;
}
