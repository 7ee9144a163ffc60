/*
 * gzip_test.c - unit tests of lib/gzip.c, with data that zlib itself packs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "lib/gzip.h"

static const char TEXT[] = "{\"volumes\":[]}";
enum {
	TEXT_LEN = sizeof TEXT - 1
};

/* Appends one member that holds text. */
static void
pack(struct buf *out, const char *text, size_t len)
{
	z_stream z = {0};
	int status;

	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_true(buf_reserve(out, deflateBound(&z, len) + 64));
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = (uInt)(out->cap - out->len);
	status = deflate(&z, Z_FINISH);
	assert_int_equal(status, Z_STREAM_END);
	out->len += z.total_out;
	deflateEnd(&z);
}

/* Inflates a copy of just len bytes, so that a tool sees a read behind. */
static enum gzip_fault
unpack(const struct buf *in, size_t len, size_t limit, struct buf *out)
{
	struct err err = ERR_INIT;
	char *copy = malloc(len > 0 ? len : 1);
	enum gzip_fault fault;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, in->data, len);
	fault = gzip_inflate(copy, len, limit, out, &err);
	free(copy);
	assert_int_equal(err.kind == ERR_NONE, fault == GZIP_FINE);
	return fault;
}

static void
a_member_is_inflated_behind_what_is_there(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	pack(&in, TEXT, TEXT_LEN);
	buf_str(&out, "x");
	assert_int_equal(unpack(&in, in.len, 100, &out), GZIP_FINE);
	assert_int_equal(out.len, 1 + TEXT_LEN);
	assert_string_equal(out.data + 1, TEXT);
	buf_fini(&in);
	buf_fini(&out);
}

static void
members_one_behind_the_other_are_one_text(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	pack(&in, TEXT, 5);
	pack(&in, "", 0);
	pack(&in, TEXT + 5, TEXT_LEN - 5);
	assert_int_equal(unpack(&in, in.len, TEXT_LEN, &out), GZIP_FINE);
	assert_string_equal(buf_text(&out), TEXT);
	buf_fini(&in);
	buf_fini(&out);
}

static void
the_limit_is_exact(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	pack(&in, TEXT, TEXT_LEN);
	assert_int_equal(
	    unpack(&in, in.len, TEXT_LEN - 1, &out), GZIP_TOO_LARGE);
	assert_int_equal(out.len, 0);
	assert_int_equal(unpack(&in, in.len, 0, &out), GZIP_TOO_LARGE);
	assert_int_equal(unpack(&in, in.len, TEXT_LEN, &out), GZIP_FINE);
	assert_int_equal(out.len, TEXT_LEN);
	buf_fini(&in);
	buf_fini(&out);
}

static void
a_bomb_takes_little_more_memory_than_the_limit(void **state)
{
	const size_t size = 64u << 20, limit = 1u << 20;
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *zeros = calloc(1, size);

	(void)state;
	assert_non_null(zeros);
	pack(&in, zeros, size);
	free(zeros);
	assert_true(in.len < 100000);
	assert_int_equal(unpack(&in, in.len, limit, &out), GZIP_TOO_LARGE);
	assert_true(out.cap <= 4 * limit);
	assert_int_equal(out.len, 0);
	assert_int_equal(unpack(&in, in.len, size, &out), GZIP_FINE);
	assert_int_equal(out.len, size);
	buf_fini(&in);
	buf_fini(&out);
}

static void
every_cut_is_malformed(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	size_t len, first;

	(void)state;
	pack(&in, TEXT, 5);
	first = in.len;
	pack(&in, TEXT + 5, TEXT_LEN - 5);
	for (len = 0; len < in.len; len++) {
		buf_clear(&out);
		assert_int_equal(unpack(&in, len, 100, &out),
		    len == first ? GZIP_FINE : GZIP_MALFORMED);
		assert_int_equal(out.len, len == first ? 5 : 0);
	}
	buf_fini(&in);
	buf_fini(&out);
}

static void
anything_behind_is_malformed(void **state)
{
	static const char *const tails[] = {
	    "x", "\n", "\x1f", "\x1f\x8b", "[]"};
	struct buf in = BUF_INIT, out = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tails / sizeof tails[0]; i++) {
		buf_clear(&in);
		pack(&in, TEXT, TEXT_LEN);
		buf_str(&in, tails[i]);
		assert_int_equal(
		    unpack(&in, in.len, 100, &out), GZIP_MALFORMED);
	}
	buf_char(&in, '\0');
	assert_int_equal(unpack(&in, in.len, 100, &out), GZIP_MALFORMED);
	buf_fini(&in);
	buf_fini(&out);
}

