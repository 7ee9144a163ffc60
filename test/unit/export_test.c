/*
 * export_test.c - unit tests of src/export*.c. Rows are compared with bills,
 * exactly; or written as text: hours from the fixture's beginning, account,
 * name or age, byte-hours, cost, hours measured/estimated/unbilled.
 */
#include "money_rig.h"
#include "usage_rig.h"

#include "src/export.h"
#include "src/export_write.h"

static const int64_t LATE = 1793664000; /* 2026-11-03 */

struct tally {
	struct buf text;
	struct exact *byte_hours, *gib_months, *cost; /* owned: of all rows */
	struct rating_hours hours;
	size_t rows;
	const char *state; /* of the last row */
	bool unrated;
	int64_t last_from; /* rows come in the order of time */
	enum export_group group;
};

static void
put_exact(struct buf *b, const struct exact *x)
{
	char *text = x != NULL ? exact_decimal(x, 9) : NULL;

	buf_printf(b, " %s", text != NULL ? text : "-");
	free(text);
}

static bool
on_row(void *ctx, const struct export_row *row, struct err *err)
{
	char age[RATE_AGE_SIZE];
	struct tally *t = ctx;

	(void)err;
	assert_true(row->from >= t->last_from && row->from < row->to);
	t->last_from = row->from;
	t->rows++;
	t->state = row->state;
	exact_add(t->byte_hours, row->byte_hours);
	exact_add(t->gib_months, row->gib_months);
	if (row->cost != NULL)
		exact_add(t->cost, row->cost);
	else
		t->unrated = true;
	t->hours.measured += row->hours.measured;
	t->hours.estimated += row->hours.estimated;
	t->hours.unbilled += row->hours.unbilled;
	if (t->rows > 20)
		return true;
	buf_printf(&t->text, "%lld+%lld %s",
	    (long long)(row->from / 3600 - BASE),
	    (long long)(row->to - row->from) / 3600, row->account->name);
	if (t->group == EXPORT_VOLUME)
		buf_printf(&t->text, " %s", row->name);
	if (t->group == EXPORT_BIN)
		buf_printf(
		    &t->text, " [%s]", rate_format_age(row->age_hours, age));
	put_exact(&t->text, row->gib);
	put_exact(&t->text, row->byte_hours);
	put_exact(&t->text, row->cost);
	buf_printf(&t->text, " %lld/%lld/%lld %s; ",
	    (long long)row->hours.measured, (long long)row->hours.estimated,
	    (long long)row->hours.unbilled, row->state);
	return true;
}

static void
fini_tally(struct tally *t)
{
	buf_fini(&t->text);
	exact_free(t->byte_hours);
	exact_free(t->gib_months);
	exact_free(t->cost);
}

/* account NULL: all. */
static struct tally
run(struct fixture *f, const char *account, const char *from, const char *to,
    enum export_step step, enum export_group group)
{
	struct tally t = {.group = group};
	struct export_query query = {.from = rig_at(from),
	    .to = rig_at(to),
	    .now = f->now,
	    .step = step,
	    .group = group};
	struct account *list = NULL, one;

	t.byte_hours = exact_new();
	t.gib_months = exact_new();
	t.cost = exact_new();
	if (account != NULL) {
		one = rig_account(f, account);
		query.accounts = &one;
		query.account_count = 1;
	} else {
		assert_true(
		    account_list(f->db, &list, &query.account_count, &f->err));
		query.accounts = list;
	}
	if (!export_run(f->db, &query, on_row, &t, &f->err))
		fail_msg("export: %s", f->err.text);
	free(list);
	return t;
}

static void
rows_are(struct fixture *f, const char *from, const char *to,
    enum export_step step, enum export_group group, const char *expected)
{
	struct tally t = run(f, NULL, from, to, step, group);

	assert_string_equal(buf_text(&t.text), expected);
	fini_tally(&t);
}

/* --- rows --- */

