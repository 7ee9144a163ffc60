/*
 * report.c - turns the body of a report into values, in one pass.
 *
 * Comes in: bytes from an admin server. Goes out: a struct report whose
 * numbers are exact and whose texts are slices of the body; or all that is
 * wrong with it. What the schema says about an object is a table here (the
 * shapes): name, whether it is required, the function that reads it, the
 * field it goes to.
 *
 * A value that does not fit is noted with its JSON pointer and reading goes
 * on, so that the sender learns of everything at once; a byte that is not
 * JSON ends it, and then nothing else matters. Whether the figures make sense
 * (bins that add up, times that are plausible) is the ledger's question.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonscan.h"
#include "lib/utc.h"
#include "report.h"

static const int64_t FIRST_TIME = 946684800;   /* 2000-01-01T00:00:00Z */
static const int64_t END_OF_TIME = 7289654400; /* 2201-01-01T00:00:00Z */
static const int64_t MAX_NUMBER = INT64_C(9007199254740991); /* 2^53 - 1 */

enum {
	MAX_NUMBER_DIGITS = 16, /* of 2^53 - 1 */
	MAX_SIZE_DIGITS = 19,	/* of 2^63 - 1 */
	MAX_AGE_DIGITS = 5,
	FIRST_CAP = 64, /* of an array */
};

/* A max_age that could not be read. */
static const uint32_t NO_AGE = UINT32_MAX;

/* Where a value stands: a chain from the inside out; NULL is the root. */
struct place {
	const struct place *up;
	const char *name; /* of a member; NULL for an element */
	size_t index;
};

struct parse {
	struct jsonscan scan;
	const char *end; /* of the body */
	struct report *out;
	struct json_writer list; /* into errors */
	struct buf *errors;
	struct err *err;
	size_t error_count;
	bool no_memory;
	bool text_ready; /* out->text has room for all that may come */
};

/* Reads value v, which stands at a place, into a field; consumes all of v. */
typedef void read_fn(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field);

struct member {
	const char *name;
	size_t name_len;
	bool required;
	read_fn *read;
	size_t offset; /* of the field within the object's struct */
};

struct shape {
	const struct member *members;
	size_t count; /* at most 32 */
};

/* --- what is wrong --- */

static void
put_pointer(struct buf *out, const struct place *at)
{
	if (at == NULL)
		return;
	put_pointer(out, at->up);
	if (at->name != NULL)
		buf_printf(out, "/%s", at->name);
	else
		buf_printf(out, "/%zu", at->index);
}

static void
add_error(struct parse *p, const struct place *at, const char *detail)
{
	struct buf pointer = BUF_INIT;

	if (p->error_count++ >= REPORT_MAX_ERRORS)
		return;
	put_pointer(&pointer, at);
	if (p->error_count == 1) {
		err_set(p->err, ERR_INPUT, "%s %s",
		    at != NULL ? buf_text(&pointer) : "the body", detail);
		json_write(&p->list, p->errors, JSON_COMPACT);
		json_put_array(&p->list, NULL);
	}
	json_put_object(&p->list, NULL);
	json_put_string(&p->list, "pointer", buf_text(&pointer));
	json_put_string(&p->list, "detail", detail);
	json_put_end(&p->list);
	p->no_memory |= pointer.failed;
	buf_fini(&pointer);
}

/* Notes the error and goes behind the value. */
static void
refuse(struct parse *p, const struct place *at, const struct jsonscan_value *v,
    const char *detail)
{
	add_error(p, at, detail);
	jsonscan_skip(&p->scan, v);
}

/* --- plain values --- */

/* The text of a string: in the body or, if it had escapes, in out->text. All
 * of its room is made before the first of them, so that it never moves: what
 * is still to come is not longer when escapes are resolved. */
static bool
take_string(
    struct parse *p, const struct jsonscan_value *v, struct report_text *out)
{
	struct buf *text = &p->out->text;
	size_t start = text->len;

	*out = (struct report_text){v->text, (uint32_t)v->len};
	if (!v->escaped)
		return true;
	if (!p->text_ready && !buf_reserve(text, (size_t)(p->end - v->text))) {
		p->no_memory = true;
		return false;
	}
	p->text_ready = true;
	jsonscan_unescape(v, text);
	*out = (struct report_text){
	    text->data + start, (uint32_t)(text->len - start)};
	return true;
}

