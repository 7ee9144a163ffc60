/*
 * store_test.c - unit tests of src/store.c.
 */
#include <errno.h>
#include <sys/stat.h>

#include "fixture.h"
#include "lib/file.h"

struct place {
	char folder[FIXTURE_FOLDER_SIZE];
	char db[FIXTURE_FOLDER_SIZE + 16]; /* path of the database */
	struct err err;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	fixture_make_folder(p->folder);
	snprintf(p->db, sizeof p->db, "%s/stat.db", p->folder);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	fixture_remove_folder(p->folder);
	free(p);
	return 0;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* A database of the present schema, closed. */
static void
make(struct place *p)
{
	struct sql *db = store_open_write(p->folder, 0, NULL, &p->err);

	assert_non_null(db);
	sql_close(db);
}

static void
set_version(struct place *p, const char *pragma)
{
	struct sql *db = store_open_plain(p->folder, &p->err);

	assert_non_null(db);
	assert_true(sql_exec(db, pragma, &p->err));
	sql_close(db);
}

static void
read_whole(struct place *p, struct buf *out)
{
	assert_true(file_read(p->db, 16 << 20, out, &p->err));
}

static void
a_new_database_is_for_its_owner_alone(void **state)
{
	struct place *p = *state;
	char inner[FIXTURE_FOLDER_SIZE], path[FIXTURE_FOLDER_SIZE + 32];
	mode_t old = umask(0);
	struct sql *db;

	assert_true(snprintf(inner, sizeof inner, "%s/inner", p->folder) <
		    (int)sizeof inner);
	snprintf(path, sizeof path, "%s/stat.db", inner);
	db = store_open_write(inner, 0, NULL, &p->err);
	umask(old);
	assert_non_null(db);
	assert_int_equal(mode_of(inner), 0700);
	assert_int_equal(mode_of(path), 0600);
	assert_true(sql_begin(db, &p->err));
	assert_true(sql_exec(db, "CREATE TABLE t (a)", &p->err));
	assert_true(sql_commit(db, &p->err));
	snprintf(path, sizeof path, "%s/stat.db-wal", inner);
	assert_int_equal(mode_of(path), 0600);
	snprintf(path, sizeof path, "%s/stat.db-shm", inner);
	assert_int_equal(mode_of(path), 0600);
	sql_close(db);
	fixture_remove_folder(inner);
}

static void
a_new_database_has_the_schema_and_syncs_every_commit(void **state)
{
	struct place *p = *state;
	struct sql *db = store_open_write(p->folder, 0, NULL, &p->err);
	struct sql_stmt *s;
	int version;

	assert_non_null(db);
	assert_true(store_schema(db, &version, &p->err));
	assert_true(version > 0);
	assert_int_equal(version, store_schema_wanted());
	assert_int_equal(fixture_int(db, "PRAGMA synchronous", &p->err), 2);
	assert_int_equal(fixture_int(db, "PRAGMA foreign_keys", &p->err), 1);
	s = sql_get(db, "PRAGMA journal_mode", &p->err);
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), "wal");
	sql_close(db);
}

static void
every_table_is_strict(void **state)
{
	struct place *p = *state;
	struct sql *db = store_open_write(p->folder, 0, NULL, &p->err);

	assert_non_null(db);
	assert_true(fixture_int(db,
			"SELECT count(*) FROM pragma_table_list WHERE strict",
			&p->err) >= 10);
	assert_int_equal(
	    fixture_int(db,
		"SELECT count(*) FROM pragma_table_list WHERE NOT strict"
		" AND name NOT LIKE 'sqlite%'",
		&p->err),
	    0);
	sql_close(db);
}

