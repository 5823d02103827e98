# SPDX-License-Identifier: MIT
"""Patterns as tools/gen_pattern.py compiles them, against Python's own regular expressions."""
import random
import re
import sys

import pytest

from ternd import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402
import gen_pattern  # noqa: E402

PATTERNS = sorted({(constraint.pattern, constraint.same_as) for path in
                   (ROOT / "model").glob("*.ops") for constraint in
                   (type_.constraint for type_ in gen.Model(path).types.values())
                   if constraint.pattern})
CHARACTERS = "abzAZ019-_./:=+,@ \t\n!~*#{\x7f\u00a0\u00e9\u0141\ue000\U0001f600"


def matches(compiled, text):
    """As wire/constraint.c does it."""
    starts, rows = compiled
    state = 1
    for character in text:
        interval = max(index for index, start in enumerate(starts) if start <= ord(character))
        state = rows[state - 1][0][interval]
        if state == 0:
            return False
    return rows[state - 1][1]


def texts(pattern):
    """Texts at random, many of which nearly match: pieces of the pattern's own characters."""
    chance = random.Random(pattern)
    pieces = ["arn:aws:sqs:us-east-1:123456789012:q", "us-east-1", "cn-north-1", "v1", "v12.a",
              "/", "/a/", "a.b.c", "lambda.amazonaws.com", "a-b", "a--b", "-a", "a-", ""]
    own = [character for character in pattern if character not in "[]()*+?\\^$|"] or ["a"]
    for _ in range(2000):
        kind = chance.randrange(3)
        alphabet = own if kind == 0 else list(CHARACTERS)
        text = "".join(chance.choice(alphabet) for _ in range(chance.randrange(8)))
        yield chance.choice(pieces) + text if kind == 2 else text
    yield from pieces


@pytest.mark.parametrize("pattern, same_as", PATTERNS)
def test_compiled_patterns_are_those_of_python(pattern, same_as):
    compiled = gen_pattern.compile_pattern(same_as or pattern)
    known = gen_pattern.with_classes(pattern)
    known = re.compile(known.removeprefix("^").removesuffix("$"), re.ASCII)
    for text in texts(pattern):
        if same_as and len(text) < 3:
            continue  # the length is a constraint of its own
        assert matches(compiled, text) == bool(known.fullmatch(text)), repr(text)


@pytest.mark.parametrize("pattern", ["a(?=b)", "[^ab]", "(a)\\1"])
def test_patterns_that_are_not_supported_are_refused(pattern):
    with pytest.raises(ValueError):
        gen_pattern.compile_pattern(pattern)


@pytest.mark.parametrize("category, inside, outside", [
    ("L", "azAZ\u00aa\u00e9\u0141\u05d0\u4e00\U00010000", "09 _\u0301\u20ac\ue000\U0001f600\x00"),
    ("N", "09\u00b2\u0663\u2167\U0001d7ff", "aZ \u20ac\u0301\ue000"),
    ("Z", " \u00a0\u2028\u3000", "a0\t\n\u200b\ufeff")])
def test_categories_of_unicode_are_exact(category, inside, outside):
    compiled = gen_pattern.compile_pattern(rf"[\p{{{category}}}]")
    assert [text for text in inside if not matches(compiled, text)] == []
    assert [text for text in outside if matches(compiled, text)] == []


def test_intervals_that_lead_to_the_same_states_are_merged():
    assert gen_pattern.compile_pattern("[a-cd-fg]") == (
        [0, ord("a"), ord("h")], [([0, 2, 0], False), ([0, 0, 0], True)])
