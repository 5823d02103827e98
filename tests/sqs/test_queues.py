# SPDX-License-Identifier: MIT
"""Queues and their attributes through boto3: idempotency, encryption, policies, listing, tags."""
import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError

from ternd import DEFAULT_REGION, boto_session
from test_messages import bodies

ARN = "arn:aws:sqs:us-east-1:000000000000:"
STANDARD = {
    "DelaySeconds": "5", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "60",
    "ReceiveMessageWaitTimeSeconds": "1", "VisibilityTimeout": "0"}


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get(
        "Attributes", {})


def set_one(sqs, url, name, value):
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})


# ---- names ----

@pytest.mark.parametrize("stem", ["a", "-", "AZaz09-_", "x" * 80])
def test_names_of_standard_queues(server, stem):
    sqs = server.client(account="100000000001")
    assert sqs.create_queue(QueueName=stem)["QueueUrl"].endswith("/" + stem)


@pytest.mark.parametrize("stem", ["a", "AZaz09-_", "x" * 75])
def test_names_of_fifo_queues(server, stem):
    sqs = server.client(account="100000000001")
    url = sqs.create_queue(QueueName=stem + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    assert url.endswith(f"/{stem}.fifo")


def test_names_differ_by_case(sqs, name):
    lower = sqs.create_queue(QueueName=name + "a")["QueueUrl"]
    upper = sqs.create_queue(QueueName=name + "A")["QueueUrl"]
    sqs.send_message(QueueUrl=lower, MessageBody="b")
    assert bodies(sqs, upper) == []


# ---- CreateQueue again ----

def test_create_again_with_equal_attributes(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes=STANDARD)["QueueUrl"]
    for same in ({}, STANDARD, {"VisibilityTimeout": "0"}, {"MaximumMessageSize": "2048"}):
        assert sqs.create_queue(QueueName=name, Attributes=same)["QueueUrl"] == url
    assert attributes(sqs, url, *STANDARD) == STANDARD


@pytest.mark.parametrize("attribute", sorted(STANDARD))
def test_create_again_with_another_value(sqs, name, attribute):
    sqs.create_queue(QueueName=name, Attributes=STANDARD)
    value = {"MaximumMessageSize": "4096", "MessageRetentionPeriod": "61"}.get(attribute, "20")
    with pytest.raises(sqs.exceptions.QueueNameExists) as caught:
        sqs.create_queue(QueueName=name, Attributes={attribute: value})
    assert caught.value.response["Error"] == {
        "Code": "QueueAlreadyExists", "QueryErrorCode": "QueueNameExists", "Type": "Sender",
        "Message": "A queue already exists with the same name and a different value for attribute "
                   + attribute}


def test_create_again_compares_with_what_was_set_since(sqs, queue, name):
    set_one(sqs, queue, "VisibilityTimeout", "60")
    sqs.create_queue(QueueName=name)
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})


def test_create_again_with_a_redrive_policy(sqs, name):
    sqs.create_queue(QueueName=name + "-dead")
    text = '{"deadLetterTargetArn":"%s%s-dead","maxReceiveCount":%s}'
    given = {"RedrivePolicy": text % (ARN, name, 3)}
    url = sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    for same in (given, {"RedrivePolicy": text % (ARN, name, '"3"')}):
        assert sqs.create_queue(QueueName=name, Attributes=same)["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": text % (ARN, name, 4)})


def test_create_again_of_a_fifo_queue(sqs, name):
    given = {"FifoQueue": "true", "ContentBasedDeduplication": "true",
             "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes=given)["QueueUrl"]
    assert sqs.create_queue(QueueName=name + ".fifo", Attributes=given)["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name + ".fifo", Attributes=given | {
            "ContentBasedDeduplication": "false"})


def test_create_again_keeps_tags(sqs, name):
    url = sqs.create_queue(QueueName=name, tags={"a": "1"})["QueueUrl"]
    sqs.create_queue(QueueName=name)
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1"}


@pytest.mark.parametrize("given", [{"a": "2"}, {"b": "1"}, {"a": "1", "b": "2"}, {"A": "1"}])
@pytest.mark.parametrize("tags", [{"a": "1"}, {}])
def test_create_again_with_other_tags(sqs, name, given, tags):
    url = sqs.create_queue(QueueName=name, tags=tags)["QueueUrl"]
    with pytest.raises(sqs.exceptions.QueueNameExists) as caught:
        sqs.create_queue(QueueName=name, tags=given)
    assert caught.value.response["Error"]["Code"] == "QueueAlreadyExists"
    assert sqs.list_queue_tags(QueueUrl=url).get("Tags", {}) == tags


