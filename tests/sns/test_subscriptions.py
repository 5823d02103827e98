# SPDX-License-Identifier: MIT
"""Subscriptions: made, changed, listed and deleted, and what is refused."""
import json

import pytest

from faults import invalid, refusal

QUEUE = "arn:aws:sqs:us-east-1:000000000000:somewhere"
DEAD = QUEUE + "-dead"


def attributes_of(sns, arn):
    return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def subscribe(sns, topic, endpoint=QUEUE, protocol="sqs", **attributes):
    return sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint,
                         Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]


def test_fresh_subscription_has_exactly_these_attributes(sns, topic):
    arn = subscribe(sns, topic)
    assert arn.startswith(topic + ":") and len(arn) == len(topic) + 37
    assert attributes_of(sns, arn) == {
        "ConfirmationWasAuthenticated": "true", "Endpoint": QUEUE, "Owner": "000000000000",
        "PendingConfirmation": "false", "Protocol": "sqs", "RawMessageDelivery": "false",
        "SubscriptionArn": arn, "SubscriptionPrincipal": "arn:aws:iam::000000000000:root",
        "TopicArn": topic}
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("1", "0")


def test_subscribe_again(sns, topic):
    arn = subscribe(sns, topic, RawMessageDelivery="true")
    assert subscribe(sns, topic, RawMessageDelivery="true") == arn
    assert subscribe(sns, topic) == arn
    assert refusal(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=QUEUE,
                   Attributes={"RawMessageDelivery": "false"}) == invalid(
        "Attributes Reason: Subscription already exists with different attributes")
    assert subscribe(sns, topic, QUEUE + "2") != arn


@pytest.mark.parametrize("protocol, endpoint, text", [
    ("carrier-pigeon", "x", "Amazon SNS does not support this protocol string: carrier-pigeon"),
    ("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/x",
     "Amazon SNS does not support this protocol string: firehose"),
    ("sqs", "http://localhost/000000000000/q", "SQS endpoint ARN"),
    ("sqs", QUEUE + ".fifo", "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
     "subscribed to standard SNS topics"),
    ("http", "https://example.com", "Endpoint must match the specified protocol"),
    ("https", "http://example.com", "Endpoint must match the specified protocol"),
    ("http", "http://exa mple.com", "Endpoint must match the specified protocol"),
    ("email", "nobody", "Email address"),
    ("email", "a@b@c", "Email address"),
    ("email", "j\u00fcrgen@example.com", "Email address"),
    ("email-json", "a" * 309 + "@example.com", "Email address"),
    ("sms", "number", "Invalid SMS endpoint: number"),
    ("lambda", "function", "Lambda endpoint ARN"),
    ("sqs", "", "Endpoint Reason: no value for required parameter"),
])
def test_bad_endpoints(sns, topic, protocol, endpoint, text):
    assert refusal(sns.subscribe, TopicArn=topic, Protocol=protocol,
                   Endpoint=endpoint) == invalid(text)


def test_longest_endpoint(sns, topic):
    url = "http://h/"
    subscribe(sns, topic, url + "x" * (2048 - len(url)), "http")
    assert refusal(sns.subscribe, TopicArn=topic, Protocol="http",
                   Endpoint=url + "x" * (2049 - len(url))) == invalid("Endpoint")


@pytest.mark.parametrize("protocol, endpoint", [
    ("http", "http://127.0.0.1:9/"), ("https", "https://127.0.0.1:9/"),
    ("email", "a@example.com"), ("email-json", "a@example.com"),
    ("sqs", "arn:aws:sqs:us-east-1:111122223333:other")])
