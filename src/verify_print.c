/*
 * verify_print.c - what verify.c found, for people and for programs.
 */
#include <stdio.h>

#include "lib/json.h"
#include "lib/text.h"
#include "lib/utc.h"
#include "verify.h"

/* --- text --- */

/* Names and texts come from tables that may hold anything. */
static void
put_finding(struct buf *out, const struct verify_finding *f)
{
	buf_printf(out, "%s: ", verify_kind_name(f->kind));
	text_clean(out, f->where, 0);
	buf_str(out, ": ");
	text_clean(out, f->what, 0);
	buf_char(out, '\n');
}

static void
put_findings(struct buf *out, const struct verify_result *r)
{
	for (int kind = 0; kind < VERIFY_KINDS; kind++) {
		for (size_t i = 0; i < r->count; i++)
			if ((int)r->findings[i].kind == kind)
				put_finding(out, &r->findings[i]);
		if (r->found[kind] > VERIFY_MAX_LISTED)
			buf_printf(out, "%s: and %lld more\n",
			    verify_kind_name((enum verify_kind)kind),
			    (long long)r->found[kind] - VERIFY_MAX_LISTED);
	}
}

static void
put_anchor(struct buf *out, const struct verify_anchor *a)
{
	char head[FACT_HEAD_TEXT_SIZE], when[UTC_TEXT_SIZE];

	if (a->fact != 0)
		buf_printf(out, "%s is the head of fact %lld, %s\n",
		    fact_format_head(a->hash, head), (long long)a->fact,
		    utc_format(a->at, when));
}

static void
put_checked(struct buf *out, const struct verify_result *r)
{
	static const enum verify_kind shown[] = {VERIFY_CHAIN, VERIFY_ACCOUNT,
	    VERIFY_SOURCE, VERIFY_TOKEN, VERIFY_RATE, VERIFY_GRANT,
	    VERIFY_REPORT, VERIFY_VOLUME, VERIFY_SAMPLE, VERIFY_QUARANTINE,
	    VERIFY_DAY, VERIFY_INVOICE};
	static const char *const names[] = {"facts", "accounts", "sources",
	    "tokens", "rates", "grants", "reports", "volumes", "samples",
	    "samples in quarantine", "rows of days", "invoices"};

	buf_str(out, "checked");
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		buf_printf(out, "%s %lld %s", i > 0 ? "," : "",
		    (long long)r->checked[shown[i]], names[i]);
	buf_char(out, '\n');
}

void
verify_text(const struct verify_result *r, const struct verify_anchors *anchors,
    struct buf *out)
{
	char head[FACT_HEAD_TEXT_SIZE], when[UTC_TEXT_SIZE];
	int64_t found = verify_found(r);

	put_findings(out, r);
	for (size_t i = 0; i < anchors->count; i++)
		put_anchor(out, &anchors->list[i]);
	put_checked(out, r);
	if (r->removed_until != 0)
		buf_printf(out,
		    "%lld reports may have had samples before %s, which were "
		    "removed, and are incomplete\n",
		    (long long)r->skipped_reports,
		    utc_format(r->removed_until, when));
	if (r->skipped_invoices != 0)
		buf_printf(out,
		    "%lld invoices were not, or not wholly, computed again: "
		    "samples came later whose days were removed since\n",
		    (long long)r->skipped_invoices);
	buf_printf(out, "ledger head, of fact %lld: %s\n",
	    (long long)r->head.seq, fact_format_head(r->head.hash, head));
	if (found == 0)
		buf_str(out, "all is as it was stated\n");
	else
		buf_printf(out, "%lld finding%s\n", (long long)found,
		    found == 1 ? "" : "s");
}

/* --- JSON --- */

static void
put_counts(struct json_writer *w, const char *name, const int64_t *counts)
{
	json_put_object(w, name);
	for (int kind = 0; kind < VERIFY_KINDS; kind++)
		json_put_int(
		    w, verify_kind_name((enum verify_kind)kind), counts[kind]);
	json_put_end(w);
}

static void
put_fact(struct json_writer *w, int64_t fact)
{
	if (fact != 0)
		json_put_int(w, "fact", fact);
	else
		json_put_null(w, "fact");
}

static void
put_json_anchor(struct json_writer *w, const struct verify_anchor *a)
{
	char head[FACT_HEAD_TEXT_SIZE];

	json_put_object(w, NULL);
	json_put_string(w, "head", fact_format_head(a->hash, head));
	put_fact(w, a->fact);
	if (a->fact != 0)
		json_put_time(w, "at", a->at);
	else
		json_put_null(w, "at");
	json_put_end(w);
}

static void
put_json_finding(struct json_writer *w, const struct verify_finding *f)
{
	json_put_object(w, NULL);
	json_put_string(w, "kind", verify_kind_name(f->kind));
	put_fact(w, f->fact);
	json_put_string(w, "where", f->where);
	json_put_string(w, "what", f->what);
	json_put_end(w);
}

void
verify_json(const struct verify_result *r, const struct verify_anchors *anchors,
    struct buf *out)
{
	char head[FACT_HEAD_TEXT_SIZE];
	struct json_writer w;

	json_write(&w, out, JSON_INDENTED);
	json_put_object(&w, NULL);
	json_put_bool(&w, "clean", verify_found(r) == 0);
	json_put_string(
	    &w, "ledger_head", fact_format_head(r->head.hash, head));
	json_put_int(&w, "facts", r->head.seq);
	put_counts(&w, "checked", r->checked);
	put_counts(&w, "found", r->found);
	if (r->removed_until != 0)
		json_put_time(&w, "removed_until", r->removed_until);
	else
		json_put_null(&w, "removed_until");
	json_put_int(&w, "skipped_reports", r->skipped_reports);
	json_put_int(&w, "skipped_invoices", r->skipped_invoices);
	json_put_array(&w, "anchors");
	for (size_t i = 0; i < anchors->count; i++)
		put_json_anchor(&w, &anchors->list[i]);
	json_put_end(&w);
	json_put_array(&w, "findings");
	for (size_t i = 0; i < r->count; i++)
		put_json_finding(&w, &r->findings[i]);
	json_put_end(&w);
	json_put_end(&w);
	buf_char(out, '\n');
}
