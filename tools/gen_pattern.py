# SPDX-License-Identifier: MIT
"""Compiles a pattern of AWS's models to a table of states for wire/pattern.h.

Supported are characters, classes, \\w \\d \\s, groups, alternatives and repetitions: what AWS's
patterns use but for look-ahead. A pattern matches a whole text, as AWS means it. \\p{L}, \\p{N} and
\\p{Z} in a class are the categories of tools/unicode.txt.
"""
import bisect
import functools
import pathlib
import re
from re import _constants as kind
from re import _parser

LAST = 0x10FFFF
CATEGORIES = {kind.CATEGORY_WORD: [(48, 57), (65, 90), (95, 95), (97, 122)],
              kind.CATEGORY_DIGIT: [(48, 57)],
              kind.CATEGORY_SPACE: [(9, 13), (32, 32)]}
UNICODE_FILE = pathlib.Path(__file__).resolve().parent / "unicode.txt"
STATES_MAX = 255


@functools.cache
def unicode_classes():
    """The inside of a class for each category: "\\p{Z}" is "\\\\U00000020...\""""
    words, classes, name = UNICODE_FILE.read_text().split("\n", 1)[1].split(), {}, None
    for word in words:
        if word.isupper():
            name = f"\\p{{{word}}}"
            classes[name] = ""
            continue
        low, _, high = word.partition("-")
        classes[name] += f"\\U{int(low, 16):08x}" + (f"-\\U{int(high, 16):08x}" if high else "")
    return classes


def with_classes(text):
    for name, characters in unicode_classes().items():
        text = text.replace(name, characters)
    return text


class Machine:
    """A nondeterministic automaton: edges by ranges of characters, and edges that take none."""

    def __init__(self):
        self.edges, self.free = [], []

    def state(self):
        self.edges.append([])
        self.free.append([])
        return len(self.edges) - 1

    def add(self, items, start):
        """The state in which a sequence that begins in `start` ends."""
        for operation, value in items:
            start = self.add_one(operation, value, start)
        return start

    def add_one(self, operation, value, start):
        if operation in (kind.LITERAL, kind.NOT_LITERAL, kind.IN, kind.ANY):
            end = self.state()
            self.edges[start].append((ranges_of(operation, value), end))
            return end
        if operation is kind.SUBPATTERN:
            return self.add(value[3], start)
        if operation is kind.BRANCH:
            end = self.state()
            for items in value[1]:
                self.free[self.add(items, start)].append(end)
            return end
        if operation is kind.MAX_REPEAT:
            return self.add_repeat(*value, start)
        if operation is kind.AT:
            return start  # ^ and $: a pattern matches a whole text anyway
        raise ValueError(f"patterns with {operation} need an equivalent (as)")

    def add_repeat(self, least, most, items, start):
        for _ in range(least):
            start = self.add(items, start)
        if most is kind.MAXREPEAT:
            loop = self.state()
            self.free[start].append(loop)
            self.free[self.add(items, loop)].append(loop)
            return loop
        end = self.state()
        self.free[start].append(end)
        for _ in range(most - least):
            start = self.add(items, start)
            self.free[start].append(end)
        return end

    def closure(self, states):
        found, left = set(states), list(states)
        while left:
            for state in self.free[left.pop()]:
                if state not in found:
                    found.add(state)
                    left.append(state)
        return frozenset(found)


def ranges_of(operation, value):
    if operation is kind.LITERAL:
        return [(value, value)]
    if operation is kind.NOT_LITERAL:
        return [(0, value - 1), (value + 1, LAST)]
    if operation is kind.ANY:
        return [(0, 9), (11, LAST)]
    ranges = []
    for item, what in value:
        if item is kind.NEGATE:
            raise ValueError("patterns with [^...] are not supported")
        ranges += ([(what, what)] if item is kind.LITERAL else
                   [what] if item is kind.RANGE else CATEGORIES[what])
    return ranges


def covered(starts, ranges):
    """The intervals that lie in the ranges."""
    return {index for low, high in ranges for index in range(bisect.bisect_left(starts, low),
                                                             bisect.bisect_right(starts, high))}


def merged(starts, rows):
    """Without the borders between intervals that lead to the same states."""
    kept = [index for index in range(len(starts)) if index == 0 or
            any(row[index] != row[index - 1] for row, _ in rows)]
    return [starts[index] for index in kept], [([row[index] for index in kept], accepts)
                                               for row, accepts in rows]


@functools.cache
def compile_pattern(text):
    """Starts of the intervals of characters, and for each state its row: the next state for each
    interval (0: none) and whether it accepts. State 1 is the first."""
    machine = Machine()
    first = machine.state()
    last = machine.add(_parser.parse(with_classes(text), re.ASCII), first)
    starts = sorted({0} | {border for edges in machine.edges for ranges, _ in edges
                           for low, high in ranges for border in (low, high + 1)
                           if border <= LAST})
    edges = [[(covered(starts, ranges), end) for ranges, end in edges] for edges in machine.edges]
    numbers, rows = {machine.closure([first]): 1}, []
    for states in numbers_grow(numbers):
        row = []
        for index in range(len(starts)):
            following = {end for state in states for intervals, end in edges[state]
                         if index in intervals}
            following = machine.closure(following)
            row.append(numbers.setdefault(following, len(numbers) + 1) if following else 0)
        rows.append((row, last in states))
        if len(numbers) > STATES_MAX:
            raise ValueError("the pattern needs too many states")
    return merged(starts, rows)


def numbers_grow(numbers):
    """Each key of a dictionary that grows meanwhile, in the order of its numbers."""
    done = 0
    while done < len(numbers):
        yield list(numbers)[done]
        done += 1
