# SPDX-License-Identifier: MIT
"""TestEventPattern, with the cases that were recorded from AWS."""
import json

import pytest

from ternd import ROOT

CASES = [json.loads(line) for line in
         (ROOT / "src/match/cases/events.jsonl").read_text().splitlines() if line[:1] == "{"]
HEAD = {"id": "1", "account": "123456789012", "source": "s", "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "t"}


def test_recorded_cases(events):
    checked = 0
    for case in CASES:
        if "matches" not in case or not isinstance(case["event"], dict) or \
                set(HEAD) & set(str(key) for key in flat(case["pattern"])) - set(case["event"]):
            continue
        pattern = case["pattern"]
        pattern = pattern if isinstance(pattern, str) else json.dumps(pattern)
        answer = events.test_event_pattern(
            EventPattern=pattern, Event=json.dumps(HEAD | case["event"]))
        assert answer["Result"] is case["matches"], case
        checked += 1
    assert checked > 100


def flat(pattern):
    """The outermost keys of a pattern, also inside $or."""
    if isinstance(pattern, str):
        pattern = json.loads(pattern)
    for key, value in pattern.items():
        if key == "$or":
            for item in value:
                yield from flat(item)
        yield key.split(".")[0]


@pytest.mark.parametrize("event", ["", "{", "[]", "1", '"a"', "{}"] + [
    json.dumps({name: value for name, value in HEAD.items() if name != left_out})
    for left_out in HEAD])
def test_events_that_are_not_complete(events, refuses, event):
    with refuses("ValidationException", "Parameter Event is not valid."):
        events.test_event_pattern(EventPattern='{"source":["s"]}', Event=event)


def test_a_pattern_that_is_not_valid(events, refuses):
    with refuses("InvalidEventPatternException",
                 'Event pattern is not valid. Reason: "a" must be an object or an array\n at '
                 '[Source: (String)"{"a": "b"}"; line: 1, column: 8]'):
        events.test_event_pattern(EventPattern='{"a": "b"}', Event=json.dumps(HEAD))
