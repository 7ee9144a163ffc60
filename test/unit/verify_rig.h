/*
 * verify_rig.h - a small ledger for the tests of src/verify.c, and what is
 * asked of it.
 *
 * Two accounts (acme, other), two sources (admin2 of both, admin1 of acme),
 * two rates, three reports of three volumes: eight samples, one of them a
 * revision, one set aside, and the end of volume 3. The facts: 1 and 2 the
 * accounts, 3 and 4 the sources, 5 and 6 the rates, 7, 8 and 10 the reports, 9
 * the sample that was set aside by the second, 11 the end.
 */
#ifndef TEST_UNIT_VERIFY_RIG_H
#define TEST_UNIT_VERIFY_RIG_H

#include "fixture.h"
#include "src/verify.h"

int verify_rig_set_up(void **state);

#define VERIFY_RIG_TEST(name)            \
	cmocka_unit_test_setup_teardown( \
	    name, verify_rig_set_up, fixture_tear_down)

/* What is asked must be found out, whatever it is. */
void verify_rig_run(struct fixture *f, const struct verify_options *options,
    struct verify_anchors *anchors, struct verify_result *result);
/* The same without options and anchors. */
void verify_rig_look(struct fixture *f, struct verify_result *result);
void verify_rig_expect_clean(struct fixture *f);

/* Runs statements that no part of the program would. */
void verify_rig_change(struct fixture *f, const char *text);

/* States that the samples of a day (unix seconds / 86400) were removed; it has
 * no rows. */
void verify_rig_state_removal(struct fixture *f, int64_t day);

/* Whether a finding of this kind holds these words. */
bool verify_rig_has(
    const struct verify_result *r, enum verify_kind kind, const char *words);
void verify_rig_show(const struct verify_result *r);

#endif
