# SPDX-License-Identifier: MIT
"""tools/tidy finds one planted violation of each rule, and nothing in a clean tree."""
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SPDX = "SPDX-License-Identifier: MIT"
C = f"/* {SPDX} */\n"
HEADER = (C + "/* low: numbers of the lowest layer. Pure, any thread. */\n"
          "#ifndef TERN_LOW_LOW_H\n#define TERN_LOW_LOW_H\n\nint low_number(void);\n\n#endif\n")
SOURCE = C + ('/* low: always the same number. */\n#include "low/low.h"\n\n'
              "int low_number(void)\n{\n\treturn 1;\n}\n")
LAYERS = "src/low:\nsrc/high: src/low\n<uv.h>: src/high\n"
BUILD = f"# {SPDX}\nx = files('low.c', 'high.c', 'low_test.c')\n"
CLEAN = {"src/low/low.h": HEADER, "src/low/low.c": SOURCE, "layers.txt": LAYERS,
         "src/low/meson.build": BUILD, "src/high/meson.build": BUILD,
         "README.md": "# Name\n\nSee [layers](layers.txt) and [below](#a-part).\n\n## A part\n",
         "tools/x": f"#!/usr/bin/env bash\n# {SPDX}\necho \"$1\"\n",
         "tools/x.py": f'#!/usr/bin/env python3\n# {SPDX}\n"""Prints."""\nprint(1)\n',
         "image.png": "\0"}


def run(root, *options):
    return subprocess.run([sys.executable, str(ROOT / "tools/tidy"), "--root", str(root), *options],
                          capture_output=True, text=True, check=False)


