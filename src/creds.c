/*
 * creds.c - credentials in and out of their file, every value checked on the
 * way in, whether it comes from the file or from a flag.
 *
 * The checks are strict because these strings become SMTP commands and mail
 * headers: libesmtp passes on what it is given, line ends included.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/opt.h"
#include "lib/toml.h"
#include "creds.h"

enum {
	MAX_LOCAL_PART = 64,
	MAX_NAME = 255
}; /* RFC 5321, 4.5.3.1.1 */

static void
wipe_string(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
wipe_to(struct creds *creds)
{
	size_t i;

	for (i = 0; i < creds->smtp_to_count; i++)
		wipe_string(creds->smtp_to[i]);
	free(creds->smtp_to);
	creds->smtp_to = NULL;
	creds->smtp_to_count = 0;
}

void
creds_wipe(struct creds *creds)
{
	wipe_string(creds->smtp_addr);
	wipe_string(creds->smtp_from);
	wipe_to(creds);
	wipe_string(creds->smtp_user);
	wipe_string(creds->smtp_pass);
	wipe_string(creds->smtp_ca);
	*creds = (struct creds)CREDS_INIT;
}

/* --- checks -------------------------------------------------------------- */
static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* Text that may stand in the file and in an SMTP line; it is not repeated in
 * the message, since it may be a secret or be made to garble a terminal. */
static bool
check_text(const char *text, struct err *err)
{
	if (has_control(text))
		return err_set(
		    err, ERR_INPUT, "control characters are not allowed");
	if (!toml_is_utf8(text))
		return err_set(err, ERR_INPUT, "this is not valid UTF-8");
	return true;
}

/* atext and dots (RFC 5322, 3.2.3); each dot between two others. */
static bool
is_local_part(const char *text, size_t len)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$%&'*+-/=?^_`{|}~.";

	return len > 0 && len <= MAX_LOCAL_PART && strspn(text, atext) >= len &&
	       text[0] != '.' && text[len - 1] != '.' &&
	       memmem(text, len, "..", 2) == NULL;
}

/* Labels of letters, digits and hyphens (RFC 5321, 2.3.5). */
static bool
is_domain(const char *text)
{
	static const char label_chars[] = "abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-";
	size_t len;

	for (;; text += len + 1) {
		len = strspn(text, label_chars);
		if (len == 0 || len > 63 || text[0] == '-' ||
		    text[len - 1] == '-')
			return false;
		if (text[len] == '\0')
			return true;
		if (text[len] != '.')
			return false;
	}
}

bool
creds_check_address(const char *text, struct err *err)
{
	const char *at = strrchr(text, '@');

	if (!check_text(text, err))
		return false;
	if (text[0] == '\0')
		return err_set(err, ERR_INPUT, "a mail address is empty");
	if (at == NULL)
		return err_set(err, ERR_INPUT,
		    "\"%.100s\" is no mail address: it has no @", text);
	if (strlen(text) > CREDS_MAX_ADDRESS)
		return err_set(err, ERR_INPUT,
		    "\"%.60s..\" is longer than %d characters", text,
		    CREDS_MAX_ADDRESS);
	if (!is_local_part(text, (size_t)(at - text)))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\" is no mail address: the part before @ is empty "
		    "or has characters that relays refuse",
		    text);
	if (!is_domain(at + 1))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\" is no mail address: the part behind @ is no "
		    "domain name",
		    text);
	return true;
}

/* Parts "Name <a@b>" or "a@b"; both are of memory of their own. */
static bool
split_from(const char *from, char **name, char **address)
{
	const char *open = strchr(from, '<');
	size_t len = strlen(from), name_len;

	if (open == NULL || from[len - 1] != '>') {
		*name = strdup("");
		*address = strdup(from);
	} else {
		for (name_len = (size_t)(open - from);
		     name_len > 0 && from[name_len - 1] == ' '; name_len--)
			;
		if (name_len >= 2 && from[0] == '"' &&
		    from[name_len - 1] == '"')
			*name = strndup(from + 1, name_len - 2);
		else
			*name = strndup(from, name_len);
		*address = strndup(open + 1, len - (size_t)(open - from) - 2);
	}
	return *name != NULL && *address != NULL;
}

static bool
check_from(const char *from, struct err *err)
{
	char *name = NULL, *address = NULL;
	bool ok;

	if (!check_text(from, err))
		return false;
	if (!split_from(from, &name, &address))
		ok = err_nomem(err);
	else if (strlen(name) > MAX_NAME)
		ok = err_set(err, ERR_INPUT,
		    "the sender's name is longer than %d bytes", MAX_NAME);
	else if (strpbrk(name, "\"\\>") != NULL)
		ok = err_set(err, ERR_INPUT,
		    "the sender's name cannot hold quotes, backslashes or >");
	else
		ok = creds_check_address(address, err);
	free(name);
	free(address);
	return ok;
}

