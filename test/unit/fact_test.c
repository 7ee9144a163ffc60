/*
 * fact_test.c - unit tests of src/fact.c. The chain is computed a second time
 * here, as fact.h describes it: the bytes are laid out in one buffer and
 * hashed at once.
 */
#include "fixture.h"
#include "src/fact.h"

static const uint8_t BODY[FACT_HASH_SIZE] = {1, 2, 3};
static const uint8_t ROWS[FACT_HASH_SIZE] = {9, 8, 7, [31] = 6};

static void
put_number(struct buf *b, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++, value /= 256)
		buf_char(b, (char)(value % 256));
}

static void
put_text(struct buf *b, const char *text)
{
	put_number(b, strlen(text), 4);
	buf_str(b, text);
}

static void
put_digest(struct buf *b, const void *digest)
{
	buf_char(b, digest != NULL);
	if (digest != NULL)
		buf_add(b, digest, FACT_HASH_SIZE);
}

/* Moves head by one fact. */
static void
expect(struct fact_head *head, const struct fact *fact)
{
	struct buf b = BUF_INIT;

	head->seq++;
	buf_add(&b, head->hash, FACT_HASH_SIZE);
	put_number(&b, (uint64_t)head->seq, 8);
	put_number(&b, (uint64_t)fact->at, 8);
	put_text(&b, fact->kind);
	put_text(&b, fact->who);
	put_text(&b, fact->subject);
	put_text(&b, fact->detail);
	put_digest(&b, fact->body_sha256);
	put_digest(&b, fact->rows_sha256);
	assert_false(b.failed);
	tls_sha256(b.data, b.len, head->hash);
	buf_fini(&b);
}

static const struct fact FACTS[] = {
    {.at = 1790812800,
	.kind = "report.accepted",
	.who = "source:admin1",
	.subject = "5f0c9a52-2f0e-4b7c-9a3d-0a4f6e1b2c3d",
	.detail = "stored=3",
	.body_sha256 = BODY,
	.rows_sha256 = ROWS},
    {.at = 0, .kind = "a", .who = "", .subject = "", .detail = ""},
    {.at = -5,
	.kind = "a",
	.who = "bc",
	.subject = "d\xc3\xa9",
	.detail = "",
	.body_sha256 = BODY},
    {.at = INT64_MAX,
	.kind = "ab",
	.who = "c",
	.subject = "\n",
	.detail = "why",
	.rows_sha256 = BODY},
};

enum {
	COUNT = sizeof FACTS / sizeof FACTS[0]
};

static void
an_empty_chain_ends_in_zeroes(void **state)
{
	struct fixture *f = *state;
	static const uint8_t zero[FACT_HASH_SIZE];
	struct fact_head head;

	memset(&head, 0xff, sizeof head);
	assert_true(fact_load_head(f->db, &head, &f->err));
	assert_int_equal(head.seq, 0);
	assert_memory_equal(head.hash, zero, sizeof zero);
}

static void
the_chain_is_that_of_its_description(void **state)
{
	struct fixture *f = *state;
	struct fact_head expected, got;

	memset(&expected, 0, sizeof expected);
	for (int i = 0; i < COUNT; i++) {
		expect(&expected, &FACTS[i]);
		assert_true(sql_begin(f->db, &f->err));
		assert_true(fact_add(f->db, &FACTS[i], NULL, &f->err));
		assert_true(sql_commit(f->db, &f->err));
		assert_true(fact_load_head(f->db, &got, &f->err));
		assert_int_equal(got.seq, i + 1);
		assert_memory_equal(got.hash, expected.hash, FACT_HASH_SIZE);
	}
}

static void
appending_moves_the_head_as_adding_does(void **state)
{
	struct fixture *f = *state;
	struct tls_hash *hash = tls_hash_new(&f->err);
	struct fact_head expected, head, loaded;

	assert_non_null(hash);
	memset(&expected, 0, sizeof expected);
	memset(&head, 0, sizeof head);
	/* Something that was left in the working space does not matter. */
	tls_hash_add(hash, "dirt", 4);
	assert_true(sql_begin(f->db, &f->err));
	for (int i = 0; i < COUNT; i++) {
		expect(&expected, &FACTS[i]);
		assert_true(
		    fact_append(f->db, hash, &head, &FACTS[i], &f->err));
		assert_int_equal(head.seq, expected.seq);
		assert_memory_equal(head.hash, expected.hash, FACT_HASH_SIZE);
	}
	assert_true(sql_commit(f->db, &f->err));
	assert_true(fact_load_head(f->db, &loaded, &f->err));
	assert_memory_equal(loaded.hash, head.hash, FACT_HASH_SIZE);
	tls_hash_free(hash);
}

static void
a_row_keeps_every_member(void **state)
{
	struct fixture *f = *state;
	struct sql_stmt *s;
	const void *blob;
	size_t len;

	assert_true(fact_add(f->db, &FACTS[0], NULL, &f->err));
	assert_true(fact_add(f->db, &FACTS[1], NULL, &f->err));
	s = sql_get(f->db,
	    "SELECT seq, at, kind, who, subject, detail, body_sha256,"
	    " rows_sha256 FROM fact ORDER BY seq",
	    &f->err);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_int_equal(sql_int(s, 0), 1);
	assert_int_equal(sql_int(s, 1), 1790812800);
	assert_string_equal(sql_text(s, 2), "report.accepted");
	assert_string_equal(sql_text(s, 3), "source:admin1");
	assert_string_equal(sql_text(s, 4), FACTS[0].subject);
	assert_string_equal(sql_text(s, 5), "stored=3");
	blob = sql_blob(s, 6, &len);
	assert_int_equal(len, FACT_HASH_SIZE);
	assert_memory_equal(blob, BODY, len);
	blob = sql_blob(s, 7, &len);
	assert_int_equal(len, FACT_HASH_SIZE);
	assert_memory_equal(blob, ROWS, len);
	assert_int_equal(sql_step(s, &f->err), SQL_ROW);
	assert_true(sql_is_null(s, 6));
	assert_true(sql_is_null(s, 7));
	sql_done(s);
}

