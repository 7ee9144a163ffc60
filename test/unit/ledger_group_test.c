/*
 * ledger_group_test.c - unit tests of src/ledger.c: the group of reports that
 * is one transaction.
 */
#include "fixture.h"

static int
set_up(void **state)
{
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	fixture_account(f, "acme");
	fixture_source(f, "admin1", "acme");
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

static int64_t
samples(struct fixture *f)
{
	return fixture_int(f->db, "SELECT count(*) FROM sample", &f->err);
}

/* Report n with one sample of volume 1, sent. */
static enum ledger_result
send(struct fixture *f, int n, int64_t at, int32_t nanos, int64_t bytes,
    const char *members)
{
	fixture_begin_report(f, n);
	fixture_add_sample(f, 1, at, nanos, bytes, members);
	return fixture_send_report(f);
}

/* That sample was set aside for this reason, or stored ("") or known
 * ("known"). */
static void
came_to(struct fixture *f, enum ledger_result result, const char *expected)
{
	if (result != LEDGER_STORED)
		fail_msg("result %d: %s", (int)result, f->err.text);
	if (f->answer.stored == 1) {
		assert_string_equal("", expected);
	} else if (f->answer.duplicates == 1) {
		assert_string_equal("known", expected);
	} else {
		assert_int_equal(f->answer.quarantined_count, 1);
		assert_string_equal(
		    quarantine_reason_name(f->answer.quarantined[0].reason),
		    expected);
	}
}

/* Takes report n of volume n into the open transaction. */
static enum ledger_result
take(struct fixture *f, int n, int64_t at)
{
	fixture_begin_report(f, n);
	fixture_add_sample(f, n, f->now, 0, 5, "");
	fixture_add_sample(f, n, at, 1, 5, "");
	buf_str(&f->body, "]}");
	return fixture_take_report(f);
}

static void
a_group_is_there_when_it_is_committed(void **state)
{
	struct fixture *f = *state;
	struct sql *other = store_open_read(f->folder, &f->err);

	assert_non_null(other);
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	assert_int_equal(
	    fixture_int(other, "SELECT count(*) FROM sample", &f->err), 0);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(
	    fixture_int(other, "SELECT count(*) FROM sample", &f->err), 4);
	assert_true(ledger_commit(f->ledger, &f->err));
	sql_close(other);
}

static void
after_a_rollback_a_report_is_new_again(void **state)
{
	struct fixture *f = *state;
	struct fact_head before, after;

	assert_true(fact_load_head(f->db, &before, &f->err));
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	ledger_rollback(f->ledger);
	ledger_rollback(f->ledger);
	assert_int_equal(samples(f), 0);
	assert_true(fact_load_head(f->db, &after, &f->err));
	assert_int_equal(after.seq, before.seq);
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 2);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 2);
	/* Closing undoes what is open. */
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	ledger_close(f->ledger);
	f->ledger = NULL;
	assert_int_equal(samples(f), 2);
	assert_false(sql_in_transaction(f->db));
}

static void
a_report_that_fails_leaves_the_others_of_its_group(void **state)
{
	struct fixture *f = *state;

	assert_true(sql_exec(f->db,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 99999) INSERT INTO quarantine (fact, position,"
	    " volume_id, account, reason, body)"
	    " SELECT -1, i, x'00', 1, 'future', '' FROM n",
	    &f->err));
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	/* The last one that fits. */
	assert_int_equal(take(f, 2, f->now + 4000), LEDGER_STORED);
	assert_int_equal(take(f, 3, f->now + 4000), LEDGER_FAILED);
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_int_equal(f->answer.quarantined_count, 0);
	assert_int_equal(f->answer.stored, 0);
	assert_int_equal(take(f, 4, f->now), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 5);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM volume", &f->err), 3);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM report", &f->err), 3);
	/* The chain has no hole, and each report knows its fact. */
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(seq) - count(*) FROM fact", &f->err),
	    0);
	assert_int_equal(fixture_int(f->db,
			     "SELECT count(*) FROM report r JOIN fact f"
			     " ON f.seq = r.fact WHERE replace(f.subject, '-',"
			     " '') = lower(hex(r.report_id))",
			     &f->err),
	    3);
	/* Settled by an operator, there is room again. */
	assert_true(sql_exec(f->db,
	    "UPDATE quarantine SET state = 'discarded' WHERE position = 7",
	    &f->err));
	ledger_close(f->ledger);
	f->ledger = NULL;
	assert_int_equal(take(f, 3, f->now + 4000), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
}

/* It takes its group with it, and none of them may be answered as if it were
 * there; sent again they are. */
