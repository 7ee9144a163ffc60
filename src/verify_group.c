/*
 * verify_group.c - the samples of each fact, put together again. In: samples
 * in the order of their table. Out: whether each fact's samples are those
 * whose digest it has, no fewer and no more.
 *
 * A report's samples are mostly of one hour, so that few reports are
 * incomplete at a time. Where they are many (a backlog sent in one piece, for
 * each volume of its own), memory is bounded: the oldest groups are put off
 * to another pass over the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "lib/utc.h"
#include "sample.h"
#include "verify_part.h"

/* What is known of a fact's samples, a byte each. */
enum state {
	NEW,	   /* none was seen */
	OPEN,	   /* some were; there is a group */
	FRESH,	   /* all were there, in this pass */
	GOOD,	   /* and before it */
	BAD,	   /* they were not, which was said */
	NOT_THERE, /* the fact does not exist, or stores no samples */
	PUT_OFF,   /* in this pass, to the next one */
	LATER,	   /* before it: now is the time */
};

enum {
	BUCKETS = 1 << 16,
	/* Groups with wrong samples that are kept to look for the wrong one. */
	MAX_BAD = 2 * VERIFY_MAX_LISTED,
	/* Leaving out one of so many finds the one that is too many. */
	MAX_TRIES = 2000,
	/* Ten numbers of 64 bits, seven bits a byte. */
	MAX_PACKED = 10 * 10,
	/* What a sample mostly takes, and more than all of a report can. */
	USUAL_BYTES = 32,
	MAX_GROUP_BYTES = 16 << 20,
};

struct group {
	int64_t fact, want, have;
	uint8_t digest[FACT_HASH_SIZE];
	struct buf packed; /* its samples */
	int64_t first_hour, last_hour;
	bool wrong;		     /* complete, but of another digest */
	struct group *next;	     /* in its bucket */
	struct group *older, *newer; /* in the order of opening */
};

struct verify_groups {
	struct verify *v;
	struct group *buckets[BUCKETS];
	struct group *oldest, *newest, *last;
	size_t open_bytes, bad;
	int64_t open_samples; /* that groups have or wait for */
	uint8_t *states;      /* owned; of the facts 1 .. state_count */
	int64_t state_count;
	bool again; /* not the first pass */
	int64_t put_off;
	struct sample_rows rows; /* of the group at hand */
	int64_t seen;		 /* facts with samples that were found */
};

struct verify_groups *
verify_groups_new(struct verify *v, struct err *err)
{
	struct verify_groups *g = calloc(1, sizeof *g);
	int64_t facts = v->result->checked[VERIFY_CHAIN];

	if (g == NULL) {
		err_nomem(err);
		return NULL;
	}
	g->v = v;
	/* Numbers far behind the last one are somebody's invention. */
	g->state_count = v->result->head.seq;
	if (g->state_count > 2 * facts + 1000)
		g->state_count = 2 * facts + 1000;
	g->states = calloc((size_t)g->state_count + 1, 1);
	if (g->states != NULL)
		return g;
	verify_groups_free(g);
	err_nomem(err);
	return NULL;
}

void
verify_groups_free(struct verify_groups *g)
{
	if (g == NULL)
		return;
	for (struct group *one; (one = g->oldest) != NULL;) {
		g->oldest = one->newer;
		buf_fini(&one->packed);
		free(one);
	}
	sample_rows_fini(&g->rows);
	free(g->states);
	free(g);
}

/* --- samples, packed --- */

static uint8_t *
put(uint8_t *out, int64_t value)
{
	/* Small numbers of either sign become short. */
	uint64_t bits = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);

	for (; bits >= 128; bits >>= 7)
		*out++ = (uint8_t)(bits | 128);
	*out++ = (uint8_t)bits;
	return out;
}

static int64_t
get(const uint8_t **in)
{
	uint64_t bits = 0;
	int shift = 0;

	for (; (**in & 128) != 0; shift += 7)
		bits |= (uint64_t)(*(*in)++ & 127) << shift;
	bits |= (uint64_t) * (*in)++ << shift;
	return (int64_t)(bits >> 1 ^ ((bits & 1) != 0 ? UINT64_MAX : 0));
}

