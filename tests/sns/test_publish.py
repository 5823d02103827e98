# SPDX-License-Identifier: MIT
"""Publish and PublishBatch: what is refused, and what queues get."""
import hashlib
import json
import threading

import pytest

from faults import invalid, refusal
from sns_queue import Queue
from ternd import eventually


def subscribe(sns, topic, queue, **attributes):
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                         Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]


def string(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


# ---- what is refused ----


@pytest.mark.parametrize("members, text", [
    ({"Message": ""}, "Empty message"),
    ({"Message": " \n"}, "Empty message"),
    ({"Message": "x" * 262145}, "Message too long"),
    ({"Subject": ""}, "Subject"),
    ({"Subject": "s" * 101}, "Subject"),
    ({"Subject": "two\nlines"}, "Subject"),
    ({"MessageStructure": "json", "Message": "x"},
     "Message Structure - JSON message body failed to parse"),
    ({"MessageStructure": "json", "Message": '{"sqs": "x"}'},
     "Message Structure - No default entry in JSON message body"),
    ({"MessageStructure": "json", "Message": '{"default": {"x": 1}}'},
     "Message Structure - No default entry in JSON message body"),
    ({"MessageDeduplicationId": "d"},
     "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that "
     "is not valid for this topic type"),
])
def test_bad_messages(sns, topic, members, text):
    assert refusal(sns.publish, **{"TopicArn": topic, "Message": "m"} | members) == invalid(text)


@pytest.mark.parametrize("key, value, text", [
    ("a" * 257, string("x"), "Length of message attribute name must be less than 256 bytes."),
    ("a^b", string("x"), "Invalid non-alphanumeric character '#x5E' was found in the message "
     "attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots."),
    (".a", string("x"),
     "Invalid message attribute name starting with character '.' was found."),
    ("a.", string("x"), "Invalid message attribute name ending with character '.' was found."),
    ("a..b", string("x"), "Message attribute name can not have successive '.' character."),
    ("a", string("x", "Text"), "The message attribute 'a' has an invalid message attribute type, "
     "the set of supported type prefixes is Binary, Number, and String."),
    ("a", {"DataType": "String", "BinaryValue": b"x"},
     "The message attribute 'a' with type 'String' must use field 'String'."),
    ("a", {"DataType": "Number", "BinaryValue": b"1"},
     "The message attribute 'a' with type 'Number' must use field 'String'."),
    ("a", {"DataType": "Binary", "StringValue": "x"},
     "The message attribute 'a' with type 'Binary' must use field 'Binary'."),
    ("a", string(""), "The message attribute 'a' must contain non-empty message attribute value "
     "for message attribute type 'String'."),
    ("a", {"DataType": "Binary", "BinaryValue": b""}, "The message attribute 'a' must contain "
     "non-empty message attribute value for message attribute type 'Binary'."),
])
def test_bad_attributes(sns, topic, key, value, text):
    assert refusal(sns.publish, TopicArn=topic, Message="m", MessageAttributes={key: value}) == (
        "ParameterValueInvalid", 400, text)


def test_attribute_without_type(server, topic):
    sns = server.client("sns", validates=False)
    assert refusal(sns.publish, TopicArn=topic, Message="m",
                   MessageAttributes={"a": {"StringValue": "x"}}) == (
        "ValidationError", 400, "1 validation error detected: Value null at 'messageAttributes.1."
        "member.dataType' failed to satisfy constraint: Member must not be null")


@pytest.mark.parametrize("target, text", [
    ({"TargetArn": "x"}, "TargetArn Reason: An ARN must have at least 6 elements, not 1"),
    ({"TargetArn": "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/app/id"},
     "TargetArn Reason: No endpoint found for the target arn specified"),
    ({"PhoneNumber": "NAN"}, "PhoneNumber Reason: NAN is not valid to publish to"),
    ({"PhoneNumber": "+4912345678"},  # no gateway reaches it
     "PhoneNumber Reason: +4912345678 is not valid to publish to"),
    ({}, "TopicArn or TargetArn Reason: no value for required parameter"),
])
def test_bad_targets(sns, target, text):
    assert refusal(sns.publish, Message="m", **target) == invalid(text)


def test_unknown_topic(sns, topic):
    for member in ("TopicArn", "TargetArn"):
        assert refusal(sns.publish, Message="m", **{member: topic + "x"}) == (
            "NotFound", 404, "Topic does not exist")


@pytest.mark.parametrize("entries, code, text", [
    ([], "EmptyBatchRequest", "The batch request doesn't contain any entries."),
    ([{"Id": str(n), "Message": "m"} for n in range(11)], "TooManyEntriesInBatchRequest",
     "The batch request contains more entries than permissible."),
    ([{"Id": "1", "Message": "m"}] * 2, "BatchEntryIdsNotDistinct",
     "Two or more batch entries in the request have the same Id."),
    ([{"Id": "a.b", "Message": "m"}], "InvalidBatchEntryId",
     "The Id of a batch entry in the batch request contains an impermissible character: a.b"),
    ([{"Id": "a" * 81, "Message": "m"}], "InvalidBatchEntryId",
     "The Id of a batch entry in the batch request is too long: " + "a" * 81),
    ([{"Id": str(n), "Message": "m" * 131073} for n in range(2)], "BatchRequestTooLong",
     "The length of all the messages put together is more than the limit."),
])
def test_bad_batches(sns, topic, entries, code, text):
    assert refusal(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == (
        code, 400, text)


# ---- what queues get ----


def test_notification(sns, topic, make_queue):
    queue = make_queue()
    arn = subscribe(sns, topic, queue)
    attributes = {"s": string("text"), "n": string("7.5", "Number"),
                  "b": {"DataType": "Binary", "BinaryValue": b"\0\1"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="subject",
                       MessageAttributes=attributes)
    assert "SequenceNumber" not in sent
    [message] = queue.receive()
    assert "MessageAttributes" not in message
    body = json.loads(message["Body"])
    assert list(body)[:3] == ["Type", "MessageId", "TopicArn"]
    assert (body["Type"], body["MessageId"], body["TopicArn"]) == (
        "Notification", sent["MessageId"], topic)
    assert (body["Subject"], body["Message"]) == ("subject", "hello")
    assert body["UnsubscribeURL"].endswith("?Action=Unsubscribe&SubscriptionArn=" + arn)
    assert body["MessageAttributes"] == {
        "s": {"Type": "String", "Value": "text"}, "n": {"Type": "Number", "Value": "7.5"},
        "b": {"Type": "Binary", "Value": "AAE="}}


def test_raw_delivery(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="hello", MessageAttributes={
        "s": string("text"), "b": {"DataType": "Binary", "BinaryValue": b"\0\1"}})
    [message] = queue.receive()
    assert message["Body"] == "hello"
    assert message["MessageAttributes"]["s"]["StringValue"] == "text"
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\0\1"


def test_raw_delivery_of_more_than_ten_attributes_is_discarded(server, sns, topic, make_queue):
    raw, plain = make_queue("-raw"), make_queue("-plain")
    subscribe(sns, topic, raw, RawMessageDelivery="true")
    subscribe(sns, topic, plain)
    for count in (10, 11):
        sns.publish(TopicArn=topic, Message=f"{count}", MessageAttributes={
            f"a{number}": string("x") for number in range(count)})
    assert raw.bodies() == ["10"]
    assert len(plain.receive()) == 2
    assert figure(server, "failed", topic) == 1


def figure(server, what, topic):
    found = [line for line in server.metrics_text().splitlines()
             if line.startswith(f"tern_topic_{what}_total{{") and
             f'topic="{topic.rsplit(":")[-1]}"' in line]
    assert len(found) == 1
    return int(found[0].split()[-1])


def test_message_structure(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    for message in ({"default": "d"}, {"default": "d", "sqs": "s"}, {"default": "d", "sqs": 1}):
        sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps(message))
    assert sorted(queue.bodies()) == ["d", "d", "s"]


def test_largest_message(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    attributes = {"name": string("value")}
    sns.publish(TopicArn=topic, Message="x" * (262144 - len("nameStringvalue")),
                MessageAttributes=attributes)
    assert len(queue.receive()) == 1
    assert refusal(sns.publish, TopicArn=topic, MessageAttributes=attributes,
                   Message="x" * (262145 - len("nameStringvalue"))) == invalid("Message too long")


def test_target_arn_of_a_topic(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    sns.publish(TargetArn=topic, Message="m")
    assert queue.bodies() == ["m"]


def test_trace_header_is_passed_on(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    sns.meta.events.register("before-sign.sns.Publish", lambda request, **_: request.headers.
                             add_header("X-Amzn-Trace-Id", trace))
    sns.publish(TopicArn=topic, Message="m")
    assert queue.receive()[0]["Attributes"]["AWSTraceHeader"] == trace


def test_group_of_a_standard_topic_reaches_the_queue(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue)
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="g")
    assert queue.receive()[0]["Attributes"]["MessageGroupId"] == "g"


def test_batch_fails_entry_by_entry(sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "good", "Message": "m"}, {"Id": "empty", "Message": " "},
        {"Id": "subject", "Message": "m", "Subject": ""}])
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("empty", "InvalidParameter", True), ("subject", "InvalidParameter", True)]
    assert queue.bodies() == ["m"]


def test_batch_of_ten_reaches_all_queues(server, sns, topic, make_queue):
    queues = [make_queue(f"-{number}") for number in range(3)]
    for queue in queues:
        subscribe(sns, topic, queue, RawMessageDelivery="true")
    bodies = [f"m{number}" for number in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": str(number), "Message": body} for number, body in enumerate(bodies)])
    assert len(answer["Successful"]) == 10 and answer["Failed"] == []
    for queue in queues:
        assert sorted(queue.bodies()) == bodies
    assert figure(server, "published", topic) == 10
    assert figure(server, "delivered", topic) == 30
    assert figure(server, "published_bytes", topic) == sum(map(len, bodies))


def test_filter_policies(server, sns, topic, make_queue):
    red, both, body = make_queue("-red"), make_queue("-both"), make_queue("-body")
    policy = {"RawMessageDelivery": "true"}
    arn = subscribe(sns, topic, red, FilterPolicy='{"colour": ["red"]}', **policy)
    subscribe(sns, topic, both, FilterPolicy="{}", **policy)
    subscribe(sns, topic, body, FilterPolicy='{"a": [1]}', FilterPolicyScope="MessageBody",
              **policy)
    for message, colour in (('{"a": 1}', "blue"), ("red", "red"), ('{"a": 2}', "blue")):
        sns.publish(TopicArn=topic, Message=message, MessageAttributes={"colour": string(colour)})
    assert red.bodies() == ["red"]
    assert len(both.receive()) == 3
    assert body.bodies() == ['{"a": 1}']
    assert figure(server, "filtered", topic) == 4
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy",
                                    AttributeValue='{"colour": ["blue"]}')
    for colour in ("red", "blue"):
        sns.publish(TopicArn=topic, Message=colour, MessageAttributes={"colour": string(colour)})
    assert red.bodies() == ["blue"]
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy",
                                    AttributeValue="")
    sns.publish(TopicArn=topic, Message="all")
    assert red.bodies() == ["all"]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="none")
    assert red.bodies() == []