def test_create_again_with_tags_that_are_there(sqs, name):
    url = sqs.create_queue(QueueName=name, tags={"a": "1", "b": ""})["QueueUrl"]
    for given in ({"a": "1", "b": ""}, {"b": ""}):
        assert sqs.create_queue(QueueName=name, tags=given)["QueueUrl"] == url


# ---- attributes ----

def test_everything_is_kept_over_a_restart(private):
    server = private()
    sqs = server.client()
    sqs.create_queue(QueueName="dead.fifo", Attributes={
        "FifoQueue": "true", "RedriveAllowPolicy": json.dumps({
            "redrivePermission": "byQueue", "sourceQueueArns": [ARN + "q.fifo"]})})
    sqs.create_queue(QueueName="q.fifo", tags={"k": "v"}, Attributes=STANDARD | {
        "FifoQueue": "true", "ContentBasedDeduplication": "true", "KmsMasterKeyId": "alias/k",
        "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
        "KmsDataKeyReusePeriodSeconds": "600", "RedrivePolicy": json.dumps({
            "deadLetterTargetArn": ARN + "dead.fifo", "maxReceiveCount": 3})})
    sqs.add_permission(QueueUrl="q.fifo", Label="l", AWSAccountIds=["111122223333"],
                       Actions=["*"])
    before = attributes(sqs, "q.fifo"), attributes(sqs, "dead.fifo")
    assert len(before[0]) == 20
    for end in (server.restart, lambda: (server.kill(), server.start())):
        end()
        sqs = server.client()
        assert (attributes(sqs, "q.fifo"), attributes(sqs, "dead.fifo")) == before
        assert sqs.list_queue_tags(QueueUrl="q.fifo")["Tags"] == {"k": "v"}
        with pytest.raises(ClientError, match="RedriveAllowPolicy"):
            sqs.create_queue(QueueName="x.fifo", Attributes={
                "FifoQueue": "true", "RedrivePolicy": before[0]["RedrivePolicy"]})


TEN_ARNS = json.dumps({"redrivePermission": "byQueue",
                       "sourceQueueArns": [f"{ARN}s{i}" for i in range(10)]},
                      separators=(",", ":"))
# As many statements as a queue's policy may have.
SMALL_POLICY = json.dumps({"Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}] * 20})


@pytest.mark.parametrize("attribute, value", [
    *[(attribute, value) for attribute, values in {
        "DelaySeconds": ("0", "900"), "MaximumMessageSize": ("1024", "1048576"),
        "MessageRetentionPeriod": ("60", "1209600"), "VisibilityTimeout": ("0", "43200"),
        "ReceiveMessageWaitTimeSeconds": ("0", "20")}.items() for value in values],
    ("RedriveAllowPolicy", TEN_ARNS), ("Policy", SMALL_POLICY),
    ("Policy", SMALL_POLICY + " " * (8192 - len(SMALL_POLICY))),
])
def test_attributes_at_their_limits(sqs, queue, name, attribute, value):
    set_one(sqs, queue, attribute, value)
    assert attributes(sqs, queue, attribute) == {attribute: value}
    sqs.create_queue(QueueName=name + "-new", Attributes={attribute: value})
    assert attributes(sqs, name + "-new", attribute) == {attribute: value}


@pytest.mark.parametrize("period", ["60", "86400"])
def test_kms_reuse_period_at_its_limits(sqs, queue, period):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={
        "KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": period})
    assert attributes(sqs, queue, SSE[2]) == {SSE[2]: period}


@pytest.mark.parametrize("count", [1, 1000])
def test_receive_count_at_its_limits(sqs, queue, name, count):
    sqs.create_queue(QueueName=name + "-dead")
    set_one(sqs, queue, "RedrivePolicy", json.dumps(
        {"deadLetterTargetArn": f"{ARN}{name}-dead", "maxReceiveCount": count}))


def test_booleans_are_taken_in_any_case(sqs, name):
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "TRUE", "ContentBasedDeduplication": "True"})["QueueUrl"]
    found = attributes(sqs, url, "FifoQueue", "ContentBasedDeduplication")
    assert found == {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    set_one(sqs, url, "FifoQueue", "True")
    set_one(sqs, url, "ContentBasedDeduplication", "FALSE")
    assert attributes(sqs, url, "ContentBasedDeduplication") == {
        "ContentBasedDeduplication": "false"}


def test_one_bad_attribute_leaves_all_as_they_were(sqs, queue):
    with pytest.raises(sqs.exceptions.InvalidAttributeValue):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={
            "DelaySeconds": "5", "VisibilityTimeout": "-1"})
    assert attributes(sqs, queue, "DelaySeconds") == {"DelaySeconds": "0"}


