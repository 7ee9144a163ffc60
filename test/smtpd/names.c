/*
 * names.c - preloaded into a program under test: relay.test has the addresses
 * in $RELAY_TEST, numbers separated by blanks, in that order. Every other
 * name is looked up as ever.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup_fn(
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int
add_address(lookup_fn *lookup, const char *address, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo numeric = {0};

	if (hints != NULL)
		numeric = *hints;
	numeric.ai_flags = AI_NUMERICHOST;
	while (*res != NULL)
		res = &(*res)->ai_next;
	return lookup(address, service, &numeric, res);
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	lookup_fn *lookup = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
	char copy[256] = "", *save, *address;
	int rc = EAI_NONAME;

	if (node == NULL || strcmp(node, "relay.test") != 0 ||
	    getenv("RELAY_TEST") == NULL)
		return lookup(node, service, hints, res);
	*res = NULL;
	strncpy(copy, getenv("RELAY_TEST"), sizeof copy - 1);
	for (address = strtok_r(copy, " ", &save); address != NULL;
	     address = strtok_r(NULL, " ", &save)) {
		rc = add_address(lookup, address, service, hints, res);
		if (rc != 0)
			break;
	}
	return rc;
}
