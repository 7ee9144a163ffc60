/*
 * prompt.h - asks a person for a secret without showing it.
 */
#ifndef LIB_PROMPT_H
#define LIB_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Replaces what is in out by one line, without its line end. When standard
 * input is a terminal, question is shown on the controlling terminal and echo
 * is off until the line is there; a signal that ends the program restores it
 * first. Otherwise the line is the first of standard input, and no question
 * is asked. *eof: the input ended before the first character. A line of more
 * than limit bytes is ERR_INPUT. file_wipe the buffer afterwards.
 */
bool prompt_secret(const char *question, size_t limit, struct buf *out,
    bool *eof, struct err *err);

#endif
