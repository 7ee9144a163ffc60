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
#   make deb        a Debian package, in build/deb

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
      tls_part tls tls_server tls_session tls_client tls_cert jws \
      notify inherit run prom process profile \
      profile_symbols \
      smtp_part smtp_check smtp_wire smtp_session smtp_verdict smtp \
      mime httphead httpchunk \
      canvas_part canvas_load canvas_text canvas_svg canvas

# src/, in the order of the data's path; a file may include those above it.
SRC = settings creds creds_gather store store_check fact backup grace account \
      token session source rate grant grant_key report volume sample \
      volume_state_part volume_state \
      volume_state_find usage_bins day_hours day_code_part day_code \
      day_code_read day day_build late keep quarantine quarantine_settle \
      roster tally ledger_part ledger ledger_answer history \
      usage usage_part usage_hour usage_read rating rating_trace \
      invoice archive archive_read correction forecast bill periods \
      export_part export_cells export_state export export_write \
      explain explain_part explain_samples explain_side explain_correction \
      explain_rounding explain_json explain_text todate attachment silence \
      trouble summary summary_page summary_trouble summary_notes \
      summary_text summary_html summary_csv summary_focus summary_json \
      chart_part chart_axis chart_frame chart_usage chart_cost chart_words \
      chart chart_data_part chart_data_cost chart_data \
      invoice_pdf_part invoice_pdf_lines invoice_pdf \
      close_part close close_due mail_picture mail mail_probe outbox deliver \
      page page_text page_piece pages page_chart page_part page_trouble \
      page_usage page_overview page_account page_periods page_invoice page_line \
      page_volume page_lists \
      route http_reply read read_table read_lists read_volume_part \
      read_volumes read_hours read_periods read_invoices read_usage \
      read_pages read_routes read_answer \
      verify_part verify verify_file verify_chain verify_terms verify_reports \
      verify_quarantine verify_volumes verify_samples verify_group \
      verify_months verify_days verify_closed verify_again verify_print \
      loop job http_peers http_door http_stream http_conn http_seen http \
      pprof metrics_part metrics writer ingest schedule config_key \
      config_report config_sample config delivery closing upkeep \
      metrics_periods metrics_tables metrics_page \
      reading service service_body openapi server_clock \
      operate operate_rates operate_close granting signin gate server_reload \
      server_notify server_watch systemd server cmd cmd_table cmd_change \
      cmd_paper cmd_init cmd_systemd cmd_create cmd_grant cmd_update cmd_list \
      cmd_mail cmd_list_volumes cmd_show_volume cmd_show_report \
      cmd_quarantine cmd_focus cmd_report_draw cmd_report_trouble cmd_report \
      cmd_export cmd_close cmd_deliver cmd_backup cmd_migrate cmd_verify \
      cmd_start cmd_explain \
      cmd_period cmd_invoice cmd_forecast cmd_get cmd_version main

