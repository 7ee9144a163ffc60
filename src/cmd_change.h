/*
 * cmd_change.h - what verbs share that change rows in short transactions
 * beside the running server.
 */
#ifndef SRC_CMD_CHANGE_H
#define SRC_CMD_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/opt.h"
#include "lib/sql.h"

struct cmd_change {
	const struct opt_values *values; /* borrowed */
	struct sql *db;			 /* owned by cmd_change_run */
	int64_t now;
	char who[96]; /* "operator:NAME" of the user */
	bool wrong;   /* set it when the command line is to blame: exit 2 */
};

typedef bool cmd_change_fn(struct cmd_change *change, struct err *err);

/* Opens the database of --dbFolder and applies the change; the exit code. */
int cmd_change_run(const struct opt_values *values, cmd_change_fn *apply);

/* The text of a flag (absent: ""), without control characters. */
bool cmd_change_text(const struct cmd_change *change, const char *flag,
    char *out, size_t size, struct err *err);

/* Whether the addresses of --reportTo, "a@x.test,b@x.test", are some. */
bool cmd_change_check_addresses(const char *list, struct err *err);

#endif
