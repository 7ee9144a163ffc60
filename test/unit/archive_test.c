/*
 * archive_test.c - unit tests of src/archive.c and archive_read.c: what is
 * stored comes out the same, byte for byte, under numbers without gaps.
 */
#include "money_rig.h"
#include "lib/gzip.h"
#include "src/summary.h"
#include "summary_cases.h"

/* --- bills made by hand --- */

/* The row of a volume's UUID, made when needed. */
static int64_t
volume_row(struct fixture *f, const struct uuid *id)
{
	struct sql_stmt *s = sql_get(f->db,
	    "INSERT INTO volume (volume_id) VALUES (?1) ON CONFLICT DO UPDATE"
	    " SET region = region RETURNING id",
	    &f->err);
	int64_t row;

	assert_non_null(s);
	sql_bind_blob(s, 1, id->bytes, UUID_SIZE);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	row = sql_int(s, 0);
	sql_done(s);
	return row;
}

/* Gives a bill what it needs to be stored: rows, and totals where it has
 * none. It is forecast by its closing. */
static void
make_closable(struct fixture *f, struct invoice *inv, int64_t corrected)
{
	struct account a = inv->account;

	if (!account_find(f->db, a.name, &a, &f->err)) {
		f->err = (struct err)ERR_INIT;
		fixture_add(f, &a);
	}
	inv->account.id = a.id;
	if (inv->closed_at == 0) {
		free(inv->forecast);
		exact_free(inv->forecast_exact);
	}
	for (size_t m = 0; m < inv->period.month_count; m++)
		for (size_t i = 0; i < inv->months[m].line_count; i++) {
			struct rating_line *line = &inv->months[m].lines[i];

			line->volume = volume_row(f, &line->volume_id);
		}
	for (size_t i = 0; i < inv->correction_count; i++) {
		struct invoice_correction *c = &inv->corrections[i];

		c->volume = volume_row(f, &c->volume_id);
		c->invoice = corrected;
	}
	if (inv->exact == NULL) {
		inv->exact = exact_new();
		inv->usage_total = strdup("0.00");
		inv->total = strdup("0.00");
		inv->reason = INVOICE_FINE;
	}
}

/* Stores a bill with a JSON document and one of text; returns its row. */
static struct archive_row
store(struct fixture *f, struct invoice *inv, const char *number)
{
	struct buf json = BUF_INIT, text = BUF_INIT;
	const struct archive_document documents[] = {
	    {"json", &json}, {"text", &text}};
	struct archive_row row;

	if (inv->closed_at == 0)
		case_close(inv, number);
	snprintf(inv->number, sizeof inv->number, "%s", number);
	inv->upto_fact =
	    fixture_int(f->db, "SELECT max(seq) FROM fact", &f->err);
	summary_json(inv, &json);
	buf_str(&text, "the bill\n");
	assert_true(sql_begin(f->db, &f->err));
	if (!archive_store(f->db, inv, documents, 2, true, "operator:me",
		"as agreed", &f->err) ||
	    !sql_commit(f->db, &f->err))
		fail_msg("store: %s", f->err.text);
	assert_true(archive_load(f->db, number, &row, &f->err));
	buf_fini(&json);
	buf_fini(&text);
	return row;
}

/* The case "one", stored. */
static struct archive_row
store_one(struct fixture *f, const char *number)
{
	struct summary_case c;
	struct archive_row row;

	summary_case_make(&c, "one");
	make_closable(f, &c.now[0], 0);
	row = store(f, &c.now[0], number);
	summary_case_fini(&c);
	return row;
}

/* --- rows --- */

