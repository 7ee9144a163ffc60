/*
 * report_rig.h - an otherwise right report to put the text of one member into.
 * Every body is read from a copy of exactly its length.
 */
#ifndef TEST_REPORT_RIG_H
#define TEST_REPORT_RIG_H

#include <stddef.h>

#include "lib/buf.h"
#include "src/report.h"

#define ID "\"report_id\":\"5f0c9a52-2f0e-4b7c-9a3d-0a4f6e1b2c3d\""
#define SENT "\"sent_at\":\"2026-10-01T12:00:03.25Z\""
#define HEAD ID "," SENT
#define VOLUME_ID "\"id\":\"7b1d0000-90a1-4c3e-8f00-000000000001\""
#define SAMPLED "\"sampled_at\":\"2026-10-01T12:00:00Z\""
#define VOLUME VOLUME_ID "," SAMPLED ",\"bytes\":1"

#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, report_rig_set_up, report_rig_tear_down)

struct fixture {
	struct report report;
	struct buf errors;
	struct err err;
	char *body; /* owned */
};

int report_rig_set_up(void **state);
int report_rig_tear_down(void **state);

/* Parses a copy of body; the error or the list of errors is there if and only
 * if it has to be. */
enum report_fault parse_bytes(struct fixture *f, const char *body, size_t len);
enum report_fault parse(struct fixture *f, const char *body);

/* A report with these members next to the required ones of its head. */
enum report_fault parse_members(struct fixture *f, const char *members);

/* A report with one volume that has these members. */
enum report_fault parse_volume(struct fixture *f, const char *members);

/* The n-th error, as "pointer detail". */
const char *nth_error(struct fixture *f, int n, char out[256]);

int count_errors(struct fixture *f);

/* The volume's members give just this one error. */
void assert_wrong(struct fixture *f, const char *members, const char *want);

void assert_text(const struct report_text *text, const char *want);

#endif
