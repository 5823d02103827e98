#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the main function of a unit test: testmain.py x_test.c OUTPUT.

Every `static void test_...(void **state)` of the file runs; `static int setup(void **)` and
`teardown`, if there, surround each test.
"""
import re
import sys

source, output = sys.argv[1:3]
with open(source, encoding="utf-8") as file:
    text = file.read()
names = re.findall(r"^static void (test_\w+)\(void \*\*", text, re.M)
if not names:
    sys.exit(f"{source}: no test found; write static void test_...(void **state)")
hooks = [name if re.search(rf"^static int {name}\(void \*\*", text, re.M) else "NULL"
         for name in ("setup", "teardown")]
rows = "".join(f"\t\tcmocka_unit_test_setup_teardown({name}, {hooks[0]}, {hooks[1]}),\n"
               for name in names)
with open(output, "w", encoding="utf-8") as file:
    file.write(f'#include "{source}"\n\nint main(void)\n{{\n'
               f"\tconst struct CMUnitTest tests[] = {{\n{rows}\t}};\n\n"
               "\treturn cmocka_run_group_tests(tests, NULL, NULL);\n}\n")
