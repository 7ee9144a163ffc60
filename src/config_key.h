/*
 * config_key.h - the table of all settings, and how one value is taken; for
 * the files of config.
 */
#ifndef SRC_CONFIG_KEY_H
#define SRC_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "lib/toml.h"

enum config_type {
	CONFIG_INTEGER,	 /* into an int64_t */
	CONFIG_DURATION, /* "48h", into an int64_t of seconds */
	CONFIG_BOOLEAN,	 /* into a bool */
	CONFIG_WORD,	 /* a string, into a char * */
	CONFIG_LIST,	 /* an array of strings, into a char * with commas */
};

struct config_key {
	const char *table; /* "" is the top, "report" a [[report]] */
	const char *name;
	enum config_type type;
	const char *preset;  /* the default as it is written; NULL: none */
	const char *shown;   /* said instead: "(required)" */
	const char *example; /* in the sample, where there is no default */
	int64_t min, max;    /* of integers, and of durations in seconds */
	bool restart;	     /* counts from the next start on */
	size_t offset;	     /* in struct config or config_block */
	/* Checks one string, or one item; NULL: any will do. */
	bool (*check)(const char *text, struct err *err);
	const char *help; /* a sentence without full stop */
};

/* A [[report]] as it is written. Strings are owned; NULL: not given. */
struct config_block {
	char *name, *every, *at, *to, *accounts, *attach;
	bool after_close;
};

/* By table, in the order in which people are told of them; the last has no
 * name. */
extern const struct config_key config_keys[];

/* The entry of a name in a table, or NULL. */
const struct config_key *config_key_find(const char *table, const char *name);

const char *config_key_type(enum config_type type);

/* Takes a value into the struct at target. Without a line in err's text. */
bool config_key_take(const struct config_key *key,
    const struct toml_value *value, void *target, struct err *err);

/* Says that a table has no such name, and which is near. False. */
bool config_key_unknown(const char *table, const char *name, struct err *err);

/* Takes what a block says as a report; checks what only the whole shows. */
bool config_report_take(const struct config_block *block,
    struct schedule_report *out, struct err *err);

/* The [[report]] of a file without any, as TOML. */
const char *config_default_reports(void);

#endif
