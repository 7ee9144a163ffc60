/*
 * cmd_start.c - `start`: the server in the foreground, until SIGTERM; or a
 * look at the files that it would read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "config.h"
#include "creds.h"
#include "lib/log.h"
#include "lib/profile.h"
#include "server.h"
#include "server_reload.h"
#include "settings.h"

static int
print_sample(void)
{
	struct buf out = BUF_INIT;

	config_write_sample(&out);
	fputs(buf_text(&out), stdout);
	buf_fini(&out);
	return OPT_EXIT_DONE;
}

static int
check_files(const struct opt_values *values, const struct settings *settings)
{
	struct server_files files;
	struct err err = ERR_INIT;

	if (!server_reload_read(settings, false, &files, &err))
		return cmd_failed(values, &err);
	server_reload_fini(&files);
	puts("ok");
	return OPT_EXIT_DONE;
}

static int
run_server(const struct settings *settings)
{
	struct config config = {0};
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	bool there, ok;

	log_open(settings->verbose);
	ok = config_load(settings->config_file, &config, &there, &err) &&
	     creds_gather(settings, &creds, &err);
	config_override(&config, settings);
	ok = ok && server_run(settings, &config, &creds, &err);
	if (!ok)
		log_error("server.failed", "error=\"%s\"", err.text);
	creds_wipe(&creds);
	config_fini(&config);
	return ok ? OPT_EXIT_DONE : OPT_EXIT_FAILED;
}

/* A flag that cannot do anything here is a wrong one: whoever starts the
 * server again and again is to stop. */
static bool
can_profile(struct err *err)
{
	struct profile *profile = profile_open(err);

	profile_close(profile);
	return profile != NULL || err_context(err, "--pprof");
}

static int
run_start(const struct opt_values *values, void *ctx)
{
	struct settings settings = {0};
	struct err err = ERR_INIT;
	int code;

	(void)ctx;
	if (opt_bool(values, "sampleConfig"))
		return print_sample();
	if (!settings_from_opts(values, &settings, &err))
		return cmd_wrong(values, &err);
	if (settings.pprof && !can_profile(&err)) {
		settings_fini(&settings);
		return cmd_wrong(values, &err);
	}
	code = opt_bool(values, "checkConfig") ? check_files(values, &settings)
					       : run_server(&settings);
	settings_fini(&settings);
	return code;
}

const struct opt_command cmd_start = {
    .path = "start",
    .summary = "Run the server",
    .flags = settings_flags,
    .more = config_write_help,
    .run = run_start,
};
