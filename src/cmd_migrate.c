/*
 * cmd_migrate.c - `migrate`: brings the database's schema up to date, or
 * says what it would do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "settings.h"
#include "store.h"

static const struct opt_flag migrate_flags[] = {
    {.name = "dryRun",
	.type = OPT_BOOL,
	.help = "Only say which steps are missing"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static void
print_step(void *ctx, int version, const char *name)
{
	const bool *dry_run = ctx;

	printf("%s %03d-%s\n", *dry_run ? "would apply" : "applying", version,
	    name);
}

static bool
migrate(const char *folder, bool dry_run, struct err *err)
{
	struct sql *db;
	int version;
	bool ok;

	if (!store_check(folder, err))
		return false;
	db = store_open_plain(folder, err);
	if (db == NULL)
		return false;
	ok = store_schema(db, &version, err);
	if (ok && version == store_schema_wanted())
		printf("schema %d is current\n", version);
	ok = ok && store_migrate(db, dry_run, print_step, &dry_run, err);
	sql_close(db);
	return ok;
}

static int
run_migrate(const struct opt_values *values, void *ctx)
{
	struct err err = ERR_INIT;
	char *folder = cmd_path(values, "dbFolder", &err);
	int code = OPT_EXIT_DONE;

	(void)ctx;
	if (folder == NULL ||
	    !migrate(folder, opt_bool(values, "dryRun"), &err))
		code = cmd_failed(values, &err);
	free(folder);
	return code;
}

const struct opt_command cmd_migrate = {
    .path = "migrate",
    .summary = "Bring the database's schema up to date",
    .details =
	"The server does the same at its start. Each step is one transaction;\n"
	"a database of a newer program is refused untouched.",
    .flags = migrate_flags,
    .run = run_migrate,
};
