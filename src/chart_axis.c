/*
 * chart_axis.c - the axis of a picture. In: the largest value. Out: a unit and
 * steps whose labels are round and short. Owns nothing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart_part.h"

enum {
	MAX_STEPS = 5,
	/* Amounts have up to five digits before there is a unit. */
	MONEY_LIMIT = 100000,
};

static const char *const byte_units[] = {
    "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

/* The smallest step of 1, 2, 5 times ten to the exponent with which at most
 * MAX_STEPS reach over span units. */
static void
choose_step(struct chart_axis *axis, double span, int min_exponent)
{
	static const int digits[] = {1, 2, 5};

	axis->exponent = (int)floor(log10(span / MAX_STEPS));
	if (axis->exponent < min_exponent)
		axis->exponent = min_exponent;
	for (;; axis->exponent++)
		for (int i = 0; i < 3; i++) {
			axis->digit = digits[i];
			if (axis->digit * pow(10, axis->exponent) * MAX_STEPS >=
			    span * (1 - 1e-9))
				return;
		}
}

static double
step_of(const struct chart_axis *axis)
{
	return axis->digit * pow(10, axis->exponent);
}

static void
set_ends(struct chart_axis *axis, double min, double max)
{
	axis->first = (int)floor(min / axis->unit / step_of(axis) + 1e-9);
	axis->last = (int)ceil(max / axis->unit / step_of(axis) - 1e-9);
	if (axis->last < 1)
		axis->last = 1;
}

void
chart_axis_bytes(struct chart_axis *axis, double max)
{
	size_t u = 0;

	memset(axis, 0, sizeof *axis);
	axis->unit = 1;
	/* An empty axis shows one GiB. */
	if (max <= 0)
		max = 1024.0 * 1024 * 1024;
	while (max / axis->unit >= 1024 &&
	       u + 1 < sizeof byte_units / sizeof *byte_units) {
		axis->unit *= 1024;
		u++;
	}
	snprintf(axis->name, sizeof axis->name, "%s", byte_units[u]);
	choose_step(axis, max / axis->unit, u == 0 ? 0 : -2);
	set_ends(axis, 0, max);
}

static void
name_power(struct chart_axis *axis)
{
	static const char *const digits[] = {"\xe2\x81\xb0", "\xc2\xb9",
	    "\xc2\xb2", "\xc2\xb3", "\xe2\x81\xb4", "\xe2\x81\xb5",
	    "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9"};

	if (axis->power == 3)
		snprintf(axis->name, sizeof axis->name, "thousands");
	else if (axis->power == 6)
		snprintf(axis->name, sizeof axis->name, "millions");
	else if (axis->power > 6)
		snprintf(axis->name, sizeof axis->name, "\xc3\x97 10%s%s",
		    axis->power > 9 ? digits[axis->power / 10 % 10] : "",
		    digits[axis->power % 10]);
}

void
chart_axis_money(struct chart_axis *axis, double min, double max, int digits)
{
	memset(axis, 0, sizeof *axis);
	axis->unit = 1;
	if (max <= 0 && min >= 0)
		max = 1;
	while (fmax(max, -min) / axis->unit >= MONEY_LIMIT) {
		axis->unit *= 1000;
		axis->power += 3;
	}
	name_power(axis);
	choose_step(
	    axis, (max - min) / axis->unit, axis->power > 0 ? -2 : -digits);
	set_ends(axis, min, max);
}

char *
chart_axis_label(
    const struct chart_axis *axis, int step, char out[CHART_LABEL_SIZE])
{
	int value = step * axis->digit;

	if (value == 0 || axis->exponent == 0)
		snprintf(out, CHART_LABEL_SIZE, "%d", value);
	else if (axis->exponent > 0)
		snprintf(
		    out, CHART_LABEL_SIZE, "%d%0*d", value, axis->exponent, 0);
	else
		snprintf(out, CHART_LABEL_SIZE, "%.*f", -axis->exponent,
		    value * pow(10, axis->exponent));
	return out;
}

double
chart_axis_at(const struct chart_axis *axis, double value)
{
	return (value / axis->unit / step_of(axis) - axis->first) /
	       (axis->last - axis->first);
}
