# stat.flexfs - see README. GNU make.
#
#   make            build the program: build/stat.flexfs
#   make deps       install what building and testing needs (Debian, root)
#   make run        start a server on 127.0.0.1:8443 with data under ./run
#   make demo       the whole story in a minute: reports, bill, mail
#   make check      all tests; also SAN=address,undefined make check
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
LIB = err buf log clock utc uuid file text gzip toml opt jsonscan json exact \
      currency sql tls smtp mime httphead

# src/, in the order of the data's path; a file may include those above it.
SRC = settings creds store fact account token source rate \
      report volume ledger usage rating invoice \
      summary summary_text summary_html summary_csv summary_json \
      mail outbox \
      loop job http ingest clockapi schedule delivery server \
      cmd cmd_init cmd_create cmd_list cmd_report cmd_deliver cmd_migrate \
      cmd_start cmd_version main

LIB_C = $(wildcard $(LIB:%=lib/%.c))
SRC_C = $(wildcard $(SRC:%=src/%.c))
SCHEMA = $(sort $(wildcard src/schema/*.sql))
UNIT_C = $(sort $(wildcard test/unit/*.c))

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

# --- goals -------------------------------------------------------------------
.PHONY: all deps run demo check unit bench lint format install uninstall \
        clean help
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

unit: $(UNIT)

$(BUILD)/test/unit/%: $(BUILD)/test/unit/%.o $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVE) $(PKG_LIBS) $(CMOCKA_LIBS)

clean:
	rm -rf build build-* run

-include $(OBJ:.o=.d) $(UNIT:=.d)