static bool
pack(struct verify_groups *g, struct group *one, const struct verify_sample *s,
    struct err *err)
{
	const struct verify *v = g->v;
	uint8_t packed[MAX_PACKED], *p = packed;
	size_t before = one->packed.cap;

	p = put(p, s->volume - v->volumes);
	p = put(p, s->name != NULL ? s->name - v->names + 1 : 0);
	p = put(p, s->hour);
	p = put(p, s->nanos);
	p = put(p, s->revision);
	p = put(p, s->bytes);
	p = put(p, s->account);
	p = put(p, s->retired_bytes);
	p = put(p, s->inodes);
	p = put(p, (int64_t)s->bins_len);
	buf_add(&one->packed, packed, (size_t)(p - packed));
	buf_add(&one->packed, s->bins, s->bins_len);
	if (one->packed.failed)
		return err_nomem(err);
	g->open_bytes += one->packed.cap - before;
	if (one->have == 0)
		one->first_hour = s->hour;
	one->last_hour = s->hour;
	one->have++;
	return true;
}

/* Makes g->rows the samples of a group. */
static bool
unpack(struct verify_groups *g, const struct group *one, struct err *err)
{
	const struct verify *v = g->v;
	const uint8_t *p = (const uint8_t *)buf_text(&one->packed);
	const uint8_t *end = p + one->packed.len;
	const struct verify_name *name;
	struct sample_row row;
	int64_t at;

	sample_rows_clear(&g->rows);
	while (p < end) {
		memset(&row, 0, sizeof row);
		row.volume = v->volumes[get(&p)].uuid.bytes;
		at = get(&p);
		name = at > 0 ? &v->names[at - 1] : NULL;
		row.name = name != NULL ? v->name_text.data + name->at : "";
		row.name_len = name != NULL ? name->len : 0;
		row.hour = get(&p);
		row.nanos = get(&p);
		row.revision = get(&p);
		row.bytes = get(&p);
		row.account = get(&p);
		row.retired_bytes = get(&p);
		row.inodes = get(&p);
		row.bins_len = (size_t)get(&p);
		row.bins = (const char *)p;
		p += row.bins_len;
		if (!sample_rows_add(&g->rows, &row, err))
			return false;
	}
	return true;
}

/* --- groups --- */

static struct group **
bucket_of(struct verify_groups *g, int64_t fact)
{
	return &g->buckets[(uint64_t)fact % BUCKETS];
}

static struct group *
find(struct verify_groups *g, int64_t fact)
{
	struct group *one = g->last;

	if (one != NULL && one->fact == fact)
		return one;
	for (one = *bucket_of(g, fact); one != NULL && one->fact != fact;)
		one = one->next;
	g->last = one;
	return one;
}

static void
end_group(struct verify_groups *g, struct group *one, enum state state)
{
	struct group **at = bucket_of(g, one->fact);

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	*(one->older != NULL ? &one->older->newer : &g->oldest) = one->newer;
	*(one->newer != NULL ? &one->newer->older : &g->newest) = one->older;
	if (g->last == one)
		g->last = NULL;
	g->bad -= one->wrong;
	g->open_bytes -= one->packed.cap;
	g->open_samples -= one->want;
	g->put_off += state == PUT_OFF;
	g->states[one->fact] = (uint8_t)state;
	buf_fini(&one->packed);
	free(one);
}

/* Which facts store samples, and how many. */
static bool
load_fact(
    struct verify_groups *g, int64_t fact, struct group *out, struct err *err)
{
	struct sql_stmt *s = sql_get(g->v->db,
	    "SELECT detail, rows_sha256 FROM fact"
	    " WHERE seq = ? AND kind IN ('report.accepted', 'sample.released')",
	    err);
	enum sql_result result;
	const void *digest;
	size_t len;

	out->fact = fact;
	out->want = 0;
	if (s == NULL)
		return false;
	sql_bind_int(s, 1, fact);
	result = sql_step(s, err);
	if (result != SQL_ROW)
		return result == SQL_END;
	digest = sql_blob(s, 1, &len);
	if (len == FACT_HASH_SIZE)
		memcpy(out->digest, digest, len);
	(void)verify_get_int(sql_text(s, 0), "stored", &out->want);
	sql_done(s);
	return true;
}

