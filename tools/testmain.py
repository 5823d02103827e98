#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the main function of a unit test: testmain.py x_test.c OUTPUT.

Every `static void test_...(void **state)` of the file runs, with the arena of base/fixture.h empty;
`static int setup(void **)` and `teardown`, if there, surround each test.
"""
import re
import sys

source, output = sys.argv[1:3]
with open(source, encoding="utf-8") as file:
    text = file.read()
names = re.findall(r"^static void (test_\w+)\(void \*\*", text, re.M)
if not names:
    sys.exit(f"{source}: no test found; write static void test_...(void **state)")
calls = [f"{hook}(state)" if re.search(rf"^static int {hook}\(void \*\*", text, re.M) else "0"
         for hook in ("setup", "teardown")]
rows = "".join(f"\t\tcmocka_unit_test_setup_teardown({name}, before_each, after_each),\n"
               for name in names)
with open(output, "w", encoding="utf-8") as file:
    file.write(f'#include "{source}"\n\n'
               f"static int before_each(void **state)\n{{\n\t(void)state;\n"
               f"\tarena_init(&arena);\n\treturn {calls[0]};\n}}\n\n"
               f"static int after_each(void **state)\n{{\n\t(void)state;\n"
               f"\tint result = {calls[1]};\n\tarena_done(&arena);\n\treturn result;\n}}\n\n"
               "int main(void)\n{\n"
               f"\tconst struct CMUnitTest tests[] = {{\n{rows}\t}};\n\n"
               "\treturn cmocka_run_group_tests(tests, NULL, NULL);\n}\n")
