/*
 * account_test.c - unit tests of src/account.c.
 */
#include "fixture.h"
#include "src/fact.h"

static void
names_are_of_their_pattern(void **state)
{
	static const char *const good[] = {"a", "0", "acme", "a.b_c-d", "9x",
	    "a23456789012345678901234567890123456789012345678901234567890123"};
	static const char *const wrong[] = {"", ".a", "-a", "_a", "Acme", "a b",
	    "a/b", "a\n", "\xc3\xa9", "a,b", "a'b",
	    "a234567890123456789012345678901234567890123456789012345678901234"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(account_name_valid(good[i]));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(account_name_valid(wrong[i]));
}

static void
words_and_enumerators_match(void **state)
{
	enum account_average average;
	enum account_gap gap;
	enum account_rounding rounding;
	enum exact_rounding mode;

	(void)state;
	assert_true(account_parse_average("mean", &average));
	assert_int_equal(average, ACCOUNT_MEAN);
	assert_true(account_parse_average("time_weighted", &average));
	assert_int_equal(average, ACCOUNT_TIME_WEIGHTED);
	assert_string_equal(account_average_name(average), "time_weighted");
	assert_true(account_parse_gap("carry", &gap));
	assert_int_equal(gap, ACCOUNT_GAP_CARRY);
	assert_true(account_parse_gap("zero", &gap));
	assert_int_equal(gap, ACCOUNT_GAP_ZERO);
	assert_true(account_parse_gap("interpolate", &gap));
	assert_int_equal(gap, ACCOUNT_GAP_INTERPOLATE);
	assert_true(account_parse_gap("hold", &gap));
	assert_int_equal(gap, ACCOUNT_GAP_HOLD);
	assert_string_equal(account_gap_name(gap), "hold");
	assert_true(account_parse_rounding("line", &rounding));
	assert_int_equal(rounding, ACCOUNT_PER_LINE);
	assert_true(account_parse_rounding("document", &rounding));
	assert_int_equal(rounding, ACCOUNT_PER_DOCUMENT);
	assert_string_equal(account_rounding_name(rounding), "document");
	assert_true(account_parse_mode("half_even", &mode));
	assert_int_equal(mode, EXACT_HALF_EVEN);
	assert_true(account_parse_mode("half_up", &mode));
	assert_int_equal(mode, EXACT_HALF_UP);
	assert_string_equal(account_mode_name(mode), "half_up");
	assert_false(account_parse_average("Mean", &average));
	assert_false(account_parse_gap("", &gap));
	assert_false(account_parse_rounding("lines", &rounding));
	assert_false(account_parse_mode("up", &mode));
}

static void
same_account(const struct account *a, const struct account *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->display_name, b->display_name);
	assert_string_equal(a->currency, b->currency);
	assert_int_equal(a->average, b->average);
	assert_int_equal(a->gap, b->gap);
	assert_int_equal(a->max_carry_hours, b->max_carry_hours);
	assert_int_equal(a->rounding, b->rounding);
	assert_int_equal(a->rounding_mode, b->rounding_mode);
	assert_int_equal(a->net_days, b->net_days);
	assert_string_equal(a->report_to, b->report_to);
	assert_int_equal(a->created_at, b->created_at);
}

static void
what_was_created_is_found_by_name_and_row(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("acme"), got;
	struct fact_head head;

	snprintf(a.display_name, sizeof a.display_name, "Acme \"Corp\", \n'");
	memcpy(a.currency, "JPY", 4);
	a.average = ACCOUNT_TIME_WEIGHTED;
	a.gap = ACCOUNT_GAP_HOLD;
	a.max_carry_hours = 48;
	a.rounding = ACCOUNT_PER_LINE;
	a.rounding_mode = EXACT_HALF_EVEN;
	a.net_days = 14;
	snprintf(a.report_to, sizeof a.report_to, "a@x.test,b@x.test");
	assert_true(account_create(f->db, &a, "operator:me", 12345, &f->err));
	assert_true(a.id > 0);
	assert_int_equal(a.created_at, 12345);
	assert_true(account_find(f->db, "acme", &got, &f->err));
	same_account(&got, &a);
	assert_true(account_load(f->db, a.id, &got, &f->err));
	same_account(&got, &a);
	assert_true(fact_load_head(f->db, &head, &f->err));
	assert_int_equal(head.seq, 1);
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM fact WHERE kind = 'account.created'"
		" AND who = 'operator:me' AND subject = 'acme' AND at = 12345"
		" AND detail LIKE '%gap_policy=hold max_carry_hours=48 "
		"rounding=line%report_to=a@x.test,b@x.test'",
		&f->err),
	    1);
}

