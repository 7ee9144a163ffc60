/*
 * sql_test.c - unit tests of lib/sql.c, on a database file in a temporary
 * folder.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"
#include "lib/sql.h"

static const char INSERT[] = "INSERT INTO t (a, b) VALUES (?, ?)";
static const char COUNT[] = "SELECT count(*) FROM t";

struct place {
	char folder[FIXTURE_FOLDER_SIZE];
	char path[FIXTURE_FOLDER_SIZE + 16];
	struct sql *db;
	struct err err;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	fixture_make_folder(p->folder);
	snprintf(p->path, sizeof p->path, "%s/a.db", p->folder);
	p->db = sql_open(p->path, SQL_CREATE, 0, &p->err);
	assert_non_null(p->db);
	assert_true(sql_exec(p->db,
	    "PRAGMA journal_mode = WAL;"
	    "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c UNIQUE)",
	    &p->err));
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
insert(struct place *p, struct sql *db, int64_t a, const char *b)
{
	struct sql_stmt *s = sql_get(db, INSERT, &p->err);

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, a);
	sql_bind_text(s, 2, b);
	return sql_run(s, &p->err);
}

static int64_t
count(struct place *p, struct sql *db)
{
	return fixture_int(db, COUNT, &p->err);
}

static void
a_statement_is_prepared_once_and_comes_back_clean(void **state)
{
	struct place *p = *state;
	struct sql_stmt *s = sql_get(p->db, INSERT, &p->err);

	assert_non_null(s);
	sql_bind_int(s, 1, 7);
	sql_bind_text(s, 2, "seven");
	assert_true(sql_run(s, &p->err));
	assert_ptr_equal(sql_get(p->db, INSERT, &p->err), s);
	/* Nothing is bound: a new row without a text. */
	assert_true(sql_run(s, &p->err));
	assert_int_equal(sql_last_row(p->db), 8);
	s = sql_get(p->db, "SELECT b FROM t ORDER BY a", &p->err);
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), "seven");
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_true(sql_is_null(s, 0));
	assert_string_equal(sql_text(s, 0), "");
	assert_int_equal(sql_step(s, &p->err), SQL_END);
	/* The end has reset it. */
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), "seven");
	sql_done(s);
	sql_done(NULL);
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), "seven");
	sql_done(s);
}

static void
many_statements_are_told_apart(void **state)
{
	struct place *p = *state;
	static char texts[100][24];

	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 100; i++) {
			struct sql_stmt *s;

			if (turn == 0)
				snprintf(
				    texts[i], sizeof texts[i], "SELECT %d", i);
			s = sql_get(p->db, texts[i], &p->err);
			assert_non_null(s);
			assert_int_equal(sql_step(s, &p->err), SQL_ROW);
			assert_int_equal(sql_int(s, 0), i);
			sql_done(s);
		}
}

