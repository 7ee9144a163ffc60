/*
 * day_test.c - unit tests of src/day*.c: samples into the bytes of a row and
 * back, bytes that are damaged, marks.
 */
#include "fixture.h"
#include "src/day.h"
#include "src/day_code.h"

#define TEST(name) FIXTURE_TEST(name)
#define PLAIN(name) cmocka_unit_test(name)

enum {
	DAY = 20727 /* 2026-10-01 */
};

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* A sample of the day, by hour, nanoseconds, size, and what else it says. */
static void
put(struct day_hours *h, int hour, int64_t nanos, int64_t bytes,
    int64_t account, int64_t name, const char *bins)
{
	struct day_sample sample = {.hour = DAY * 24 + hour,
	    .nanos = nanos,
	    .account = account,
	    .name = name,
	    .bytes = bytes,
	    .bins = bins};
	struct err err = ERR_INIT;

	if (!day_hours_add(h, &sample, &err))
		fail_msg("%s", err.text);
}

static void
same_hours(const struct day_hours *a, const struct day_hours *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->bin_count, b->bin_count);
	if (b->list == NULL || b->bins == NULL)
		return;
	for (size_t i = 0; i < a->count; i++) {
		const struct day_entry *x = &a->list[i], *y = &b->list[i];

		assert_int_equal(x->hour, y->hour);
		assert_int_equal(x->nanos, y->nanos);
		assert_int_equal(x->account, y->account);
		assert_int_equal(x->name, y->name);
		assert_int_equal(x->count, y->count);
		assert_int_equal(x->bin_count, y->bin_count);
		for (size_t k = 0; k < x->bin_count; k++) {
			const struct usage_bin *p = &a->bins[x->first_bin + k];
			const struct usage_bin *q = &b->bins[y->first_bin + k];

			assert_int_equal(p->age_hours, q->age_hours);
			assert_true(p->num == q->num);
		}
	}
}

/* Encodes, decodes, compares; returns how many bytes it were. */
static size_t
round_trip(const struct day_hours *h)
{
	struct day_hours back = {NULL};
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	size_t len;

	if (!day_encode(h, DAY, &bytes, &err) ||
	    !day_decode(&back, DAY, bytes.data, bytes.len, &err))
		fail_msg("%s", err.text);
	same_hours(h, &back);
	len = bytes.len;
	day_hours_fini(&back);
	buf_fini(&bytes);
	return len;
}

static void
pack(struct day_hours *h)
{
	static const struct day_terms none = {NULL, 0, NULL, 0};

	day_hours_pack(h, &none);
}

/* --- packing --- */

static void
samples_of_an_hour_become_a_sum_but_the_last(void **state)
{
	struct day_hours h = {NULL};

	(void)state;
	for (int i = 0; i < 5; i++)
		put(&h, 3, i, 10 + i, 1, 7, "");
	put(&h, 4, 0, 1, 1, 7, "");
	pack(&h);
	assert_int_equal(h.count, 3);
	assert_int_equal(h.list[0].count, 4);
	assert_int_equal(h.list[0].nanos, DAY_NO_NANOS);
	assert_true(h.bins[0].num == 10 + 11 + 12 + 13);
	assert_int_equal(h.list[1].count, 1);
	assert_true(h.bins[h.list[1].first_bin].num == 14);
	assert_true(h.bins[h.list[2].first_bin].num == 1);
	round_trip(&h);
	day_hours_fini(&h);
}

static void
another_payer_name_or_bin_begins_another_sum(void **state)
{
	struct day_hours h = {NULL};

	(void)state;
	put(&h, 3, 0, 1, 1, 7, "");
	put(&h, 3, 1, 1, 1, 7, "");
	put(&h, 3, 2, 1, 2, 7, "");
	put(&h, 3, 3, 1, 1, 7, "");
	put(&h, 3, 4, 1, 1, 8, "");
	put(&h, 3, 5, 3, 1, 8, "24:1 0:2");
	put(&h, 3, 6, 3, 1, 8, "0:2 24:1");
	put(&h, 3, 7, 3, 1, 8, "0:2 24:1");
	put(&h, 3, 8, 3, 1, 8, "0:2 24:1");
	pack(&h);
	assert_int_equal(h.count, 7);
	assert_int_equal(h.list[0].count, 2);
	assert_int_equal(h.list[5].count, 2);
	assert_int_equal(h.list[6].count, 1);
	round_trip(&h);
	day_hours_fini(&h);
}

