/*
 * opt_words_test.c - paths of verbs and misspelt names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/opt_words.h"

static const struct opt_command create_account = {.path = "create account"};
static const struct opt_command create_source = {.path = "create source"};
static const struct opt_command verify = {.path = "verify"};
static const struct opt_command verify_grant = {.path = "verify grant"};
static const struct opt_command secret = {.path = "deliver", .hidden = true};

static const struct opt_command *const commands[] = {
    &create_account, &create_source, &verify, &verify_grant, &secret, NULL};

static const struct opt_program program = {
    .name = "prog", .summary = "Program", .commands = commands};

static void
a_path_ends_where_a_word_ends(void **state)
{
	static const struct opt_path none = {.count = 0};
	static const struct opt_path create = {{"create"}, 1};
	static const struct opt_path both = {{"create", "account"}, 2};
	static const struct opt_path part = {{"crea"}, 1};
	static const struct opt_path more = {{"create", "account", "x"}, 3};

	(void)state;
	assert_string_equal(
	    opt_path_rest(&none, "create account"), "create account");
	assert_string_equal(
	    opt_path_rest(&create, "create account"), "account");
	assert_string_equal(opt_path_rest(&both, "create account"), "");
	assert_null(opt_path_rest(&part, "create account"));
	assert_null(opt_path_rest(&more, "create account"));
	assert_null(opt_path_rest(&both, "create"));
	assert_null(opt_path_rest(&both, "create accounts"));
}

static void
a_command_is_found_by_all_of_its_words(void **state)
{
	static const struct opt_path one = {{"verify"}, 1};
	static const struct opt_path two = {{"verify", "grant"}, 2};
	static const struct opt_path group = {{"create"}, 1};

	(void)state;
	assert_ptr_equal(opt_path_command(&program, &one), &verify);
	assert_ptr_equal(opt_path_command(&program, &two), &verify_grant);
	assert_null(opt_path_command(&program, &group));
}

static void
the_next_words_are_listed_once(void **state)
{
	static const struct opt_path none = {.count = 0};
	static const struct opt_path create = {{"create"}, 1};
	struct opt_names names;

	(void)state;
	opt_path_next(&program, &none, false, &names);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.list[0], "create");
	assert_string_equal(names.list[1], "verify");
	assert_null(names.list[2]);
	opt_path_next(&program, &none, true, &names);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.list[2], "deliver");
	opt_path_next(&program, &create, false, &names);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.list[1], "source");
}

static void
the_nearest_name_is_near(void **state)
{
	static const char *const names[] = {"bindAddr", "dbFolder", "noSSL",
	    "verbose", "to", "credsFile", NULL};
	static const struct {
		const char *word, *nearest;
	} cases[] = {{"bindAdr", "bindAddr"}, {"bindaddr", "bindAddr"},
	    {"bnidAddr", "bindAddr"}, {"bindAddrr", "bindAddr"},
	    {"db", "dbFolder"}, {"nossl", "noSSL"}, {"credentialsFile", NULL},
	    {"verbos", "verbose"}, {"", NULL}, {"x", NULL}, {"xy", NULL},
	    {"ot", "to"}, {"folder", "dbFolder"}, {"elephant", NULL},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		NULL}};
	const char *near;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		near = opt_nearest(cases[i].word, names);
		if (cases[i].nearest == NULL && near == NULL)
			continue;
		if (near == NULL || cases[i].nearest == NULL)
			fail_msg("%s: %s", cases[i].word,
			    near != NULL ? near : "none");
		assert_string_equal(near, cases[i].nearest);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_ends_where_a_word_ends),
	    cmocka_unit_test(a_command_is_found_by_all_of_its_words),
	    cmocka_unit_test(the_next_words_are_listed_once),
	    cmocka_unit_test(the_nearest_name_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
