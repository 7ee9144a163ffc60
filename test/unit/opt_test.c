/*
 * opt_test.c - command lines against a small table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/opt.h"

static int
run_nothing(const struct opt_values *values, void *ctx)
{
	(void)values;
	(void)ctx;
	return OPT_EXIT_DONE;
}

static const struct opt_flag start_flags[] = {
    {.name = "bindAddr",
	.type = OPT_STRING,
	.preset = "0.0.0.0:443",
	.help = "Address and port to bind"},
    {.name = "dbFolder", .type = OPT_STRING, .help = "Database folder path"},
    {.name = "noSSL", .type = OPT_BOOL, .help = "Disable TLS"},
    {.name = "noSSLCheck", .type = OPT_BOOL, .help = "Longer than noSSL"},
    {.name = "verbose", .letter = 'v', .type = OPT_BOOL, .help = "Say more"},
    {.name = "quick",
	.letter = 'q',
	.type = OPT_BOOL,
	.preset = "true",
	.help = "On unless switched off"},
    {.name = "limit",
	.letter = 'n',
	.type = OPT_INT,
	.min = -5,
	.max = 100,
	.preset = "7",
	.help = "How many"},
    {.name = "age", .type = OPT_DURATION, .help = "How old"},
    {.name = "grace",
	.type = OPT_DURATION,
	.min = 60,
	.max = 86400,
	.help = "How late"},
    {.name = "output",
	.type = OPT_STRING,
	.choices = "text|json|csv",
	.preset = "text",
	.help = "How rows are printed"},
    {.name = "to", .type = OPT_STRING, .repeats = true, .help = "Recipient"},
    {.name = "smtpPass",
	.type = OPT_STRING,
	.secret = true,
	.shown = "(prompts)",
	.help = "Password"},
    {.name = "mockTime",
	.type = OPT_BOOL,
	.hidden = true,
	.help = "Pretend clock"},
    {0},
};

static const struct opt_flag account_flags[] = {
    {.name = "name", .type = OPT_STRING, .required = true, .help = "Name"},
    {.name = "credsFile", .type = OPT_STRING, .help = "Credentials"},
    {0},
};

static const struct opt_command start = {.path = "start",
    .summary = "Run the server",
    .flags = start_flags,
    .run = run_nothing};
static const struct opt_command create_account = {.path = "create account",
    .summary = "Create an account",
    .flags = account_flags,
    .run = run_nothing};
static const struct opt_command create_source = {
    .path = "create source", .summary = "Create a source", .run = run_nothing};
static const struct opt_command explain = {.path = "explain",
    .summary = "Explain a line",
    .operands = "INVOICE [LINE]",
    .flags = account_flags + 1,
    .run = run_nothing};
static const struct opt_command discard = {.path = "discard",
    .summary = "Discard rows",
    .operands = "ID...",
    .run = run_nothing};
static const struct opt_command verify = {
    .path = "verify", .summary = "Verify the ledger", .run = run_nothing};
static const struct opt_command verify_grant = {
    .path = "verify grant", .summary = "Verify a grant", .run = run_nothing};
static const struct opt_command deliver = {.path = "deliver",
    .summary = "Deliver a message",
    .hidden = true,
    .run = run_nothing};

static const struct opt_command *const commands[] = {&start, &create_account,
    &create_source, &explain, &discard, &verify, &verify_grant, &deliver, NULL};

static const struct opt_program program = {
    .name = "prog", .summary = "A program", .commands = commands};

enum {
	MAX_ARGS = 12,
	ARG_SIZE = 64
};

/* A command line in memory that may be written to, as main() gets it. */
struct line {
	char text[MAX_ARGS][ARG_SIZE];
	char *argv[MAX_ARGS + 1];
	int argc;
	struct opt_values *values;
	struct buf out;
	struct err err;
};

