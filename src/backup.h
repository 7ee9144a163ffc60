/*
 * backup.h - a copy of the database while it is written.
 *
 * The copy is one file that needs no other, of one state: everything that
 * was answered before it was begun is in it, and what is committed meanwhile
 * is not. Whoever writes is not held up, but shares disk and processor.
 */
#ifndef SRC_BACKUP_H
#define SRC_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "fact.h"
#include "lib/err.h"
#include "lib/sql.h"

enum {
	/* Copied at a time (pages of 4 KiB), and the pause behind it: at most
	 * 250 MiB/s. */
	BACKUP_STEP_PAGES = 256,
	BACKUP_PAUSE_MS = 4,
	/* Steps after which the copy is made durable: 4 MiB at a time keep
	 * the server's own syncs from waiting for a large one. */
	BACKUP_SYNC_STEPS = 4,
};

struct backup_result {
	struct fact_head head; /* of the ledger in the copy */
	int64_t size_bytes;
};

/*
 * Copies the database of folder to path: written next to it, made durable,
 * checked (SQLite's quick check, and the ledger's head), then put in its
 * place with mode 0600. Without overwrite a file that is there stays and is
 * ERR_INPUT; so is, always, a path that is the database itself or has a
 * write-ahead log beside it. on_step is asked after each step; when it
 * returns false, nothing is left of the copy.
 */
bool backup_run(const char *folder, const char *path, bool overwrite,
    sql_copy_fn *on_step, void *ctx, struct backup_result *result,
    struct err *err);

#endif
