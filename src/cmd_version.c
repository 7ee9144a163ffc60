/*
 * cmd_version.c - `version` and `license`: what this program is and who may
 * use it. The text of the licence is the file COPYING, embedded by make.
 */
#include <stdio.h>

#include "cmd.h"
#include "license.inc" /* license_text */

static int
run_version(const struct opt_values *values, void *ctx)
{
	(void)values;
	(void)ctx;
	printf("%s %s\n", cmd_program.name, STAT_VERSION);
	return OPT_EXIT_DONE;
}

static int
run_license(const struct opt_values *values, void *ctx)
{
	(void)values;
	(void)ctx;
	fputs(license_text, stdout);
	return OPT_EXIT_DONE;
}

const struct opt_command cmd_version = {
    .path = "version",
    .summary = "Print the version",
    .run = run_version,
};

const struct opt_command cmd_license = {
    .path = "license",
    .summary = "Print the license",
    .run = run_license,
};
