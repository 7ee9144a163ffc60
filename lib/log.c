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
#include <unistd.h>

#include "log.h"

enum level {
	LEVEL_ERROR,
	LEVEL_WARN,
	LEVEL_INFO,
	LEVEL_DEBUG
};

/* A line that is longer is cut: a log line is not a place for documents. */
enum {
	MAX_TEXT = 1600,
	MAX_LINE = 4 * MAX_TEXT + 128
};

static const char *const words[] = {"error ", "warn ", "info ", "debug "};
static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

static bool show_debug;
static bool use_priorities;

void
log_open(bool verbose)
{
	show_debug = verbose;
	use_priorities = getenv("JOURNAL_STREAM") != NULL;
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
	n = (size_t)snprintf(line, 128, "%s%s",
	    use_priorities ? priorities[level] : words[level], event);
	if (n > 127)
		n = 127;
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
