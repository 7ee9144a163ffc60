/*
 * delivery.c - starts the processes that write and send mails, and reads
 * what they say. In: due rows of the outbox. Out: their next state. Owns the
 * two slots, for one process each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "deliver.h"
#include "delivery.h"
#include "fact.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/opt.h"
#include "lib/utc.h"
#include "outbox.h"

enum {
	MAX_OUTPUT = 1 << 20, /* of a delivery: a line per recipient */
	MAX_ARGS = 48 + 2 * CREDS_MAX_TO,
};

struct slot {
	struct delivery *delivery; /* back to the owner */
	bool busy;
	struct outbox_mail mail;
	char *addressed; /* owned: from and to of what is being written */
};

struct delivery {
	struct delivery_deps deps; /* what they point to is borrowed */
	struct slot render, send;
	bool stopping; /* nothing new is begun */
};

/* The words of one command line. Texts that are made here are owned. */
struct args {
	const char *list[MAX_ARGS];
	size_t count;
	char now[UTC_TEXT_SIZE];
	char key[OUTBOX_NAME_SIZE + 64];
	char interval[OPT_DURATION_SIZE];
	char certificate[UTC_TEXT_SIZE];
};

static void
add_arg(struct args *args, const char *word)
{
	if (args->count + 1 < MAX_ARGS) {
		args->list[args->count++] = word;
		args->list[args->count] = NULL;
	}
}

static void
add_flag(struct args *args, const char *name, const char *value)
{
	add_arg(args, name);
	add_arg(args, value);
}

/* A child lives on the same clock; a pretend one stands still for it. */
static void
add_clock(struct args *args, const struct clock *clock, int64_t now)
{
	if (!clock->mock)
		return;
	add_arg(args, "--mockTime");
	add_flag(args, "--mockStart", utc_format(now, args->now));
	add_flag(args, "--mockRate", "0");
}

/* The writer's connection, when no group of reports stands open on it. */
static struct sql *
outbox_db(struct delivery *d, struct err *err)
{
	ingest_flush(d->deps.ingest);
	return writer_db(d->deps.writer, err);
}

static bool
start(struct delivery *d, struct slot *slot, const struct args *args,
    const struct buf *input, size_t output_limit, int64_t deadline_ms,
    job_done_fn *on_done, struct err *err)
{
	struct buf secret = BUF_INIT;
	struct job_spec spec = {
	    .argv = args->list,
	    .input = input != NULL ? buf_text(input) : NULL,
	    .input_len = input != NULL ? input->len : 0,
	    .output_limit = output_limit,
	    .deadline_ms = deadline_ms,
	    .background = slot == &d->render,
	    .on_done = on_done,
	    .ctx = slot,
	};

	if (d->deps.creds->smtp_addr != NULL) {
		creds_write_toml(&secret, d->deps.creds);
		spec.secret = buf_text(&secret);
		spec.secret_len = secret.len;
	} else {
		/* Defaults, so that a message can be written and shown. */
		spec.secret = "";
		spec.secret_len = 0;
	}
	slot->busy = !secret.failed && job_start(d->deps.jobs, &spec, err);
	if (secret.failed)
		err_nomem(err);
	file_wipe(&secret);
	return slot->busy;
}

/* Why a process gave no result. */
static const char *
say_end(const struct job_result *r, char *out, size_t size)
{
	if (r->timed_out)
		snprintf(out, size, "it took too long and was ended");
	else if (r->too_much)
		snprintf(out, size, "it wrote more than is allowed");
	else if (r->signal != 0)
		snprintf(out, size, "it was ended by signal %d", r->signal);
	else
		snprintf(out, size, "it ended with code %d", r->exit_code);
	return out;
}

/* --- who gets it --- */

struct recipients {
	char *list[CREDS_MAX_TO]; /* owned */
	size_t count;
};

static bool
keep_address(void *ctx, const char *address, struct err *err)
{
	struct recipients *r = ctx;

	if (r->count == CREDS_MAX_TO)
		return true;
	r->list[r->count] = strdup(address);
	if (r->list[r->count] == NULL)
		return err_nomem(err);
	r->count++;
	return true;
}

static void
fini_recipients(struct recipients *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i]);
	r->count = 0;
}

