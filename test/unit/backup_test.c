/*
 * backup_test.c - unit tests of src/backup.c: copies of a database that
 * another connection goes on writing.
 */
#include <sys/stat.h>

#include "fixture.h"
#include "lib/file.h"
#include "src/backup.h"

struct place {
	char folder[FIXTURE_FOLDER_SIZE];
	char copy[FIXTURE_FOLDER_SIZE + 16];
	struct sql *db;
	unsigned steps, last; /* the step at which to stop; 0: none */
	bool fed;	      /* a fact is stated at each step */
	struct err err;
};

static void
state_fact(struct place *p)
{
	struct fact fact = {.at = 1, .kind = "k", .who = "w", .subject = "s"};

	fact.detail = "d";
	assert_true(sql_begin(p->db, &p->err));
	assert_true(fact_add(p->db, &fact, NULL, &p->err));
	assert_true(sql_commit(p->db, &p->err));
}

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	fixture_make_folder(p->folder);
	snprintf(p->copy, sizeof p->copy, "%s/copy", p->folder);
	p->db = store_open_write(p->folder, 0, NULL, &p->err);
	assert_non_null(p->db);
	state_fact(p);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	sql_close(p->db);
	fixture_remove_folder(p->folder);
	free(p);
	return 0;
}

static bool
on_step(void *ctx, struct err *err)
{
	struct place *p = ctx;

	if (p->fed)
		state_fact(p);
	return ++p->steps != p->last ||
	       err_set(err, ERR_BUSY, "that is enough");
}

static bool
run(struct place *p, bool overwrite, struct backup_result *result)
{
	p->err = (struct err)ERR_INIT;
	return backup_run(
	    p->folder, p->copy, overwrite, on_step, p, result, &p->err);
}

/* Names in the folder. */
static unsigned
entries(const struct place *p)
{
	DIR *dir = opendir(p->folder);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static void
writes_meanwhile_neither_delay_nor_change_the_copy(void **state)
{
	struct place *p = *state;
	struct backup_result result = {0};
	struct fact_head head;
	struct sql *copy;
	struct stat st;

	assert_true(sql_exec(p->db,
	    "CREATE TABLE filler (a BLOB);"
	    "INSERT INTO filler VALUES (zeroblob(20000000))",
	    &p->err));
	p->fed = true;
	p->last = 1000;
	assert_true(run(p, false, &result));
	/* Had it begun again with each fact, it would not have ended. */
	assert_true(p->steps > 10 && p->steps < 100);
	assert_int_equal(result.head.seq, 1);
	copy = store_open_copy(p->copy, &p->err);
	assert_non_null(copy);
	assert_true(fact_load_head(copy, &head, &p->err));
	assert_int_equal(head.seq, 1);
	assert_memory_equal(head.hash, result.head.hash, sizeof head.hash);
	sql_close(copy);
	assert_int_equal(stat(p->copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, result.size_bytes);
}

static void
a_copy_needs_no_other_file_to_be_read(void **state)
{
	struct place *p = *state;
	struct backup_result result;
	struct sql *copy;
	unsigned before;

	assert_true(run(p, false, &result));
	before = entries(p);
	copy = store_open_copy(p->copy, &p->err);
	assert_non_null(copy);
	assert_int_equal(
	    fixture_int(copy, "SELECT count(*) FROM fact", &p->err), 1);
	assert_int_equal(entries(p), before);
	sql_close(copy);
	assert_int_equal(entries(p), before);
}

static void
a_copy_that_is_stopped_leaves_nothing(void **state)
{
	struct place *p = *state;
	struct backup_result result;
	unsigned before = entries(p);

	p->last = 1;
	assert_false(run(p, false, &result));
	assert_string_equal(
	    strstr(p->err.text, "that is enough"), "that is enough");
	/* What reading a database leaves beside it was there before. */
	assert_int_equal(entries(p), before);
}

static void
what_is_there_is_overwritten_only_when_asked(void **state)
{
	struct place *p = *state;
	struct backup_result first, second;

	assert_true(run(p, false, &first));
	state_fact(p);
	assert_false(run(p, false, &second));
	assert_int_equal(p->err.kind, ERR_INPUT);
	assert_non_null(strstr(p->err.text, "--force"));
	assert_true(run(p, true, &second));
	assert_int_equal(second.head.seq, 2);
}

static void
a_database_is_never_overwritten(void **state)
{
	struct place *p = *state;
	struct backup_result result;

	snprintf(p->copy, sizeof p->copy, "%s/stat.db", p->folder);
	assert_false(run(p, true, &result));
	assert_non_null(strstr(p->err.text, "database in use"));
	/* Closed: its log is gone. */
	sql_close(p->db);
	p->db = NULL;
	assert_false(run(p, true, &result));
	assert_non_null(strstr(p->err.text, "the database itself"));
	/* A log without its database is not to meet another. */
	snprintf(p->copy, sizeof p->copy, "%s/other-wal", p->folder);
	assert_true(file_write_whole(p->copy, "x", 1, 0600, false, &p->err));
	snprintf(p->copy, sizeof p->copy, "%s/other", p->folder);
	assert_false(run(p, true, &result));
	assert_false(file_exists(p->copy));
}

static void
a_damaged_database_gives_no_copy(void **state)
{
	struct place *p = *state;
	struct backup_result result;
	unsigned before;

	/* Two tables on one page. */
	assert_true(sql_exec(p->db,
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET rootpage ="
	    " (SELECT rootpage FROM sqlite_schema WHERE name = 'volume')"
	    " WHERE name = 'report'",
	    &p->err));
	before = entries(p);
	assert_false(run(p, false, &result));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_non_null(strstr(p->err.text, "damaged"));
	assert_int_equal(entries(p), before);
}

static void
an_empty_database_is_not_copied(void **state)
{
	struct place *p = *state;
	struct backup_result result;
	char path[FIXTURE_FOLDER_SIZE + 16];

	sql_close(p->db);
	p->db = NULL;
	snprintf(path, sizeof path, "%s/stat.db", p->folder);
	assert_int_equal(truncate(path, 0), 0);
	assert_false(run(p, false, &result));
	assert_false(file_exists(p->copy));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
	    TEST(writes_meanwhile_neither_delay_nor_change_the_copy),
	    TEST(a_copy_needs_no_other_file_to_be_read),
	    TEST(a_copy_that_is_stopped_leaves_nothing),
	    TEST(what_is_there_is_overwritten_only_when_asked),
	    TEST(a_database_is_never_overwritten),
	    TEST(a_damaged_database_gives_no_copy),
	    TEST(an_empty_database_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