def test_times_of_creation_and_change(clocked, name):
    sqs = clocked.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    created = attributes(sqs, url)
    clocked.advance(100)
    sqs.tag_queue(QueueUrl=url, Tags={"k": "v"})
    assert attributes(sqs, url)["LastModifiedTimestamp"] == created["LastModifiedTimestamp"]
    set_one(sqs, url, "DelaySeconds", "1")
    changed = attributes(sqs, url)
    assert changed["CreatedTimestamp"] == created["CreatedTimestamp"]
    assert 100 <= int(changed["LastModifiedTimestamp"]) - int(created["CreatedTimestamp"]) < 110


def test_attribute_named_twice_is_shown_once(json_api, queue):
    found = json_api.GetQueueAttributes(QueueUrl=queue, AttributeNames=[
        "All", "QueueArn", "QueueArn"])["Attributes"]
    assert len(found) == 12


# ---- encryption attributes ----

SSE = ("SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")


def test_kms_key_turns_managed_encryption_off(sqs, queue):
    set_one(sqs, queue, "KmsMasterKeyId", "alias/mine")
    assert attributes(sqs, queue, *SSE) == {
        "SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/mine"}
    set_one(sqs, queue, "KmsMasterKeyId", "")
    assert attributes(sqs, queue, *SSE) == {"SqsManagedSseEnabled": "false"}