static void
values_come_back_as_they_were_bound(void **state)
{
	struct place *p = *state;
	struct sql_stmt *s = sql_get(
	    p->db, "SELECT ?, ?, ?, ?, ?, typeof(?5), typeof(?4)", &p->err);
	const void *blob;
	size_t len;

	assert_non_null(s);
	sql_bind_int(s, 1, INT64_MIN);
	sql_bind_text_len(s, 2, "abcdef", 3);
	sql_bind_blob(s, 3, "\0\1\2", 3);
	sql_bind_int(s, 4, 5);
	sql_bind_null(s, 4);
	sql_bind_int(s, 5, INT64_MAX);
	assert_int_equal(sql_step(s, &p->err), SQL_ROW);
	assert_true(sql_int(s, 0) == INT64_MIN);
	assert_string_equal(sql_text(s, 1), "abc");
	blob = sql_blob(s, 2, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(blob, "\0\1\2", 3);
	assert_true(sql_is_null(s, 3));
	assert_false(sql_is_null(s, 4));
	assert_true(sql_int(s, 4) == INT64_MAX);
	assert_string_equal(sql_text(s, 5), "integer");
	assert_string_equal(sql_text(s, 6), "null");
	(void)sql_blob(s, 3, &len);
	assert_int_equal(len, 0);
	sql_done(s);
}

static void
changes_count_the_last_statement_alone(void **state)
{
	struct place *p = *state;
	struct sql_stmt *s;

	assert_true(insert(p, p->db, 1, "x"));
	assert_true(insert(p, p->db, 2, "x"));
	assert_int_equal(sql_changes(p->db), 1);
	s = sql_get(p->db, "UPDATE t SET b = 'y'", &p->err);
	assert_true(sql_run(s, &p->err));
	assert_int_equal(sql_changes(p->db), 2);
	s = sql_get(p->db,
	    "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", &p->err);
	assert_true(sql_run(s, &p->err));
	assert_int_equal(sql_changes(p->db), 0);
}

static void
wrong_sql_is_our_mistake(void **state)
{
	struct place *p = *state;

	assert_null(sql_get(p->db, "SELEKT 1", &p->err));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_non_null(strstr(p->err.text, "SELEKT"));
	p->err = (struct err)ERR_INIT;
	assert_false(sql_exec(p->db, "DROP TABLE nothing", &p->err));
	assert_int_equal(p->err.kind, ERR_BROKEN);
}

static void
a_constraint_fails_and_the_statement_can_be_used_again(void **state)
{
	struct place *p = *state;

	assert_true(insert(p, p->db, 1, "x"));
	assert_false(insert(p, p->db, 1, "y"));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_non_null(strstr(p->err.text, "UNIQUE"));
	assert_true(insert(p, p->db, 2, "y"));
	assert_int_equal(count(p, p->db), 2);
}

static void
a_locked_database_is_busy(void **state)
{
	struct place *p = *state;
	struct sql *other = sql_open(p->path, SQL_WRITE, 0, &p->err);

	assert_non_null(other);
	assert_true(sql_begin(other, &p->err));
	assert_false(sql_begin(p->db, &p->err));
	assert_int_equal(p->err.kind, ERR_BUSY);
	assert_false(sql_in_transaction(p->db));
	p->err = (struct err)ERR_INIT;
	assert_false(insert(p, p->db, 1, "x"));
	assert_int_equal(p->err.kind, ERR_BUSY);
	/* Reading goes on. */
	assert_int_equal(count(p, p->db), 0);
	sql_rollback(other);
	assert_true(insert(p, p->db, 1, "x"));
	sql_close(other);
}

static void
a_full_disk_is_to_be_tried_again(void **state)
{
	struct place *p = *state;
	struct sql_stmt *s;

	assert_true(sql_exec(p->db, "PRAGMA max_page_count = 10", &p->err));
	s = sql_get(
	    p->db, "INSERT INTO t (b) VALUES (zeroblob(100000))", &p->err);
	assert_non_null(s);
	assert_false(sql_run(s, &p->err));
	assert_int_equal(p->err.kind, ERR_BUSY);
	assert_string_equal(p->err.text, "the disk with the database is full");
	assert_false(sql_in_transaction(p->db));
	assert_true(sql_exec(p->db, "PRAGMA max_page_count = 100000", &p->err));
	assert_true(sql_run(s, &p->err));
	assert_int_equal(count(p, p->db), 1);
}

static void
a_damaged_file_is_broken(void **state)
{
	struct place *p = *state;
	char junk[8192];
	struct sql *other;
	int fd;

	memset(junk, 'x', sizeof junk);
	snprintf(p->path, sizeof p->path, "%s/junk.db", p->folder);
	fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	other = sql_open(p->path, SQL_WRITE, 0, &p->err);
	assert_non_null(other);
	assert_null(sql_get(other, "SELECT * FROM sqlite_master", &p->err));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_non_null(strstr(p->err.text, "damaged"));
	sql_close(other);
}

static void
a_page_overwritten_is_found_and_broken(void **state)
{
	struct place *p = *state;
	char junk[4096];
	int fd;

	assert_true(insert(p, p->db, 1, "x"));
	assert_true(sql_exec(p->db, "PRAGMA journal_mode = DELETE", &p->err));
	sql_close(p->db);
	memset(junk, 0x5a, sizeof junk);
	fd = open(p->path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, sizeof junk, 4096), sizeof junk);
	close(fd);
	p->db = sql_open(p->path, SQL_WRITE, 0, &p->err);
	assert_non_null(p->db);
	assert_false(insert(p, p->db, 2, "x"));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_non_null(strstr(p->err.text, "damaged"));
}