static bool
is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 &&
		   ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET);
}

static bool
parse_port(const char *text, uint16_t *port)
{
	size_t len = strlen(text);
	long n;

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	n = strtol(text, NULL, 10);
	*port = (uint16_t)n;
	return n > 0 && n <= UINT16_MAX;
}

bool
creds_parse_relay(const char *addr, struct creds_relay *out, struct err *err)
{
	const char *host = addr, *colon;
	size_t len;

	if (!check_text(addr, err))
		return false;
	out->plain = strncmp(addr, "plain:", 6) == 0;
	host += out->plain ? 6 : 0;
	colon = strchr(host, ':');
	len = colon != NULL ? (size_t)(colon - host) : strlen(host);
	if (host[0] == '[' || (colon != NULL && strchr(colon + 1, ':') != NULL))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\": an IPv6 address cannot be used here, give a "
		    "host name",
		    addr);
	out->port = CREDS_DEFAULT_PORT;
	if (colon != NULL && !parse_port(colon + 1, &out->port))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\": the port is a number from 1 to 65535", addr);
	if (len >= sizeof out->host)
		return err_set(err, ERR_INPUT, "the host name is too long");
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	if (!is_domain(out->host))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\" is no host and port such as "
		    "mail.example.com:587",
		    addr);
	if (out->plain && !is_loopback(out->host))
		return err_set(err, ERR_INPUT,
		    "\"%.100s\": plain: sends without TLS and is only for a "
		    "relay on this machine (localhost)",
		    addr);
	return true;
}

static bool
check_addr(const char *addr, struct err *err)
{
	struct creds_relay relay;

	return creds_parse_relay(addr, &relay, err);
}

static bool
check_secret(const char *text, struct err *err)
{
	if (strlen(text) > CREDS_MAX_SECRET)
		return err_set(
		    err, ERR_INPUT, "more than %d bytes", CREDS_MAX_SECRET);
	return check_text(text, err);
}

static bool
check_ca(const char *path, struct err *err)
{
	if (path[0] != '\0' && path[0] != '/')
		return err_set(err, ERR_INPUT,
		    "a whole path, beginning with /, is needed");
	return check_text(path, err);
}

/* --- values -------------------------------------------------------------- */
/* The values that are one string, in the order of the file. */
static const struct field {
	const char *name;
	size_t offset; /* of a char * in struct creds */
	bool (*check)(const char *value, struct err *err);
	const char *preset;
} fields[] = {
    {"smtpAddr", offsetof(struct creds, smtp_addr), check_addr,
	CREDS_DEFAULT_ADDR},
    {"smtpFrom", offsetof(struct creds, smtp_from), check_from,
	CREDS_DEFAULT_FROM},
    {"smtpUser", offsetof(struct creds, smtp_user), check_secret, ""},
    {"smtpPass", offsetof(struct creds, smtp_pass), check_secret, ""},
    {"smtpCA", offsetof(struct creds, smtp_ca), check_ca, ""},
};

enum {
	FIELDS = sizeof fields / sizeof *fields
};

static const struct field *
find_field(const char *name)
{
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

static char **
slot_of(struct creds *creds, const struct field *field)
{
	return (char **)(void *)((char *)creds + field->offset);
}

static const char *
text_of(const struct creds *creds, const struct field *field)
{
	return *(
	    char *const *)(const void *)((const char *)creds + field->offset);
}

static bool
replace(char **slot, const char *value, struct err *err)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return err_nomem(err);
	wipe_string(*slot);
	*slot = copy;
	return true;
}

/* Adds one recipient; one that is there already is not added again. */
static bool
add_to(struct creds *creds, const char *address, struct err *err)
{
	char **list;
	size_t i;

	if (!creds_check_address(address, err))
		return false;
	for (i = 0; i < creds->smtp_to_count; i++) {
		if (strcmp(creds->smtp_to[i], address) == 0)
			return true;
	}
	if (creds->smtp_to_count == CREDS_MAX_TO)
		return err_set(err, ERR_INPUT,
		    "more than %d recipients; give the address of a mailing "
		    "list",
		    CREDS_MAX_TO);
	list = reallocarray(
	    creds->smtp_to, creds->smtp_to_count + 1, sizeof *list);
	if (list == NULL)
		return err_nomem(err);
	creds->smtp_to = list;
	list[creds->smtp_to_count] = strdup(address);
	if (list[creds->smtp_to_count] == NULL)
		return err_nomem(err);
	creds->smtp_to_count++;
	return true;
}

