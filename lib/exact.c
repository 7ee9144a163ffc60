/*
 * exact.c - rationals over GMP's mpq; see exact.h for the promises.
 */
#include <stdlib.h>
#include <string.h>

#include <gmp.h>

#include "exact.h"

struct exact {
	mpq_t q;
};

/* GMP itself ends the process when it finds no memory; so do we here. */
static void *
need(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct exact *
exact_new(void)
{
	struct exact *x = need(malloc(sizeof *x));

	mpq_init(x->q);
	return x;
}

void
exact_free(struct exact *x)
{
	if (x == NULL)
		return;
	mpq_clear(x->q);
	free(x);
}

void
exact_set(struct exact *x, const struct exact *from)
{
	mpq_set(x->q, from->q);
}

void
exact_set_int(struct exact *x, int64_t n)
{
	mpq_set_si(x->q, n, 1);
}

static void
set_u128(mpz_t z, exact_u128 n)
{
	mpz_set_ui(z, (unsigned long)(n >> 64));
	mpz_mul_2exp(z, z, 64);
	mpz_add_ui(z, z, (unsigned long)n);
}

void
exact_set_ratio(struct exact *x, exact_u128 num, uint64_t den)
{
	set_u128(mpq_numref(x->q), num);
	mpz_set_ui(mpq_denref(x->q), den);
	mpq_canonicalize(x->q);
}

bool
exact_parse(struct exact *x, const char *text)
{
	const char *p = text + (text[0] == '-');
	size_t whole = strspn(p, "0123456789");
	size_t part = 0;
	char *digits;

	if (whole == 0)
		return false;
	if (p[whole] == '.') {
		part = strspn(p + whole + 1, "0123456789");
		if (part == 0)
			return false;
	}
	if (p[whole + (part > 0 ? part + 1 : 0)] != '\0')
		return false;
	digits = need(calloc(1, whole + part + 2));
	memcpy(digits, p, whole);
	memcpy(digits + whole, p + whole + 1, part);
	mpz_set_str(mpq_numref(x->q), digits, 10);
	free(digits);
	if (text[0] == '-')
		mpz_neg(mpq_numref(x->q), mpq_numref(x->q));
	mpz_ui_pow_ui(mpq_denref(x->q), 10, part);
	mpq_canonicalize(x->q);
	return true;
}

void
exact_add(struct exact *x, const struct exact *y)
{
	mpq_add(x->q, x->q, y->q);
}

void
exact_sub(struct exact *x, const struct exact *y)
{
	mpq_sub(x->q, x->q, y->q);
}

void
exact_mul(struct exact *x, const struct exact *y)
{
	mpq_mul(x->q, x->q, y->q);
}

void
exact_div(struct exact *x, const struct exact *y)
{
	mpq_div(x->q, x->q, y->q);
}

void
exact_mul_int(struct exact *x, int64_t n)
{
	mpz_mul_si(mpq_numref(x->q), mpq_numref(x->q), n);
	mpq_canonicalize(x->q);
}

void
exact_div_int(struct exact *x, int64_t n)
{
	mpz_mul_si(mpq_denref(x->q), mpq_denref(x->q), n);
	mpq_canonicalize(x->q);
}

int
exact_cmp(const struct exact *a, const struct exact *b)
{
	return mpq_cmp(a->q, b->q);
}

int
exact_sign(const struct exact *x)
{
	return mpq_sgn(x->q);
}

double
exact_double(const struct exact *x)
{
	return mpq_get_d(x->q);
}

char *
exact_fraction(const struct exact *x)
{
	size_t size = mpz_sizeinbase(mpq_numref(x->q), 10) +
		      mpz_sizeinbase(mpq_denref(x->q), 10) + 4;
	char *text = need(malloc(size));

	mpq_get_str(text, 10, x->q);
	return text;
}

/* GMP's own reader takes white space, and a zero to divide by. */
bool
exact_parse_fraction(struct exact *x, const char *text)
{
	const char *num = text + (text[0] == '-');
	size_t len = strspn(num, "0123456789");
	const char *den = num + len + (num[len] == '/');
	size_t den_len = strspn(den, "0123456789");

	if (len == 0 || (num[len] != '\0' && num[len] != '/') ||
	    (num[len] == '/' && (den_len == 0 || den[den_len] != '\0' ||
				    strspn(den, "0") == den_len)))
		return false;
	if (mpq_set_str(x->q, text, 10) != 0)
		return false;
	mpq_canonicalize(x->q);
	return true;
}

/* units = x * 10^digits, rounded to an integer. */
static void
to_units(
    mpz_t units, const struct exact *x, int digits, enum exact_rounding mode)
{
	mpz_t num, twice, rest;
	int half;

	mpz_inits(num, twice, rest, NULL);
	mpz_ui_pow_ui(num, 10, (unsigned long)digits);
	mpz_mul(num, num, mpq_numref(x->q));
	/* Toward zero, then one further when the rest is over a half. */
	mpz_tdiv_qr(units, rest, num, mpq_denref(x->q));
	mpz_mul_2exp(twice, rest, 1);
	half = mpz_cmpabs(twice, mpq_denref(x->q));
	if (half > 0 ||
	    (half == 0 && (mode == EXACT_HALF_UP || mpz_odd_p(units)))) {
		if (mpq_sgn(x->q) < 0)
			mpz_sub_ui(units, units, 1);
		else
			mpz_add_ui(units, units, 1);
	}
	mpz_clears(num, twice, rest, NULL);
}

static void
from_units(struct exact *x, const mpz_t units, int digits)
{
	mpz_set(mpq_numref(x->q), units);
	mpz_ui_pow_ui(mpq_denref(x->q), 10, (unsigned long)digits);
	mpq_canonicalize(x->q);
}

void
exact_round(struct exact *x, int digits, enum exact_rounding mode)
{
	mpz_t units;

	mpz_init(units);
	to_units(units, x, digits, mode);
	from_units(x, units, digits);
	mpz_clear(units);
}

void
exact_cut(struct exact *x, int digits)
{
	mpz_t units;

	mpz_init(units);
	mpz_ui_pow_ui(units, 10, (unsigned long)digits);
	mpz_mul(units, units, mpq_numref(x->q));
	mpz_fdiv_q(units, units, mpq_denref(x->q));
	from_units(x, units, digits);
	mpz_clear(units);
}

struct cut {
	size_t index;
	mpq_t lost; /* what cutting took away, in units: 0 <= lost < 1 */
};

static int
compare_cuts(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	int order = mpq_cmp(y->lost, x->lost);

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : 1;
}

void
exact_share(const struct exact *total, struct exact *const *lines, size_t count,
    int digits, struct exact **shares)
{
	struct exact *unit, *whole;
	struct cut *cuts;
	mpq_t scaled;
	mpz_t units, missing, each;

	if (count == 0)
		return;
	cuts = need(calloc(count, sizeof *cuts));
	unit = exact_new();
	whole = exact_new();
	mpz_inits(units, missing, each, NULL);
	mpq_init(scaled);
	to_units(missing, total, digits, EXACT_HALF_UP);
	mpz_ui_pow_ui(mpq_denref(unit->q), 10, (unsigned long)digits);
	mpz_set_ui(mpq_numref(unit->q), 1);
	for (size_t i = 0; i < count; i++) {
		cuts[i].index = i;
		mpq_init(cuts[i].lost);
		mpq_div(scaled, lines[i]->q, unit->q);
		mpz_fdiv_q(units, mpq_numref(scaled), mpq_denref(scaled));
		mpq_set_z(cuts[i].lost, units);
		mpq_sub(cuts[i].lost, scaled, cuts[i].lost);
		mpz_sub(missing, missing, units);
		from_units(shares[i], units, digits);
	}
	qsort(cuts, count, sizeof *cuts, compare_cuts);
	mpz_fdiv_qr_ui(each, missing, missing, count);
	from_units(whole, each, digits);
	for (size_t i = 0; i < count; i++)
		exact_add(shares[i], whole);
	for (size_t i = 0; i < count && mpz_sgn(missing) > 0; i++) {
		exact_add(shares[cuts[i].index], unit);
		mpz_sub_ui(missing, missing, 1);
	}
	for (size_t i = 0; i < count; i++)
		mpq_clear(cuts[i].lost);
	mpz_clears(units, missing, each, NULL);
	mpq_clear(scaled);
	exact_free(unit);
	exact_free(whole);
	free(cuts);
}

/* The digits of units with a point before the last `digits` of them. */
static char *
print_units(const mpz_t units, int digits)
{
	size_t places = (size_t)digits;
	size_t size = mpz_sizeinbase(units, 10) + places + 4;
	char *raw = need(malloc(size)), *out = need(calloc(1, size + places));
	const char *d;
	size_t len, n = 0;

	mpz_get_str(raw, 10, units);
	d = raw;
	if (*d == '-')
		out[n++] = *d++;
	len = strlen(d);
	if (len <= places) {
		out[n++] = '0';
	} else {
		memcpy(out + n, d, len - places);
		n += len - places;
		d += len - places;
		len = places;
	}
	if (places > 0) {
		out[n++] = '.';
		memset(out + n, '0', places - len);
		n += places - len;
		memcpy(out + n, d, len);
	}
	free(raw);
	return out;
}

char *
exact_fixed(const struct exact *x, int digits)
{
	mpz_t units;
	char *text;

	mpz_init(units);
	to_units(units, x, digits, EXACT_HALF_UP);
	text = print_units(units, digits);
	mpz_clear(units);
	return text;
}

char *
exact_decimal(const struct exact *x, int max)
{
	char *text = exact_fixed(x, max);
	size_t len = strlen(text);

	if (max == 0)
		return text;
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len] = '\0';
	if (strcmp(text, "-0") == 0)
		memcpy(text, "0", sizeof "0");
	return text;
}

