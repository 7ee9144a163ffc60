# stat.flexfs - see README. GNU make.
#
#   make            build the program: build/stat.flexfs
#   make deps       install what building and testing needs (Debian, root)
#   make run        start a server on 127.0.0.1:8443 with data under ./run
#   make demo       the whole story in a minute: reports, bill, mail
#   make check      all tests (ONLY=ledger: those whose name holds it); also
#                   SAN=address,undefined make check
#   make check-money
#                   20000 histories of money made at random, for an hour or
#                   more (HISTORIES=, MONEY_SEED=)
#   make bench      the measured figures, as ratios taken in one run
#   make lint       warnings, analysers, layout rules, manual pages
#   make format     clang-format over all sources
#   make install    DESTDIR= PREFIX=/usr; also: make uninstall, make clean

VERSION = 0.1.0

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/stat.flexfs

# SAN=address,undefined builds beside, under its own folder.
SAN ?=
comma := ,
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
PROGRAM = $(BUILD)/stat.flexfs

# --- sources -----------------------------------------------------------------
# lib/: tools without product words.
LIB = err buf log clock utc uuid file text gzip toml opt_words opt_help opt \
      prompt jsonscan json exact currency sql \
      tls_part tls tls_server tls_session tls_client tls_cert \
      smtp_part smtp_check smtp_wire smtp_session smtp_verdict smtp \
      mime httphead httpchunk

# src/, in the order of the data's path; a file may include those above it.
SRC = settings creds store fact account token source rate \
      report volume sample usage_bins day_hours day_code_part day_code \
      day_code_read day day_build late keep quarantine quarantine_settle \
      roster ledger ledger_answer history \
      usage usage_part usage_hour usage_read rating rating_trace \
      invoice archive archive_read correction forecast bill \
      explain explain_part explain_samples explain_side explain_correction \
      explain_rounding explain_json explain_text todate attachment silence \
      summary summary_page summary_notes summary_text summary_html \
      summary_csv summary_json close_part close close_due mail outbox deliver \
      verify_part verify verify_file verify_chain verify_terms verify_reports \
      verify_quarantine verify_volumes verify_samples verify_group \
      verify_months verify_days verify_closed verify_again verify_print \
      loop job http_reply http_peers http_door http_conn http \
      writer ingest schedule config_key config_report config_sample config \
      delivery closing upkeep service service_body server_clock route operate \
      operate_rates operate_close gate server_reload server cmd cmd_table \
      cmd_change cmd_init cmd_create cmd_list cmd_quarantine cmd_report \
      cmd_close cmd_deliver cmd_migrate cmd_verify cmd_start cmd_explain \
      cmd_version main

