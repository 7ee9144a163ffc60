#!/usr/bin/python3
"""The layout check passes a right tree and finds each fault of a wrong one.

Every test takes the same small right tree, breaks one thing in it, and wants
exactly that finding: a check that finds nothing, or too much, shows here.
"""

import os
import subprocess

import support

LAYOUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layout")


def header(guard, *body):
    return "\n".join([f"#ifndef {guard}", f"#define {guard}", *body,
                      "#endif", ""])


RIGHT = {
    "Makefile": "LIB = err clock \\\n      sql\n"
                "SRC = report ledger summary summary_text loop server cmd \\\n"
                "      cmd_start main\n",
    "README": "What it is.\n",
    "COPYING": "ISC\n" * 900,
    "man/stat.1": ".Dd today\n",
    "contrib/tool": "#!/bin/sh\n",
    "test/run": "#!/bin/sh\n",
    "test/golden/big.json": "1\n" * 2000,
    ".gitignore": "/build/\n",
    "lib/err.h": header("LIB_ERR_H", "struct err { int kind; };",
                        "void err_set(struct err *e);"),
    "lib/err.c": '#include "err.h"\nvoid err_set(struct err *e) '
                 "{ e->kind = 1; }\n",
    "lib/clock.h": header("LIB_CLOCK_H", "long clock_now(void);"),
    "lib/clock.c": '#include <time.h>\n#include "clock.h"\n'
                   "long clock_now(void) { return time(0); }\n",
    "lib/sql.h": header("LIB_SQL_H", '#include "err.h"',
                        "void sql_open(struct err *e);"),
    "lib/sql.c": "/* uses <sqlite3.h> */\n#include <sqlite3.h>\n"
                 '#include "sql.h"\n'
                 "void sql_open(struct err *e) { err_set(e); }\n",
    "src/report.h": header("REPORT_H", '#include "lib/err.h"',
                           "void report_read(struct err *e);"),
    "src/report.c": '#include "lib/sql.h"\n#include "report.h"\n'
                    "/* At the time (of reading) nothing asks time(0). */\n"
                    "void report_read(struct err *e) { sql_open(e); }\n",
    "src/ledger.h": header("LEDGER_H", '#include "report.h"',
                           "void ledger_add(struct err *e);"),
    "src/ledger.c": '#include "ledger.h"\n'
                    "static const char *const names[] = {\"a\", \"b\"};\n"
                    "void ledger_add(struct err *e) "
                    "{ e->kind = names[e->kind & 1][0]; }\n",
    "src/summary.h": header("SUMMARY_H", "int summary_make(void);"),
    "src/summary.c": '#include "summary.h"\n#include "summary_text.h"\n'
                     "int summary_make(void) { return summary_text(); }\n",
    "src/summary_text.h": header("SUMMARY_TEXT_H", "int summary_text(void);",
                                 "int summary_pad(void);"),
    "src/summary_text.c": '#include "summary.h"\n#include "summary_text.h"\n'
                          "int summary_text(void) { return 1; }\n"
                          "int summary_pad(void) { return 2; }\n",
    "src/loop.h": header("LOOP_H", "void loop_run(void);"),
    "src/loop.c": '#include <event2/event.h>\n#include "loop.h"\n'
                  "void loop_run(void) {}\n",
    "src/server.h": header("SERVER_H", "void server_run(void);"),
    "src/server.c": '#include "loop.h"\n#include "server.h"\n'
                    "void server_run(void) { loop_run(); }\n",
    "src/cmd.h": header("CMD_H", "int cmd_run(void);"),
    "src/cmd.c": '#include "cmd.h"\nint cmd_run(void) { return 0; }\n',
    "src/cmd_start.c": '#include "cmd.h"\n#include "server.h"\n'
                       "int cmd_start(void);\n"
                       "int cmd_start(void) { server_run(); return 0; }\n",
    "src/main.c": '#include "cmd.h"\nint main(void) { return cmd_run(); }\n',
    "src/schema/001-first.sql": "CREATE TABLE t (now INT); -- not 'now'\n",
    "test/unit/err_test.c": "",
    "test/unit/clock_test.c": "",
    "test/unit/sql_test.c": "",
}


