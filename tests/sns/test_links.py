# SPDX-License-Identifier: MIT
"""Links of messages, which a browser opens from any page, and answers in JSON."""
import urllib.parse

import pytest

PAGES = [{"Sec-Fetch-Site": "cross-site", "User-Agent": "Mozilla/5.0"},
         {"Origin": "https://mail.example"}, {"Referer": "https://mail.example/inbox"}]


def get(server, headers, **parameters):
    return server.http.get(f"{server.url}/?{urllib.parse.urlencode(parameters)}", headers=headers,
                           timeout=30)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_ends_a_subscription_from_any_page(server, sns, topic, make_queue, page):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue().arn,
                        ReturnSubscriptionArn=True)["SubscriptionArn"]
    answer = get(server, page, Action="Unsubscribe", SubscriptionArn=arn)
    assert answer.status_code == 200 and "<UnsubscribeResponse" in answer.text
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reaches_the_operation_behind_a_link_only(server, sns, topic, make_queue, page):
    queue = make_queue()
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                        ReturnSubscriptionArn=True)["SubscriptionArn"]
    for action in ("ListTopics", "DeleteTopic", "Publish"):
        answer = get(server, page, Action=action, TopicArn=topic, Message="m")
        assert answer.status_code == 403, action
    answer = server.http.post(server.url, headers=page, timeout=30,
                              data={"Action": "Unsubscribe", "SubscriptionArn": arn})
    assert answer.status_code == 403
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


def test_publish_answers_in_json_if_that_is_accepted(server, topic):
    answer = get(server, {"Accept": "application/json"}, Action="Publish", TopicArn=topic,
                 Message="hello")
    assert answer.headers["Content-Type"] == "application/json"
    result = answer.json()["PublishResponse"]
    assert len(result["PublishResult"]["MessageId"]) == 36
    assert result["ResponseMetadata"]["RequestId"]
    answer = get(server, {"Accept": "application/json"}, Action="Publish", TopicArn=topic)
    assert answer.status_code == 400 and answer.json()["Error"]["Type"] == "Sender"
    answer = get(server, {"Accept": "text/xml"}, Action="Publish", TopicArn=topic, Message="hello")
    assert answer.text.startswith("<?xml") and "<MessageId>" in answer.text