static void
a_report_that_fails_behind_its_facts_leaves_no_hole(void **state)
{
	struct fixture *f = *state;
	struct fact_head head;

	assert_true(sql_exec(f->db,
	    "CREATE TEMP TRIGGER refuse BEFORE INSERT ON report"
	    " WHEN hex(new.report_id) LIKE '%3'"
	    " BEGIN SELECT RAISE(ABORT, 'refused'); END",
	    &f->err));
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	assert_int_equal(take(f, 3, f->now), LEDGER_FAILED);
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_false(ledger_begin(f->ledger, &f->err));
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_false(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 0);
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	assert_int_equal(take(f, 4, f->now), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 4);
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(seq) - count(*) FROM fact", &f->err),
	    0);
	assert_true(fact_load_head(f->db, &head, &f->err));
	assert_memory_equal(f->answer.head, head.hash, FACT_HASH_SIZE);
}

static void
what_another_process_wrote_is_seen(void **state)
{
	struct fixture *f = *state;
	struct sql *other = store_open_write(f->folder, 0, NULL, &f->err);
	struct account added = fixture_rules("other");

	assert_non_null(other);
	came_to(f, send(f, 1, f->now, 0, 5, "\"account\":\"acme\""), "");
	assert_int_equal(
	    send(f, 2, f->now, 1, 5, "\"account\":\"other\""), LEDGER_DENIED);
	assert_true(
	    account_create(other, &added, "operator:me", f->now, &f->err));
	assert_true(sql_exec(other,
	    "INSERT INTO source_account (source, account)"
	    " SELECT 1, id FROM account WHERE name = 'other'",
	    &f->err));
	came_to(f, send(f, 2, f->now, 1, 5, "\"account\":\"other\""), "");
	assert_int_equal(send(f, 3, f->now, 2, 5, ""), LEDGER_UNNAMED);
	/* A volume's end, and the chain. */
	assert_true(sql_exec(
	    other, "UPDATE volume SET retired_at = 1790812801", &f->err));
	came_to(f, send(f, 4, f->now + 2, 0, 5, "\"account\":\"acme\""),
	    "after_retirement");
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(seq) - count(*) FROM fact", &f->err),
	    0);
	sql_close(other);
}

static void
while_another_process_writes_the_ledger_is_busy(void **state)
{
	struct fixture *f = *state;
	struct sql *other = store_open_write(f->folder, 0, NULL, &f->err);

	assert_non_null(other);
	assert_true(sql_begin(other, &f->err));
	assert_int_equal(take(f, 1, f->now), LEDGER_FAILED);
	assert_int_equal(f->err.kind, ERR_BUSY);
	sql_rollback(other);
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	sql_close(other);
}

/* Fills the disk during the second report of a group. */
static void
fill_disk(struct fixture *f)
{
	assert_int_equal(take(f, 1, f->now), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	/* It cannot be less than there is. */
	assert_true(sql_exec(f->db, "PRAGMA max_page_count = 1", &f->err));
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	fixture_begin_report(f, 3);
	/* Without names: a statement of several writes is undone alone. */
	for (int i = 10; i < 2000; i++)
		fixture_add_sample(f, i, f->now, 0, 5, "");
	buf_str(&f->body, "]}");
	assert_int_equal(fixture_take_report(f), LEDGER_FAILED);
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_non_null(strstr(f->err.text, "full"));
	/* SQLite has taken all of it back by itself. */
	assert_false(sql_in_transaction(f->db));
}

static void
room_again(struct fixture *f)
{
	assert_true(sql_exec(f->db, "PRAGMA max_page_count = 100000", &f->err));
}

static void
a_group_lost_to_a_full_disk_is_never_taken_for_stored(void **state)
{
	struct fixture *f = *state;

	fill_disk(f);
	room_again(f);
	f->err = (struct err)ERR_INIT;
	assert_false(ledger_begin(f->ledger, &f->err));
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_false(sql_in_transaction(f->db));
	f->err = (struct err)ERR_INIT;
	assert_false(ledger_commit(f->ledger, &f->err));
	assert_int_equal(f->err.kind, ERR_BUSY);
	assert_int_equal(samples(f), 2);
	/* The next group begins anew: the lost reports are new to it. */
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 2);
	assert_int_equal(take(f, 1, f->now), LEDGER_REPLAYED);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 4);
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(seq) - count(*) FROM fact", &f->err),
	    0);
}

static void
after_a_full_disk_a_rollback_begins_anew(void **state)
{
	struct fixture *f = *state;

	fill_disk(f);
	ledger_rollback(f->ledger);
	room_again(f);
	assert_int_equal(take(f, 2, f->now), LEDGER_STORED);
	assert_true(ledger_commit(f->ledger, &f->err));
	assert_int_equal(samples(f), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_group_is_there_when_it_is_committed),
	    TEST(after_a_rollback_a_report_is_new_again),
	    TEST(a_report_that_fails_leaves_the_others_of_its_group),
	    TEST(a_report_that_fails_behind_its_facts_leaves_no_hole),
	    TEST(what_another_process_wrote_is_seen),
	    TEST(while_another_process_writes_the_ledger_is_busy),
	    TEST(a_group_lost_to_a_full_disk_is_never_taken_for_stored),
	    TEST(after_a_full_disk_a_rollback_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
