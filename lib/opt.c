/*
 * opt.c - parses a command line against the tables of opt.h.
 *
 * First the verbs are found among the words, skipping flags and their values;
 * then the rest goes through getopt_long one element at a time ("+": it stops
 * at operands, which are collected here). The name of a long flag is compared
 * in full before getopt_long sees it, so its prefix matches never happen.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opt_words.h"

enum {
	VALUE_HELP = 1,	   /* below every letter */
	VALUE_FIRST = 256, /* long flags: above every letter */
};

/* One flag as it stood on the command line. */
struct given {
	const struct opt_flag *flag;
	const char *text; /* borrowed from argv, or secret */
	char *secret;	  /* owned copy of a secret value, or NULL */
};

struct opt_values {
	const struct opt_command *command;
	struct given *given; /* owned; room for one per argument */
	size_t given_count;
	const char **operands; /* owned; the strings are argv's */
	size_t operand_count;
};

/* The work of one opt_parse. */
struct parse {
	const struct opt_program *program;
	struct opt_path path;
	char **rest; /* owned: argv without the verbs, NULL-terminated */
	int rest_count;
	const char *stray;    /* first word that is no verb, or NULL */
	bool help;	      /* -h or --help was seen among the flags */
	struct option *longs; /* owned */
	char *letters;	      /* owned */
	struct opt_values *values;
};

static size_t
flag_count(const struct opt_command *command)
{
	size_t n = 0;

	while (command->flags != NULL && command->flags[n].name != NULL)
		n++;
	return n;
}

static const struct opt_flag *
find_flag(const struct opt_command *command, const char *name, size_t len)
{
	size_t i, n = flag_count(command);

	for (i = 0; i < n; i++) {
		if (strncmp(command->flags[i].name, name, len) == 0 &&
		    command->flags[i].name[len] == '\0')
			return &command->flags[i];
	}
	return NULL;
}

static const struct opt_flag *
find_letter(const struct opt_command *command, char letter)
{
	size_t i, n = flag_count(command);

	for (i = 0; i < n; i++) {
		if (command->flags[i].letter == letter)
			return &command->flags[i];
	}
	return NULL;
}

static bool
is_flag(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

/* Whether the argument behind this flag is its value, as far as the commands
 * that begin with the verbs seen so far declare it. */
static bool
takes_next(const struct parse *p, const char *arg)
{
	const struct opt_command *const *command;
	const struct opt_flag *flag;

	if (strchr(arg, '=') != NULL)
		return false;
	for (command = p->program->commands; *command != NULL; command++) {
		if (opt_path_rest(&p->path, (*command)->path) == NULL)
			continue;
		flag = arg[1] == '-'
			   ? find_flag(*command, arg + 2, strlen(arg + 2))
			   : (arg[2] == '\0' ? find_letter(*command, arg[1])
					     : NULL);
		if (flag != NULL)
			return flag->type != OPT_BOOL;
	}
	return false;
}

/* Takes word as the next verb if some command goes on with it. */
static bool
take_verb(struct parse *p, const char *word)
{
	const struct opt_command *const *command;

	if (p->path.count == OPT_MAX_WORDS)
		return false;
	p->path.words[p->path.count++] = word;
	for (command = p->program->commands; *command != NULL; command++) {
		if (opt_path_rest(&p->path, (*command)->path) != NULL)
			return true;
	}
	p->path.count--;
	return false;
}

/* Parts argv into verbs and the rest. */
static bool
find_verbs(struct parse *p, int argc, char **argv, struct err *err)
{
	bool verbs = true;
	int i;

	p->rest = calloc((size_t)argc + 2, sizeof *p->rest);
	if (p->rest == NULL)
		return err_nomem(err);
	p->rest[p->rest_count++] = argc > 0 ? argv[0] : NULL;
	for (i = 1; i < argc; i++) {
		if (verbs && !is_flag(argv[i]) && take_verb(p, argv[i]))
			continue;
		p->rest[p->rest_count++] = argv[i];
		if (!is_flag(argv[i])) {
			if (p->stray == NULL)
				p->stray = argv[i];
			verbs = false;
		} else if (strcmp(argv[i], "--") == 0) {
			verbs = false;
			if (p->stray == NULL && i + 1 < argc)
				p->stray = argv[i + 1];
		} else if (strcmp(argv[i], "-h") == 0 ||
			   strcmp(argv[i], "--help") == 0) {
			p->help = true;
		} else if (i + 1 < argc && takes_next(p, argv[i])) {
			p->rest[p->rest_count++] = argv[++i];
		}
	}
	return true;
}

/* Words that may come next, as "a, b or c". */
static void
add_choices(struct buf *out, const struct opt_names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (i > 0)
			buf_str(out, i + 1 == names->count ? " or " : ", ");
		buf_str(out, names->list[i]);
	}
}

