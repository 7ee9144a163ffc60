/*
 * read_volume_part.h - one volume as somebody may see it; for the files of
 * read_volumes.
 */
#ifndef SRC_READ_VOLUME_PART_H
#define SRC_READ_VOLUME_PART_H

#include "read.h"
#include "usage.h"
#include "volume_state.h"

/* A name of a volume. */
struct read_name {
	int64_t id;
	char *text; /* owned */
};

/* A volume, and what may be seen of it. The zero value is empty. */
struct read_volume {
	struct volume_state state; /* owned */
	struct account *accounts;  /* owned: all, by name */
	size_t account_count;
	/* From which month on (year * 12 + month - 1) there may be samples
	 * that may be seen. */
	int64_t first_month;
	/* Somebody sees an account of it only, and there are others. */
	bool partial;
	/* When partial: the names that the account's samples state. */
	struct read_name *names; /* owned; as they came first */
	size_t name_count;
	size_t last_name; /* index of the last one */
};

/* Loads the volume of the path's first id, inside the caller's transaction.
 * READ_MISSING: it is not there, or nothing of it may be seen; the reply is
 * set. read_volume_fini gives it back whatever comes of it. */
enum read_found read_volume_load(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct read_volume *out, struct err *err);
void read_volume_fini(struct read_volume *v);

/* Fills names, when partial. */
bool read_volume_load_names(struct sql *db, const struct read_call *call,
    struct read_volume *v, struct err *err);

/* The name of an account by its row; "" when there is none. */
const char *read_account_name(
    const struct account *list, size_t count, int64_t id);

#endif
