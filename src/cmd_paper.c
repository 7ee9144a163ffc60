/*
 * cmd_paper.c - who bills. In: flags, the settings file, the credentials. Out:
 * lines of text. Owns nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_paper.h"

static bool
load_issuer(
    const struct opt_values *values, struct cmd_paper *out, struct err *err)
{
	struct creds creds = CREDS_INIT;
	char *path = cmd_path(values, "credsFile", err);
	bool there, ok;

	ok = path != NULL && creds_load(path, &creds, &there, err);
	if (ok) {
		out->issuer = creds_issuer(&creds);
		ok = out->issuer != NULL || err_nomem(err);
	}
	creds_wipe(&creds);
	free(path);
	return ok;
}

static bool
load_files(
    const struct opt_values *values, struct cmd_paper *out, struct err *err)
{
	char *path = cmd_path(values, "configFile", err);
	bool there, ok;

	ok = path != NULL && config_load(path, &out->config, &there, err);
	free(path);
	if (!ok)
		return false;
	if (out->payment == NULL && out->config.payment[0] != '\0')
		out->payment = out->config.payment;
	if (out->config.issuer[0] == '\0')
		return load_issuer(values, out, err);
	out->issuer = strdup(out->config.issuer);
	return out->issuer != NULL || err_nomem(err);
}

bool
cmd_paper_load(
    const struct opt_values *values, struct cmd_paper *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->payment = opt_get(values, "payment");
	if (!opt_given(values, "issuer"))
		return load_files(values, out, err);
	out->issuer = strdup(opt_get(values, "issuer"));
	return out->issuer != NULL || err_nomem(err);
}

void
cmd_paper_fini(struct cmd_paper *paper)
{
	free(paper->issuer);
	config_fini(&paper->config);
}
