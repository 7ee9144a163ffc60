/*
 * creds_gather.c - the credentials that the server works with, from the
 * places where they may be. In: what `start` was told, and the folder that a
 * service manager fills (systemd's LoadCredential=). Out: struct creds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creds.h"
#include "lib/file.h"

/* The path of a credential that the service manager passed, in out; *path
 * stays NULL without one. A blank one is how a unit says that it may be
 * missing. */
static bool
find_passed(const char *name, char *out, size_t size, const char **path,
    struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct buf text = BUF_INIT;
	bool there;

	if (folder == NULL || folder[0] != '/' ||
	    (size_t)snprintf(out, size, "%s/%s", folder, name) >= size)
		return true;
	if (!file_read_secret(out, CREDS_MAX_FILE, &text, &there, err))
		return false;
	if (there && strspn(buf_text(&text), " \t\r\n") < text.len)
		*path = out;
	file_wipe(&text);
	return true;
}

bool
creds_read_pass(struct creds *creds, const char *path, struct err *err)
{
	struct buf pass = BUF_INIT;
	size_t line;
	bool ok;

	if (!file_read_secret(path, CREDS_MAX_FILE, &pass, NULL, err))
		return false;
	line = strcspn(buf_text(&pass), "\r\n");
	ok = pass.len <= line + strspn(buf_text(&pass) + line, "\r\n") ||
	     err_set(err, ERR_INPUT, "%.200s holds more than one line", path);
	if (ok && pass.len > 0)
		pass.data[line] = '\0';
	ok = ok && creds_set(creds, "smtpPass", buf_text(&pass), err);
	file_wipe(&pass);
	return ok;
}

static bool
read_password(
    const struct settings *settings, struct creds *creds, struct err *err)
{
	char passed[4096];
	const char *path = settings->smtp_pass_file;

	if (path == NULL && settings->smtp_pass == NULL &&
	    !find_passed("smtpPass", passed, sizeof passed, &path, err))
		return false;
	return path == NULL || creds_read_pass(creds, path, err);
}

bool
creds_gather(
    const struct settings *settings, struct creds *out, struct err *err)
{
	char passed[4096];
	const char *path = NULL;
	bool there;

	*out = (struct creds)CREDS_INIT;
	if (!settings->creds_file_given &&
	    !find_passed("creds", passed, sizeof passed, &path, err))
		return false;
	if (path == NULL)
		path = settings->creds_file;
	if (creds_load_part(path, out, &there, err) &&
	    read_password(settings, out, err) &&
	    creds_override(out, settings, err)) {
		/* A password without a relay. */
		if (out->smtp_addr == NULL)
			creds_wipe(out);
		return true;
	}
	creds_wipe(out);
	return false;
}
