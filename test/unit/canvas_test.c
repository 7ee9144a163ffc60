/*
 * canvas_test.c - what is drawn has the right size and place in each format,
 * text stays where it belongs, and the same calls give the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/canvas.h"

static const struct canvas_font plain = {.size = 12, .color = 0x1c2024};
static const struct canvas_pen pen = {0x0072b2, 1, 0};

static struct canvas *
open_canvas(enum canvas_format format)
{
	const struct canvas_info info = {.format = format,
	    .scale = 2,
	    .title = "Bytes & \"more\"",
	    .made_at = 1790812800};
	struct err err = ERR_INIT;
	struct canvas *c = canvas_open(&info, &err);

	if (c == NULL)
		fail_msg("%s", err.text);
	return c;
}

static void
finish(struct canvas *c, struct buf *out)
{
	struct err err = ERR_INIT;

	if (!canvas_finish(c, out, &err))
		fail_msg("%s", err.text);
	canvas_free(c);
}

static void
draw_everything(enum canvas_format format, struct buf *out)
{
	struct canvas *c = open_canvas(format);
	const struct canvas_pen dashed = {0, 2, 4};

	canvas_page(c, 300, 100.5);
	canvas_fill(
	    c, &(struct canvas_box){10, 20, 30, 40}, 0xe69f00, "<tip>\n");
	canvas_hatch(c, &(struct canvas_box){10, 60, 30, 20}, 5, &pen);
	canvas_frame(c, &(struct canvas_box){50, 20, 30, 40}, &dashed);
	canvas_line(c, 0, 99, 300, 99.25, &pen);
	canvas_text(c, &plain,
	    &(struct canvas_place){100, 20, 80, CANVAS_RIGHT, 0}, "a < b");
	canvas_text(c, &plain,
	    &(struct canvas_place){100, 40, 0, CANVAS_CENTER, 45}, "turned");
	if (format == CANVAS_PDF)
		canvas_page(c, 200, 400);
	canvas_paragraph(c, &plain,
	    &(struct canvas_place){100, 60, 60, CANVAS_LEFT, 0},
	    "words that do not fit in");
	finish(c, out);
}

static const enum canvas_format formats[] = {
    CANVAS_PNG, CANVAS_SVG, CANVAS_PDF};

static void
the_same_calls_give_the_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf a = BUF_INIT, b = BUF_INIT;

		draw_everything(formats[i], &a);
		draw_everything(formats[i], &b);
		assert_true(a.len > 500);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		buf_fini(&a);
		buf_fini(&b);
	}
}

static uint32_t
be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 |
	       (uint32_t)u[2] << 8 | u[3];
}

static void
a_png_has_its_size_times_the_scale(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	draw_everything(CANVAS_PNG, &b);
	assert_memory_equal(b.data, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(b.data + 12, "IHDR", 4);
	assert_int_equal(be32(b.data + 16), 600);
	assert_int_equal(be32(b.data + 20), 201);
	buf_fini(&b);
}

static bool
holds(const struct buf *b, const char *piece)
{
	return memmem(b->data, b->len, piece, strlen(piece)) != NULL;
}

static void
a_pdf_tells_the_given_date_and_no_other(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	draw_everything(CANVAS_PDF, &b);
	assert_memory_equal(b.data, "%PDF-1.", 7);
	assert_true(holds(&b, "20261001000000"));
	assert_false(holds(&b, "/ModDate"));
	assert_true(holds(&b, "/Count 2"));
	buf_fini(&b);
}

static void
an_svg_has_an_element_for_each_call(void **state)
{
	static const char *const pieces[] = {
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" "
	    "height=\"100.5\" viewBox=\"0 0 300 100.5\"",
	    "role=\"img\" aria-label=\"Bytes &amp; &quot;more&quot;\"",
	    "<rect x=\"10\" y=\"20\" width=\"30\" height=\"40\" "
	    "fill=\"#e69f00\"><title>&lt;tip&gt;\xef\xbf\xbd</title></rect>",
	    "<rect x=\"51\" y=\"21\" width=\"28\" height=\"38\" fill=\"none\" "
	    "stroke=\"#000000\" stroke-width=\"2\" stroke-dasharray=\"4\"/>",
	    "d=\"M0 99L300 99.25\"",
	    "<text x=\"180\" ",
	    " text-anchor=\"end\">a &lt; b</text>",
	    " transform=\"rotate(-45 100 ",
	    ">not fit in</text>",
	    "</svg>\n",
	};
	struct buf b = BUF_INIT;

	(void)state;
	draw_everything(CANVAS_SVG, &b);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		if (!holds(&b, pieces[i]))
			fail_msg("no %s in %s", pieces[i], b.data);
	/* What a strict policy, or a second picture, would stumble over. */
	assert_false(holds(&b, "style="));
	assert_false(holds(&b, "id="));
	assert_false(holds(&b, "href"));
	buf_fini(&b);
}