static void
opening_again_changes_nothing(void **state)
{
	struct place *p = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;

	make(p);
	read_whole(p, &before);
	make(p);
	read_whole(p, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_change_makes_no_database(void **state)
{
	struct place *p = *state;
	struct sql *db;

	assert_null(store_open_change(p->folder, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
	assert_non_null(strstr(p->err.text, "there is no database"));
	make(p);
	db = store_open_change(p->folder, &p->err);
	assert_non_null(db);
	sql_close(db);
}

static void
a_newer_schema_is_refused_untouched(void **state)
{
	struct place *p = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct sql *db;

	make(p);
	/* As another program might leave it. */
	set_version(
	    p, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 999");
	read_whole(p, &before);
	assert_null(store_open_write(p->folder, 0, NULL, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
	assert_non_null(strstr(p->err.text, "999"));
	assert_non_null(strstr(p->err.text, p->folder));
	assert_null(store_open_read(p->folder, &p->err));
	db = store_open_plain(p->folder, &p->err);
	assert_non_null(db);
	assert_false(store_migrate(db, false, NULL, NULL, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
	sql_close(db);
	read_whole(p, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	buf_fini(&before);
	buf_fini(&after);
}

static void
reading_needs_exactly_the_programs_schema(void **state)
{
	struct place *p = *state;
	struct sql *db;

	make(p);
	db = store_open_read(p->folder, &p->err);
	assert_non_null(db);
	assert_false(sql_exec(db, "CREATE TABLE t (a)", &p->err));
	sql_close(db);
	set_version(p, "PRAGMA user_version = 1");
	if (store_schema_wanted() > 1) {
		assert_null(store_open_read(p->folder, &p->err));
		assert_int_equal(p->err.kind, ERR_INPUT);
		assert_non_null(strstr(p->err.text, "migrate"));
	}
	set_version(p, "PRAGMA user_version = 0");
	assert_null(store_open_read(p->folder, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
}

static void
what_is_not_there_is_not_made_by_a_reader(void **state)
{
	struct place *p = *state;

	assert_null(store_open_read(p->folder, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
	assert_non_null(strstr(p->err.text, p->db));
	assert_null(store_open_plain(p->folder, &p->err));
	assert_int_equal(access(p->db, F_OK), -1);
}

static void
a_database_that_others_can_read_is_refused(void **state)
{
	struct place *p = *state;

	make(p);
	assert_int_equal(chmod(p->db, 0644), 0);
	assert_null(store_open_write(p->folder, 0, NULL, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
	assert_null(store_open_read(p->folder, &p->err));
	assert_int_equal(chmod(p->db, 0600), 0);
	make(p);
}

static void
note_step(void *ctx, int version, const char *name)
{
	int *last = ctx;

	/* In their order, each with a name. */
	assert_true(version > *last);
	assert_true(name[0] != '\0');
	*last = version;
}

static void
a_dry_run_names_the_steps_and_changes_nothing(void **state)
{
	struct place *p = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct sql *db;
	int version, last = 0;

	db = sql_open(p->db, SQL_CREATE, 0, &p->err);
	assert_non_null(db);
	/* So that there is a first page to compare. */
	assert_true(sql_exec(db, "PRAGMA user_version = 0; VACUUM", &p->err));
	sql_close(db);
	assert_int_equal(chmod(p->db, 0600), 0);
	read_whole(p, &before);
	db = store_open_plain(p->folder, &p->err);
	assert_non_null(db);
	assert_true(store_migrate(db, true, note_step, &last, &p->err));
	assert_int_equal(last, store_schema_wanted());
	assert_true(store_schema(db, &version, &p->err));
	assert_int_equal(version, 0);
	assert_int_equal(
	    fixture_int(db, "SELECT count(*) FROM sqlite_master", &p->err), 0);
	read_whole(p, &after);
	assert_int_equal(before.len, after.len);
	last = 0;
	assert_true(store_migrate(db, false, note_step, &last, &p->err));
	assert_true(store_schema(db, &version, &p->err));
	assert_int_equal(version, store_schema_wanted());
	last = 0;
	assert_true(store_migrate(db, false, note_step, &last, &p->err));
	assert_int_equal(last, 0);
	sql_close(db);
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_step_that_fails_is_undone_as_a_whole(void **state)
{
	struct place *p = *state;
	struct sql *db;
	int version;

	db = sql_open(p->db, SQL_CREATE, 0, &p->err);
	assert_non_null(db);
	/* The first step makes other tables before this one. */
	assert_true(sql_exec(db, "CREATE TABLE sample (a)", &p->err));
	sql_close(db);
	assert_int_equal(chmod(p->db, 0600), 0);
	db = store_open_plain(p->folder, &p->err);
	assert_non_null(db);
	assert_false(store_migrate(db, false, NULL, NULL, &p->err));
	assert_non_null(strstr(p->err.text, "001"));
	assert_false(sql_in_transaction(db));
	assert_true(store_schema(db, &version, &p->err));
	assert_int_equal(version, 0);
	assert_int_equal(
	    fixture_int(db, "SELECT count(*) FROM sqlite_master", &p->err), 1);
	sql_close(db);
}

static void
chosen_pragmas_are_set(void **state)
{
	struct place *p = *state;
	struct settings_pragmas pragmas;
	struct sql *db;

	memset(&pragmas, 0, sizeof pragmas);
	pragmas.count = 1;
	pragmas.list[0].name = "page_size";
	memcpy(pragmas.list[0].value, "8192", 5);
	db = store_open_write(p->folder, 0, &pragmas, &p->err);
	assert_non_null(db);
	assert_int_equal(fixture_int(db, "PRAGMA page_size", &p->err), 8192);
	sql_close(db);
}

static void
a_second_server_is_refused_with_the_firsts_process(void **state)
{
	struct place *p = *state;
	char pid[48], path[FIXTURE_FOLDER_SIZE + 16];
	int lock = store_lock(p->folder, &p->err), again;

	assert_true(lock >= 0);
	snprintf(path, sizeof path, "%s/stat.lock", p->folder);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(store_lock(p->folder, &p->err), -1);
	assert_int_equal(p->err.kind, ERR_INPUT);
	snprintf(pid, sizeof pid, "(process %ld)", (long)getpid());
	assert_non_null(strstr(p->err.text, pid));
	assert_non_null(strstr(p->err.text, p->folder));
	store_unlock(lock);
	again = store_lock(p->folder, &p->err);
	assert_true(again >= 0);
	store_unlock(again);
	store_unlock(-1);
}

static void
the_lock_is_no_obstacle_for_verbs(void **state)
{
	struct place *p = *state;
	int lock = store_lock(p->folder, &p->err);
	struct sql *db;

	assert_true(lock >= 0);
	db = store_open_write(p->folder, 0, NULL, &p->err);
	assert_non_null(db);
	sql_close(db);
	store_unlock(lock);
}

static void
a_folder_with_too_long_a_name_is_refused(void **state)
{
	struct place *p = *state;
	static char name[5000];

	memset(name, 'a', sizeof name - 1);
	assert_null(store_open_read(name, &p->err));
	assert_int_equal(p->err.kind, ERR_INPUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_database_is_for_its_owner_alone),
	    TEST(a_new_database_has_the_schema_and_syncs_every_commit),
	    TEST(every_table_is_strict),
	    TEST(opening_again_changes_nothing),
	    TEST(a_change_makes_no_database),
	    TEST(a_newer_schema_is_refused_untouched),
	    TEST(reading_needs_exactly_the_programs_schema),
	    TEST(what_is_not_there_is_not_made_by_a_reader),
	    TEST(a_database_that_others_can_read_is_refused),
	    TEST(a_dry_run_names_the_steps_and_changes_nothing),
	    TEST(a_step_that_fails_is_undone_as_a_whole),
	    TEST(chosen_pragmas_are_set),
	    TEST(a_second_server_is_refused_with_the_firsts_process),
	    TEST(the_lock_is_no_obstacle_for_verbs),
	    TEST(a_folder_with_too_long_a_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
