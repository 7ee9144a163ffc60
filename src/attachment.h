/*
 * attachment.h - what can be attached to a mail, by name: the one list of
 * them, which settings, manual and composer share.
 */
#ifndef SRC_ATTACHMENT_H
#define SRC_ATTACHMENT_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/err.h"

enum attachment {
	ATTACHMENT_CSV,
	ATTACHMENT_JSON,
	ATTACHMENT_PDF,
	ATTACHMENT_FOCUS,
	ATTACHMENT_KINDS,
};

enum {
	ATTACHMENT_LIST_SIZE = 64, /* every name, commas and the NUL */
};

/* Its name; the end of its file's name, ".csv"; its media type. */
const char *attachment_name(enum attachment kind);
const char *attachment_ending(enum attachment kind);
const char *attachment_type(enum attachment kind);

/* One bit for each kind. */
unsigned attachment_bit(enum attachment kind);

/* Adds one name to a set. An unknown one, or one that is there already, is
 * ERR_INPUT. */
bool attachment_add(const char *name, unsigned *set, struct err *err);

/* "csv,json" as a set ("" is the empty one), and back in a fixed order. */
bool attachment_parse(const char *list, unsigned *set, struct err *err);
char *attachment_format(unsigned set, char out[ATTACHMENT_LIST_SIZE]);

/* Appends all names as a sentence has them: "csv, json". */
void attachment_put_names(struct buf *out);

#endif
