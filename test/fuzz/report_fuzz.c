/*
 * report_fuzz.c - any bytes as the body of a report (libFuzzer).
 *
 *	clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *	    test/fuzz/report_fuzz.c src/report.c lib/<all>.c -lcjson -lz
 *
 * Beside not crashing: what report_parse and jsonscan_check say about a text
 * agrees; cJSON takes whatever they take; errors come with a list that is
 * JSON, and only with one; a volume read again alone is the same volume; the
 * texts lie in the body or in the report's own memory.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gzip.h"
#include "lib/json.h"
#include "lib/jsonscan.h"
#include "src/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static void
check_text(const struct report_text *t, const struct report *r,
    const char *body, size_t len)
{
	const char *own = buf_text(&r->text);

	if (t->text == NULL) {
		MUST(t->len == 0);
		return;
	}
	MUST((t->text >= body && t->text + t->len <= body + len) ||
	     (t->text >= own && t->text + t->len <= own + r->text.len));
	MUST(t->len <= REPORT_MAX_TEXT);
}

static void
check_volume(const struct report *r, const struct report_volume *v,
    const char *body, size_t len)
{
	struct report again = REPORT_INIT;
	struct buf errors = BUF_INIT;
	struct err err = ERR_INIT;
	const struct report_volume *w;

	check_text(&v->name, r, body, len);
	check_text(&v->account, r, body, len);
	check_text(&v->region, r, body, len);
	MUST(v->bytes >= 0 && v->retired_bytes >= -1 && v->inodes >= -1);
	MUST(v->revision >= 0 && v->bin_count <= REPORT_MAX_BINS);
	MUST(v->first_bin + v->bin_count <= r->bin_count);
	MUST(v->json >= body && v->json + v->json_len <= body + len);
	MUST(report_parse_volume(v->json, v->json_len, &again, &errors, &err) ==
	     REPORT_FINE);
	w = &again.volumes[0];
	MUST(again.volume_count == 1 && uuid_equal(&w->id, &v->id));
	MUST(w->bytes == v->bytes && w->sampled_at == v->sampled_at);
	MUST(w->name.len == v->name.len && w->bin_count == v->bin_count);
	MUST(w->json_len == v->json_len);
	report_fini(&again);
	buf_fini(&errors);
}

static void
check_errors(const struct buf *errors, enum report_fault fault)
{
	struct err err = ERR_INIT;
	struct json *list;

	if (fault != REPORT_INVALID) {
		MUST(errors->len == 0);
		return;
	}
	list = json_parse(errors->data, errors->len, &err);
	MUST(json_is_array(list) && json_first(list) != NULL);
	json_free(list);
}

static void
check_strictness(const char *text, size_t len, enum report_fault fault)
{
	struct err err = ERR_INIT;
	struct json *document;
	bool strict = jsonscan_check(text, len, REPORT_MAX_DEPTH, &err);

	MUST(strict == (fault == REPORT_FINE || fault == REPORT_INVALID));
	document = json_parse(text, len, &err);
	MUST(
	    !strict || document != NULL || strstr(err.text, "\\u0000") != NULL);
	json_free(document);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct report report; /* keeps its memory, as in the server */
	struct buf errors = BUF_INIT, plain = BUF_INIT;
	struct err err = ERR_INIT;
	const char *text = (const char *)data;
	enum report_fault fault;
	size_t i;

	fault = report_parse(text, size, &report, &errors, &err);
	MUST((fault == REPORT_FINE) == (err.kind == ERR_NONE));
	check_errors(&errors, fault);
	check_strictness(text, size, fault);
	if (fault == REPORT_FINE)
		for (i = 0; i < report.volume_count; i++)
			check_volume(&report, &report.volumes[i], text, size);
	(void)gzip_inflate(data, size, 1 << 16, &plain, &err);
	MUST(plain.len <= 1 << 16);
	buf_fini(&errors);
	buf_fini(&plain);
	return 0;
}
