/*
 * volume_test.c - unit tests of src/volume.c.
 */
#include "fixture.h"
#include "src/volume.h"

static struct volume *
find(struct fixture *f, struct volume_cache *cache, int n, int64_t created_at)
{
	char text[UUID_TEXT_SIZE];
	struct volume *v;
	struct uuid id;

	assert_true(uuid_parse(fixture_uuid(n, text), UUID_TEXT_LEN, &id));
	v = volume_find(f->db, cache, &id, created_at, &f->err);
	assert_non_null(v);
	return v;
}

static bool
note_name(struct fixture *f, struct volume *v, const char *name)
{
	struct report_text text = {name, (uint32_t)strlen(name)};

	return volume_note_name(f->db, v, &text, &f->err);
}

static void
a_month_counts_from_the_year_0(void **state)
{
	(void)state;
	assert_int_equal(volume_month_of(0), 1970 * 12);
	assert_int_equal(volume_month_of(utc_from_date(2026, 12, 31) + 86399),
	    2026 * 12 + 11);
	assert_int_equal(volume_month_of(utc_from_date(2027, 1, 1)), 2027 * 12);
}

static void
a_volume_is_made_once_and_found_again(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL}, other = {NULL};
	struct volume *v = find(f, &cache, 1, 4711), *w;
	int64_t id = v->id;

	assert_ptr_equal(find(f, &cache, 1, 0), v);
	w = find(f, &cache, 2, 0);
	assert_int_not_equal(w->id, id);
	assert_int_equal(find(f, &other, 1, 9)->id, id);
	volume_cache_clear(&cache);
	volume_cache_clear(&cache);
	assert_int_equal(find(f, &cache, 1, 9)->id, id);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume", &f->err), 2);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM volume"
			     " WHERE created_at = 4711",
			     &f->err),
	    1);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM volume"
			     " WHERE created_at IS NULL",
			     &f->err),
	    1);
	volume_cache_clear(&cache);
	volume_cache_clear(&other);
}

static void
many_volumes_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	int64_t ids[200];

	assert_true(sql_begin(f->db, &f->err));
	for (int i = 0; i < 200; i++)
		ids[i] = find(f, &cache, i, 0)->id;
	assert_true(sql_commit(f->db, &f->err));
	volume_cache_clear(&cache);
	for (int i = 200; i-- > 0;)
		assert_int_equal(find(f, &cache, i, 0)->id, ids[i]);
	volume_cache_clear(&cache);
}

static void
each_name_has_one_row_and_the_last_one_counts(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *v = find(f, &cache, 1, 0);
	int64_t lab, old;

	assert_true(note_name(f, v, "lab"));
	lab = v->name_id;
	assert_true(lab > 0);
	assert_true(note_name(f, v, "lab"));
	assert_int_equal(v->name_id, lab);
	assert_true(note_name(f, v, ""));
	assert_int_equal(v->name_id, lab);
	assert_true(note_name(f, v, "attic"));
	old = v->name_id;
	assert_int_not_equal(old, lab);
	assert_true(note_name(f, v, "lab"));
	assert_int_equal(v->name_id, lab);
	/* The row is found again without the cache. */
	volume_cache_clear(&cache);
	v = find(f, &cache, 1, 0);
	assert_int_equal(v->name_id, 0);
	assert_true(note_name(f, v, "attic"));
	assert_int_equal(v->name_id, old);
	/* Another volume of the same name has a row of its own. */
	v = find(f, &cache, 2, 0);
	assert_true(note_name(f, v, "lab"));
	assert_int_not_equal(v->name_id, lab);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume_name", &f->err), 3);
	volume_cache_clear(&cache);
}

static void
a_name_ends_where_its_length_says(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *v = find(f, &cache, 1, 0);
	struct report_text text = {"labour", 3};

	assert_true(note_name(f, v, "labour"));
	assert_true(volume_note_name(f->db, v, &text, &f->err));
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT count(*) FROM volume_name WHERE name = 'lab'", &f->err),
	    1);
	volume_cache_clear(&cache);
}