static enum opt_outcome
parse(struct line *line, const char *words)
{
	char copy[256], *word, *save = NULL;

	memset(line, 0, sizeof *line);
	snprintf(line->text[0], ARG_SIZE, "prog");
	line->argv[0] = line->text[0];
	line->argc = 1;
	snprintf(copy, sizeof copy, "%s", words);
	for (word = strtok_r(copy, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		assert_true(line->argc < MAX_ARGS);
		snprintf(line->text[line->argc], ARG_SIZE, "%s",
		    strcmp(word, "''") == 0 ? "" : word);
		line->argv[line->argc] = line->text[line->argc];
		line->argc++;
	}
	return opt_parse(&program, line->argc, line->argv, &line->values,
	    &line->out, &line->err);
}

static void
done(struct line *line)
{
	opt_free(line->values);
	buf_fini(&line->out);
}

static void
expect_wrong(const char *words, const char *sentence)
{
	struct line line;

	assert_int_equal(parse(&line, words), OPT_WRONG);
	assert_null(line.values);
	assert_string_equal(line.err.text, sentence);
	assert_int_equal(line.err.kind, ERR_INPUT);
	done(&line);
}

static void
expect_help(const char *words, const char *part)
{
	struct line line;

	assert_int_equal(parse(&line, words), OPT_HELP);
	assert_non_null(strstr(buf_text(&line.out), part));
	done(&line);
}

static void
presets_count_until_a_flag_is_given(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "start"), OPT_RUN);
	assert_ptr_equal(opt_command(line.values), &start);
	assert_string_equal(opt_get(line.values, "bindAddr"), "0.0.0.0:443");
	assert_false(opt_given(line.values, "bindAddr"));
	assert_null(opt_get(line.values, "dbFolder"));
	assert_false(opt_bool(line.values, "noSSL"));
	assert_true(opt_bool(line.values, "quick"));
	assert_int_equal(opt_int(line.values, "limit"), 7);
	assert_int_equal(opt_int(line.values, "age"), 0);
	assert_int_equal(opt_count(line.values, "to"), 0);
	assert_int_equal(opt_operands(line.values), 0);
	assert_null(opt_operand(line.values, 0));
	done(&line);
}

static void
values_come_behind_a_space_or_an_equals_sign(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(
	    parse(&line, "start --bindAddr 1.2.3.4:5 --dbFolder=/a=b "
			 "--limit -5 --age=1h30m -v --quick=false"),
	    OPT_RUN);
	assert_string_equal(opt_get(line.values, "bindAddr"), "1.2.3.4:5");
	assert_true(opt_given(line.values, "bindAddr"));
	assert_string_equal(opt_get(line.values, "dbFolder"), "/a=b");
	assert_int_equal(opt_int(line.values, "limit"), -5);
	assert_int_equal(opt_int(line.values, "age"), 5400);
	assert_true(opt_bool(line.values, "verbose"));
	assert_false(opt_bool(line.values, "quick"));
	done(&line);
}

static void
an_empty_value_is_a_value(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "start --dbFolder ''"), OPT_RUN);
	assert_string_equal(opt_get(line.values, "dbFolder"), "");
	done(&line);
	assert_int_equal(parse(&line, "start --dbFolder="), OPT_RUN);
	assert_string_equal(opt_get(line.values, "dbFolder"), "");
	done(&line);
}

static void
flags_may_stand_before_and_between_verbs(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(
	    parse(&line, "--credsFile start create --name x account"), OPT_RUN);
	assert_ptr_equal(opt_command(line.values), &create_account);
	assert_string_equal(opt_get(line.values, "credsFile"), "start");
	assert_string_equal(opt_get(line.values, "name"), "x");
	done(&line);
	assert_int_equal(parse(&line, "-v -n 3 start"), OPT_RUN);
	assert_true(opt_bool(line.values, "verbose"));
	assert_int_equal(opt_int(line.values, "limit"), 3);
	done(&line);
}

static void
letters_may_be_joined(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "start -vn3"), OPT_RUN);
	assert_true(opt_bool(line.values, "verbose"));
	assert_int_equal(opt_int(line.values, "limit"), 3);
	done(&line);
	expect_wrong("start -vx", "prog start: unknown flag -x");
	expect_wrong("start -x", "prog start: unknown flag -x");
	expect_wrong("start -n", "prog start: --limit needs a value");
}

