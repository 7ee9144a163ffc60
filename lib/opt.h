/*
 * opt.h - the command line: a table of commands, each with a table of flags.
 *
 * The tables are the only declaration of a verb or a flag; parsing, --help,
 * the list that the manual page is compared with and the spelling advice all
 * read them. Over getopt_long(3), whose prefix matches are refused: --db is
 * not --dbFolder.
 *
 *     stat.flexfs create account --name acme --netDays=30 -v
 *
 * Flags are --flag value and --flag=value; a bool is --flag, --flag=true or
 * --flag=false. They may stand before, between and behind verbs and operands;
 * "--" ends them. Given twice, the last one counts, unless the flag repeats.
 * -h and --help are understood at every level without being declared.
 *
 * A command is a const entry in the file of its verb:
 *
 *     static const struct opt_flag show_flags[] = {
 *             {.name = "dbFolder", .type = OPT_STRING,
 *                 .preset = "~/.flexfs/stat", .help = "Database folder path"},
 *             {.name = "output", .type = OPT_STRING, .preset = "text",
 *                 .choices = "text|json|csv", .help = "How rows are printed"},
 *             {.name = "limit", .type = OPT_INT, .min = 1, .max = 1000,
 *                 .preset = "100", .help = "Rows at most"},
 *             {.name = "since", .type = OPT_DURATION, .help = "Newer than"},
 *             {.name = "to", .type = OPT_STRING, .repeats = true,
 *                 .required = true, .help = "Recipient; may be repeated"},
 *             {0},
 *     };
 *
 *     static int
 *     run_show(const struct opt_values *values, void *ctx)
 *     {
 *             const char *period = opt_operand(values, 0);
 *             int64_t limit = opt_int(values, "limit");
 *             size_t i, n = opt_count(values, "to");
 *
 *             if (opt_given(values, "since"))
 *                     age_secs = opt_int(values, "since");
 *             for (i = 0; i < n; i++)
 *                     add(opt_nth(values, "to", i));
 *             ...
 *             return OPT_EXIT_DONE;
 *     }
 *
 *     const struct opt_command cmd_show_period = {
 *             .path = "show period",
 *             .operands = "PERIOD",
 *             .summary = "Show one period",
 *             .flags = show_flags,
 *             .run = run_show,
 *     };
 */
#ifndef LIB_OPT_H
#define LIB_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* What a program answers to its caller. */
enum {
	OPT_EXIT_DONE = 0,
	OPT_EXIT_FAILED = 1,
	OPT_EXIT_USAGE = 2, /* the command line was wrong */
};

enum opt_type {
	OPT_STRING,
	OPT_BOOL,
	OPT_INT,      /* decimal, between min and max; both 0: any */
	OPT_DURATION, /* 90s, 15m, 6h, 30d, 2w, 1h30m; read as seconds */
};

struct opt_flag {
	const char *name; /* camelCase, without dashes; NULL ends a table */
	char letter;	  /* -v; 0: none */
	enum opt_type type;
	const char *preset;  /* default, as if given; NULL: none */
	const char *shown;   /* said instead of preset: "(prompts)" */
	const char *choices; /* strings: "text|json|csv"; NULL: any */
	const char *help;    /* a sentence without full stop */
	int64_t min, max;    /* ints, and durations in seconds */
	bool hidden;	     /* not in --help, but in the manual */
	bool required;
	bool repeats; /* every value counts; see opt_nth */
	bool secret;  /* wiped from argv, never repeated in a message */
};

struct opt_values;

struct opt_command {
	const char *path;     /* "create account" */
	const char *operands; /* "PERIOD", "[ID]", "ID..."; NULL: none */
	const char *summary;  /* a sentence without full stop */
	const char *details; /* paragraphs below the flags in --help, or NULL */
	void (*more)(struct buf *out); /* writes further ones; or NULL */
	const struct opt_flag *flags;  /* NULL: none */
	int (*run)(const struct opt_values *values, void *ctx);
	bool hidden; /* not in the list of commands */
};

struct opt_program {
	const char *name;    /* "stat.flexfs" */
	const char *summary; /* a sentence without full stop */
	const struct opt_command *const *commands; /* NULL ends it */
};

/*
 * The whole command line of a main(): parses, and runs the command with ctx,
 * or prints help on standard output, or says on standard error what was
 * wrong. Returns the exit code.
 */
int opt_main(
    const struct opt_program *program, int argc, char **argv, void *ctx);

enum opt_outcome {
	OPT_RUN,   /* *values is yours: opt_free */
	OPT_HELP,  /* text was filled with what to print */
	OPT_WRONG, /* err says why, with the command in front */
};

/* The parsing of opt_main alone. Strings in *values are borrowed from argv
 * (secret ones are copies, wiped by opt_free). Not reentrant: getopt. */
enum opt_outcome opt_parse(const struct opt_program *program, int argc,
    char **argv, struct opt_values **values, struct buf *text, struct err *err);

void opt_free(struct opt_values *values);

/*
 * Values by name. Asking for a name that the command does not declare is a
 * mistake of ours and aborts. Without the flag on the command line the
 * preset counts; without a preset: NULL, false, 0.
 */
const char *opt_get(const struct opt_values *values, const char *name);
bool opt_bool(const struct opt_values *values, const char *name);
int64_t opt_int(const struct opt_values *values, const char *name);

/* Whether the flag was on the command line; whether the command has it. */
bool opt_given(const struct opt_values *values, const char *name);
bool opt_has(const struct opt_values *values, const char *name);

/* A repeating flag: how often it was given, and its values in that order. */
size_t opt_count(const struct opt_values *values, const char *name);
const char *opt_nth(
    const struct opt_values *values, const char *name, size_t i);

/* Operands behind the verbs; NULL past the last. */
size_t opt_operands(const struct opt_values *values);
const char *opt_operand(const struct opt_values *values, size_t i);

const struct opt_command *opt_command(const struct opt_values *values);

/* What --help prints for a command path of count words; none: the whole
 * program. False when no command begins with these words. */
bool opt_help(const struct opt_program *program, const char *const *words,
    size_t count, struct buf *out);

/* Every command and flag, hidden ones too, one line each, fields separated by
 * tabs: command, flag, type, default, "public" or "hidden". A command's own
 * line has "-" as its flag. */
void opt_list_flags(const struct opt_program *program, struct buf *out);

/* "6h" as seconds: digits and one of s m h d w, repeated in falling order. */
bool opt_parse_duration(const char *text, int64_t *secs);

/* Seconds as a duration of one unit, d, h, m or s: "90s"; returns out. */
enum {
	OPT_DURATION_SIZE = 32
};
char *opt_format_duration(int64_t secs, char out[OPT_DURATION_SIZE]);

/* The entry of names (NULL-terminated) that word was probably meant to be,
 * or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *names);

#endif
