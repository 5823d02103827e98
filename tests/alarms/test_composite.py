# SPDX-License-Identifier: MIT
"""Composite alarms: rules, children, suppression."""
import json
import re

import pytest


@pytest.fixture
def states(cloudwatch, put, name):
    """Two metric alarms; states(a="ALARM") sets their states."""
    names = {which: put(AlarmName=f"{name}-{which}", MetricName=f"{name}-{which}",
                        TreatMissingData="ignore") for which in "abs"}

    def change(**wanted):
        for which, state in wanted.items():
            cloudwatch.set_alarm_state(AlarmName=names[which], StateValue=state,
                                       StateReason="set by a test")
        return names
    return change


def compose(cloudwatch, name, rule, **members):
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule, **members)


def test_a_composite_alarm_follows_its_children(cloudwatch, states, name, becomes, mailbox):
    names = states(a="OK", b="OK")
    compose(cloudwatch, name, f'ALARM("{names["a"]}") AND NOT ALARM({names["b"]})',
            AlarmActions=[mailbox.arn], AlarmDescription="both")
    becomes(name, "OK")
    states(a="ALARM")
    alarm = becomes(name, "ALARM")
    child = f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{names['a']}"
    assert re.fullmatch(re.escape(child) + r" transitioned to ALARM at \w+day \d\d \w+, \d{4} "
                        r"\d\d:\d\d:\d\d UTC", alarm["StateReason"])
    [trigger] = json.loads(alarm["StateReasonData"])["triggeringAlarms"]
    assert trigger["arn"] == child and trigger["state"]["value"] == "ALARM"
    message = json.loads(mailbox.take()["Message"])
    assert message["AlarmRule"] == alarm["AlarmRule"] and "Trigger" not in message
    assert message["TriggeringChildren"][0]["Arn"] == child
    states(b="ALARM")
    becomes(name, "OK")


def test_composites_of_composites(cloudwatch, states, name, becomes):
    names = states(a="OK", b="OK")
    compose(cloudwatch, f"{name}-1", f'ALARM({names["a"]})')
    compose(cloudwatch, f"{name}-2", f"ALARM({name}-1) OR ALARM({names['b']})")
    becomes(f"{name}-2", "OK")
    states(a="ALARM")
    becomes(f"{name}-2", "ALARM")
    states(a="OK")
    becomes(f"{name}-2", "OK")


def test_relatives(cloudwatch, states, name):
    names = states(a="OK")
    compose(cloudwatch, name, f'ALARM({names["a"]}) OR ALARM({names["b"]})')
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName=name)
    assert [alarm["AlarmName"] for alarm in children["MetricAlarms"]] == [names["a"], names["b"]]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName=names["a"])
    assert [alarm["AlarmName"] for alarm in parents["CompositeAlarms"]] == [name]
    assert cloudwatch.describe_alarms(AlarmNamePrefix=name)["CompositeAlarms"] == []


def test_a_child_in_use_is_not_deleted(cloudwatch, states, name, refuses):
    names = states()
    compose(cloudwatch, name, f'ALARM({names["a"]})')
    with refuses("ResourceConflict",
                 f"Cannot delete {names['a']} as there are composite alarm(s) depending on it."):
        cloudwatch.delete_alarms(AlarmNames=[names["a"]])
    cloudwatch.delete_alarms(AlarmNames=[names["a"], name])


@pytest.mark.parametrize("rule, text", [
    ("ALARM(", "AlarmRule is invalid at position 6: An alarm name is expected"),
    ("ALARM(nobody)",
     "Could not save the composite alarm as alarms [nobody] in the alarm rule do not exist"),
])
def test_refused_rules(cloudwatch, name, refuses, rule, text):
    with refuses("ValidationError", text):
        compose(cloudwatch, name, rule)


def test_cycles_are_refused(cloudwatch, states, name, refuses):
    names = states()
    compose(cloudwatch, f"{name}-1", f'ALARM({names["a"]})')
    compose(cloudwatch, f"{name}-2", f"ALARM({name}-1)")
    with refuses("ValidationError"):
        compose(cloudwatch, f"{name}-1", f"ALARM({name}-2)")


def test_a_suppressor_in_alarm_suppresses_actions(cloudwatch, clocked, states, name, becomes,
                                                  mailbox):
    names = states(a="OK", s="ALARM")
    compose(cloudwatch, name, f'ALARM({names["a"]})', AlarmActions=[mailbox.arn],
            ActionsSuppressor=names["s"], ActionsSuppressorWaitPeriod=120,
            ActionsSuppressorExtensionPeriod=180)
    becomes(name, "OK")
    states(a="ALARM")
    assert becomes(name, "ALARM")["ActionsSuppressedBy"] == "Alarm"
    assert mailbox.take(wait=1) is None
    states(s="OK")  # the extension period begins
    while becomes(name, "ALARM").get("ActionsSuppressedBy") != "ExtensionPeriod":
        pass
    assert mailbox.take(wait=1) is None
    clocked.advance(181)
    assert json.loads(mailbox.take()["Message"])["NewStateValue"] == "ALARM"
    assert "ActionsSuppressedBy" not in becomes(name, "ALARM")


def test_actions_wait_for_a_suppressor(cloudwatch, clocked, states, name, becomes, mailbox):
    names = states(a="OK", s="OK")
    compose(cloudwatch, name, f'ALARM({names["a"]})', AlarmActions=[mailbox.arn],
            ActionsSuppressor=names["s"], ActionsSuppressorWaitPeriod=120,
            ActionsSuppressorExtensionPeriod=180)
    becomes(name, "OK")
    states(a="ALARM")
    assert becomes(name, "ALARM")["ActionsSuppressedBy"] == "WaitPeriod"
    assert mailbox.take(wait=1) is None
    clocked.advance(121)
    assert json.loads(mailbox.take()["Message"])["NewStateValue"] == "ALARM"
