/*
 * attachment.c - names, types and sets of attachments. Owns nothing.
 */
#include <stdio.h>
#include <string.h>

#include "attachment.h"

static const struct {
	const char *name, *ending, *type;
} kinds[ATTACHMENT_KINDS] = {
    [ATTACHMENT_CSV] = {"csv", ".csv",
	"text/csv; charset=utf-8; header=present"},
    [ATTACHMENT_JSON] = {"json", ".json", "application/json"},
    [ATTACHMENT_PDF] = {"pdf", ".pdf", "application/pdf"},
    [ATTACHMENT_FOCUS] = {"focus", "-focus.csv",
	"text/csv; charset=utf-8; header=present"},
};

const char *
attachment_name(enum attachment kind)
{
	return kinds[kind].name;
}

const char *
attachment_ending(enum attachment kind)
{
	return kinds[kind].ending;
}

const char *
attachment_type(enum attachment kind)
{
	return kinds[kind].type;
}

unsigned
attachment_bit(enum attachment kind)
{
	return 1u << kind;
}

void
attachment_put_names(struct buf *out)
{
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", kinds[i].name);
}

bool
attachment_add(const char *name, unsigned *set, struct err *err)
{
	struct buf names = BUF_INIT;

	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		if ((*set & attachment_bit(i)) != 0)
			return err_set(err, ERR_INPUT, "%s twice", name);
		*set |= attachment_bit(i);
		return true;
	}
	attachment_put_names(&names);
	err_set(err, ERR_INPUT,
	    "\"%.40s\" cannot be attached; what can be is %s", name,
	    buf_text(&names));
	buf_fini(&names);
	return false;
}

bool
attachment_parse(const char *list, unsigned *set, struct err *err)
{
	char name[ATTACHMENT_LIST_SIZE];
	size_t len;

	*set = 0;
	if (*list == '\0')
		return true;
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		snprintf(name, sizeof name, "%.*s", (int)len, list);
		if (!attachment_add(name, set, err))
			return false;
		if (list[len] == '\0')
			return true;
	}
}

char *
attachment_format(unsigned set, char out[ATTACHMENT_LIST_SIZE])
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < ATTACHMENT_KINDS; i++) {
		if ((set & attachment_bit(i)) == 0)
			continue;
		used +=
		    (size_t)snprintf(out + used, ATTACHMENT_LIST_SIZE - used,
			"%s%s", used > 0 ? "," : "", kinds[i].name);
	}
	return out;
}
