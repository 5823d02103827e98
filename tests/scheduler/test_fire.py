# SPDX-License-Identifier: MIT
"""What schedules deliver, when, as whom; with the test clock."""
import datetime
import json

import pytest

from roles import TRUST, make_role
from scheduler_clients import OFF, make_queue
from ternd import eventually

MINUTE, HOUR, DAY = 60, 3600, 86400


def now(server):
    """Wall time of the server."""
    date = server.http.get(server.url + "/_tern/health").headers["Date"]
    return datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(
        tzinfo=datetime.timezone.utc)


def at(moment):
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


def receive(server, url, count=1, attributes=False):
    """So many messages' bodies, or the messages."""
    sqs, messages = server.client("sqs"), []

    def probe():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                                     MessageAttributeNames=["All"], AttributeNames=["All"])
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages.append(message)
        return len(messages) >= count
    eventually(probe, what=f"{count} messages of {url}")
    assert len(messages) == count
    return messages if attributes else [message["Body"] for message in messages]


def is_empty(server, url):
    return "Messages" not in server.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=0)


def test_a_rate_occurs_at_once_and_each_period_later(clocked, create, target, scheduler):
    name = create("rate(5 minutes)")
    assert receive(clocked, target[1]) == ["hello"]
    clocked.advance(4 * MINUTE)
    assert is_empty(clocked, target[1])
    clocked.advance(MINUTE)
    assert receive(clocked, target[1]) == ["hello"]
    scheduler.delete_schedule(Name=name)
    clocked.advance(10 * MINUTE)
    assert is_empty(clocked, target[1])


def test_a_schedule_occurs_once_and_deletes_itself(clocked, create, target, scheduler):
    moment = now(clocked) + datetime.timedelta(hours=2)
    name = create(at(moment), ActionAfterCompletion="DELETE", Target={
        **target[0],
        "Input": '{"time":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>,'
                 '"arn":"<aws.scheduler.schedule-arn>"}'})
    arn = scheduler.get_schedule(Name=name)["Arn"]
    clocked.advance(HOUR)
    assert is_empty(clocked, target[1])
    clocked.advance(HOUR)
    body = json.loads(receive(clocked, target[1])[0])
    assert body == {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "n": 1, "arn": arn}
    eventually(lambda: not scheduler.list_schedules(NamePrefix=name)["Schedules"],
               what="the schedule to be deleted")


def test_without_the_action_a_completed_schedule_stays(clocked, create, target, scheduler):
    name = create(at(now(clocked) + datetime.timedelta(minutes=3)))
    clocked.advance(3 * MINUTE)
    assert receive(clocked, target[1]) == ["hello"]
    clocked.advance(2 * DAY)
    assert scheduler.get_schedule(Name=name)["State"] == "ENABLED"
    assert is_empty(clocked, target[1])


def test_a_cron_of_a_time_zone_occurs_at_local_time(clocked, create, target):
    zone = datetime.timezone(datetime.timedelta(hours=9))  # Tokyo has no daylight saving time
    moment = (now(clocked) + datetime.timedelta(hours=5)).astimezone(zone)
    create(f"cron({moment.minute} {moment.hour} * * ? *)",
           ScheduleExpressionTimezone="Asia/Tokyo",
           Target={**target[0], "Input": "<aws.scheduler.scheduled-time>"})
    clocked.advance(5 * HOUR)
    utc = moment.astimezone(datetime.timezone.utc)
    assert receive(clocked, target[1]) == [f"{utc:%Y-%m-%dT%H:%M}:00Z"]
    clocked.advance(DAY)
    utc += datetime.timedelta(days=1)
    assert receive(clocked, target[1]) == [f"{utc:%Y-%m-%dT%H:%M}:00Z"]


def test_a_flexible_window_delays_within_its_length(clocked, create, target):
    create(at(now(clocked) + datetime.timedelta(minutes=1)),
           FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 600})
    clocked.advance(MINUTE + 600 * MINUTE)
    assert receive(clocked, target[1]) == ["hello"]


