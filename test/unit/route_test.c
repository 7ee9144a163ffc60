/*
 * route_test.c - unit tests of src/route.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/route.h"

static const struct route routes[] = {
    {"POST", "/v1/reports", ROUTE_SOURCE, "", NULL, false},
    {"PUT", "/v1/reports/{}", ROUTE_SOURCE, "", NULL, false},
    {"GET", "/v1/reports/{}", ROUTE_SOURCE, "", NULL, false},
    {"GET", "/v1/quarantine", ROUTE_OPERATOR, "state limit after", NULL, false},
    {"POST", "/v1/quarantine/{}/release", ROUTE_OPERATOR, "", NULL, false},
    {"GET", "/v1/invoices/{}/lines/{}/explain", ROUTE_READER, "", NULL, false},
    {"GET", "/v1/both", ROUTE_SOURCE | ROUTE_READER, "", NULL, false},
    {"POST", "/v1/clock", ROUTE_OPERATOR, "", NULL, true},
    {"GET", "/healthz", ROUTE_ANYONE, "", NULL, false},
};

static const struct route_table table = {
    routes, sizeof routes / sizeof routes[0], false};

static struct route_call call;

static const struct route *
find(const char *method, const char *path)
{
	memset(&call, 0, sizeof call);
	return route_find(&table, method, path, &call);
}

/* The query of GET /v1/quarantine. */
static bool
read_query(const char *query, struct err *err)
{
	const struct route *route = find("GET", "/v1/quarantine");

	assert_ptr_equal(route, &routes[3]);
	return route_read_query(route, query, &call, err);
}

static void
a_path_is_found_by_its_method(void **state)
{
	(void)state;
	assert_ptr_equal(find("POST", "/v1/reports"), &routes[0]);
	assert_int_equal(call.id_count, 0);
	assert_ptr_equal(find("PUT", "/v1/reports/x"), &routes[1]);
	assert_ptr_equal(find("GET", "/v1/reports/x"), &routes[2]);
	assert_ptr_equal(find("HEAD", "/v1/reports/x"), &routes[2]);
	assert_null(find("GET", "/v1/reports"));
	assert_null(find("HEAD", "/v1/reports"));
	assert_null(find("get", "/healthz"));
	assert_null(find("DELETE", "/healthz"));
}

static void
ids_stand_anywhere_and_are_one_segment(void **state)
{
	(void)state;
	assert_ptr_equal(find("POST", "/v1/quarantine/17/release"), &routes[4]);
	assert_int_equal(call.id_count, 1);
	assert_string_equal(call.ids[0], "17");
	assert_ptr_equal(
	    find("GET", "/v1/invoices/2026-00001/lines/3/explain"), &routes[5]);
	assert_int_equal(call.id_count, 2);
	assert_string_equal(call.ids[0], "2026-00001");
	assert_string_equal(call.ids[1], "3");
	assert_null(find("POST", "/v1/quarantine//release"));
	assert_null(find("POST", "/v1/quarantine/1/2/release"));
	assert_null(find("POST", "/v1/quarantine/1/release/"));
	assert_null(find("POST", "/v1/quarantine/1/releas"));
	assert_null(find("POST", "/v1/quarantine/1"));
	assert_null(find("GET", "/v1/reports/"));
	assert_null(find("GET", "/v1/reports/a/b"));
	assert_null(find("GET", "/v1/quarantine/"));
}

static void
ids_are_decoded(void **state)
{
	char path[400] = "/v1/reports/";

	(void)state;
	assert_non_null(find("GET", "/v1/reports/a%20%2f%C3%a4%25"));
	assert_string_equal(call.ids[0], "a /\xc3\xa4%");
	assert_null(find("GET", "/v1/reports/%"));
	assert_null(find("GET", "/v1/reports/%4"));
	assert_null(find("GET", "/v1/reports/%4g"));
	assert_null(find("GET", "/v1/reports/%g4"));
	assert_null(find("GET", "/v1/reports/a%00b"));
	/* What is no id is compared as it is. */
	assert_null(find("GET", "/v1/%71uarantine"));
	memset(path + 12, 'x', ROUTE_TEXT_SIZE - 1);
	assert_non_null(find("GET", path));
	assert_int_equal(strlen(call.ids[0]), ROUTE_TEXT_SIZE - 1);
	path[12 + ROUTE_TEXT_SIZE - 1] = 'x';
	assert_null(find("GET", path));
}

