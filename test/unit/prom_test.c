/*
 * prom_test.c - unit tests of lib/prom.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/prom.h"

static void
expect(struct buf *out, const char *text)
{
	assert_string_equal(buf_text(out), text);
	buf_fini(out);
}

static void
a_family_has_help_and_type(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	prom_family(
	    &out, "a_total", "counter", "Back\\slash,\nline, \"quote\"");
	expect(&out, "# HELP a_total Back\\\\slash,\\nline, \"quote\"\n"
		     "# TYPE a_total counter\n");
}

static void
labels_are_escaped(void **state)
{
	const struct prom_label labels[] = {{"one", "a\"b\\c\nd"}, {"two", ""}};
	struct buf out = BUF_INIT;

	(void)state;
	prom_sample(&out, "a", labels, 2, 7, 0);
	prom_sample(&out, "a", NULL, 0, 8, 0);
	expect(&out, "a{one=\"a\\\"b\\\\c\\nd\",two=\"\"} 7\na 8\n");
}

static void
values_have_a_point_where_it_belongs(void **state)
{
	static const struct {
		int64_t value;
		unsigned digits;
		const char *text;
	} cases[] = {
	    {0, 0, "a 0\n"},
	    {0, 6, "a 0\n"},
	    {1500, 3, "a 1.5\n"},
	    {-1, 3, "a -0.001\n"},
	    {-2000, 3, "a -2\n"},
	    {10, 0, "a 10\n"},
	    {100, 1, "a 10\n"},
	    {1000001, 6, "a 1.000001\n"},
	    {INT64_MAX, 0, "a 9223372036854775807\n"},
	    {INT64_MIN, 0, "a -9223372036854775808\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT;

		prom_sample(
		    &out, "a", NULL, 0, cases[i].value, cases[i].digits);
		expect(&out, cases[i].text);
	}
}

static void
buckets_are_cumulated_and_hold_their_bound(void **state)
{
	static const int64_t bounds[] = {5, 10, 1000};
	struct prom_histogram h = {.bounds = bounds, .bound_count = 3};
	struct buf out = BUF_INIT;

	(void)state;
	prom_histogram_put(&out, "h", &h, 3);
	expect(&out, "h_bucket{le=\"0.005\"} 0\nh_bucket{le=\"0.01\"} 0\n"
		     "h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\n"
		     "h_sum 0\nh_count 0\n");
	prom_observe(&h, 0);
	prom_observe(&h, 5);
	prom_observe(&h, 6);
	prom_observe(&h, 1000);
	prom_observe(&h, 1001);
	prom_observe(&h, 5000);
	prom_histogram_put(&out, "h", &h, 3);
	expect(&out, "h_bucket{le=\"0.005\"} 2\nh_bucket{le=\"0.01\"} 3\n"
		     "h_bucket{le=\"1\"} 4\nh_bucket{le=\"+Inf\"} 6\n"
		     "h_sum 7.012\nh_count 6\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_family_has_help_and_type),
	    cmocka_unit_test(labels_are_escaped),
	    cmocka_unit_test(values_have_a_point_where_it_belongs),
	    cmocka_unit_test(buckets_are_cumulated_and_hold_their_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
