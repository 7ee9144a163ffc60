/*
 * cmd_change.c - the frame of the verbs that write. In: a command line. Out:
 * an open database, the time and who it is; an exit code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "cmd_change.h"
#include "creds.h"
#include "fact.h"
#include "lib/clock.h"
#include "settings.h"
#include "store.h"

int
cmd_change_run(const struct opt_values *values, cmd_change_fn *apply)
{
	struct err err = ERR_INIT;
	struct cmd_change change = {.values = values};
	struct clock clock;
	char *folder = NULL;
	int code = OPT_EXIT_DONE;

	if (!settings_clock(values, &clock, &err))
		return cmd_wrong(values, &err);
	folder = cmd_path(values, "dbFolder", &err);
	change.now = clock_secs(&clock);
	fact_operator(change.who, sizeof change.who);
	if (folder != NULL)
		change.db =
		    store_open_write(folder, STORE_CLI_BUSY_MS, NULL, &err);
	if (change.db == NULL || !apply(&change, &err))
		code = change.wrong ? cmd_wrong(values, &err)
				    : cmd_failed(values, &err);
	sql_close(change.db);
	free(folder);
	return code;
}

bool
cmd_change_text(const struct cmd_change *change, const char *flag, char *out,
    size_t size, struct err *err)
{
	const char *text = opt_get(change->values, flag);

	if (text == NULL)
		text = "";
	if (strlen(text) >= size)
		return err_set(err, ERR_INPUT, "--%s has more than %zu bytes",
		    flag, size - 1);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, ERR_INPUT,
			    "--%s has a control character", flag);
	memcpy(out, text, strlen(text) + 1);
	return true;
}

bool
cmd_change_check_addresses(const char *list, struct err *err)
{
	char copy[ACCOUNT_REPORT_TO_SIZE], *save, *one;

	snprintf(copy, sizeof copy, "%s", list);
	for (one = strtok_r(copy, ",", &save); one != NULL;
	     one = strtok_r(NULL, ",", &save))
		if (!creds_check_address(one + strspn(one, " "), err))
			return err_context(err, "--reportTo");
	return true;
}