static void
spill(struct exact_sum *sum, exact_u128 num, uint64_t den)
{
	struct exact *term = exact_new();

	if (sum->spill == NULL)
		sum->spill = exact_new();
	exact_set_ratio(term, num, den);
	exact_add(sum->spill, term);
	exact_free(term);
}

void
exact_sum_add(struct exact_sum *sum, exact_u128 num, uint64_t den)
{
	exact_u128 *slot;

	for (size_t i = 0; i < EXACT_SUM_SLOTS; i++) {
		if (sum->slots[i].den == 0)
			sum->slots[i].den = den;
		if (sum->slots[i].den != den)
			continue;
		slot = &sum->slots[i].num;
		if (__builtin_add_overflow(*slot, num, slot)) {
			/* The wrapped sum is exact modulo 2^128. */
			spill(sum, *slot, den);
			spill(sum, ~(exact_u128)0, den);
			spill(sum, 1, den);
			*slot = 0;
		}
		return;
	}
	spill(sum, num, den);
}

void
exact_sum_get(const struct exact_sum *sum, struct exact *out)
{
	struct exact *term;

	/* Most sums have one denominator. Slots are taken in their order. */
	if (sum->slots[0].den == 0)
		exact_set_int(out, 0);
	else
		exact_set_ratio(out, sum->slots[0].num, sum->slots[0].den);
	if (sum->spill != NULL)
		exact_add(out, sum->spill);
	if (sum->slots[1].den == 0)
		return;
	term = exact_new();
	for (size_t i = 1; i < EXACT_SUM_SLOTS; i++) {
		if (sum->slots[i].den == 0)
			continue;
		exact_set_ratio(term, sum->slots[i].num, sum->slots[i].den);
		exact_add(out, term);
	}
	exact_free(term);
}

void
exact_sum_fini(struct exact_sum *sum)
{
	exact_free(sum->spill);
	memset(sum, 0, sizeof *sum);
}
