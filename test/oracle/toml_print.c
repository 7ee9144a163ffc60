/*
 * toml_print.c - what lib/toml.c makes of documents, for a test that asks
 * another parser the same.
 *
 * Reads documents from standard input, each a line with its length in bytes
 * and then these bytes; writes one line of JSON for each: {"error":"doc:3:
 * .."}, or {"tables":[[name, element, line, [[key, line, value], ..]], ..]},
 * whose integers are strings.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/json.h"
#include "lib/toml.h"

static void
put_single(struct json_writer *w, const struct toml_value *value)
{
	switch (value->type) {
	case TOML_STRING:
		json_put_string(w, NULL, value->string);
		break;
	case TOML_INT:
		json_put_object(w, NULL);
		json_put_int_string(w, "int", value->integer);
		json_put_end(w);
		break;
	case TOML_BOOL:
		json_put_bool(w, NULL, value->boolean);
		break;
	case TOML_ARRAY:
		break;
	}
}

static void
put_value(struct json_writer *w, const struct toml_value *value)
{
	if (value->type != TOML_ARRAY) {
		put_single(w, value);
		return;
	}
	json_put_array(w, NULL);
	for (size_t i = 0; i < value->count; i++)
		put_single(w, &value->items[i]);
	json_put_end(w);
}

static void
put_table(struct json_writer *w, const struct toml_table *table)
{
	json_put_array(w, NULL);
	json_put_string(w, NULL, table->name);
	json_put_bool(w, NULL, table->element);
	json_put_int(w, NULL, table->line);
	json_put_array(w, NULL);
	for (size_t i = 0; i < table->count; i++) {
		json_put_array(w, NULL);
		json_put_string(w, NULL, table->pairs[i].key);
		json_put_int(w, NULL, table->pairs[i].value.line);
		put_value(w, &table->pairs[i].value);
		json_put_end(w);
	}
	json_put_end(w);
	json_put_end(w);
}

static void
print(const char *text, size_t len)
{
	struct toml toml = TOML_INIT;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct json_writer w;

	json_write(&w, &out, JSON_COMPACT);
	json_put_object(&w, NULL);
	if (toml_parse("doc", text, len, &toml, &err)) {
		json_put_array(&w, "tables");
		for (size_t i = 0; i < toml.count; i++)
			put_table(&w, &toml.tables[i]);
		json_put_end(&w);
		toml_fini(&toml);
	} else {
		json_put_string(&w, "error", err.text);
	}
	json_put_end(&w);
	puts(buf_text(&out));
	buf_fini(&out);
}

int
main(void)
{
	char line[32], *text;
	size_t len;

	while (fgets(line, sizeof line, stdin) != NULL) {
		len = strtoul(line, NULL, 10);
		text = malloc(len + 1);
		if (text == NULL || fread(text, 1, len, stdin) != len) {
			free(text);
			return 1;
		}
		print(text, len);
		free(text);
	}
	return 0;
}
