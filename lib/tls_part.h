/*
 * tls_part.h - what the files share that use OpenSSL: tls_*.c and jws.c.
 */
#ifndef LIB_TLS_PART_H
#define LIB_TLS_PART_H

#include <stdbool.h>

#include "err.h"

/* The organisation in the subject of certificates that tls_make_certificate
 * makes: those, and no others, are renewed without asking anybody. */
#define TLS_SELF_MADE "stat.flexfs self-made"

/* As err_set, with what OpenSSL says behind the text. Empties the thread's
 * queue of OpenSSL's errors. */
bool tls_fail(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether path is a file that can be read; to be asked before OpenSSL is,
 * whose own words for this are hard to understand. what: "key". */
bool tls_check_readable(const char *path, const char *what, struct err *err)
    __attribute__((warn_unused_result));

/* A pem_password_cb that has none: a server asks nobody for a passphrase. */
int tls_no_passphrase(char *buf, int size, int rwflag, void *arg);

#endif