class Layout(support.TestCase):
    def check(self, changes=None, objects=True):
        """What layout prints for the right tree with these files changed
        (None: removed), without line numbers, and its exit status."""
        top = self.folder()
        tree = dict(RIGHT, **(changes or {}))
        for path, text in tree.items():
            if text is not None:
                path = os.path.join(top, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
        self.run_in(top, "git", "init", "-q")
        self.run_in(top, "git", "add", "-A")
        for path, text in tree.items():
            if objects and path.endswith(".c") and text is not None \
                    and path.startswith(("src/", "lib/")):
                self.compile(top, path, tree)
        done = subprocess.run([LAYOUT], cwd=top, capture_output=True,
                              check=False, timeout=60)
        self.assertEqual(done.stderr.decode(), "")
        said = []
        for line in done.stdout.decode().splitlines():
            path, _, rest = line.partition(":")
            said.append(f"{path}:{rest.partition(':')[2]}")
        self.assertEqual(done.returncode, 1 if said else 0)
        return said

    compiled = {}  # most trees share most of their objects

    def compile(self, top, path, tree):
        key = (path, tree[path], *(
            (name, text) for name, text in tree.items()
            if name.endswith(".h")))
        place = os.path.join(top, "build", path[:-2] + ".o")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if key not in self.compiled:
            self.run_in(top, "gcc", "-I.", "-fPIE", "-w", "-c", "-o", place,
                        path)
            with open(place, "rb") as f:
                self.compiled[key] = f.read()
        else:
            with open(place, "wb") as f:
                f.write(self.compiled[key])

    def run_in(self, top, *command):
        subprocess.run(command, cwd=top, check=True, timeout=60,
                       capture_output=True)

    def finds(self, changes, *expected, **options):
        said = self.check(changes, **options)
        self.assertEqual(len(said), len(expected), said)
        for line, start in zip(said, expected):
            self.assertTrue(line.startswith(start), (line, start))

    def with_line(self, path, line):
        return {path: RIGHT[path] + line + "\n"}

    def with_first(self, path, line):
        return {path: line + "\n" + RIGHT[path]}

    def test_a_right_tree_passes(self):
        self.assertEqual(self.check(), [])

    def test_an_unlisted_source_is_found(self):
        self.finds({"src/extra.h": header("E_H")}, "src/extra.h: listed")

    def test_a_listed_source_that_is_missing_is_found(self):
        self.finds({"Makefile": RIGHT["Makefile"].replace("sql", "sql map")},
                   "Makefile: listed: no lib/map")

    def test_a_source_listed_twice_is_found(self):
        self.finds({"Makefile": RIGHT["Makefile"].replace("sql", "sql err")},
                   "Makefile: listed: lib/err twice")

    def test_a_step_behind_the_server_is_found(self):
        text = RIGHT["Makefile"].replace("loop server", "server loop")
        self.finds({"Makefile": text,
                    "src/server.c": "void server_run(void) {}\n"},
                   "Makefile: listed: loop stands behind server")

    def test_a_verb_before_the_server_is_found(self):
        text = RIGHT["Makefile"].replace("server cmd", "cmd server")
        self.finds({"Makefile": text},
                   "Makefile: listed: cmd stands before server")

    def test_main_before_the_end_is_found(self):
        text = RIGHT["Makefile"].replace("cmd_start main", "main cmd_start")
        self.finds({"Makefile": text}, "Makefile: listed: main is not")

    def test_empty_lists_are_a_finding(self):
        said = self.check({"Makefile": "all:\n"})
        self.assertIn("Makefile: listed: no list of lib/", said)
        self.assertIn("Makefile: listed: no list of src/", said)

    def test_a_tree_without_sources_does_not_pass(self):
        gone = {p: None for p in RIGHT if p.startswith(("src/", "lib/"))}
        said = self.check(gone)
        for start in ("lib: listed: no sources", "src: listed: no sources",
                      ".: alone: no headers"):
            self.assertTrue(any(s.startswith(start) for s in said), start)

    def test_lib_that_includes_src_is_found(self):
        self.finds(self.with_first("lib/err.c", '#include "src/cmd.h"'),
                   "lib/err.c: rank: lib/ includes src/cmd.h")

    def test_an_include_of_a_step_downstream_is_found(self):
        self.finds(self.with_first("src/report.c", '#include "ledger.h"'),
                   "src/report.c: rank: includes src/ledger.h")

    def test_a_header_that_includes_a_step_downstream_is_found(self):
        self.finds(self.with_line("src/report.h", '#include "summary.h"'),
                   "src/report.h: rank: includes src/summary.h")

    def test_an_include_that_is_nowhere_is_found(self):
        text = '#ifdef NEVER\n#include "gone.h"\n#endif\n'
        self.finds({"src/report.c": text + RIGHT["src/report.c"]},
                   'src/report.c: rank: "gone.h"')

    def test_a_library_at_another_door_is_found(self):
        for name, path in (("event2/http.h", "src/report.c"),
                           ("sqlite3.h", "src/ledger.c"),
                           ("cjson/cJSON.h", "src/report.c"),
                           ("libesmtp.h", "src/report.c"),
                           ("auth-client.h", "src/server.c"),
                           ("openssl/sha.h", "lib/sql.c"),
                           ("gmp.h", "lib/clock.h"),
                           ("zlib.h", "src/loop.c"),
                           ("cairo-pdf.h", "src/summary.c"),
                           ("pango/pangocairo.h", "lib/clock.c")):
            with self.subTest(library=name):
                text = f"#ifdef NEVER\n#include <{name}>\n#endif\n"
                self.finds({path: text + RIGHT[path]},
                           f"{path}: door: {name} is for")

    def test_a_header_that_shows_a_library_is_for_its_family(self):
        files = {
            "Makefile": RIGHT["Makefile"].replace("server", "http_conn http "
                                                  "server"),
            "src/http_conn.h": header("HTTP_CONN_H",
                                      "#include <event2/event.h>"),
            "src/http.c": '#include "http_conn.h"\n',
        }
        self.finds(files)
        files["src/server.c"] = '#include "http_conn.h"\n' \
            + RIGHT["src/server.c"]
        self.finds(files, "src/server.c: door: src/http_conn.h shows")

    def test_whoever_asks_the_time_is_found(self):
        for call in ("time(0)", "clock_gettime(0, 0)", "gettimeofday (0, 0)"):
            with self.subTest(call=call):
                text = f"void report_ask(void);\n" \
                       f"void report_ask(void) {{ {call}; }}\n"
                self.finds(self.with_line("src/report.c", text),
                           "src/report.c: door: " + call.split("(")[0].strip())

    def test_sql_that_asks_the_time_is_found(self):
        self.finds({"src/schema/001-first.sql":
                    "CREATE TABLE t (x INT DEFAULT CURRENT_TIMESTAMP);\n"},
                   "src/schema/001-first.sql: door: CURRENT_TIMESTAMP")
        text = RIGHT["src/ledger.c"].replace('"b"', '"julianday(\'now\')"')
        self.finds({"src/ledger.c": text}, "src/ledger.c: door: 'now'")

    def test_more_or_less_at_the_top_level_is_found(self):
        self.finds({"NOTES": "x\n"}, "NOTES: top: does not belong")
        self.finds({"doc/a": "x\n"}, "doc: top: does not belong")
        self.finds({"README": None}, "README: top: is missing")

    def test_a_long_file_is_found(self):
        self.finds({"contrib/tool": "\n" * 801}, "contrib/tool: long: 801")
        self.finds({"contrib/tool": "\n" * 800})
        self.finds({"man/stat.1": ".Pp\n" * 801}, "man/stat.1: long: 801")

    def test_a_tool_without_a_unit_test_is_found(self):
        self.finds({"test/unit/sql_test.c": None}, "lib/sql.c: untested")

    def test_a_part_is_tested_by_its_family(self):
        files = {"Makefile": RIGHT["Makefile"].replace("sql", "sql sql_row"),
                 "lib/sql_row.c": "int sql_row(void) { return 0; }\n"}
        self.finds(files)
        files["test/unit/sql_test.c"] = None
        self.finds(files, "lib/sql.c: untested", "lib/sql_row.c: untested")

    def test_unfinished_words_are_found(self):
        for word in ("TODO", "FIXME", "XXX", "HACK", "Placeholder",
                     "not yet implemented", "for now"):
            for path in ("src/loop.c", "lib/err.h", "man/stat.1",
                         "contrib/tool", "README"):
                with self.subTest(word=word, path=path):
                    self.finds({path: RIGHT[path] + f"/* {word} */\n"},
                               f"{path}: words: {word}")
                if word != "TODO":
                    break

    def test_words_that_only_hold_others_pass(self):
        self.finds({"README": "XXXXXX hacking TODOS for nowhere\n"})

    def test_a_header_that_needs_another_is_found(self):
        self.finds({"src/loop.h": header("LOOP_H", "void loop_run(size_t n);"),
                    "src/loop.c": "void loop_run(unsigned long n) {}\n",
                    "src/server.c": "void server_run(void) {}\n",
                    "src/cmd_start.c": ""}, "src/loop.h: alone:")

    def test_a_header_without_a_guard_is_found(self):
        self.finds({"src/cmd.h": "struct cmd { int a; };\n"
                    "int cmd_run(void);\n"}, "src/cmd.h: alone:")

    def test_an_exported_name_without_its_prefix_is_found(self):
        self.finds(self.with_line("src/loop.c", "void run_loop(void) {}"),
                   "src/loop.c: prefix: run_loop is exported")
        self.finds(self.with_line("lib/err.c", "const int errs = 3;"),
                   "lib/err.c: prefix: errs is exported")

    def test_a_variable_that_outlives_the_call_is_found(self):
        for text in ("static int calls; int loop_count(void) "
                     "{ return ++calls; }",
                     "int loop_count(void) { static int calls = 1; "
                     "return ++calls; }"):
            with self.subTest(text=text):
                self.finds(self.with_line("src/loop.c", text),
                           "src/loop.c: state: calls outlives")

    def test_missing_objects_are_a_finding(self):
        said = self.check(objects=False)
        self.assertIn("src/loop.c: prefix: build/src/loop.o is not there: "
                      "build first", said)


if __name__ == "__main__":
    support.main()