/* As take_string, for a value that has to be a string. */
static bool
need_string(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, struct report_text *out)
{
	if (v->type != JSONSCAN_STRING) {
		refuse(p, at, v, "must be a string");
		return false;
	}
	return take_string(p, v, out);
}

/* 1 to MAX_SIZE_DIGITS digits, which always fit 64 bits. */
static bool
read_digits(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;
	unsigned digit;
	size_t i;

	if (len < 1 || len > MAX_SIZE_DIGITS)
		return false;
	for (i = 0; i < len; i++) {
		digit = (unsigned)(unsigned char)text[i] - '0';
		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

static void
read_flag(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	bool *flag = field;

	if (v->type != JSONSCAN_TRUE && v->type != JSONSCAN_FALSE)
		refuse(p, at, v, "must be true or false");
	else
		*flag = v->type == JSONSCAN_TRUE;
}

static void
read_uuid(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_text text;

	if (need_string(p, at, v, &text) &&
	    !uuid_parse(text.text, text.len, field))
		add_error(p, at, "must be a UUID");
}

static void
read_text(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_text *text = field;
	bool control = false;
	unsigned char c;
	uint32_t i;

	if (!need_string(p, at, v, text))
		return;
	if (text->len > REPORT_MAX_TEXT) {
		add_error(p, at, "must have at most 255 bytes");
		return;
	}
	for (i = 0; i < text->len; i++) {
		c = (unsigned char)text->text[i];
		control |= c < 0x20 || c == 0x7f;
	}
	if (control)
		add_error(p, at, "must not hold control characters");
}

static bool
is_account(const struct report_text *text)
{
	unsigned char c;
	uint32_t i;

	if (text->len < 1 || text->len > REPORT_MAX_ACCOUNT)
		return false;
	for (i = 0; i < text->len; i++) {
		c = (unsigned char)text->text[i];
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			continue;
		if (i == 0 || (c != '.' && c != '_' && c != '-'))
			return false;
	}
	return true;
}

static void
read_account(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_text *text = field;

	if (need_string(p, at, v, text) && !is_account(text))
		add_error(p, at,
		    "must be 1 to 63 of a-z, 0-9, '.', '_' and '-', "
		    "starting with a letter or digit");
}

static bool
read_instant(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, int64_t *secs, int32_t *nanos)
{
	struct report_text text;

	if (!need_string(p, at, v, &text))
		return false;
	if (!utc_parse(text.text, text.len, secs, nanos)) {
		add_error(p, at, "must be a time like 2026-10-01T00:00:00Z");
		return false;
	}
	if (*secs < FIRST_TIME || *secs >= END_OF_TIME) {
		add_error(p, at, "must lie within the years 2000 to 2200");
		return false;
	}
	return true;
}

static void
read_sent(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report *report = field;

	read_instant(p, at, v, &report->sent_at, &report->sent_nanos);
}

static void
read_sampled(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_volume *volume = field;

	read_instant(p, at, v, &volume->sampled_at, &volume->sampled_nanos);
}

static void
read_time_or_null(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	if (v->type != JSONSCAN_NULL)
		read_instant(p, at, v, field, NULL);
}

/* What is wrong with a bare number as a size; NULL when nothing is. */
static const char *
read_bare_size(const struct jsonscan_value *v, uint64_t *out)
{
	if (v->text[0] == '-')
		return "must not be negative";
	if (!v->digits)
		return "must be a whole number, digits only";
	if (v->len > MAX_NUMBER_DIGITS || !read_digits(v->text, v->len, out) ||
	    *out > (uint64_t)MAX_NUMBER)
		return "is above 2^53-1: send it as a decimal string";
	return NULL;
}

static void
read_size(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_text text;
	const char *wrong = NULL;
	uint64_t value = 0;
	int64_t *size = field;

	if (v->type == JSONSCAN_NUMBER) {
		wrong = read_bare_size(v, &value);
	} else if (v->type == JSONSCAN_STRING) {
		if (!take_string(p, v, &text))
			return;
		if (!read_digits(text.text, text.len, &value))
			wrong = "must be 1 to 19 digits";
		else if (value > INT64_MAX)
			wrong = "is above 2^63-1";
	} else {
		wrong = "must be a whole number or a string of digits";
	}
	if (wrong != NULL)
		refuse(p, at, v, wrong);
	else
		*size = (int64_t)value;
}

static void
read_revision(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	int32_t *revision = field;
	uint64_t value;

	if (v->type != JSONSCAN_NUMBER ||
	    !read_digits(v->text, v->len, &value) || value > INT32_MAX)
		refuse(p, at, v, "must be a whole number from 0 to 2147483647");
	else
		*revision = (int32_t)value;
}

/* --- objects --- */

static bool
is_named(const struct member *m, const struct jsonscan_name *name)
{
	return m->name_len == name->len &&
	       memcmp(m->name, name->text, name->len) == 0;
}

/* The place of a member in its shape, or count. Senders keep to one order, so
 * the one behind the member before is looked at first. */
static size_t
find_member(
    const struct shape *shape, const struct jsonscan_name *name, size_t likely)
{
	size_t i;

	if (likely < shape->count && is_named(&shape->members[likely], name))
		return likely;
	for (i = 0; i < shape->count; i++)
		if (is_named(&shape->members[i], name))
			break;
	return i;
}

static void
note_missing(struct parse *p, const struct place *at, const struct shape *shape,
    uint32_t seen)
{
	struct place here = {.up = at};
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (!shape->members[i].required || (seen >> i & 1) != 0)
			continue;
		here.name = shape->members[i].name;
		add_error(p, &here, "is missing");
	}
}

/* Reads an object into the struct that its shape describes. */
static void
read_object(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, const struct shape *shape, void *object)
{
	struct place here = {.up = at};
	struct jsonscan_name name;
	struct jsonscan_value inner;
	const struct member *m;
	uint32_t seen = 0;
	size_t i, likely = 0;

	if (v->type != JSONSCAN_OBJECT) {
		refuse(p, at, v, "must be an object");
		return;
	}
	while (!p->no_memory && jsonscan_member(&p->scan, &name)) {
		i = find_member(shape, &name, likely);
		if (!jsonscan_value(&p->scan, &inner))
			return;
		if (i == shape->count) {
			p->out->unknown_members++;
			jsonscan_skip(&p->scan, &inner);
			continue;
		}
		likely = i + 1;
		seen |= UINT32_C(1) << i;
		m = &shape->members[i];
		here.name = m->name;
		m->read(p, &here, &inner, (char *)object + m->offset);
	}
	if (!jsonscan_failed(&p->scan))
		note_missing(p, at, shape, seen);
}

/* The array with room for one element more; NULL, and no_memory, if there is
 * none: then the old one is still good. */
static void *
make_room(struct parse *p, void *array, size_t count, size_t *cap, size_t size)
{
	size_t new_cap = *cap > 0 ? *cap * 2 : FIRST_CAP;

	if (count < *cap)
		return array;
	array = reallocarray(array, new_cap, size);
	if (array == NULL)
		p->no_memory = true;
	else
		*cap = new_cap;
	return array;
}

#define MEMBER(name_, required_, read_, offset_)                               \
	{                                                                      \
		.name = (name_), .name_len = sizeof(name_) - 1,                \
		.required = (required_), .read = (read_), .offset = (offset_), \
	}
#define SHAPE(members_)                                         \
	{                                                       \
		.members = (members_),                          \
		.count = sizeof(members_) / sizeof *(members_), \
	}

/* --- bins --- */

/* "30d" or "720h" as hours; 0 when it is neither. */
static uint32_t
hours_of_age(const struct report_text *text)
{
	uint64_t count;
	char unit;

	if (text->len < 2 || text->len > MAX_AGE_DIGITS + 1)
		return 0;
	unit = text->text[text->len - 1];
	if ((unit != 'h' && unit != 'd') || text->text[0] == '0' ||
	    !read_digits(text->text, text->len - 1, &count))
		return 0;
	return (uint32_t)count * (unit == 'd' ? 24 : 1);
}

/* The bins of one volume stand next to each other, this one last; those
 * before it are compared with its age. */
static void
check_age_is_new(
    struct parse *p, const struct place *at, const struct report_bin *bin)
{
	size_t this_volumes = at->up->index;
	const struct report_bin *other;

	for (other = bin - this_volumes; other < bin; other++) {
		if (other->max_age_hours != bin->max_age_hours)
			continue;
		add_error(p, at, "must differ from that of every other bin");
		return;
	}
}

static void
read_max_age(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_bin *bin = field;
	struct report_text text;

	if (v->type == JSONSCAN_STRING) {
		if (!take_string(p, v, &text))
			return;
		bin->max_age_hours = hours_of_age(&text);
		if (bin->max_age_hours == 0)
			bin->max_age_hours = NO_AGE;
		else
			memcpy(bin->max_age, text.text, text.len);
	} else if (v->type == JSONSCAN_NULL) {
		bin->max_age_hours = 0;
	}
	if (bin->max_age_hours == NO_AGE)
		refuse(p, at, v, "must be like 720h or 30d, or null");
	else
		check_age_is_new(p, at, bin);
}

static const struct member bin_members[] = {
    MEMBER("max_age", true, read_max_age, 0),
    MEMBER("bytes", true, read_size, offsetof(struct report_bin, bytes)),
};
static const struct shape bin_shape = SHAPE(bin_members);

static void
read_bin(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, struct report_volume *volume)
{
	struct report *r = p->out;
	struct report_bin *bin =
	    make_room(p, r->bins, r->bin_count, &r->bin_cap, sizeof *bin);

	if (bin == NULL)
		return;
	r->bins = bin;
	bin += r->bin_count++;
	*bin = (struct report_bin){.max_age_hours = NO_AGE};
	volume->bin_count++;
	read_object(p, at, v, &bin_shape, bin);
}

static void
read_bins(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct report_volume *volume = field;
	struct jsonscan_value inner;
	struct place here = {.up = at};

	if (v->type != JSONSCAN_ARRAY) {
		refuse(p, at, v, "must be an array");
		return;
	}
	volume->first_bin = (uint32_t)p->out->bin_count;
	for (; !p->no_memory && jsonscan_element(&p->scan); here.index++) {
		if (!jsonscan_value(&p->scan, &inner))
			return;
		if (here.index < REPORT_MAX_BINS)
			read_bin(p, &here, &inner, volume);
		else
			jsonscan_skip(&p->scan, &inner);
		if (here.index == REPORT_MAX_BINS)
			add_error(p, at, "must have at most 16 elements");
	}
}

/* --- volumes --- */

#define VOLUME(field) offsetof(struct report_volume, field)

static const struct member volume_members[] = {
    MEMBER("id", true, read_uuid, VOLUME(id)),
    MEMBER("name", false, read_text, VOLUME(name)),
    MEMBER("account", false, read_account, VOLUME(account)),
    MEMBER("sampled_at", true, read_sampled, 0),
    MEMBER("bytes", true, read_size, VOLUME(bytes)),
    MEMBER("retired_bytes", false, read_size, VOLUME(retired_bytes)),
    MEMBER("inodes", false, read_size, VOLUME(inodes)),
    MEMBER("size_bins", false, read_bins, 0),
    MEMBER("region", false, read_text, VOLUME(region)),
    MEMBER("created_at", false, read_time_or_null, VOLUME(created_at)),
    MEMBER("retired_at", false, read_time_or_null, VOLUME(retired_at)),
    MEMBER("revision", false, read_revision, VOLUME(revision)),
};
static const struct shape volume_shape = SHAPE(volume_members);

static void
read_volume(
    struct parse *p, const struct place *at, const struct jsonscan_value *v)
{
	struct report *r = p->out;
	struct report_volume *volume = make_room(
	    p, r->volumes, r->volume_count, &r->volume_cap, sizeof *volume);

	if (volume == NULL)
		return;
	r->volumes = volume;
	volume += r->volume_count++;
	*volume = (struct report_volume){
	    .retired_bytes = -1,
	    .inodes = -1,
	    .json = v->text,
	};
	read_object(p, at, v, &volume_shape, volume);
	volume->json_len = (uint32_t)(p->scan.pos - v->text);
}

static void
read_volumes(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	struct jsonscan_value inner;
	struct place here = {.up = at};

	(void)field;
	if (v->type != JSONSCAN_ARRAY) {
		refuse(p, at, v, "must be an array");
		return;
	}
	for (; !p->no_memory && jsonscan_element(&p->scan); here.index++) {
		if (!jsonscan_value(&p->scan, &inner))
			return;
		if (here.index < REPORT_MAX_VOLUMES)
			read_volume(p, &here, &inner);
		else
			jsonscan_skip(&p->scan, &inner);
		if (here.index == REPORT_MAX_VOLUMES)
			add_error(p, at, "must have at most 20000 elements");
	}
}

/* --- the report --- */

#define REPORT(field) offsetof(struct report, field)

static const struct member admin_members[] = {
    MEMBER("version", false, read_text, REPORT(admin_version)),
    MEMBER("host", false, read_text, REPORT(admin_host)),
};
static const struct shape admin_shape = SHAPE(admin_members);

static void
read_admin(struct parse *p, const struct place *at,
    const struct jsonscan_value *v, void *field)
{
	read_object(p, at, v, &admin_shape, field);
}

static const struct member report_members[] = {
    MEMBER("report_id", true, read_uuid, REPORT(report_id)),
    MEMBER("sent_at", true, read_sent, 0),
    MEMBER("complete", false, read_flag, REPORT(complete)),
    MEMBER("want_grant", false, read_flag, REPORT(want_grant)),
    MEMBER("admin", false, read_admin, 0),
    MEMBER("volumes", true, read_volumes, 0),
};
static const struct shape report_shape = SHAPE(report_members);

/* Empties it and keeps its memory. */
static void
reset(struct report *r)
{
	struct report empty = {
	    .volumes = r->volumes,
	    .volume_cap = r->volume_cap,
	    .bins = r->bins,
	    .bin_cap = r->bin_cap,
	    .text = r->text,
	};

	buf_clear(&empty.text);
	*r = empty;
}

static enum report_fault
conclude(struct parse *p)
{
	if (p->error_count > 0)
		json_put_end(&p->list);
	if (p->no_memory || p->errors->failed) {
		buf_clear(p->errors);
		err_nomem(p->err);
		return REPORT_NO_MEMORY;
	}
	if (!jsonscan_end(&p->scan)) {
		buf_clear(p->errors);
		jsonscan_error(&p->scan, p->err);
		return p->err->kind == ERR_INPUT ? REPORT_MALFORMED
						 : REPORT_NO_MEMORY;
	}
	if (p->error_count == 0)
		return REPORT_FINE;
	if (p->error_count > 1)
		err_context(p->err, "%zu errors, the first", p->error_count);
	return REPORT_INVALID;
}

static enum report_fault
parse(const char *body, size_t len, bool is_volume, struct report *out,
    struct buf *errors, struct err *err)
{
	struct parse p;
	struct jsonscan_value v;
	enum report_fault fault;

	p.out = out;
	p.errors = errors;
	p.err = err;
	p.error_count = 0;
	p.no_memory = false;
	p.text_ready = false;
	reset(out);
	buf_clear(errors);
	jsonscan_open(&p.scan, body, len, REPORT_MAX_DEPTH);
	p.end = p.scan.end;
	if (jsonscan_value(&p.scan, &v)) {
		if (is_volume)
			read_volume(&p, NULL, &v);
		else
			read_object(&p, NULL, &v, &report_shape, out);
	}
	fault = conclude(&p);
	jsonscan_close(&p.scan);
	return fault;
}

enum report_fault
report_parse(const char *body, size_t len, struct report *out,
    struct buf *errors, struct err *err)
{
	return parse(body, len, false, out, errors, err);
}

enum report_fault
report_parse_volume(const char *json, size_t len, struct report *out,
    struct buf *errors, struct err *err)
{
	return parse(json, len, true, out, errors, err);
}

void
report_fini(struct report *r)
{
	free(r->volumes);
	free(r->bins);
	buf_fini(&r->text);
	*r = (struct report)REPORT_INIT;
}
