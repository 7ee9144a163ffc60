/*
 * run.h - runs another program and waits for it; for command line verbs, not
 * for anything with a loop.
 */
#ifndef LIB_RUN_H
#define LIB_RUN_H

#include <stdbool.h>

#include "err.h"

/*
 * Starts argv[0], looked up in PATH, and waits for its end. It reads input
 * (NULL: nothing), and what it prints goes to standard error. False, and err
 * with its words, when it is not there or does not exit with 0.
 */
bool run_program(const char *const *argv, const char *input, struct err *err);

#endif
