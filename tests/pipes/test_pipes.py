# SPDX-License-Identifier: MIT
"""Operations of EventBridge Pipes."""
import pytest

from pipe_clients import TRUST, Pipes
from roles import make_role


@pytest.fixture
def ends(pipes):
    """The ARNs of a source and a target."""
    return pipes.queue("s")[1], pipes.queue("t")[1]


def test_a_pipe_is_created_and_described(pipes, ends):
    answer = pipes.client.create_pipe(
        Name=pipes.name, Source=ends[0], Target=ends[1], RoleArn=pipes.role, Description="d",
        DesiredState="STOPPED", Tags={"k": "v"},
        SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]},
                          "SqsQueueParameters": {"BatchSize": 3,
                                                 "MaximumBatchingWindowInSeconds": 2}},
        TargetParameters={"InputTemplate": "<$.body>"})
    pipes.made.append(pipes.name)
    arn = f"arn:aws:pipes:us-east-1:{ends[0].split(':')[4]}:pipe/{pipes.name}"
    assert answer["Arn"] == arn and answer["Name"] == pipes.name
    assert answer["DesiredState"] == "STOPPED" and answer["CurrentState"] == "CREATING"
    shown = pipes.client.describe_pipe(Name=pipes.name)
    assert shown["Arn"] == arn and shown["RoleArn"] == pipes.role
    assert shown["Source"] == ends[0] and shown["Target"] == ends[1]
    assert shown["DesiredState"] == shown["CurrentState"] == "STOPPED"
    assert shown["StateReason"] == "USER_INITIATED"
    assert shown["Description"] == "d" and shown["Tags"] == {"k": "v"}
    assert shown["SourceParameters"] == {
        "FilterCriteria": {"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]},
        "SqsQueueParameters": {"BatchSize": 3, "MaximumBatchingWindowInSeconds": 2}}
    assert shown["TargetParameters"] == {"InputTemplate": "<$.body>"}
    assert shown["CreationTime"] == answer["CreationTime"]


def test_a_pipe_is_started_stopped_and_deleted(pipes, ends, refuses):
    name = pipes.create(*ends)
    assert pipes.client.describe_pipe(Name=name)["CurrentState"] == "RUNNING"
    answer = pipes.client.stop_pipe(Name=name)
    assert (answer["DesiredState"], answer["CurrentState"]) == ("STOPPED", "STOPPING")
    assert pipes.client.describe_pipe(Name=name)["CurrentState"] == "STOPPED"
    answer = pipes.client.start_pipe(Name=name)
    assert (answer["DesiredState"], answer["CurrentState"]) == ("RUNNING", "STARTING")
    assert pipes.client.describe_pipe(Name=name)["CurrentState"] == "RUNNING"
    answer = pipes.client.delete_pipe(Name=name)
    assert (answer["DesiredState"], answer["CurrentState"]) == ("DELETED", "DELETING")
    for operation in ("describe_pipe", "delete_pipe", "start_pipe", "stop_pipe"):
        with refuses("NotFoundException", f"Pipe {name} does not exist.", 404):
            getattr(pipes.client, operation)(Name=name)


def test_updates_replace_what_they_name(pipes, ends):
    name = pipes.create(*ends, Description="d", TargetParameters={"InputTemplate": "a"},
                        SourceParameters={"SqsQueueParameters": {
                            "BatchSize": 3, "MaximumBatchingWindowInSeconds": 2}})
    answer = pipes.client.update_pipe(Name=name, RoleArn=pipes.role, Description="e")
    assert answer["CurrentState"] == "UPDATING" and answer["DesiredState"] == "RUNNING"
    shown = pipes.client.describe_pipe(Name=name)
    assert shown["Description"] == "e" and shown["Target"] == ends[1]
    assert shown["TargetParameters"] == {"InputTemplate": "a"}
    # A structure is replaced as a whole: the window goes.
    pipes.client.update_pipe(Name=name, RoleArn=pipes.role, DesiredState="STOPPED",
                             SourceParameters={"SqsQueueParameters": {"BatchSize": 4}})
    shown = pipes.client.describe_pipe(Name=name)
    assert shown["SourceParameters"] == {"SqsQueueParameters": {"BatchSize": 4}}
    assert shown["CurrentState"] == "STOPPED"
    _, fifo = pipes.queue("f", FifoQueue="true", ContentBasedDeduplication="true")
    pipes.client.update_pipe(Name=name, RoleArn=pipes.role, Target=fifo, TargetParameters={
        "SqsQueueParameters": {"MessageGroupId": "g"}})
    shown = pipes.client.describe_pipe(Name=name)
    assert shown["TargetParameters"] == {"InputTemplate": "a",
                                         "SqsQueueParameters": {"MessageGroupId": "g"}}


def test_pipes_are_listed_by_page_prefix_and_state(pipes, ends):
    names = sorted(f"{pipes.name}-{letter}" for letter in "abcd")
    for name in names:
        pipes.create(*ends, name=name, DesiredState="STOPPED" if name[-1] == "c" else "RUNNING")
    first = pipes.client.list_pipes(NamePrefix=pipes.name, Limit=3)
    assert [pipe["Name"] for pipe in first["Pipes"]] == names[:3]
    rest = pipes.client.list_pipes(NamePrefix=pipes.name, Limit=3, NextToken=first["NextToken"])
    assert [pipe["Name"] for pipe in rest["Pipes"]] == names[3:] and "NextToken" not in rest
    pipe = first["Pipes"][0]
    assert pipe["Source"] == ends[0] and pipe["Target"] == ends[1]
    assert pipe["CurrentState"] == pipe["DesiredState"] == "RUNNING"

    def listed(**members):
        return [pipe["Name"] for pipe in
                pipes.client.list_pipes(NamePrefix=pipes.name, **members)["Pipes"]]
    assert listed(DesiredState="STOPPED") == listed(CurrentState="STOPPED") == [names[2]]
    assert listed(SourcePrefix=ends[0]) == names and listed(SourcePrefix=ends[1]) == []
    assert listed(TargetPrefix=ends[1][:-1]) == names


def test_tags_are_added_and_removed(pipes, ends, refuses):
    name = pipes.create(*ends, Tags={"a": "1"})
    arn = pipes.client.describe_pipe(Name=name)["Arn"]
    pipes.client.tag_resource(resourceArn=arn, tags={"b": "2", "a": "3"})
    assert pipes.client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "3", "b": "2"}
    pipes.client.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
    assert pipes.client.describe_pipe(Name=name)["Tags"] == {"b": "2"}
    with refuses("ValidationException", "50 tags"):
        pipes.client.tag_resource(resourceArn=arn, tags={f"k{i}": "v" for i in range(50)})
    with refuses("NotFoundException", "does not exist", 404):
        pipes.client.list_tags_for_resource(resourceArn=arn + "-none")
    with refuses("ValidationException", "is not the ARN of a pipe"):
        pipes.client.list_tags_for_resource(resourceArn=ends[0])