/* "a@b, c@d" */
static bool
add_to_list(struct creds *creds, const char *list, struct err *err)
{
	size_t len, used;
	char *address;
	bool ok;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		used = strspn(list, " ");
		used = used < len ? used : len;
		address = strndup(list + used, len - used);
		if (address == NULL)
			return err_nomem(err);
		for (used = strlen(address);
		     used > 0 && address[used - 1] == ' '; used--)
			address[used - 1] = '\0';
		ok = add_to(creds, address, err);
		free(address);
		if (!ok || list[len] == '\0')
			return ok;
	}
}

static bool
set_to(struct creds *creds, const char *list, struct err *err)
{
	struct creds fresh = CREDS_INIT;

	if (!add_to_list(&fresh, list, err)) {
		wipe_to(&fresh);
		return false;
	}
	wipe_to(creds);
	creds->smtp_to = fresh.smtp_to;
	creds->smtp_to_count = fresh.smtp_to_count;
	return true;
}

bool
creds_set(
    struct creds *creds, const char *name, const char *value, struct err *err)
{
	const struct field *field = find_field(name);
	bool ok;

	if (strcmp(name, "smtpTo") == 0)
		ok = set_to(creds, value, err);
	else if (field == NULL)
		return err_set(
		    err, ERR_INPUT, "%.60s is no name of a credential", name);
	else
		ok = field->check(value, err) &&
		     replace(slot_of(creds, field), value, err);
	return ok || err_context(err, "%s", name);
}

char *
creds_sender_address(const struct creds *creds)
{
	char *name = NULL, *address = NULL;

	split_from(creds->smtp_from, &name, &address);
	free(name);
	return address;
}

char *
creds_sender_name(const struct creds *creds)
{
	char *name = NULL, *address = NULL;

	split_from(creds->smtp_from, &name, &address);
	free(address);
	return name;
}

char *
creds_issuer(const struct creds *creds)
{
	char *name = NULL, *address = NULL;

	split_from(
	    creds->smtp_from != NULL ? creds->smtp_from : CREDS_DEFAULT_FROM,
	    &name, &address);
	if (name == NULL || name[0] == '\0') {
		free(name);
		return address;
	}
	free(address);
	return name;
}

static bool
fill_defaults(struct creds *creds, struct err *err)
{
	char *address, **slot;
	size_t i;
	bool ok;

	for (i = 0; i < FIELDS; i++) {
		slot = slot_of(creds, &fields[i]);
		if (*slot == NULL && !replace(slot, fields[i].preset, err))
			return false;
	}
	if (creds->smtp_to_count > 0)
		return true;
	address = creds_sender_address(creds);
	ok = address != NULL ? add_to(creds, address, err) : err_nomem(err);
	free(address);
	return ok;
}

bool
creds_complete(struct creds *creds, struct err *err)
{
	struct creds_relay relay;

	if (!fill_defaults(creds, err) ||
	    !creds_parse_relay(creds->smtp_addr, &relay, err))
		return false;
	if (relay.plain && creds->smtp_user[0] != '\0')
		return err_set(err, ERR_INPUT,
		    "smtpAddr with plain: sends no password; leave smtpUser "
		    "out");
	if (creds->smtp_user[0] != '\0' && creds->smtp_pass[0] == '\0')
		return err_set(err, ERR_INPUT, "smtpUser needs smtpPass");
	return true;
}

bool
creds_override(
    struct creds *creds, const struct settings *settings, struct err *err)
{
	const struct {
		const char *name, *value;
	} flags[] = {
	    {"smtpAddr", settings->smtp_addr},
	    {"smtpFrom", settings->smtp_from},
	    {"smtpTo", settings->smtp_to},
	    {"smtpUser", settings->smtp_user},
	    {"smtpPass", settings->smtp_pass},
	};
	bool any = creds->smtp_addr != NULL;
	size_t i;

	for (i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (flags[i].value == NULL)
			continue;
		/* A password says nothing of a relay. */
		any = any || flags[i].value != settings->smtp_pass;
		if (!creds_set(creds, flags[i].name, flags[i].value, err))
			return false;
	}
	return !any || creds_complete(creds, err);
}

/* --- the file ------------------------------------------------------------ */
static bool
refuse_name(const char *name, struct err *err)
{
	const char *names[FIELDS + 2];
	const char *near;
	size_t i;

	for (i = 0; i < FIELDS; i++)
		names[i] = fields[i].name;
	names[FIELDS] = "smtpTo";
	names[FIELDS + 1] = NULL;
	near = opt_nearest(name, names);
	if (near != NULL)
		return err_set(err, ERR_INPUT,
		    "unknown name %.60s; did you mean %s?", name, near);
	return err_set(err, ERR_INPUT, "unknown name %.60s", name);
}

