/*
 * writer.h - the server's one connection that writes.
 *
 * Everything that the server changes goes through it, so that a group of
 * reports, a mail's state and a schedule never wait for each other's lock.
 * When a commit fails, what is on disk is not known: the connection is thrown
 * away and opened anew before anything else is written.
 */
#ifndef SRC_WRITER_H
#define SRC_WRITER_H

#include <stdbool.h>

#include "ledger.h"
#include "lib/err.h"
#include "lib/sql.h"
#include "settings.h"

struct writer;

/* Opens the database (see store_open_write) and the ledger over it. settings
 * is borrowed for the writer's life. */
struct writer *writer_open(const struct settings *settings, struct err *err);

/* Limits of its ledger, from now on. */
void writer_set_limits(
    struct writer *writer, const struct ledger_limits *limits);

/* What its ledger signs grants with, from now on; borrowed. */
void writer_set_signer(
    struct writer *writer, const struct grant_signer *signer);

/* As ledger_set_tally; borrowed until writer_close. */
void writer_set_tally(struct writer *writer, struct tally *tally);

/* Rolls back what is open, folds the WAL back into the database, closes. */
void writer_close(struct writer *writer);

/* The ledger and the connection, opened anew if the last commit failed; NULL
 * and err (ERR_BUSY) while that does not work. Ask for them at every use. */
struct ledger *writer_ledger(struct writer *writer, struct err *err);
struct sql *writer_db(struct writer *writer, struct err *err);

/* Tells the writer that something else than reports has changed what reports
 * rest on, through its connection: what the ledger knows is forgotten. */
void writer_changed(struct writer *writer);

/* Tells the writer that a transaction could not be committed. */
void writer_failed(struct writer *writer);

/* Whether the database can be written now: takes the write lock and gives it
 * back; after a commit that failed it writes, until that works. Not while a
 * transaction is open. */
bool writer_ready(struct writer *writer, struct err *err);

#endif
