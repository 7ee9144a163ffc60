/*
 * http_reply.h - what an answer that is not 2xx looks like (RFC 9457).
 */
#ifndef SRC_HTTP_REPLY_H
#define SRC_HTTP_REPLY_H

#include <stdbool.h>

#include "lib/buf.h"

/* Seconds that a 429 or 503 asks to wait, as the header's value. */
#define HTTP_RETRY_AFTER "5"

/* The reason phrase; "Unknown" for a status that is not in the table. */
const char *http_status_text(unsigned status);

/* The last part of a problem's type that says no more than its status:
 * "unauthorized" for 401. "internal" when there is none. */
const char *http_status_type(unsigned status);

/* Adds text as the inside of a JSON string: quotes, backslashes and control
 * characters escaped, bytes that are not UTF-8 replaced by U+FFFD. */
void http_add_json_text(struct buf *out, const char *text);

/* Adds a problem document. errors_json is a JSON array, or NULL. */
void http_add_problem(struct buf *out, unsigned status, const char *type,
    const char *detail, const char *errors_json);

/* Adds a whole answer, from the status line on, that turns a request away
 * and ends its connection. date is the value of that header; allow is for
 * 405, or NULL; is_head leaves the body out. */
void http_add_refusal(struct buf *out, unsigned status, const char *detail,
    const char *allow, const char *date, bool is_head);

#endif