/* No command has exactly these verbs: says what could follow. */
static bool
refuse_verbs(const struct parse *p, struct err *err)
{
	struct opt_names names;
	struct buf choices = BUF_INIT;
	const char *near;

	if (p->stray != NULL) {
		opt_path_next(p->program, &p->path, true, &names);
		near = opt_nearest(p->stray, names.list);
		if (near != NULL)
			return err_set(err, ERR_INPUT,
			    "unknown command \"%.100s\"; did you mean \"%s\"?",
			    p->stray, near);
	}
	opt_path_next(p->program, &p->path, false, &names);
	add_choices(&choices, &names);
	if (p->stray != NULL)
		err_set(err, ERR_INPUT,
		    "unknown command \"%.100s\"; there is %s", p->stray,
		    buf_text(&choices));
	else
		err_set(err, ERR_INPUT, "a command is missing: %s",
		    buf_text(&choices));
	buf_fini(&choices);
	return false;
}

static bool
refuse_flag(
    const struct opt_command *command, const char *name, struct err *err)
{
	size_t i, n = flag_count(command);
	const char **names = calloc(n + 2, sizeof *names);
	const char *near;

	if (names == NULL)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		names[i] = command->flags[i].name;
	names[n] = "help";
	near = opt_nearest(name, names);
	if (near != NULL)
		err_set(err, ERR_INPUT,
		    "unknown flag --%.100s; did you mean --%s?", name, near);
	else
		err_set(err, ERR_INPUT, "unknown flag --%.100s", name);
	free(names);
	return false;
}

/* A long flag must be one of the command's, letter by letter. */
static bool
check_name(const struct opt_command *command, const char *arg, struct err *err)
{
	size_t len = strcspn(arg, "=");
	char name[128];

	if (len == strlen("help") && strncmp(arg, "help", len) == 0)
		return true;
	if (find_flag(command, arg, len) != NULL)
		return true;
	/* The value may be a secret: only the name is repeated. */
	snprintf(name, sizeof name, "%.*s", (int)(len < 100 ? len : 100), arg);
	return refuse_flag(command, name, err);
}

/* -bindAddr: getopt would read it as -b -i -n ... */
static bool
check_letter(
    const struct opt_command *command, const char *arg, struct err *err)
{
	size_t len = strcspn(arg, "=");

	if (*arg == 'h' || find_letter(command, *arg) != NULL)
		return true;
	if (len > 1 && find_flag(command, arg, len) != NULL)
		return err_set(err, ERR_INPUT,
		    "long flags begin with two dashes: --%.*s", (int)len, arg);
	return err_set(err, ERR_INPUT, "unknown flag -%c", *arg);
}

static bool
make_getopt_tables(struct parse *p, struct err *err)
{
	const struct opt_command *command = p->values->command;
	size_t i, n = flag_count(command), used = 0;
	const struct opt_flag *flag;

	p->longs = calloc(n + 2, sizeof *p->longs);
	p->letters = calloc(2 * n + sizeof "+:h", 1);
	if (p->longs == NULL || p->letters == NULL) {
		err_nomem(err);
		return false;
	}
	memcpy(p->letters, "+:h", 3);
	used = 3;
	for (i = 0; i < n; i++) {
		flag = &command->flags[i];
		p->longs[i].name = flag->name;
		p->longs[i].has_arg = flag->type == OPT_BOOL
					  ? optional_argument
					  : required_argument;
		p->longs[i].val = VALUE_FIRST + (int)i;
		if (flag->letter == '\0')
			continue;
		p->letters[used++] = flag->letter;
		if (flag->type != OPT_BOOL)
			p->letters[used++] = ':';
	}
	p->longs[n].name = "help";
	p->longs[n].has_arg = no_argument;
	p->longs[n].val = VALUE_HELP;
	return true;
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text), part;

	for (;; choices += part + 1) {
		part = strcspn(choices, "|");
		if (part == len && memcmp(choices, text, len) == 0)
			return true;
		if (choices[part] == '\0')
			return false;
	}
}

static bool
parse_int(const char *text, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *end;

	if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0;
}

