/*
 * silence.c - the silent sources of silence.h. In: sources with their last
 * report. Out: a list. Owns nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "silence.h"

/* What is asked for, and what was found. */
struct search {
	const struct invoice *bills;
	size_t count;
	int64_t before;
	struct silence *out;
};

/* Whether list ("a,b") has the name. */
static bool
lists(const char *list, const char *name)
{
	size_t len = strlen(name), step;

	for (; *list != '\0'; list += step + (list[step] == ',')) {
		step = strcspn(list, ",");
		if (step == len && memcmp(list, name, len) == 0)
			return true;
	}
	return false;
}

bool
silence_concerns(
    const struct invoice *bills, size_t count, const char *accounts)
{
	for (size_t i = 0; i < count; i++)
		if (lists(accounts, bills[i].account.name))
			return true;
	return false;
}

static bool
look_at(void *ctx, const struct source *source, const char *accounts,
    int64_t last_report_at, struct err *err)
{
	struct search *search = ctx;
	struct silence *out = search->out;
	/* Who was never heard of is expected since he is there. */
	int64_t since =
	    last_report_at != 0 ? last_report_at : source->created_at;
	struct silence_source *more;

	if (source->disabled || since >= search->before ||
	    !silence_concerns(search->bills, search->count, accounts))
		return true;
	more = reallocarray(out->list, out->count + 1, sizeof *more);
	if (more == NULL)
		return err_nomem(err);
	out->list = more;
	more += out->count++;
	memcpy(more->name, source->name, sizeof more->name);
	more->last_report_at = last_report_at;
	return true;
}

bool
silence_load(struct sql *db, const struct invoice *bills, size_t count,
    int64_t expected_secs, int64_t now, struct silence *out, struct err *err)
{
	struct search search = {bills, count, now - expected_secs, out};

	*out = (struct silence){NULL, 0, expected_secs};
	return source_each(db, look_at, &search, err);
}

void
silence_fini(struct silence *silence)
{
	free(silence->list);
	memset(silence, 0, sizeof *silence);
}
