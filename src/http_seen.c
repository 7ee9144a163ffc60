/*
 * http_seen.c - what is said and counted of a request. In: a request that was
 * answered. Out: a debug line. Owns nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "http.h"
#include "lib/log.h"

const char *
http_method_known(const char *method)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS", "TRACE"};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i], method) == 0)
			return known[i];
	return HTTP_METHOD_OTHER;
}

void
http_log_seen(
    const struct http_seen *seen, const char *pattern, const char *who)
{
	log_debug("http.request",
	    "id=%" PRIu64 " who=\"%s\" peer=%s method=%s path=\"%s\" status=%u "
	    "bytes=%zu ms=%" PRId64 ".%03" PRId64,
	    seen->id, who, seen->peer, http_method_known(seen->method),
	    pattern != NULL ? pattern : "-", seen->status, seen->body_bytes,
	    seen->micros / 1000, seen->micros % 1000);
}