/* Those of a mail before its first attempt: its own or, when it has none,
 * those of the credentials. */
static bool
find_recipients(struct delivery *d, struct sql *db, int64_t id,
    struct recipients *out, struct err *err)
{
	const struct creds *creds = d->deps.creds;

	out->count = 0;
	if (!outbox_waiting(db, id, keep_address, out, err))
		return false;
	if (out->count > 0)
		return true;
	for (size_t i = 0; i < creds->smtp_to_count; i++)
		if (!keep_address(out, creds->smtp_to[i], err))
			return false;
	return true;
}

static void
put_recipients(struct buf *out, const struct recipients *r, const char *between)
{
	for (size_t i = 0; i < r->count; i++)
		buf_printf(out, "%s%s", i > 0 ? between : "", r->list[i]);
}

/* From and to in one text, to see later whether they have changed; "" while
 * there is no relay. Yours; NULL with err. */
static char *
describe_addresses(
    const struct creds *creds, const struct recipients *to, struct err *err)
{
	struct buf out = BUF_INIT;
	char *text;

	if (creds->smtp_addr != NULL) {
		buf_printf(&out, "%s\n", creds->smtp_from);
		put_recipients(&out, to, "\n");
	}
	text = buf_take(&out);
	if (text == NULL)
		err_nomem(err);
	return text;
}

/* --- writing a message --- */

/* The value of the Subject header, unfolded. */
static void
read_subject(const char *message, char *out, size_t size)
{
	const char *p = strstr(message, "\r\nSubject: ");
	size_t n = 0;

	if (p == NULL) {
		out[0] = '\0';
		return;
	}
	for (p += 11; *p != '\0' && n + 1 < size; p++) {
		if (p[0] == '\r' && p[1] == '\n') {
			if (p[2] != ' ' && p[2] != '\t')
				break;
			p++;
			continue;
		}
		out[n++] = *p;
	}
	out[n] = '\0';
}

static void
put_off(struct delivery *d, const struct outbox_mail *m, const char *words,
    int64_t now)
{
	struct err err = ERR_INIT;
	struct sql *db = outbox_db(d, &err);

	metrics_note_mail_failed(d->deps.metrics);
	log_warn("delivery.render_failed",
	    "mail=%lld name=%s period=%s "
	    "error=\"%s\"",
	    (long long)m->id, m->name, m->period, words);
	if (db == NULL || !outbox_put_off(db, m->id, words, now, &err))
		log_error("delivery.outbox", "error=\"%s\"", err.text);
}

static void
on_rendered(void *ctx, struct job_result *result)
{
	struct slot *slot = ctx;
	struct delivery *d = slot->delivery;
	int64_t now = clock_secs(d->deps.clock);
	char subject[OUTBOX_TEXT_SIZE], words[128] = "writing the message: ";
	struct err err = ERR_INIT;
	struct sql *db;

	slot->busy = false;
	if (result->exit_code != 0 || result->output.len == 0) {
		say_end(result, words + strlen(words),
		    sizeof words - strlen(words));
		put_off(d, &slot->mail, words, now);
		return;
	}
	read_subject(buf_text(&result->output), subject, sizeof subject);
	db = outbox_db(d, &err);
	if (db == NULL ||
	    !outbox_set_message(db, slot->mail.id, subject, slot->addressed,
		result->output.data, result->output.len, &err)) {
		log_error("delivery.outbox", "error=\"%s\"", err.text);
		return;
	}
	log_info("delivery.rendered", "mail=%lld name=%s period=%s bytes=%zu",
	    (long long)slot->mail.id, slot->mail.name, slot->mail.period,
	    result->output.len);
	delivery_wake(d, now);
}

/* What a message is written from, besides the mail's row. */
struct contents {
	struct recipients to;
	struct buf to_list, accounts, attach;
};

static void
fini_contents(struct contents *c)
{
	fini_recipients(&c->to);
	buf_fini(&c->to_list);
	buf_fini(&c->accounts);
	buf_fini(&c->attach);
}