static void
hours_of_time_weighted_payers_and_ends_keep_instants(void **state)
{
	static const bool weighted[] = {false, false, true};
	static const int64_t ends[] = {DAY * 24 + 5};
	static const struct day_terms terms = {weighted, 3, ends, 1};
	struct day_hours h = {NULL};

	(void)state;
	for (int hour = 3; hour < 7; hour++)
		for (int i = 0; i < 3; i++)
			put(&h, hour, i * INT64_C(1234567891), 9,
			    hour == 4 && i == 1 ? 2 : 1, 0, "");
	day_hours_pack(&h, &terms);
	assert_int_equal(h.count, 2 + 3 + 3 + 2);
	assert_int_equal(h.list[0].nanos, DAY_NO_NANOS);
	assert_int_equal(h.list[3].nanos, 1234567891);
	assert_int_equal(h.list[7].nanos, 2 * INT64_C(1234567891));
	assert_int_equal(h.list[8].nanos, DAY_NO_NANOS);
	round_trip(&h);
	day_hours_fini(&h);
}

static void
of_one_instant_the_last_row_stays(void **state)
{
	struct day_hours h = {NULL};

	(void)state;
	put(&h, 0, 5, 3, 1, 0, "24:1 0:2");
	put(&h, 0, 5, 4, 2, 9, "");
	put(&h, 1, 5, 5, 1, 0, "");
	assert_int_equal(h.count, 2);
	assert_int_equal(h.bin_count, 2);
	assert_int_equal(h.list[0].account, 2);
	assert_true(h.bins[0].num == 4);
	day_hours_fini(&h);
}

static void
damaged_bins_of_a_sample_are_refused(void **state)
{
	struct day_hours h = {NULL};
	struct day_sample sample = {.bytes = 3, .bins = "24:1 0"};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(day_hours_add(&h, &sample, &err));
	assert_int_equal(err.kind, ERR_BROKEN);
	assert_non_null(strstr(err.text, "bins are damaged"));
	day_hours_fini(&h);
}

/* --- bytes --- */

/* A whole day of one volume, whose sizes are what next makes of the one
 * before; returns the bytes of its row. */
static size_t
whole_day(int64_t first, int64_t (*next)(int64_t size, uint64_t *seed))
{
	struct day_hours h = {NULL};
	int64_t size = first;
	uint64_t seed = 5;
	size_t len;

	for (int hour = 0; hour < 24; hour++) {
		put(&h, hour, 0, size, 12, 345, "");
		size = next(size, &seed);
	}
	pack(&h);
	len = round_trip(&h);
	day_hours_fini(&h);
	return len;
}

static int64_t
stay(int64_t size, uint64_t *seed)
{
	(void)seed;
	return size;
}

/* Up to 1 GiB up or down, in blocks of 4 KiB. */
static int64_t
move_blocks(int64_t size, uint64_t *seed)
{
	return size + ((int64_t)(next_random(seed) % 524288) - 262144) * 4096;
}

static int64_t
change_rarely(int64_t size, uint64_t *seed)
{
	return next_random(seed) % 12 == 0 ? move_blocks(size, seed) : size;
}

static void
a_day_is_a_few_bytes(void **state)
{
	(void)state;
	assert_in_range(whole_day(INT64_C(1) << 40, stay), 1, 12);
	assert_in_range(whole_day(INT64_C(1) << 40, change_rarely), 1, 26);
	assert_in_range(whole_day(INT64_C(1) << 40, move_blocks), 1, 72);
}

static void
the_largest_sums_are_exact(void **state)
{
	struct day_hours h = {NULL};

	(void)state;
	for (int i = 0; i < 1000; i++)
		put(&h, 23, i, INT64_MAX, 1, 0, "");
	pack(&h);
	assert_int_equal(h.list[0].count, 999);
	assert_true(h.bins[0].num == (exact_u128)INT64_MAX * 999);
	round_trip(&h);
	day_hours_fini(&h);
}

static void
sums_and_their_hours_last_sample_are_of_one_kind(void **state)
{
	struct day_hours h = {NULL};
	size_t len;

	(void)state;
	for (int hour = 0; hour < 24; hour++)
		for (int i = 0; i < 60; i++)
			put(&h, hour, i, INT64_C(1000000000000) + i, 1, 3, "");
	pack(&h);
	assert_int_equal(h.count, 48);
	len = round_trip(&h);
	/* Nothing but small differences of the means. */
	assert_in_range(len, 1, 90);
	day_hours_fini(&h);
}

/* A day of random samples: up to four an hour of few payers and names, bins
 * or none, sizes of all lengths. */
