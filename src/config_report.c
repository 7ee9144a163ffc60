/*
 * config_report.c - a [[report]] as it is written becomes a report of the
 * schedule. In: words. Out: an instant, lists. Owns nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "config_key.h"
#include "lib/utc.h"

enum {
	LAST_DAY = 28, /* every month has it */
};

static bool
take_name(const char *name, char out[SCHEDULE_NAME_SIZE], struct err *err)
{
	if (name == NULL)
		return err_set(err, ERR_INPUT, "this [[report]] has no name");
	if (!account_name_valid(name) || strlen(name) >= SCHEDULE_NAME_SIZE)
		return err_set(err, ERR_INPUT,
		    "the name of a [[report]] has 1 to %d of a-z 0-9 . _ - and "
		    "begins with a letter or digit, not \"%.60s\"",
		    SCHEDULE_NAME_SIZE - 1, name);
	if (strcmp(name, SCHEDULE_CUSTOMER) == 0)
		return err_set(err, ERR_INPUT,
		    "no [[report]] can be named " SCHEDULE_CUSTOMER
		    ": mails to the accounts themselves are");
	snprintf(out, SCHEDULE_NAME_SIZE, "%s", name);
	return true;
}

static bool
take_every(const char *word, enum schedule_every *out, struct err *err)
{
	if (word == NULL)
		return true;
	for (*out = SCHEDULE_DAY; *out <= SCHEDULE_QUARTER; (*out)++)
		if (strcmp(word, schedule_every_name(*out)) == 0)
			return true;
	*out = SCHEDULE_NEVER;
	return err_set(err, ERR_INPUT,
	    "every is day, week, month or quarter, not \"%.60s\"", word);
}

/* --- the instant --- */

/* Two digits below limit. */
static bool
take_two(const char *text, int limit, int *out)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*out = (text[0] - '0') * 10 + (text[1] - '0');
	return *out < limit;
}

/* "06:00", and nothing behind it. */
static bool
take_time(const char *text, int64_t *secs)
{
	int hour, minute;

	if (strlen(text) != strlen("06:00") || text[2] != ':' ||
	    !take_two(text, 24, &hour) || !take_two(text + 3, 60, &minute))
		return false;
	*secs += hour * (int64_t)UTC_HOUR_SECS + minute * INT64_C(60);
	return true;
}

/* "Mon 06:00" */
static bool
take_weekday(const char *text, int64_t *secs)
{
	static const char days[][5] = {
	    "Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "};

	for (int i = 0; i < 7; i++)
		if (strncmp(text, days[i], 4) == 0) {
			*secs = i * (int64_t)UTC_DAY_SECS;
			return take_time(text + 4, secs);
		}
	return false;
}

/* "1T06:00" */
static bool
take_day(const char *text, int64_t *secs)
{
	char *end;
	long day;

	if (text[0] < '1' || text[0] > '9')
		return false;
	day = strtol(text, &end, 10);
	if (*end != 'T' || day > LAST_DAY)
		return false;
	*secs = (day - 1) * UTC_DAY_SECS;
	return take_time(end + 1, secs);
}

/* What is left out is six o'clock, of the first day. */
static bool
take_at(
    const char *at, enum schedule_every every, int64_t *secs, struct err *err)
{
	static const char *const forms[] = {"", "a time such as \"06:00\"",
	    "a day and a time such as \"Mon 06:00\"",
	    "a day from 1 to 28 and a time such as \"1T06:00\"",
	    "a day from 1 to 28 and a time such as \"1T06:00\""};

	*secs = 0;
	if (every == SCHEDULE_NEVER)
		return at == NULL ||
		       err_set(err, ERR_INPUT, "at needs every to go with it");
	if (at == NULL)
		return take_time("06:00", secs);
	if (every == SCHEDULE_DAY    ? take_time(at, secs)
	    : every == SCHEDULE_WEEK ? take_weekday(at, secs)
				     : take_day(at, secs))
		return true;
	return err_set(err, ERR_INPUT,
	    "with every = \"%s\" at is %s, not \"%.60s\"",
	    schedule_every_name(every), forms[every], at);
}

/* --- lists --- */

/* An empty list would mean nobody, and a missing one means the default. */
static bool
take_list(const char *name, const char *list, const char *missing, char **out,
    struct err *err)
{
	if (list != NULL && list[0] == '\0')
		return err_set(err, ERR_INPUT,
		    "%s is empty; leave it out for %s", name, missing);
	*out = strdup(list != NULL ? list : "");
	return *out != NULL || err_nomem(err);
}

static bool
take_attach(const char *list, char **out, struct err *err)
{
	*out = strdup(list != NULL ? list : "csv");
	return *out != NULL || err_nomem(err);
}

static bool
check_whole(const struct schedule_report *r, struct err *err)
{
	if (r->every == SCHEDULE_NEVER && !r->after_close)
		return err_set(err, ERR_INPUT,
		    "the [[report]] %s needs every, or after_close = true",
		    r->name);
	if (r->after_close &&
	    (r->every == SCHEDULE_DAY || r->every == SCHEDULE_WEEK))
		return err_set(err, ERR_INPUT,
		    "the [[report]] %s has after_close, and a period that is "
		    "closed is no %s; leave every out, or give it a [[report]] "
		    "of its own",
		    r->name, schedule_every_name(r->every));
	return true;
}

bool
config_report_take(const struct config_block *block,
    struct schedule_report *out, struct err *err)
{
	out->after_close = block->after_close;
	return take_name(block->name, out->name, err) &&
	       take_every(block->every, &out->every, err) &&
	       take_at(block->at, out->every, &out->offset_secs, err) &&
	       take_list("to", block->to, "smtpTo of the credentials", &out->to,
		   err) &&
	       take_list("accounts", block->accounts, "all accounts",
		   &out->accounts, err) &&
	       take_attach(block->attach, &out->attach, err) &&
	       check_whole(out, err);
}