static void
the_pretend_clock_adds_its_routes(void **state)
{
	struct route_table mock = table;

	(void)state;
	assert_null(find("POST", "/v1/clock"));
	assert_null(route_allow(&table, "/v1/clock"));
	mock.mock = true;
	assert_ptr_equal(
	    route_find(&mock, "POST", "/v1/clock", &call), &routes[7]);
	assert_string_equal(route_allow(&mock, "/v1/clock"), "POST");
}

static void
a_path_tells_its_methods(void **state)
{
	(void)state;
	assert_string_equal(route_allow(&table, "/v1/reports"), "POST");
	assert_string_equal(
	    route_allow(&table, "/v1/reports/x"), "GET, HEAD, PUT");
	assert_string_equal(route_allow(&table, "/healthz"), "GET, HEAD");
	assert_string_equal(
	    route_allow(&table, "/v1/quarantine/1/release"), "POST");
	assert_null(route_allow(&table, "/v1"));
	assert_null(route_allow(&table, ""));
}

static void
a_path_has_its_pattern_which_is_none_of_its_words(void **state)
{
	(void)state;
	assert_string_equal(
	    route_pattern(&table, "/v1/reports/secret"), "/v1/reports/{}");
	assert_string_equal(route_pattern(&table, "/healthz"), "/healthz");
	assert_null(route_pattern(&table, "/secret"));
	assert_null(route_pattern(&table, ""));
}

static void
roles_are_sets_and_an_operator_may_what_a_reader_may(void **state)
{
	static const struct {
		int route;
		bool source, reader, operator;
	} cases[] = {
	    {0, true, false, false},
	    {3, false, false, true},
	    {5, false, true, true},
	    {6, true, true, true},
	    {8, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct route *r = &routes[cases[i].route];

		assert_int_equal(
		    route_admits(r, TOKEN_SOURCE), cases[i].source);
		assert_int_equal(
		    route_admits(r, TOKEN_READER), cases[i].reader);
		assert_int_equal(
		    route_admits(r, TOKEN_OPERATOR), cases[i].operator);
		assert_int_equal(
		    route_admits(r, TOKEN_NOBODY), r->roles == ROUTE_ANYONE);
	}
}

static void
parameters_are_read(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_true(read_query("", &err));
	assert_null(route_param(&call, "state"));
	assert_true(read_query("state=open&after=7", &err));
	assert_string_equal(route_param(&call, "state"), "open");
	assert_string_equal(route_param(&call, "after"), "7");
	assert_null(route_param(&call, "limit"));
	assert_true(read_query("state=a%26b%3Dc+d", &err));
	assert_string_equal(route_param(&call, "state"), "a&b=c+d");
	assert_true(read_query("limit&state=", &err));
	assert_string_equal(route_param(&call, "limit"), "");
	assert_string_equal(route_param(&call, "state"), "");
}

static void
parameters_that_mean_nothing_are_refused(void **state)
{
	static const struct {
		const char *query, *said;
	} cases[] = {
	    {"stat=1", "does not take the parameter \"stat\", but: state"},
	    {"states=1", "\"states\""},
	    {"it=1", "\"it\""},
	    {"state%20limit=1", "\"state limit\""},
	    {"state=1&state=1", "state stands twice"},
	    {"state=1&%73tate=1", "state stands twice"},
	    {"state=%zz", "hexadecimal"},
	    {"&state=1", "\"\""},
	    {"=1", "\"\""},
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_false(read_query(cases[i].query, &err));
		assert_int_equal(err.kind, ERR_INPUT);
		if (strstr(err.text, cases[i].said) == NULL)
			fail_msg("%s: %s", cases[i].query, err.text);
	}
	assert_ptr_equal(find("GET", "/healthz"), &routes[8]);
	assert_false(route_read_query(&routes[8], "x=1", &call, &err));
	assert_string_equal(err.text, "this path takes no parameters");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_found_by_its_method),
	    cmocka_unit_test(ids_stand_anywhere_and_are_one_segment),
	    cmocka_unit_test(ids_are_decoded),
	    cmocka_unit_test(the_pretend_clock_adds_its_routes),
	    cmocka_unit_test(a_path_tells_its_methods),
	    cmocka_unit_test(a_path_has_its_pattern_which_is_none_of_its_words),
	    cmocka_unit_test(
		roles_are_sets_and_an_operator_may_what_a_reader_may),
	    cmocka_unit_test(parameters_are_read),
	    cmocka_unit_test(parameters_that_mean_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
