/*
 * writer.c - holds the server's connection and ledger, and replaces both when
 * a commit has failed. Owns the connection.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"
#include "store.h"
#include "writer.h"

struct writer {
	const struct settings *settings; /* borrowed from the server */
	struct sql *db;			 /* owned; NULL: to be opened anew */
	struct ledger *ledger;		 /* owned, with db */
	struct ledger_limits limits;
	const struct grant_signer *signer; /* borrowed from the server */
	struct tally *tally;		   /* borrowed; NULL: none */
	bool doubt; /* a commit failed: is there room again? */
};

static void
shut(struct writer *w)
{
	ledger_close(w->ledger);
	w->ledger = NULL;
	sql_close(w->db);
	w->db = NULL;
}

static bool
open_again(struct writer *w, struct err *err)
{
	if (w->db != NULL)
		return true;
	w->db = store_open_write(w->settings->db_folder, STORE_SERVER_BUSY_MS,
	    &w->settings->sqlite_opts, err);
	if (w->db == NULL)
		return false;
	w->ledger = ledger_open(w->db, err);
	if (w->ledger == NULL) {
		shut(w);
		return false;
	}
	ledger_set_limits(w->ledger, &w->limits);
	ledger_set_signer(w->ledger, w->signer);
	ledger_set_tally(w->ledger, w->tally);
	return true;
}

struct writer *
writer_open(const struct settings *settings, struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);

	if (w == NULL) {
		err_nomem(err);
		return NULL;
	}
	w->settings = settings;
	w->limits = (struct ledger_limits)LEDGER_LIMITS_DEFAULT;
	if (open_again(w, err))
		return w;
	free(w);
	return NULL;
}

void
writer_set_limits(struct writer *writer, const struct ledger_limits *limits)
{
	writer->limits = *limits;
	if (writer->ledger != NULL)
		ledger_set_limits(writer->ledger, limits);
}

void
writer_set_signer(struct writer *writer, const struct grant_signer *signer)
{
	writer->signer = signer;
	if (writer->ledger != NULL)
		ledger_set_signer(writer->ledger, signer);
}

void
writer_set_tally(struct writer *writer, struct tally *tally)
{
	writer->tally = tally;
	if (writer->ledger != NULL)
		ledger_set_tally(writer->ledger, tally);
}

void
writer_close(struct writer *writer)
{
	struct err err = ERR_INIT;

	if (writer == NULL)
		return;
	if (writer->db != NULL) {
		ledger_rollback(writer->ledger);
		/* Closing would do the same, but could not say so. */
		if (!sql_exec(
			writer->db, "PRAGMA wal_checkpoint(TRUNCATE)", &err))
			log_warn("writer.checkpoint", "error=\"%s\"", err.text);
	}
	shut(writer);
	free(writer);
}

struct ledger *
writer_ledger(struct writer *writer, struct err *err)
{
	return open_again(writer, err) ? writer->ledger : NULL;
}

struct sql *
writer_db(struct writer *writer, struct err *err)
{
	return open_again(writer, err) ? writer->db : NULL;
}

void
writer_changed(struct writer *writer)
{
	if (writer->ledger != NULL)
		ledger_forget(writer->ledger);
}

void
writer_failed(struct writer *writer)
{
	shut(writer);
	writer->doubt = true;
}

/* Whether there is room shows only in a write: of what is there already. */
static bool
try_to_write(struct sql *db, struct err *err)
{
	char text[16];
	int version;

	if (!store_schema(db, &version, err))
		return false;
	snprintf(text, sizeof text, "%d", version);
	return sql_pragma(db, "user_version", text, err);
}

bool
writer_ready(struct writer *writer, struct err *err)
{
	if (!open_again(writer, err) || !sql_begin(writer->db, err))
		return false;
	if (!writer->doubt) {
		sql_rollback(writer->db);
		return true;
	}
	if (!try_to_write(writer->db, err)) {
		sql_rollback(writer->db);
		return false;
	}
	if (!sql_commit(writer->db, err)) {
		writer_failed(writer);
		return false;
	}
	writer->doubt = false;
	return true;
}
