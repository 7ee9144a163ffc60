/*
 * openapi.c - the description of all routes. In: the file, at build time. Out:
 * the same bytes, or word that they are known.
 */
#include <stdio.h>
#include <string.h>

#include "lib/tls.h"
#include "openapi.h"

#include "openapi.inc"

enum {
	TAG_BYTES = 16,
	TAG_SIZE = 2 * TAG_BYTES + 3,
};

static void
make_tag(char out[TAG_SIZE])
{
	uint8_t hash[TLS_SHA256_BYTES];
	char *p = out;

	tls_sha256(openapi_text, strlen(openapi_text), hash);
	*p++ = '"';
	for (size_t i = 0; i < TAG_BYTES; i++)
		p += snprintf(p, 3, "%02x", hash[i]);
	*p++ = '"';
	*p = '\0';
}

void
openapi_reply(struct http_request *req)
{
	const char *match = http_header(req, "If-None-Match");
	char tag[TAG_SIZE];

	make_tag(tag);
	http_reply_header(req, "ETag", tag);
	if (match != NULL && (strcmp(match, "*") == 0 || strstr(match, tag)))
		http_reply(req, 304, NULL, "", 0);
	else
		http_reply(req, 200, "application/json", openapi_text,
		    strlen(openapi_text));
}
