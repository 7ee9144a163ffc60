/*
 * text_test.c - columns, escapes and encodings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/text.h"

#define LRM "\xe2\x80\x8e"
#define UNKNOWN "\xef\xbf\xbd"

static void
assert_takes(const char *text, size_t step, uint32_t expected)
{
	uint32_t c;

	assert_int_equal(text_decode(text, strlen(text), &c), step);
	assert_int_equal(c, expected);
}

static void
what_is_not_utf8_is_one_unknown_character_a_byte(void **state)
{
	(void)state;
	assert_takes("a", 1, 'a');
	assert_takes("\xc3\xbc", 2, 0xfc);
	assert_takes("\xe2\x82\xac", 3, 0x20ac);
	assert_takes("\xf0\x9f\x92\xbe", 4, 0x1f4be);
	assert_takes("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
	assert_takes("\xf4\x90\x80\x80", 1, 0xfffd); /* too large */
	assert_takes("\xc0\x80", 1, 0xfffd);	     /* a long NUL */
	assert_takes("\xe0\x80\x80", 1, 0xfffd);
	assert_takes("\xed\xa0\x80", 1, 0xfffd); /* half a pair */
	assert_takes("\xe2\x82", 1, 0xfffd);	 /* cut off */
	assert_takes("\xc3"
		     "A",
	    1, 0xfffd);
	assert_takes("\xff", 1, 0xfffd);
	assert_takes("\x80", 1, 0xfffd);
}

static void
wide_characters_take_two_columns_and_marks_none(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("M\xc3\xbcller"), 6);
	assert_int_equal(text_width("Mu\xcc\x88ller"), 6);
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(text_width("\xf0\x9f\x92\xbe"), 2);
	assert_int_equal(text_width("\xe2\x9d\xa4\xef\xb8\x8f"), 3);
	assert_int_equal(text_width("\xe2\x80\xa6"), 1);
	assert_int_equal(text_width("\xff\xff"), 2);
}

static void
assert_clean(const char *text, size_t columns, const char *expected)
{
	struct buf b = BUF_INIT;

	text_clean(&b, text, columns);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
a_name_is_one_harmless_piece_of_a_line(void **state)
{
	(void)state;
	assert_clean("plain", 0, "plain");
	assert_clean("", 5, "");
	assert_clean("a\r\nb\tc\x1b[31m\x7f", 0,
	    "a" UNKNOWN UNKNOWN "b" UNKNOWN "c" UNKNOWN "[31m" UNKNOWN);
	assert_clean(
	    "\xc2\x85\xe2\x80\xa8\xe2\x80\xa9", 0, UNKNOWN UNKNOWN UNKNOWN);
	assert_clean("\xe2\x80\xaegnp.exe\xe2\x81\xa6\xe2\x80\x8b", 0,
	    UNKNOWN "gnp.exe" UNKNOWN UNKNOWN);
	assert_clean("\xff\xc0\x80", 0, UNKNOWN UNKNOWN UNKNOWN);
}

static void
letters_from_right_to_left_are_set_apart(void **state)
{
	(void)state;
	assert_clean("\xd7\x90\xd7\x91", 0, LRM "\xd7\x90\xd7\x91" LRM);
	assert_clean("\xd8\xa7 x \xd8\xa8", 0, LRM "\xd8\xa7 x \xd8\xa8" LRM);
}

static void
heaps_of_marks_are_cut_down(void **state)
{
	(void)state;
	assert_clean("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86!", 0,
	    "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84!");
}

static void
what_is_too_wide_ends_in_an_ellipsis(void **state)
{
	(void)state;
	assert_clean("abcdef", 6, "abcdef");
	assert_clean("abcdefg", 6, "abcde\xe2\x80\xa6");
	/* A wide character that does not fit half. */
	assert_clean("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4,
	    "\xe6\x97\xa5\xe2\x80\xa6");
	assert_clean("ab", 1, "\xe2\x80\xa6");
}

static void
cells_are_filled_by_columns_not_bytes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	text_left(&b, "\xc3\xbc", 3);
	text_right(&b, "\xe6\x97\xa5", 3);
	text_right(&b, "long", 2);
	assert_string_equal(buf_text(&b), "\xc3\xbc   \xe6\x97\xa5long");
	buf_fini(&b);
}

