/*
 * err.c - fills in and extends the last argument of functions that can fail.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

static void __attribute__((format(printf, 3, 0)))
set_text(struct err *err, enum err_kind kind, const char *fmt, va_list ap)
{
	err->kind = kind;
	vsnprintf(err->text, sizeof err->text, fmt, ap);
}

bool
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, kind, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	set_text(err, kind, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(
	    err->text + used, sizeof err->text - used, ": %s", strerror(saved));
	return false;
}

bool
err_context(struct err *err, const char *fmt, ...)
{
	char inner[sizeof err->text];
	size_t used;
	va_list ap;

	memcpy(inner, err->text, sizeof inner);
	va_start(ap, fmt);
	set_text(err, err->kind, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
	return false;
}

bool
err_nomem(struct err *err)
{
	return err_set(err, ERR_BUSY, "out of memory");
}
