/*
 * read_routes.c - the table of what may be read: path, role, parameters,
 * formats, function.
 */
#include <assert.h>
#include <stddef.h>

#include "read.h"
#include "read_invoices.h"
#include "read_lists.h"
#include "read_pages.h"
#include "read_periods.h"
#include "read_usage.h"
#include "read_volumes.h"

#define JSON READ_BIT(READ_JSON)
#define CSV READ_BIT(READ_CSV)
#define TEXT READ_BIT(READ_TEXT)
#define DOCUMENT \
	(JSON | CSV | TEXT | HTML | READ_BIT(READ_PDF) | READ_BIT(READ_FOCUS))
#define HTML READ_BIT(READ_HTML)

const struct read_route read_routes[] = {
    {"/v1/accounts", ROUTE_READER, "limit cursor format", JSON | CSV, READ_JSON,
	read_accounts},
    {"/v1/volumes", ROUTE_READER, "account state limit cursor format",
	JSON | CSV, READ_JSON, read_volumes},
    {"/v1/volumes/{}", ROUTE_READER, "format", JSON | CSV, READ_JSON,
	read_volume},
    {"/v1/volumes/{}/hours", ROUTE_READER, "from to format", JSON | CSV,
	READ_JSON, read_volume_hours},
    {"/v1/usage", ROUTE_READER, "from to step group_by account format",
	JSON | CSV, READ_JSON, read_usage},
    {"/v1/periods", ROUTE_READER, "account limit cursor format", JSON | CSV,
	READ_JSON, read_periods},
    {"/v1/periods/{}", ROUTE_READER, "account format", JSON | CSV, READ_JSON,
	read_period},
    {"/v1/invoices", ROUTE_READER, "account limit cursor format", JSON | CSV,
	READ_JSON, read_invoices},
    {"/v1/invoices/{}", ROUTE_READER, "format", DOCUMENT, READ_JSON,
	read_invoice},
    {"/v1/invoices/{}/lines/{}/explain", ROUTE_READER, "hour format",
	JSON | TEXT, READ_JSON, read_explain},
    {"/v1/rates", ROUTE_READER, "account limit cursor format", JSON | CSV,
	READ_JSON, read_rates},
    {"/v1/quarantine", ROUTE_OPERATOR, "account state limit cursor format",
	JSON | CSV, READ_JSON, read_quarantine},
    {"/", ROUTE_READER, "page", HTML, READ_HTML, read_overview_page},
    {"/accounts/{}", ROUTE_READER, "page", HTML, READ_HTML, read_account_page},
    {"/volumes/{}", ROUTE_READER, "day month year", HTML, READ_HTML,
	read_volume_page},
    {"/periods", ROUTE_READER, "account page", HTML, READ_HTML,
	read_periods_page},
    {"/invoices/{}", ROUTE_READER, "page", HTML, READ_HTML, read_invoice_page},
    {"/invoices/{}/lines/{}", ROUTE_READER, "day", HTML, READ_HTML,
	read_line_page},
    {"/sources", ROUTE_READER, "page", HTML, READ_HTML, read_sources_page},
    {"/mails", ROUTE_READER, "page", HTML, READ_HTML, read_mails_page},
    {0},
};

size_t
read_list_routes(struct route list[READ_MAX_ROUTES])
{
	size_t count = 0;

	for (const struct read_route *r = read_routes; r->path != NULL; r++) {
		assert(count < READ_MAX_ROUTES);
		list[count++] = (struct route){.method = "GET",
		    .path = r->path,
		    .roles = r->roles,
		    .params = r->params,
		    .page = r->formats == HTML};
	}
	return count;
}
