# SPDX-License-Identifier: MIT
"""Topics as targets of other services, under the topic's policy."""
import json

from sns_queue import Queue
from ternd import eventually


def put_rule(events, name, topic):
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    answer = events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": topic}])
    assert answer["FailedEntryCount"] == 0


def put_event(events, name, number):
    answer = events.put_events(Entries=[{"Source": name, "DetailType": "test",
                                         "Detail": json.dumps({"number": number})}])
    assert answer["FailedEntryCount"] == 0


def allow(sns, topic, service):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
                       "Action": "sns:Publish", "Resource": topic}]}))


def test_rule_publishes_to_a_topic(server, sns, topic, make_queue, name):
    events, queue = server.client("events"), make_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                  Attributes={"RawMessageDelivery": "true"})
    allow(sns, topic, "events.amazonaws.com")
    put_rule(events, name, topic)
    put_event(events, name, 7)
    [message] = eventually(queue.receive)
    event = json.loads(message["Body"])
    assert (event["source"], event["detail"]) == (name, {"number": 7})


def failed_invocations(server):
    return next(int(line.split()[1]) for line in server.metrics_text().splitlines()
                if line.startswith("tern_events_failed_invocations_total "))


def test_topic_whose_policy_lets_others_in_refuses_a_rule(signed, name):
    sns, events = signed.client("sns"), signed.client("events")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = Queue(signed.client("sqs"), name)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                  Attributes={"RawMessageDelivery": "true"})
    put_rule(events, name, topic)
    allow(sns, topic, "s3.amazonaws.com")
    failed = failed_invocations(signed)
    put_event(events, name, 1)
    # PutEvents is answered before the topic gets the event: the policy must not change until then.
    eventually(lambda: failed_invocations(signed) == failed + 1)
    allow(sns, topic, "events.amazonaws.com")
    put_event(events, name, 2)
    [message] = eventually(queue.receive)
    assert json.loads(message["Body"])["detail"] == {"number": 2}
