/*
 * cmd_mail.c - `list mails`, `show mail` and `retry mail`: the outbox, for
 * people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_change.h"
#include "cmd_table.h"
#include "lib/buf.h"
#include "outbox.h"
#include "settings.h"

static const struct opt_flag list_flags[] = {
    CMD_FLAG_OUTPUT,
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

/* --- list --- */

static bool
add_mail(void *ctx, const struct outbox_mail *m, const char *recipients,
    struct err *err)
{
	struct cmd_table *t = ctx;

	(void)err;
	cmd_table_int(t, m->id);
	cmd_table_text(t, m->name);
	cmd_table_text(t, m->period);
	cmd_table_int(t, m->revision);
	cmd_table_text(t, m->state);
	cmd_table_int(t, m->attempts);
	cmd_table_time(t, m->created_at);
	cmd_table_time(t, strcmp(m->state, "due") == 0 ? m->next_at : 0);
	cmd_table_time(t, m->sent_at);
	cmd_table_text(t, m->subject);
	cmd_table_text(t, recipients);
	cmd_table_text(t, m->last_words);
	return true;
}

static bool
list_mails(const struct opt_values *values, struct sql *db, struct err *err)
{
	static const char *const columns[] = {"id", "name", "period",
	    "revision", "state", "attempts", "created_at", "next_at", "sent_at",
	    "subject", "recipients", "last_words", NULL};
	struct cmd_table t;

	cmd_table_begin(&t, values, columns);
	return cmd_table_end(&t, outbox_each(db, add_mail, &t, err), err);
}

static int
run_mails(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, list_mails);
}

const struct opt_command cmd_list_mails = {
    .path = "list mails",
    .summary = "List the outbox: what is due, sent, failed, and why",
    .flags = list_flags,
    .run = run_mails,
};

/* --- show --- */

static const struct opt_flag show_mail_flags[] = {
    {.name = "output",
	.type = OPT_STRING,
	.preset = "eml",
	.choices = "eml",
	.help = "eml: the message as it is sent"},
    SETTINGS_FLAG_DB_FOLDER,
    {0},
};

static bool
read_id(const struct opt_values *values, int64_t *id, struct err *err)
{
	const char *operand = opt_operand(values, 0);
	char *end;

	*id = strtoll(operand, &end, 10);
	return (end != operand && *end == '\0' && *id > 0) ||
	       err_set(err, ERR_INPUT,
		   "a mail's id is a number, as `list mails` shows it: "
		   "\"%s\"",
		   operand);
}

static bool
show_mail(const struct opt_values *values, struct sql *db, struct err *err)
{
	struct buf message = BUF_INIT;
	int64_t id;
	bool ok;

	if (!read_id(values, &id, err))
		return false;
	ok = outbox_message(db, id, &message, err);
	if (ok && message.len == 0)
		ok = err_set(err, ERR_INPUT,
		    "mail %lld has not been written yet", (long long)id);
	if (ok)
		fwrite(message.data, 1, message.len, stdout);
	buf_fini(&message);
	return ok;
}

static int
run_show_mail(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_table_run(values, show_mail);
}

const struct opt_command cmd_show_mail = {
    .path = "show mail",
    .operands = "ID",
    .summary = "Print a mail of the outbox",
    .flags = show_mail_flags,
    .run = run_show_mail,
};

/* --- retry --- */

static const struct opt_flag retry_flags[] = {
    SETTINGS_FLAG_DB_FOLDER,
    SETTINGS_FLAGS_MOCK,
    {0},
};

static bool
put_address(void *ctx, const char *address, struct err *err)
{
	struct buf *out = ctx;

	buf_printf(out, "%s%s", out->len > 0 ? ", " : " for ", address);
	return !out->failed || err_nomem(err);
}

static bool
retry(struct cmd_change *change, struct err *err)
{
	struct buf who = BUF_INIT;
	int64_t id;
	bool ok;

	change->wrong = !read_id(change->values, &id, err);
	if (change->wrong)
		return false;
	ok = outbox_retry(change->db, id, change->now, err) &&
	     outbox_waiting(change->db, id, put_address, &who, err);
	if (ok)
		fprintf(stderr, "mail %lld is due at once%s\n", (long long)id,
		    buf_text(&who));
	buf_fini(&who);
	return ok;
}

static int
run_retry(const struct opt_values *values, void *ctx)
{
	(void)ctx;
	return cmd_change_run(values, retry);
}

const struct opt_command cmd_retry_mail = {
    .path = "retry mail",
    .operands = "ID",
    .summary = "Have a mail of the outbox sent at once",
    .details =
	"Also one that was given up, set aside, or refused for some of its\n"
	"recipients; who has got it does not get it again. The server sends\n"
	"it as soon as it looks, within a second.",
    .flags = retry_flags,
    .run = run_retry,
};
