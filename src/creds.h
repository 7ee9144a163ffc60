/*
 * creds.h - how mail leaves: the SMTP relay, its user and password, sender
 * and default recipients.
 *
 * Kept as a TOML file with the names of the flags of `init creds` (smtpAddr,
 * smtpFrom, smtpTo = ["a@b", ..], smtpUser, smtpPass, smtpCA), 0600 in a
 * 0700 folder. A name that is missing has its default. The password is wiped
 * from every memory this module gives back, and is in no message.
 */
#ifndef SRC_CREDS_H
#define SRC_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "settings.h"

#define CREDS_DEFAULT_ADDR "email-smtp.us-east-1.amazonaws.com:587"
#define CREDS_DEFAULT_FROM "flexFS Service <no-reply@ses.flexfs.io>"

enum {
	CREDS_MAX_FILE = 65536,	  /* bytes of the file */
	CREDS_MAX_SECRET = 255,	  /* user, password: libesmtp's buffers */
	CREDS_MAX_TO = 100,	  /* recipients */
	CREDS_MAX_ADDRESS = 254,  /* a@b; RFC 5321, 4.5.3.1.3 less "<>" */
	CREDS_HOST_SIZE = 254,	  /* a host name with its NUL */
	CREDS_DEFAULT_PORT = 587, /* submission, RFC 6409 */
};

/* The zero value is empty; every string is owned, NULL while not set. */
struct creds {
	char *smtp_addr; /* as given: [plain:]host[:port] */
	char *smtp_from; /* a@b or Name <a@b> */
	char **smtp_to;	 /* addresses a@b */
	size_t smtp_to_count;
	char *smtp_user; /* "": no authentication */
	char *smtp_pass;
	char *smtp_ca; /* file of trusted certificates; "": the system's */
};

#define CREDS_INIT \
	{          \
		0  \
	}

/* What smtp_addr says. */
struct creds_relay {
	char host[CREDS_HOST_SIZE];
	uint16_t port;
	bool plain; /* neither TLS nor AUTH: a relay on this very machine */
};

/*
 * Reads path into *out, defaults filled in. A file that is missing is no
 * error: *there is false and out empty. Refused with ERR_INPUT: a file that
 * others can read (lib/file.h), one that is no TOML of this kind, a value
 * that is not good.
 */
bool creds_load(
    const char *path, struct creds *out, bool *there, struct err *err);

/* As creds_load, before what only the whole shows is checked: the password
 * may come from elsewhere. */
bool creds_load_part(
    const char *path, struct creds *out, bool *there, struct err *err);

/* As creds_load for text in memory; name begins the messages. */
bool creds_parse(const char *name, const char *text, size_t len,
    struct creds *out, struct err *err);

/* Sets one value by its flag's name ("smtpTo": a comma-separated list);
 * ERR_INPUT says what is wrong with it and leaves the old one. */
bool creds_set(
    struct creds *creds, const char *name, const char *value, struct err *err);

/* What start was told counts over the file; then as creds_complete. Empty
 * creds stay empty when start was told nothing: there is no relay. */
bool creds_override(
    struct creds *creds, const struct settings *settings, struct err *err);

/*
 * All that `start` is told of the relay, from the least to what counts over
 * it: the credentials file, the flags, and the password of --smtpPassFile.
 * A service manager's folder of credentials ($CREDENTIALS_DIRECTORY) may have
 * two files: "creds" takes the place of the default credentials file, and
 * "smtpPass" that of --smtpPassFile; a blank one counts as missing. Without
 * any of these out is empty: there is no relay. A password alone makes none.
 */
bool creds_gather(
    const struct settings *settings, struct creds *out, struct err *err);

/* Sets smtpPass to the only line of a file that others cannot read; an empty
 * file gives an empty password. */
bool creds_read_pass(struct creds *creds, const char *path, struct err *err);

/* Fills in defaults: smtpTo is the address of smtpFrom; then checks what
 * only the whole shows: a user needs a password, plain: takes neither. */
bool creds_complete(struct creds *creds, struct err *err);

/* Writes the file (0600) and the folders that are missing (0700). Without
 * force a file that is there stays and is ERR_INPUT. */
bool creds_save(
    const char *path, const struct creds *creds, bool force, struct err *err);

/* The text of the file, password included: file_wipe the buffer. */
void creds_write_toml(struct buf *out, const struct creds *creds);

/* Wipes and frees; the value is empty again. */
void creds_wipe(struct creds *creds);

/* Parts of smtpAddr. */
bool creds_parse_relay(
    const char *addr, struct creds_relay *out, struct err *err);

/* Whether text is a mail address a@b that every relay takes (ASCII, no
 * quotes, no comments); ERR_INPUT says what is wrong. */
bool creds_check_address(const char *text, struct err *err);

/* The a@b of smtpFrom, without its name: yours, or NULL without memory. */
char *creds_sender_address(const struct creds *creds);

/* The name in front of it, less surrounding quotes; "" when there is none. */
char *creds_sender_name(const struct creds *creds);

/* Who bills unless it is said: the sender by name or else by address, of empty
 * creds the default one. Yours, or NULL without memory. */
char *creds_issuer(const struct creds *creds);

#endif
