/*
 * exact.h - exact rational numbers for money, and rounding them once.
 *
 * The one door to GMP. A value is a fraction of two integers of any size;
 * nothing is rounded until exact_round or exact_share is told to, and no
 * floating point is involved. Memory trouble inside GMP ends the process:
 * rating runs in a child, never in the server.
 */
#ifndef LIB_EXACT_H
#define LIB_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exact;

__extension__ typedef unsigned __int128 exact_u128;

/* Zero. */
struct exact *exact_new(void);
void exact_free(struct exact *x);

void exact_set(struct exact *x, const struct exact *from);
void exact_set_int(struct exact *x, int64_t n);
/* num/den; den is not 0. */
void exact_set_ratio(struct exact *x, exact_u128 num, uint64_t den);

/* Takes -?digits[.digits], nothing else; false leaves x alone. */
bool exact_parse(struct exact *x, const char *text);

/* The whole fraction as text, "-3/4", for keeping; free() it. Reading one that
 * is no such text is false and leaves x alone. */
char *exact_fraction(const struct exact *x);
bool exact_parse_fraction(struct exact *x, const char *text);

/* x = x op y; y is not 0 in a division. */
void exact_add(struct exact *x, const struct exact *y);
void exact_sub(struct exact *x, const struct exact *y);
void exact_mul(struct exact *x, const struct exact *y);
void exact_div(struct exact *x, const struct exact *y);
void exact_mul_int(struct exact *x, int64_t n);
void exact_div_int(struct exact *x, int64_t n);

int exact_cmp(const struct exact *a, const struct exact *b);
int exact_sign(const struct exact *x);

enum exact_rounding {
	EXACT_HALF_UP,	 /* a half goes away from zero */
	EXACT_HALF_EVEN, /* a half goes to the even neighbour */
};

/* About as much; for pictures, never for figures. */
double exact_double(const struct exact *x);

/* Rounds x to digits decimals. */
void exact_round(struct exact *x, int digits, enum exact_rounding mode);

/* Cuts x down to digits decimals: never above x, also below zero. */
void exact_cut(struct exact *x, int digits);

/*
 * Hands a document's rounded total out to its lines by largest remainder:
 * every line is cut down to digits decimals, and what is then missing from
 * total goes, one unit of the last decimal each, to the lines that lost most;
 * ties to the earlier line. shares has count values (made by the caller) that
 * then add up to total, whatever it is: more units than lines, or fewer than
 * none, are handed out in rounds. total has digits decimals; with no line it
 * is handed to nobody.
 */
void exact_share(const struct exact *total, struct exact *const *lines,
    size_t count, int digits, struct exact **shares);

/* As text; free() it. With exactly digits decimals (rounded half up), or
 * with as many as it needs, at most max. */
char *exact_fixed(const struct exact *x, int digits);
char *exact_decimal(const struct exact *x, int max);

/*
 * A running sum of fractions num/den over very many terms and few different
 * denominators: 128-bit integers, with a spill into a rational before one
 * would overflow. The zero value is an empty sum.
 */
enum {
	EXACT_SUM_SLOTS = 4
};
struct exact_sum {
	struct {
		uint64_t den; /* 0: free */
		exact_u128 num;
	} slots[EXACT_SUM_SLOTS];
	struct exact *spill; /* owned; NULL until it is needed */
};

void exact_sum_add(struct exact_sum *sum, exact_u128 num, uint64_t den);
void exact_sum_get(const struct exact_sum *sum, struct exact *out);
void exact_sum_fini(struct exact_sum *sum);

#endif
