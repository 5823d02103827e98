# SPDX-License-Identifier: MIT
"""Topics: made, changed, listed, tagged and deleted, and what is refused."""
import json

import pytest

from faults import invalid, refusal

DEFAULT_DELIVERY = {
    "http": {"defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear"},
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"}}}


def attributes_of(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_fresh_topic_has_exactly_these_attributes(sns, topic):
    found = attributes_of(sns, topic)
    account = topic.split(":")[4]
    assert json.loads(found.pop("EffectiveDeliveryPolicy")) == DEFAULT_DELIVERY
    assert json.loads(found.pop("Policy")) == {
        "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
            "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"},
            "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                       "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                       "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
            "Resource": topic,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}}}]}
    assert found == {"DisplayName": "", "Owner": account, "TopicArn": topic,
                     "SubscriptionsConfirmed": "0", "SubscriptionsDeleted": "0",
                     "SubscriptionsPending": "0"}


def test_fifo_topic_adds_two_attributes(sns, topic, fifo_topic):
    added = attributes_of(sns, fifo_topic).keys() - attributes_of(sns, topic).keys()
    assert added == {"FifoTopic", "ContentBasedDeduplication"}


@pytest.mark.parametrize("bad, is_fifo", [
    ("", False), ("a" * 257, False), ("a b", False), ("a.b", False), ("é", False),
    ("x.fifo", False), ("x", True), (".fifo", True), ("a" * 252 + ".fifo", True)])
def test_bad_names(sns, bad, is_fifo):
    attributes = {"FifoTopic": "true"} if is_fifo else {}
    assert refusal(sns.create_topic, Name=bad, Attributes=attributes) == invalid("Topic Name")


def test_longest_names(sns, name):
    long = name + "x" * (256 - len(name))
    assert sns.create_topic(Name=long)["TopicArn"].endswith(":" + long)
    fifo = long[:251] + ".fifo"
    assert sns.create_topic(Name=fifo, Attributes={"FifoTopic": "true"})
    assert refusal(sns.create_topic, Name=long + "x") == invalid("Topic Name")


def test_create_again(sns, name):
    tags = [{"Key": "k", "Value": "v"}]
    made = dict(Name=name, Attributes={"DisplayName": "one"}, Tags=tags)
    arn = sns.create_topic(**made)["TopicArn"]
    assert sns.create_topic(**made)["TopicArn"] == arn
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    assert sns.create_topic(Name=name, Attributes={"FifoTopic": "false"})["TopicArn"] == arn
    assert refusal(sns.create_topic, Name=name, Attributes={"DisplayName": "two"}) == invalid(
        "Attributes Reason: Topic already exists with different attributes")
    assert refusal(sns.create_topic, Name=name, Tags=[{"Key": "k", "Value": "w"}]) == invalid(
        "Tags Reason: Topic already exists with different tags")


def test_attributes_are_set_shown_and_removed(sns, topic):
    for key, value in {
            "DisplayName": "d" * 100, "KmsMasterKeyId": "alias/aws/sns", "SignatureVersion": "2",
            "TracingConfig": "Active", "SQSSuccessFeedbackRoleArn": "arn:aws:iam::1:role/r",
            "HTTPSuccessFeedbackSampleRate": "100",
            "LambdaFailureFeedbackRoleArn": "arn:aws:iam::1:role/r"}.items():
        sns.set_topic_attributes(TopicArn=topic, AttributeName=key, AttributeValue=value)
        assert attributes_of(sns, topic)[key] == value
        sns.set_topic_attributes(TopicArn=topic, AttributeName=key, AttributeValue="")
        assert attributes_of(sns, topic).get(key, "") == ""