/* Keeps the accounts that there are: a report may name others. */
static bool
keep_known(struct sql *db, struct buf *accounts, struct err *err)
{
	struct buf all = *accounts;
	char *name, *save = NULL;
	struct account account;
	struct err why;
	bool ok = true, any = all.len > 0;

	*accounts = (struct buf)BUF_INIT;
	name = any ? strtok_r(all.data, ",", &save) : NULL;
	for (; ok && name != NULL; name = strtok_r(NULL, ",", &save)) {
		why = (struct err)ERR_INIT;
		if (account_find(db, name, &account, &why))
			buf_printf(accounts, "%s%s",
			    accounts->len > 0 ? "," : "", name);
		else if (why.kind != ERR_INPUT) {
			*err = why;
			ok = false;
		}
	}
	buf_fini(&all);
	/* None at all would mean all accounts. */
	if (ok && any && accounts->len == 0)
		ok = err_set(err, ERR_BROKEN, "none of its accounts is there");
	return ok;
}

static bool
load_contents(struct delivery *d, struct sql *db, const struct outbox_mail *m,
    struct contents *out, struct err *err)
{
	struct account account;

	if (!find_recipients(d, db, m->id, &out->to, err) ||
	    !outbox_contents(db, m->id, &out->accounts, &out->attach, err) ||
	    !keep_known(db, &out->accounts, err))
		return false;
	put_recipients(&out->to_list, &out->to, ", ");
	if (m->account != 0) {
		if (!account_load(db, m->account, &account, err))
			return false;
		buf_clear(&out->accounts);
		buf_str(&out->accounts, account.name);
	}
	return (!out->to_list.failed && !out->accounts.failed) ||
	       err_nomem(err);
}

/* The Message-ID is the same at each attempt, and no other installation's. */
static bool
add_key(struct args *args, struct sql *db, const struct outbox_mail *m,
    struct err *err)
{
	char origin[FACT_ORIGIN_SIZE];

	if (!fact_load_origin(db, origin, err))
		return false;
	snprintf(args->key, sizeof args->key, "%s/%s/%lld/%s", m->name,
	    m->period, (long long)m->revision, origin);
	add_flag(args, "--mailKey", args->key);
	return true;
}

static bool
start_report(struct delivery *d, struct sql *db, struct contents *c,
    int64_t now, struct err *err)
{
	const struct outbox_mail *m = &d->render.mail;
	struct args args = {.count = 0};
	char *name, *save = NULL;

	add_arg(&args, "stat.flexfs");
	add_arg(&args, "report");
	add_flag(&args, "--period", m->period);
	name =
	    c->accounts.len > 0 ? strtok_r(c->accounts.data, ",", &save) : NULL;
	for (; name != NULL; name = strtok_r(NULL, ",", &save))
		add_flag(&args, "--account", name);
	add_flag(&args, "--format", "eml");
	/* Without credentials the recipients are those of its defaults. */
	if (c->to.count > 0)
		add_flag(&args, "--to", buf_text(&c->to_list));
	add_flag(&args, "--attach", buf_text(&c->attach));
	if (d->deps.config->issuer[0] != '\0')
		add_flag(&args, "--issuer", d->deps.config->issuer);
	if (d->deps.config->payment[0] != '\0')
		add_flag(&args, "--payment", d->deps.config->payment);
	add_flag(&args, "--expectedInterval",
	    opt_format_duration(
		d->deps.config->expected_interval_secs, args.interval));
	if (*d->deps.tls != NULL)
		add_flag(&args, "--certificateEnds",
		    utc_format(
			tls_server_not_after(*d->deps.tls), args.certificate));
	add_flag(&args, "--dbFolder", d->deps.settings->db_folder);
	add_flag(&args, "--credsFile", "/dev/fd/3");
	add_clock(&args, d->deps.clock, now);
	return add_key(&args, db, m, err) &&
	       start(d, &d->render, &args, NULL, DELIVER_MAX_BYTES,
		   DELIVERY_RENDER_MS, on_rendered, err);
}

static bool
start_render(struct delivery *d, struct sql *db, int64_t now, struct err *err)
{
	struct contents c;
	bool ok;

	memset(&c, 0, sizeof c);
	free(d->render.addressed);
	d->render.addressed = NULL;
	ok = load_contents(d, db, &d->render.mail, &c, err);
	if (ok)
		d->render.addressed =
		    describe_addresses(d->deps.creds, &c.to, err);
	ok = d->render.addressed != NULL && start_report(d, db, &c, now, err);
	fini_contents(&c);
	return ok;
}

