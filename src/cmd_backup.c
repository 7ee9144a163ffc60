/*
 * cmd_backup.c - `backup`: a copy of the database beside the running server,
 * which goes first.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backup.h"
#include "cmd.h"
#include "settings.h"

static const struct opt_flag backup_flags[] = {
    {.name = "output",
	.letter = 'o',
	.type = OPT_STRING,
	.required = true,
	.help = "The file to write"},
    {.name = "force",
	.type = OPT_BOOL,
	.help = "Overwrite the file when it is there"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

/* Others come first, but not so much that a busy machine never ends it: the
 * write-ahead log grows meanwhile. That this is refused is no reason to stop.
 * The numbers are of ioprio_set(2): this process, class best effort, last. */
static void
stand_back(void)
{
	enum {
		WHO_PROCESS = 1,
		BEST_EFFORT_LAST = 2 << 13 | 7
	};

	(void)setpriority(PRIO_PROCESS, 0, 10);
	(void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT_LAST);
}

/* Signals that ask for an end wait until a step is done, so that half a copy
 * can be removed. */
static void
hold_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
}

static bool
go_on(void *ctx, struct err *err)
{
	sigset_t waiting;

	(void)ctx;
	sigpending(&waiting);
	return (!sigismember(&waiting, SIGINT) &&
		   !sigismember(&waiting, SIGTERM) &&
		   !sigismember(&waiting, SIGHUP)) ||
	       err_set(err, ERR_BUSY, "stopped by a signal");
}

static int
run_backup(const struct opt_values *values, void *ctx)
{
	struct backup_result result = {0};
	char head[FACT_HEAD_TEXT_SIZE];
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	char *path = folder != NULL ? cmd_path(values, "output", &err) : NULL;
	int code = OPT_EXIT_DONE;

	(void)ctx;
	stand_back();
	hold_signals();
	if (path == NULL || !backup_run(folder, path, opt_bool(values, "force"),
				go_on, NULL, &result, &err))
		code = cmd_failed(values, &err);
	else
		printf("ledger_head=%s facts=%lld size_bytes=%lld\n",
		    fact_format_head(result.head.hash, head),
		    (long long)result.head.seq, (long long)result.size_bytes);
	free(path);
	free(folder);
	return code;
}

const struct opt_command cmd_backup = {
    .path = "backup",
    .summary = "Copy the database while the server runs",
    .details =
	"One file of one state, durable and checked; prints the head of its\n"
	"ledger. `stat.flexfs verify --deep FILE` looks at all of it.",
    .flags = backup_flags,
    .run = run_backup,
};
