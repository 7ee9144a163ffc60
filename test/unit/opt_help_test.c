/*
 * opt_help_test.c - help, byte for byte, and the list of flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/opt.h"

static const struct opt_flag flags[] = {
    {.name = "bindAddr",
	.type = OPT_STRING,
	.preset = "0.0.0.0:443",
	.help = "Address and port to bind, which is a sentence that does not "
		"fit into one line of a terminal"},
    {.name = "verbose", .letter = 'v', .type = OPT_BOOL, .help = "Say more"},
    {.name = "quick", .type = OPT_BOOL, .preset = "true", .help = "Be quick"},
    {.name = "output",
	.type = OPT_STRING,
	.choices = "text|json",
	.preset = "text",
	.help = "How rows are printed"},
    {.name = "pass",
	.type = OPT_STRING,
	.shown = "(prompts)",
	.help = "Password"},
    {.name = "age", .type = OPT_DURATION, .required = true, .help = "Age"},
    {.name = "mock", .type = OPT_INT, .hidden = true, .help = "Pretend"},
    {0},
};

static void
tell_more(struct buf *out)
{
	buf_str(out, "And more.\n");
}

static const struct opt_command show = {.path = "show volume",
    .operands = "ID",
    .summary = "Show a volume",
    .details = "More about it.",
    .more = tell_more,
    .flags = flags};
static const struct opt_command verify = {
    .path = "verify", .summary = "Verify the ledger"};
static const struct opt_command verify_grant = {
    .path = "verify grant", .summary = "Verify a grant"};
static const struct opt_command deliver = {
    .path = "deliver", .summary = "Deliver", .hidden = true};

static const struct opt_command *const commands[] = {
    &show, &verify, &verify_grant, &deliver, NULL};

static const struct opt_program program = {
    .name = "prog", .summary = "A program", .commands = commands};

static void
expect(const char *const *words, size_t count, const char *text)
{
	struct buf out = BUF_INIT;

	assert_true(opt_help(&program, words, count, &out));
	assert_string_equal(buf_text(&out), text);
	buf_fini(&out);
}

static void
a_command_tells_usage_flags_and_details(void **state)
{
	static const char *const words[] = {"show", "volume"};

	(void)state;
	expect(words, 2,
	    "Usage: prog show volume [flags] ID\n"
	    "\n"
	    "Show a volume.\n"
	    "\n"
	    "Flags:\n"
	    "    --bindAddr string\n"
	    "        Address and port to bind, which is a sentence that does "
	    "not fit into\n"
	    "        one line of a terminal (default 0.0.0.0:443)\n"
	    "    -v, --verbose\n"
	    "        Say more\n"
	    "    --quick\n"
	    "        Be quick (default true)\n"
	    "    --output text|json\n"
	    "        How rows are printed (default text)\n"
	    "    --pass string\n"
	    "        Password (prompts)\n"
	    "    --age duration\n"
	    "        Age (required)\n"
	    "    -h, --help\n"
	    "        Show this help\n"
	    "\n"
	    "More about it.\n"
	    "\n"
	    "And more.\n");
}

static void
a_group_lists_its_commands(void **state)
{
	static const char *const words[] = {"show"};

	(void)state;
	expect(words, 1,
	    "Usage: prog show COMMAND [flags]\n"
	    "\n"
	    "Commands:\n"
	    "    show volume   Show a volume\n"
	    "\n"
	    "'prog COMMAND --help' tells more about a command.\n");
}

static void
the_program_lists_all_but_the_hidden(void **state)
{
	(void)state;
	expect(NULL, 0,
	    "Usage: prog COMMAND [flags]\n"
	    "\n"
	    "A program.\n"
	    "\n"
	    "Commands:\n"
	    "    show volume   Show a volume\n"
	    "    verify        Verify the ledger\n"
	    "    verify grant  Verify a grant\n"
	    "\n"
	    "'prog COMMAND --help' tells more about a command.\n");
}

static void
a_command_that_goes_on_lists_what_follows(void **state)
{
	static const char *const words[] = {"verify"};

	(void)state;
	expect(words, 1,
	    "Usage: prog verify [flags]\n"
	    "\n"
	    "Verify the ledger.\n"
	    "\n"
	    "Flags:\n"
	    "    -h, --help\n"
	    "        Show this help\n"
	    "\n"
	    "Commands:\n"
	    "    verify grant  Verify a grant\n"
	    "\n"
	    "'prog COMMAND --help' tells more about a command.\n");
}

static void
there_is_no_help_for_what_is_not_there(void **state)
{
	static const char *const words[] = {
	    "show", "volume", "x", "y", "z", "z", "z"};
	struct buf out = BUF_INIT;

	(void)state;
	assert_false(opt_help(&program, words, 3, &out));
	assert_false(opt_help(&program, words, 7, &out));
	assert_false(opt_help(&program, words + 1, 1, &out));
	assert_int_equal(out.len, 0);
}

static void
every_flag_is_listed_hidden_or_not(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	opt_list_flags(&program, &out);
	assert_string_equal(buf_text(&out),
	    "show volume\t-\t-\t-\tpublic\n"
	    "show volume\tbindAddr\tstring\t0.0.0.0:443\tpublic\n"
	    "show volume\tverbose\tbool\tfalse\tpublic\n"
	    "show volume\tquick\tbool\ttrue\tpublic\n"
	    "show volume\toutput\tstring\ttext\tpublic\n"
	    "show volume\tpass\tstring\t(prompts)\tpublic\n"
	    "show volume\tage\tduration\t\tpublic\n"
	    "show volume\tmock\tint\t\thidden\n"
	    "verify\t-\t-\t-\tpublic\n"
	    "verify grant\t-\t-\t-\tpublic\n"
	    "deliver\t-\t-\t-\thidden\n");
	buf_fini(&out);
}

static void
durations_are_told_in_their_largest_unit(void **state)
{
	static const struct {
		int64_t secs;
		const char *text;
	} cases[] = {{0, "0s"}, {1, "1s"}, {90, "90s"}, {60, "1m"},
	    {5400, "90m"}, {3600, "1h"}, {86400, "1d"}, {90000, "25h"},
	    {604800, "7d"}};
	char text[OPT_DURATION_SIZE];
	int64_t secs;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(
		    opt_format_duration(cases[i].secs, text), cases[i].text);
		assert_true(opt_parse_duration(text, &secs));
		assert_int_equal(secs, cases[i].secs);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_tells_usage_flags_and_details),
	    cmocka_unit_test(a_group_lists_its_commands),
	    cmocka_unit_test(durations_are_told_in_their_largest_unit),
	    cmocka_unit_test(the_program_lists_all_but_the_hidden),
	    cmocka_unit_test(a_command_that_goes_on_lists_what_follows),
	    cmocka_unit_test(there_is_no_help_for_what_is_not_there),
	    cmocka_unit_test(every_flag_is_listed_hidden_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
