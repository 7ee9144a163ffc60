/*
 * ledger_part.h - what the files of ledger.h share, for ledger*.c alone.
 */
#ifndef SRC_LEDGER_PART_H
#define SRC_LEDGER_PART_H

#include "ledger.h"

/* The row of a report of a source, with its answer. */
bool ledger_answer_insert(struct sql *db, int64_t source,
    const struct report *report, const struct ledger_answer *answer,
    struct err *err);

/* What the fact of a report says of its answer. */
void ledger_answer_detail(
    const struct ledger_answer *answer, char *out, size_t size);

#endif