/* smtpTo = ["a@b", ..] */
static bool
take_to(struct creds *creds, const struct toml_value *array, struct err *err)
{
	size_t i;

	for (i = 0; i < array->count; i++) {
		if (array->items[i].type != TOML_STRING)
			return err_set(
			    err, ERR_INPUT, "smtpTo is an array of strings");
		if (!add_to(creds, array->items[i].string, err))
			return err_context(err, "smtpTo");
	}
	return true;
}

static bool
take_pair(struct creds *creds, const struct toml_pair *pair, struct err *err)
{
	if (strcmp(pair->key, "smtpTo") == 0 && pair->value.type == TOML_ARRAY)
		return take_to(creds, &pair->value, err);
	if (strcmp(pair->key, "smtpTo") != 0 && find_field(pair->key) == NULL)
		return refuse_name(pair->key, err);
	if (pair->value.type != TOML_STRING)
		return err_set(err, ERR_INPUT,
		    "%s is a string in quotes, not of type %s", pair->key,
		    toml_type_name(pair->value.type));
	return creds_set(creds, pair->key, pair->value.string, err);
}

static bool
take_toml(const char *name, const struct toml *toml, struct creds *out,
    struct err *err)
{
	const struct toml_table *top = toml_find(toml, "");
	size_t i;

	if (toml->count > 1)
		return err_set(err, ERR_INPUT,
		    "%.200s:%u: there are no tables in this file", name,
		    toml->tables[1].line);
	for (i = 0; i < top->count; i++) {
		if (!take_pair(out, &top->pairs[i], err))
			return err_context(
			    err, "%.200s:%u", name, top->pairs[i].value.line);
	}
	return fill_defaults(out, err);
}

static bool
parse(const char *name, const char *text, size_t len, bool whole,
    struct creds *out, struct err *err)
{
	struct toml toml;
	bool ok;

	*out = (struct creds)CREDS_INIT;
	if (!toml_parse(name, text, len, &toml, err))
		return false;
	ok = take_toml(name, &toml, out, err);
	if (ok && whole)
		ok = creds_complete(out, err) ||
		     err_context(err, "%.200s", name);
	if (!ok)
		creds_wipe(out);
	toml_fini(&toml);
	return ok;
}

bool
creds_parse(const char *name, const char *text, size_t len, struct creds *out,
    struct err *err)
{
	return parse(name, text, len, true, out, err);
}

static bool
load(const char *path, bool whole, struct creds *out, bool *there,
    struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok;

	*out = (struct creds)CREDS_INIT;
	if (!file_read_secret(path, CREDS_MAX_FILE, &text, there, err))
		return false;
	ok = !*there || parse(path, buf_text(&text), text.len, whole, out, err);
	file_wipe(&text);
	return ok;
}

bool
creds_load(const char *path, struct creds *out, bool *there, struct err *err)
{
	return load(path, true, out, there, err);
}

bool
creds_load_part(
    const char *path, struct creds *out, bool *there, struct err *err)
{
	return load(path, false, out, there, err);
}

void
creds_write_toml(struct buf *out, const struct creds *creds)
{
	size_t i;

	/* More than it can be, so that the buffer does not move and leave a
	 * copy of the password behind. */
	buf_reserve(out, CREDS_MAX_FILE);
	for (i = 0; i < FIELDS; i++) {
		if (text_of(creds, &fields[i])[0] == '\0')
			continue;
		buf_printf(out, "%s = ", fields[i].name);
		toml_write_string(out, text_of(creds, &fields[i]));
		buf_char(out, '\n');
	}
	buf_str(out, "smtpTo = [");
	for (i = 0; i < creds->smtp_to_count; i++) {
		buf_str(out, i > 0 ? ",\n    " : "\n    ");
		toml_write_string(out, creds->smtp_to[i]);
	}
	buf_str(out, ",\n]\n");
}

bool
creds_save(
    const char *path, const struct creds *creds, bool force, struct err *err)
{
	struct buf text = BUF_INIT;
	char *folder = file_folder_of(path);
	bool ok = false;

	creds_write_toml(&text, creds);
	if (folder == NULL || text.failed)
		err_nomem(err);
	else
		ok = file_make_folder(folder, 0700, err) &&
		     file_write_whole(
			 path, text.data, text.len, 0600, force, err) &&
		     file_check_secret(path, err);
	file_wipe(&text);
	free(folder);
	return ok;
}
