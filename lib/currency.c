/*
 * currency.c - the active codes of ISO 4217, list one, with the decimals of
 * their minor units; metals, bonds and test codes have none and are left out.
 */
#include <string.h>

#include "currency.h"

static const struct {
	int digits;
	const char *codes; /* three letters each, a blank between */
} lists[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
    {4, "CLF UYW"},
    {2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD "
	"BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP "
	"COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
	"GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS "
	"KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
	"MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
	"PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
	"SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
	"USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"},
};

int
currency_digits(const char *code)
{
	if (strlen(code) != 3)
		return -1;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const char *c = lists[i].codes;; c += 4) {
			if (strncmp(c, code, 3) == 0)
				return lists[i].digits;
			if (c[3] == '\0')
				break;
		}
	return -1;
}
