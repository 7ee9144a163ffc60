/*
 * route.c - a table of routes, searched. In: method, path, query. Out: the
 * route, its ids and parameters, or what is wrong. Owns nothing.
 */
#include <assert.h>
#include <string.h>

#include "route.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One character off a text, %xx resolved; 0 when it is not one. */
static size_t
take_char(const char *text, size_t len, char *out)
{
	int high, low;

	*out = text[0];
	if (text[0] != '%')
		return 1;
	high = len >= 3 ? hex_digit(text[1]) : -1;
	low = len >= 3 ? hex_digit(text[2]) : -1;
	if (high < 0 || low < 0 || (high == 0 && low == 0))
		return 0;
	*out = (char)(unsigned char)(high * 16 + low);
	return 3;
}

/* False when an escape is none, stands for a NUL, or the text is too long. */
static bool
decode(const char *text, size_t len, char out[ROUTE_TEXT_SIZE])
{
	size_t used = 0, step;

	for (size_t at = 0; at < len; at += step) {
		if (used == ROUTE_TEXT_SIZE - 1)
			return false;
		step = take_char(text + at, len - at, &out[used++]);
		if (step == 0)
			return false;
	}
	out[used] = '\0';
	return true;
}

static bool
match_path(const char *pattern, const char *path, struct route_call *call)
{
	size_t len;

	call->id_count = 0;
	while (*pattern != '\0') {
		if (strncmp(pattern, "{}", 2) != 0) {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (len == 0 || call->id_count == ROUTE_MAX_IDS ||
		    !decode(path, len, call->ids[call->id_count++]))
			return false;
		pattern += 2;
		path += len;
	}
	return *path == '\0';
}

static bool
is_at(const struct route_table *table, const struct route *route,
    const char *path, struct route_call *call)
{
	return (!route->mock_only || table->mock) &&
	       match_path(route->path, path, call);
}

/* HEAD is served as GET; the answer then has no body. */
static bool
match_method(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 &&
		   strcmp(route->method, "GET") == 0);
}

const struct route *
route_find(const struct route_table *table, const char *method,
    const char *path, struct route_call *call)
{
	call->param_count = 0;
	for (size_t i = 0; i < table->count; i++)
		if (match_method(&table->list[i], method) &&
		    is_at(table, &table->list[i], path, call))
			return &table->list[i];
	return NULL;
}

const char *
route_pattern(const struct route_table *table, const char *path)
{
	struct route_call ignored;

	for (size_t i = 0; i < table->count; i++)
		if (is_at(table, &table->list[i], path, &ignored))
			return table->list[i].path;
	return NULL;
}

const char *
route_allow(const struct route_table *table, const char *path)
{
	static const char *const allows[] = {NULL, "GET, HEAD", "POST",
	    "GET, HEAD, POST", "PUT", "GET, HEAD, PUT", "POST, PUT",
	    "GET, HEAD, POST, PUT"};
	static const char *const methods[] = {"GET", "POST", "PUT"};
	struct route_call ignored;
	unsigned set = 0;

	for (size_t i = 0; i < table->count; i++)
		for (unsigned m = 0; m < 3; m++)
			if (strcmp(table->list[i].method, methods[m]) == 0 &&
			    is_at(table, &table->list[i], path, &ignored))
				set |= 1u << m;
	return allows[set];
}

bool
route_admits(const struct route *route, enum token_role role)
{
	unsigned mine = 1u << role;

	if (role == TOKEN_OPERATOR)
		mine |= ROUTE_READER;
	return route->roles == ROUTE_ANYONE || (route->roles & mine) != 0;
}

/* --- the query --- */

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word), step;

	for (; *words != '\0'; words += step) {
		step = strcspn(words, " ");
		if (step == len && strncmp(words, word, len) == 0)
			return true;
		step += words[step] == ' ';
	}
	return false;
}

static bool
add_param(const struct route *route, const char *name, const char *value,
    struct route_call *call, struct err *err)
{
	if (route->params[0] == '\0')
		return err_set(err, ERR_INPUT, "this path takes no parameters");
	if (!has_word(route->params, name))
		return err_set(err, ERR_INPUT,
		    "this path does not take the parameter \"%s\", but: %s",
		    name, route->params);
	if (route_param(call, name) != NULL)
		return err_set(
		    err, ERR_INPUT, "the parameter %s stands twice", name);
	/* What the tables list fits. */
	assert(call->param_count < ROUTE_MAX_PARAMS &&
	       strlen(name) < ROUTE_NAME_SIZE);
	memcpy(call->params[call->param_count].name, name, strlen(name) + 1);
	memcpy(call->params[call->param_count].value, value, strlen(value) + 1);
	call->param_count++;
	return true;
}

bool
route_read_query(const struct route *route, const char *query,
    struct route_call *call, struct err *err)
{
	char name[ROUTE_TEXT_SIZE], value[ROUTE_TEXT_SIZE];
	size_t len, equals;

	for (; *query != '\0'; query += len) {
		len = strcspn(query, "&");
		equals = strcspn(query, "=&");
		if (!decode(query, equals, name) ||
		    (query[equals] == '=' &&
			!decode(query + equals + 1, len - equals - 1, value)))
			return err_set(err, ERR_INPUT,
			    "a parameter is too long, or a %% in it is not "
			    "followed by two hexadecimal digits");
		if (equals == len)
			value[0] = '\0';
		if (!add_param(route, name, value, call, err))
			return false;
		len += query[len] == '&';
	}
	return true;
}

const char *
route_param(const struct route_call *call, const char *name)
{
	for (size_t i = 0; i < call->param_count; i++)
		if (strcmp(call->params[i].name, name) == 0)
			return call->params[i].value;
	return NULL;
}