static void
random_day(struct day_hours *h, uint64_t *seed)
{
	static const bool weighted[] = {false, false, true, false};
	const struct day_terms terms = {weighted, 4, NULL, 0};
	unsigned zeros = (unsigned)(next_random(seed) % 20);
	unsigned shorter = (unsigned)(next_random(seed) % 60);
	uint64_t mixed = next_random(seed) % 3;

	day_hours_clear(h);
	for (int hour = 0; hour < 24; hour++) {
		int64_t nanos = 0;

		if (next_random(seed) % 7 == 0 && h->count > 0)
			continue;
		for (uint64_t i = next_random(seed) % 4 * mixed; i < 7;
		     i += 3) {
			int64_t size = (int64_t)((next_random(seed) << 32 |
						     next_random(seed)) >>
						 shorter << zeros) &
				       INT64_MAX;
			char text[64];

			text[0] = '\0';
			if (mixed > 0 && next_random(seed) % 3 == 0)
				snprintf(text, sizeof text, "%d:%lld 0:%lld",
				    next_random(seed) % 2 == 0 ? 24 : 720,
				    (long long)(size / 3),
				    (long long)(size - size / 3));
			put(h, hour, nanos, size,
			    mixed > 0 ? (int64_t)(next_random(seed) % 4) : 1,
			    mixed > 1 ? (int64_t)(next_random(seed) % 3) : 0,
			    text);
			nanos += (int64_t)(next_random(seed) % 1000000000) *
				 (int64_t)(1 + next_random(seed) % 800);
		}
	}
	day_hours_pack(h, &terms);
}

static void
any_day_comes_back_as_it_was(void **state)
{
	struct day_hours h = {NULL};
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		random_day(&h, &seed);
		round_trip(&h);
	}
	day_hours_fini(&h);
}

static void
what_a_day_cannot_keep_is_refused(void **state)
{
	struct day_hours h = {NULL};
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put(&h, 24, 0, 1, 1, 0, "");
	assert_false(day_encode(&h, DAY, &bytes, &err));
	assert_int_equal(err.kind, ERR_BROKEN);
	day_hours_clear(&h);
	put(&h, 0, 0, 1, 1, 0,
	    "1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 13:1 14:1 15:1"
	    " 16:1 17:1");
	assert_false(day_encode(&h, DAY, &bytes, &err));
	buf_fini(&bytes);
	day_hours_fini(&h);
}

/* Decodes a copy of exactly these bytes, so that a sanitizer sees a read
 * behind them. */
static bool
survives(struct day_hours *h, const void *data, size_t len)
{
	struct err err = ERR_INIT;
	uint8_t *copy = malloc(len + (len == 0));
	bool ok;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	ok = day_decode(h, DAY, copy, len, &err);
	free(copy);
	if (!ok)
		assert_int_equal(err.kind, ERR_BROKEN);
	for (size_t i = 0; i < h->count; i++) {
		assert_in_range(
		    h->list[i].hour, DAY * 24, DAY * 24 + DAY_HOURS - 1);
		assert_true(h->list[i].count > 0);
		assert_true(h->list[i].first_bin + h->list[i].bin_count <=
			    h->bin_count);
	}
	return ok;
}

static void
damaged_bytes_never_do_harm(void **state)
{
	struct day_hours h = {NULL}, back = {NULL};
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 400; round++) {
		random_day(&h, &seed);
		buf_clear(&bytes);
		assert_true(day_encode(&h, DAY, &bytes, &err));
		/* Cut off, or with something behind it, it is damaged. */
		for (size_t len = 0; len < bytes.len; len++)
			assert_false(survives(&back, bytes.data, len));
		buf_char(&bytes, '\0');
		assert_false(survives(&back, bytes.data, bytes.len));
		bytes.len--;
		for (int i = 0; i < 200; i++) {
			size_t at = next_random(&seed) % bytes.len;
			char was = bytes.data[at];

			bytes.data[at] ^= (char)(1 << next_random(&seed) % 8);
			survives(&back, bytes.data, bytes.len);
			bytes.data[at] = was;
		}
	}
	for (int round = 0; round < 20000; round++) {
		uint8_t noise[64] = {0};
		size_t len = next_random(&seed) % sizeof noise;

		for (size_t i = 0; i < len; i++)
			noise[i] = (uint8_t)next_random(&seed);
		if (len > 0)
			noise[0] = (uint8_t)(64 | (noise[0] & 63));
		survives(&back, noise, len);
	}
	buf_fini(&bytes);
	day_hours_fini(&h);
	day_hours_fini(&back);
}

