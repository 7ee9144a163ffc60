/*
 * day_code.h - the samples of one volume and day as the few bytes that a row
 * of the table day keeps of them.
 *
 * Numbers are LEB128 (7 bits a byte, the lowest first); "runs" are a list of
 * small numbers as pairs of a value and how often it follows itself.
 *
 *     flags     1 byte, below; the two highest bits are the version, 01
 *     shift     1 byte: bits that are 0 at the end of every size, cut off
 *     hours     3 bytes, the first hour's bit lowest; without it all 24 are
 *               there
 *     instants  3 bytes: the hours that keep them
 *     entries   runs: entries per hour; without it each hour has one
 *     kinds     their number (without it one), then of each kind of entry:
 *               account, name, number of bins (0: one, of age 0), and of each
 *               bin its age, its first size, and how its others are coded
 *     kind      runs: the kind of each entry; without it all have the first
 *     counts    runs: samples of each entry that is neither the last one of
 *               its hour nor in an hour with instants; without it 1, as those
 *     instants  the unit (10^-9, -6, -3 or 1 s: 0 to 3); of each that is kept
 *               the difference to the one before, as zigzag (0, -1, 1, -2 ..)
 *     sizes     a stream of bits: each size but the first ones, as the
 *               difference to the one before of the same kind and bin, again
 *               as zigzag, in an exponential Golomb code
 *
 * How a bin's sizes are coded is 1 byte: the code's parameter k, at most 56;
 * with 0x40 added each difference is k bits and no code; with 0x80 added a bit
 * goes before each that says whether it differs at all; 0xff says that none
 * does. From a sum of n samples to one of m the size before counts as m/n of
 * itself. Sizes of 2^55 and more (behind the shift) make the row a wide one:
 * all are then numbers, one behind the other.
 *
 * Rows that the same samples make are the same, byte for byte.
 */
#ifndef SRC_DAY_CODE_H
#define SRC_DAY_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day_hours.h"
#include "lib/buf.h"
#include "lib/err.h"

enum {
	DAY_CODE_HOURS = 1,	/* not all hours are there */
	DAY_CODE_ENTRIES = 2,	/* some have several entries */
	DAY_CODE_KINDS = 4,	/* there are several kinds */
	DAY_CODE_COUNTS = 8,	/* some entries are sums */
	DAY_CODE_INSTANTS = 16, /* some hours keep instants */
	DAY_CODE_WIDE = 32,
	DAY_CODE_VERSION = 64,
};

/* Appends the bytes of h, which are entries of one day (unix seconds / 86400)
 * and at least one. */
bool day_encode(
    const struct day_hours *h, int64_t day, struct buf *out, struct err *err);

/* The reverse; h keeps its memory. Whatever the bytes are, nothing outside
 * them is read; those that no day_encode has made are ERR_BROKEN as far as
 * that shows. */
bool day_decode(struct day_hours *h, int64_t day, const void *data, size_t len,
    struct err *err);

#endif