def test_managed_encryption_turns_the_kms_key_off(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": "key"})["QueueUrl"]
    set_one(sqs, url, "SqsManagedSseEnabled", "true")
    assert attributes(sqs, url, *SSE) == {"SqsManagedSseEnabled": "true"}
    set_one(sqs, url, "SqsManagedSseEnabled", "false")
    assert attributes(sqs, url, *SSE) == {"SqsManagedSseEnabled": "false"}


def test_kms_reuse_period_is_shown_with_a_key_and_when_not_the_default(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={
        "KmsDataKeyReusePeriodSeconds": "600"})["QueueUrl"]
    assert attributes(sqs, url, *SSE) == {"SqsManagedSseEnabled": "true"}
    set_one(sqs, url, "KmsMasterKeyId", "alias/aws/sqs")
    assert attributes(sqs, url, SSE[2]) == {"KmsDataKeyReusePeriodSeconds": "600"}
    set_one(sqs, url, "KmsDataKeyReusePeriodSeconds", "300")
    assert attributes(sqs, url, SSE[2]) == {}


def test_kms_key_with_managed_encryption_off_is_fine(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={
        "KmsMasterKeyId": "key", "SqsManagedSseEnabled": "false"})["QueueUrl"]
    assert attributes(sqs, url, *SSE) == {"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "key"}


# ---- policies ----

POLICY = ('{"Version": "2012-10-17", "Id": "mine",\n "Statement": {"Sid": "x", "Effect": "Allow", '
          '"Principal": "*", "Action": "sqs:*", "Resource": "*"}}')


def test_policy_is_kept_as_it_is_written(sqs, queue):
    set_one(sqs, queue, "Policy", POLICY)
    assert attributes(sqs, queue, "Policy") == {"Policy": POLICY}
    set_one(sqs, queue, "Policy", "")
    assert attributes(sqs, queue, "Policy") == {}


def test_permission_joins_an_existing_policy(sqs, queue, name):
    set_one(sqs, queue, "Policy", POLICY)
    sqs.add_permission(QueueUrl=queue, Label="y", AWSAccountIds=["111122223333"], Actions=["*"])
    found = json.loads(attributes(sqs, queue, "Policy")["Policy"])
    assert (found["Version"], found["Id"]) == ("2012-10-17", "mine")
    assert found["Statement"][0] == json.loads(POLICY)["Statement"]
    assert found["Statement"][1] == {
        "Sid": "y", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SQS:*", "Resource": ARN + name}


def add(sqs, queue, label):
    sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=["111122223333"], Actions=["*"])


def test_permission_labels_are_unique(sqs, queue):
    add(sqs, queue, "l")
    with pytest.raises(ClientError, match="Value l for parameter Label is invalid. Reason: "
                                          "Already exists."):
        add(sqs, queue, "l")
    with pytest.raises(ClientError, match="Value m for parameter Label is invalid. Reason: can't "
                                          "find label on existing policy."):
        sqs.remove_permission(QueueUrl=queue, Label="m")


def test_twenty_permissions_at_most(sqs, queue):
    for number in range(20):
        add(sqs, queue, f"l{number}")
    with pytest.raises(sqs.exceptions.OverLimit, match="21 Statements were found, maximum allowed "
                                                       "is 20."):
        add(sqs, queue, "l20")


# ---- tags ----

def test_fifty_tags_at_most(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={f"k{i}": "v" for i in range(50)})
    sqs.tag_queue(QueueUrl=queue, Tags={"k0": "another value"})
    with pytest.raises(ClientError, match="Too many tags added for queue"):
        sqs.tag_queue(QueueUrl=queue, Tags={"k50": "v"})
    sqs.untag_queue(QueueUrl=queue, TagKeys=[f"k{i}" for i in range(50)])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)


def test_tags_have_all_allowed_characters(sqs, queue):
    tags = {"AZaz09 _.:/=+-@": "AZaz09 _.:/=+-@"}
    sqs.tag_queue(QueueUrl=queue, Tags=tags)
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == tags


def test_labels_and_batch_ids_have_all_allowed_characters(sqs, queue):
    allowed = "AZaz09-_" * 10
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": allowed, "MessageBody": "b"}])
    sqs.add_permission(QueueUrl=queue, Label=allowed, AWSAccountIds=["0123456789" + "09"],
                       Actions=["SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl",
                                "ChangeMessageVisibility", "GetQueueAttributes", "PurgeQueue"])
    sqs.remove_permission(QueueUrl=queue, Label=allowed)


def test_longest_tags_count_characters(sqs, queue):
    tags = {"\u00e9" * 128: "\U0001f600" * 256}
    sqs.tag_queue(QueueUrl=queue, Tags=tags)
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == tags


# ---- listing ----

def test_prefix_is_case_sensitive(sqs, name):
    url = sqs.create_queue(QueueName=name + "-Case")["QueueUrl"]
    assert sqs.list_queues(QueueNamePrefix=name + "-C")["QueueUrls"] == [url]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name + "-c")


def test_paginator_lists_all(server):
    sqs = server.client(account="100000000002")
    urls = [sqs.create_queue(QueueName=f"{group}{i:02}")["QueueUrl"]
            for group in "abc" for i in range(10)]
    for prefix, expected in (("", urls), ("b", urls[10:20]), ("b0", urls[10:20]), ("d", [])):
        for size in (1, 3, 10, 1000):
            pages = sqs.get_paginator("list_queues").paginate(
                QueueNamePrefix=prefix, PaginationConfig={"PageSize": size})
            found = [url for page in pages for url in page.get("QueueUrls", [])]
            assert found == expected


def test_at_most_a_thousand_are_listed_and_no_token_without_asking(server):
    sqs = server.client(account="100000000003", region="eu-north-1")
    for number in range(1001):
        sqs.create_queue(QueueName=f"q{number:04}")
    answer = sqs.list_queues()
    assert len(answer["QueueUrls"]) == 1000 and "NextToken" not in answer
    answer = sqs.list_queues(MaxResults=1000)
    assert len(answer["QueueUrls"]) == 1000
    rest = sqs.list_queues(MaxResults=1000, NextToken=answer["NextToken"])
    assert [url[-5:] for url in rest["QueueUrls"]] == ["q1000"] and "NextToken" not in rest


def test_pages_survive_deletions_between_them(server):
    sqs = server.client(account="100000000004")
    urls = [sqs.create_queue(QueueName=f"q{i}")["QueueUrl"] for i in range(6)]
    page = sqs.list_queues(MaxResults=3)
    sqs.delete_queue(QueueUrl=urls[2])
    rest = sqs.list_queues(MaxResults=3, NextToken=page["NextToken"])
    assert rest["QueueUrls"] == urls[3:]


