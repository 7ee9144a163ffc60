/*
 * outbox.h - what is to be mailed, and how far it is.
 *
 * A mail is one row, unique by (name, period, revision): planning it again
 * changes nothing. It is due until it is sent or has failed; while it waits
 * for its text it has no message. Its bytes, and so its Message-ID, stay the
 * same at every attempt. Nothing is ever deleted. Owns the tables mail and
 * mail_recipient.
 *
 * After attempt n the next one is n * n minutes away, at most 24 h; five days
 * after the first plan what is not delivered has failed, if it was tried ten
 * times: it may have waited for credentials, or for the server, most of that.
 */
#ifndef SRC_OUTBOX_H
#define SRC_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	OUTBOX_NAME_SIZE = 96,
	OUTBOX_PERIOD_SIZE = 16,
	OUTBOX_TEXT_SIZE = 512,
	OUTBOX_MAX_BACKOFF_SECS = 24 * 3600,
	OUTBOX_GIVE_UP_SECS = 5 * 86400,
	OUTBOX_LEAST_ATTEMPTS = 10, /* over six hours of trying */
};

struct outbox_mail {
	int64_t id;
	char name[OUTBOX_NAME_SIZE];	 /* "monthly", "invoice:acme" */
	char period[OUTBOX_PERIOD_SIZE]; /* "2026-10" */
	int64_t revision;
	int64_t account; /* row; 0: not of one alone */
	char state[16];	 /* due, sending, sent, failed, aside */
	int64_t created_at, next_at, sent_at;
	int64_t attempts;
	char subject[OUTBOX_TEXT_SIZE];
	char last_words[OUTBOX_TEXT_SIZE]; /* what the last attempt said */
	bool has_message;
};

/* What a mail is to be. Lists are texts with commas and without blanks. */
struct outbox_plan {
	const char *name, *period;
	int64_t revision;
	int64_t account;      /* row of its one account; 0: see accounts */
	const char *accounts; /* names; "": all */
	const char *attach;   /* names of attachment.h, or "" */
	const char *to;	      /* its own recipients; "": the credentials' */
};

/* Adds a mail that is due now, inside the caller's transaction; its row is
 * *id, or that of the same mail if it was planned before (*added is false
 * then, and nothing is changed). */
bool outbox_plan(struct sql *db, const struct outbox_plan *plan, int64_t now,
    int64_t *id, bool *added, struct err *err);

/* Whether there is such a mail, whatever its state. */
bool outbox_has(struct sql *db, const char *name, const char *period,
    int64_t revision, bool *has, struct err *err);

/* Appends the plan's accounts and attach. */
bool outbox_contents(struct sql *db, int64_t id, struct buf *accounts,
    struct buf *attach, struct err *err);

/* The mail that is due first, at or before now: of those that have their
 * message, or, with need_message false, of those that still need one. */
bool outbox_next(struct sql *db, int64_t now, bool need_message,
    struct outbox_mail *out, bool *found, struct err *err);

/* When the next mail is due; INT64_MAX when none is. */
bool outbox_next_at(struct sql *db, int64_t *at, struct err *err);

/* How many are not yet sent, and neither failed nor set aside. */
bool outbox_count_waiting(struct sql *db, int64_t *count, struct err *err);

/* Stores the message and for whom it was written ("from" and "to" headers);
 * as a transaction of its own, like everything below. */
bool outbox_set_message(struct sql *db, int64_t id, const char *subject,
    const char *addressed, const char *message, size_t len, struct err *err);

/* Whether the message was written for these addresses. */
bool outbox_is_addressed(struct sql *db, int64_t id, const char *addressed,
    bool *same, struct err *err);

/* Takes the message away again, so that it is written anew; only before the
 * first attempt. */
bool outbox_clear_message(struct sql *db, int64_t id, struct err *err);

/* Sets a mail aside, with a reason: it will not be sent. */
bool outbox_set_aside(
    struct sql *db, int64_t id, const char *reason, struct err *err);

/* Appends the message's bytes to out. */
bool outbox_message(
    struct sql *db, int64_t id, struct buf *out, struct err *err);

/* Marks an attempt as begun, and fixes who is to get the mail if that is not
 * yet known. */
bool outbox_begin(struct sql *db, int64_t id, const char *const *to,
    size_t count, struct err *err);

/* Calls each for the recipients that still wait; before the first attempt
 * these are a mail's own. */
typedef bool outbox_address_fn(void *ctx, const char *address, struct err *err);
bool outbox_waiting(struct sql *db, int64_t id, outbox_address_fn *each,
    void *ctx, struct err *err);

/* What the relay said of one recipient. */
enum outbox_outcome {
	OUTBOX_DELIVERED,
	OUTBOX_RETRY,
	OUTBOX_REFUSED
};
struct outbox_result {
	const char *address;
	enum outbox_outcome outcome;
	int code;
	const char *words;
};

/* Ends an attempt: notes each result, and whether the mail is sent, due
 * again or failed. words is for the mail as a whole: the session's error, or
 * "". */
bool outbox_end(struct sql *db, int64_t id, const struct outbox_result *results,
    size_t count, const char *words, int64_t now, struct err *err);

/* Puts a message that could not be written off, for as long again as it has
 * waited: at least a minute, at most 24 h. That is no attempt, and it is never
 * given up. */
bool outbox_put_off(struct sql *db, int64_t id, const char *words, int64_t now,
    struct err *err);

/* Makes a mail due at once that waits, was given up, was set aside, or was
 * refused for some: who has got it does not get it again. It then has at least
 * OUTBOX_LEAST_ATTEMPTS before it is given up. One that is being sent, or that
 * everybody has got, is ERR_INPUT. */
bool outbox_retry(struct sql *db, int64_t id, int64_t now, struct err *err);

/* Mails that did not reach everybody, planned at or after since: given up,
 * refused for somebody, or tried in vain so far. */
struct outbox_failures {
	int64_t given_up, waiting;
	struct outbox_mail oldest;    /* of them, if there are some */
	char words[OUTBOX_TEXT_SIZE]; /* the last on it: "550 unknown" or "" */
};
bool outbox_load_failures(struct sql *db, int64_t since,
    struct outbox_failures *out, struct err *err);

/* What was being sent when the server died is due again. */
bool outbox_recover(struct sql *db, int64_t now, struct err *err);

/* A mail with its recipients ("a@x sent 250 Ok; b@x due 450 ..."). */
typedef bool outbox_fn(void *ctx, const struct outbox_mail *mail,
    const char *recipients, struct err *err);
/* All mails, oldest first; or the one with that row. */
bool outbox_each(struct sql *db, outbox_fn *each, void *ctx, struct err *err);
bool outbox_load(
    struct sql *db, int64_t id, struct outbox_mail *out, struct err *err);

#endif
