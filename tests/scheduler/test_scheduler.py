# SPDX-License-Identifier: MIT
"""Schedules as boto3 makes, reads, changes, lists and deletes them."""
import datetime

import pytest

from roles import make_role
from scheduler_clients import OFF, make_queue

REFUSED = ["cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron()",
           "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)", "rate(10 seconds)",
           "rate(10 years)", "rate()", "rate(10)", "rate(10 minutess)", "rate(foo minutes)",
           "rate(-10 minutes)", "rate( 10 minutes )", " rate(10 minutes)",
           "at(2021-12-31T23:59:59Z)", "at(2021-12-31)"]


def test_a_schedule_is_returned_with_the_members_that_aws_adds(scheduler, create, target):
    name = create("rate(1 hours)", Description="each hour")
    answer = scheduler.get_schedule(Name=name)
    assert answer["Arn"].endswith(f":schedule/default/{name}")
    assert answer["GroupName"] == "default" and answer["State"] == "ENABLED"
    assert answer["ScheduleExpressionTimezone"] == "UTC"
    assert answer["ActionAfterCompletion"] == "NONE" and answer["Description"] == "each hour"
    assert answer["Target"] == {**target[0], "RetryPolicy": {
        "MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}}
    assert answer["FlexibleTimeWindow"] == OFF
    assert answer["CreationDate"] == answer["LastModificationDate"]


@pytest.mark.parametrize("expression", REFUSED)
def test_expressions_that_aws_refuses_are_refused(create, refuses, expression):
    with refuses("ValidationException", f"Invalid Schedule Expression {expression}."):
        create(expression)


def test_a_name_is_taken_once_and_a_repeated_request_is_answered_again(create, refuses, scheduler):
    name = create("rate(1 day)", ClientToken="first")
    create("rate(1 day)", ClientToken="first")
    with refuses("ConflictException", f"Schedule {name} already exists.", 409):
        create("rate(1 day)", ClientToken="second")
    scheduler.delete_schedule(Name=name)
    with refuses("ResourceNotFoundException", f"Schedule {name} does not exist.", 404):
        scheduler.get_schedule(Name=name)
    with refuses("ResourceNotFoundException", f"Schedule {name} does not exist.", 404):
        scheduler.delete_schedule(Name=name)
    with refuses("ResourceNotFoundException", "Schedule group nogroup does not exist.", 404):
        create("rate(1 day)", GroupName="nogroup")


def test_times_are_checked(create, refuses):
    with refuses("ValidationException", "Invalid Schedule Expression Timezone Mars/Phobos."):
        create("rate(1 day)", ScheduleExpressionTimezone="Mars/Phobos")
    with refuses("ValidationException",
                 "The StartDate you specify cannot be earlier than 5 minutes ago."):
        create("rate(1 day)", StartDate=datetime.datetime(2020, 1, 1))
    with refuses("ValidationException", "The EndDate you specify must be in the future."):
        create("rate(1 day)", EndDate=datetime.datetime(2020, 1, 1))
    with refuses("ValidationException", "The StartDate you specify must come before the EndDate."):
        create("rate(1 day)", StartDate=datetime.datetime(2100, 1, 1),
               EndDate=datetime.datetime(2100, 1, 1))
    with refuses("ValidationException"):
        create("rate(1 day)", FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    with refuses("ValidationException"):
        create("rate(1 day)", FlexibleTimeWindow={"Mode": "OFF", "MaximumWindowInMinutes": 5})


def test_targets_are_checked(create, refuses, clocked, role, name):
    def attempt(**target):
        create("rate(1 day)", Target={"RoleArn": role, "Input": "{}", **target})

    with refuses("ValidationException", "Provided Arn is not in correct format."):
        attempt(Arn="arn:aws:nothing:us-east-1:000000000000:thing")
    with refuses("ValidationException", "sqs:fly is not an operation that this server has."):
        attempt(Arn="arn:aws:scheduler:::aws-sdk:sqs:fly")
    with refuses("ValidationException", "sqs:listQueues is not supported: it changes nothing."):
        attempt(Arn="arn:aws:scheduler:::aws-sdk:sqs:listQueues")
    with refuses("ValidationException",
                 "Input must be a valid JSON object for universal targets."):
        attempt(Arn="arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input="[]")
    _, fifo = make_queue(clocked, name + ".fifo", FifoQueue="true")
    with refuses("ValidationException",
                 "SqsParameters.MessageGroupId is required for FIFO queues."):
        attempt(Arn=fifo)
    attempt(Arn=fifo, SqsParameters={"MessageGroupId": "g"})


def test_the_role_must_exist_and_trust_the_service(create, refuses, clocked, target, name):
    text = ("The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role.")
    other = make_role(clocked, f"other-{name}", trust={
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sts:AssumeRole"}]})
    for arn in (other, other + "-missing"):
        with refuses("ValidationException", text):
            create("rate(1 day)", Target={**target[0], "RoleArn": arn})


def test_an_update_replaces_all_settings(scheduler, create, target, refuses):
    name = create("rate(1 day)", Description="old", State="DISABLED")
    before = scheduler.get_schedule(Name=name)
    scheduler.update_schedule(Name=name, ScheduleExpression="cron(0 12 * * ? *)",
                              ScheduleExpressionTimezone="Europe/Berlin", Target=target[0],
                              FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 9})
    after = scheduler.get_schedule(Name=name)
    assert "Description" not in after and after["State"] == "ENABLED"
    assert after["ScheduleExpression"] == "cron(0 12 * * ? *)"
    assert after["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert after["FlexibleTimeWindow"]["MaximumWindowInMinutes"] == 9
    assert after["CreationDate"] == before["CreationDate"]
    with refuses("ResourceNotFoundException", "Schedule nothing does not exist.", 404):
        scheduler.update_schedule(Name="nothing", ScheduleExpression="rate(1 day)",
                                  Target=target[0], FlexibleTimeWindow=OFF)


def test_lists_have_pages_and_filters(scheduler, create, name):
    group = f"group-{name}"
    scheduler.create_schedule_group(Name=group)
    names = [f"{name}-{i:02}" for i in range(12)]
    for i, one in enumerate(names):
        create("rate(1 day)", Name=one, GroupName=group, State="DISABLED" if i % 3 else "ENABLED")
    pages = list(scheduler.get_paginator("list_schedules").paginate(
        GroupName=group, PaginationConfig={"PageSize": 5}))
    assert [len(page["Schedules"]) for page in pages] == [5, 5, 2]
    assert [one["Name"] for page in pages for one in page["Schedules"]] == names
    first = pages[0]["Schedules"][0]
    assert first["State"] == "ENABLED" and first["GroupName"] == group
    assert first["Target"]["Arn"].startswith("arn:aws:sqs:")
    disabled = scheduler.list_schedules(GroupName=group, State="DISABLED")["Schedules"]
    assert len(disabled) == 8
    some = scheduler.list_schedules(NamePrefix=f"{name}-1")["Schedules"]
    assert [one["Name"] for one in some] == names[10:]


def test_groups_have_schedules_and_tags(scheduler, create, refuses, name):
    group = f"group-{name}"
    arn = scheduler.create_schedule_group(
        Name=group, Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    assert arn.endswith(f":schedule-group/{group}")
    with refuses("ConflictException", f"Schedule group {group} already exists.", 409):
        scheduler.create_schedule_group(Name=group)
    with refuses("ConflictException", "Schedule group default already exists.", 409):
        scheduler.create_schedule_group(Name="default")
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "b", "Value": "2"}]
    answer = scheduler.get_schedule_group(Name=group)
    assert answer["State"] == "ACTIVE" and answer["Arn"] == arn
    schedule = create("rate(1 day)", GroupName=group)
    create("rate(1 day)")  # the same name in the group default
    scheduler.delete_schedule_group(Name=group)
    with refuses("ResourceNotFoundException", f"Schedule group {group} does not exist.", 404):
        scheduler.get_schedule_group(Name=group)
    with refuses("ResourceNotFoundException", status=404):
        scheduler.get_schedule(Name=schedule, GroupName=group)
    scheduler.get_schedule(Name=schedule)
    with refuses("ValidationException", "The default schedule group cannot be deleted."):
        scheduler.delete_schedule_group(Name="default")


def test_the_default_group_is_listed_in_order(scheduler, name):
    for prefix in ("a", "z"):
        scheduler.create_schedule_group(Name=f"{prefix}{name}")
    names = [group["Name"] for page in scheduler.get_paginator("list_schedule_groups").paginate(
        PaginationConfig={"PageSize": 2}) for group in page["ScheduleGroups"]]
    assert names == sorted(names) and names.count("default") == 1


def test_schedules_survive_a_restart(private):
    server = private()
    role = make_role(server, "role")
    _, arn = make_queue(server, "q")
    scheduler = server.client("scheduler")
    scheduler.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])
    scheduler.create_schedule(Name="s", GroupName="g", ScheduleExpression="rate(1 day)",
                              FlexibleTimeWindow=OFF, Target={"Arn": arn, "RoleArn": role})
    before = scheduler.get_schedule(Name="s", GroupName="g")
    server.restart()
    scheduler = server.client("scheduler")
    after = scheduler.get_schedule(Name="s", GroupName="g")
    before.pop("ResponseMetadata")
    after.pop("ResponseMetadata")
    assert after == before
    group = scheduler.get_schedule_group(Name="g")
    assert scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"] == [
        {"Key": "a", "Value": "1"}]