def test_a_disabled_schedule_rests_and_goes_on_when_enabled(clocked, create, target, scheduler):
    name = create("rate(1 hour)", State="DISABLED")
    clocked.advance(2 * HOUR)
    assert is_empty(clocked, target[1])
    scheduler.update_schedule(Name=name, ScheduleExpression="rate(1 hour)", Target=target[0],
                              FlexibleTimeWindow=OFF)
    clocked.advance(HOUR)
    assert receive(clocked, target[1]) == ["hello"]


def test_dates_limit_a_rate(clocked, create, target):
    start = now(clocked) + datetime.timedelta(hours=1)
    create("rate(30 minutes)", StartDate=start, EndDate=start + datetime.timedelta(minutes=40))
    clocked.advance(59 * MINUTE)
    assert is_empty(clocked, target[1])
    clocked.advance(MINUTE + 1)
    assert receive(clocked, target[1]) == ["hello"]
    clocked.advance(30 * MINUTE)
    assert receive(clocked, target[1]) == ["hello"]
    clocked.advance(DAY)
    assert is_empty(clocked, target[1])


def test_a_fifo_queue_gets_the_group(clocked, create, role, name):
    url, arn = make_queue(clocked, name + ".fifo", FifoQueue="true")
    create("rate(1 day)", Target={"Arn": arn, "RoleArn": role, "Input": "x",
                                  "SqsParameters": {"MessageGroupId": "g1"}})
    message = receive(clocked, url, attributes=True)[0]
    assert message["Attributes"]["MessageGroupId"] == "g1"


def test_a_universal_target_runs_an_operation_as_the_role(clocked, create, role, name, target):
    create("rate(1 day)", Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": role,
        "Input": json.dumps({"QueueUrl": target[1], "MessageBody": "universal",
                             "MessageAttributes": {"a": {"DataType": "String",
                                                         "StringValue": "b"}}})})
    message = receive(clocked, target[1], attributes=True)[0]
    assert message["Body"] == "universal"
    assert message["MessageAttributes"]["a"]["StringValue"] == "b"
    create("rate(1 day)", Name=name + "-create", Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:sqs:createQueue", "RoleArn": role,
        "Input": json.dumps({"QueueName": f"made-{name}"})})
    eventually(lambda: clocked.client("sqs").list_queues(
        QueueNamePrefix=f"made-{name}").get("QueueUrls"), what="the queue")