/* --- handing it over --- */

/* The code of a relay's answer, or 0 for none. */
static bool
parse_code(const char *text, int *out)
{
	char *end;
	long code = strtol(text, &end, 10);

	if (end == text || *end != '\0' || code < 0 || code > 999)
		return false;
	*out = (int)code;
	return true;
}

/* "delivered a@x.test 250 2.0.0 Ok" as a result; the line is cut up. */
static bool
parse_line(char *line, struct outbox_result *out)
{
	static const char *const words[] = {"delivered", "retry", "failed"};
	char *save, *word = strtok_r(line, " ", &save);
	char *address = strtok_r(NULL, " ", &save);
	char *code = strtok_r(NULL, " ", &save);

	if (word == NULL || address == NULL || code == NULL)
		return false;
	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			out->outcome = (enum outbox_outcome)i;
			out->address = address;
			out->words = save;
			return parse_code(code, &out->code);
		}
	return false;
}

static size_t
parse_lines(char *text, struct outbox_result *results, size_t max)
{
	char *save, *line;
	size_t n = 0;

	for (line = strtok_r(text, "\n", &save); line != NULL && n < max;
	     line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, &results[n]))
			n++;
	return n;
}

static void
log_results(const struct outbox_mail *m, const struct outbox_result *r,
    size_t count, const char *words)
{
	static const char *const events[] = {
	    "delivery.sent", "delivery.retry", "delivery.refused"};

	for (size_t i = 0; i < count; i++)
		if (r[i].outcome == OUTBOX_DELIVERED)
			log_info(events[r[i].outcome],
			    "mail=%lld to=%s code=%d reply=\"%s\"",
			    (long long)m->id, r[i].address, r[i].code,
			    r[i].words);
		else
			log_warn(events[r[i].outcome],
			    "mail=%lld to=%s code=%d reply=\"%s\"",
			    (long long)m->id, r[i].address, r[i].code,
			    r[i].words);
	if (words[0] != '\0')
		log_warn("delivery.failed", "mail=%lld error=\"%s\"",
		    (long long)m->id, words);
}

static bool
is_clean(const struct outbox_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (results[i].outcome != OUTBOX_DELIVERED)
			return false;
	return count > 0;
}

/* What became of a mail by the attempt that has ended; clean: everybody that
 * it was for got it. */
static void
tell_end(struct delivery *d, struct sql *db, int64_t id, bool clean)
{
	struct err err = ERR_INIT;
	struct outbox_mail m;

	if (!clean)
		metrics_note_mail_failed(d->deps.metrics);
	if (!outbox_load(db, id, &m, &err))
		return;
	if (strcmp(m.state, "sent") == 0)
		metrics_note_mail(d->deps.metrics, m.name, m.sent_at);
	if (strcmp(m.state, "failed") == 0)
		log_error("delivery.given_up",
		    "mail=%lld name=%s period=%s attempts=%lld", (long long)id,
		    m.name, m.period, (long long)m.attempts);
}

static void
on_sent(void *ctx, struct job_result *result)
{
	struct slot *slot = ctx;
	struct delivery *d = slot->delivery;
	struct outbox_result results[CREDS_MAX_TO];
	char words[128] = "";
	struct err err = ERR_INIT;
	struct sql *db;
	size_t count;

	slot->busy = false;
	count =
	    parse_lines(result->output.len > 0 ? result->output.data : words,
		results, CREDS_MAX_TO);
	if (count == 0) {
		snprintf(words, sizeof words, "handing it over: ");
		say_end(result, words + strlen(words),
		    sizeof words - strlen(words));
	}
	log_results(&slot->mail, results, count, words);
	db = outbox_db(d, &err);
	if (db == NULL || !outbox_end(db, slot->mail.id, results, count, words,
			      clock_secs(d->deps.clock), &err)) {
		/* The row stays "sending"; the next start makes it due. */
		log_error("delivery.outbox", "error=\"%s\"", err.text);
		return;
	}
	tell_end(d, db, slot->mail.id, is_clean(results, count));
}