static void
what_is_damaged_names_day_and_volume(void **state)
{
	struct day_hours h = {NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(day_read(&h, DAY, 77, "\x40", 1, &err));
	assert_int_equal(err.kind, ERR_BROKEN);
	assert_string_equal(err.text,
	    "day 20727 of volume row 77: the bytes of a day are damaged");
	day_hours_fini(&h);
}

/* --- tables --- */

static int64_t
marks(struct fixture *f)
{
	return fixture_int(f->db, "SELECT count(*) FROM day_stale", &f->err);
}

static void
only_days_with_rows_are_marked(void **state)
{
	struct fixture *f = *state;
	struct day_progress p = {
	    .done_day = 100, .working_day = 102, .removed_day = 90};

	assert_true(day_note_change(f->db, &p, INT64_C(103) * 24, 1, &f->err));
	assert_true(day_note_change(f->db, &p, 91 * 24 - 1, 1, &f->err));
	assert_int_equal(marks(f), 0);
	assert_true(day_note_change(f->db, &p, 103 * 24 - 1, 1, &f->err));
	assert_true(day_note_change(f->db, &p, 103 * 24 - 2, 1, &f->err));
	assert_true(day_note_change(f->db, &p, INT64_C(91) * 24, 1, &f->err));
	assert_int_equal(marks(f), 2);
}

static void
progress_is_kept(void **state)
{
	struct fixture *f = *state;
	struct day_progress p = {3, 4, 5, 2}, q;

	assert_true(day_load_progress(f->db, &q, &f->err));
	assert_int_equal(q.done_day, 0);
	assert_true(day_save_progress(f->db, &p, &f->err));
	assert_true(day_load_progress(f->db, &q, &f->err));
	assert_memory_equal(&p, &q, sizeof p);
	assert_true(sql_exec(f->db, "DELETE FROM day_progress", &f->err));
	assert_false(day_load_progress(f->db, &q, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
}

static void
a_row_can_be_stored_changed_and_taken_away(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = BUF_INIT, back = BUF_INIT;
	int64_t fact, rows, size;

	buf_str(&bytes, "abc");
	assert_true(day_store(f->db, DAY, 1, 7, &bytes, &f->err));
	buf_str(&bytes, "d");
	assert_true(day_store(f->db, DAY, 1, 8, &bytes, &f->err));
	assert_true(day_load(f->db, DAY, 1, &fact, &back, &f->err));
	assert_int_equal(fact, 8);
	assert_string_equal(buf_text(&back), "abcd");
	assert_true(day_measure(f->db, DAY, &rows, &size, &f->err));
	assert_int_equal(rows, 1);
	assert_int_equal(size, 4);
	buf_clear(&bytes);
	assert_true(day_store(f->db, DAY, 1, 8, &bytes, &f->err));
	assert_true(day_load(f->db, DAY, 1, &fact, &back, &f->err));
	assert_int_equal(back.len, 0);
	buf_fini(&bytes);
	buf_fini(&back);
}

/* The definition, by hand. */
static void
a_digest_is_over_uuids_lengths_and_bytes(void **state)
{
	struct fixture *f = *state;
	uint8_t plain[2 * (16 + 8) + 3 + 2] = {0}, expected[TLS_SHA256_BYTES];
	uint8_t got[TLS_SHA256_BYTES];
	int64_t rows;

	assert_true(sql_exec(f->db,
	    "INSERT INTO volume (id, volume_id) VALUES"
	    " (1, x'02000000000000000000000000000000'),"
	    " (2, x'01000000000000000000000000000000');"
	    "INSERT INTO day VALUES (9, 1, 5, x'616263'), (9, 2, 5, x'6465'),"
	    " (8, 2, 5, x'6465')",
	    &f->err));
	plain[0] = 1;
	plain[16] = 2;
	plain[24] = 'd';
	plain[25] = 'e';
	plain[26] = 2;
	plain[42] = 3;
	plain[50] = 'a';
	plain[51] = 'b';
	plain[52] = 'c';
	tls_sha256(plain, sizeof plain, expected);
	assert_true(day_digest(f->db, 9, got, &rows, &f->err));
	assert_int_equal(rows, 2);
	assert_memory_equal(got, expected, sizeof got);
	assert_true(sql_exec(
	    f->db, "INSERT INTO day VALUES (9, 3, 5, x'00')", &f->err));
	assert_false(day_digest(f->db, 9, got, &rows, &f->err));
	assert_int_equal(f->err.kind, ERR_BROKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PLAIN(samples_of_an_hour_become_a_sum_but_the_last),
	    PLAIN(another_payer_name_or_bin_begins_another_sum),
	    PLAIN(hours_of_time_weighted_payers_and_ends_keep_instants),
	    PLAIN(of_one_instant_the_last_row_stays),
	    PLAIN(damaged_bins_of_a_sample_are_refused),
	    PLAIN(a_day_is_a_few_bytes),
	    PLAIN(the_largest_sums_are_exact),
	    PLAIN(sums_and_their_hours_last_sample_are_of_one_kind),
	    PLAIN(any_day_comes_back_as_it_was),
	    PLAIN(what_a_day_cannot_keep_is_refused),
	    PLAIN(damaged_bytes_never_do_harm),
	    PLAIN(what_is_damaged_names_day_and_volume),
	    TEST(only_days_with_rows_are_marked),
	    TEST(progress_is_kept),
	    TEST(a_row_can_be_stored_changed_and_taken_away),
	    TEST(a_digest_is_over_uuids_lengths_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
