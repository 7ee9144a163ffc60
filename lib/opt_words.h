/*
 * opt_words.h - verbs as words, for opt.c and opt_help.c alone: a command's
 * path "create account" is found word by word.
 */
#ifndef LIB_OPT_WORDS_H
#define LIB_OPT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "opt.h"

enum {
	OPT_MAX_WORDS = 4,  /* verbs in one path */
	OPT_MAX_NAMES = 64, /* different verbs behind one path */
	OPT_NAME_SIZE = 32, /* a verb with its NUL */
};

/* Some words of a command line; borrowed. */
struct opt_path {
	const char *words[OPT_MAX_WORDS];
	size_t count;
};

/* A NULL-terminated list of names, in its own memory. */
struct opt_names {
	char text[OPT_MAX_NAMES][OPT_NAME_SIZE];
	const char *list[OPT_MAX_NAMES + 1];
	size_t count;
};

/* What follows these words in text ("" when nothing does), or NULL when text
 * does not begin with them. */
const char *opt_path_rest(const struct opt_path *path, const char *text);

/* The command of exactly these words, or NULL. */
const struct opt_command *opt_path_command(
    const struct opt_program *program, const struct opt_path *path);

/* The different verbs that may follow these words, in the table's order. */
void opt_path_next(const struct opt_program *program,
    const struct opt_path *path, bool with_hidden, struct opt_names *out);

#endif