/* The row must not stay "sending" when nothing is on its way. */
static void
undo_begin(struct delivery *d, struct sql *db, int64_t id,
    const struct err *why, int64_t now)
{
	struct err err = ERR_INIT;

	if (outbox_end(db, id, NULL, 0, why->text, now, &err))
		tell_end(d, db, id, false);
	else
		log_error("delivery.outbox", "error=\"%s\"", err.text);
}

static bool
start_send(struct delivery *d, struct sql *db, int64_t now, struct err *err)
{
	const struct creds *creds = d->deps.creds;
	int64_t id = d->send.mail.id;
	struct recipients to = {.count = 0};
	struct buf message = BUF_INIT;
	struct args args = {.count = 0};
	bool ok;

	if (!outbox_begin(db, id, (const char *const *)creds->smtp_to,
		creds->smtp_to_count, err))
		return false;
	add_arg(&args, "stat.flexfs");
	add_arg(&args, "deliver");
	add_flag(&args, "--credsFile", "/dev/fd/3");
	ok = outbox_waiting(db, id, keep_address, &to, err) &&
	     outbox_message(db, id, &message, err);
	for (size_t i = 0; i < to.count; i++)
		add_flag(&args, "--to", to.list[i]);
	ok = ok && start(d, &d->send, &args, &message, MAX_OUTPUT,
		       DELIVERY_SEND_MS, on_sent, err);
	if (!ok)
		undo_begin(d, db, id, err, now);
	fini_recipients(&to);
	buf_fini(&message);
	return ok;
}

/* --- what is due --- */

/* A message that was written for other addresses, before there were
 * credentials, is written anew: nobody has seen it yet. */
static bool
is_current(struct delivery *d, struct sql *db, bool *current, struct err *err)
{
	const struct outbox_mail *m = &d->send.mail;
	struct recipients to = {.count = 0};
	char *addressed = NULL;
	bool ok;

	*current = true;
	if (m->attempts > 0)
		return true;
	ok = find_recipients(d, db, m->id, &to, err);
	if (ok)
		addressed = describe_addresses(d->deps.creds, &to, err);
	fini_recipients(&to);
	ok = addressed != NULL &&
	     outbox_is_addressed(db, m->id, addressed, current, err) &&
	     (*current || outbox_clear_message(db, m->id, err));
	free(addressed);
	return ok;
}

static bool
wake_send(struct delivery *d, struct sql *db, int64_t now, struct err *err)
{
	bool found, current;

	if (d->send.busy || d->deps.creds->smtp_addr == NULL)
		return true;
	if (!outbox_next(db, now, true, &d->send.mail, &found, err))
		return false;
	if (!found)
		return true;
	if (!is_current(d, db, &current, err))
		return false;
	return !current || start_send(d, db, now, err);
}

static bool
wake_render(struct delivery *d, struct sql *db, int64_t now, struct err *err)
{
	bool found;

	if (d->render.busy)
		return true;
	if (!outbox_next(db, now, false, &d->render.mail, &found, err))
		return false;
	return !found || start_render(d, db, now, err);
}

void
delivery_wake(struct delivery *delivery, int64_t now)
{
	struct err err = ERR_INIT;
	struct sql *db;

	if (delivery->stopping ||
	    (delivery->send.busy && delivery->render.busy))
		return;
	db = outbox_db(delivery, &err);
	if (db == NULL || !wake_send(delivery, db, now, &err) ||
	    !wake_render(delivery, db, now, &err))
		log_warn("delivery.wake", "error=\"%s\"", err.text);
}

void
delivery_stop(struct delivery *delivery)
{
	delivery->stopping = true;
}

struct delivery *
delivery_new(const struct delivery_deps *deps, struct err *err)
{
	struct delivery *d = calloc(1, sizeof *d);
	struct sql *db = writer_db(deps->writer, err);

	if (d == NULL || db == NULL) {
		if (d == NULL)
			err_nomem(err);
		free(d);
		return NULL;
	}
	d->deps = *deps;
	d->render.delivery = d->send.delivery = d;
	if (outbox_recover(db, clock_secs(deps->clock), err))
		return d;
	delivery_free(d);
	return NULL;
}

void
delivery_free(struct delivery *delivery)
{
	if (delivery == NULL)
		return;
	free(delivery->render.addressed);
	free(delivery);
}