/* Whether the samples of one more group will probably not fit. */
static bool
is_full(const struct verify_groups *g, int64_t want)
{
	return g->oldest != NULL &&
	       want > (int64_t)(g->v->options.max_open_bytes / USUAL_BYTES) -
			  g->open_samples;
}

/* In the first pass all are opened: most get their samples soon. */
static bool
open_group(
    struct verify_groups *g, int64_t fact, struct group **out, struct err *err)
{
	struct group loaded = {0}, *one;

	if (!load_fact(g, fact, &loaded, err))
		return false;
	if (g->again && is_full(g, loaded.want)) {
		g->states[fact] = PUT_OFF;
		g->put_off++;
		return true;
	}
	g->states[fact] = loaded.want > 0 ? OPEN : NOT_THERE;
	if (loaded.want <= 0)
		return true;
	one = malloc(sizeof *one);
	if (one == NULL)
		return err_nomem(err);
	*one = loaded;
	g->seen += !g->again;
	g->open_samples += one->want;
	one->next = *bucket_of(g, fact);
	*bucket_of(g, fact) = one;
	one->older = g->newest;
	*(g->newest != NULL ? &g->newest->newer : &g->oldest) = one;
	g->newest = g->last = one;
	*out = one;
	return true;
}

/* --- findings --- */

char *
verify_name_sample(const uint8_t uuid[UUID_SIZE], int64_t hour, int64_t nanos,
    int64_t revision, char out[VERIFY_SAMPLE_TEXT])
{
	char volume[UUID_TEXT_SIZE], when[UTC_TEXT_SIZE], part[24] = "";
	struct uuid id;
	int64_t at = hour * UTC_HOUR_SECS + nanos / 1000000000;

	memcpy(id.bytes, uuid, UUID_SIZE);
	if (nanos % 1000000000 != 0)
		snprintf(part, sizeof part, " + %lld ns",
		    (long long)(nanos % 1000000000));
	snprintf(out, VERIFY_SAMPLE_TEXT, "volume %s at %s%s, revision %lld",
	    uuid_format(&id, volume), utc_format(at, when), part,
	    (long long)revision);
	return out;
}

static char *
name_stored(const struct verify_sample *s, char out[VERIFY_SAMPLE_TEXT])
{
	return verify_name_sample(
	    s->volume->uuid.bytes, s->hour, s->nanos, s->revision, out);
}

/* "report 5f0d.. of source:admin1", "release of 7b1d.. by operator:root"; and
 * the earliest instant that a sample of it can be of. */
static bool
name_fact(struct verify_groups *g, int64_t fact, char *out, size_t size,
    int64_t *earliest, struct err *err)
{
	struct sql_stmt *s = sql_get(g->v->db,
	    "SELECT subject, who, at, kind = 'sample.released', detail"
	    " FROM fact WHERE seq = ?",
	    err);
	struct buf when = BUF_INIT;

	if (s == NULL)
		return false;
	sql_bind_int(s, 1, fact);
	if (sql_step(s, err) != SQL_ROW)
		return false;
	*earliest = sql_int(s, 2) - LEDGER_MAX_AGE_SECS;
	if (sql_int(s, 3) == 0)
		snprintf(out, size, "report %s of %s", sql_text(s, 0),
		    sql_text(s, 1));
	else {
		snprintf(out, size, "release of volume %s by %s",
		    sql_text(s, 0), sql_text(s, 1));
		if (fact_get(sql_text(s, 4), "sampled_at", &when))
			(void)utc_parse(when.data, when.len, earliest, NULL);
	}
	sql_done(s);
	buf_fini(&when);
	return true;
}

static int64_t
read_number(const uint8_t *p)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return (int64_t)value;
}