static void
what_is_stored_is_found(void **state)
{
	struct fixture *f = *state;
	struct archive_row row = store_one(f, "2026-00001"), again;
	struct archive_row *list;
	bool found;
	size_t count;

	assert_string_equal(row.period, "2026-10");
	assert_string_equal(row.currency, "USD");
	assert_string_equal(row.total, "380.13");
	assert_int_equal(row.from_at, utc_from_date(2026, 10, 1));
	assert_int_equal(row.to_at, utc_from_date(2026, 11, 1));
	assert_int_equal(row.closed_at, utc_from_date(2026, 11, 3));
	assert_int_equal(row.due_at, utc_from_date(2026, 12, 3));
	assert_true(archive_find(
	    f->db, row.account, "2026-10", &again, &found, &f->err));
	assert_true(found);
	assert_memory_equal(&again, &row, sizeof row);
	assert_true(archive_load_id(f->db, row.id, &again, &f->err));
	assert_memory_equal(&again, &row, sizeof row);
	assert_true(
	    archive_latest(f->db, row.account, &again, &found, &f->err));
	assert_true(found);
	assert_memory_equal(&again, &row, sizeof row);
	assert_true(archive_list(f->db, 0, &list, &count, &f->err));
	assert_int_equal(count, 1);
	assert_memory_equal(list, &row, sizeof row);
	free(list);
}

