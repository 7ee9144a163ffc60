/*
 * smtp_check.c - what can be said of a relay, an address and a message without
 * talking to anybody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_part.h"

enum {
	DEFAULT_PORT = 587,
	MIN_STEP_MS = 1000, /* libesmtp takes no less */
};

static const char plain_prefix[] = "plain:";

static bool
digits_only(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static bool
is_loopback_name(const char *host)
{
	return strcmp(host, "localhost") == 0 ||
	       (strncmp(host, "127.", 4) == 0 &&
		   host[strspn(host, "0123456789.")] == '\0');
}

static bool
split_address(const char *address, struct smtp_target *out, struct err *err)
{
	static const char host_chars[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789.-_";
	const char *colon;
	size_t len;
	long port = DEFAULT_PORT;

	memset(out, 0, sizeof *out);
	if (address == NULL || address[0] == '\0')
		return err_set(err, ERR_INPUT, "no SMTP relay is given");
	if (strncmp(address, plain_prefix, sizeof plain_prefix - 1) == 0) {
		out->plain = true;
		address += sizeof plain_prefix - 1;
	}
	len = strcspn(address, ":");
	colon = address + len;
	if (address[0] == '[' || (*colon == ':' && strchr(colon + 1, ':')))
		return err_set(err, ERR_INPUT,
		    "SMTP relay %.80s: give an IPv6 relay by its name",
		    address);
	if (len == 0 || len >= sizeof out->host ||
	    strspn(address, host_chars) != len)
		return err_set(err, ERR_INPUT,
		    "SMTP relay %.80s is not host:port", address);
	if (*colon == ':') {
		port = digits_only(colon + 1) && strlen(colon + 1) <= 5
			   ? strtol(colon + 1, NULL, 10)
			   : 0;
		if (port < 1 || port > UINT16_MAX)
			return err_set(err, ERR_INPUT,
			    "SMTP relay %.80s: the port is not 1 to 65535",
			    address);
	}
	memcpy(out->host, address, len);
	snprintf(out->port, sizeof out->port, "%u", (unsigned)(uint16_t)port);
	snprintf(out->name, sizeof out->name, "%s:%s", out->host, out->port);
	if (out->plain && !is_loopback_name(out->host))
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s is not on this machine: without "
		    "TLS only localhost is used",
		    out->name);
	return true;
}

bool
smtp_check_login(const struct smtp_relay *relay)
{
	return relay->user != NULL && relay->user[0] != '\0';
}

static bool
check_credentials(const struct smtp_relay *relay,
    const struct smtp_target *target, struct err *err)
{
	if (!smtp_check_login(relay))
		return true;
	if (target->plain)
		return err_set(err, ERR_INPUT,
		    "SMTP relay plain:%s takes no user: without TLS nobody "
		    "logs in",
		    target->name);
	if (relay->pass == NULL || relay->pass[0] == '\0')
		return err_set(err, ERR_INPUT,
		    "no password is set for SMTP user '%.80s'", relay->user);
	/* libesmtp copies both into 513 bytes without looking. */
	if (strlen(relay->user) > SMTP_MAX_CREDENTIAL)
		return err_set(err, ERR_INPUT,
		    "the SMTP user is longer than %d bytes",
		    SMTP_MAX_CREDENTIAL);
	if (strlen(relay->pass) > SMTP_MAX_CREDENTIAL)
		return err_set(err, ERR_INPUT,
		    "the SMTP password is longer than %d bytes",
		    SMTP_MAX_CREDENTIAL);
	return true;
}

bool
smtp_check_relay(
    const struct smtp_relay *relay, struct smtp_target *target, struct err *err)
{
	const char *p;

	if (!split_address(relay->address, target, err) ||
	    !check_credentials(relay, target, err))
		return false;
	for (p = relay->helo != NULL ? relay->helo : ""; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || p - relay->helo >= SMTP_HOST_SIZE)
			return err_set(err, ERR_INPUT,
			    "the name for SMTP's EHLO is not a host name");
	if (relay->step_ms != 0 && relay->step_ms < MIN_STEP_MS)
		return err_set(err, ERR_INPUT,
		    "SMTP needs at least %d ms for a step", MIN_STEP_MS);
	return true;
}

bool
smtp_relay_check(const struct smtp_relay *relay, struct err *err)
{
	struct smtp_target target;

	return smtp_check_relay(relay, &target, err);
}

bool
smtp_address_ok(const char *address)
{
	const char *at = strrchr(address, '@');
	const char *p;

	if (at == NULL || at == address || at[1] == '\0' || at - address > 64 ||
	    strlen(address) > SMTP_MAX_ADDRESS)
		return false;
	for (p = address; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>\\\",;:()", *p) != NULL)
			return false;
	return true;
}

static bool
check_line(const char *line, size_t len, size_t number, struct err *err)
{
	size_t i;

	if (len > SMTP_MAX_LINE)
		return err_set(err, ERR_INPUT,
		    "the message's line %zu is longer than %d bytes", number,
		    SMTP_MAX_LINE);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c == '\0' || c == '\r' || c > 127)
			return err_set(err, ERR_INPUT,
			    "the message's line %zu holds a byte %02x: encode "
			    "it",
			    number, c);
	}
	return true;
}

/* A line that ends in anything but CRLF could end the message early and make
 * the rest of it SMTP commands; without an empty line the body would become
 * header. */
bool
smtp_check_message(const char *message, size_t len, struct err *err)
{
	const char *end = message + len, *line = message, *nl;
	bool has_body = false;
	size_t number = 0;

	while (line < end) {
		number++;
		nl = memchr(line, '\n', (size_t)(end - line));
		if (nl == NULL || nl == line || nl[-1] != '\r')
			return err_set(err, ERR_INPUT,
			    "the message's line %zu does not end in CRLF",
			    number);
		if (!check_line(line, (size_t)(nl - 1 - line), number, err))
			return false;
		if (nl - 1 == line && number > 1)
			has_body = true;
		line = nl + 1;
	}
	if (!has_body)
		return err_set(err, ERR_INPUT,
		    "the message has no header with an empty line after it");
	return true;
}
