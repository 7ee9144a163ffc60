/*
 * report_rig.c - what the tests of reports share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

#include "report_rig.h"

int
report_rig_set_up(void **state)
{
	static const struct fixture empty;
	struct fixture *f = malloc(sizeof *f);

	if (f == NULL)
		return -1;
	*f = empty;
	*state = f;
	return 0;
}

int
report_rig_tear_down(void **state)
{
	struct fixture *f = *state;

	report_fini(&f->report);
	buf_fini(&f->errors);
	free(f->body);
	free(f);
	return 0;
}

enum report_fault
parse_bytes(struct fixture *f, const char *body, size_t len)
{
	enum report_fault fault;

	free(f->body);
	f->body = malloc(len > 0 ? len : 1);
	assert_non_null(f->body);
	memcpy(f->body, body, len);
	f->err = (struct err)ERR_INIT;
	fault = report_parse(f->body, len, &f->report, &f->errors, &f->err);
	assert_int_equal(fault == REPORT_FINE, f->err.kind == ERR_NONE);
	assert_int_equal(fault == REPORT_INVALID, f->errors.len > 0);
	return fault;
}

enum report_fault
parse(struct fixture *f, const char *body)
{
	return parse_bytes(f, body, strlen(body));
}

enum report_fault
parse_members(struct fixture *f, const char *members)
{
	struct buf body = BUF_INIT;
	enum report_fault fault;

	buf_printf(&body, "{" HEAD ",%s}", members);
	fault = parse_bytes(f, body.data, body.len);
	buf_fini(&body);
	return fault;
}

enum report_fault
parse_volume(struct fixture *f, const char *members)
{
	struct buf text = BUF_INIT;
	enum report_fault fault;

	buf_printf(&text, "\"volumes\":[{%s}]", members);
	fault = parse_members(f, text.data);
	buf_fini(&text);
	return fault;
}

const char *
nth_error(struct fixture *f, int n, char out[256])
{
	struct err err = ERR_INIT;
	struct json *list = json_parse(f->errors.data, f->errors.len, &err);
	const struct json *v = json_first(list);
	const char *pointer = NULL, *detail = NULL;

	assert_true(json_is_array(list));
	while (n-- > 0)
		v = json_next(v);
	assert_true(json_as_string(json_member(v, "pointer"), &pointer));
	assert_true(json_as_string(json_member(v, "detail"), &detail));
	snprintf(out, 256, "%s %s", pointer, detail);
	json_free(list);
	return out;
}

int
count_errors(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct json *list = json_parse(f->errors.data, f->errors.len, &err);
	const struct json *v;
	int count = 0;

	for (v = json_first(list); v != NULL; v = json_next(v))
		count++;
	json_free(list);
	return count;
}

void
assert_wrong(struct fixture *f, const char *members, const char *want)
{
	char text[256];

	if (parse_volume(f, members) != REPORT_INVALID)
		fail_msg("not refused as invalid: %s", members);
	assert_string_equal(nth_error(f, 0, text), want);
	assert_int_equal(count_errors(f), 1);
}

void
assert_text(const struct report_text *text, const char *want)
{
	assert_int_equal(text->len, strlen(want));
	assert_memory_equal(text->text, want, text->len);
}