def test_a_name_is_taken_once(pipes, ends, refuses):
    name = pipes.create(*ends)
    with refuses("ConflictException", f"Pipe {name} already exists.", 409):
        pipes.create(*ends)


@pytest.mark.parametrize("members, text", [
    ({"Source": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, "SQS queues only"),
    ({"Source": "arn:aws:sqs:eu-west-1:000000000000:q"}, "account and Region"),
    ({"Source": "arn:aws:sqs:us-east-1:111122223333:q"}, "account and Region"),
    ({"Target": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, "not supported"),
    ({"Target": "arn:aws:sns:us-east-1:000000000000:t.fifo"}, "not supported"),
    ({"Target": "arn:aws:sqs:us-east-1:000000000000:t.fifo"}, "MessageGroupId is required"),
    ({"Enrichment": "arn:aws:sqs:us-east-1:000000000000:q"}, "not supported"),
    ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}}, "at most 10"),
    ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 2}}, "Target":
      "arn:aws:events:us-east-1:000000000000:api-destination/d/" + 8 * "0" + "-0000-0000-0000-" +
      12 * "0"}, "at most 1 "),
    ({"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": '{"a":1}'}]}}},
     "Event pattern is not valid. Reason:"),
    ({"TargetParameters": {"HttpParameters": {}}}, "HttpParameters is not valid"),
    ({"TargetParameters": {"EventBridgeEventBusParameters": {"Source": "s"}}}, "is not valid"),
    ({"LogConfiguration": {"Level": "INFO"}}, "must have a destination"),
    ({"LogConfiguration": {"Level": "INFO", "S3LogDestination": {
        "BucketName": "bucket", "BucketOwner": "000000000000"}}}, "CloudWatch Logs only"),
    ({"RoleArn": "arn:aws:iam::000000000000:role/none"}, "does not exist, or does not allow"),
])
def test_settings_that_are_refused(pipes, ends, refuses, members, text):
    settings = {"Source": ends[0], "Target": ends[1], "RoleArn": pipes.role, **members}
    with refuses("ValidationException", text):
        pipes.client.create_pipe(Name=pipes.name, **settings)


def test_source_and_target_must_differ(pipes, ends, refuses):
    with refuses("ValidationException", "must be different"):
        pipes.create(ends[0], ends[0])


def test_a_role_must_trust_the_service(pipes, ends, refuses, server, name):
    other = make_role(server, f"other-{name}")
    with refuses("ValidationException", "to assume it"):
        pipes.client.create_pipe(Name=name, Source=ends[0], Target=ends[1], RoleArn=other)
    trust = {"Version": "2012-10-17", "Statement": [{
        **TRUST["Statement"][0], "Condition": {"ArnLike": {
            "aws:SourceArn": f"arn:aws:pipes:us-east-1:*:pipe/{name}"}}}]}
    pipes.role = make_role(server, f"conditional-{name}", trust=trust)
    pipes.create(*ends)
    with refuses("ValidationException", "to assume it"):
        pipes.create(*ends, name=name + "-x")


def test_constraints_are_checked(pipes, ends, refuses):
    with refuses("ValidationException", "validation error"):
        pipes.client.create_pipe(Name="a b", Source=ends[0], Target=ends[1], RoleArn=pipes.role)


def test_functions_are_accepted_and_wait(pipes, ends):
    name = pipes.create(ends[0], "arn:aws:lambda:us-east-1:000000000000:function:f",
                        TargetParameters={"LambdaFunctionParameters": {
                            "InvocationType": "FIRE_AND_FORGET"}})
    shown = pipes.client.describe_pipe(Name=name)
    assert shown["CurrentState"] == "RUNNING"
    assert shown["StateReason"] == "Functions are not served yet; messages stay in the source."


def test_pipes_survive_a_restart_and_a_reset_deletes_them(private):
    server = private("--allow-reset")
    pipes = Pipes(server, "restarted")
    source, target = pipes.queue("s"), pipes.queue("t")
    pipes.create(source[1], target[1], Tags={"a": "b"})
    server.restart()
    pipes.client, pipes.sqs = server.client("pipes"), server.client("sqs")
    assert pipes.client.describe_pipe(Name="restarted")["Tags"] == {"a": "b"}
    pipes.send(source[0], "after")
    assert '"after"' in pipes.bodies(target[0])[0]
    answer = server.post("/_tern/reset")
    assert answer.json()["deleted_pipes"] == 1
    assert pipes.client.list_pipes()["Pipes"] == []