static void
rows_have_mean_sums_and_cost(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", GIB, "\"name\":\"lab\"");
	rig_sample(f, 1, "2026-10-01T00:00:01Z", 3 * GIB, "");
	f->now = rig_at("2026-10-01T09:00:00Z");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-01T08:00:00Z", EXPORT_HOUR,
	    EXPORT_VOLUME,
	    "0+1 acme lab 2 2147483648 0.002 1/0/0 open; "
	    "1+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "2+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "3+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "4+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "5+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "6+1 acme lab 2 2147483648 0.002 0/1/0 open; "
	    "7+1 acme lab 0 0 0 0/0/1 open; ");
	/* A mean is of the ten hours that have begun; a row is no longer than
	 * what is asked for. */
	rows_are(f, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", EXPORT_DAY,
	    EXPORT_ACCOUNT, "0+24 acme 1.4 15032385536 0.014 1/6/2 open; ");
	rows_are(f, "2026-10-01T02:00:00Z", "2026-10-01T04:00:00Z",
	    EXPORT_MONTH, EXPORT_ACCOUNT,
	    "2+2 acme 2 4294967296 0.004 0/2/0 open; ");
	rows_are(f, "2026-09-30T23:00:00Z", "2026-10-01T01:00:00Z",
	    EXPORT_MONTH, EXPORT_ACCOUNT,
	    "0+1 acme 2 2147483648 0.002 1/0/0 open; ");
}

static void
a_bin_is_a_row_of_all_volumes(void **state)
{
	static const char bins[] =
	    "\"size_bins\":[{\"max_age\":\"30d\",\"bytes\":1073741824},"
	    "{\"max_age\":null,\"bytes\":2147483648}]";
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_rate(f, "acme", "7.44", "30d", "2000-01-01T00:00:00Z");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", 3 * GIB, bins);
	rig_sample(f, 2, "2026-10-01T00:00:00Z", 3 * GIB, bins);
	rig_sample(f, 3, "2026-10-01T00:00:00Z", GIB, "");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z", EXPORT_DAY,
	    EXPORT_BIN,
	    "0+1 acme [30d] 2 2147483648 0.02 2/0/0 open; "
	    "0+1 acme [] 5 5368709120 0.005 3/0/0 open; ");
}

static void
what_has_no_rate_is_not_free(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, NULL);
	rig_rate(f, "acme", "0.744", "", "2026-10-01T02:00:00Z");
	rig_clock(f, "2026-10-01T02:00:00Z");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", 0, "");
	rig_sample(f, 2, "2026-10-01T01:00:00Z", GIB, "");
	rig_sample(f, 3, "2026-10-01T02:00:00Z", GIB, "");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", EXPORT_HOUR,
	    EXPORT_ACCOUNT,
	    "0+1 acme 0 0 0 1/0/0 open; "
	    "1+1 acme 1 1073741824 - 1/1/0 open; "
	    "2+1 acme 1 1073741824 0.001 1/0/0 open; ");
}

static void
a_row_has_the_name_of_its_hours(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	rig_clock(f, "2026-10-01T02:00:00Z");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", GIB, "\"name\":\"old\"");
	rig_sample(f, 1, "2026-10-01T00:30:00Z", GIB, "\"name\":\"mid\"");
	rig_sample(f, 1, "2026-10-01T02:00:00Z", GIB, "\"name\":\"new\"");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-01T03:00:00Z", EXPORT_HOUR,
	    EXPORT_VOLUME,
	    "0+1 acme mid 1 1073741824 0.001 1/0/0 open; "
	    "1+1 acme new 1 1073741824 0.001 0/1/0 open; "
	    "2+1 acme new 1 1073741824 0.001 1/0/0 open; ");
}