def plant(root, files):
    for path, text in (CLEAN | files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    shutil.copy(ROOT / ".clang-format", root)


def body(code):
    return {"src/low/low.c": SOURCE.replace("\treturn 1;", code)}


def long_function(lines):
    return body("\tint sum = 0;\n" + "\tsum++;\n" * (lines - 5) + "\treturn sum;")


def test_layout_findings_name_the_target_that_mends_them(tmp_path):
    plant(tmp_path, body("\treturn   1;"))
    assert "make format" in run(tmp_path, "--only", "layout").stdout


def test_clean_tree_has_no_findings(tmp_path):
    plant(tmp_path, {})
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith(f"tidy: {len(CLEAN) + 1} files, 0 findings\n")


PLANTED = {
    "no SPDX in C": ("spdx", "src/low/low.c:1", {"src/low/low.c": SOURCE.replace(C, "")}),
    "no SPDX in Python": ("spdx", "tools/x.py:2", {"tools/x.py": "#!/usr/bin/env python3\n1\n"}),
    "line of 101 columns": ("line", "src/low/low.c:7", body("\treturn 1; /* " + "x" * 77 + " */")),
    "trailing space": ("line", "src/low/low.c:7", body("\treturn 1; ")),
    "file of 801 lines": ("file", "src/low/low.c:801",
                          {"src/low/low.c": SOURCE + "\n" * (801 - SOURCE.count("\n"))}),
    "no newline at the end": ("file", "README.md:1", {"README.md": "# Name"}),
    "unfinished work": ("words", "src/low/low.c:7", body("\treturn 1; /* TO" "DO: two */")),
    "machine path": ("words", "README.md:2", {"README.md": "# Name\nIn /ho" "me/me/x.\n"}),
    "registry host": ("words", "README.md:2",
                      {"README.md": "# Name\nFrom registry.npm" "js.org.\n"}),
    "spaces for tabs": ("tabs", "src/low/low.c:7", body("        return 1;")),
    "no opening comment": ("opening", "src/low/low.c:2",
                           {"src/low/low.c": SOURCE.replace("/* low: always the same number. */\n",
                                                            "")}),
    "header without a name": ("opening", "src/low/low.h:2",
                              {"src/low/low.h": HEADER.replace("low: ", "")}),
    "wrong guard": ("opening", "src/low/low.h:1",
                    {"src/low/low.h": HEADER.replace("TERN_LOW_LOW_H", "LOW_H")}),
    "function of 71 lines": ("function", "src/low/low.c:5", long_function(71)),
    "Python function of 71 lines": ("function", "tools/x.py:3", {
        "tools/x.py": f"#!/usr/bin/env python3\n# {SPDX}\ndef f():\n" + "    f()\n" * 70}),
    "strcpy": ("banned", "src/low/low.c:7", body("\treturn !strcpy(a, b);")),
    "sprintf": ("banned", "src/low/low.c:7", body('\treturn sprintf(a, "x");')),
    "malloc outside base": ("banned", "src/low/low.c:7", body("\treturn !malloc(1);")),
    "printf in a library": ("banned", "src/low/low.c:7", body('\treturn printf("x");')),
    "clock in the engine": ("banned", "src/queue/clock.c:5", {
        "src/queue/clock.c": C + "/* clock: reads it. */\nint queue_time(void)\n{\n"
                                 "\treturn clock_now_ms();\n}\n"}),
    "typedef of a struct": ("types", "src/low/low.c:4",
                            {"src/low/low.c": C + "/* x */\n\ntypedef struct low low_t;\n"}),
    "failure not must_check": ("types", "src/low/low.h:6", {
        "src/low/low.h": HEADER.replace("int low_number(void)", "enum err low_number(void)")}),
    "banner": ("banner", "src/low/low.c:7", body("\t/******* one *******/\n\treturn 1;")),
    "comment without a subject": ("openings", "src/low/low.c:7", {
        "src/low/low.c": SOURCE.replace(
            "int low", "/* A number.\n *\n * Who calls gets it. */\nint low")}),
    "comment that begins with a banned word": ("openings", "src/low/low.c:5", {
        "src/low/low.c": SOURCE.replace("int low", "/* What callers get. */\nint low")}),
    "banned identifier": ("identifiers", "src/low/low.c:7",
                          body("\tint the_culprit_of = 1;\n\n\treturn the_culprit_of;")),
    "upward include": ("layers", "src/low/low.c:3", {
        "src/low/low.c": SOURCE.replace("low/low.h", "high/high.h"),
        "src/high/high.h": HEADER.replace("LOW", "HIGH")}),
    "cycle in layers": ("layers", "layers.txt:1",
                        {"layers.txt": "src/low: src/high\nsrc/high: src/low\n"}),
    "folder without a layer": ("layers", "src/low/low.c:1", {"layers.txt": "src/high:\n"}),
    "library of another layer": ("layers", "src/low/low.c:3",
                                 {"src/low/low.c": SOURCE.replace('"low/low.h"', "<uv.h>")}),
    "circle of includes": ("circles", "src/low/mid.h:3", {
        "src/low/low.c": SOURCE.replace('"low/low.h"', '"low/mid.h"'),
        "src/low/mid.h": C + '/* mid: x. */\n#include "low/low.h"\n'}),
    "circle that is listed and gone": ("circles", "tools/tidy:1",
                                       {"src/server/server.h": C + "/* server: x. */\n"}),
    "include of nothing": ("layers", "src/low/low.c:3",
                           {"src/low/low.c": SOURCE.replace("low/low.h", "low/none.h")}),
    "source that nothing builds": ("dead", "src/low/none.c:1", {"src/low/none.c": SOURCE}),
    "header that nothing includes": ("dead", "src/low/none.h:1", {"src/low/none.h": HEADER}),
    "two tests of one name": ("tests", "tests/b/test_a.py:1", {
        "tests/a/test_a.py": f"# {SPDX}\n", "tests/b/test_a.py": f"# {SPDX}\n"}),
    "two titles": ("markdown", "README.md:2", {"README.md": "# One\n# Two\n"}),
    "no title": ("markdown", "README.md:1", {"README.md": "Text.\n"}),
    "dead link": ("markdown", "README.md:2", {"README.md": "# One\n[two](two.md)\n"}),
    "dead anchor": ("markdown", "README.md:2", {"README.md": "# One\n[two](#two)\n"}),
    "layout": ("layout", "src/low/low.c:7", body("\treturn   1;")),
    "stale generated file": ("generated", "src/x.c:1", {
        "src/x.c": SOURCE, "tools/gen.py": f"# {SPDX}\nimport sys\n\n"
                                           'sys.exit("stale, run make gen: src/x.c")\n'}),
    "shell that does not parse": ("shell", "tools/x:", {
        "tools/x": f"#!/usr/bin/env bash\n# {SPDX}\nif true\n"}),
    "shell that shellcheck warns of": ("shell", "tools/x:3", {
        "tools/x": f"#!/usr/bin/env bash\n# {SPDX}\ncd somewhere\necho\n"}),
    "unused import": ("python", "tools/x.py:3", {
        "tools/x.py": f"#!/usr/bin/env python3\n# {SPDX}\nimport os\n"}),
    "Python that does not compile": ("python", "tools/x.py:3", {
        "tools/x.py": f"#!/usr/bin/env python3\n# {SPDX}\ndef\n"}),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_violation_is_found(tmp_path, case):
    rule, place, files = PLANTED[case]
    plant(tmp_path, files)
    result = run(tmp_path, "--only", rule)
    assert result.returncode == 1, result.stdout + result.stderr
    found = [line for line in result.stdout.splitlines() if line.startswith(place)]
    assert found and f": {rule}: " in found[0], result.stdout


ALLOWED = {
    "line of 100 columns": ("line", body("\treturn 1; /* " + "x" * 76 + " */")),
    "file of 800 lines": ("file", {"src/low/low.c":
                                   SOURCE + "\n" * (800 - SOURCE.count("\n"))}),
    "function of 70 lines": ("function", long_function(70)),
    "banned name in a comment": ("banned", body("\treturn 1; /* not malloc(1) */")),
    "banned name in a text": ("banned", body('\treturn "malloc(1)"[0];')),
    "malloc in base": ("banned", {"src/base/x.c": SOURCE.replace("1;", "!malloc(1);")}),
    "longer name": ("banned", body("\treturn arena_system(1) + x->time(2);")),
    "link to a title elsewhere": ("markdown", {"README.md": "# One\n[two](b.md#two-x)\n",
                                               "b.md": "# B\n\n## Two `x`\n"}),
    "title in a code block": ("markdown", {"README.md": "# One\n```\n# two\n```\n"}),
    "own library": ("layers", {"src/high/high.c": C + "/* x */\n#include <uv.h>\n"}),
    "function type": ("types", {"src/low/low.h": C + "typedef int (*low_fn)(void);\n"}),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_is_allowed_is_not_found(tmp_path, case):
    rule, files = ALLOWED[case]
    plant(tmp_path, files)
    result = run(tmp_path, "--only", rule)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_rule_has_a_planted_violation():
    listed = run(ROOT, "--help").stdout.split("rules, with commas:")[1]
    rules = {word.strip(",") for word in listed.split()}
    assert rules == {rule for rule, _, _ in PLANTED.values()} | {"commits"}


def test_a_tree_without_files_fails(tmp_path):
    assert run(tmp_path).returncode == 1


@pytest.mark.parametrize("subject, problem", [
    ("sqs: hide a delayed message until its time", None),
    ("src/core, tools: move the table", None),
    ("sqs: " + "x" * 68, "longer than 72 columns"),
    ("hide a delayed message", "not of the form"),
    ("sqs: Hide a delayed message", "not of the form"),
    ("sqs: what is delayed is hidden", "no imperative verb"),
    ("core: no audit log wants it", "no imperative verb"),
])
def test_commit_subjects_have_a_form(tmp_path, subject, problem):
    plant(tmp_path, {})
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", subject]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    result = run(tmp_path, "--only", "commits")
    assert result.returncode == (1 if problem else 0), result.stdout
    assert (problem or "0 findings") in result.stdout
