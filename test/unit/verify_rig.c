/*
 * verify_rig.c - the ledger of verify_rig.h.
 */
#include "lib/utc.h"
#include "src/day.h"
#include "src/fact.h"
#include "src/rate.h"
#include "verify_rig.h"

static const char BINS[] = "\"name\":\"lab\",\"inodes\":7,\"size_bins\":["
			   "{\"max_age\":\"30d\",\"bytes\":\"3\"},"
			   "{\"max_age\":null,\"bytes\":\"4\"}]";

static void
add_rate(struct fixture *f, const char *rate, const char *age)
{
	struct rate r = {.account = 1};

	snprintf(r.rate, sizeof r.rate, "%s", rate);
	snprintf(r.max_age, sizeof r.max_age, "%s", age);
	assert_true(rate_create(
	    f->db, &r, 0, "acme", "operator:test", f->now, &f->err));
}

/* Two accounts, two sources, two rates, 3 reports of 3 volumes, one of them
 * of two hours; 8 samples, one set aside, one volume retired. */
int
verify_rig_set_up(void **state)
{
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	fixture_account(f, "acme");
	fixture_account(f, "other");
	fixture_source(f, "admin2", "other,acme");
	fixture_source(f, "admin1", "acme");
	add_rate(f, "0.03", "");
	add_rate(f, "0.01", "30d");
	fixture_begin_report(f, 1);
	fixture_add_sample(f, 1, f->now, 0, 7, BINS);
	fixture_add_sample(f, 2, f->now, 5, 8, "\"name\":\"two\"");
	fixture_add_sample(f, 3, f->now, 0, 9, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	fixture_begin_report(f, 2);
	f->now += 7200;
	fixture_add_sample(f, 2, f->now - 3600, 0, 8, "\"name\":\"new\"");
	fixture_add_sample(f, 1, f->now - 3600, 0, 7, BINS);
	fixture_add_sample(f, 1, f->now, 0, 17, "");
	fixture_add_sample(f, 1, f->now + 9999, 0, 17, "");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.quarantined_count, 1);
	fixture_begin_report(f, 3);
	fixture_add_sample(
	    f, 3, f->now, 0, 7, "\"retired_at\":\"2026-10-01T03:00:00Z\"");
	fixture_add_sample(f, 2, f->now, 0, 7, "\"revision\":1");
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
	assert_int_equal(f->answer.stored, 2);
	f->next_report = 1000;
	/* Now for those who do as they please. */
	assert_true(sql_exec(f->db,
	    "PRAGMA foreign_keys = OFF;"
	    "PRAGMA ignore_check_constraints = ON",
	    &f->err));
	return 0;
}

void
verify_rig_run(struct fixture *f, const struct verify_options *options,
    struct verify_anchors *anchors, struct verify_result *result)
{
	f->err = (struct err)ERR_INIT;
	memset(result, 0, sizeof *result);
	if (!verify_run(f->db, options, anchors, result, &f->err))
		fail_msg("%s", f->err.text);
	assert_false(sql_in_transaction(f->db));
}

/* What a plain run finds. */
void
verify_rig_look(struct fixture *f, struct verify_result *result)
{
	const struct verify_options plain = {0};
	struct verify_anchors none = {0};

	verify_rig_run(f, &plain, &none, result);
}

void
verify_rig_change(struct fixture *f, const char *text)
{
	if (!sql_exec(f->db, text, &f->err))
		fail_msg("%s: %s", text, f->err.text);
}

/* Whether a finding of this kind holds these words. */
bool
verify_rig_has(
    const struct verify_result *r, enum verify_kind kind, const char *words)
{
	char line[1024];

	for (size_t i = 0; i < r->count; i++) {
		snprintf(line, sizeof line, "%s: %s", r->findings[i].where,
		    r->findings[i].what);
		if (r->findings[i].kind == kind && strstr(line, words) != NULL)
			return true;
	}
	return false;
}

void
verify_rig_show(const struct verify_result *r)
{
	struct verify_anchors none = {0};
	struct buf out = BUF_INIT;

	verify_text(r, &none, &out);
	print_message("%s", buf_text(&out));
	buf_fini(&out);
}

void
verify_rig_expect_clean(struct fixture *f)
{
	struct verify_result r;

	verify_rig_look(f, &r);
	if (verify_found(&r) != 0) {
		verify_rig_show(&r);
		fail();
	}
	verify_result_fini(&r);
}

void
verify_rig_state_removal(struct fixture *f, int64_t day)
{
	uint8_t digest[TLS_SHA256_BYTES];
	char subject[UTC_TEXT_SIZE];
	const struct fact fact = {.at = f->now,
	    .kind = "samples.removed",
	    .who = "server",
	    .subject = utc_format_date(day * 86400, subject),
	    .detail = "rows=0",
	    .rows_sha256 = digest};
	struct err err = ERR_INIT;
	int64_t rows;

	assert_true(sql_begin(f->db, &err));
	assert_true(day_digest(f->db, day, digest, &rows, &err));
	assert_true(fact_add(f->db, &fact, NULL, &err));
	assert_true(sql_commit(f->db, &err));
}
