/*
 * log.h - one event, one line on standard error.
 *
 *     step.event key=value key="a value with spaces"
 *
 * The first word is fixed text that a test can wait for. Under systemd
 * (standard error is what the environment's JOURNAL_STREAM names) a line
 * starts with <3>, <4>, <6> or <7>; otherwise with the real time and the word
 * error, warn, info or debug. Control characters in values are escaped as
 * \xNN, so nothing from outside can make a second line.
 *
 * error: a person has to act; warn: we will try again; info: a step of the
 * day's work is done; debug: for us, shown with --verbose.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

/* Chooses the prefix and whether debug lines are shown. Until it is called
 * lines carry time and word, and debug is off. */
void log_open(bool verbose);

void log_error(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