static void
the_last_one_of_a_flag_counts(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "start --bindAddr a --noSSL --bindAddr b "
				      "--noSSL=false"),
	    OPT_RUN);
	assert_string_equal(opt_get(line.values, "bindAddr"), "b");
	assert_false(opt_bool(line.values, "noSSL"));
	done(&line);
}

static void
a_repeating_flag_keeps_every_value_in_order(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(
	    parse(&line, "start --to a --noSSL --to=b --to c"), OPT_RUN);
	assert_int_equal(opt_count(line.values, "to"), 3);
	assert_string_equal(opt_nth(line.values, "to", 0), "a");
	assert_string_equal(opt_nth(line.values, "to", 1), "b");
	assert_string_equal(opt_nth(line.values, "to", 2), "c");
	assert_null(opt_nth(line.values, "to", 3));
	done(&line);
}

static void
a_prefix_of_a_flag_is_refused(void **state)
{
	(void)state;
	expect_wrong("start --db /x",
	    "prog start: unknown flag --db; did you mean --dbFolder?");
	expect_wrong("start --noSS",
	    "prog start: unknown flag --noSS; did you mean --noSSL?");
	expect_wrong("start --verb",
	    "prog start: unknown flag --verb; did you mean --verbose?");
}

static void
the_nearest_flag_is_named(void **state)
{
	(void)state;
	expect_wrong("start --bindAdr x",
	    "prog start: unknown flag --bindAdr; did you mean --bindAddr?");
	expect_wrong("start --bindaddr=x",
	    "prog start: unknown flag --bindaddr; did you mean --bindAddr?");
	expect_wrong("start --bnidAddr",
	    "prog start: unknown flag --bnidAddr; did you mean --bindAddr?");
	expect_wrong("start --mocktime",
	    "prog start: unknown flag --mocktime; did you mean --mockTime?");
	expect_wrong("start --hepl",
	    "prog start: unknown flag --hepl; did you mean --help?");
	expect_wrong(
	    "start --xyzzyplugh", "prog start: unknown flag --xyzzyplugh");
	expect_wrong("start -bindAddr x",
	    "prog start: long flags begin with two dashes: --bindAddr");
}

static void
the_nearest_verb_is_named(void **state)
{
	(void)state;
	expect_wrong("strat",
	    "prog: unknown command \"strat\"; did you mean \"start\"?");
	expect_wrong("creat account",
	    "prog: unknown command \"creat\"; did you mean \"create\"?");
	expect_wrong("create acount --name x",
	    "prog create: unknown command \"acount\"; did you mean "
	    "\"account\"?");
	expect_wrong("create xyzzyplugh",
	    "prog create: unknown command \"xyzzyplugh\"; there is account or "
	    "source");
	expect_wrong("verify grnat",
	    "prog verify: unexpected \"grnat\"; did you mean \"grant\"?");
	expect_wrong(
	    "create", "prog create: a command is missing: account or source");
	expect_wrong("",
	    "prog: a command is missing: start, create, explain, discard or "
	    "verify");
	/* Hidden ones are not listed, but they are known. */
	expect_wrong("delivre",
	    "prog: unknown command \"delivre\"; did you mean \"deliver\"?");
}

static void
the_longer_verb_wins(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "verify"), OPT_RUN);
	assert_ptr_equal(opt_command(line.values), &verify);
	done(&line);
	assert_int_equal(parse(&line, "verify grant"), OPT_RUN);
	assert_ptr_equal(opt_command(line.values), &verify_grant);
	done(&line);
}

