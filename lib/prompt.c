/*
 * prompt.c - one line from the terminal with echo off.
 *
 * Signals are held back while echo is off and seen through a signalfd, so
 * that the terminal is put right before one of them takes effect.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "file.h"
#include "prompt.h"

/* Where the line comes from. */
struct source {
	int fd;
	int signals; /* a signalfd, or -1 */
};

/* Waits for a byte; false (EINTR) when a signal came instead. */
static bool
wait_for_byte(const struct source *source)
{
	struct pollfd fds[2] = {
	    {.fd = source->fd, .events = POLLIN},
	    {.fd = source->signals, .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	if (fds[1].revents != 0) {
		errno = EINTR;
		return false;
	}
	return true;
}

static bool
read_line(const struct source *source, size_t limit, struct buf *out, bool *eof,
    struct err *err)
{
	ssize_t n;
	char c;

	*eof = false;
	if (!buf_reserve(out, limit))
		return err_nomem(err);
	for (;;) {
		n = wait_for_byte(source) ? read(source->fd, &c, 1) : -1;
		if (n < 0)
			return err_errno(
			    err, ERR_BROKEN, "cannot read the answer");
		if (n == 0 || c == '\n')
			break;
		if (out->len == limit)
			return err_set(err, ERR_INPUT,
			    "the answer has more than %zu bytes", limit);
		buf_char(out, c);
	}
	*eof = n == 0 && out->len == 0;
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		out->data[--out->len] = '\0';
	return true;
}

static void
say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n; /* a question nobody sees is answered all the same */
}

/* fd is a terminal; out_fd is where its person reads. */
static bool
ask(int fd, int out_fd, const char *question, size_t limit, struct buf *out,
    bool *eof, struct err *err)
{
	struct source source = {.fd = fd, .signals = -1};
	struct termios shown, hidden;
	sigset_t held, before;
	bool ok = false;

	if (tcgetattr(fd, &shown) != 0)
		return err_errno(err, ERR_BROKEN, "cannot ask the terminal");
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTSTP);
	sigprocmask(SIG_BLOCK, &held, &before);
	source.signals = signalfd(-1, &held, SFD_CLOEXEC);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ICANON | ISIG;
	if (source.signals < 0 || tcsetattr(fd, TCSAFLUSH, &hidden) != 0) {
		err_errno(err, ERR_BROKEN, "cannot hide what is typed");
		goto out;
	}
	say(out_fd, question);
	ok = read_line(&source, limit, out, eof, err);
	tcsetattr(fd, TCSAFLUSH, &shown);
	say(out_fd, "\n");
out:
	if (source.signals >= 0)
		close(source.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ok;
}

bool
prompt_secret(const char *question, size_t limit, struct buf *out, bool *eof,
    struct err *err)
{
	const struct source input = {.fd = STDIN_FILENO, .signals = -1};
	bool ok;
	int tty;

	file_wipe(out);
	if (!isatty(STDIN_FILENO))
		return read_line(&input, limit, out, eof, err);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return ask(STDIN_FILENO, STDERR_FILENO, question, limit, out,
		    eof, err);
	ok = ask(tty, tty, question, limit, out, eof, err);
	close(tty);
	return ok;
}
