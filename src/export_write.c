/*
 * export_write.c - CSV and JSON of rows. In: rows. Out: text. Owns nothing.
 */
#include <stdlib.h>

#include "export_write.h"
#include "invoice.h"
#include "lib/json.h"
#include "lib/text.h"

static const char *
keys_of(enum export_group group)
{
	return group == EXPORT_VOLUME ? "volume_id,name,"
	       : group == EXPORT_BIN  ? "max_age,"
				      : "";
}

void
export_write_begin(struct export_writer *w, struct buf *out, bool json,
    enum export_group group)
{
	*w = (struct export_writer){
	    .out = out, .json = json, .group = group, .empty = true};
	if (json)
		buf_char(out, '[');
	else
		buf_printf(out,
		    "from,to,account,currency,%sgib,byte_hours,gib_hours,"
		    "gib_months,cost,hours_measured,hours_estimated,"
		    "hours_unbilled,state\r\n",
		    keys_of(group));
}

static void
put_csv_decimal(struct buf *out, const struct exact *x)
{
	char *text;

	buf_char(out, ',');
	if (x == NULL)
		return;
	text = exact_decimal(x, INVOICE_EXACT_DIGITS);
	buf_str(out, text);
	free(text);
}

static void
put_csv_int(struct buf *out, int64_t n)
{
	const char digit[] = {',', (char)('0' + n % 10), '\0'};

	/* Most hours of a row are none or one. */
	if (n >= 0 && n < 10)
		buf_str(out, digit);
	else
		buf_printf(out, ",%lld", (long long)n);
}

static void
put_csv_key(const struct export_writer *w, const struct export_row *row)
{
	char id[UUID_TEXT_SIZE], age[RATE_AGE_SIZE];

	if (w->group == EXPORT_VOLUME) {
		buf_char(w->out, ',');
		buf_str(w->out, uuid_format(&row->volume_id, id));
		buf_char(w->out, ',');
		text_csv(w->out, row->name);
	} else if (w->group == EXPORT_BIN) {
		buf_char(w->out, ',');
		buf_str(w->out, rate_format_age(row->age_hours, age));
	}
}

static void
put_csv(const struct export_writer *w, const struct export_row *row)
{
	struct buf *out = w->out;
	size_t at, len;

	buf_str(out, w->from_text);
	buf_char(out, ',');
	buf_str(out, w->to_text);
	buf_char(out, ',');
	text_csv(out, row->account->name);
	buf_char(out, ',');
	buf_str(out, row->account->currency);
	put_csv_key(w, row);
	at = out->len;
	put_csv_decimal(out, row->gib);
	len = out->len - at;
	put_csv_decimal(out, row->byte_hours);
	/* In rows of an hour, both are the same. */
	if (exact_cmp(row->gib, row->gib_hours) == 0 && buf_reserve(out, len))
		buf_add(out, out->data + at, len);
	else
		put_csv_decimal(out, row->gib_hours);
	put_csv_decimal(out, row->gib_months);
	put_csv_decimal(out, row->cost);
	put_csv_int(out, row->hours.measured);
	put_csv_int(out, row->hours.estimated);
	put_csv_int(out, row->hours.unbilled);
	buf_char(out, ',');
	buf_str(out, row->state);
	buf_str(out, "\r\n");
}

static void
put_json_decimal(
    struct json_writer *json, const char *name, const struct exact *x)
{
	char *text = x != NULL ? exact_decimal(x, INVOICE_EXACT_DIGITS) : NULL;

	json_put_string(json, name, text);
	free(text);
}

static void
put_json_key(const struct export_writer *w, struct json_writer *json,
    const struct export_row *row)
{
	char id[UUID_TEXT_SIZE], age[RATE_AGE_SIZE];

	if (w->group == EXPORT_VOLUME) {
		json_put_string(
		    json, "volume_id", uuid_format(&row->volume_id, id));
		json_put_string(json, "name", row->name);
	} else if (w->group == EXPORT_BIN)
		json_put_string(json, "max_age",
		    row->age_hours > 0 ? rate_format_age(row->age_hours, age)
				       : NULL);
}

static void
put_json(const struct export_writer *w, const struct export_row *row)
{
	struct json_writer json;

	buf_str(w->out, w->empty ? "\n" : ",\n");
	json_write(&json, w->out, JSON_COMPACT);
	json_put_object(&json, NULL);
	json_put_string(&json, "from", w->from_text);
	json_put_string(&json, "to", w->to_text);
	json_put_string(&json, "account", row->account->name);
	json_put_string(&json, "currency", row->account->currency);
	put_json_key(w, &json, row);
	put_json_decimal(&json, "gib", row->gib);
	put_json_decimal(&json, "byte_hours", row->byte_hours);
	put_json_decimal(&json, "gib_hours", row->gib_hours);
	put_json_decimal(&json, "gib_months", row->gib_months);
	put_json_decimal(&json, "cost", row->cost);
	json_put_object(&json, "hours");
	json_put_int(&json, "measured", row->hours.measured);
	json_put_int(&json, "estimated", row->hours.estimated);
	json_put_int(&json, "unbilled", row->hours.unbilled);
	json_put_end(&json);
	json_put_string(&json, "state", row->state);
	json_put_end(&json);
}

void
export_write_row(struct export_writer *w, const struct export_row *row)
{
	/* Most rows are of the same hours as the one before. */
	if (w->empty || w->from != row->from || w->to != row->to) {
		w->from = row->from;
		w->to = row->to;
		utc_format(row->from, w->from_text);
		utc_format(row->to, w->to_text);
	}
	if (w->json)
		put_json(w, row);
	else
		put_csv(w, row);
	w->empty = false;
}

void
export_write_end(struct export_writer *w)
{
	if (w->json)
		buf_str(w->out, w->empty ? "]\n" : "\n]\n");
}
