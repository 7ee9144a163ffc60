/*
 * read_pages.c - pages as answers. In: what is asked for. Out: documents with
 * the headers that keep a browser from doing more with them.
 */
#include "pages.h"
#include "read_pages.h"

static void
begin(struct sql *db, const struct read_call *call, struct read_reply *reply,
    struct page *page)
{
	*page = (struct page){.db = db,
	    .scope = call->scope,
	    .now = call->now,
	    .expected_secs = call->expected_secs,
	    .certificate_ends_at = call->certificate_ends_at,
	    .out = &reply->body};
	read_header(reply, "Content-Security-Policy", page_policy);
	read_header(reply, "X-Content-Type-Options", "nosniff");
	read_header(reply, "Referrer-Policy", "same-origin");
	read_header(reply, "Cache-Control", "no-store");
}

/* Nothing may be left of a page that is missing. */
static bool
end(struct page *page, struct read_reply *reply, bool ok, struct err *err)
{
	if (!ok || !page->missing)
		return ok;
	reply->status = 404;
	buf_clear(&reply->body);
	return page_nothing(page, err);
}

bool
read_overview_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_overview(&page, read_param(call, "page"), err), err);
}

bool
read_account_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_account(
		&page, call->route->ids[0], read_param(call, "page"), err),
	    err);
}

bool
read_volume_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	const struct page_span_asked asked = {.day = read_param(call, "day"),
	    .month = read_param(call, "month"),
	    .year = read_param(call, "year")};
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_volume(&page, call->route->ids[0], &asked, err), err);
}

bool
read_periods_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_periods(&page, read_param(call, "account"),
		read_param(call, "page"), err),
	    err);
}

bool
read_invoice_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_invoice(
		&page, call->route->ids[0], read_param(call, "page"), err),
	    err);
}

bool
read_line_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_line(&page, call->route->ids[0], call->route->ids[1],
		read_param(call, "day"), err),
	    err);
}

bool
read_sources_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_sources(&page, read_param(call, "page"), err), err);
}

bool
read_mails_page(struct sql *db, const struct read_call *call,
    struct read_reply *reply, struct err *err)
{
	struct page page;

	begin(db, call, reply, &page);
	return end(&page, reply,
	    page_mails(&page, read_param(call, "page"), err), err);
}
