/*
 * money_rig.h - what the tests of bills stand on besides the fixture: rates,
 * samples that come late, periods that are closed, and what is billed then,
 * as texts. Everything is done at the fixture's now.
 */
#ifndef TEST_UNIT_MONEY_RIG_H
#define TEST_UNIT_MONEY_RIG_H

#include "fixture.h"
#include "src/archive.h"
#include "src/bill.h"
#include "src/close.h"
#include "src/rate.h"

#define GIB (INT64_C(1) << 30)

/* "2026-10-20T05:00:00Z" in unix seconds. */
static inline int64_t
rig_at(const char *text)
{
	int64_t at;

	if (!utc_parse(text, strlen(text), &at, NULL))
		fail_msg("no time: %s", text);
	return at;
}

/* The clock; it only goes forward here. */
static inline void
rig_clock(struct fixture *f, const char *text)
{
	assert_true(rig_at(text) >= f->now);
	f->now = rig_at(text);
}

static inline struct account
rig_account(struct fixture *f, const char *name)
{
	struct account a;

	if (!account_find(f->db, name, &a, &f->err))
		fail_msg("account: %s", f->err.text);
	return a;
}

/* max_age "" is all ages. */
static inline void
rig_rate(struct fixture *f, const char *account, const char *money,
    const char *max_age, const char *from)
{
	struct rate r;

	memset(&r, 0, sizeof r);
	r.account = rig_account(f, account).id;
	snprintf(r.rate, sizeof r.rate, "%s", money);
	snprintf(r.max_age, sizeof r.max_age, "%s", max_age);
	if (!rate_create(f->db, &r, rig_at(from), account, "operator:me",
		f->now, &f->err))
		fail_msg("rate: %s", f->err.text);
}

/* A sample of volume n, reported now. */
static inline void
rig_sample(struct fixture *f, int n, const char *at, int64_t bytes,
    const char *members)
{
	fixture_begin_report(f, ++f->next_report);
	fixture_add_sample(f, n, rig_at(at), 0, bytes, members);
	if (fixture_send_report(f) != LEDGER_STORED || f->answer.stored != 1)
		fail_msg("sample of %d: %s, %zu set aside", n, f->err.text,
		    f->answer.quarantined_count);
}

/* One at the beginning of every hour of [from, to), in one report. */
static inline void
rig_hours(struct fixture *f, int n, const char *from, const char *to,
    int64_t bytes, const char *members)
{
	fixture_begin_report(f, ++f->next_report);
	for (int64_t at = rig_at(from); at < rig_at(to); at += 3600)
		fixture_add_sample(f, n, at, 0, bytes, members);
	if (fixture_send_report(f) != LEDGER_STORED ||
	    f->answer.quarantined_count > 0)
		fail_msg("hours of %d: %s, %zu set aside", n, f->err.text,
		    f->answer.quarantined_count);
}

/* --- bills --- */

static inline void
rig_bill(struct fixture *f, const char *account, const char *period,
    struct invoice *out)
{
	struct account a = rig_account(f, account);
	struct invoice_period p;

	memset(out, 0, sizeof *out);
	if (!invoice_parse_period(period, &p, &f->err) ||
	    !bill_build(f->db, &a, 1, &p, f->now, out, &f->err))
		fail_msg("bill: %s", f->err.text);
}

/* "2026-10 lab 0.10 20T05..20T06; " of each. */
static inline void
rig_put_corrections(struct buf *b, const struct invoice *inv)
{
	for (size_t i = 0; i < inv->correction_count; i++) {
		const struct invoice_correction *c = &inv->corrections[i];
		char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

		utc_format(c->from, from);
		utc_format(c->to, to);
		buf_printf(b, "%s %s %s %.5s..%.5s; ", c->corrects, c->name,
		    c->amount, from + 8, to + 8);
	}
}

/* What a bill is corrected by: "" when by nothing, "unrated" when that has no
 * rate. */
static inline void
rig_corrections_are(struct fixture *f, const char *account, const char *period,
    const char *expected)
{
	struct buf b = BUF_INIT;
	struct invoice inv;

	rig_bill(f, account, period, &inv);
	rig_put_corrections(&b, &inv);
	if (inv.total == NULL)
		buf_str(&b, "unrated");
	assert_string_equal(buf_text(&b), expected);
	invoice_fini(&inv);
	buf_fini(&b);
}

/* What is to be paid; "unrated" when that is not known. */
static inline void
rig_total_is(struct fixture *f, const char *account, const char *period,
    const char *expected)
{
	struct invoice inv;

	rig_bill(f, account, period, &inv);
	assert_string_equal(
	    inv.total != NULL ? inv.total : "unrated", expected);
	invoice_fini(&inv);
}

/* --- closing --- */

static inline enum close_result
rig_try_close(struct fixture *f, const char *account, const char *period,
    bool accept, struct archive_row *row)
{
	struct account a = rig_account(f, account);
	struct invoice_period p;

	f->err = (struct err)ERR_INIT;
	assert_true(invoice_parse_period(period, &p, &f->err));
	return close_period(f->db, &a, &p, accept,
	    &(struct close_order){.who = "operator:me",
		.reason = accept ? "as agreed" : "",
		.now = f->now},
	    row, &f->err);
}

/* By hand, whatever holds it. */
static inline struct archive_row
rig_close(struct fixture *f, const char *account, const char *period)
{
	struct archive_row row;

	if (rig_try_close(f, account, period, true, &row) != CLOSE_DONE)
		fail_msg("close %s: %s", period, f->err.text);
	return row;
}

static inline void
rig_note_outcome(void *ctx, const struct close_outcome *o)
{
	const char *name = close_result_name(o->result);
	const char *reason = invoice_reason_name(o->reason);
	struct buf *b = ctx;

	buf_printf(b, "%s %s ", o->account->name, o->period->text);
	if (o->result == CLOSE_DONE)
		buf_printf(b, "%s %s; ", o->number, o->total);
	else
		buf_printf(b, "%s%s%s%s; ", name, reason != NULL ? " " : "",
		    reason != NULL ? reason : "", o->first ? "" : " again");
}

/* What closing everything that is due comes to, as text. */
static inline void
rig_due_is(struct fixture *f, const char *expected)
{
	const struct close_order order = {
	    .who = "server", .reason = "", .now = f->now};
	struct buf b = BUF_INIT;

	if (!close_due(f->db, &order, rig_note_outcome, &b, &f->err))
		fail_msg("close due: %s", f->err.text);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

/* Account acme with the rules, its rate (NULL: none) and its source. */
static inline void
rig_begin_with(struct fixture *f, struct account *rules, const char *rate)
{
	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_add(f, rules);
	if (rate != NULL)
		rig_rate(f, rules->name, rate, "", "2000-01-01T00:00:00Z");
	fixture_source(f, "admin1", rules->name);
}

static inline void
rig_begin(struct fixture *f, const char *rate)
{
	struct account rules = fixture_rules("acme");

	rig_begin_with(f, &rules, rate);
}

#endif
