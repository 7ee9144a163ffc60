/*
 * deliver.c - in comes a message, out go result lines; owns
 * nothing that lasts longer than one call.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/buf.h"
#include "deliver.h"

enum {
	READ_BYTES = 1 << 16
};

static const char *const outcome_words[] = {
    [SMTP_RETRY] = "retry",
    [SMTP_DELIVERED] = "delivered",
    [SMTP_FAILED] = "failed",
};

static bool
read_message(int fd, struct buf *message, struct err *err)
{
	ssize_t got;

	for (;;) {
		if (!buf_reserve(message, READ_BYTES))
			return err_nomem(err);
		got = read(fd, message->data + message->len, READ_BYTES);
		if (got == 0)
			return true;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(
			    err, ERR_BUSY, "cannot read the message");
		message->len += (size_t)got;
		if (message->len > DELIVER_MAX_BYTES)
			return err_set(err, ERR_INPUT,
			    "the message is larger than %d MiB",
			    DELIVER_MAX_BYTES >> 20);
	}
}

static void
write_text(FILE *out, const char *text, bool blank_ok)
{
	for (; *text != '\0'; text++) {
		bool fine = *text > ' ' && *text <= '~';

		putc(fine || (blank_ok && *text == ' ') ? *text : '?', out);
	}
}

static bool
write_lines(FILE *out, const struct smtp_rcpt *rcpts, size_t n, struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		fprintf(out, "%s ", outcome_words[rcpts[i].outcome]);
		write_text(
		    out, *rcpts[i].address ? rcpts[i].address : "?", false);
		fprintf(out, " %03d ", rcpts[i].code);
		write_text(out, rcpts[i].reply, true);
		putc('\n', out);
	}
	if (fflush(out) != 0 || ferror(out))
		return err_errno(err, ERR_BROKEN, "cannot write the results");
	return true;
}

/* The answer for all when there was no message to send. */
static void
set_unsent(struct smtp_rcpt *rcpts, size_t n, const struct err *why)
{
	size_t i;

	for (i = 0; i < n; i++) {
		rcpts[i].outcome =
		    why->kind == ERR_INPUT ? SMTP_FAILED : SMTP_RETRY;
		snprintf(rcpts[i].reply, sizeof rcpts[i].reply, "%.*s",
		    SMTP_REPLY_SIZE - 1, why->text);
	}
}

/* message is NULL when there is none, and *err says why. */
static bool
hand_over(const struct smtp_relay *relay, const char *from,
    const char *const *to, size_t n, const struct buf *message, FILE *out,
    size_t *delivered, struct err *err)
{
	struct smtp_rcpt *rcpts;
	struct err unwritten = ERR_INIT;
	bool ok = message != NULL;
	size_t i;

	*delivered = 0;
	rcpts = calloc(n, sizeof *rcpts);
	if (rcpts == NULL)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		rcpts[i].address = to[i];
	if (ok)
		ok = smtp_send(relay, from, buf_text(message), message->len,
		    rcpts, n, err);
	else
		set_unsent(rcpts, n, err);
	for (i = 0; i < n; i++)
		*delivered += rcpts[i].outcome == SMTP_DELIVERED;
	if (!write_lines(out, rcpts, n, &unwritten)) {
		*err = unwritten;
		ok = false;
	}
	free(rcpts);
	return ok;
}

static bool
check_count(size_t n, struct err *err)
{
	return (n > 0 && n <= DELIVER_MAX_RCPTS) ||
	       err_set(err, ERR_INPUT, "a message has 1 to %d recipients",
		   DELIVER_MAX_RCPTS);
}

bool
deliver_message(const struct smtp_relay *relay, const char *from,
    const char *const *to, size_t n, const struct buf *message, FILE *out,
    size_t *delivered, struct err *err)
{
	return check_count(n, err) &&
	       hand_over(relay, from, to, n, message, out, delivered, err);
}

bool
deliver_run(const struct smtp_relay *relay, const char *from,
    const char *const *to, size_t n, int in_fd, FILE *out, struct err *err)
{
	struct buf message = BUF_INIT;
	size_t delivered;
	bool ok;

	if (!check_count(n, err))
		return false;
	ok = read_message(in_fd, &message, err);
	ok = hand_over(
	    relay, from, to, n, ok ? &message : NULL, out, &delivered, err);
	buf_fini(&message);
	return ok;
}
