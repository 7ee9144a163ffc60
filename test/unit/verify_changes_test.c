/*
 * verify_changes_test.c - whatever is changed behind the ledger's back is
 * found by src/verify.c and its parts, and named.
 */
#include "verify_rig.h"

struct change {
	const char *sql;
	enum verify_kind kind;
	const char *words;
};

#define SAMPLE(n, hour) "hour = 497448 + " #hour " AND volume = " #n
#define ID(n) "5f0c9a52-2f0e-4b7c-9a3d-00000000000" #n

static const struct change CHANGES[] = {
    {"UPDATE fact SET detail = replace(detail, 'stored=3', 'stored=4')"
     " WHERE seq = 7",
	VERIFY_CHAIN, "fact 7 (report.accepted, " ID(1) "): its hash does not"},
    {"UPDATE fact SET at = at + 1 WHERE seq = 1", VERIFY_CHAIN,
	"fact 1 (account.created, acme)"},
    {"UPDATE fact SET at = at + 1 WHERE seq = 11", VERIFY_CHAIN,
	"fact 11 (volume.retired,"},
    {"UPDATE fact SET who = 'operator:me' WHERE seq = 5", VERIFY_CHAIN,
	"fact 5 (rate.set, acme)"},
    {"UPDATE fact SET body_sha256 = NULL WHERE seq = 8", VERIFY_CHAIN,
	"fact 8"},
    {"UPDATE fact SET rows_sha256 = x'00' WHERE seq = 8", VERIFY_CHAIN,
	"fact 8: one of its digests has 1 bytes instead of 32"},
    {"UPDATE fact SET subject = subject || char(0) || 'x' WHERE seq = 8",
	VERIFY_CHAIN, "fact 8: one of its texts goes on behind a NUL"},
    {"UPDATE fact SET hash = randomblob(32) WHERE seq = 6", VERIFY_CHAIN,
	"fact 6 (rate.set, acme): its hash was changed"},
    {"DELETE FROM fact WHERE seq = 6", VERIFY_CHAIN,
	"fact 6: not there: deleted"},
    {"DELETE FROM fact WHERE seq BETWEEN 4 AND 6", VERIFY_CHAIN,
	"facts 4 to 6: not there"},
    {"UPDATE fact SET seq = -1 WHERE seq = 6", VERIFY_CHAIN,
	"fact -1 (rate.set, acme): facts are numbered from 1"},
    {"UPDATE fact SET seq = 1000000000000 WHERE seq = 10", VERIFY_CHAIN,
	"facts 12 to 999999999999: not there"},

    {"UPDATE account SET average = 'time_weighted' WHERE id = 1",
	VERIFY_ACCOUNT,
	"account 1 (acme): average is \"time_weighted\", but its facts say "
	"\"mean\""},
    {"UPDATE account SET report_to = 'me@x.test'", VERIFY_ACCOUNT,
	"report_to is \"me@x.test\""},
    {"UPDATE account SET created_at = 5 WHERE id = 2", VERIFY_ACCOUNT,
	"created_at is not the time of fact 2"},
    {"UPDATE account SET name = CASE name WHEN 'acme' THEN 'x' ELSE 'acme' END;"
     "UPDATE account SET name = 'other' WHERE name = 'x'",
	VERIFY_ACCOUNT, "account 1 (other): fact 1 states it for \"acme\""},
    {"INSERT INTO account SELECT 3, 'new', 'new', currency, average,"
     " gap_policy, max_carry_hours, rounding, rounding_mode, net_days,"
     " report_to, created_at, period FROM account WHERE id = 1",
	VERIFY_ACCOUNT, "account 3 (new): no fact states it"},
    {"DELETE FROM account WHERE id = 2", VERIFY_ACCOUNT,
	"account 2 (other): fact 2 states it, but there is no such row"},
    {"DELETE FROM account WHERE id = 2", VERIFY_LINK, "of account"},
    {"UPDATE source SET disabled = 1 WHERE id = 1", VERIFY_SOURCE,
	"source 1 (admin2): disabled is \"1\""},
    {"INSERT INTO source_account VALUES (2, 2)", VERIFY_SOURCE,
	"source 2 (admin1): accounts is \"acme,other\", but its facts say "
	"\"acme\""},
    {"DELETE FROM source_account WHERE account = 2", VERIFY_SOURCE,
	"source 1 (admin2): accounts is \"acme\""},
    {"UPDATE token SET hash = randomblob(32) WHERE id = 2", VERIFY_TOKEN,
	"token 2 (admin1): its hash is not the one of fact 4"},
    {"UPDATE token SET role = 'operator', source = NULL WHERE id = 1",
	VERIFY_TOKEN, "token 1 (admin2): role is \"operator\""},
    {"INSERT INTO token SELECT 3, name, randomblob(32), role, source,"
     " account, created_at, NULL, NULL FROM token WHERE id = 1",
	VERIFY_TOKEN, "token 3 (admin2): no fact states it"},
    {"UPDATE token SET revoked_at = 1 WHERE id = 1", VERIFY_TOKEN,
	"revoked_at"},
    {"UPDATE rate SET rate = '0.029' WHERE id = 1", VERIFY_RATE,
	"rate 1 (acme): rate is \"0.029\", but its facts say \"0.03\""},
    {"UPDATE rate SET from_hour = from_hour + 1 WHERE id = 2", VERIFY_RATE,
	"rate 2 (acme): from is \"2000-01-01T01:00:00Z\""},
    {"UPDATE rate SET max_age = '31d' WHERE id = 2", VERIFY_RATE,
	"max_age is \"31d\", but its facts say \"30d\""},
    {"UPDATE rate SET account = 2 WHERE id = 2", VERIFY_RATE,
	"rate 2 (other): fact 6 states it for \"acme\""},
    {"UPDATE rate SET fact = 5 WHERE id = 2", VERIFY_RATE,
	"it names fact 5, but fact 6 states it"},
    {"UPDATE rate SET fact = 0 WHERE id = 2", VERIFY_RATE,
	"rate 2: it names no fact"},
    {"DELETE FROM rate WHERE id = 1", VERIFY_RATE,
	"rate 1 (acme): fact 5 states it, but there is no such row"},

    {"UPDATE volume SET retired_at = retired_at - 3600 WHERE id = 3",
	VERIFY_VOLUME,
	"retired_at is 2026-10-01T02:00:00Z, but its facts say "
	"2026-10-01T03:00:00Z"},
    {"UPDATE volume SET retired_at = 1790812800 WHERE id = 1", VERIFY_VOLUME,
	"000000000001: retired_at is 2026-10-01T00:00:00Z, but its facts say "
	"none"},
    {"UPDATE volume_end SET retired_at = retired_at + 1", VERIFY_VOLUME,
	"volume_end has 2026-10-01T03:00:01Z for fact 10, which brought"},
    {"UPDATE volume_end SET fact = 8", VERIFY_VOLUME,
	"a row of volume_end names fact 8, which brought no end"},
    {"DELETE FROM volume_end", VERIFY_VOLUME,
	"fact 10 brought its end, but volume_end has no such row"},
    {"UPDATE volume SET volume_id = randomblob(16) WHERE id = 3", VERIFY_VOLUME,
	"fact 11 states its end, but there is no such row"},

    {"DELETE FROM report WHERE fact = 7", VERIFY_REPORT,
	"report " ID(1) " of source:admin1: fact 7 accepted it, but there is "
			"no such row"},
    {"INSERT INTO report SELECT source, randomblob(16), fact, sent_at,"
     " skew_ms, stored, duplicates, quarantined, unknown_members, complete,"
     " license_grant FROM report WHERE fact = 8",
	VERIFY_REPORT, "it names fact 8, which did not accept it"},
    {"UPDATE report SET source = 1 WHERE fact = 7", VERIFY_REPORT,
	"report " ID(1) " of source:admin2: it names fact 7, which did not"},
    {"UPDATE report SET fact = CASE fact WHEN 7 THEN 8 WHEN 8 THEN 7 ELSE"
     " fact END",
	VERIFY_REPORT,
	"report " ID(2) " of source:admin1: fact is 7, but fact 8 says 8"},
    {"UPDATE report SET stored = 4 WHERE fact = 7", VERIFY_REPORT,
	"stored is 4, but fact 7 says 3"},
    {"UPDATE report SET duplicates = 1 WHERE fact = 7", VERIFY_REPORT,
	"duplicates is 1"},
    {"UPDATE report SET quarantined = 0 WHERE fact = 8", VERIFY_REPORT,
	"quarantined is 0, but fact 8 says 1"},
    {"DELETE FROM quarantine", VERIFY_QUARANTINE,
	"report " ID(2) " of source:admin1: fact 8 says that 1 of its samples"},
    {"INSERT INTO quarantine SELECT 2, 7, position, volume_id, account,"
     " reason, body, state, settled_fact FROM quarantine",
	VERIFY_QUARANTINE, "quarantine 2: it names fact 7, which set nothing"},
    {"UPDATE quarantine SET id = 2", VERIFY_QUARANTINE,
	"quarantine 1: fact 9 is about it, but there is no such row"},
    {"UPDATE quarantine SET fact = 7", VERIFY_QUARANTINE,
	"quarantine 1: the report is not what fact 9 says: the row was"},
    {"UPDATE quarantine SET position = 2", VERIFY_QUARANTINE,
	"quarantine 1: position is not what fact 9 says"},
    {"UPDATE quarantine SET volume_id = x'00'", VERIFY_QUARANTINE,
	"quarantine 1: volume_id is not what fact 9 says"},
    {"UPDATE quarantine SET account = 2", VERIFY_QUARANTINE,
	"quarantine 1: account is not what fact 9 says"},
    {"UPDATE quarantine SET reason = 'too_old'", VERIFY_QUARANTINE,
	"quarantine 1: reason is not what fact 9 says"},
    {"UPDATE quarantine SET body = replace(body, '17', '16')",
	VERIFY_QUARANTINE, "quarantine 1: body is not what fact 9 says"},
    {"UPDATE quarantine SET state = 'discarded'", VERIFY_QUARANTINE,
	"quarantine 1: it is marked as discarded, but the fact that it names"},
    {"UPDATE quarantine SET state = 'discarded', settled_fact = 9",
	VERIFY_QUARANTINE, "quarantine 1: it is marked as discarded"},
    {"UPDATE quarantine SET settled_fact = 9", VERIFY_QUARANTINE,
	"quarantine 1: it is marked as open"},

    {"UPDATE sample SET bytes = 77 WHERE " SAMPLE(1, 2), VERIFY_SAMPLE,
	"report " ID(2) " of source:admin1: its 3 samples, of the hours from "
			"2026-10-01T01:00:00Z to 2026-10-01T02:00:00Z, are "
			"not those of fact 8"},
    {"UPDATE sample SET account = 2 WHERE " SAMPLE(1, 2), VERIFY_SAMPLE,
	"not those of fact 8"},
    {"UPDATE sample SET bins = '720:4 0:3' WHERE " SAMPLE(1, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE sample SET bins = bins || char(0) || 'x' WHERE " SAMPLE(1, 0),
	VERIFY_SAMPLE, "not those of fact 7"},
    {"UPDATE sample SET inodes = NULL WHERE " SAMPLE(1, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE sample SET inodes = -1 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE sample SET nanos = 6 WHERE " SAMPLE(2, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE sample SET revision = 0 WHERE " SAMPLE(2, 2), VERIFY_SAMPLE,
	"not those of fact 10"},
    {"UPDATE sample SET name = 1 WHERE " SAMPLE(2, 0), VERIFY_SAMPLE,
	"volume 7b1d0000-90a1-4c3e-8f00-000000000002 at 2026-10-01T00:00:00Z "
	"+ 5 ns, revision 0: the name it refers to is not one of its volume"},
    {"UPDATE sample SET name = 3 WHERE " SAMPLE(2, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE sample SET name = 99 WHERE " SAMPLE(2, 0), VERIFY_SAMPLE,
	"is not one of its volume"},
    {"UPDATE sample SET name = NULL WHERE " SAMPLE(2, 0), VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE volume_name SET name = 'lob' WHERE name = 'lab'", VERIFY_SAMPLE,
	"not those of fact 7"},
    {"UPDATE volume SET volume_id = CASE id WHEN 1 THEN x'aa' ELSE"
     " volume_id END; UPDATE volume SET volume_id = randomblob(16)"
     " WHERE id = 1",
	VERIFY_SAMPLE, "not those of fact 8"},
    {"DELETE FROM sample WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"report " ID(1) " of source:admin1: it stored 3 samples by fact 7, "
			"but there are 2: 1 were deleted"},
    {"DELETE FROM sample WHERE fact = 7", VERIFY_SAMPLE,
	"but there are 0: 3 were deleted"},
    {"DELETE FROM sample", VERIFY_SAMPLE, "but there are 0: 3 were deleted"},
    {"UPDATE sample SET fact = 10 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"000000000003 at 2026-10-01T00:00:00Z, revision 0: it names fact 10, "
	"whose samples are complete without it"},
    /* In front of, among and behind those of its fact. */
    {"INSERT INTO sample SELECT hour - 9, volume, nanos, revision, bytes,"
     " account, fact, name, bins, retired_bytes, inodes FROM sample"
     " WHERE " SAMPLE(1, 0),
	VERIFY_SAMPLE,
	"000000000001 at 2026-09-30T15:00:00Z, revision 0: it names fact 7, "
	"whose samples are complete without it"},
    {"INSERT INTO sample SELECT hour, volume, nanos + 1, revision, bytes,"
     " account, fact, name, bins, retired_bytes, inodes FROM sample"
     " WHERE " SAMPLE(2, 0),
	VERIFY_SAMPLE, "2026-10-01T00:00:00Z + 6 ns, revision 0: it names"},
    {"INSERT INTO sample SELECT hour + 9, volume, nanos, revision, bytes,"
     " account, fact, name, bins, retired_bytes, inodes FROM sample"
     " WHERE " SAMPLE(1, 0),
	VERIFY_SAMPLE, "000000000001 at 2026-10-01T09:00:00Z, revision 0: it"},
    {"INSERT INTO sample SELECT hour - 9, volume, nanos, revision, bytes,"
     " account, fact, name, bins, retired_bytes, inodes FROM sample"
     " WHERE hour = 497448",
	VERIFY_SAMPLE,
	"report " ID(1) " of source:admin1: there are 6 samples of it, but "
			"fact 7 says 3"},
    {"UPDATE sample SET fact = 12 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"000000000003 at 2026-10-01T00:00:00Z, revision 0: it names fact 12, "
	"which stored no sample"},
    {"UPDATE sample SET fact = 5 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"it names fact 5, which stored no sample"},
    {"UPDATE sample SET fact = -9 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"it names fact -9, which stored no sample"},
    {"UPDATE sample SET volume = 77 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"sample of volume row 77 at 2026-10-01T00:00:00Z: there is no such"},
    {"UPDATE sample SET hour = 5 WHERE " SAMPLE(3, 0), VERIFY_SAMPLE,
	"sample of volume row 3 at an hour that none can have"},

    {"UPDATE volume SET revised_hour = NULL", VERIFY_VOLUME,
	"000000000002: revised_hour is not the latest hour"},
    {"UPDATE volume SET revised_hour = 497450", VERIFY_VOLUME,
	"000000000001: revised_hour is not the latest hour"},
    {"UPDATE volume SET lives_until = 5 WHERE id = 3", VERIFY_VOLUME,
	"lives_until is 1970-01-01T00:00:05Z, but its facts say none"},
    {"DELETE FROM volume_month WHERE volume = 2", VERIFY_MONTH,
	"000000000002: it has samples in 2026-10, but volume_month does not"},
    {"INSERT INTO volume_month VALUES (1, 24320)", VERIFY_MONTH,
	"000000000001: volume_month says that it has samples in 2026-09"},
    {"UPDATE account_month SET month = month + 1", VERIFY_MONTH,
	"account 1: it has samples in 2026-10, but account_month does not"},
    {"UPDATE volume_account SET first_month = first_month + 1", VERIFY_MONTH,
	"it has samples of account 1 from 2026-10 on, but volume_account"},
    {"DELETE FROM volume_account WHERE volume = 2", VERIFY_MONTH,
	"000000000002: it has samples of account 1 from 2026-10 on"},
};

static void
every_change_is_found_and_named(void **state)
{
	struct verify_result r;
	struct fixture *f;
	void *mine;

	(void)state;
	for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
		assert_int_equal(verify_rig_set_up(&mine), 0);
		f = mine;
		verify_rig_change(f, CHANGES[i].sql);
		verify_rig_look(f, &r);
		if (!verify_rig_has(&r, CHANGES[i].kind, CHANGES[i].words)) {
			verify_rig_show(&r);
			fail_msg(
			    "%s: no \"%s\"", CHANGES[i].sql, CHANGES[i].words);
		}
		verify_result_fini(&r);
		fixture_tear_down(&mine);
	}
}

/* One change has one finding; a fact also what rests on it. */
static void
one_change_is_one_finding(void **state)
{
	static const char *const ALONE[] = {
	    "UPDATE fact SET at = at + 1 WHERE seq = 4",
	    "UPDATE fact SET hash = randomblob(32) WHERE seq = 6",
	    "UPDATE account SET net_days = 3 WHERE id = 1",
	    "UPDATE rate SET rate = '0.029' WHERE id = 1",
	    "UPDATE report SET stored = 4 WHERE fact = 7",
	    "DELETE FROM report WHERE fact = 7",
	    "UPDATE sample SET bytes = 77 WHERE " SAMPLE(1, 2),
	    "DELETE FROM sample WHERE " SAMPLE(3, 0),
	    "INSERT INTO sample SELECT hour, volume, nanos + 1, revision,"
	    " bytes, account, fact, name, bins, retired_bytes, inodes"
	    " FROM sample WHERE " SAMPLE(2, 0),
	};
	struct verify_result r;
	void *mine;

	(void)state;
	for (size_t i = 0; i < sizeof ALONE / sizeof ALONE[0]; i++) {
		assert_int_equal(verify_rig_set_up(&mine), 0);
		verify_rig_change(mine, ALONE[i]);
		verify_rig_look(mine, &r);
		if (verify_found(&r) != (i == 0 ? 3 : 1)) {
			verify_rig_show(&r);
			fail_msg("%s", ALONE[i]);
		}
		assert_true(verify_rig_has(&r, VERIFY_SOURCE,
				"the fact was changed") == (i == 0));
		verify_result_fini(&r);
		fixture_tear_down(&mine);
	}
}

/* Behind a fact that is gone, others still find their rows. */
static void
a_missing_fact_blames_no_others(void **state)
{
	struct fixture *f = *state;
	struct verify_result r;

	verify_rig_change(f, "DELETE FROM fact WHERE seq = 1");
	verify_rig_look(f, &r);
	assert_int_equal(r.found[VERIFY_CHAIN], 1);
	assert_int_equal(r.found[VERIFY_ACCOUNT], 1);
	assert_true(
	    verify_rig_has(&r, VERIFY_ACCOUNT, "account 1 (acme): no fact"));
	assert_int_equal(verify_found(&r), 2);
	verify_result_fini(&r);
}

static void
many_findings_are_counted_and_some_listed(void **state)
{
	struct fixture *f = *state;
	struct verify_anchors none = {0};
	struct verify_result r;
	struct buf out = BUF_INIT;
	size_t listed = 0;

	for (int i = 0; i < 2 * VERIFY_MAX_LISTED; i++)
		fixture_sample(f, 9, f->now + 3600, i, "");
	verify_rig_change(
	    f, "UPDATE sample SET bytes = bytes + 1 WHERE volume = 4");
	verify_rig_look(f, &r);
	assert_int_equal(r.found[VERIFY_SAMPLE], 2 * VERIFY_MAX_LISTED);
	for (size_t i = 0; i < r.count; i++)
		listed += r.findings[i].kind == VERIFY_SAMPLE;
	assert_int_equal(listed, VERIFY_MAX_LISTED);
	verify_text(&r, &none, &out);
	assert_non_null(strstr(buf_text(&out), "\nsample: and 20 more\n"));
	assert_non_null(strstr(buf_text(&out), "\n40 findings\n"));
	buf_fini(&out);
	verify_result_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_change_is_found_and_named),
	    cmocka_unit_test(one_change_is_one_finding),
	    VERIFY_RIG_TEST(a_missing_fact_blames_no_others),
	    VERIFY_RIG_TEST(many_findings_are_counted_and_some_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