static void
values_of_the_wrong_type_are_refused(void **state)
{
	(void)state;
	expect_wrong("start --noSSL=yes",
	    "prog start: --noSSL is true or false, not \"yes\"");
	expect_wrong("start --limit 1x",
	    "prog start: --limit is a whole number, not \"1x\"");
	expect_wrong("start --limit 99999999999999999999",
	    "prog start: --limit is a whole number, not "
	    "\"99999999999999999999\"");
	expect_wrong("start --limit ''",
	    "prog start: --limit is a whole number, not \"\"");
	expect_wrong("start --limit 101",
	    "prog start: --limit lies between -5 and 100, 101 does not");
	expect_wrong("start --limit=-6",
	    "prog start: --limit lies between -5 and 100, -6 does not");
	expect_wrong("start --grace 59s",
	    "prog start: --grace lies between 60 and 86400 seconds, 59s does "
	    "not");
	expect_wrong("start --grace 2d",
	    "prog start: --grace lies between 60 and 86400 seconds, 2d does "
	    "not");
	expect_wrong("start --age 6",
	    "prog start: --age is a duration such as 90s, 6h or 30d, not "
	    "\"6\"");
	expect_wrong("start --output xml",
	    "prog start: --output is one of text|json|csv, not \"xml\"");
	expect_wrong("start --output tex",
	    "prog start: --output is one of text|json|csv, not \"tex\"");
	expect_wrong("start --noSSL true", "prog start: unexpected \"true\"");
}

static void
a_missing_value_is_said(void **state)
{
	(void)state;
	expect_wrong(
	    "start --bindAddr", "prog start: --bindAddr needs a value");
	expect_wrong("start --bindAddr --noSSL",
	    "prog start: --bindAddr needs a value; if --noSSL is it, write "
	    "--bindAddr=--noSSL");
	expect_wrong(
	    "start --smtpPass --noSSL", "prog start: --smtpPass needs a value");
	expect_wrong("start --help=x", "prog start: --help takes no value");
	expect_wrong(
	    "create account", "prog create account: --name is missing");
}

static void
operands_are_counted(void **state)
{
	struct line line;

	(void)state;
	expect_wrong(
	    "explain", "prog explain: expected INVOICE [LINE], got 0 words");
	expect_wrong("explain a b c", "prog explain: unexpected \"c\"");
	expect_wrong("discard", "prog discard: expected ID..., got 0 words");
	assert_int_equal(parse(&line, "explain a --credsFile c b"), OPT_RUN);
	assert_int_equal(opt_operands(line.values), 2);
	assert_string_equal(opt_operand(line.values, 0), "a");
	assert_string_equal(opt_operand(line.values, 1), "b");
	assert_null(opt_operand(line.values, 2));
	done(&line);
	assert_int_equal(parse(&line, "explain -- --credsFile --"), OPT_RUN);
	assert_string_equal(opt_operand(line.values, 0), "--credsFile");
	assert_string_equal(opt_operand(line.values, 1), "--");
	done(&line);
	assert_int_equal(parse(&line, "discard 1 2 3 4 -"), OPT_RUN);
	assert_int_equal(opt_operands(line.values), 5);
	done(&line);
}

static void
a_secret_leaves_the_command_line(void **state)
{
	static const char zeroes[ARG_SIZE];
	struct line line;

	(void)state;
	assert_int_equal(
	    parse(&line, "start --smtpPass hunter2 --noSSL"), OPT_RUN);
	assert_string_equal(opt_get(line.values, "smtpPass"), "hunter2");
	assert_memory_equal(line.text[3], zeroes, ARG_SIZE);
	done(&line);
	assert_int_equal(parse(&line, "start --smtpPass=hunter2"), OPT_RUN);
	assert_string_equal(opt_get(line.values, "smtpPass"), "hunter2");
	assert_string_equal(line.text[2], "--smtpPass=");
	assert_memory_equal(line.text[2] + 11, zeroes, ARG_SIZE - 11);
	done(&line);
	/* Not even a misspelt flag repeats it. */
	expect_wrong("start --smtpPas=hunter2",
	    "prog start: unknown flag --smtpPas; did you mean --smtpPass?");
}