/* A few bits mean nothing (time, system, padding); with them changed the
 * text is still right. Check sum and length all count. */
static void
no_changed_bit_gives_another_text(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	enum gzip_fault fault;
	size_t bit;

	(void)state;
	pack(&in, TEXT, TEXT_LEN);
	for (bit = 0; bit < in.len * 8; bit++) {
		in.data[bit / 8] = (char)(in.data[bit / 8] ^ 1 << bit % 8);
		buf_clear(&out);
		fault = unpack(&in, in.len, 1000, &out);
		if (fault == GZIP_FINE)
			assert_string_equal(buf_text(&out), TEXT);
		if (bit / 8 >= in.len - 8)
			assert_int_not_equal(fault, GZIP_FINE);
		in.data[bit / 8] = (char)(in.data[bit / 8] ^ 1 << bit % 8);
	}
	buf_fini(&in);
	buf_fini(&out);
}

static void
zlib_and_raw_data_are_malformed(void **state)
{
	Bytef packed[100];
	uLongf len = sizeof packed;
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	assert_int_equal(
	    compress(packed, &len, (const Bytef *)TEXT, TEXT_LEN), Z_OK);
	buf_add(&in, packed, len);
	assert_int_equal(unpack(&in, in.len, 100, &out), GZIP_MALFORMED);
	buf_clear(&in);
	buf_str(&in, TEXT);
	assert_int_equal(unpack(&in, in.len, 100, &out), GZIP_MALFORMED);
	buf_fini(&in);
	buf_fini(&out);
}

static void
what_was_deflated_comes_out_again(void **state)
{
	struct buf in = BUF_INIT, data = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 50000; i++)
		buf_printf(&in, "%d,", (i % 1000) * (i % 977));
	buf_str(&data, "before");
	assert_true(gzip_deflate(in.data, in.len, &data, &err));
	assert_true(data.len < in.len);
	assert_memory_equal(data.data, "before", 6);
	assert_int_equal(
	    gzip_inflate(data.data + 6, data.len - 6, in.len, &out, &err),
	    GZIP_FINE);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.data, in.data, in.len);
	buf_clear(&data);
	buf_clear(&out);
	assert_true(gzip_deflate("", 0, &data, &err));
	assert_int_equal(
	    gzip_inflate(data.data, data.len, 10, &out, &err), GZIP_FINE);
	assert_int_equal(out.len, 0);
	buf_fini(&in);
	buf_fini(&data);
	buf_fini(&out);
}

static void
what_is_made_in_pieces_is_one_member(void **state)
{
	struct buf in = BUF_INIT, data = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	struct gzip *gzip = gzip_new(&err);

	(void)state;
	assert_non_null(gzip);
	for (int i = 0; i < 50000; i++)
		buf_printf(&in, "%d,", (i % 1000) * (i % 977));
	for (size_t at = 0; at < in.len; at += 1000)
		assert_true(gzip_add(gzip, in.data + at,
		    in.len - at < 1000 ? in.len - at : 1000, false, &data,
		    &err));
	assert_true(gzip_add(gzip, "", 0, true, &data, &err));
	gzip_free(gzip);
	assert_true(data.len < in.len);
	assert_int_equal(
	    gzip_inflate(data.data, data.len, in.len, &out, &err), GZIP_FINE);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.data, in.data, in.len);
	buf_fini(&in);
	buf_fini(&data);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_deflated_comes_out_again),
	    cmocka_unit_test(what_is_made_in_pieces_is_one_member),
	    cmocka_unit_test(a_member_is_inflated_behind_what_is_there),
	    cmocka_unit_test(members_one_behind_the_other_are_one_text),
	    cmocka_unit_test(the_limit_is_exact),
	    cmocka_unit_test(a_bomb_takes_little_more_memory_than_the_limit),
	    cmocka_unit_test(every_cut_is_malformed),
	    cmocka_unit_test(anything_behind_is_malformed),
	    cmocka_unit_test(no_changed_bit_gives_another_text),
	    cmocka_unit_test(zlib_and_raw_data_are_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
