/*
 * read_routes.c - the table of what may be read: path, role, parameters,
 * formats, function.
 */
#include <assert.h>
#include <stddef.h>

#include "read.h"
#include "read_lists.h"

#define JSON READ_BIT(READ_JSON)
#define CSV READ_BIT(READ_CSV)

const struct read_route read_routes[] = {
    {"/v1/accounts", ROUTE_READER, "limit cursor format", JSON | CSV, READ_JSON,
	read_accounts},
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
		    .params = r->params};
	}
	return count;
}