static void
accounts_that_share_a_volume_have_a_row_each(void **state)
{
	struct account other = fixture_rules("beta"), first;
	struct fixture *f = *state;

	first = fixture_rules("zeta");
	memcpy(other.currency, "EUR", 4);
	f->now = rig_at("2026-10-01T00:00:00Z");
	fixture_add(f, &first);
	fixture_add(f, &other);
	rig_rate(f, "zeta", "0.744", "", "2000-01-01T00:00:00Z");
	rig_rate(f, "beta", "7.44", "", "2000-01-01T00:00:00Z");
	fixture_source(f, "admin1", "zeta,beta");
	rig_clock(f, "2026-10-01T01:00:00Z");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", 2 * GIB,
	    "\"name\":\"a\",\"account\":\"zeta\"");
	rig_sample(f, 1, "2026-10-01T00:30:00Z", 4 * GIB,
	    "\"name\":\"a\",\"account\":\"beta\"");
	rig_sample(f, 2, "2026-10-01T00:30:00Z", 4 * GIB,
	    "\"name\":\"b\",\"account\":\"beta\"");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z", EXPORT_HOUR,
	    EXPORT_VOLUME,
	    "0+1 beta a 2 2147483648 0.02 1/0/0 open; "
	    "0+1 beta b 4 4294967296 0.04 1/0/0 open; "
	    "0+1 zeta a 1 1073741824 0.001 1/0/0 open; ");
	rows_are(f, "2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z",
	    EXPORT_MONTH, EXPORT_ACCOUNT,
	    "0+1 beta 6 6442450944 0.06 2/0/0 open; "
	    "0+1 zeta 1 1073741824 0.001 1/0/0 open; ");
}

static void
a_row_has_no_name_of_another_account(void **state)
{
	struct fixture *f = *state;
	struct tally t;

	rig_begin(f, "0.744");
	fixture_account(f, "beta");
	fixture_source(f, "admin2", "acme,beta");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", GIB, "\"account\":\"acme\"");
	rig_clock(f, "2026-10-01T01:00:00Z");
	rig_sample(f, 1, "2026-10-01T01:00:00Z", GIB,
	    "\"account\":\"beta\",\"name\":\"theirs\"");
	t = run(f, "acme", "2026-10-01T00:00:00Z", "2026-10-01T02:00:00Z",
	    EXPORT_DAY, EXPORT_VOLUME);
	assert_string_equal(
	    buf_text(&t.text), "0+2 acme  0.5 1073741824 0.001 1/0/0 open; ");
	fini_tally(&t);
}

static void
a_row_says_what_became_of_its_period(void **state)
{
	struct account quarterly = fixture_rules("q"), unrated;
	struct fixture *f = *state;

	quarterly.period = ACCOUNT_QUARTERLY;
	unrated = fixture_rules("u");
	rig_begin(f, "0");
	fixture_add(f, &quarterly);
	fixture_add(f, &unrated);
	rig_rate(f, "q", "0", "", "2000-01-01T00:00:00Z");
	fixture_source(f, "admin2", "acme,q,u");
	for (int i = 0; i < 24; i++) {
		f->now = rig_at("2026-10-31T00:00:00Z") + 3600 * (int64_t)i;
		fixture_sample(f, 1, f->now, GIB, "\"account\":\"acme\"");
		fixture_sample(f, 2, f->now, GIB, "\"account\":\"q\"");
		fixture_sample(f, 3, f->now, GIB, "\"account\":\"u\"");
	}
	rig_clock(f, "2026-11-01T00:30:00Z");
	rows_are(f, "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z", EXPORT_DAY,
	    EXPORT_ACCOUNT,
	    "720+24 acme 1 25769803776 0 24/0/0 draft; "
	    "720+24 q 1 25769803776 0 24/0/0 open; "
	    "720+24 u 1 25769803776 - 24/0/0 held; ");
	rig_clock(f, "2026-11-04T00:00:00Z");
	rig_close(f, "acme", "2026-10");
	rows_are(f, "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z", EXPORT_DAY,
	    EXPORT_ACCOUNT,
	    "720+24 acme 1 25769803776 0 24/0/0 closed; "
	    "720+24 q 1 25769803776 0 24/0/0 open; "
	    "720+24 u 1 25769803776 - 24/0/0 held; ");
}