/* The row of g->rows without which the digest is right; rows are in order. */
static const uint8_t *
find_odd_one(struct verify_groups *g, const struct group *one)
{
	const struct sample_span *span = g->rows.list;
	const char *bytes = g->rows.bytes.data;
	uint8_t digest[FACT_HASH_SIZE];

	if (g->rows.count > MAX_TRIES)
		return NULL;
	for (size_t odd = 0; odd < g->rows.count; odd++) {
		tls_hash_reset(g->v->hash);
		for (size_t i = 0; i < g->rows.count; i++)
			if (i != odd)
				tls_hash_add(g->v->hash, bytes + span[i].at,
				    span[i].len);
		tls_hash_final(g->v->hash, digest);
		if (memcmp(digest, one->digest, sizeof digest) == 0)
			return (const uint8_t *)bytes + span[odd].at;
	}
	return NULL;
}

static void
find_inserted(struct verify_groups *g, int64_t fact, const char *where)
{
	verify_find(g->v, VERIFY_SAMPLE, fact, where,
	    "it names fact %lld, whose samples are complete without it: it "
	    "was inserted, or changed",
	    (long long)fact);
}

/* The one that is too many is named, if leaving it out makes all well. */
static bool
find_surplus(struct verify_groups *g, struct group *one, struct err *err)
{
	uint8_t digest[FACT_HASH_SIZE];
	char where[VERIFY_SAMPLE_TEXT];
	const uint8_t *row = NULL;
	int64_t earliest;

	if (one->have == one->want + 1) {
		if (!unpack(g, one, err))
			return false;
		sample_rows_digest(&g->rows, g->v->hash, digest);
		row = find_odd_one(g, one);
	}
	if (row != NULL) {
		const uint8_t *key = row + UUID_SIZE;

		find_inserted(g, one->fact,
		    verify_name_sample(row, read_number(key),
			read_number(key + 8), read_number(key + 16), where));
		return true;
	}
	if (!name_fact(g, one->fact, where, sizeof where, &earliest, err))
		return false;
	verify_find(g->v, VERIFY_SAMPLE, one->fact, where,
	    "there are %lld samples of it, but fact %lld says %lld: some were "
	    "inserted or changed",
	    (long long)one->have, (long long)one->fact, (long long)one->want);
	return true;
}

static bool
find_changed(struct verify_groups *g, const struct group *one, struct err *err)
{
	char where[160], first[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE];
	int64_t earliest;

	if (!name_fact(g, one->fact, where, sizeof where, &earliest, err))
		return false;
	verify_find(g->v, VERIFY_SAMPLE, one->fact, where,
	    "its %lld samples, of the hours from %s to %s, are not those of "
	    "fact %lld: at least one of them was changed",
	    (long long)one->want,
	    utc_format(one->first_hour * UTC_HOUR_SECS, first),
	    utc_format(one->last_hour * UTC_HOUR_SECS, last),
	    (long long)one->fact);
	return true;
}

static bool
find_missing(struct verify_groups *g, int64_t fact, int64_t want, int64_t have,
    struct err *err)
{
	struct verify_result *r = g->v->result;
	char where[160];
	int64_t earliest;

	if (!name_fact(g, fact, where, sizeof where, &earliest, err))
		return false;
	if (earliest < r->removed_until) {
		r->skipped_reports++;
		return true;
	}
	verify_find(g->v, VERIFY_SAMPLE, fact, where,
	    "it stored %lld samples by fact %lld, but there are %lld: %lld "
	    "were deleted, or now name another fact",
	    (long long)want, (long long)fact, (long long)have,
	    (long long)(want - have));
	return true;
}

/* --- adding --- */

/* Judges a group that has as many samples as it should. One that is wrong is
 * kept, if there are not too many of those, until it is known whether there
 * are more. */
static bool
judge(struct verify_groups *g, struct group *one, struct err *err)
{
	uint8_t digest[FACT_HASH_SIZE];

	if (!unpack(g, one, err))
		return false;
	sample_rows_digest(&g->rows, g->v->hash, digest);
	if (memcmp(digest, one->digest, sizeof digest) != 0) {
		one->wrong = true;
		if (g->bad++ < MAX_BAD)
			return true;
		if (!find_changed(g, one, err))
			return false;
		end_group(g, one, BAD);
	} else
		end_group(g, one, FRESH);
	return true;
}