@pytest.mark.parametrize("key, value, text", [
    ("Nothing", "x", "AttributeName"),
    ("FifoTopic", "true", "AttributeName"),
    ("TopicArn", "x", "AttributeName"),
    ("Owner", "x", "AttributeName"),
    ("SubscriptionsConfirmed", "1", "AttributeName"),
    ("DisplayName", "d" * 101, "DisplayName"),
    ("SignatureVersion", "3", "SignatureVersion"),
    ("TracingConfig", "On", "TracingConfig"),
    ("ArchivePolicy", '{"MessageRetentionPeriod":"30"}',
     "AttributeName"),
    ("HTTPSuccessFeedbackSampleRate", "101", "HTTPSuccessFeedbackSampleRate"),
    ("SQSSuccessFeedbackRoleArn", "role", "SQSSuccessFeedbackRoleArn"),
    ("FifoThroughputScope", "Topic", "FifoThroughputScope"),
    ("ContentBasedDeduplication", "true",
     "Content-based deduplication can only be set for FIFO topics"),
    ("Policy", json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}),
     "Policy statement action out of service scope!"),
])
def test_bad_values(sns, topic, key, value, text):
    before = attributes_of(sns, topic)
    assert refusal(sns.set_topic_attributes, TopicArn=topic, AttributeName=key,
                   AttributeValue=value) == invalid(text)
    assert attributes_of(sns, topic) == before


def test_bad_value_at_create(sns, name):
    assert refusal(sns.create_topic, Name=name,
                   Attributes={"ContentBasedDeduplication": "true"}) == invalid(
        "Attributes Reason: Content-based deduplication can only be set for FIFO topics")


def test_fifo_attributes(sns, fifo_topic):
    for key, value in {"ContentBasedDeduplication": "true",
                       "FifoThroughputScope": "MessageGroup"}.items():
        sns.set_topic_attributes(TopicArn=fifo_topic, AttributeName=key, AttributeValue=value)
        assert attributes_of(sns, fifo_topic)[key] == value
    assert refusal(sns.set_topic_attributes, TopicArn=fifo_topic, AttributeName="TracingConfig",
                   AttributeValue="Active") == invalid("TracingConfig")


def test_policy_of_thirty_kilobytes(sns, topic):
    def policy(size):
        text = json.dumps({"Statement": [{"Sid": "", "Effect": "Allow", "Principal": "*",
                                          "Action": "sns:Publish", "Resource": topic}]})
        return text.replace('"Sid": ""', '"Sid": "' + "s" * (size - len(text)) + '"')

    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(30720))
    code, status, text = refusal(sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy",
                                 AttributeValue=policy(30721))
    assert (code, status) == ("InvalidParameter", 400) and "30721 bytes" in text


def test_policy_with_unknown_principal(signed, name):
    sns = signed.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    policy = {"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": topic,
                             "Principal": {"AWS": topic.replace("sns:us-east-1", "iam:").replace(
                                 name, "user/nobody")}}]}
    assert refusal(sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy",
                   AttributeValue=json.dumps(policy)) == invalid(
        "Policy Error: PrincipalNotFound")