def test_a_change_of_a_filter_drops_no_message_that_both_accept(server, sns, topic, make_queue):
    queue = make_queue()
    arn = subscribe(sns, topic, queue, RawMessageDelivery="true", FilterPolicy='{"a": ["b"]}')
    is_over = threading.Event()

    def change():
        client = server.client("sns")
        for _ in range(100):
            for policy in ("{}", '{"a": ["b"]}'):
                client.set_subscription_attributes(
                    SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy)
        is_over.set()

    changes = threading.Thread(target=change)
    changes.start()
    published = 0
    while not is_over.is_set():
        sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": string("b")})
        published += 1
    changes.join()
    assert figure(server, "filtered", topic) == 0
    assert figure(server, "delivered", topic) == published > 0


def test_filters_survive_a_restart(private):
    server = private()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = Queue(sqs, "q")
    subscribe(sns, topic, queue, RawMessageDelivery="true", FilterPolicy='{"a": ["b"]}')
    server.restart()
    sns, queue.sqs = server.client("sns"), server.client("sqs")
    for value in ("a", "b"):
        sns.publish(TopicArn=topic, Message=value, MessageAttributes={"a": string(value)})
    queue.url = queue.sqs.get_queue_url(QueueName="q")["QueueUrl"]
    assert queue.bodies() == ["b"]