bool
opt_parse_duration(const char *text, int64_t *secs)
{
	static const struct {
		char letter;
		int64_t secs;
	} units[] = {
	    {'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t unit = 0;
	int64_t total = 0, part;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		if (*text < '0' || *text > '9')
			return false;
		for (part = 0; *text >= '0' && *text <= '9'; text++) {
			if (__builtin_mul_overflow(part, 10, &part) ||
			    __builtin_add_overflow(part, *text - '0', &part))
				return false;
		}
		while (unit < 5 && units[unit].letter != *text)
			unit++;
		if (unit == 5 ||
		    __builtin_mul_overflow(part, units[unit].secs, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
		unit++;
		text++;
	}
	*secs = total;
	return true;
}

static bool
check_number(const struct opt_flag *flag, const char *text, struct err *err)
{
	bool duration = flag->type == OPT_DURATION;
	int64_t n;

	if (!(duration ? opt_parse_duration(text, &n) : parse_int(text, &n)))
		return err_set(err, ERR_INPUT,
		    duration ? "--%s is a duration such as 90s, 6h or 30d, not "
			       "\"%.100s\""
			     : "--%s is a whole number, not \"%.100s\"",
		    flag->name, text);
	if ((flag->min != 0 || flag->max != 0) &&
	    (n < flag->min || n > flag->max))
		return err_set(err, ERR_INPUT,
		    "--%s lies between %" PRId64 " and %" PRId64
		    "%s, %.40s does not",
		    flag->name, flag->min, flag->max,
		    duration ? " seconds" : "", text);
	return true;
}

static bool
check_value(const struct opt_flag *flag, const char *text, struct err *err)
{
	switch (flag->type) {
	case OPT_BOOL:
		if (!is_choice("true|false", text))
			return err_set(err, ERR_INPUT,
			    "--%s is true or false, not \"%.100s\"", flag->name,
			    text);
		return true;
	case OPT_INT:
	case OPT_DURATION:
		return check_number(flag, text, err);
	case OPT_STRING:
		break;
	}
	if (flag->choices != NULL && !is_choice(flag->choices, text))
		return err_set(err, ERR_INPUT,
		    "--%s is one of %s, not \"%.100s\"", flag->name,
		    flag->choices, text);
	return true;
}

/* Keeps one flag; value is NULL for a bare bool. */
static bool
add_given(
    struct parse *p, const struct opt_flag *flag, char *value, struct err *err)
{
	struct given *given = &p->values->given[p->values->given_count];

	if (value != NULL && flag->secret) {
		given->secret = strdup(value);
		if (given->secret == NULL)
			return err_nomem(err);
		/* ps(1) shows argv to everybody. */
		explicit_bzero(value, strlen(value));
		value = given->secret;
	}
	given->flag = flag;
	given->text = value != NULL ? value : "true";
	p->values->given_count++;
	return check_value(flag, given->text, err);
}

static bool
refuse_missing_value(const struct opt_flag *flag, struct err *err)
{
	return err_set(err, ERR_INPUT, "--%s needs a value", flag->name);
}

/* "--smtpTo --force": the value was forgotten. */
static bool
check_not_swallowed(const struct parse *p, const struct opt_flag *flag,
    const char *arg, struct err *err)
{
	if (optarg != arg || strncmp(arg, "--", 2) != 0 ||
	    find_flag(p->values->command, arg + 2, strcspn(arg + 2, "=")) ==
		NULL)
		return true;
	if (flag->secret)
		return refuse_missing_value(flag, err);
	return err_set(err, ERR_INPUT,
	    "--%s needs a value; if %.100s is it, write --%s=%.100s",
	    flag->name, arg, flag->name, arg);
}

static const struct opt_flag *
flag_of(const struct opt_command *command, int value)
{
	if (value >= VALUE_FIRST)
		return &command->flags[value - VALUE_FIRST];
	return find_letter(command, (char)value);
}

/* One turn of getopt_long at rest[at]. *help is set for -h. */
static bool
take_flag(struct parse *p, const char *arg, bool *help, struct err *err)
{
	const struct opt_command *command = p->values->command;
	const struct opt_flag *flag;
	int c;

	if (strncmp(arg, "--", 2) == 0 ? !check_name(command, arg + 2, err)
				       : !check_letter(command, arg + 1, err))
		return false;
	c = getopt_long(p->rest_count, p->rest, p->letters, p->longs, NULL);
	if (c == 'h' || c == VALUE_HELP) {
		*help = true;
		return true;
	}
	if (c == '?' && optopt == VALUE_HELP)
		return err_set(err, ERR_INPUT, "--help takes no value");
	if (c == '?')
		return err_set(err, ERR_INPUT, "unknown flag -%c", optopt);
	flag = flag_of(command, c == ':' ? optopt : c);
	if (c == ':')
		return refuse_missing_value(flag, err);
	if (optarg != NULL &&
	    !check_not_swallowed(p, flag, p->rest[optind - 1], err))
		return false;
	return add_given(p, flag, optarg, err);
}

/* Flags into given, everything else into operands. */
static bool
take_rest(struct parse *p, bool *help, struct err *err)
{
	struct opt_values *values = p->values;
	bool flags = true;
	char *arg;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	/* With optind 0 the first call sets itself up; let it do that on an
	 * empty line, so that optind can be trusted from here on. */
	(void)getopt_long(1, p->rest, p->letters, p->longs, NULL);
	optind = 1;
	while (optind < p->rest_count && !*help) {
		arg = p->rest[optind];
		if (flags && strcmp(arg, "--") == 0) {
			flags = false;
			optind++;
		} else if (flags && is_flag(arg)) {
			if (!take_flag(p, arg, help, err))
				return false;
		} else {
			values->operands[values->operand_count++] = arg;
			optind++;
		}
	}
	return true;
}

/* Counts the words of "INVOICE [LINE]", "ID...". */
static void
count_operands(const char *spec, size_t *min, size_t *max)
{
	size_t len;

	*min = *max = 0;
	for (spec = spec != NULL ? spec : ""; *spec != '\0'; spec += len) {
		len = strcspn(spec, " ");
		if (*spec != '[')
			++*min;
		if (memmem(spec, len, "...", 3) != NULL)
			*max = SIZE_MAX;
		else if (*max != SIZE_MAX)
			++*max;
		len += strspn(spec + len, " ");
	}
}

static bool
check_operands(const struct parse *p, struct err *err)
{
	const struct opt_values *values = p->values;
	struct opt_names names;
	const char *near, *extra;
	size_t min, max;

	count_operands(values->command->operands, &min, &max);
	if (values->operand_count < min)
		return err_set(err, ERR_INPUT, "expected %s, got %zu word%s",
		    values->command->operands, values->operand_count,
		    values->operand_count == 1 ? "" : "s");
	if (values->operand_count <= max)
		return true;
	extra = values->operands[max];
	opt_path_next(p->program, &p->path, true, &names);
	near = max == 0 ? opt_nearest(extra, names.list) : NULL;
	if (near != NULL)
		return err_set(err, ERR_INPUT,
		    "unexpected \"%.100s\"; did you mean \"%s\"?", extra, near);
	return err_set(err, ERR_INPUT, "unexpected \"%.100s\"", extra);
}

static bool
check_required(const struct opt_values *values, struct err *err)
{
	size_t i, n = flag_count(values->command);

	for (i = 0; i < n; i++) {
		if (values->command->flags[i].required &&
		    !opt_given(values, values->command->flags[i].name))
			return err_set(err, ERR_INPUT, "--%s is missing",
			    values->command->flags[i].name);
	}
	return true;
}

static bool
make_values(struct parse *p, const struct opt_command *command, struct err *err)
{
	p->values = calloc(1, sizeof *p->values);
	if (p->values == NULL) {
		err_nomem(err);
		return false;
	}
	p->values->command = command;
	p->values->given =
	    calloc((size_t)p->rest_count + 1, sizeof *p->values->given);
	p->values->operands =
	    calloc((size_t)p->rest_count + 1, sizeof *p->values->operands);
	if (p->values->given == NULL || p->values->operands == NULL) {
		err_nomem(err);
		return false;
	}
	return make_getopt_tables(p, err);
}

static enum opt_outcome
parse_line(struct parse *p, int argc, char **argv, struct err *err)
{
	const struct opt_command *command;
	bool help = false;

	if (!find_verbs(p, argc, argv, err))
		return OPT_WRONG;
	command =
	    p->path.count > 0 ? opt_path_command(p->program, &p->path) : NULL;
	if (command == NULL && p->help && p->stray == NULL)
		return OPT_HELP;
	if (command == NULL) {
		(void)refuse_verbs(p, err);
		return OPT_WRONG;
	}
	if (!make_values(p, command, err) || !take_rest(p, &help, err))
		return OPT_WRONG;
	if (help)
		return OPT_HELP;
	if (!check_operands(p, err) || !check_required(p->values, err))
		return OPT_WRONG;
	return OPT_RUN;
}

/* "stat.flexfs create account" */
static void
add_name(struct buf *out, const struct parse *p)
{
	size_t i;

	buf_str(out, p->program->name);
	for (i = 0; i < p->path.count; i++)
		buf_printf(out, " %s", p->path.words[i]);
}

enum opt_outcome
opt_parse(const struct opt_program *program, int argc, char **argv,
    struct opt_values **values, struct buf *text, struct err *err)
{
	struct parse p = {.program = program};
	struct buf name = BUF_INIT;
	enum opt_outcome outcome = parse_line(&p, argc, argv, err);

	*values = NULL;
	add_name(&name, &p);
	if (outcome == OPT_RUN) {
		*values = p.values;
		p.values = NULL;
	} else if (outcome == OPT_HELP) {
		opt_help(program, p.path.words, p.path.count, text);
	} else {
		err_context(err, "%s", buf_text(&name));
		buf_printf(text, "Try '%s --help'.\n", buf_text(&name));
	}
	opt_free(p.values);
	buf_fini(&name);
	free(p.rest);
	free(p.longs);
	free(p.letters);
	return outcome;
}

void
opt_free(struct opt_values *values)
{
	size_t i;

	if (values == NULL)
		return;
	for (i = 0; values->given != NULL && i < values->given_count; i++) {
		if (values->given[i].secret != NULL)
			explicit_bzero(values->given[i].secret,
			    strlen(values->given[i].secret));
		free(values->given[i].secret);
	}
	free(values->given);
	free(values->operands);
	free(values);
}

int
opt_main(const struct opt_program *program, int argc, char **argv, void *ctx)
{
	struct opt_values *values;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int code = OPT_EXIT_USAGE;

	switch (opt_parse(program, argc, argv, &values, &text, &err)) {
	case OPT_RUN:
		code = opt_command(values)->run(values, ctx);
		break;
	case OPT_HELP:
		code =
		    fputs(buf_text(&text), stdout) >= 0 && fflush(stdout) == 0
			? OPT_EXIT_DONE
			: OPT_EXIT_FAILED;
		break;
	case OPT_WRONG:
		fprintf(stderr, "%s\n%s", err.text, buf_text(&text));
		break;
	}
	opt_free(values);
	buf_fini(&text);
	return code;
}

/* --- values -------------------------------------------------------------- */
static const struct opt_flag *
declared(const struct opt_values *values, const char *name)
{
	const struct opt_flag *flag =
	    find_flag(values->command, name, strlen(name));

	if (flag == NULL) {
		fprintf(stderr, "%s does not declare --%s\n",
		    values->command->path, name);
		abort();
	}
	return flag;
}

const char *
opt_nth(const struct opt_values *values, const char *name, size_t i)
{
	const struct opt_flag *flag = declared(values, name);
	size_t at;

	for (at = 0; at < values->given_count; at++) {
		if (values->given[at].flag == flag && i-- == 0)
			return values->given[at].text;
	}
	return NULL;
}

size_t
opt_count(const struct opt_values *values, const char *name)
{
	const struct opt_flag *flag = declared(values, name);
	size_t at, n = 0;

	for (at = 0; at < values->given_count; at++)
		n += values->given[at].flag == flag;
	return n;
}

bool
opt_given(const struct opt_values *values, const char *name)
{
	return opt_count(values, name) > 0;
}

bool
opt_has(const struct opt_values *values, const char *name)
{
	return find_flag(values->command, name, strlen(name)) != NULL;
}

const char *
opt_get(const struct opt_values *values, const char *name)
{
	size_t n = opt_count(values, name);

	return n > 0 ? opt_nth(values, name, n - 1)
		     : declared(values, name)->preset;
}

bool
opt_bool(const struct opt_values *values, const char *name)
{
	const char *text = opt_get(values, name);

	return text != NULL && strcmp(text, "true") == 0;
}

int64_t
opt_int(const struct opt_values *values, const char *name)
{
	const char *text = opt_get(values, name);
	int64_t n = 0;

	if (text == NULL)
		return 0;
	if (declared(values, name)->type == OPT_DURATION
		? !opt_parse_duration(text, &n)
		: !parse_int(text, &n))
		abort(); /* a preset that is no number */
	return n;
}

size_t
opt_operands(const struct opt_values *values)
{
	return values->operand_count;
}

const char *
opt_operand(const struct opt_values *values, size_t i)
{
	return i < values->operand_count ? values->operands[i] : NULL;
}

const struct opt_command *
opt_command(const struct opt_values *values)
{
	return values->command;
}
