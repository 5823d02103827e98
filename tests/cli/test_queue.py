# SPDX-License-Identifier: MIT
"""tern queue: what it does to queues, seen through boto3."""
import json

import pytest

from ternd import eventually

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
    assert f"queue '{name}' does not exist" in error
    assert "tern queue ls" in error


def test_a_missing_queue_is_named_with_the_nearest_one(tern, sqs, name):
    sqs.create_queue(QueueName=name + "-orders")
    said = tern("send", name + "-order", "x", code=1).stderr
    assert f"queue '{name}-order' does not exist; did you mean '{name}-orders'?" in said
    said = tern("queue", "show", name + "-entirely-other", code=1).stderr
    assert f"queue '{name}-entirely-other' does not exist in region us-east-1" in said
    assert "did you mean" not in said and "tern queue ls" in said


def test_create_names_a_missing_dead_letter_queue(tern, name):
    said = tern("queue", "create", name, "--dlq", name + "-nowhere", code=1).stderr
    assert f"queue '{name}-nowhere' does not exist" in said
    assert tern("queue", "ls", name).stdout == ""


def test_an_empty_list_names_account_and_region(tern):
    said = tern("queue", "ls", "--region", "eu-central-1", AWS_ACCESS_KEY_ID="123456789012",
                AWS_SECRET_ACCESS_KEY="x")
    assert said.stdout == ""
    assert "No queues in account 123456789012, region eu-central-1" in said.stderr


def test_other_tools_words_lead_to_the_command(tern):
    for word, meant in {"list": "ls", "delete": "rm", "describe": "show", "add": "create"}.items():
        assert f'did you mean "tern queue {meant}"?' in tern("queue", word, code=2).stderr


POLICY = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sqs:SendMessage",
    "Resource": "*"}]}


def test_set_takes_a_policy_from_a_file(tern, sqs, queue, name, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    tern("queue", "set", name, "--policy", path)
    assert json.loads(attributes(sqs, queue)["Policy"]) == POLICY
    tern("queue", "set", name, "--attribute", "Policy=")
    assert "Policy" not in attributes(sqs, queue)
    tern("queue", "set", name, "--policy", "-", text=json.dumps(POLICY))
    assert json.loads(attributes(sqs, queue)["Policy"]) == POLICY


@pytest.mark.parametrize("text, problem", [
    ('{"Statement": [}', "line 1, column 16"),
    (json.dumps(POLICY).replace("SendMessage", "SendMesage"),
     "'sqs:SendMesage' is no action; did you mean 'sqs:SendMessage'?"),
    (json.dumps(POLICY).replace('"Effect"', '"Efect"'), "did you mean 'Effect'?"),
    (json.dumps(POLICY).replace("111122223333", "bob"), "'bob' is no principal"),
])
def test_a_policy_is_checked_before_it_is_sent(tern, sqs, queue, name, text, problem):
    said = tern("queue", "set", name, "--attribute", "Policy=" + text, code=2).stderr
    assert problem in said
    assert "Policy" not in attributes(sqs, queue)


def test_the_server_logs_where_a_refused_policy_is_wrong(server, sqs, queue):
    text = json.dumps(POLICY).replace('"Effect"', '"Efect"')
    with pytest.raises(sqs.exceptions.ClientError):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": text})
    eventually(lambda: "unknown element 'Efect'" in server.log(), what="the reason is logged")