static void
only_create_makes_a_file(void **state)
{
	struct place *p = *state;
	struct sql *other;

	snprintf(p->path, sizeof p->path, "%s/none.db", p->folder);
	assert_null(sql_open(p->path, SQL_READ, 0, &p->err));
	assert_non_null(strstr(p->err.text, p->path));
	assert_null(sql_open(p->path, SQL_WRITE, 0, &p->err));
	assert_int_equal(access(p->path, F_OK), -1);
	other = sql_open(p->path, SQL_CREATE, 0, &p->err);
	assert_non_null(other);
	assert_int_equal(access(p->path, F_OK), 0);
	sql_close(other);
}

static void
a_reader_cannot_write(void **state)
{
	struct place *p = *state;
	struct sql *other = sql_open(p->path, SQL_READ, 0, &p->err);

	assert_non_null(other);
	assert_true(insert(p, p->db, 1, "x"));
	assert_int_equal(count(p, other), 1);
	assert_false(insert(p, other, 2, "x"));
	assert_int_not_equal(p->err.kind, ERR_NONE);
	sql_close(other);
	assert_int_equal(count(p, p->db), 1);
}

static void
a_commit_keeps_and_a_rollback_undoes(void **state)
{
	struct place *p = *state;

	assert_false(sql_in_transaction(p->db));
	assert_true(sql_begin(p->db, &p->err));
	assert_true(sql_in_transaction(p->db));
	assert_true(insert(p, p->db, 1, "x"));
	assert_true(sql_commit(p->db, &p->err));
	assert_false(sql_in_transaction(p->db));
	assert_true(sql_begin(p->db, &p->err));
	assert_true(insert(p, p->db, 2, "x"));
	sql_rollback(p->db);
	assert_false(sql_in_transaction(p->db));
	assert_int_equal(count(p, p->db), 1);
	sql_rollback(p->db);
	assert_int_equal(count(p, p->db), 1);
}

static void
a_commit_that_fails_leaves_no_transaction(void **state)
{
	struct place *p = *state;

	assert_true(sql_exec(p->db,
	    "PRAGMA foreign_keys = ON;"
	    "CREATE TABLE child (t REFERENCES t(a)"
	    " DEFERRABLE INITIALLY DEFERRED)",
	    &p->err));
	assert_true(sql_begin(p->db, &p->err));
	assert_true(insert(p, p->db, 1, "x"));
	assert_true(sql_exec(p->db, "INSERT INTO child VALUES (99)", &p->err));
	assert_false(sql_commit(p->db, &p->err));
	assert_int_equal(p->err.kind, ERR_BROKEN);
	assert_false(sql_in_transaction(p->db));
	assert_int_equal(count(p, p->db), 0);
	assert_true(sql_begin(p->db, &p->err));
	assert_true(sql_commit(p->db, &p->err));
}

static void
a_read_transaction_sees_one_state(void **state)
{
	struct place *p = *state;
	struct sql *other = sql_open(p->path, SQL_READ, 0, &p->err);

	assert_non_null(other);
	assert_true(insert(p, p->db, 1, "x"));
	assert_true(sql_begin_read(other, &p->err));
	assert_int_equal(count(p, other), 1);
	assert_true(insert(p, p->db, 2, "x"));
	assert_int_equal(count(p, other), 1);
	sql_rollback(other);
	assert_int_equal(count(p, other), 2);
	sql_close(other);
}