def test_a_queue_of_another_account_gets_nothing_before_that_confirms(server, sns, topic, name):
    queue = Queue(server.client("sqs", account="151515151515"), name)
    arn = subscribe(sns, topic, queue)
    sns.publish(TopicArn=topic, Message="m")
    assert figure(server, "published", topic) == 1
    assert figure(server, "delivered", topic) == figure(server, "failed", topic) == 0
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"][
        "PendingConfirmation"] == "true"
    text, = eventually(queue.bodies)
    message = json.loads(text)
    assert (message["Type"], message["TopicArn"]) == ("SubscriptionConfirmation", topic)
    owner = server.client("sns", account="151515151515")
    assert owner.confirm_subscription(
        TopicArn=topic, Token=message["Token"])["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="n")
    assert [json.loads(body)["Message"] for body in queue.bodies()] == ["n"]


def test_a_fifo_queue_of_another_account_confirms(server, sns, fifo_topic, name):
    queue = Queue(server.client("sqs", account="151515151515"), name + ".fifo", FifoQueue="true")
    subscribe(sns, fifo_topic, queue)
    text, = eventually(queue.bodies)
    sns.confirm_subscription(TopicArn=fifo_topic, Token=json.loads(text)["Token"])
    sns.publish(TopicArn=fifo_topic, Message="n", MessageGroupId="g", MessageDeduplicationId="1")
    assert [json.loads(body)["Message"] for body in queue.bodies()] == ["n"]


# ---- queues that refuse ----


def test_refused_messages_go_to_the_dead_letter_queue(server, sns, topic, make_queue):
    dead = make_queue("-dead")
    arn = subscribe(sns, topic, dead, RawMessageDelivery="true",
                    RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    gone = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=dead.arn + "-gone", Attributes={
            "RawMessageDelivery": "true",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})})["SubscriptionArn"]
    assert gone != arn
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": string("b")})
    letters = dead.receive()
    assert [letter["Body"] for letter in letters] == ["m", "m"]
    [names] = [set(letter["MessageAttributes"]) for letter in letters
               if len(letter["MessageAttributes"]) > 1]
    assert names == {"a", "ErrorCode", "ErrorMessage", "RequestID"}
    assert figure(server, "redriven", topic) == 1
    assert figure(server, "failed", topic) == 1
    assert figure(server, "delivered", topic) == 1


