/*
 * profile.h - profiles of this process: where its time goes, and what its
 * memory is for. The one door to gperftools, which is loaded and not linked:
 * a program that does not ask for profiles does not have it.
 */
#ifndef LIB_PROFILE_H
#define LIB_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * For the first line of main: samples of the heap are kept by gperftools'
 * allocator, which has to be there from the beginning, so the program starts
 * itself again with it. Returns in the process that has it; or where it is
 * not installed, or does not go with how the program was built.
 */
void profile_preload(char **argv);

struct profile;

/* NULL and err (ERR_INPUT) when the library is not installed. */
struct profile *profile_open(struct err *err);
void profile_close(struct profile *profile);

/* Counts from now on where the process is, a hundred times in a second of its
 * time. One at a time. */
bool profile_start(struct profile *profile, struct err *err);

/* Ends that, and adds what was counted to out. */
bool profile_stop(struct profile *profile, struct buf *out, struct err *err);

/* Adds a sample of the memory that is in use, by who took it. ERR_INPUT
 * without gperftools' allocator. */
bool profile_heap(struct profile *profile, struct buf *out, struct err *err);

/* Names of functions by an address in them; borrowed until they are closed,
 * NULL for what is not known. NULL and err without memory. */
struct profile_symbols;
struct profile_symbols *profile_symbols_open(struct err *err);
void profile_symbols_close(struct profile_symbols *symbols);
const char *profile_symbols_find(
    const struct profile_symbols *symbols, uint64_t address);

#endif