def test_pending_subscriptions(sns, topic, protocol, endpoint):
    request = dict(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert sns.subscribe(**request)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(ReturnSubscriptionArn=True, **request)["SubscriptionArn"]
    found = attributes_of(sns, arn)
    assert found["PendingConfirmation"] == "true"
    assert found["ConfirmationWasAuthenticated"] == "false"
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("0", "1")


@pytest.mark.parametrize("protocol, endpoint", [
    ("sms", "+15555550100"),
    ("lambda", "arn:aws:lambda:us-east-1:000000000000:function:f"),
    ("application", "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/app/id")])
def test_confirmed_at_once(sns, topic, protocol, endpoint):
    arn = subscribe(sns, topic, endpoint, protocol)
    assert attributes_of(sns, arn)["PendingConfirmation"] == "false"


BAD_VALUES = [
    ("RawMessageDelivery", "yes",
     "RawMessageDelivery: Invalid value [yes]. Must be true or false."),
    ("FilterPolicyScope", "Body", "FilterPolicyScope: Invalid value [Body]. Please use either "
     "MessageBody or MessageAttributes"),
    ("RedrivePolicy", json.dumps({"deadLetterTargetArn": "queue"}),
     "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ("RedrivePolicy", "{}", "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ("RedrivePolicy", '{"maxReceiveCount": 5}',
     "RedrivePolicy: invalid JSON. Attribute maxReceiveCount is unknown."),
    ("FilterPolicy", '{"a": []}', "FilterPolicy: Empty arrays are not allowed"),
    ("FilterPolicy", '{"a": {"b": ["c"]}}',
     "Filter policy scope MessageAttributes does not support nested filter policy"),
]


@pytest.mark.parametrize("key, value, text", BAD_VALUES)
def test_bad_values(sns, topic, key, value, text):
    code, status, said = refusal(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=QUEUE,
                                 Attributes={key: value})
    assert (code, status) == ("InvalidParameter", 400)
    assert said.startswith(f"Invalid parameter: Attributes Reason: {text}")
    arn = subscribe(sns, topic)
    before = attributes_of(sns, arn)
    code, status, said = refusal(sns.set_subscription_attributes, SubscriptionArn=arn,
                                 AttributeName=key, AttributeValue=value)
    assert (code, status) == ("InvalidParameter", 400)
    assert said.startswith(f"Invalid parameter: {text}")
    assert attributes_of(sns, arn) == before


def test_texts_that_are_not_json(sns, topic):
    arn = subscribe(sns, topic)
    for key in ("RedrivePolicy", "FilterPolicy"):
        assert refusal(sns.set_subscription_attributes, SubscriptionArn=arn, AttributeName=key,
                       AttributeValue="{x")[2].startswith(
            f"Invalid parameter: {key}: failed to parse JSON")


def test_unknown_attributes(sns, topic):
    arn = subscribe(sns, topic)
    for key in ("Nothing", "Endpoint", "PendingConfirmation"):
        assert refusal(sns.set_subscription_attributes, SubscriptionArn=arn, AttributeName=key,
                       AttributeValue="x") == invalid("AttributeName")
    assert refusal(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=QUEUE + "2",
                   Attributes={"Nothing": "x"}) == invalid("AttributeName")


def test_attributes_are_set_shown_and_removed(sns, topic):
    arn = subscribe(sns, topic)
    policy = json.dumps({"deadLetterTargetArn": DEAD})
    for key, value in {"RedrivePolicy": policy, "FilterPolicy": '{"a":["b"]}',
                       "SubscriptionRoleArn": "arn:aws:iam::000000000000:role/r"}.items():
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=key,
                                        AttributeValue=value)
        assert attributes_of(sns, arn)[key] == value
        if key == "FilterPolicy":
            assert attributes_of(sns, arn)["FilterPolicyScope"] == "MessageAttributes"
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=key, AttributeValue="")
        assert key not in attributes_of(sns, arn)


def test_raw_delivery_is_for_queues_and_http(sns, topic):
    assert "does not support raw message delivery" in refusal(
        sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com",
        Attributes={"RawMessageDelivery": "true"})[2]


def test_fifo_rules(sns, fifo_topic):
    subscribe(sns, fifo_topic)
    arn = subscribe(sns, fifo_topic, QUEUE + ".fifo")
    assert refusal(sns.subscribe, TopicArn=fifo_topic, Protocol="http",
                   Endpoint="http://example.com") == invalid("Invalid protocol type: http")
    assert refusal(sns.set_subscription_attributes, SubscriptionArn=arn,
                   AttributeName="RedrivePolicy",
                   AttributeValue=json.dumps({"deadLetterTargetArn": DEAD})) == invalid(
        "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")


def test_hundred_subscriptions_of_a_fifo_topic(sns, fifo_topic):
    for number in range(100):
        subscribe(sns, fifo_topic, f"{QUEUE}-{number}.fifo")
    assert refusal(sns.subscribe, TopicArn=fifo_topic, Protocol="sqs",
                   Endpoint=f"{QUEUE}-100.fifo")[:2] == ("SubscriptionLimitExceeded", 403)


def test_two_hundred_filter_policies_of_a_topic(sns, topic):
    for number in range(200):
        subscribe(sns, topic, f"{QUEUE}-{number}", FilterPolicy='{"a":["b"]}')
    assert refusal(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}-200",
                   Attributes={"FilterPolicy": '{"a":["b"]}'})[:2] == (
        "FilterPolicyLimitExceeded", 403)
    change = dict(SubscriptionArn=subscribe(sns, topic, f"{QUEUE}-200"),
                  AttributeName="FilterPolicy")
    assert refusal(sns.set_subscription_attributes, AttributeValue='{"a":["b"]}', **change)[:2] == (
        "FilterPolicyLimitExceeded", 403)
    other = subscribe(sns, topic, f"{QUEUE}-0", FilterPolicy='{"a":["b"]}')
    sns.set_subscription_attributes(SubscriptionArn=other, AttributeName="FilterPolicy",
                                    AttributeValue='{"a":["c"]}')
    sns.unsubscribe(SubscriptionArn=other)
    sns.set_subscription_attributes(AttributeValue='{"a":["b"]}', **change)