def test_an_event_bus_gets_an_event(clocked, create, role, name, target):
    events = clocked.client("events")
    bus = events.create_event_bus(Name=f"bus-{name}")["EventBusArn"]
    clocked.client("sqs").set_queue_attributes(QueueUrl=target[1], Attributes={
        "Policy": json.dumps({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": target[0]["Arn"]}]})})
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["my.app"]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[
        {"Id": "q", "Arn": target[0]["Arn"]}])
    create("rate(1 day)", Target={
        "Arn": bus, "RoleArn": role, "Input": '{"n":1}',
        "EventBridgeParameters": {"Source": "my.app", "DetailType": "tick"}})
    event = json.loads(receive(clocked, target[1])[0])
    assert event["source"] == "my.app" and event["detail-type"] == "tick"
    assert event["detail"] == {"n": 1}


def test_a_refused_delivery_goes_to_the_dead_letter_queue(clocked, create, role, name, scheduler):
    url, arn = make_queue(clocked, name + "-dead")
    missing = arn.replace("-dead", "-missing")
    create("rate(1 day)", Target={"Arn": missing, "RoleArn": role, "Input": "lost",
                                  "DeadLetterConfig": {"Arn": arn},
                                  "RetryPolicy": {"MaximumRetryAttempts": 0}})
    message = receive(clocked, url, attributes=True)[0]
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert message["Body"] == "lost"
    assert attributes["TARGET_ARN"] == missing and attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["SCHEDULE_ARN"] == scheduler.get_schedule(Name=name)["Arn"]
    assert attributes["IS_PAYLOAD_TRUNCATED"] == "false"
    assert attributes["SCHEDULED_TIME"].endswith("Z") and attributes["EXECUTION_ID"]
    assert attributes["ERROR_CODE"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes



@pytest.mark.parametrize("policy, condition", [
    ({"MaximumEventAgeInSeconds": 60}, "MaximumEventAgeInSeconds"),
    ({"MaximumRetryAttempts": 2}, "MaximumRetryAttempts")])
def test_a_dead_letter_says_which_limit_ended_the_attempts(private, tmp_path, policy, condition):
    path = tmp_path / "tern.json"
    path.write_text(json.dumps({"throttle-rules": [
        {"actions": ["sqs:CreateQueue"], "rate": 0.001, "burst": 1}]}))
    server = private("--durability", "memory", "--test-clock", "--config", path)
    url, dead = make_queue(server, "dead")
    server.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:createQueue", "RoleArn": make_role(server, "r"),
            "Input": '{"QueueName":"throttled"}', "RetryPolicy": policy,
            "DeadLetterConfig": {"Arn": dead}})
    found = []

    def probe():
        server.advance(1)
        found.extend(server.client("sqs").receive_message(
            QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []))
        return found
    eventually(probe, what="a dead letter")
    attributes = found[0]["MessageAttributes"]
    assert attributes["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == condition
    if "MaximumRetryAttempts" in policy:
        assert attributes["RETRY_ATTEMPTS"]["StringValue"] == "2"

def test_a_role_without_permission_delivers_nothing(signed, name):
    url, arn = make_queue(signed, name)
    dead_url, dead = make_queue(signed, name + "-dead")
    role = make_role(signed, f"poor-{name}", policy={
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead}]})
    signed.client("scheduler").create_schedule(
        Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF,
        Target={"Arn": arn, "RoleArn": role, "Input": "x", "DeadLetterConfig": {"Arn": dead}})
    message = receive(signed, dead_url, attributes=True)[0]
    assert "AccessDenied" in message["MessageAttributes"]["ERROR_CODE"]["StringValue"]
    assert is_empty(signed, url)


def test_the_trust_policy_sees_the_group_and_the_account(signed, name):
    account = signed.client("sts").get_caller_identity()["Account"]
    scheduler = signed.client("scheduler")
    group = scheduler.create_schedule_group(Name=f"g-{name}")["ScheduleGroupArn"]
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Condition"] = {"StringEquals": {
        "aws:SourceArn": group, "aws:SourceAccount": account}}
    role = make_role(signed, f"trusting-{name}", trust=trust)
    url, arn = make_queue(signed, name)
    settings = {"Name": name, "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF,
                "Target": {"Arn": arn, "RoleArn": role, "Input": "x"}}
    with pytest.raises(scheduler.exceptions.ValidationException):
        scheduler.create_schedule(**settings)  # the group "default"
    scheduler.create_schedule(GroupName=f"g-{name}", **settings)
    assert receive(signed, url) == ["x"]


def test_occurrences_survive_kill_nine(private):
    """Each of many schedules that are due is delivered at least once, whenever the server dies."""
    server = private("--test-clock")
    role = make_role(server, "role")
    url, arn = make_queue(server, "q")
    scheduler = server.client("scheduler")
    moment = now(server) + datetime.timedelta(hours=1)
    for i in range(40):
        scheduler.create_schedule(
            Name=f"s{i}", ScheduleExpression=at(moment), FlexibleTimeWindow=OFF,
            Target={"Arn": arn, "RoleArn": role, "Input": f"{i}"})
    server.advance(HOUR)
    server.kill()
    server.start()
    server.advance(HOUR)
    sqs, seen = server.client("sqs"), set()

    def probe():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            seen.add(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(seen) == 40
    eventually(probe, what="an occurrence of each schedule")
