/*
 * cmd_table.h - what verbs print: rows of named cells, as --output asks for.
 *
 * A table is rows of the same columns: a line of name=value pairs each, an
 * array of JSON objects, or CSV with a header. A record is one thing with its
 * parts: its own members, then tables with names. In JSON it is one object
 * whose parts are arrays; as text each line of a part begins with its name;
 * as CSV a row is part, number of the row, member and value.
 */
#ifndef SRC_CMD_TABLE_H
#define SRC_CMD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/opt.h"
#include "lib/sql.h"

enum cmd_format {
	CMD_TEXT,
	CMD_JSON,
	CMD_CSV
};

/* Its fields belong to cmd_table.c. */
struct cmd_table {
	struct buf out; /* owned */
	enum cmd_format format;
	struct json_writer json;
	const char *const *columns; /* NULL-terminated; borrowed */
	size_t cell;		    /* of the row at hand */
	bool record;
	const char *part; /* borrowed; NULL: the record's own members */
	size_t row;	  /* of the part */
};

/* columns is borrowed until the end, or the next part. */
void cmd_table_begin(struct cmd_table *t, const struct opt_values *values,
    const char *const *columns);

/* A record begins with its own members, one row of columns; then parts. */
void cmd_table_begin_record(struct cmd_table *t,
    const struct opt_values *values, const char *const *columns);
void cmd_table_part(
    struct cmd_table *t, const char *name, const char *const *columns);

/* The cells of a row, in the order of the columns. */
void cmd_table_text(struct cmd_table *t, const char *value);
void cmd_table_int(struct cmd_table *t, int64_t value);
/* yes or no; in JSON true or false. */
void cmd_table_bool(struct cmd_table *t, bool yes);
/* Money and quantities, NULL if there is none: a string in JSON, too; in CSV
 * one below zero is no formula. */
void cmd_table_decimal(struct cmd_table *t, const char *value);
/* Bytes: in JSON a string where a number would be read inexactly. */
void cmd_table_size(struct cmd_table *t, int64_t bytes);
/* 0 is never: empty, and null in JSON. */
void cmd_table_time(struct cmd_table *t, int64_t at);
/* What is not there: empty, and null in JSON. */
void cmd_table_none(struct cmd_table *t);

/* For JSON the writer, to put whole rows (or members of a record) instead of
 * cells; NULL for the others. */
struct json_writer *cmd_table_json(struct cmd_table *t);

/* Prints it on standard output, if ok, and gives its memory back. */
bool cmd_table_end(struct cmd_table *t, bool ok, struct err *err);

/* Runs a verb that reads the database of --dbFolder; the exit code. */
typedef bool cmd_table_fn(
    const struct opt_values *values, struct sql *db, struct err *err);
int cmd_table_run(const struct opt_values *values, cmd_table_fn *print);

#endif