LIB_C = $(wildcard $(LIB:%=lib/%.c))
SRC_C = $(wildcard $(SRC:%=src/%.c))
SCHEMA = $(sort $(wildcard src/schema/*.sql))
UNIT_C = $(sort $(wildcard test/unit/*_test.c))
RIG_C = $(sort $(filter-out $(UNIT_C),$(wildcard test/unit/*.c)))
FAULT_C = $(sort $(wildcard test/fault/*.c))
BENCH_C = $(sort $(wildcard test/bench/*.c))
FUZZ_C = $(sort $(wildcard test/fuzz/*.c))
ORACLE_C = $(sort $(wildcard test/oracle/*.c))

# --- flags -------------------------------------------------------------------
CC ?= cc
PKGS = libevent_core libevent_extra libevent_openssl openssl sqlite3 \
       libesmtp-1.0 libcjson gmp zlib
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CMOCKA_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null)

OPTIMIZE ?= $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2)
FORTIFY = $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
       -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
       -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef \
       -Wno-overlength-strings -Wno-missing-field-initializers
HARDEN = -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
WERROR ?= $(if $(CI),-Werror)

CPPFLAGS += -D_GNU_SOURCE -DSTAT_VERSION='"$(VERSION)"' -I. $(FORTIFY) \
            $(PKG_CFLAGS)
CFLAGS ?= -g
ALL_CFLAGS = -std=c11 $(OPTIMIZE) $(WARN) $(WERROR) $(HARDEN) \
             $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

OBJ = $(patsubst %.c,$(BUILD)/%.o,$(LIB_C) $(SRC_C))
ARCHIVE_OBJ = $(filter-out $(BUILD)/src/main.o,$(OBJ))
ARCHIVE = $(BUILD)/libstat.a
UNIT = $(UNIT_C:%.c=$(BUILD)/%)
RIG_OBJ = $(RIG_C:%.c=$(BUILD)/%.o)
RIG_ARCHIVE = $(BUILD)/test/unit/librig.a
FAULT = $(FAULT_C:%.c=$(BUILD)/%.so)
ORACLE = $(ORACLE_C:%.c=$(BUILD)/%)

# --- goals -------------------------------------------------------------------
.PHONY: all deps run demo check check-money unit bench lint format install \
        uninstall clean help objects
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM)

help:
	@sed -n 's/^#   //p' Makefile

$(PROGRAM): $(BUILD)/src/main.o $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $(BUILD)/src/main.o $(ARCHIVE) $(PKG_LIBS)

$(ARCHIVE): $(ARCHIVE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The schema steps become one table of strings.
$(BUILD)/schema.inc: $(SCHEMA) contrib/embed-schema
	@mkdir -p $(@D)
	contrib/embed-schema $(SCHEMA) >$@

$(BUILD)/src/store.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/store.o: $(BUILD)/schema.inc

# The licence becomes one string, for the verb that prints it.
$(BUILD)/license.inc: COPYING Makefile
	@mkdir -p $(@D)
	{ echo 'static const char license_text[] ='; \
	  sed -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' COPYING; \
	  echo '    ;'; } >$@

$(BUILD)/src/cmd_version.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/cmd_version.o: $(BUILD)/license.inc

unit: $(UNIT)

# What several unit tests share.
$(RIG_ARCHIVE): $(RIG_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/test/unit/%_test: $(BUILD)/test/unit/%_test.o $(RIG_ARCHIVE) \
    $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(RIG_ARCHIVE) $(ARCHIVE) $(PKG_LIBS) \
	    $(CMOCKA_LIBS)

# What makes a disk fail is put before the libc, and stays as the libc is.
$(BUILD)/test/fault/%.so: test/fault/%.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -g $(WARN) $(WERROR) -fPIC -shared \
	    -o $@ $<

deps:
	contrib/install-deps all

# What is missing is installed, or named, first; a make of its own then asks
# pkg-config anew.
run demo:
	@contrib/install-deps build
	@contrib/install-deps run
	@$(MAKE) --no-print-directory all
	@contrib/$(if $(filter run,$@),run-local,demo) $(PROGRAM)

# --- tests -------------------------------------------------------------------
ONLY ?=
CHECKS = $(UNIT) $(sort $(wildcard test/lint/test_*.py test/blackbox/*.py \
         test/calendar/*.py test/fault/*.py test/oracle/*.py))

check: $(PROGRAM) $(UNIT) $(FAULT) $(ORACLE)
	@STAT_BINARY=$(abspath $(PROGRAM)) test/run $(if $(SAN),--slow 3) \
	    $(if $(ONLY),--only $(ONLY)) $(CHECKS)

# What shows a test what a part of the program makes of its input.
$(BUILD)/test/oracle/%: $(BUILD)/test/oracle/%.o $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

# The same tests with more of them, and others: make check has 500 and 8.
HISTORIES ?= 20000
MONEY_PARTS = $(sort $(wildcard test/blackbox/money_random_histories_*.py))

check-money: $(PROGRAM)
	@STAT_BINARY=$(abspath $(PROGRAM)) MONEY_SEED=$${MONEY_SEED:-2} \
	    MONEY_HISTORIES=$$(($(HISTORIES) / $(words $(MONEY_PARTS)))) \
	    MONEY_YEARS=100 test/run --slow 60 $(MONEY_PARTS) \
	    test/calendar/closing_many_years.py

# --- bench -------------------------------------------------------------------
# Figures as ratios taken side by side in one run; never part of check.
BENCH = $(BENCH_C:%.c=$(BUILD)/%)
ROUNDS ?= 5

bench: $(PROGRAM) $(BENCH)
	$(BUILD)/test/bench/parse_bench
	test/bench/run $(BUILD) --rounds $(ROUNDS)

$(BUILD)/test/bench/%: $(BUILD)/test/bench/%.o $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

# --- lint --------------------------------------------------------------------
# Prints findings and nothing else. Each part stands alone: make lint-tidy.
# Both compilers build everything anew in folders of their own; what has not
# changed since it was found clean is not looked at again.
LINT = build/lint
LINT_C = $(LIB_C) $(SRC_C) $(UNIT_C) $(RIG_C) $(FAULT_C) $(BENCH_C) $(FUZZ_C) \
         $(ORACLE_C)
LINT_H = $(wildcard lib/*.h src/*.h test/*/*.h)
LINT_MAN = $(wildcard man/*.[1-9])
LINT_PARTS = lint-gcc lint-clang lint-layout lint-tidy lint-cppcheck \
             lint-format lint-shell lint-python lint-man
.PHONY: $(LINT_PARTS)

lint:
	@$(MAKE) -s -k $(if $(findstring -j,$(MAKEFLAGS)),,-j2) -Otarget \
	    --no-print-directory $(LINT_PARTS)

objects: $(LINT_C:%.c=$(BUILD)/%.o)

# clang takes casts in openssl's macros for ours; gcc keeps watch over those.
lint-clang: LINT_CFLAGS = -Wno-cast-qual
lint-gcc lint-clang: lint-%:
	@$(MAKE) -s -k --no-print-directory BUILD=$(LINT)/$* CC=$* SAN= \
	    WERROR=-Werror CFLAGS='-g $(LINT_CFLAGS)' objects

lint-layout: lint-gcc
	@test/lint/layout --objects $(LINT)/gcc --cflags '$(PKG_CFLAGS)'

lint-tidy: $(LINT_C:%.c=$(LINT)/tidy/%.ok)

# The object knows which headers a file depends on.
$(LINT)/tidy/%.ok: %.c .clang-tidy lint-gcc
	@mkdir -p $(@D)
	@if [ ! -e $@ ] || [ .clang-tidy -nt $@ ] || \
	    [ $(LINT)/gcc/$*.o -nt $@ ]; then \
		clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS) \
		    -I$(LINT)/gcc >$@.out 2>/dev/null || \
		    { cat $@.out; rm -f $@; exit 1; }; \
		touch $@; \
	fi

# Its own description of POSIX calls a descriptor of -1 in mmap() wrong.
lint-cppcheck: lint-gcc
	@cppcheck --quiet -j2 --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -I. -I$(LINT)/gcc \
	    $(LINT_C)

lint-format:
	@bad=$$(for file in $(LINT_C) $(LINT_H); do \
	    clang-format $$file | diff -U0 $$file - | \
	    sed -n "3{s|^@@ -\([0-9]*\).*|$$file:\1: make format|p}"; done); \
	    [ -z "$$bad" ] || { echo "$$bad"; exit 1; }

lint-shell:
	@scripts=$$(test/lint/scripts sh) && shellcheck $$scripts

lint-python:
	@scripts=$$(test/lint/scripts python) && \
	    PYTHONPYCACHEPREFIX=$(abspath $(LINT))/pycache \
	    /usr/bin/python3 -W error -m py_compile $$scripts

lint-man:
	@[ -n '$(LINT_MAN)' ] || { echo 'man: no manual pages'; exit 1; }
	@mandoc -T lint -W warning $(LINT_MAN)

format:
	clang-format -i $(LINT_C) $(LINT_H)

# --- installation ------------------------------------------------------------
# make install DESTDIR=/tmp/x PREFIX=/usr. Nothing is started or enabled; that
# is `stat.flexfs init systemd`.
INSTALL ?= install
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
MAN_INSTALLED = $(foreach m,$(LINT_MAN),$(MANDIR)/man$(subst \
                .,,$(suffix $(m)))/$(notdir $(m)))
# Samples to read and change: everything of contrib/ that is there of these.
EXAMPLES = $(wildcard contrib/config.toml contrib/stat.flexfs.service \
           contrib/send-report contrib/*.json)
COMPLETION = $(wildcard contrib/stat.flexfs.bash)

install: $(PROGRAM)
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(SBINDIR)/stat.flexfs
	$(INSTALL) -m 644 README COPYING $(DESTDIR)$(DOCDIR)
	$(foreach m,$(MAN_INSTALLED),$(INSTALL) -D -m 644 man/$(notdir $(m)) \
	    $(DESTDIR)$(m) &&) true
	$(foreach e,$(EXAMPLES),$(INSTALL) -D -m 644 $(e) \
	    $(DESTDIR)$(DOCDIR)/examples/$(notdir $(e)) &&) true
	$(foreach c,$(COMPLETION),$(INSTALL) -D -m 644 $(c) \
	    $(DESTDIR)$(COMPLETIONDIR)/stat.flexfs &&) true

# Takes away what install put there, and DOCDIR when it is empty then.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/stat.flexfs \
	    $(addprefix $(DESTDIR),$(MAN_INSTALLED)) \
	    $(addprefix $(DESTDIR)$(DOCDIR)/examples/,$(notdir $(EXAMPLES))) \
	    $(if $(COMPLETION),$(DESTDIR)$(COMPLETIONDIR)/stat.flexfs) \
	    $(DESTDIR)$(DOCDIR)/README $(DESTDIR)$(DOCDIR)/COPYING
	for d in $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DOCDIR); do \
		[ ! -d "$$d" ] || rmdir --ignore-fail-on-non-empty "$$d"; \
	done

clean:
	rm -rf build build-* run

-include $(OBJ:.o=.d) $(UNIT:=.d) $(RIG_OBJ:.o=.d) $(BENCH:=.d) \
    $(ORACLE:=.d)
