# SPDX-License-Identifier: MIT
"""Fair queues: on a standard queue with groups, a noisy tenant does not delay the others.

A tenant is noisy that holds more than a tenth of the messages in flight and at least 30.
"""
import pytest

from test_messages import bodies, receive


def send_many(sqs, url, group, number, prefix=None):
    for start in range(0, number, 10):
        entries = [{"Id": f"e{i}", "MessageBody": f"{prefix or group}{i}"}
                   for i in range(start, min(start + 10, number))]
        for entry in entries:
            if group:
                entry["MessageGroupId"] = group
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def take(sqs, url, number):
    found = []
    while len(found) < number:
        messages = receive(sqs, url, MaxNumberOfMessages=min(10, number - len(found)))
        assert messages
        found += messages
    return found


@pytest.fixture
def noisy(sqs, queue):
    """A queue with a backlog of tenant `loud`, 30 of whose messages are in flight."""
    send_many(sqs, queue, "loud", 100)
    take(sqs, queue, 30)
    return queue


def test_quiet_tenants_go_first(sqs, noisy):
    send_many(sqs, noisy, "quiet", 5)
    assert bodies(sqs, noisy, MaxNumberOfMessages=5) == [f"quiet{i}" for i in range(5)]
    assert bodies(sqs, noisy, MaxNumberOfMessages=10) == [f"loud{i}" for i in range(30, 40)]


def test_messages_without_a_group_are_a_tenant(sqs, noisy):
    send_many(sqs, noisy, None, 3, "plain")
    assert bodies(sqs, noisy, MaxNumberOfMessages=3) == [f"plain{i}" for i in range(3)]


def test_thirty_in_flight_make_a_tenant_noisy(sqs, queue):
    send_many(sqs, queue, "loud", 100)
    take(sqs, queue, 29)
    send_many(sqs, queue, "quiet", 1)
    # With 29 in flight both have their turn, and the one that waits longer comes first.
    assert sorted(bodies(sqs, queue) + bodies(sqs, queue)) == ["loud29", "quiet0"]


@pytest.mark.parametrize("tenants, is_noisy", [(9, True), (12, False)])
def test_a_tenth_of_all_in_flight_makes_a_tenant_noisy(sqs, queue, tenants, is_noisy):
    for tenant in range(tenants):
        send_many(sqs, queue, f"tenant{tenant}", 40)
    take(sqs, queue, 30 * tenants)
    send_many(sqs, queue, "late", 10)
    found = [message["Body"].rstrip("0123456789") for _ in range(10)
             for message in receive(sqs, queue)]
    assert found == ["late"] * 10 if is_noisy else found.count("late") < 3


def test_of_noisy_tenants_the_one_with_fewest_in_flight_goes_first(sqs, queue):
    send_many(sqs, queue, "louder", 60)
    take(sqs, queue, 50)
    send_many(sqs, queue, "loud", 60)
    take(sqs, queue, 35)
    found = bodies(sqs, queue, MaxNumberOfMessages=5)
    assert {body.rstrip("0123456789") for body in found} == {"loud"}


def test_tenant_is_quiet_again_when_its_messages_are_done(sqs, queue):
    send_many(sqs, queue, "loud", 60)
    for message in take(sqs, queue, 40):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    send_many(sqs, queue, "quiet", 3)
    found = bodies(sqs, queue, MaxNumberOfMessages=10)
    assert any(body.startswith("loud") for body in found)


def test_nothing_is_lost_among_many_tenants(sqs, queue):
    for group in range(40):
        send_many(sqs, queue, f"t{group}-", 10)
    found = [message["Body"] for message in take(sqs, queue, 400)]
    assert len(set(found)) == 400
    assert bodies(sqs, queue) == []


def test_groups_of_a_standard_queue_do_not_lock(sqs, queue):
    send_many(sqs, queue, "tenant", 3)
    assert [bodies(sqs, queue) for _ in range(3)] == [["tenant0"], ["tenant1"], ["tenant2"]]
