/*
 * prom.c - Prometheus' text format. In: names, labels, integers. Out: lines.
 * Owns nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "prom.h"

/* Thousands of lines are written at a time, so nothing here goes the long way
 * through printf. */

/* In HELP a backslash and a line feed are escaped, in a label's value a quote
 * as well. */
static void
put_escaped(struct buf *out, const char *text, bool is_label)
{
	const char *special = is_label ? "\n\\\"" : "\n\\";
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, special);
		buf_add(out, text, len);
		if (text[len] == '\0')
			return;
		buf_char(out, '\\');
		buf_char(out, text[len] == '\n' ? 'n' : text[len]);
	}
}

void
prom_family(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s ", name);
	put_escaped(out, help, false);
	buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

/* Without zeros at the end of the fraction. */
static void
put_value(struct buf *out, int64_t value, unsigned digits)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char text[64], *end = text + sizeof text, *p = end;

	while (digits > 0 && size % 10 == 0) {
		size /= 10;
		digits--;
	}
	/* From the last digit on, one at least before the point. */
	for (unsigned i = 0; size > 0 || i <= digits; i++) {
		if (i == digits && digits > 0)
			*--p = '.';
		*--p = (char)('0' + size % 10);
		size /= 10;
	}
	if (value < 0)
		*--p = '-';
	buf_add(out, p, (size_t)(end - p));
}

void
prom_sample(struct buf *out, const char *name, const struct prom_label *labels,
    size_t label_count, int64_t value, unsigned digits)
{
	buf_str(out, name);
	for (size_t i = 0; i < label_count; i++) {
		buf_char(out, i == 0 ? '{' : ',');
		buf_str(out, labels[i].name);
		buf_str(out, "=\"");
		put_escaped(out, labels[i].value, true);
		buf_char(out, '"');
	}
	buf_str(out, label_count > 0 ? "} " : " ");
	put_value(out, value, digits);
	buf_char(out, '\n');
}

void
prom_observe(struct prom_histogram *h, int64_t value)
{
	size_t i = 0;

	while (i < h->bound_count && value > h->bounds[i])
		i++;
	h->counts[i]++;
	h->sum += value;
}

void
prom_histogram_put(struct buf *out, const char *name,
    const struct prom_histogram *h, unsigned digits)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= h->bound_count; i++) {
		count += h->counts[i];
		buf_printf(out, "%s_bucket{le=\"", name);
		if (i < h->bound_count)
			put_value(out, h->bounds[i], digits);
		else
			buf_str(out, "+Inf");
		buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buf_printf(out, "%s_sum ", name);
	put_value(out, h->sum, digits);
	buf_printf(out, "\n%s_count %" PRIu64 "\n", name, count);
}
