# SPDX-License-Identifier: MIT
"""Writes a C source with the text of a file: embed.py INPUT OUTPUT NAME HEADER."""
import json
import pathlib
import sys


def main():
    source, target, name, header = sys.argv[1:]
    lines = pathlib.Path(source).read_text(encoding="ascii").splitlines()
    text = "\n".join("\t" + json.dumps(line + "\n") for line in lines)
    pathlib.Path(target).write_text(
        f'#include "{header}"\n\nconst struct str {name} = STR_INIT(\n{text});\n')


if __name__ == "__main__":
    main()
