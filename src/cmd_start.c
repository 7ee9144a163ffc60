/*
 * cmd_start.c - `start`: the server in the foreground, until SIGTERM.
 */
#include <stdlib.h>

#include "cmd.h"
#include "creds.h"
#include "lib/log.h"
#include "server.h"
#include "settings.h"

static int
run_start(const struct opt_values *values, void *ctx)
{
	struct settings settings = {0};
	struct creds creds = CREDS_INIT;
	struct err err = ERR_INIT;
	bool there, ok;

	(void)ctx;
	if (!settings_from_opts(values, &settings, &err))
		return cmd_wrong(values, &err);
	log_open(settings.verbose);
	ok = creds_load(settings.creds_file, &creds, &there, &err) &&
	     creds_override(&creds, &settings, &err) &&
	     server_run(&settings, &creds, &err);
	if (!ok)
		log_error("server.failed", "error=\"%s\"", err.text);
	creds_wipe(&creds);
	settings_fini(&settings);
	return ok ? OPT_EXIT_DONE : OPT_EXIT_FAILED;
}

const struct opt_command cmd_start = {
    .path = "start",
    .summary = "Run the server",
    .flags = settings_flags,
    .run = run_start,
};
