# SPDX-License-Identifier: MIT
"""tern queue: what it does to queues, seen through boto3."""
import json


def attributes(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_create_prints_the_url_and_sets_what_was_asked(tern, sqs, name):
    dlq = tern.lines("queue", "create", name + "-dead")[0]
    url, = tern.lines("queue", "create", name, "--visibility", 7, "--delay", 1, "--retention", 600,
                      "--wait", 3, "--size", 2048, "--dlq", name + "-dead", "--receives", 4,
                      "--tag", "team=a b", "--tag", "empty=")
    assert url == sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = attributes(sqs, url)
    assert {key: found[key] for key in (
        "VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds", "MaximumMessageSize")} == {
            "VisibilityTimeout": "7", "DelaySeconds": "1", "MessageRetentionPeriod": "600",
            "ReceiveMessageWaitTimeSeconds": "3", "MaximumMessageSize": "2048"}
    assert json.loads(found["RedrivePolicy"]) == {
        "deadLetterTargetArn": attributes(sqs, dlq)["QueueArn"], "maxReceiveCount": 4}
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a b", "empty": ""}


def test_create_makes_fifo_queues_by_their_name(tern, sqs, name):
    made, = tern.json("queue", "create", name + ".fifo", "--attribute",
                      "ContentBasedDeduplication=true")
    found = attributes(sqs, made["QueueUrl"])
    assert found["FifoQueue"] == found["ContentBasedDeduplication"] == "true"
    assert f"{name}.fifo" in tern("queue", "create", name, "--fifo", code=2).stderr


def test_create_refuses_what_makes_no_sense(tern, name):
    assert "NAME=VALUE" in tern("queue", "create", name, "--attribute", "x", code=2).stderr
    assert "NAME=VALUE" in tern("queue", "create", name, "--tag", "=x", code=2).stderr
    assert "--dlq" in tern("queue", "create", name, "--receives", 2, code=2).stderr
    assert "0 to 900" in tern("queue", "create", name, "--delay", 901, code=2).stderr
    assert "argument is missing" in tern("queue", "create", code=2).stderr
    assert "too many" in tern("queue", "create", name, name, code=2).stderr
    assert "Unknown Attribute Nonsense." in tern(
        "queue", "create", name, "--attribute", "Nonsense=1", code=1).stderr
    assert tern("queue", "ls", name).stdout == ""


def test_ls_lists_by_prefix_in_every_form(tern, sqs, name):
    urls = [sqs.create_queue(QueueName=f"{name}-{letter}")["QueueUrl"] for letter in "ab"]
    sqs.send_message(QueueUrl=urls[1], MessageBody="x")
    assert tern.lines("queue", "ls", "--names", name) == [f"{name}-a", f"{name}-b"]
    title, first, second = tern.lines("queue", "ls", name)
    assert title.split() == ["NAME", "URL"]
    assert [first.split(), second.split()] == [[f"{name}-a", urls[0]], [f"{name}-b", urls[1]]]
    counted = tern.json("queue", "ls", name, "--counts")
    assert [row["ApproximateNumberOfMessages"] for row in counted] == [0, 1]
    assert [row["QueueUrl"] for row in counted] == urls
    assert tern.lines("queue", "ls", "--counts", name)[2].split() == [f"{name}-b", "1", "0", "0"]


def test_ls_follows_all_pages(private, tmp_path, tern):
    server = private("--durability", "memory")
    sqs = server.client("sqs")
    names = sorted(f"q{number:04}" for number in range(1005))
    for name in names:
        sqs.create_queue(QueueName=name)
    assert sorted(tern.lines("queue", "ls", "--names", AWS_ENDPOINT_URL=server.url)) == names


def test_show_prints_attributes_and_tags(tern, sqs, queue, name):
    sqs.tag_queue(QueueUrl=queue, Tags={"k": "v"})
    shown, = tern.json("queue", "show", name)
    assert shown == {"QueueUrl": queue, "Attributes": attributes(sqs, queue), "Tags": {"k": "v"}}
    text = tern("queue", "show", queue).stdout
    assert f"QueueUrl {queue}".split() in [line.split() for line in text.splitlines()]
    assert "tag k v".split() in [line.split() for line in text.splitlines()]


def test_a_queue_is_named_by_name_url_or_arn(tern, sqs, queue, name):
    arn = attributes(sqs, queue)["QueueArn"]
    for given in (name, queue, arn):
        assert tern.lines("queue", "url", given) == [queue]
        assert tern.json("queue", "show", given)[0]["Attributes"]["QueueArn"] == arn


def test_set_changes_attributes_and_tags(tern, sqs, queue, name):
    tern("queue", "create", name + "-dead")
    tern("queue", "set", name, "--delay", 9, "--dlq", name + "-dead", "--tag", "a=1", "--tag",
         "b=2")
    found = attributes(sqs, queue)
    assert found["DelaySeconds"] == "9"
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 3
    tern("queue", "set", name, "--no-dlq", "--untag", "a")
    assert "RedrivePolicy" not in attributes(sqs, queue)
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"b": "2"}
    assert "nothing to set" in tern("queue", "set", name, code=2).stderr
    assert "exclude" in tern("queue", "set", name, "--no-dlq", "--dlq", name, code=2).stderr


def test_purge_and_rm_empty_and_remove(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    tern("queue", "purge", name)
    assert attributes(sqs, queue)["ApproximateNumberOfMessages"] == "0"
    tern("queue", "create", name + "-2")
    tern("queue", "rm", name, name + "-2")
    assert tern("queue", "ls", name).stdout == ""
    error = tern("queue", "show", name, code=1).stderr
    assert "AWS.SimpleQueueService.NonExistentQueue" in error
    assert "tern queue create" in error