static void
assert_wrapped(const char *text, size_t columns, const char *expected)
{
	const struct text_layout layout = {columns, "* ", "  "};
	struct buf b = BUF_INIT;

	text_wrap(&b, text, &layout);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
lines_break_at_spaces_or_within_a_long_word(void **state)
{
	(void)state;
	assert_wrapped("", 10, "* \n");
	assert_wrapped("one two", 10, "* one two\n");
	assert_wrapped("one two three", 9, "* one two\n  three\n");
	assert_wrapped("one two three", 8, "* one\n  two\n  three\n");
	assert_wrapped("one   two  ", 6, "* one\n  two\n");
	assert_wrapped("abcdefgh", 6, "* abcd\n  efgh\n");
	assert_wrapped(
	    "\xe6\x97\xa5\xe6\x9c\xac", 3, "* \xe6\x97\xa5\n  \xe6\x9c\xac\n");
}

static void
html_keeps_no_meaning_of_a_text(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	text_html(&b, "<a href=\"x\">'&\xc3\xbc\xff\x01</a>");
	assert_string_equal(buf_text(&b),
	    "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\xc3\xbc" UNKNOWN UNKNOWN
	    "&lt;/a&gt;");
	buf_fini(&b);
}

static void
assert_cell(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	text_csv(&b, text);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
cells_are_quoted_when_they_must_be(void **state)
{
	(void)state;
	assert_cell("", "");
	assert_cell("plain text", "plain text");
	assert_cell("a,b", "\"a,b\"");
	assert_cell("say \"hi\"", "\"say \"\"hi\"\"\"");
	assert_cell("a\r\nb", "\"a\r\nb\"");
	assert_cell("a;b", "\"a;b\"");
	assert_cell(" a", "\" a\"");
	assert_cell("\xff\xc3\xbc", UNKNOWN "\xc3\xbc");
}

static void
no_cell_is_a_formula(void **state)
{
	(void)state;
	assert_cell("=1+1", "'=1+1");
	assert_cell("+1", "'+1");
	assert_cell("-1", "'-1");
	assert_cell("@SUM(A1)", "'@SUM(A1)");
	assert_cell("\tx", "\"'\tx\"");
	assert_cell("\rx", "\"'\rx\"");
	assert_cell("\xef\xbc\x9d"
		    "1",
	    "'\xef\xbc\x9d"
	    "1");
	assert_cell("a-b=c", "a-b=c");
	/* Where the semicolon parts cells. */
	assert_cell("a;=1+1", "\"a;'=1+1\"");
	assert_cell("a\n@x", "\"a\n'@x\"");
}

static void
assert_base64(const char *data, const char *expected)
{
	struct buf b = BUF_INIT;

	text_base64_word(&b, data, strlen(data));
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

/* RFC 4648, section 10. */
static void
base64_agrees_with_its_rfc(void **state)
{
	struct buf b = BUF_INIT;
	char data[58];

	(void)state;
	assert_base64("", "");
	assert_base64("f", "Zg==");
	assert_base64("fo", "Zm8=");
	assert_base64("foo", "Zm9v");
	assert_base64("foob", "Zm9vYg==");
	assert_base64("fooba", "Zm9vYmE=");
	assert_base64("foobar", "Zm9vYmFy");
	assert_base64("\xff\xfe\xfb", "//77");
	memset(data, 0, sizeof data);
	text_base64(&b, data, sizeof data);
	assert_int_equal(b.len, 76 + 2 + 4 + 2);
	assert_memory_equal(b.data + 76, "\r\nAA==\r\n", 8);
	buf_fini(&b);
}

static void
assert_printable(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	text_quoted_printable(&b, text, strlen(text));
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void
quoted_printable_agrees_with_its_rfc(void **state)
{
	(void)state;
	assert_printable("", "");
	assert_printable("a=b\n", "a=3Db\r\n");
	assert_printable("\xc3\xbc", "=C3=BC");
	assert_printable("a \nb\t\nc", "a=20\r\nb=09\r\nc");
	assert_printable("a b\tc\n", "a b\tc\r\n");
	assert_printable("\r\n\n", "=0D\r\n\r\n");
	assert_printable(
	    ".\n..\nFrom x\nFro\n", "=2E\r\n=2E.\r\n=46rom x\r\nFro\r\n");
	assert_printable(SEVENTY "123456\n", SEVENTY "123456\r\n");
	assert_printable(SEVENTY "1234567\n", SEVENTY "12345=\r\n67\r\n");
	assert_printable(SEVENTY "12345.\n", SEVENTY "12345.\r\n");
	assert_printable(SEVENTY "12345.x\n", SEVENTY "12345=\r\n=2Ex\r\n");
	assert_printable(SEVENTY "123=\n", SEVENTY "123=3D\r\n");
	assert_printable(SEVENTY "1234=\n", SEVENTY "1234=\r\n=3D\r\n");
	assert_printable(SEVENTY "1234  \n", SEVENTY "1234 =\r\n=20\r\n");
}

static void
assert_size(uint64_t bytes, const char *expected)
{
	struct buf b = BUF_INIT;

	text_size(&b, bytes);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
sizes_have_two_decimals_and_the_fitting_unit(void **state)
{
	(void)state;
	assert_size(0, "0 B");
	assert_size(1023, "1023 B");
	assert_size(1024, "1.00 KiB");
	assert_size(1536, "1.50 KiB");
	assert_size(1029, "1.00 KiB");
	assert_size(1030, "1.01 KiB");
	assert_size(1048575, "1.00 MiB");
	assert_size(1048576, "1.00 MiB");
	assert_size(UINT64_C(13601000000000), "12.37 TiB");
	assert_size(UINT64_C(1) << 60, "1.00 EiB");
	assert_size(INT64_MAX, "8.00 EiB");
	assert_size(UINT64_MAX, "16.00 EiB");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_utf8_is_one_unknown_character_a_byte),
	    cmocka_unit_test(wide_characters_take_two_columns_and_marks_none),
	    cmocka_unit_test(a_name_is_one_harmless_piece_of_a_line),
	    cmocka_unit_test(letters_from_right_to_left_are_set_apart),
	    cmocka_unit_test(heaps_of_marks_are_cut_down),
	    cmocka_unit_test(what_is_too_wide_ends_in_an_ellipsis),
	    cmocka_unit_test(cells_are_filled_by_columns_not_bytes),
	    cmocka_unit_test(lines_break_at_spaces_or_within_a_long_word),
	    cmocka_unit_test(html_keeps_no_meaning_of_a_text),
	    cmocka_unit_test(cells_are_quoted_when_they_must_be),
	    cmocka_unit_test(no_cell_is_a_formula),
	    cmocka_unit_test(base64_agrees_with_its_rfc),
	    cmocka_unit_test(quoted_printable_agrees_with_its_rfc),
	    cmocka_unit_test(sizes_have_two_decimals_and_the_fitting_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