static void
a_region_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *v = find(f, &cache, 1, 0);
	struct report_text eu = {"eu-1", 4}, us = {"us-1", 4}, none = {NULL, 0};

	assert_true(volume_note_region(f->db, v, &eu, &f->err));
	assert_true(volume_note_region(f->db, v, &us, &f->err));
	assert_true(volume_note_region(f->db, v, &none, &f->err));
	volume_cache_clear(&cache);
	assert_string_equal(find(f, &cache, 1, 0)->region, "us-1");
	volume_cache_clear(&cache);
}

static void
months_are_noted_once(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *v = find(f, &cache, 1, 0);
	int64_t october = utc_from_date(2026, 10, 1);

	fixture_account(f, "acme");
	assert_true(volume_note_month(f->db, v, 1, october, &f->err));
	assert_true(volume_note_month(f->db, v, 1, october + 86400, &f->err));
	assert_true(volume_note_month(f->db, v, 1, october - 1, &f->err));
	assert_true(volume_note_month(f->db, v, 1, october, &f->err));
	assert_int_equal(v->month, 2026 * 12 + 9);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume_month", &f->err),
	    2);
	volume_cache_clear(&cache);
}

static void
an_accounts_volumes_are_listed_from_their_first_month(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *one = find(f, &cache, 1, 0),
		      *two = find(f, &cache, 2, 0);
	int64_t october = utc_from_date(2026, 10, 1), *list;
	size_t count;

	fixture_account(f, "acme");
	fixture_account(f, "beta");
	assert_true(volume_note_month(f->db, one, 1, october, &f->err));
	assert_true(volume_note_month(f->db, two, 1, october, &f->err));
	assert_true(volume_note_month(f->db, two, 2, october, &f->err));
	/* A late sample of September. */
	assert_true(volume_note_month(f->db, two, 1, october - 1, &f->err));
	assert_true(volume_list_of(
	    f->db, 1, october / 3600 + 1, &list, &count, &f->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0], one->id);
	assert_int_equal(list[1], two->id);
	free(list);
	assert_true(
	    volume_list_of(f->db, 1, october / 3600, &list, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(list[0], two->id);
	free(list);
	assert_true(
	    volume_list_of(f->db, 2, october / 3600, &list, &count, &f->err));
	assert_int_equal(count, 0);
	free(list);
	volume_cache_clear(&cache);
}

static void
the_earliest_retirement_counts(void **state)
{
	struct fixture *f = *state;
	struct volume_cache cache = {NULL};
	struct volume *v = find(f, &cache, 1, 0);
	bool changed = true;

	assert_true(volume_note_retirement(f->db, v, 0, 7, &changed, &f->err));
	assert_false(changed);
	assert_int_equal(v->retired_at, 0);
	assert_true(
	    volume_note_retirement(f->db, v, 500, 7, &changed, &f->err));
	assert_true(changed);
	assert_true(
	    volume_note_retirement(f->db, v, 600, 7, &changed, &f->err));
	assert_false(changed);
	assert_true(
	    volume_note_retirement(f->db, v, 500, 7, &changed, &f->err));
	assert_false(changed);
	assert_true(
	    volume_note_retirement(f->db, v, 400, 7, &changed, &f->err));
	assert_true(changed);
	assert_true(volume_note_retirement(f->db, v, 0, 7, &changed, &f->err));
	assert_false(changed);
	volume_cache_clear(&cache);
	assert_int_equal(find(f, &cache, 1, 0)->retired_at, 400);
	volume_cache_clear(&cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_month_counts_from_the_year_0),
	    FIXTURE_TEST(a_volume_is_made_once_and_found_again),
	    FIXTURE_TEST(many_volumes_are_told_apart),
	    FIXTURE_TEST(each_name_has_one_row_and_the_last_one_counts),
	    FIXTURE_TEST(a_name_ends_where_its_length_says),
	    FIXTURE_TEST(a_region_is_replaced),
	    FIXTURE_TEST(months_are_noted_once),
	    FIXTURE_TEST(an_accounts_volumes_are_listed_from_their_first_month),
	    FIXTURE_TEST(the_earliest_retirement_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