static bool
is_refused(struct fixture *f, struct account *a, const char *what)
{
	f->err = (struct err)ERR_INIT;
	return !account_create(f->db, a, "operator:me", 1, &f->err) &&
	       f->err.kind == ERR_INPUT && strstr(f->err.text, what) != NULL &&
	       !sql_in_transaction(f->db) &&
	       fixture_int(f->db, "SELECT count(*) FROM account", &f->err) ==
		   0 &&
	       fixture_int(f->db, "SELECT count(*) FROM fact", &f->err) == 0;
}

static void
wrong_rules_are_refused_and_nothing_is_kept(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("Acme");

	assert_true(is_refused(f, &a, "\"Acme\""));
	a = fixture_rules("acme");
	memcpy(a.currency, "XYZ", 4);
	assert_true(is_refused(f, &a, "\"XYZ\""));
	a = fixture_rules("acme");
	a.max_carry_hours = ACCOUNT_MAX_CARRY_HOURS + 1;
	assert_true(is_refused(f, &a, "8760"));
	a.max_carry_hours = -1;
	assert_true(is_refused(f, &a, "8760"));
	a = fixture_rules("acme");
	a.net_days = ACCOUNT_MAX_NET_DAYS + 1;
	assert_true(is_refused(f, &a, "365"));
	a.net_days = -1;
	assert_true(is_refused(f, &a, "365"));
}

static void
the_limits_themselves_are_fine(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("most"), b = fixture_rules("least");

	a.max_carry_hours = ACCOUNT_MAX_CARRY_HOURS;
	a.net_days = ACCOUNT_MAX_NET_DAYS;
	fixture_add(f, &a);
	b.max_carry_hours = 0;
	b.net_days = 0;
	fixture_add(f, &b);
}

static void
a_name_is_taken_once(void **state)
{
	struct fixture *f = *state;
	struct account again = fixture_rules("acme"), got;

	fixture_account(f, "acme");
	memcpy(again.currency, "EUR", 4);
	assert_false(account_create(f->db, &again, "operator:me", 2, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_non_null(strstr(f->err.text, "\"acme\""));
	assert_false(sql_in_transaction(f->db));
	assert_true(account_find(f->db, "acme", &got, &f->err));
	assert_string_equal(got.currency, "USD");
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM fact", &f->err), 1);
}

static void
an_unknown_one_is_said_to_be(void **state)
{
	struct fixture *f = *state;
	struct account got;

	assert_false(account_find(f->db, "nobody", &got, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_non_null(strstr(f->err.text, "\"nobody\""));
	assert_false(account_load(f->db, 77, &got, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
}

static void
all_are_listed_by_name(void **state)
{
	struct fixture *f = *state;
	struct account *list = NULL;
	size_t count = 99;
	char name[16];

	assert_true(account_list(f->db, &list, &count, &f->err));
	assert_int_equal(count, 0);
	free(list);
	for (int i = 40; i-- > 0;) {
		snprintf(name, sizeof name, "n%02d", i);
		fixture_account(f, name);
	}
	assert_true(account_list(f->db, &list, &count, &f->err));
	assert_int_equal(count, 40);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "n%02d", i);
		assert_string_equal(list[i].name, name);
	}
	free(list);
}

static void
a_database_that_is_locked_is_busy(void **state)
{
	struct fixture *f = *state;
	struct account a = fixture_rules("acme");
	struct sql *other = store_open_write(f->folder, 0, NULL, &f->err);

	assert_non_null(other);
	assert_true(sql_begin(other, &f->err));
	assert_false(account_create(f->db, &a, "operator:me", 1, &f->err));
	assert_int_equal(f->err.kind, ERR_BUSY);
	sql_close(other);
	assert_true(account_create(f->db, &a, "operator:me", 1, &f->err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_of_their_pattern),
	    cmocka_unit_test(words_and_enumerators_match),
	    FIXTURE_TEST(what_was_created_is_found_by_name_and_row),
	    FIXTURE_TEST(wrong_rules_are_refused_and_nothing_is_kept),
	    FIXTURE_TEST(the_limits_themselves_are_fine),
	    FIXTURE_TEST(a_name_is_taken_once),
	    FIXTURE_TEST(an_unknown_one_is_said_to_be),
	    FIXTURE_TEST(all_are_listed_by_name),
	    FIXTURE_TEST(a_database_that_is_locked_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
