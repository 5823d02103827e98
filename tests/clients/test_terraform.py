# SPDX-License-Identifier: MIT
"""Terraform makes, finds unchanged, changes and removes what tests/clients/terraform describes.

Neither Terraform nor its AWS provider comes from a package registry, so this runs only where
$TERN_TERRAFORM_MIRROR is a directory of providers (terraform providers mirror) and terraform is
installed.
"""
import os
import pathlib
import shutil
import subprocess

import pytest

MIRROR = os.environ.get("TERN_TERRAFORM_MIRROR", "")
HERE = pathlib.Path(__file__).parent / "terraform"
NO_CHANGES, CHANGES = 0, 2  # of plan -detailed-exitcode


pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not MIRROR or not shutil.which("terraform"),
                       reason="needs terraform and TERN_TERRAFORM_MIRROR")]


@pytest.fixture
def server(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    return server


@pytest.fixture
def terraform(server, tmp_path):
    def prepare(folder):
        work = tmp_path / folder
        shutil.copytree(HERE / folder, work)
        (work / "rc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n')
        environment = os.environ | {
            "TF_CLI_CONFIG_FILE": str(work / "rc"), "CHECKPOINT_DISABLE": "1",
            "TF_VAR_url": server.url, "TF_VAR_key": server.key, "TF_VAR_secret": server.secret}

        def terraform(*arguments, status=0, **variables):
            more = {f"TF_VAR_{name}": value for name, value in variables.items()}
            run = subprocess.run(["terraform", *arguments, "-no-color"], cwd=work, timeout=300,
                                 env=environment | more, capture_output=True, text=True,
                                 check=False)
            assert run.returncode == status, run.stdout + run.stderr

        terraform("init")
        return terraform

    return prepare


def live(terraform, **change):
    """Made, unchanged, changed, unchanged, removed; yields where there is something to see."""
    terraform("plan", "-detailed-exitcode", status=CHANGES)
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    yield
    terraform("apply", "-auto-approve", **change)
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES, **change)
    yield
    terraform("destroy", "-auto-approve", **change)
    yield


def test_terraform_manages_identities(server, terraform):
    iam = server.client("iam")
    life = live(terraform("identities"), path="/other/")
    next(life)
    assert iam.get_user(UserName="tf-user")["User"]["Path"] == "/team/"
    next(life)
    assert iam.get_user(UserName="tf-user")["User"]["Path"] == "/other/"
    next(life)
    left = iam.get_account_authorization_details(
        Filter=["User", "Group", "Role", "LocalManagedPolicy"])
    assert [left[name] for name in (
        "UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")] == [[], [], [], []]


def test_terraform_manages_queues_keys_and_endpoints(server, terraform):
    sqs, kms, ec2 = (server.client(name) for name in ("sqs", "kms", "ec2"))
    life = live(terraform("queues"), change="after")
    for change in ("before", "after"):
        next(life)
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"change": change}
        sqs.send_message(QueueUrl=url, MessageBody=change)
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert message["Body"] == change
        key = kms.describe_key(KeyId="alias/orders")["KeyMetadata"]
        assert key["Description"] == change
    next(life)
    assert "QueueUrls" not in sqs.list_queues()
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_terraform_manages_topics(server, terraform):
    sns, sqs = server.client("sns"), server.client("sqs")
    life = live(terraform("topics"), change="after")
    for change in ("before", "after"):
        next(life)
        [topic] = [one["TopicArn"] for one in sns.list_topics()["Topics"]
                   if one["TopicArn"].endswith(":orders")]
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        assert (attributes["DisplayName"], attributes["SubscriptionsConfirmed"]) == (change, "1")
        for stage in ("before", "after"):
            sns.publish(TopicArn=topic, Message=stage, MessageAttributes={
                "stage": {"DataType": "String", "StringValue": stage}})
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        [message] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert message["Body"] == change
    next(life)
    assert sns.list_topics()["Topics"] == sns.list_subscriptions()["Subscriptions"] == []


def test_terraform_manages_rules_and_schedules(server, terraform):
    events, scheduler, sqs = (server.client(name) for name in ("events", "scheduler", "sqs"))
    life = live(terraform("events"), change="after")
    for change in ("before", "after"):
        next(life)
        assert events.describe_rule(Name="orders", EventBusName="shop")["Description"] == change
        events.put_events(Entries=[
            {"EventBusName": "shop", "Source": stage, "DetailType": "d", "Detail": "{}"}
            for stage in ("before", "after")])
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        [message] = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert message["Body"] == f'"{change} {change}"'
        schedule = scheduler.get_schedule(Name="daily", GroupName="reports")
        assert schedule["Target"]["Input"] == change
    next(life)
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]
    assert events.list_rules()["Rules"] == events.list_archives()["Archives"] == []
    assert scheduler.list_schedules()["Schedules"] == []
    groups = scheduler.list_schedule_groups()["ScheduleGroups"]
    assert [group["Name"] for group in groups] == ["default"]
