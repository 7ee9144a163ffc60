/*
 * verify_settled_test.c - samples that were set aside and settled: what
 * src/verify.c makes of releases and discards.
 */
#include "src/quarantine.h"
#include "verify_rig.h"

static void
release(struct fixture *f, int64_t id)
{
	struct quarantine_outcome out;

	if (quarantine_release(f->db, id, "it is right", "operator:me", f->now,
		&out, &f->err) != QUARANTINE_DONE)
		fail_msg("%s", f->err.text);
}

/*
 * Behind the rig's ledger: 1, the future sample, is discarded (fact 12); a
 * report (13) sets aside a conflict (2, fact 14) and a sample after the end
 * of volume 3 (3, fact 15); both are released (16 and 17 what it superseded;
 * 18 and 19 the new end).
 */
static int
set_up(void **state)
{
	struct fixture *f;

	if (verify_rig_set_up(state) != 0)
		return -1;
	f = *state;
	assert_int_equal(quarantine_discard(f->db, 1, "a \"wrong\" clock",
			     "operator:me", f->now, &f->err),
	    QUARANTINE_DONE);
	f->now += 7200;
	fixture_begin_report(f, 4);
	fixture_add_sample(f, 1, FIXTURE_NOW, 0, 99, "\"name\":\"lab\"");
	fixture_add_sample(f, 3, f->now, 0, 5, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 2);
	release(f, 2);
	release(f, 3);
	assert_int_equal(
	    fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err), 19);
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

static void
what_was_settled_is_clean(void **state)
{
	struct fixture *f = *state;
	struct verify_result r;

	verify_rig_expect_clean(f);
	/* What is stated before an end that an operator moved is no news. */
	fixture_begin_report(f, 5);
	fixture_add_sample(f, 3, f->now - 3600, 0, 5,
	    "\"retired_at\":\"2026-10-01T03:30:00Z\"");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	verify_rig_expect_clean(f);
	verify_rig_look(f, &r);
	assert_int_equal(r.checked[VERIFY_QUARANTINE], 3);
	assert_int_equal(r.checked[VERIFY_SAMPLE], 11);
	verify_result_fini(&r);
}

static const struct {
	const char *sql;
	enum verify_kind kind;
	const char *words;
} CHANGES[] = {
    {"UPDATE quarantine SET state = 'released' WHERE id = 1", VERIFY_QUARANTINE,
	"quarantine 1: how it was settled is not what fact 12 says"},
    {"UPDATE quarantine SET state = 'open', settled_fact = NULL"
     " WHERE id = 2",
	VERIFY_QUARANTINE,
	"quarantine 2: how it was settled is not what fact 16 says"},
    {"UPDATE quarantine SET settled_fact = 16 WHERE id = 3", VERIFY_QUARANTINE,
	"quarantine 3: how it was settled is not what fact 18 says"},
    {"UPDATE quarantine SET body = replace(body, '99', '98') WHERE id = 2",
	VERIFY_QUARANTINE, "quarantine 2: body is not what fact 16 says"},
    {"DELETE FROM quarantine WHERE id = 1", VERIFY_QUARANTINE,
	"quarantine 1: fact 12 is about it, but there is no such row"},
    {"UPDATE sample SET bytes = 98 WHERE fact = 16", VERIFY_SAMPLE,
	"release of volume 7b1d0000-90a1-4c3e-8f00-000000000001 by "
	"operator:me: its 1 samples, of the hours from 2026-10-01T00:00:00Z "
	"to 2026-10-01T00:00:00Z, are not those of fact 16"},
    {"DELETE FROM sample WHERE fact = 18", VERIFY_SAMPLE,
	"release of volume 7b1d0000-90a1-4c3e-8f00-000000000003 by "
	"operator:me: it stored 1 samples by fact 18, but there are 0"},
    {"UPDATE sample SET fact = 17 WHERE fact = 16", VERIFY_SAMPLE,
	"it names fact 17, which stored no sample"},
    {"INSERT INTO sample SELECT hour, volume, nanos, revision + 1, bytes - 9,"
     " account, fact, name, bins, retired_bytes, inodes FROM sample"
     " WHERE fact = 16",
	VERIFY_SAMPLE, "revision 2: it names fact 16, whose samples are"},
    {"UPDATE volume SET lives_until = NULL WHERE id = 3", VERIFY_VOLUME,
	"lives_until is none, but its facts say 2026-10-01T04:00:00Z"},
    {"UPDATE volume SET retired_at = 1790823600 WHERE id = 3", VERIFY_VOLUME,
	"retired_at is 2026-10-01T03:00:00Z, but its facts say "
	"2026-10-01T04:00:00Z"},
    {"DELETE FROM volume_end WHERE fact = 18", VERIFY_VOLUME,
	"fact 18 brought its end, but volume_end has no such row"},
    {"UPDATE volume SET revised_hour = NULL WHERE id = 1", VERIFY_VOLUME,
	"000000000001: revised_hour is not"},
};

static void
changes_of_what_was_settled_are_found(void **state)
{
	struct verify_result r;
	void *mine;

	(void)state;
	for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
		assert_int_equal(set_up(&mine), 0);
		verify_rig_change(mine, CHANGES[i].sql);
		verify_rig_look(mine, &r);
		if (!verify_rig_has(&r, CHANGES[i].kind, CHANGES[i].words)) {
			verify_rig_show(&r);
			fail_msg(
			    "%s: no \"%s\"", CHANGES[i].sql, CHANGES[i].words);
		}
		verify_result_fini(&r);
		fixture_tear_down(&mine);
	}
}

/* A released sample may be older than any report's. */
static void
a_release_of_a_removed_day_is_skipped(void **state)
{
	struct fixture *f = *state;
	struct verify_result r;

	f->now += 60 * INT64_C(86400);
	fixture_begin_report(f, 6);
	fixture_add_sample(f, 2, FIXTURE_NOW + 1, 0, 5, "");
	fixture_add_sample(f, 2, f->now, 0, 5, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	release(f, 4);
	verify_rig_expect_clean(f);
	verify_rig_state_removal(f, INT64_C(1790812800) / 86400);
	verify_rig_change(f,
	    "UPDATE day_progress SET done_day = 1790812800 / 86400,"
	    " removed_day = 1790812800 / 86400;"
	    "DELETE FROM sample WHERE hour / 24 <= 1790812800 / 86400");
	verify_rig_look(f, &r);
	if (verify_found(&r) != 0) {
		verify_rig_show(&r);
		fail();
	}
	/* Three reports, two releases, and this one. */
	assert_int_equal(r.skipped_reports, 6);
	verify_result_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_settled_is_clean),
	    cmocka_unit_test(changes_of_what_was_settled_are_found),
	    TEST(a_release_of_a_removed_day_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