static void
hatching_stays_inside_of_its_box(void **state)
{
	struct canvas *c = open_canvas(CANVAS_SVG);
	struct buf b = BUF_INIT;
	const char *at;
	int lines = 0;

	(void)state;
	canvas_page(c, 100, 100);
	canvas_hatch(c, &(struct canvas_box){7.5, 13, 40, 3}, 6, &pen);
	finish(c, &b);
	for (at = strchr(b.data, 'M'); at != NULL; at = strchr(at + 1, 'M')) {
		char *end = strchr(at, 'M');

		for (int i = 0; i < 4; i++) {
			double v = strtod(end + 1, &end);

			assert_true(i % 2 == 0 ? v >= 7.49 && v <= 47.51
					       : v >= 12.99 && v <= 16.01);
		}
		lines++;
	}
	assert_int_equal(lines, 7);
	buf_fini(&b);
}

static void
text_is_as_wide_as_its_size_makes_it(void **state)
{
	struct canvas *c = open_canvas(CANVAS_PNG);
	struct canvas_font big = plain;
	double one;

	(void)state;
	big.size = 24;
	one = canvas_text_width(c, &plain, "0");
	assert_true(one > 6 && one < 9);
	assert_float_equal(canvas_text_width(c, &big, "0"), 2 * one, 0.01);
	assert_float_equal(
	    canvas_text_width(c, &plain, "0123456789"), 10 * one, 0.05);
	assert_float_equal(canvas_text_width(c, &plain, ""), 0, 0.001);
	assert_float_equal(canvas_line_height(c, &big),
	    2 * canvas_line_height(c, &plain), 0.001);
	canvas_free(c);
}

/* The text of the only text element. */
static void
draw_text(const char *text, double width, char *out, size_t size)
{
	struct canvas *c = open_canvas(CANVAS_SVG);
	struct buf b = BUF_INIT;
	const char *begin, *end;

	canvas_page(c, 100, 100);
	canvas_text(c, &plain,
	    &(struct canvas_place){0, 0, width, CANVAS_LEFT, 0}, text);
	finish(c, &b);
	begin = strstr(b.data, "<text");
	assert_non_null(begin);
	begin = strchr(begin, '>') + 1;
	end = strstr(begin, "</text>");
	snprintf(out, size, "%.*s", (int)(end - begin), begin);
	buf_fini(&b);
}

static void
text_that_is_too_wide_ends_in_an_ellipsis_and_fits(void **state)
{
	struct canvas *c = open_canvas(CANVAS_PNG);
	char wide[256], shown[1024];

	(void)state;
	memset(wide, 'W', 255);
	wide[255] = '\0';
	draw_text(wide, 100, shown, sizeof shown);
	assert_true(strlen(shown) > 3 && strlen(shown) < 20);
	assert_string_equal(shown + strlen(shown) - 3, "\xe2\x80\xa6");
	assert_true(canvas_text_width(c, &plain, shown) <= 100);
	assert_true(canvas_text_width(c, &plain, shown) >
		    100 - canvas_text_width(c, &plain, "W"));
	draw_text("fits", 100, shown, sizeof shown);
	assert_string_equal(shown, "fits");
	draw_text("word another", 50, shown, sizeof shown);
	assert_string_equal(shown, "word\xe2\x80\xa6");
	draw_text(wide, 1, shown, sizeof shown);
	assert_string_equal(shown, "\xe2\x80\xa6");
	canvas_free(c);
}