LIB_C = $(wildcard $(LIB:%=lib/%.c))
SRC_C = $(wildcard $(SRC:%=src/%.c))
SCHEMA = $(sort $(wildcard src/schema/*.sql))
UNIT_C = $(sort $(wildcard test/unit/*_test.c))
RIG_C = $(sort $(filter-out $(UNIT_C),$(wildcard test/unit/*.c)))
FAULT_C = $(sort $(wildcard test/fault/*.c))
BENCH_C = $(sort $(wildcard test/bench/*.c))
FUZZ_C = $(sort $(wildcard test/fuzz/*.c))
ORACLE_C = $(sort $(wildcard test/oracle/*.c))
SAN_C = test/sanitize.c

# --- flags -------------------------------------------------------------------
CC ?= cc
PKGS = libevent_core libevent_extra libevent_openssl openssl sqlite3 \
       libesmtp-1.0 libcjson gmp zlib
# Loaded when something is drawn, not linked.
PKGS_LOADED = pangocairo
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(PKGS_LOADED) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
CMOCKA_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null)

OPTIMIZE ?= $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2)
FORTIFY = $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
       -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
       -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef \
       -Wno-overlength-strings -Wno-missing-field-initializers
HARDEN = -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
# Names of functions for profiles, where the symbol table was stripped.
NAMES_LD = -rdynamic
WERROR ?= $(if $(CI),-Werror)

CPPFLAGS += -D_GNU_SOURCE -DSTAT_VERSION='"$(VERSION)"' -I. $(FORTIFY) \
            $(PKG_CFLAGS)
CFLAGS ?= -g
ALL_CFLAGS = -std=c11 $(OPTIMIZE) $(WARN) $(WERROR) $(HARDEN) \
             $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(NAMES_LD) $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

OBJ = $(patsubst %.c,$(BUILD)/%.o,$(LIB_C) $(SRC_C))
ARCHIVE_OBJ = $(filter-out $(BUILD)/src/main.o,$(OBJ))
ARCHIVE = $(BUILD)/libstat.a
UNIT = $(UNIT_C:%.c=$(BUILD)/%)
RIG_OBJ = $(RIG_C:%.c=$(BUILD)/%.o)
RIG_ARCHIVE = $(BUILD)/test/unit/librig.a
FAULT = $(FAULT_C:%.c=$(BUILD)/%.so)
ORACLE = $(ORACLE_C:%.c=$(BUILD)/%)
SAN_OBJ = $(if $(SAN),$(SAN_C:%.c=$(BUILD)/%.o))

# --- goals -------------------------------------------------------------------
.PHONY: all deps run demo check check-money unit bench lint format install \
        uninstall deb clean help objects FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM)

help:
	@sed -n 's/^#   //p' Makefile

$(PROGRAM): $(BUILD)/src/main.o $(SAN_OBJ) $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

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

# The licence becomes one string, for the verb that prints it, and so do the
# files of the systemd service, for the verb that installs them.
embed = $(call embed_as,static const char $(1),$(2))
embed_as = { echo '$(1)[] ='; \
	  sed -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' $(2); \
	  echo '    ;'; }

$(BUILD)/license.inc: COPYING Makefile
	@mkdir -p $(@D)
	$(call embed,license_text,$<) >$@

$(BUILD)/src/cmd_version.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/cmd_version.o: $(BUILD)/license.inc

$(BUILD)/systemd.inc: contrib/systemd/stat.flexfs.service \
    contrib/systemd/sysusers.conf contrib/systemd/tmpfiles.conf Makefile
	@mkdir -p $(@D)
	{ $(call embed,unit_text,contrib/systemd/stat.flexfs.service); \
	  $(call embed,sysusers_text,contrib/systemd/sysusers.conf); \
	  $(call embed,tmpfiles_text,contrib/systemd/tmpfiles.conf); } >$@

$(BUILD)/src/systemd.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/systemd.o: $(BUILD)/systemd.inc

# The description of the routes, which is JSON in a file of YAML.
$(BUILD)/openapi.inc: contrib/openapi.yaml Makefile
	@mkdir -p $(@D)
	$(call embed,openapi_text,$<) >$@

$(BUILD)/src/openapi.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/openapi.o: $(BUILD)/openapi.inc

# The look of the pages.
$(BUILD)/page_style.inc: src/page.css Makefile
	@mkdir -p $(@D)
	$(call embed_as,const char page_style,$<) >$@

$(BUILD)/src/page.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/src/page.o: $(BUILD)/page_style.inc

unit: $(UNIT)

# What several unit tests share.
$(RIG_ARCHIVE): $(RIG_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/test/unit/%_test: $(BUILD)/test/unit/%_test.o $(SAN_OBJ) \
    $(RIG_ARCHIVE) $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(CMOCKA_LIBS)

# What makes a disk fail is put before the libc, and stays as the libc is.
$(BUILD)/test/fault/%.so: test/fault/%.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -g $(WARN) $(WERROR) -fPIC -shared \
	    -o $@ $<

deps:
	contrib/install-deps all
	cd test/npm && npm ci --ignore-scripts --no-audit --no-fund

# What is missing is installed, or named, first; a make of its own then asks
# pkg-config anew.
run demo:
	@contrib/install-deps build
	@contrib/install-deps run
	@$(MAKE) --no-print-directory all
	@contrib/$(if $(filter run,$@),run-local,demo) $(PROGRAM)

# --- tests -------------------------------------------------------------------
# What is packaged was built without sanitizers.
ONLY ?=
CHECKS = $(UNIT) $(sort $(wildcard test/lint/test_*.py test/blackbox/*.py \
         test/calendar/*.py test/fault/*.py test/oracle/*.py \
         $(if $(SAN),,test/package/*.py)))

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
	test/bench/mail $(BUILD) --rounds $(ROUNDS)

$(BUILD)/test/bench/%: $(BUILD)/test/bench/%.o $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS)

# --- lint --------------------------------------------------------------------
# Prints findings and nothing else. Each part stands alone: make lint-tidy.
# Both compilers build everything anew in folders of their own; what has not
# changed since it was found clean is not looked at again.
LINT = build/lint
LINT_C = $(LIB_C) $(SRC_C) $(UNIT_C) $(RIG_C) $(FAULT_C) $(BENCH_C) $(FUZZ_C) \
         $(ORACLE_C) $(SAN_C)
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
# make install DESTDIR=/tmp/x PREFIX=/usr. Nothing is started or enabled, and
# no user is made; that is `stat.flexfs init systemd`.
INSTALL ?= install
ON_USR = $(filter /usr,$(PREFIX))
UNITDIR ?= $(if $(ON_USR),/lib,$(PREFIX)/lib)/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(ON_USR),vendor-completions,site-functions)
# Samples to read and change: everything of contrib/ that is there of these.
EXAMPLES = $(wildcard contrib/config.toml contrib/send-report contrib/*.json \
           contrib/report-usage.conf contrib/prometheus-alerts.yml)
# The units, whose commands are where SBINDIR says.
UNITS = stat.flexfs.service flexfs-report-usage.service

# Where files go, as folder:file[:name there].
INSTALLED = $(foreach m,$(LINT_MAN),$(MANDIR)/man$(subst .,,$(suffix $(m))):$(m)) \
            $(foreach e,$(EXAMPLES),$(DOCDIR)/examples:$(e)) \
            $(DOCDIR):README $(DOCDIR):COPYING $(DOCDIR):contrib/openapi.yaml \
            $(foreach u,$(UNITS),$(UNITDIR):$(BUILD)/install/$(u)) \
            $(UNITDIR):contrib/systemd/stat.flexfs.socket \
            $(UNITDIR):contrib/systemd/flexfs-report-usage.timer \
            $(SYSUSERSDIR):contrib/systemd/sysusers.conf:stat.flexfs.conf \
            $(TMPFILESDIR):contrib/systemd/tmpfiles.conf:stat.flexfs.conf \
            $(BASHDIR):$(BUILD)/install/completion.bash:stat.flexfs \
            $(ZSHDIR):$(BUILD)/install/completion.zsh:_stat.flexfs
folder_of = $(firstword $(subst :, ,$(1)))
file_of = $(word 2,$(subst :, ,$(1)))
name_of = $(or $(word 3,$(subst :, ,$(1))),$(notdir $(call file_of,$(1))))

$(BUILD)/install/completion.%: $(PROGRAM) contrib/make-completion
	@mkdir -p $(@D)
	contrib/make-completion $* $(PROGRAM) >$@

$(UNITS:%=$(BUILD)/install/%): $(BUILD)/install/%: contrib/systemd/% FORCE
	@mkdir -p $(@D)
	@sed 's|/usr/sbin/|$(SBINDIR)/|' $< >$@

FORCE:

install: $(PROGRAM) $(foreach i,$(INSTALLED),$(call file_of,$(i)))
	$(INSTALL) -D -m 755 $(PROGRAM) $(DESTDIR)$(SBINDIR)/stat.flexfs
	$(INSTALL) -D -m 755 contrib/report-usage \
	    $(DESTDIR)$(SBINDIR)/flexfs-report-usage
	$(foreach i,$(INSTALLED),$(INSTALL) -D -m 644 $(call file_of,$(i)) \
	    $(DESTDIR)$(call folder_of,$(i))/$(call name_of,$(i)) &&) true

# Takes away what install put there, and DOCDIR when it is empty then.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/stat.flexfs \
	    $(DESTDIR)$(SBINDIR)/flexfs-report-usage $(foreach i,$(INSTALLED), \
	    $(DESTDIR)$(call folder_of,$(i))/$(call name_of,$(i)))
	for d in $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DOCDIR); do \
		[ ! -d "$$d" ] || rmdir --ignore-fail-on-non-empty "$$d"; \
	done

# --- Debian package ----------------------------------------------------------
# build/deb/stat.flexfs_VERSION_ARCH.deb, made in a copy of the tree.
DEB_FOLDER = build/deb
DEB_ARCH = $(shell dpkg --print-architecture)
DEB = $(DEB_FOLDER)/stat.flexfs_$(VERSION)_$(DEB_ARCH).deb
DEB_TREE = Makefile README COPYING src lib man contrib

deb: $(DEB)

$(DEB): $(LIB_C) $(SRC_C) $(wildcard lib/*.h src/*.h man/*) $(SCHEMA) \
    $(wildcard contrib/* contrib/*/*) Makefile README COPYING
	rm -rf $(DEB_FOLDER)
	mkdir -p $(DEB_FOLDER)/tree
	cp -Rp $(DEB_TREE) $(DEB_FOLDER)/tree
	cp -Rp contrib/debian $(DEB_FOLDER)/tree
	cd $(DEB_FOLDER)/tree && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
	    DEB_BUILD_OPTIONS='parallel=2 noautodbgsym' \
	    dpkg-buildpackage -b -us -uc

clean:
	rm -rf build build-* run

-include $(OBJ:.o=.d) $(UNIT:=.d) $(RIG_OBJ:.o=.d) $(BENCH:=.d) \
    $(ORACLE:=.d)
