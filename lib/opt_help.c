/*
 * opt_help.c - what --help prints, and the list of all flags, both made from
 * the tables of opt.h alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opt_words.h"

enum {
	HELP_COLUMNS = 79,
	HELP_INDENT = 8
};

static const char *const type_names[] = {
    [OPT_STRING] = "string",
    [OPT_BOOL] = "bool",
    [OPT_INT] = "int",
    [OPT_DURATION] = "duration",
};

/* The default as it is told: a bool without preset is false. */
static const char *
told_default(const struct opt_flag *flag)
{
	if (flag->shown != NULL)
		return flag->shown;
	if (flag->preset != NULL)
		return flag->preset;
	return flag->type == OPT_BOOL ? "false" : "";
}

/* Words of text, wrapped and indented, then a line end. */
static void
add_wrapped(struct buf *out, const char *text)
{
	size_t column = 0, len;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (column == 0 || column + 1 + len > HELP_COLUMNS) {
			buf_printf(out, "%s%*s", column == 0 ? "" : "\n",
			    HELP_INDENT, "");
			column = HELP_INDENT;
		} else {
			buf_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
	buf_char(out, '\n');
}

static void
add_flag(struct buf *out, const struct opt_flag *flag)
{
	struct buf line = BUF_INIT;
	const char *preset = told_default(flag);

	buf_str(out, "    ");
	if (flag->letter != '\0')
		buf_printf(out, "-%c, ", flag->letter);
	buf_printf(out, "--%s", flag->name);
	if (flag->choices != NULL)
		buf_printf(out, " %s", flag->choices);
	else if (flag->type != OPT_BOOL)
		buf_printf(out, " %s", type_names[flag->type]);
	buf_char(out, '\n');
	buf_str(&line, flag->help);
	if (flag->required)
		buf_str(&line, " (required)");
	else if (preset[0] == '(')
		buf_printf(&line, " %s", preset);
	else if (preset[0] != '\0' && flag->type != OPT_BOOL)
		buf_printf(&line, " (default %s)", preset);
	else if (strcmp(preset, "true") == 0)
		buf_str(&line, " (default true)");
	add_wrapped(out, buf_text(&line));
	buf_fini(&line);
}

static void
add_flags(struct buf *out, const struct opt_flag *flag)
{
	buf_str(out, "\nFlags:\n");
	for (; flag != NULL && flag->name != NULL; flag++) {
		if (!flag->hidden)
			add_flag(out, flag);
	}
	buf_str(out, "    -h, --help\n");
	add_wrapped(out, "Show this help");
}

static void
add_command(struct buf *out, const struct opt_program *program,
    const struct opt_command *command)
{
	buf_printf(out, "Usage: %s %s [flags]", program->name, command->path);
	if (command->operands != NULL)
		buf_printf(out, " %s", command->operands);
	buf_printf(out, "\n\n%s.\n", command->summary);
	add_flags(out, command->flags);
	if (command->details != NULL)
		buf_printf(out, "\n%s\n", command->details);
	if (command->more != NULL) {
		buf_char(out, '\n');
		command->more(out);
	}
}

/* One line for each command that begins with path. */
static void
add_list(struct buf *out, const struct opt_program *program,
    const struct opt_path *path)
{
	const struct opt_command *const *command;
	const char *rest;
	size_t width = 0, len;

	for (command = program->commands; *command != NULL; command++) {
		len = strlen((*command)->path);
		if (!(*command)->hidden && len > width)
			width = len;
	}
	for (command = program->commands; *command != NULL; command++) {
		rest = opt_path_rest(path, (*command)->path);
		if (rest != NULL && *rest != '\0' && !(*command)->hidden)
			buf_printf(out, "    %-*s  %s\n", (int)width,
			    (*command)->path, (*command)->summary);
	}
}

bool
opt_help(const struct opt_program *program, const char *const *words,
    size_t count, struct buf *out)
{
	struct opt_path path = {.count = 0};
	const struct opt_command *command;
	struct opt_names next;

	while (path.count < count && path.count < OPT_MAX_WORDS) {
		path.words[path.count] = words[path.count];
		path.count++;
	}
	command = path.count > 0 ? opt_path_command(program, &path) : NULL;
	opt_path_next(program, &path, false, &next);
	if (path.count < count || (command == NULL && next.count == 0))
		return false;
	if (command != NULL) {
		add_command(out, program, command);
	} else {
		buf_printf(out, "Usage: %s", program->name);
		for (size_t i = 0; i < path.count; i++)
			buf_printf(out, " %s", path.words[i]);
		buf_str(out, " COMMAND [flags]\n");
		if (path.count == 0)
			buf_printf(out, "\n%s.\n", program->summary);
	}
	if (next.count > 0) {
		buf_str(out, "\nCommands:\n");
		add_list(out, program, &path);
		buf_printf(out,
		    "\n'%s COMMAND --help' tells more about a command.\n",
		    program->name);
	}
	return true;
}

void
opt_list_flags(const struct opt_program *program, struct buf *out)
{
	const struct opt_command *const *command;
	const struct opt_flag *flag;

	for (command = program->commands; *command != NULL; command++) {
		buf_printf(out, "%s\t-\t-\t-\t%s\n", (*command)->path,
		    (*command)->hidden ? "hidden" : "public");
		flag = (*command)->flags;
		for (; flag != NULL && flag->name != NULL; flag++)
			buf_printf(out, "%s\t%s\t%s\t%s\t%s\n",
			    (*command)->path, flag->name,
			    type_names[flag->type], told_default(flag),
			    flag->hidden ? "hidden" : "public");
	}
}

char *
opt_format_duration(int64_t secs, char out[OPT_DURATION_SIZE])
{
	static const struct {
		char letter;
		int64_t secs;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t i = 0;

	while (units[i].secs > 1 && (secs == 0 || secs % units[i].secs != 0))
		i++;
	snprintf(out, OPT_DURATION_SIZE, "%" PRId64 "%c", secs / units[i].secs,
	    units[i].letter);
	return out;
}
