/*
 * log.c - writes log lines, each with one write(2), so that lines of the
 * server and of its children never mix.
 *
 * The level and the prefix are the process's, like standard error itself:
 * the one piece of process-wide state in lib/.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "utc.h"

enum level {
	LEVEL_ERROR,
	LEVEL_WARN,
	LEVEL_INFO,
	LEVEL_DEBUG
};

/* A line that is longer is cut: a log line is not a place for documents. */
enum {
	MAX_TEXT = 1600,
	MAX_HEAD = 160,
	MAX_LINE = 4 * MAX_TEXT + MAX_HEAD
};

static const char *const words[] = {"error ", "warn ", "info ", "debug "};
static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

static bool show_debug;
static bool use_priorities;

/* The variable names the journal's socket as device:inode. It is inherited by
 * whatever the service starts; standard error may be somewhere else there. */
static bool
is_journal(const char *stream)
{
	unsigned long long dev, ino;
	char *end;
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	dev = strtoull(stream, &end, 10);
	if (end == stream || *end != ':')
		return false;
	stream = end + 1;
	ino = strtoull(stream, &end, 10);
	return end != stream && *end == '\0' && dev == st.st_dev &&
	       ino == st.st_ino;
}

void
log_open(bool verbose)
{
	show_debug = verbose;
	use_priorities = is_journal(getenv("JOURNAL_STREAM"));
}

/* The journal notes the time by itself. */
static size_t
put_head(char out[MAX_HEAD], enum level level, const char *event)
{
	const struct clock clock = clock_real();
	int64_t now_ms = clock_ms(&clock);
	char when[UTC_TEXT_SIZE];
	int n;

	if (use_priorities)
		n = snprintf(out, MAX_HEAD, "%s%s", priorities[level], event);
	else {
		utc_format(now_ms / 1000, when);
		when[strlen(when) - 1] = '\0';
		n = snprintf(out, MAX_HEAD, "%s.%03dZ %s%s", when,
		    (int)(now_ms % 1000), words[level], event);
	}
	return n < MAX_HEAD ? (size_t)n : MAX_HEAD - 1;
}

static size_t
escape(char *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

static void __attribute__((format(printf, 3, 0)))
write_line(enum level level, const char *event, const char *fmt, va_list ap)
{
	char text[MAX_TEXT], line[MAX_LINE];
	int saved = errno;
	size_t n;

	if (level == LEVEL_DEBUG && !show_debug)
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	n = put_head(line, level, event);
	if (text[0] != '\0')
		line[n++] = ' ';
	n += escape(line + n, text);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0) {
		/* Nobody is left to tell. */
	}
	errno = saved;
}

#define LOG_FUNCTION(name, level)                          \
	void name(const char *event, const char *fmt, ...) \
	{                                                  \
		va_list ap;                                \
                                                           \
		va_start(ap, fmt);                         \
		write_line(level, event, fmt, ap);         \
		va_end(ap);                                \
	}

LOG_FUNCTION(log_error, LEVEL_ERROR)
LOG_FUNCTION(log_warn, LEVEL_WARN)
LOG_FUNCTION(log_info, LEVEL_INFO)
LOG_FUNCTION(log_debug, LEVEL_DEBUG)
