/*
 * server_reload.c - the files of server_reload.h. In: paths. Out: checked
 * values. Owns nothing.
 */
#include <string.h>

#include "lib/file.h"
#include "server_reload.h"

void
server_reload_fini(struct server_files *files)
{
	config_fini(&files->config);
	creds_wipe(&files->creds);
	tls_server_free(files->tls);
	jws_key_free(files->grant_key);
	memset(files, 0, sizeof *files);
}

static bool
read_config(const struct settings *s, bool again, struct server_files *out,
    struct err *err)
{
	bool there;

	if (again && file_is_stream(s->config_file))
		return true;
	if (!config_load(s->config_file, &out->config, &there, err))
		return false;
	config_override(&out->config, s);
	out->has_config = true;
	return true;
}

static bool
read_creds(const struct settings *s, bool again, struct server_files *out,
    struct err *err)
{
	if (again && (file_is_stream(s->creds_file) ||
			 (s->smtp_pass_file != NULL &&
			     file_is_stream(s->smtp_pass_file))))
		return true;
	out->has_creds = creds_gather(s, &out->creds, err);
	return out->has_creds;
}

static bool
read_tls(const struct settings *s, bool again, struct server_files *out,
    struct err *err)
{
	if (s->no_ssl || (!again && !file_exists(s->ssl_cert)))
		return true;
	if (!file_check_secret(s->ssl_key, err))
		return false;
	out->tls = tls_server_open(s->ssl_cert, s->ssl_key, err);
	return out->tls != NULL;
}

bool
server_reload_read(const struct settings *settings, bool again,
    struct server_files *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (read_config(settings, again, out, err) &&
	    read_creds(settings, again, out, err) &&
	    read_tls(settings, again, out, err) &&
	    grant_load_key(settings->key_folder, &out->grant_key, err))
		return true;
	server_reload_fini(out);
	return false;
}