def test_unsubscribe(sns, topic):
    arn = subscribe(sns, topic)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    assert refusal(sns.get_subscription_attributes, SubscriptionArn=arn) == (
        "NotFound", 404, "Subscription does not exist")
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsDeleted"]) == ("0", "1")
    assert refusal(sns.unsubscribe, SubscriptionArn=topic + ":x") == invalid("SubscriptionId")
    assert refusal(sns.unsubscribe, SubscriptionArn="") == invalid(
        "SubscriptionArn Reason: no value for required parameter")
    assert refusal(sns.unsubscribe, SubscriptionArn="x") == invalid(
        "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")


def test_lists_in_pages_of_a_hundred(server, name):
    sns = server.client("sns", account="141414141414")
    topic = sns.create_topic(Name=name)["TopicArn"]
    made = {subscribe(sns, topic, f"arn:aws:sqs:us-east-1:141414141414:q{number}")
            for number in range(101)}
    for number in range(2):
        subscribe(sns, topic, f"http://127.0.0.1:9/{number}", "http")
    for paginator, members in (("list_subscriptions", {}),
                               ("list_subscriptions_by_topic", {"TopicArn": topic})):
        pages = list(sns.get_paginator(paginator).paginate(**members))
        assert [len(page["Subscriptions"]) for page in pages] == [100, 3]
        found = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
        assert sorted(found) == sorted([*made, *["PendingConfirmation"] * 2])


def test_deleting_a_topic_deletes_its_subscriptions(sns, topic):
    arn = subscribe(sns, topic)
    sns.delete_topic(TopicArn=topic)
    assert refusal(sns.get_subscription_attributes, SubscriptionArn=arn)[0] == "NotFound"


def test_subscriptions_survive_a_restart(private):
    server = private()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    arns = [subscribe(sns, topic, FilterPolicy='{"a":["b"]}', RawMessageDelivery="true"),
            subscribe(sns, topic, "http://127.0.0.1:9/", "http")]
    before = [attributes_of(sns, arn) for arn in arns]
    server.restart()
    sns = server.client("sns")
    assert [attributes_of(sns, arn) for arn in arns] == before
    assert subscribe(sns, topic) == arns[0]


def test_other_accounts(server, sns, topic):
    arn = subscribe(sns, topic)
    other = server.client("sns", account="151515151515")
    for call, members in ((other.get_subscription_attributes, {}), (other.unsubscribe, {}),
                          (other.set_subscription_attributes,
                           {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"})):
        for wanted in (arn, arn[:-1] + ("0" if arn[-1] != "0" else "1")):
            assert refusal(call, SubscriptionArn=wanted, **members)[:2] == (
                "AuthorizationError", 403)
    for call, members in ((other.subscribe, {"Protocol": "sqs", "Endpoint": QUEUE}),
                          (other.list_subscriptions_by_topic, {}), (other.delete_topic, {})):
        assert refusal(call, TopicArn=topic, **members)[:2] == ("AuthorizationError", 403)
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["151515151515"],
                       ActionName=["Subscribe"])
    mine = "arn:aws:sqs:us-east-1:151515151515:q"
    theirs = subscribe(other, topic, mine)
    assert attributes_of(other, theirs)["Owner"] == "151515151515"
    assert attributes_of(other, theirs)["PendingConfirmation"] == "false"
    assert attributes_of(sns, theirs)["Endpoint"] == mine
    [listed] = other.list_subscriptions()["Subscriptions"]
    assert listed["SubscriptionArn"] == theirs
    other.unsubscribe(SubscriptionArn=theirs)


def test_a_stranger_cannot_confirm_for_the_owner_of_a_queue(signed, name):
    sns = signed.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    owner = topic.split(":")[4]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Subscribe",
                       "Resource": topic}]}))
    answer = signed.http.post(signed.url, timeout=30, data={
        "Action": "Subscribe", "TopicArn": topic, "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:us-east-1:{owner}:{name}"})
    assert answer.status_code == 200 and "pending confirmation" in answer.text
    [found] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (found["SubscriptionArn"], found["Owner"]) == ("PendingConfirmation", owner)