static void
the_data_version_moves_with_others_commits_alone(void **state)
{
	struct place *p = *state;
	struct sql *other = sql_open(p->path, SQL_WRITE, 0, &p->err);
	int64_t first = sql_data_version(p->db), second;

	assert_non_null(other);
	assert_int_not_equal(first, -1);
	assert_true(insert(p, p->db, 1, "x"));
	assert_int_equal(sql_data_version(p->db), first);
	assert_true(insert(p, other, 2, "x"));
	second = sql_data_version(p->db);
	assert_int_not_equal(second, first);
	assert_int_equal(sql_data_version(p->db), second);
	assert_true(sql_begin(other, &p->err));
	assert_true(insert(p, other, 3, "x"));
	sql_rollback(other);
	assert_int_equal(sql_data_version(p->db), second);
	sql_close(other);
}

static void
a_pragma_is_set(void **state)
{
	struct place *p = *state;

	assert_true(sql_pragma(p->db, "user_version", "42", &p->err));
	assert_int_equal(
	    fixture_int(p->db, "PRAGMA user_version", &p->err), 42);
	assert_false(sql_pragma(p->db, "user_version", "(", &p->err));
}

/* Another connection writes between the steps of a copy. */
struct copying {
	struct place *p;
	struct sql *writer;
	int steps, last;
};

static bool
write_between(void *ctx, struct err *err)
{
	struct copying *c = ctx;

	c->steps++;
	assert_true(insert(c->p, c->writer, 1000 + c->steps, "late"));
	return c->steps != c->last || err_set(err, ERR_INPUT, "enough");
}

static bool
copy(struct copying *c, const char *path)
{
	FILE *empty = fopen(path, "w");
	bool ok;

	assert_non_null(empty);
	fclose(empty);
	assert_true(sql_begin_read(c->p->db, &c->p->err));
	count(c->p, c->p->db);
	ok = sql_copy(c->p->db, path, 8, write_between, c, &c->p->err);
	sql_rollback(c->p->db);
	return ok;
}

static void
a_copy_is_of_the_state_that_is_read(void **state)
{
	struct place *p = *state;
	struct copying c = {.p = p};
	char path[FIXTURE_FOLDER_SIZE + 16];
	struct sql *copied;

	snprintf(path, sizeof path, "%s/copy", p->folder);
	assert_true(sql_exec(p->db,
	    "INSERT INTO t (a, b) VALUES (1, zeroblob(1000000))", &p->err));
	c.writer = sql_open(p->path, SQL_WRITE, 0, &p->err);
	assert_true(copy(&c, path));
	assert_true(c.steps > 20);
	assert_int_equal(count(p, p->db), 1 + c.steps);
	copied = sql_open(path, SQL_READ, 0, &p->err);
	assert_int_equal(count(p, copied), 1);
	sql_close(copied);

	c.last = c.steps + 3;
	assert_false(copy(&c, path));
	assert_string_equal(p->err.text, "enough");
	sql_close(c.writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_statement_is_prepared_once_and_comes_back_clean),
	    TEST(many_statements_are_told_apart),
	    TEST(values_come_back_as_they_were_bound),
	    TEST(changes_count_the_last_statement_alone),
	    TEST(wrong_sql_is_our_mistake),
	    TEST(a_constraint_fails_and_the_statement_can_be_used_again),
	    TEST(a_locked_database_is_busy),
	    TEST(a_full_disk_is_to_be_tried_again),
	    TEST(a_damaged_file_is_broken),
	    TEST(a_page_overwritten_is_found_and_broken),
	    TEST(only_create_makes_a_file),
	    TEST(a_reader_cannot_write),
	    TEST(a_commit_keeps_and_a_rollback_undoes),
	    TEST(a_commit_that_fails_leaves_no_transaction),
	    TEST(a_read_transaction_sees_one_state),
	    TEST(the_data_version_moves_with_others_commits_alone),
	    TEST(a_pragma_is_set),
	    TEST(a_copy_is_of_the_state_that_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