def test_a_dead_letter_queue_that_is_throttled_gets_the_letter_later(private, tmp_path):
    config = tmp_path / "tern.json"
    rule = {"actions": ["sqs:Send*"], "rate": 1, "burst": 1, "shared": True}
    config.write_text(json.dumps({"throttle-rules": [rule]}))
    server = private("--durability", "memory", "--config", config)
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    dead = Queue(server.client("sqs"), "dead")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=dead.arn + "-gone", Attributes={
        "RawMessageDelivery": "true",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})})
    sns.publish(TopicArn=topic, Message="m")
    assert dead.bodies() == []
    assert eventually(dead.bodies) == ["m"]
    assert figure(server, "failed_to_redrive", topic) == 0


def test_large_message_to_many_queues_goes_in_parts(server, sns, topic, make_queue):
    queue, dead = make_queue(), make_queue("-dead")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    redrive = json.dumps({"deadLetterTargetArn": dead.arn})
    for number in range(70):
        # Queues that do not exist, so that each costs a notification and nothing else.
        attributes = {"RedrivePolicy": redrive} if number % 23 == 0 else {}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{queue.arn}-{number}",
                      Attributes=attributes)
    text = "x" * 262144
    sns.publish(TopicArn=topic, Message=text)
    [message] = queue.receive()
    assert json.loads(message["Body"])["Message"] == text
    assert [json.loads(one["Body"])["Message"] == text for one in dead.receive()] == [True] * 4
    assert figure(server, "failed", topic) == 70
    assert figure(server, "redriven", topic) == 4


def test_only_the_topic_of_the_condition_may_send(signed, name):
    sns, sqs = signed.client("sns"), signed.client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = Queue(sqs, name)
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    for source, wanted in ((topic, ["m"]), (topic + "x", [])):
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": json.dumps({
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                           "Action": "sqs:SendMessage", "Resource": queue.arn,
                           "Condition": {"ArnEquals": {"aws:SourceArn": source}}}]})})
        sns.publish(TopicArn=topic, Message="m")
        assert queue.bodies() == wanted


# ---- other accounts ----