static void
find_stray(struct verify_groups *g, const struct verify_sample *s)
{
	char where[VERIFY_SAMPLE_TEXT];

	verify_find(g->v, VERIFY_SAMPLE, s->fact, name_stored(s, where),
	    "it names fact %lld, which stored no sample: it was inserted or "
	    "changed, or the fact was deleted",
	    (long long)s->fact);
}

/* What is too much goes to the next pass: at first the oldest, which have
 * waited in vain; later the newest, so that each pass gets some done. */
static void
make_room(struct verify_groups *g)
{
	struct group *one;

	while (g->open_bytes > g->v->options.max_open_bytes) {
		one = g->again ? g->newest : g->oldest;
		while (one != NULL && one->wrong)
			one = g->again ? one->older : one->newer;
		if (one == NULL || one == (g->again ? g->oldest : g->newest))
			return;
		end_group(g, one, PUT_OFF);
	}
}

/* Samples that are too many for any report are only counted. */
static bool
add_to(struct verify_groups *g, struct group *one,
    const struct verify_sample *s, struct err *err)
{
	if (one->packed.len > MAX_GROUP_BYTES) {
		one->have++;
		return true;
	}
	if (!pack(g, one, s, err))
		return false;
	if (one->have == one->want && !judge(g, one, err))
		return false;
	make_room(g);
	return true;
}

bool
verify_groups_add(
    struct verify_groups *g, const struct verify_sample *s, struct err *err)
{
	char where[VERIFY_SAMPLE_TEXT];
	bool there = s->fact >= 1 && s->fact <= g->state_count;
	struct group *one = there ? find(g, s->fact) : NULL;

	if (there && g->states[s->fact] == (g->again ? LATER : NEW) &&
	    !open_group(g, s->fact, &one, err))
		return false;
	if (one != NULL)
		return add_to(g, one, s, err);
	if (there && g->states[s->fact] == FRESH)
		find_inserted(g, s->fact, name_stored(s, where));
	else if (!g->again && (!there || g->states[s->fact] == NOT_THERE))
		find_stray(g, s);
	return true;
}

/* --- the end of a pass --- */

/* A fact none of whose samples was seen has no group. */
static bool
find_never_seen(struct verify_groups *g, struct err *err)
{
	struct sql_stmt *s = sql_get(g->v->db,
	    "SELECT seq, detail FROM fact"
	    " WHERE kind IN ('report.accepted', 'sample.released')"
	    " ORDER BY seq",
	    err);
	enum sql_result result = SQL_FAILED;
	int64_t fact, want;

	while (s != NULL && (result = sql_step(s, err)) == SQL_ROW) {
		fact = sql_int(s, 0);
		if (fact < 1 || fact > g->state_count ||
		    g->states[fact] != NEW ||
		    !verify_get_int(sql_text(s, 1), "stored", &want) ||
		    want <= 0)
			continue;
		if (!find_missing(g, fact, want, 0, err)) {
			sql_done(s);
			return false;
		}
	}
	return result == SQL_END;
}

/* What is right is closed already. */
static bool
close_group(struct verify_groups *g, struct group *one, struct err *err)
{
	bool ok;

	if (one->have < one->want)
		ok = find_missing(g, one->fact, one->want, one->have, err);
	else if (one->have > one->want)
		ok = find_surplus(g, one, err);
	else
		ok = find_changed(g, one, err);
	if (ok)
		end_group(g, one, BAD);
	return ok;
}

bool
verify_groups_end(struct verify_groups *g, bool *again, struct err *err)
{
	struct group *next;

	*again = g->put_off > 0;
	for (struct group *one = g->oldest; one != NULL; one = next) {
		next = one->newer;
		if (!close_group(g, one, err))
			return false;
	}
	if (!g->again && g->seen < g->v->with_samples &&
	    !find_never_seen(g, err))
		return false;
	for (int64_t i = 1; i <= g->state_count; i++) {
		if (g->states[i] == PUT_OFF)
			g->states[i] = LATER;
		else if (g->states[i] == FRESH)
			g->states[i] = GOOD;
	}
	g->put_off = 0;
	g->again = true;
	return true;
}