static void
a_wrong_range_is_refused(void **state)
{
	struct export_query query = {.from = 3600, .to = 3600};
	struct fixture *f = *state;

	assert_false(export_run(f->db, &query, on_row, NULL, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	query.to = 7201;
	assert_false(export_run(f->db, &query, on_row, NULL, &f->err));
	query.to = 7200;
	assert_true(export_run(f->db, &query, on_row, NULL, &f->err));
}

static bool
stop(void *ctx, const struct export_row *row, struct err *err)
{
	(void)ctx;
	(void)row;
	return err_set(err, ERR_BUSY, "enough");
}

static void
whoever_asks_may_stop(void **state)
{
	struct fixture *f = *state;
	struct account acme;
	struct export_query query = {
	    .from = FIXTURE_NOW, .to = FIXTURE_NOW + 86400, .account_count = 1};

	rig_begin(f, "1");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", GIB, "");
	acme = rig_account(f, "acme");
	query.accounts = &acme;
	query.now = f->now;
	assert_false(export_run(f->db, &query, stop, NULL, &f->err));
	assert_string_equal(f->err.text, "enough");
	assert_false(sql_in_transaction(f->db));
}

/* --- rows and bills --- */

static uint64_t
draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

static const char *const payers[] = {"carry", "zero", "line", "hold", "weigh"};

/* One account of each kind, whose rates change within the month. */
static void
add_payers(struct fixture *f)
{
	for (int i = 0; i < 5; i++) {
		struct account a = fixture_rules(payers[i]);

		a.gap = i == 1	 ? ACCOUNT_GAP_ZERO
			: i == 2 ? ACCOUNT_GAP_INTERPOLATE
			: i == 3 ? ACCOUNT_GAP_HOLD
				 : ACCOUNT_GAP_CARRY;
		a.average = i == 4 ? ACCOUNT_TIME_WEIGHTED : ACCOUNT_MEAN;
		fixture_add(f, &a);
		rig_rate(f, a.name, "0.0371", "", "2000-01-01T00:00:00Z");
		rig_rate(f, a.name, "0.01", "30d", "2026-10-09T00:00:00Z");
		rig_rate(f, a.name, "0.02", "", "2026-10-20T05:00:00Z");
	}
	fixture_source(f, "admin1", "carry,zero,line,hold,weigh");
}

static void
send_one(struct fixture *f, uint64_t *seed, int volume, int64_t at)
{
	char members[300], ends[UTC_TEXT_SIZE];
	uint64_t bytes = draw(seed, 1u << 31), young = bytes / 3;
	size_t n;

	n = (size_t)snprintf(members, sizeof members,
	    "\"account\":\"%s\",\"name\":\"v%d\"",
	    payers[(volume + (draw(seed, 9) == 0)) % 5], volume);
	if (volume % 3 == 0)
		n += (size_t)snprintf(members + n, sizeof members - n,
		    ",\"size_bins\":[{\"max_age\":\"30d\",\"bytes\":%lld},"
		    "{\"max_age\":null,\"bytes\":%lld}]",
		    (long long)young, (long long)(bytes - young));
	if (volume == 7 && at > FIXTURE_NOW + INT64_C(20) * 86400)
		snprintf(members + n, sizeof members - n,
		    ",\"retired_at\":\"%s\"", utc_format(at + 700, ends));
	fixture_add_sample(f, volume, at, (int32_t)draw(seed, 1000000000),
	    (int64_t)bytes, members);
}

/* A month of reports, with gaps. */
static void
send_month(struct fixture *f, uint64_t seed)
{
	for (int64_t day = 0; day < 31; day++) {
		f->now = FIXTURE_NOW + (day + 1) * 86400 - 1;
		fixture_begin_report(f, ++f->next_report);
		for (int64_t hour = 0; hour < 24; hour++)
			for (int v = 1; v <= 9; v++) {
				int64_t at = FIXTURE_NOW + day * 86400 +
					     hour * 3600 +
					     (int64_t)draw(&seed, 3000);

				if (draw(&seed, 4) == 0)
					continue;
				send_one(f, &seed, v, at);
				if (draw(&seed, 3) == 0)
					send_one(f, &seed, v, at + 500);
			}
		buf_str(&f->body, "]}");
		if (fixture_take_report(f) == LEDGER_FAILED ||
		    !ledger_commit(f->ledger, &f->err))
			fail_msg("report: %s", f->err.text);
	}
}

static void
same(const struct exact *a, const struct exact *b)
{
	char *x = exact_fraction(a), *y = exact_fraction(b);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

/* The rows of an account add up to its bill, exactly. */
static void
adds_up(struct fixture *f, const struct invoice *bill, enum export_step step,
    enum export_group group)
{
	struct exact *byte_hours = exact_new();
	struct tally t = run(f, bill->account.name, "2026-10-01T00:00:00Z",
	    "2026-11-01T00:00:00Z", step, group);

	for (size_t i = 0; i < bill->line_count; i++)
		exact_add(byte_hours, bill->lines[i].rated->byte_hours);
	assert_true(t.rows > 0);
	assert_false(t.unrated);
	assert_string_equal(t.state, invoice_state_name(bill->state));
	same(t.cost, bill->exact);
	same(t.byte_hours, byte_hours);
	same(t.gib_months, bill->gib_months);
	if (group != EXPORT_BIN) {
		assert_int_equal(t.hours.measured, bill->hours.measured);
		assert_int_equal(t.hours.estimated, bill->hours.estimated);
		assert_int_equal(t.hours.unbilled, bill->hours.unbilled);
	}
	fini_tally(&t);
	exact_free(byte_hours);
}

static void
all_add_up(struct fixture *f)
{
	struct exact *all = exact_new();

	for (size_t i = 0; i < 5; i++) {
		struct invoice bill;

		rig_bill(f, payers[i], "2026-10", &bill);
		assert_non_null(bill.exact);
		exact_add(all, bill.exact);
		for (int step = EXPORT_HOUR; step <= EXPORT_MONTH; step++)
			for (int group = EXPORT_ACCOUNT; group <= EXPORT_BIN;
			     group++)
				adds_up(f, &bill, (enum export_step)step,
				    (enum export_group)group);
		invoice_fini(&bill);
	}
	for (int group = EXPORT_ACCOUNT; group <= EXPORT_BIN; group++) {
		struct tally t =
		    run(f, NULL, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z",
			EXPORT_DAY, (enum export_group)group);

		assert_true(exact_cmp(t.cost, all) > 0);
		fini_tally(&t);
		t = run(f, NULL, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
		    EXPORT_HOUR, (enum export_group)group);
		same(t.cost, all);
		fini_tally(&t);
	}
	exact_free(all);
}

static void
rows_add_up_to_the_bill(void **state)
{
	struct fixture *f = *state;

	f->now = FIXTURE_NOW;
	add_payers(f);
	send_month(f, 7);
	f->now = LATE;
	all_add_up(f);
	/* And when days have become rows. */
	compact(f, LATE);
	all_add_up(f);
}

/* More volumes and hours than a window holds. */
static void
many_rows_come_in_their_order(void **state)
{
	struct fixture *f = *state;
	struct invoice bill;
	struct tally t;

	rig_begin(f, "0.0371");
	for (int v = 0; v < 150; v++)
		rig_sample(f, v + 1, "2026-10-01T00:00:00Z", v * GIB, "");
	f->now = LATE;
	rig_bill(f, "acme", "2026-10", &bill);
	t = run(f, "acme", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z",
	    EXPORT_HOUR, EXPORT_VOLUME);
	assert_int_equal(t.rows, 150 * 744);
	same(t.cost, bill.exact);
	fini_tally(&t);
	t = run(f, NULL, "2000-01-01T00:00:00Z", "2199-01-01T00:00:00Z",
	    EXPORT_MONTH, EXPORT_VOLUME);
	assert_int_equal(t.rows, 150 * 2);
	fini_tally(&t);
	invoice_fini(&bill);
}

/* --- as text --- */

static bool
write_row(void *ctx, const struct export_row *row, struct err *err)
{
	(void)err;
	export_write_row(ctx, row);
	return true;
}

static void
written_as(
    struct fixture *f, bool json, enum export_group group, const char *expected)
{
	struct account acme = rig_account(f, "acme");
	struct export_query query = {.from = FIXTURE_NOW,
	    .to = FIXTURE_NOW + 7200,
	    .now = f->now,
	    .group = group,
	    .accounts = &acme,
	    .account_count = 1};
	struct export_writer w;
	struct buf out = BUF_INIT;

	export_write_begin(&w, &out, json, group);
	assert_true(export_run(f->db, &query, write_row, &w, &f->err));
	export_write_end(&w);
	assert_string_equal(buf_text(&out), expected);
	buf_fini(&out);
}

static void
rows_are_csv_and_json(void **state)
{
	struct fixture *f = *state;

	rig_begin(f, "0.744");
	written_as(f, true, EXPORT_VOLUME, "[]\n");
	rig_sample(f, 1, "2026-10-01T00:00:00Z", GIB, "\"name\":\"=1,\"");
	f->now += 7200;
	written_as(f, false, EXPORT_VOLUME,
	    "from,to,account,currency,volume_id,name,gib,byte_hours,gib_hours,"
	    "gib_months,cost,hours_measured,hours_estimated,hours_unbilled,"
	    "state\r\n"
	    "2026-10-01T00:00:00Z,2026-10-01T01:00:00Z,acme,USD,"
	    "7b1d0000-90a1-4c3e-8f00-000000000001,\"'=1,\",1,1073741824,1,"
	    "0.001344086021505376344086021505,0.001,1,0,0,open\r\n"
	    "2026-10-01T01:00:00Z,2026-10-01T02:00:00Z,acme,USD,"
	    "7b1d0000-90a1-4c3e-8f00-000000000001,\"'=1,\",1,1073741824,1,"
	    "0.001344086021505376344086021505,0.001,0,1,0,open\r\n");
	written_as(f, true, EXPORT_BIN,
	    "[\n{\"from\":\"2026-10-01T00:00:00Z\","
	    "\"to\":\"2026-10-01T01:00:00Z\",\"account\":\"acme\","
	    "\"currency\":\"USD\",\"max_age\":null,\"gib\":\"1\","
	    "\"byte_hours\":\"1073741824\",\"gib_hours\":\"1\","
	    "\"gib_months\":\"0.001344086021505376344086021505\","
	    "\"cost\":\"0.001\",\"hours\":{\"measured\":1,\"estimated\":0,"
	    "\"unbilled\":0},\"state\":\"open\"},\n"
	    "{\"from\":\"2026-10-01T01:00:00Z\","
	    "\"to\":\"2026-10-01T02:00:00Z\",\"account\":\"acme\","
	    "\"currency\":\"USD\",\"max_age\":null,\"gib\":\"1\","
	    "\"byte_hours\":\"1073741824\",\"gib_hours\":\"1\","
	    "\"gib_months\":\"0.001344086021505376344086021505\","
	    "\"cost\":\"0.001\",\"hours\":{\"measured\":0,\"estimated\":1,"
	    "\"unbilled\":0},\"state\":\"open\"}\n]\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(rows_have_mean_sums_and_cost),
	    FIXTURE_TEST(a_bin_is_a_row_of_all_volumes),
	    FIXTURE_TEST(what_has_no_rate_is_not_free),
	    FIXTURE_TEST(a_row_has_the_name_of_its_hours),
	    FIXTURE_TEST(accounts_that_share_a_volume_have_a_row_each),
	    FIXTURE_TEST(a_row_has_no_name_of_another_account),
	    FIXTURE_TEST(a_row_says_what_became_of_its_period),
	    FIXTURE_TEST(a_wrong_range_is_refused),
	    FIXTURE_TEST(whoever_asks_may_stop),
	    FIXTURE_TEST(rows_add_up_to_the_bill),
	    FIXTURE_TEST(many_rows_come_in_their_order),
	    FIXTURE_TEST(rows_are_csv_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