@pytest.mark.parametrize("arn, text", [
    ("x", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
    ("arn:aws:sns:us-east-1", "TopicArn Reason: An ARN must have at least 6 elements, not 4"),
    ("arn:aws:sns:us-east-2:123456789012:t", "TopicArn"),
    ("arn:aws:sqs:us-east-1:123456789012:t", "TopicArn"),
])
def test_bad_arns(sns, arn, text):
    for call in (sns.get_topic_attributes, sns.delete_topic):
        assert refusal(call, TopicArn=arn) == invalid(text)


def test_unknown_topic(sns, topic):
    unknown = topic + "-none"
    assert refusal(sns.get_topic_attributes, TopicArn=unknown) == (
        "NotFound", 404, "Topic does not exist")
    sns.delete_topic(TopicArn=unknown)


def test_deleted_topic_is_gone(sns, topic):
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    assert refusal(sns.get_topic_attributes, TopicArn=topic)[0] == "NotFound"


def test_lists_in_pages_of_a_hundred(server, name):
    sns = server.client("sns", account="121212121212")
    made = {sns.create_topic(Name=f"{name}-{number:03}")["TopicArn"] for number in range(201)}
    pages = list(sns.get_paginator("list_topics").paginate())
    assert [len(page["Topics"]) for page in pages] == [100, 100, 1]
    found = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
    assert found == sorted(made)
    assert refusal(sns.list_topics, NextToken="x") == invalid("NextToken")
    assert server.client("sns", account="131313131313").list_topics()["Topics"] == []


def test_tags(sns, topic):
    def tags():
        found = sns.list_tags_for_resource(ResourceArn=topic)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    assert tags() == {}
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"},
                                              {"Key": "b", "Value": ""}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "2"}])
    assert tags() == {"a": "2", "b": ""}
    sns.untag_resource(ResourceArn=topic, TagKeys=["a", "none"])
    assert tags() == {"b": ""}
    assert refusal(sns.tag_resource, ResourceArn=topic, Tags=[
        {"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]) == invalid(
        "Duplicated keys are not allowed.")
    fifty = [{"Key": str(number), "Value": ""} for number in range(50)]
    sns.tag_resource(ResourceArn=topic, Tags=fifty[:49])
    assert refusal(sns.tag_resource, ResourceArn=topic, Tags=fifty[49:])[:2] == (
        "TagLimitExceeded", 400)
    assert refusal(sns.list_tags_for_resource, ResourceArn=topic + "x") == (
        "ResourceNotFound", 404, "Resource does not exist")


def test_tag_constraints(sns, topic):
    code, status, text = refusal(sns.tag_resource, ResourceArn=topic,
                                 Tags=[{"Key": "k" * 129, "Value": "v" * 257}])
    assert (code, status) == ("ValidationError", 400)
    assert text.startswith("2 validation errors detected: ")


def test_permissions(sns, topic):
    account = topic.split(":")[4]
    sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=[account], ActionName=["Publish"])
    sns.add_permission(TopicArn=topic, Label="two", AWSAccountId=[account],
                       ActionName=["Publish", "Subscribe"])
    statements = json.loads(attributes_of(sns, topic)["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == [
        "__default_statement_ID", "one", "two"]
    assert statements[1] == {
        "Sid": "one", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "SNS:Publish", "Resource": topic}
    assert statements[2]["Action"] == ["SNS:Publish", "SNS:Subscribe"]
    again = dict(TopicArn=topic, AWSAccountId=[account])
    assert refusal(sns.add_permission, Label="one", ActionName=["Publish"], **again) == invalid(
        "Statement already exists")
    assert refusal(sns.add_permission, Label="x", ActionName=["Nothing"], **again) == invalid(
        "Policy statement action out of service scope!")
    sns.remove_permission(TopicArn=topic, Label="one")
    sns.remove_permission(TopicArn=topic, Label="one")
    statements = json.loads(attributes_of(sns, topic)["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["__default_statement_ID", "two"]


def test_data_protection_policy(sns, topic, fifo_topic):
    policy = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [{
        "DataDirection": "Inbound", "Principal": ["*"], "Operation": {"Deny": {}},
        "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]}]})
    get = sns.get_data_protection_policy
    assert get(ResourceArn=topic).get("DataProtectionPolicy", "") == ""
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy)
    assert get(ResourceArn=topic)["DataProtectionPolicy"] == policy
    assert "DataProtectionPolicy" not in attributes_of(sns, topic)
    for bad in ("x", "{}", policy.replace("2021", "2020"), policy.replace("Deny", "Block")):
        assert refusal(sns.put_data_protection_policy, ResourceArn=topic,
                       DataProtectionPolicy=bad) == invalid("DataProtectionPolicy")
    assert refusal(sns.put_data_protection_policy, ResourceArn=fifo_topic,
                   DataProtectionPolicy=policy)[0] == "InvalidParameter"
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="")
    assert get(ResourceArn=topic).get("DataProtectionPolicy", "") == ""


def test_topics_survive_a_restart(private):
    server = private()
    sns = server.client("sns")
    arn = sns.create_topic(Name="kept.fifo", Attributes={
        "FifoTopic": "true", "DisplayName": "d"}, Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    gone = sns.create_topic(Name="gone")["TopicArn"]
    sns.delete_topic(TopicArn=gone)
    before = attributes_of(sns, arn)
    server.restart()
    sns = server.client("sns")
    assert attributes_of(sns, arn) == before
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [arn]


def test_reset_deletes_topics_of_the_account(private):
    server = private("--allow-reset")
    mine, other = server.client("sns"), server.client("sns", account="131313131313")
    for number in range(3):
        mine.create_topic(Name=f"t{number}")
    kept = other.create_topic(Name="kept")["TopicArn"]
    assert server.post("/_tern/reset").json()["deleted_topics"] == 3
    assert mine.list_topics()["Topics"] == []
    assert [topic["TopicArn"] for topic in other.list_topics()["Topics"]] == [kept]