static void
after_a_rollback_the_chain_goes_on_from_before(void **state)
{
	struct fixture *f = *state;
	struct fact_head before, after, expected;

	assert_true(fact_add(f->db, &FACTS[0], NULL, &f->err));
	assert_true(fact_load_head(f->db, &before, &f->err));
	assert_true(sql_begin(f->db, &f->err));
	assert_true(fact_add(f->db, &FACTS[1], NULL, &f->err));
	assert_true(fact_add(f->db, &FACTS[2], NULL, &f->err));
	sql_rollback(f->db);
	assert_true(fact_load_head(f->db, &after, &f->err));
	assert_int_equal(after.seq, before.seq);
	assert_memory_equal(after.hash, before.hash, FACT_HASH_SIZE);
	expected = before;
	expect(&expected, &FACTS[3]);
	assert_true(fact_add(f->db, &FACTS[3], NULL, &f->err));
	assert_true(fact_load_head(f->db, &after, &f->err));
	assert_int_equal(after.seq, 2);
	assert_memory_equal(after.hash, expected.hash, FACT_HASH_SIZE);
}

static void
an_append_that_fails_leaves_the_head(void **state)
{
	struct fixture *f = *state;
	struct tls_hash *hash = tls_hash_new(&f->err);
	struct fact_head head, before;

	assert_non_null(hash);
	assert_true(fact_add(f->db, &FACTS[0], NULL, &f->err));
	/* A head that is not the table's: row 1 exists. */
	memset(&head, 0, sizeof head);
	before = head;
	assert_false(fact_append(f->db, hash, &head, &FACTS[1], &f->err));
	assert_memory_equal(&head, &before, sizeof head);
	tls_hash_free(hash);
}

static void
a_head_is_printed_in_lower_case(void **state)
{
	uint8_t hash[FACT_HASH_SIZE];
	char text[FACT_HEAD_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < FACT_HASH_SIZE; i++)
		hash[i] = (uint8_t)(i * 0x1f);
	assert_ptr_equal(fact_format_head(hash, text), text);
	assert_string_equal(text, "sha256:001f3e5d7c9bbad9f81736557493b2d1"
				  "f00f2e4d6c8baac9e80726456483a2c1");
}

static void
a_value_is_read_as_it_was_put(void **state)
{
	static const char *const VALUES[] = {"", "mean", "Acme Corp", "a=b",
	    "\"", "\\", "say \"no\\yes\" twice", "\xc3\xa9", " "};
	struct buf detail = BUF_INIT, value = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
		buf_clear(&detail);
		fact_put(&detail, "first", VALUES[i]);
		fact_put_int(&detail, "n", -7);
		fact_put(&detail, "last", VALUES[i]);
		assert_true(fact_get(buf_text(&detail), "first", &value));
		assert_string_equal(buf_text(&value), VALUES[i]);
		assert_true(fact_get(buf_text(&detail), "n", &value));
		assert_string_equal(buf_text(&value), "-7");
		assert_true(fact_get(buf_text(&detail), "last", &value));
		assert_string_equal(buf_text(&value), VALUES[i]);
		assert_false(fact_get(buf_text(&detail), "b", &value));
		assert_string_equal(buf_text(&value), "");
		assert_false(fact_get(buf_text(&detail), "", &value));
	}
	buf_fini(&detail);
	buf_fini(&value);
}

static void
of_a_name_the_last_value_counts(void **state)
{
	struct buf value = BUF_INIT;

	(void)state;
	assert_true(fact_get("a=1 b=\"a=2 c=3\" a=4 x", "a", &value));
	assert_string_equal(buf_text(&value), "4");
	assert_false(fact_get("a=1 b=\"a=2 c=3\" a=4 x", "c", &value));
	assert_false(fact_get("a=1 b=\"a=2 c=3\" a=4 x", "x", &value));
	assert_true(fact_get("a=1 a=", "a", &value));
	assert_string_equal(buf_text(&value), "");
	/* What fact_put does not write is read all the same. */
	assert_true(fact_get("why a=\"cut \\", "a", &value));
	assert_string_equal(buf_text(&value), "cut \\");
	buf_fini(&value);
}

static void
the_operator_is_named(void **state)
{
	char text[80], cut[6];

	(void)state;
	assert_ptr_equal(fact_operator(text, sizeof text), text);
	assert_memory_equal(text, "operator:", 9);
	assert_true(strlen(text) > 9);
	assert_string_equal(fact_operator(cut, sizeof cut), "opera");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FIXTURE_TEST(an_empty_chain_ends_in_zeroes),
	    FIXTURE_TEST(the_chain_is_that_of_its_description),
	    FIXTURE_TEST(appending_moves_the_head_as_adding_does),
	    FIXTURE_TEST(a_row_keeps_every_member),
	    FIXTURE_TEST(after_a_rollback_the_chain_goes_on_from_before),
	    FIXTURE_TEST(an_append_that_fails_leaves_the_head),
	    cmocka_unit_test(a_head_is_printed_in_lower_case),
	    cmocka_unit_test(a_value_is_read_as_it_was_put),
	    cmocka_unit_test(of_a_name_the_last_value_counts),
	    cmocka_unit_test(the_operator_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
