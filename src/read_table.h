/*
 * read_table.h - what the functions of read.h answer: rows of named cells as
 * JSON or CSV, by the page where there may be many.
 *
 * JSON is {"NAME":[{..},..],"next":"CURSOR"}, next null behind the last page;
 * CSV has a header line and no cursor. Either has the header Link, rel="next",
 * while there is more. A cursor says behind which row to go on, and nothing of
 * whether that row is still there.
 */
#ifndef SRC_READ_TABLE_H
#define SRC_READ_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "read.h"

enum {
	READ_PAGE = 100,      /* rows of a page unless limit= says so */
	READ_MAX_PAGE = 1000, /* and at most */
	READ_KEY_SIZE = 640,  /* of what rows are sorted by */
};

/* Which page is asked for. The zero value is all rows. */
struct read_page {
	int64_t limit;		   /* rows at most; 0: all */
	char after[READ_KEY_SIZE]; /* behind this row; "": from the first */
	bool more;		   /* there are rows behind it */
	char last[READ_KEY_SIZE];  /* the page's last row */
	int64_t count;
};

/* Reads the parameters limit and cursor. False: the reply says what is wrong
 * with them. */
bool read_page_parse(const struct read_call *call, struct read_reply *reply,
    struct read_page *page);

/* Whether the row with this key, by which rows come in ascending order (of
 * strcmp), belongs to the page. It need not be asked about rows behind one
 * for which more was set. */
bool read_page_takes(struct read_page *page, const char *key);

/* Its fields belong to read_table.c. */
struct read_table {
	struct read_reply *reply;
	const struct read_call *call;
	struct json_writer json;
	const char *const *columns; /* NULL-terminated; borrowed */
	size_t cell;		    /* of the row at hand */
	bool record;		    /* one row only */
};

/* name is that of the JSON member; NULL for one row only, whose cells are then
 * the members of the answer itself, as far as its end. Behind them others may
 * be written with json, in JSON. */
void read_table_begin(struct read_table *t, const struct read_call *call,
    struct read_reply *reply, const char *name, const char *const *columns);

/* The cells of a row, in the order of the columns. */
void read_table_text(struct read_table *t, const char *value);
void read_table_int(struct read_table *t, int64_t value);
void read_table_bool(struct read_table *t, bool yes);
/* Money and quantities: a string in JSON, too. NULL: none. */
void read_table_decimal(struct read_table *t, const char *value);
/* Bytes: in JSON a string where a number would be read inexactly. */
void read_table_size(struct read_table *t, int64_t bytes);
/* 0 is never: empty, and null in JSON. */
void read_table_time(struct read_table *t, int64_t at);
/* What is not there: empty, and null in JSON. */
void read_table_none(struct read_table *t);
/* Text that is a JSON value already, and as it is in CSV. */
void read_table_raw(struct read_table *t, const char *json);

/* page NULL: the list has no pages. */
void read_table_end(struct read_table *t, const struct read_page *page);

/* A number of bytes in an object; as read_table_size puts them. */
void read_put_size(struct json_writer *w, const char *name, int64_t bytes);

#endif
