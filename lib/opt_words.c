/*
 * opt_words.c - paths of verbs, and which name a misspelt one is nearest to.
 */
#include <string.h>

#include "opt_words.h"

enum {
	NEAREST_MAX = 48
}; /* longer words get no advice */

const char *
opt_path_rest(const struct opt_path *path, const char *text)
{
	size_t i, len;

	for (i = 0; i < path->count; i++) {
		len = strlen(path->words[i]);
		if (strncmp(text, path->words[i], len) != 0)
			return NULL;
		text += len;
		if (*text == ' ')
			text++;
		else if (*text != '\0' || i + 1 < path->count)
			return NULL;
	}
	return text;
}

const struct opt_command *
opt_path_command(const struct opt_program *program, const struct opt_path *path)
{
	const struct opt_command *const *command;
	const char *rest;

	for (command = program->commands; *command != NULL; command++) {
		rest = opt_path_rest(path, (*command)->path);
		if (rest != NULL && *rest == '\0')
			return *command;
	}
	return NULL;
}

static bool
holds(const struct opt_names *names, const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strlen(names->list[i]) == len &&
		    memcmp(names->list[i], word, len) == 0)
			return true;
	}
	return false;
}

void
opt_path_next(const struct opt_program *program, const struct opt_path *path,
    bool with_hidden, struct opt_names *out)
{
	const struct opt_command *const *command;
	const char *rest;
	size_t len;

	out->count = 0;
	for (command = program->commands; *command != NULL; command++) {
		if ((*command)->hidden && !with_hidden)
			continue;
		rest = opt_path_rest(path, (*command)->path);
		if (rest == NULL || *rest == '\0')
			continue;
		len = strcspn(rest, " ");
		if (len >= OPT_NAME_SIZE || out->count == OPT_MAX_NAMES ||
		    holds(out, rest, len))
			continue;
		memcpy(out->text[out->count], rest, len);
		out->text[out->count][len] = '\0';
		out->list[out->count] = out->text[out->count];
		out->count++;
	}
	out->list[out->count] = NULL;
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours; upper
 * and lower case are alike. Both words are shorter than NEAREST_MAX. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b), i, j, best;
	size_t *row, *above, *above2;

	for (j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (i = 1; i <= a_len; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		above2 = rows[(i + 1) % 3];
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			best =
			    above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
			best = least(best, above[j] + 1);
			best = least(best, row[j - 1] + 1);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				best = least(best, above2[j - 2] + 1);
			row[j] = best;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *
opt_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance = 0, d, len = strlen(word);

	if (len == 0 || len > NEAREST_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		if (strlen(*names) > NEAREST_MAX)
			continue;
		/* The beginning of a name counts as near: --db. */
		d = len >= 2 && strncmp(*names, word, len) == 0
			? 1
			: distance(word, *names);
		if (best == NULL || d < best_distance) {
			best = *names;
			best_distance = d;
		}
	}
	/* A third of the letters may be wrong, and two in short words. */
	if (best == NULL || best_distance > (len < 6 ? 2 : len / 3) ||
	    best_distance >= len)
		return NULL;
	return best;
}
