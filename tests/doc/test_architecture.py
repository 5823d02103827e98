# SPDX-License-Identifier: MIT
"""ARCHITECTURE.md names eight files to read; they exist and are as short as it says."""
import re

from ternd import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
FILES = re.findall(r"^\d\. `(src/\S+)`: (.*(?:\n   .*)*)", TEXT, re.M)
TOLERANCE = 1.1


def code_lines(path):
    """Lines without blanks and comments."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / path).read_text(), flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def test_the_files_to_read_are_eight_and_about_as_long_as_said():
    said = int(re.search(r"eight files, about ([\d,]+) lines", TEXT)[1].replace(",", ""))
    lines = sum(code_lines(path) for path, _ in FILES)
    assert len(FILES) == 8
    assert said / TOLERANCE < lines < said * TOLERANCE


def test_the_files_to_read_have_the_functions_that_are_named():
    for path, text in FILES:
        names = re.findall(r"`(\w+)`", text)
        assert names, path
        for name in names:
            assert re.search(rf"\b{name}\(", (ROOT / path).read_text()), f"{path}: {name}"
