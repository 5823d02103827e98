#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tools/unicode.txt: the characters of the general categories that AWS's patterns name.

The file is in the tree, so that generated tables do not depend on the Unicode of a Python. Run this
to go to another version.
"""
import pathlib
import sys
import textwrap
import unicodedata

FILE = pathlib.Path(__file__).resolve().parent / "unicode.txt"
CATEGORIES = "LNZ"


def ranges(category):
    """First and last code point of each range, in order."""
    found = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] != category:
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def main():
    lines = ["# General categories of Unicode " + unicodedata.unidata_version +
             ", by tools/gen_unicode.py: code points in hex."]
    for category in CATEGORIES:
        words = " ".join(f"{low:x}" if low == high else f"{low:x}-{high:x}"
                         for low, high in ranges(category))
        lines += textwrap.wrap(f"{category} {words}", 98, subsequent_indent="  ",
                               break_on_hyphens=False)
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