def test_other_account_publishes_under_the_policy(server, sns, topic, make_queue):
    queue = make_queue()
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    other = server.client("sns", account="161616161616")
    assert refusal(other.publish, TopicArn=topic, Message="m")[:2] == ("AuthorizationError", 403)
    assert refusal(other.publish, TopicArn=topic + "x", Message="m")[:2] == (
        "AuthorizationError", 403)
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["161616161616"],
                       ActionName=["Publish"])
    other.publish(TopicArn=topic, Message="m")
    other.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}])
    assert queue.bodies() == ["m", "m"]
    assert refusal(other.get_topic_attributes, TopicArn=topic)[:2] == ("AuthorizationError", 403)


def test_answer_in_json(server, topic):
    answer = server.http.get(server.url, headers={"Accept": "application/json"}, params={
        "Action": "Publish", "TopicArn": topic, "Message": "m", "Version": "2010-03-31"})
    assert answer.status_code == 200
    assert answer.json()["PublishResponse"]["PublishResult"]["MessageId"]


# ---- FIFO topics ----


@pytest.fixture
def make_fifo(make_queue):
    return lambda suffix="", **attributes: make_queue(
        suffix + ".fifo", FifoQueue="true", **attributes)


def test_fifo_refusals(sns, fifo_topic):
    publish = {"TopicArn": fifo_topic, "Message": "m"}
    assert refusal(sns.publish, **publish) == invalid(
        "The MessageGroupId parameter is required for FIFO topics")
    assert refusal(sns.publish, MessageGroupId="g", **publish) == invalid(
        "The topic should either have ContentBasedDeduplication enabled or "
        "MessageDeduplicationId provided explicitly")
    assert refusal(sns.publish, MessageGroupId="g" * 129, MessageDeduplicationId="d",
                   **publish) == invalid("MessageGroupId")


def test_fifo_order_and_numbers(sns, fifo_topic, make_fifo, make_queue):
    first, second, standard = make_fifo("-1"), make_fifo("-2"), make_queue()
    for queue in (first, second):
        subscribe(sns, fifo_topic, queue, RawMessageDelivery="true")
    subscribe(sns, fifo_topic, standard)
    answer = sns.publish_batch(TopicArn=fifo_topic, PublishBatchRequestEntries=[
        {"Id": str(n), "Message": f"m{n}", "MessageGroupId": "g", "MessageDeduplicationId": str(n)}
        for n in range(5)])
    numbers = [one["SequenceNumber"] for one in answer["Successful"]]
    assert numbers == sorted(numbers) and all(len(number) == 20 for number in numbers)
    for queue in (first, second):
        found = queue.receive()
        assert [one["Body"] for one in found] == [f"m{n}" for n in range(5)]
        assert {one["Attributes"]["MessageGroupId"] for one in found} == {"g"}
        assert [one["Attributes"]["MessageDeduplicationId"] for one in found] == list("01234")
    found = standard.receive()
    assert all("MessageGroupId" not in one["Attributes"] for one in found)
    bodies = [json.loads(one["Body"]) for one in found]
    assert sorted(body["SequenceNumber"] for body in bodies) == numbers
    assert all("Signature" not in body for body in bodies)


def test_fifo_duplicates(server, sns, fifo_topic, make_fifo):
    queue = make_fifo()
    subscribe(sns, fifo_topic, queue, RawMessageDelivery="true")
    publish = dict(TopicArn=fifo_topic, MessageGroupId="g", MessageDeduplicationId="d")
    one, two = (sns.publish(Message=text, **publish) for text in ("one", "two"))
    assert (one["MessageId"], one["SequenceNumber"]) == (two["MessageId"], two["SequenceNumber"])
    assert queue.bodies() == ["one"]


def test_fifo_content_deduplication(sns, fifo_topic, make_fifo):
    sns.set_topic_attributes(TopicArn=fifo_topic, AttributeName="ContentBasedDeduplication",
                             AttributeValue="true")
    queue = make_fifo()
    subscribe(sns, fifo_topic, queue, RawMessageDelivery="true")
    for text in ("m", "m", "n"):
        sns.publish(TopicArn=fifo_topic, MessageGroupId=f"g-{text}", Message=text)
    found = queue.receive()
    assert [one["Body"] for one in found] == ["m", "n"]
    assert found[0]["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"m").hexdigest()
