/*
 * page_part.c - what several pages load. In: the reader's accounts. Out: bills
 * and sums. Owns what the structs say.
 */
#include <stdlib.h>
#include <string.h>

#include "bill.h"
#include "page_part.h"

/* --- bills --- */

static bool
list_accounts(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err)
{
	if (account == NULL)
		account = page->scope;
	if (account == NULL)
		return account_list(
		    page->db, &out->accounts, &out->count, err);
	out->accounts = malloc(sizeof *out->accounts);
	if (out->accounts == NULL)
		return err_nomem(err);
	out->accounts[0] = *account;
	out->count = 1;
	return true;
}

bool
page_bills_load(struct page *page, const struct account *account,
    struct page_bills *out, struct err *err)
{
	struct invoice_period before;
	size_t count;

	memset(out, 0, sizeof *out);
	invoice_month_of(page->now, &out->period);
	invoice_period_before(&out->period, &before);
	if (!list_accounts(page, account, out, err))
		return false;
	count = out->count;
	out->now = calloc(count + 1, sizeof *out->now);
	out->before = calloc(count + 1, sizeof *out->before);
	if (out->now == NULL || out->before == NULL)
		return err_nomem(err);
	return bill_build(page->db, out->accounts, count, &out->period,
		   page->now, out->now, err) &&
	       bill_build(page->db, out->accounts, count, &before, page->now,
		   out->before, err);
}

void
page_bills_fini(struct page_bills *bills)
{
	for (size_t i = 0; bills->now != NULL && i < bills->count; i++)
		invoice_fini(&bills->now[i]);
	for (size_t i = 0; bills->before != NULL && i < bills->count; i++)
		invoice_fini(&bills->before[i]);
	free(bills->now);
	free(bills->before);
	free(bills->accounts);
	memset(bills, 0, sizeof *bills);
}

const char *
page_bills_change(const struct summary_page *words)
{
	const struct summary_page_section *s = words->sections;

	for (size_t i = 0; i < s->pair_count; i++)
		if (strcmp(s->pairs[i].label, "Change") == 0)
			return s->pairs[i].value;
	return "";
}

/* --- what is stored --- */

void
page_stored_add(
    struct page_stored *stored, const struct volume_state *v, int64_t now)
{
	const char *word = volume_state_word(v, now);

	if (strcmp(word, "missing") == 0)
		stored->missing++;
	if (strcmp(word, "live") != 0 || v->last.hour < 0)
		return;
	stored->volumes++;
	stored->bytes += (uint64_t)v->last.bytes;
}

bool
page_stored_load(struct page *page, const struct page_bills *bills,
    struct page_stored *out, struct err *err)
{
	struct volume_state *list = NULL;
	size_t count = 0;

	if (!volume_state_list(page->db, page->now, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		for (size_t a = 0; a < bills->count; a++)
			if (bills->accounts[a].id == list[i].last.account)
				page_stored_add(
				    &out[a], &list[i], page->now);
	volume_state_free(list, count);
	return true;
}

/* --- for all --- */

void
page_volume_link(struct buf *out, const struct uuid *uuid, const char *name)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(uuid, id);
	page_link(out, "/volumes/", id,
	    name != NULL && name[0] != '\0' ? name : id);
}

bool
page_find_account(struct page *page, const char *name, struct account *out,
    bool *found, struct err *err)
{
	struct account *list = NULL;
	size_t count = 0;

	*found = false;
	if (page->scope != NULL) {
		*found = strcmp(page->scope->name, name) == 0;
		*out = *page->scope;
		return true;
	}
	if (!account_list(page->db, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0) {
			*out = list[i];
			*found = true;
		}
	free(list);
	return true;
}