static void
what_is_not_stored_is_not_found(void **state)
{
	static const char *const wrong[] = {"", "2026", "2026-", "2026-1",
	    "2026-0001", "26-00001", "2026-00001x", "2026/00001", "x026-00001",
	    "2026-00002", "2027-00001", "2026-000000000000001", "2026--0001"};
	struct fixture *f = *state;
	struct archive_row row = store_one(f, "2026-00001"), other;
	bool found = true;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (archive_load(f->db, wrong[i], &other, &f->err))
			fail_msg("\"%s\" was found", wrong[i]);
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	assert_true(archive_find(
	    f->db, row.account, "2026-09", &other, &found, &f->err));
	assert_false(found);
	assert_true(
	    archive_latest(f->db, row.account + 1, &other, &found, &f->err));
	assert_false(found);
	assert_false(archive_load_id(f->db, row.id + 1, &other, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
}

static void
numbers_are_counted_anew_each_year(void **state)
{
	struct fixture *f = *state;
	char number[INVOICE_NUMBER_SIZE];

	assert_true(archive_next_number(f->db, 2026, number, &f->err));
	assert_string_equal(number, "2026-00001");
	store_one(f, "2026-00001");
	assert_true(archive_next_number(f->db, 2026, number, &f->err));
	assert_string_equal(number, "2026-00002");
	assert_true(archive_next_number(f->db, 2027, number, &f->err));
	assert_string_equal(number, "2027-00001");
}

static void
numbers_may_get_longer(void **state)
{
	struct fixture *f = *state;
	struct archive_row row = store_one(f, "2026-99999");
	char number[INVOICE_NUMBER_SIZE];

	assert_string_equal(row.number, "2026-99999");
	assert_true(archive_next_number(f->db, 2026, number, &f->err));
	assert_string_equal(number, "2026-100000");
}

static void
a_period_and_a_number_are_stored_once(void **state)
{
	struct fixture *f = *state;
	struct summary_case c;
	struct buf json = BUF_INIT;
	const struct archive_document documents[] = {{"json", &json}};

	store_one(f, "2026-00001");
	summary_case_make(&c, "one");
	make_closable(f, &c.now[0], 0);
	case_close(&c.now[0], "2026-00002");
	assert_true(sql_begin(f->db, &f->err));
	assert_false(archive_store(
	    f->db, &c.now[0], documents, 1, true, "operator:me", "", &f->err));
	sql_rollback(f->db);
	assert_int_equal(
	    fixture_int(f->db, "SELECT count(*) FROM invoice", &f->err), 1);
	summary_case_fini(&c);
}

/* --- lines --- */

static void
lines_are_kept_with_their_whole_fractions(void **state)
{
	struct fixture *f = *state;
	struct archive_row first = store_one(f, "2026-00001"), row;
	struct archive_line *lines;
	struct summary_case c;
	size_t count;

	summary_case_make(&c, "invoice");
	memcpy(c.now[0].account.name, "other", 6);
	make_closable(f, &c.now[0], first.id);
	row = store(f, &c.now[0], "2026-00002");
	assert_true(archive_lines(f->db, &row, &lines, &count, &f->err));
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		const struct rating_line *rated = c.now[0].lines[i % 2].rated;
		struct exact *amount = exact_new();
		const struct exact *exact = rated->amount;
		int64_t volume = rated->volume;

		if (i >= 2) {
			exact = c.now[0].corrections[i - 2].exact;
			volume = c.now[0].corrections[i - 2].volume;
		}
		assert_true(exact_parse(
		    amount, i < 2 ? c.now[0].lines[i].amount
				  : c.now[0].corrections[i - 2].amount));
		assert_int_equal(lines[i].corrects, i < 2 ? 0 : first.id);
		assert_int_equal(lines[i].volume, volume);
		assert_int_equal(exact_cmp(lines[i].exact, exact), 0);
		assert_int_equal(exact_cmp(lines[i].amount, amount), 0);
		exact_free(amount);
	}
	archive_lines_free(lines, count);
	archive_lines_free(NULL, 0);
	summary_case_fini(&c);
}

static void
billed_is_what_a_period_and_its_corrections_charged(void **state)
{
	struct fixture *f = *state;
	struct archive_row first = store_one(f, "2026-00001"), second;
	struct archive_bill bill;
	struct summary_case c;
	char *text;

	summary_case_make(&c, "invoice");
	memcpy(c.now[0].account.name, "other", 6);
	make_closable(f, &c.now[0], first.id);
	second = store(f, &c.now[0], "2026-00002");
	for (int before = 0; before < 2; before++) {
		assert_true(archive_billed(
		    f->db, &first, before ? second.id : 0, &bill, &f->err));
		text = exact_fixed(bill.amount, 2);
		/* -1.25 and 0.99 of one volume. */
		assert_string_equal(text, before ? "380.13" : "379.87");
		free(text);
		assert_int_equal(bill.count, before ? 1 : 2);
		assert_int_equal(bill.list[0].upto_fact, first.upto_fact);
		if (!before)
			assert_int_equal(
			    bill.list[1].upto_fact, second.upto_fact);
		archive_bill_fini(&bill);
	}
	summary_case_fini(&c);
}

static void
a_damaged_line_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct archive_row row = store_one(f, "2026-00001");
	struct archive_line *lines;
	struct archive_bill bill;
	size_t count;

	assert_true(
	    sql_exec(f->db, "UPDATE invoice_line SET exact = '1/0'", &f->err));
	assert_false(archive_lines(f->db, &row, &lines, &count, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	assert_false(archive_billed(f->db, &row, 0, &bill, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
	archive_bill_fini(&bill);
}

/* --- documents --- */

static void
documents_come_out_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct summary_case c;
	struct archive_row row;
	struct buf json = BUF_INIT, is = BUF_INIT;

	summary_case_make(&c, "large");
	make_closable(f, &c.now[0], 0);
	row = store(f, &c.now[0], "2026-00001");
	summary_json(&c.now[0], &json);
	buf_str(&is, "what was there; ");
	assert_true(archive_document(f->db, &row, "text", &is, &f->err));
	assert_string_equal(buf_text(&is), "what was there; the bill\n");
	buf_clear(&is);
	assert_true(archive_document(f->db, &row, "json", &is, &f->err));
	assert_int_equal(is.len, json.len);
	assert_memory_equal(is.data, json.data, json.len);
	assert_false(archive_document(f->db, &row, "pdf", &is, &f->err));
	assert_int_equal(f->err.kind, ERR_INPUT);
	buf_fini(&is);
	buf_fini(&json);
	summary_case_fini(&c);
}

static void
a_damaged_document_is_noticed(void **state)
{
	static const char *const changes[] = {
	    "UPDATE invoice_document SET bytes = substr(bytes, 1, 40)",
	    "UPDATE invoice_document SET bytes = x'00'",
	};

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct fixture *f = *state;
		struct archive_row row =
		    store_one(f, i == 0 ? "2026-00001" : "2026-00002");
		struct buf out = BUF_INIT;

		assert_true(sql_exec(f->db, changes[i], &f->err));
		assert_false(
		    archive_document(f->db, &row, "json", &out, &f->err));
		assert_int_equal(f->err.kind, ERR_BROKEN);
		buf_fini(&out);
		assert_true(sql_exec(f->db,
		    "DELETE FROM invoice_document; DELETE FROM invoice_line;"
		    "DELETE FROM invoice_settled; DELETE FROM invoice",
		    &f->err));
	}
}

/* --- the fact of a closing --- */

static void
hex(const uint8_t *bytes, char out[2 * TLS_SHA256_BYTES + 1])
{
	for (int i = 0; i < TLS_SHA256_BYTES; i++)
		snprintf(&out[2 * (size_t)i], 3, "%02x", bytes[i]);
}

static void
sha256_is(struct fixture *f, const char *literal, const void *data, size_t len)
{
	struct sql_stmt *s = sql_get(f->db, literal, &f->err);
	uint8_t digest[TLS_SHA256_BYTES];
	char text[2 * TLS_SHA256_BYTES + 1];

	tls_sha256(data, len, digest);
	hex(digest, text);
	assert_non_null(s);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_string_equal(sql_text(s, 0), text);
	sql_done(s);
}

static void
the_fact_covers_rows_and_documents_as_described(void **state)
{
	struct fixture *f = *state;
	struct archive_row row = store_one(f, "2026-00001");
	struct buf json = BUF_INIT, rows = BUF_INIT;
	uint8_t digest[TLS_SHA256_BYTES];
	char text[2 * TLS_SHA256_BYTES + 1];

	assert_true(archive_document(f->db, &row, "json", &json, &f->err));
	sha256_is(f,
	    "SELECT lower(hex(body_sha256)) FROM fact"
	    " WHERE kind = 'invoice.closed'",
	    json.data, json.len);
	buf_printf(&rows,
	    "2026-00001 acme 2026-10 1790812800 1793491200 1793664000 "
	    "1796256000 USD 380.13 %lld\n"
	    "- 0a000000-0000-0000-0000-000000000000 38013/100 380.13\n",
	    (long long)row.upto_fact);
	tls_sha256(json.data, json.len, digest);
	hex(digest, text);
	buf_printf(&rows, "json %s\n", text);
	tls_sha256("the bill\n", 9, digest);
	hex(digest, text);
	buf_printf(&rows, "text %s\n", text);
	sha256_is(f,
	    "SELECT lower(hex(rows_sha256)) FROM fact"
	    " WHERE kind = 'invoice.closed'",
	    rows.data, rows.len);
	assert_int_equal(
	    fixture_int(f->db,
		"SELECT fact = (SELECT max(seq) FROM fact) FROM invoice",
		&f->err),
	    1);
	buf_fini(&json);
	buf_fini(&rows);
}

/* --- a bill out of its document --- */

/* The document of a row, and what the bill that is read from it prints. */
static void
reads_back(struct fixture *f, const struct archive_row *row)
{
	struct account a;
	struct invoice inv;
	struct buf stored = BUF_INIT, is = BUF_INIT;

	assert_true(account_load(f->db, row->account, &a, &f->err));
	assert_true(archive_document(f->db, row, "json", &stored, &f->err));
	if (!archive_read(f->db, row, &a, &inv, &f->err))
		fail_msg("read: %s", f->err.text);
	summary_json(&inv, &is);
	show_difference(row->number, buf_text(&is), buf_text(&stored));
	assert_int_equal(is.len, stored.len);
	assert_memory_equal(is.data, stored.data, stored.len);
	invoice_fini(&inv);
	buf_fini(&is);
	buf_fini(&stored);
}

static void
every_bill_made_by_hand_reads_back(void **state)
{
	struct fixture *f = *state;
	int64_t first = store_one(f, "2025-00001").id;
	char number[INVOICE_NUMBER_SIZE];
	int serial = 0;

	for (size_t i = 0; i < SUMMARY_CASES; i++) {
		struct summary_case c;

		summary_case_make(&c, summary_cases[i].name);
		for (size_t j = 0; j < c.summary.count; j++) {
			struct invoice *inv = &c.now[j];
			struct archive_row row;

			snprintf(inv->account.name, sizeof inv->account.name,
			    "case%zu-%zu", i, j);
			make_closable(f, inv, first);
			snprintf(number, sizeof number, "2026-%05d", ++serial);
			row = store(f, inv, number);
			reads_back(f, &row);
		}
		summary_case_fini(&c);
	}
}

/* Samples of a few volumes with names, bins, gaps and two payers. */
static void
report_at_random(struct fixture *f, unsigned *seed, int64_t from, int days)
{
	char members[256];

	fixture_begin_report(f, ++f->next_report);
	for (int i = 0; i < 150; i++) {
		long bytes =
		    rand_r(seed) % 2 == 0 ? rand_r(seed) : rand_r(seed) % 5;

		snprintf(members, sizeof members,
		    "\"account\":\"p%d\",\"name\":\"n%d \\\"%d\\\"\"",
		    rand_r(seed) % 8 == 0, rand_r(seed) % 3, rand_r(seed) % 2);
		if (rand_r(seed) % 3 == 0)
			snprintf(members + strlen(members),
			    sizeof members - strlen(members),
			    ",\"size_bins\":[{\"max_age\":\"12h\",\"bytes\":"
			    "%ld},{\"max_age\":null,\"bytes\":%ld}]",
			    bytes / 3, bytes - bytes / 3);
		fixture_add_sample(f, 1 + rand_r(seed) % 4,
		    from + rand_r(seed) % (days * 86400),
		    rand_r(seed) % 1000000000, bytes, members);
	}
	assert_int_equal(fixture_send_report(f), LEDGER_STORED);
}

/* Two accounts, rates that change; a quarter of reports. */
static void
live_at_random(struct fixture *f, unsigned *seed)
{
	static const char *const currencies[] = {"USD", "JPY", "KWD", "CLF"};
	struct account a;

	f->now = rig_at("2026-10-01T00:00:00Z");
	for (int i = 0; i < 2; i++) {
		a = fixture_rules(i == 0 ? "p0" : "p1");
		memcpy(a.currency, currencies[rand_r(seed) % 4], 4);
		a.gap = rand_r(seed) % 2 == 0 ? ACCOUNT_GAP_CARRY
					      : ACCOUNT_GAP_INTERPOLATE;
		a.average = rand_r(seed) % 2 == 0 ? ACCOUNT_MEAN
						  : ACCOUNT_TIME_WEIGHTED;
		a.rounding = rand_r(seed) % 2 == 0 ? ACCOUNT_PER_LINE
						   : ACCOUNT_PER_DOCUMENT;
		a.period = i == 0 ? ACCOUNT_MONTHLY : ACCOUNT_QUARTERLY;
		fixture_add(f, &a);
		rig_rate(f, a.name, "123.456789", "", "2000-01-01T00:00:00Z");
		rig_rate(f, a.name, "7654321", "12h", "2026-11-11T11:11:11Z");
	}
	fixture_source(f, "admin1", "p0,p1");
}

static void
every_bill_made_at_random_reads_back(void **state)
{
	static const char *const ends[] = {"2026-11-01T00:00:00Z",
	    "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z",
	    "2027-02-01T00:00:00Z"};
	static const char *const periods[] = {
	    "2026-10", "2026-11", "2026-12", "2027-01"};
	struct fixture *f = *state;
	struct archive_row row;
	unsigned seed = 20261001;
	size_t corrections = 0;

	live_at_random(f, &seed);
	for (size_t i = 0; i < 4; i++) {
		int64_t before = f->now;

		rig_clock(f, ends[i]);
		/* Up to four days late, so that there is to be corrected. */
		report_at_random(
		    f, &seed, before - (i > 0) * INT64_C(345600), 30);
		row = rig_close(f, "p0", periods[i]);
		reads_back(f, &row);
	}
	row = rig_close(f, "p1", "2026-Q4");
	reads_back(f, &row);
	corrections = (size_t)fixture_int(f->db,
	    "SELECT count(*) FROM invoice_line WHERE corrects IS NOT NULL",
	    &f->err);
	assert_true(corrections > 3);
}

static void
a_document_that_says_otherwise_is_not_read(void **state)
{
	static const char *const documents[] = {"{}", "[]", "null",
	    "{\"ledger_head\":7}", "{\"ledger_head\":\"sha256:00\"}"};
	struct fixture *f = *state;
	struct summary_case c;
	struct invoice inv;
	struct account a;

	summary_case_make(&c, "one");
	make_closable(f, &c.now[0], 0);
	store(f, &c.now[0], "2026-00001");
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		struct buf plain = BUF_INIT, packed = BUF_INIT;
		struct sql_stmt *s = sql_get(f->db,
		    "UPDATE invoice_document SET bytes = ?"
		    " WHERE format = 'json'",
		    &f->err);
		struct archive_row row;

		buf_str(&plain, documents[i]);
		assert_true(
		    gzip_deflate(plain.data, plain.len, &packed, &f->err));
		sql_bind_blob(s, 1, packed.data, packed.len);
		assert_true(sql_run(s, &f->err));
		assert_true(archive_load(f->db, "2026-00001", &row, &f->err));
		assert_true(account_load(f->db, row.account, &a, &f->err));
		assert_false(archive_read(f->db, &row, &a, &inv, &f->err));
		assert_int_equal(f->err.kind, ERR_BROKEN);
		invoice_fini(&inv);
		buf_fini(&plain);
		buf_fini(&packed);
	}
	summary_case_fini(&c);
}

/* --- what was looked at --- */

static void
a_look_is_noted_until_the_period_is_closed(void **state)
{
	struct fixture *f = *state;
	struct archive_check check = {
	    .held = true, .reason = "missing_hours", .checked_at = 7};
	struct archive_check is;
	int64_t account = fixture_account(f, "acme");
	bool found;

	assert_true(archive_find_check(
	    f->db, account, "2026-10", &is, &found, &f->err));
	assert_false(found);
	assert_true(
	    archive_note_check(f->db, account, "2026-10", &check, &f->err));
	check = (struct archive_check){.checked_at = 9};
	assert_true(
	    archive_note_check(f->db, account, "2026-09", &check, &f->err));
	assert_true(archive_find_check(
	    f->db, account, "2026-10", &is, &found, &f->err));
	assert_true(found && is.held);
	assert_string_equal(is.reason, "missing_hours");
	assert_int_equal(is.checked_at, 7);
	store_one(f, "2026-00001");
	assert_true(archive_find_check(
	    f->db, account, "2026-10", &is, &found, &f->err));
	assert_false(found);
	assert_true(archive_find_check(
	    f->db, account, "2026-09", &is, &found, &f->err));
	assert_true(found && !is.held);
}

static void
what_is_settled_moves_on_with_the_accounts_invoices(void **state)
{
	struct fixture *f = *state;
	struct archive_row first = store_one(f, "2026-00001"), second;
	struct summary_case c;
	int64_t settled;

	assert_true(archive_settled(f->db, first.account, &settled, &f->err));
	assert_int_equal(settled, first.upto_fact);
	summary_case_make(&c, "one");
	assert_true(invoice_parse_period("2026-11", &c.now[0].period, &f->err));
	make_closable(f, &c.now[0], 0);
	second = store(f, &c.now[0], "2026-00002");
	assert_true(second.upto_fact > first.upto_fact);
	assert_true(archive_settled(f->db, first.account, &settled, &f->err));
	assert_int_equal(settled, second.upto_fact);
	assert_true(archive_settled_of(f->db, &first, &settled, &f->err));
	assert_int_equal(settled, second.upto_fact);
	/* Nobody else's. */
	assert_true(
	    archive_settled(f->db, first.account + 1, &settled, &f->err));
	assert_true(settled == INT64_MAX);
	summary_case_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(what_is_stored_is_found),
	    FIXTURE_TEST(what_is_not_stored_is_not_found),
	    FIXTURE_TEST(numbers_are_counted_anew_each_year),
	    FIXTURE_TEST(numbers_may_get_longer),
	    FIXTURE_TEST(a_period_and_a_number_are_stored_once),
	    FIXTURE_TEST(lines_are_kept_with_their_whole_fractions),
	    FIXTURE_TEST(billed_is_what_a_period_and_its_corrections_charged),
	    FIXTURE_TEST(a_damaged_line_is_noticed),
	    FIXTURE_TEST(documents_come_out_byte_for_byte),
	    FIXTURE_TEST(a_damaged_document_is_noticed),
	    FIXTURE_TEST(the_fact_covers_rows_and_documents_as_described),
	    FIXTURE_TEST(every_bill_made_by_hand_reads_back),
	    FIXTURE_TEST(every_bill_made_at_random_reads_back),
	    FIXTURE_TEST(a_document_that_says_otherwise_is_not_read),
	    FIXTURE_TEST(a_look_is_noted_until_the_period_is_closed),
	    FIXTURE_TEST(what_is_settled_moves_on_with_the_accounts_invoices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
