# SPDX-License-Identifier: MIT
"""Compiles a pattern of AWS's models to a table of states for wire/pattern.h.

Supported are characters, classes, \\w \\d \\s, groups, alternatives and repetitions: what AWS's
patterns use but for look-ahead. A pattern matches a whole text, as AWS means it. \\p{L}, \\p{N} and
\\p{Z} in a class stand for all characters beyond ASCII and those of ASCII: the generated tables
must not depend on the version of Unicode that a Python has.
"""
import re
from re import _constants as kind
from re import _parser

LAST = 0x10FFFF
CATEGORIES = {kind.CATEGORY_WORD: [(48, 57), (65, 90), (95, 95), (97, 122)],
              kind.CATEGORY_DIGIT: [(48, 57)],
              kind.CATEGORY_SPACE: [(9, 13), (32, 32)]}
UNICODE = {r"\p{L}": "A-Za-z\\u0080-\\U0010FFFF", r"\p{N}": "0-9", r"\p{Z}": "\\u0020"}
STATES_MAX = 255


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
        if operation in (kind.LITERAL, kind.IN, kind.ANY):
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
    if operation is kind.ANY:
        return [(0, 9), (11, LAST)]
    ranges = []
    for item, what in value:
        if item is kind.NEGATE:
            raise ValueError("patterns with [^...] are not supported")
        ranges += ([(what, what)] if item is kind.LITERAL else
                   [what] if item is kind.RANGE else CATEGORIES[what])
    return ranges


def compile_pattern(text):
    """Starts of the intervals of characters, and for each state its row: the next state for each
    interval (0: none) and whether it accepts. State 1 is the first."""
    for name, characters in UNICODE.items():
        text = text.replace(name, characters)
    machine = Machine()
    first = machine.state()
    last = machine.add(_parser.parse(text, re.ASCII), first)
    starts = {0}
    for edges in machine.edges:
        for ranges, _ in edges:
            for low, high in ranges:
                starts |= {low, high + 1}
    starts = sorted(start for start in starts if start <= LAST)
    numbers, rows = {machine.closure([first]): 1}, []
    for states in numbers_grow(numbers):
        row = []
        for start in starts:
            following = {end for state in states for ranges, end in machine.edges[state]
                         if any(low <= start <= high for low, high in ranges)}
            following = machine.closure(following)
            row.append(numbers.setdefault(following, len(numbers) + 1) if following else 0)
        rows.append((row, last in states))
        if len(numbers) > STATES_MAX:
            raise ValueError("the pattern needs too many states")
    return starts, rows


def numbers_grow(numbers):
    """Each key of a dictionary that grows meanwhile, in the order of its numbers."""
    done = 0
    while done < len(numbers):
        yield list(numbers)[done]
        done += 1