def test_max_results_zero_is_as_none(sqs, queue, name):
    answer = sqs.list_queues(QueueNamePrefix=name, MaxResults=0)
    assert answer["QueueUrls"] == [queue] and "NextToken" not in answer


# ---- life ----

def test_deleted_queue_is_gone_at_once_and_may_come_back_empty(sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_attributes(QueueUrl=queue)
    assert sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "0"})["QueueUrl"] == queue
    assert bodies(sqs, queue) == []


def test_old_handles_do_not_work_on_a_new_queue_of_the_same_name(sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    sqs.delete_queue(QueueUrl=queue)
    sqs.create_queue(QueueName=name)
    sqs.send_message(QueueUrl=queue, MessageBody="new")
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(sqs, queue) == ["new"]


def test_deleted_queue_stays_deleted_after_a_kill(private):
    server = private()
    url = server.client().create_queue(QueueName="q")["QueueUrl"]
    server.client().send_message(QueueUrl=url, MessageBody="b")
    server.client().delete_queue(QueueUrl=url)
    server.kill()
    server.start()
    assert "QueueUrls" not in server.client().list_queues()
    server.client().create_queue(QueueName="q")
    assert bodies(server.client(), "q") == []


# ---- boto3 as people use it ----

def test_boto3_exceptions_carry_both_codes(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.send_message(QueueUrl="http://localhost/000000000000/absent", MessageBody="b")
    response = caught.value.response
    assert response["Error"] == {
        "Code": "AWS.SimpleQueueService.NonExistentQueue", "QueryErrorCode": "QueueDoesNotExist",
        "Message": "The specified queue does not exist.", "Type": "Sender"}
    metadata = response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 400 and metadata["RetryAttempts"] == 0
    assert re.fullmatch(r"[0-9a-f-]{36}", metadata["RequestId"])


def test_boto3_resource(server, name):
    resource = boto3.resource("sqs", endpoint_url=server.url, region_name=DEFAULT_REGION,
                              aws_access_key_id="000000000000", aws_secret_access_key="s")
    dead = resource.create_queue(QueueName=name + "-dead")
    queue = resource.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": dead.attributes["QueueArn"], "maxReceiveCount": "2"})})
    assert resource.get_queue_by_name(QueueName=name).url == queue.url
    assert [found.url for found in resource.queues.filter(QueueNamePrefix=name + "-")] == [
        dead.url]
    assert [source.url for source in dead.dead_letter_source_queues.all()] == [queue.url]
    queue.send_messages(Entries=[{"Id": str(i), "MessageBody": f"m{i}"} for i in range(3)])
    messages = queue.receive_messages(MaxNumberOfMessages=10, AttributeNames=["All"],
                                      MessageAttributeNames=["All"])
    assert [message.body for message in messages] == ["m0", "m1", "m2"]
    messages[0].delete()
    messages[1].change_visibility(VisibilityTimeout=0)
    queue.delete_messages(Entries=[{"Id": "x", "ReceiptHandle": messages[2].receipt_handle}])
    [message] = queue.receive_messages()
    assert message.body == "m1"
    queue.purge()
    queue.delete()
    with pytest.raises(ClientError) as caught:
        resource.get_queue_by_name(QueueName=name)
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b",
                                       "aws-iso-e", "aws-iso-f", "aws-eusc"])
def test_arns_are_in_the_partition_of_the_region(server, name, partition):
    regions = boto_session().get_available_regions("sqs", partition_name=partition)
    assert regions
    for region in regions:
        sqs = server.client(region=region)
        dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
        arn = f"arn:{partition}:sqs:{region}:000000000000:{name}"
        assert attributes(sqs, dead, "QueueArn") == {"QueueArn": arn + "-dead"}
        url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": arn + "-dead", "maxReceiveCount": 1})})["QueueUrl"]
        assert sqs.list_dead_letter_source_queues(QueueUrl=arn + "-dead")["queueUrls"] == [url]
        sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["111122223333"],
                           Actions=["*"])
        [statement] = json.loads(attributes(sqs, url, "Policy")["Policy"])["Statement"]
        assert statement["Principal"] == {"AWS": f"arn:{partition}:iam::111122223333:root"}
