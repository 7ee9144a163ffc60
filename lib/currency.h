/*
 * currency.h - ISO 4217: which currencies there are, and how many decimals
 * their minor unit has.
 */
#ifndef LIB_CURRENCY_H
#define LIB_CURRENCY_H

/* Decimals of the minor unit of a three-letter code in capitals, 0 to 4;
 * -1 when the code is not an active currency of ISO 4217. */
int currency_digits(const char *code);

#endif