static void
a_letter_is_not_cut_from_its_accent(void **state)
{
	char shown[64];

	(void)state;
	/* Five times e with an acute accent of its own. */
	draw_text("e\xcc\x81"
		  "e\xcc\x81"
		  "e\xcc\x81"
		  "e\xcc\x81"
		  "e\xcc\x81",
	    30, shown, sizeof shown);
	assert_string_equal(shown, "e\xcc\x81"
				   "e\xcc\x81\xe2\x80\xa6");
}

static void
hostile_text_is_made_harmless(void **state)
{
	char shown[256];

	(void)state;
	draw_text("a\x01"
		  "b\nc\xff\xe2\x80\xae"
		  "d",
	    0, shown, sizeof shown);
	assert_string_equal(shown, "a\xef\xbf\xbd"
				   "b\xef\xbf\xbd"
				   "c\xef\xbf\xbd\xef\xbf\xbd"
				   "d");
	draw_text("<script>\"&'", 0, shown, sizeof shown);
	assert_null(strchr(shown, '<'));
}

static void
a_paragraph_is_as_high_as_its_lines(void **state)
{
	struct canvas *c = open_canvas(CANVAS_SVG);
	const double line = canvas_line_height(c, &plain);
	struct buf b = BUF_INIT;

	(void)state;
	assert_float_equal(
	    canvas_paragraph_height(c, &plain, 1000, "one line"), line, 0.01);
	assert_float_equal(
	    canvas_paragraph_height(c, &plain, 1000, "one\ntwo\n"), 3 * line,
	    0.01);
	assert_float_equal(
	    canvas_paragraph_height(c, &plain, 40, "aaaaa bbbbb"), 2 * line,
	    0.01);
	assert_true(
	    canvas_paragraph_height(c, &plain, 40,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") > 4 * line);
	canvas_page(c, 100, 100);
	assert_float_equal(
	    canvas_paragraph(c, &plain,
		&(struct canvas_place){10, 0, 40, CANVAS_LEFT, 0},
		"aaaaa bbbbb\nccc"),
	    3 * line, 0.01);
	finish(c, &b);
	assert_true(holds(&b, ">aaaaa</text>"));
	assert_true(holds(&b, ">bbbbb</text>"));
	assert_true(holds(&b, ">ccc</text>"));
	buf_fini(&b);
}

static void
a_picture_without_a_page_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct canvas *c = open_canvas(formats[i]);
		struct err err = ERR_INIT;
		struct buf b = BUF_INIT;

		assert_false(canvas_finish(c, &b, &err));
		assert_int_equal(err.kind, ERR_BROKEN);
		canvas_free(c);
	}
	canvas_free(NULL);
}

static void
a_picture_that_is_too_large_is_an_error(void **state)
{
	struct canvas *c = open_canvas(CANVAS_PNG);
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	canvas_page(c, 40000, 10);
	canvas_fill(c, &(struct canvas_box){0, 0, 5, 5}, 0, NULL);
	assert_false(canvas_finish(c, &b, &err));
	assert_int_equal(err.kind, ERR_BROKEN);
	assert_int_equal(b.len, 0);
	canvas_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_calls_give_the_same_bytes),
	    cmocka_unit_test(a_png_has_its_size_times_the_scale),
	    cmocka_unit_test(a_pdf_tells_the_given_date_and_no_other),
	    cmocka_unit_test(an_svg_has_an_element_for_each_call),
	    cmocka_unit_test(hatching_stays_inside_of_its_box),
	    cmocka_unit_test(text_is_as_wide_as_its_size_makes_it),
	    cmocka_unit_test(
		text_that_is_too_wide_ends_in_an_ellipsis_and_fits),
	    cmocka_unit_test(a_letter_is_not_cut_from_its_accent),
	    cmocka_unit_test(hostile_text_is_made_harmless),
	    cmocka_unit_test(a_paragraph_is_as_high_as_its_lines),
	    cmocka_unit_test(a_picture_without_a_page_is_refused),
	    cmocka_unit_test(a_picture_that_is_too_large_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