static void
help_is_there_at_every_level(void **state)
{
	(void)state;
	expect_help("--help", "    create account  Create an account\n");
	expect_help("-h", "Usage: prog COMMAND [flags]\n\nA program.\n");
	expect_help("create --help", "Usage: prog create COMMAND [flags]\n");
	expect_help("create account -h",
	    "Usage: prog create account [flags]\n\nCreate an account.\n");
	expect_help("--help create account", "--name string\n        Name "
					     "(required)\n");
	expect_help("start --help", "    --bindAddr string\n        Address "
				    "and port to bind (default 0.0.0.0:443)\n");
	expect_help("start --bindAddr x -vh", "    -v, --verbose\n");
	expect_help("start --help", "Password (prompts)\n");
	expect_help("start --help", "--output text|json|csv\n");
	expect_help(
	    "explain --help", "Usage: prog explain [flags] INVOICE [LINE]\n");
	expect_wrong("foo --help",
	    "prog: unknown command \"foo\"; there is start, create, explain, "
	    "discard or verify");
}

static void
hidden_things_are_listed_but_not_helped(void **state)
{
	struct line line;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(parse(&line, "start --help"), OPT_HELP);
	assert_null(strstr(buf_text(&line.out), "mockTime"));
	done(&line);
	assert_int_equal(parse(&line, "--help"), OPT_HELP);
	assert_null(strstr(buf_text(&line.out), "deliver"));
	done(&line);
	opt_list_flags(&program, &out);
	assert_non_null(
	    strstr(buf_text(&out), "start\tmockTime\tbool\tfalse\thidden\n"));
	assert_non_null(strstr(
	    buf_text(&out), "start\tbindAddr\tstring\t0.0.0.0:443\tpublic\n"));
	assert_non_null(strstr(buf_text(&out), "deliver\t-\t-\t-\thidden\n"));
	buf_fini(&out);
}

static void
durations_have_units_in_falling_order(void **state)
{
	static const struct {
		const char *text;
		int64_t secs;
	} good[] = {{"0s", 0}, {"90s", 90}, {"15m", 900}, {"6h", 21600},
	    {"30d", 2592000}, {"2w", 1209600}, {"1d12h", 129600},
	    {"1h1s", 3601}};
	static const char *const bad[] = {"", "6", "h", "6H", "-6h", "6h ",
	    "1m1h", "1h1h", "1.5h", "99999999999999999999s",
	    "9223372036854775807h", "9223372036854775807s1s"};
	int64_t secs;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(opt_parse_duration(good[i].text, &secs));
		assert_int_equal(secs, good[i].secs);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (opt_parse_duration(bad[i], &secs))
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void
a_flag_may_be_asked_for_by_tables_that_lack_it(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "create source"), OPT_RUN);
	assert_false(opt_has(line.values, "name"));
	done(&line);
	assert_int_equal(parse(&line, "create account --name=x"), OPT_RUN);
	assert_true(opt_has(line.values, "name"));
	done(&line);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(presets_count_until_a_flag_is_given),
	    cmocka_unit_test(values_come_behind_a_space_or_an_equals_sign),
	    cmocka_unit_test(an_empty_value_is_a_value),
	    cmocka_unit_test(flags_may_stand_before_and_between_verbs),
	    cmocka_unit_test(letters_may_be_joined),
	    cmocka_unit_test(the_last_one_of_a_flag_counts),
	    cmocka_unit_test(a_repeating_flag_keeps_every_value_in_order),
	    cmocka_unit_test(a_prefix_of_a_flag_is_refused),
	    cmocka_unit_test(the_nearest_flag_is_named),
	    cmocka_unit_test(the_nearest_verb_is_named),
	    cmocka_unit_test(the_longer_verb_wins),
	    cmocka_unit_test(values_of_the_wrong_type_are_refused),
	    cmocka_unit_test(a_missing_value_is_said),
	    cmocka_unit_test(operands_are_counted),
	    cmocka_unit_test(a_secret_leaves_the_command_line),
	    cmocka_unit_test(help_is_there_at_every_level),
	    cmocka_unit_test(hidden_things_are_listed_but_not_helped),
	    cmocka_unit_test(durations_have_units_in_falling_order),
	    cmocka_unit_test(a_flag_may_be_asked_for_by_tables_that_lack_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
