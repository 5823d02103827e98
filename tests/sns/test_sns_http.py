# SPDX-License-Identifier: MIT
"""Subscribers by HTTP: confirmation, headers, signatures, retries, dead letters, bad endpoints."""
import json
import ssl
import subprocess
import time
import urllib.request
import xml.etree.ElementTree as ET

import botocore.exceptions
import pytest

from faults import invalid, refusal
from receiver import Loop, MailServer, Receiver, verify
from sns_queue import Queue
from ternd import eventually
from ternd import refusal as ternd_refusal

FAST = json.dumps({"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1,
                                          "numRetries": 3}})
ONCE = json.dumps({"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1,
                                          "numRetries": 0}})
NAMESPACE = "{http://sns.amazonaws.com/doc/2010-03-31/}"


@pytest.fixture(scope="module")
def loop():
    made = Loop()
    yield made
    made.close()


@pytest.fixture
def receiver(loop):
    made = Receiver(loop)
    yield made
    made.close()


def confirm(receiver, path=None):
    """Waits for the SubscriptionConfirmation and opens its link; the subscription's ARN."""
    [request] = receiver.take()
    assert request.type == "SubscriptionConfirmation"
    with urllib.request.urlopen(request.json()["SubscribeURL"]) as answer:
        return ET.fromstring(answer.read()).findtext(f".//{NAMESPACE}SubscriptionArn")


def subscribe(sns, topic, receiver, path="/", protocol="http", **attributes):
    """A confirmed subscription."""
    sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=receiver.url(path),
                  Attributes={"DeliveryPolicy": FAST} | attributes)
    return confirm(receiver)


def attributes_of(sns, arn):
    return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def dead_letter(queue):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue.arn})}


def letter_of(queue):
    found = []
    eventually(lambda: found or found.extend(queue.receive(1)) or found, 30, "a dead letter comes")
    [message] = found
    return message["Body"], {name: value["StringValue"] for name, value in
                             message.get("MessageAttributes", {}).items()}


# ---- confirmation ----

def test_a_subscription_is_confirmed_by_its_link(sns, topic, receiver):
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url("/x"))
    assert answer["SubscriptionArn"] == "pending confirmation"
    [request] = receiver.take()
    message = request.json()
    assert list(message) == ["Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL",
                             "Timestamp", "SignatureVersion", "Signature", "SigningCertURL"]
    assert request.path == "/x"
    assert request.headers["content-type"] == "text/plain; charset=UTF-8"
    assert request.headers["x-amz-sns-topic-arn"] == topic
    assert request.headers["x-amz-sns-message-id"] == message["MessageId"]
    assert "x-amz-sns-subscription-arn" not in request.headers
    assert request.headers["user-agent"] == "Amazon Simple Notification Service Agent"
    verify(message)
    with urllib.request.urlopen(message["SubscribeURL"]) as page:
        arn = ET.fromstring(page.read()).findtext(f".//{NAMESPACE}SubscriptionArn")
    assert arn.startswith(topic + ":")
    assert attributes_of(sns, arn)["PendingConfirmation"] == "false"


def test_a_token_confirms_through_the_api_too(sns, topic, receiver):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url())
    token = receiver.take()[0].json()["Token"]
    for _ in range(2):
        arn = sns.confirm_subscription(TopicArn=topic, Token=token,
                                       AuthenticateOnUnsubscribe="true")["SubscriptionArn"]
    assert attributes_of(sns, arn)["ConfirmationWasAuthenticated"] == "true"


@pytest.mark.parametrize("token, text", [
    ("randomtoken", "Invalid parameter: Token"), ("ab" * 140, "Invalid token")])
def test_other_tokens_are_refused_whether_the_topic_exists_or_not(sns, topic, token, text):
    for arn in (topic, topic + "-gone"):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            sns.confirm_subscription(TopicArn=arn, Token=token)
        assert caught.value.response["Error"]["Code"] == "InvalidParameter"
        assert caught.value.response["Error"]["Message"] == text


def test_a_pending_subscription_gets_no_notification(sns, topic, receiver):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url("/pending"))
    receiver.take()
    subscribe(sns, topic, receiver, "/confirmed")
    sns.publish(TopicArn=topic, Message="hello")
    assert receiver.take()[0].path == "/confirmed"
    assert receiver.requests == []


def test_tokens_are_valid_for_two_days(private, loop):
    server, endpoint = private("--test-clock"), Receiver(loop)
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url("/"))
    token = endpoint.take()[0].json()["Token"]
    server.advance(2 * 86400 - 60)
    sns.confirm_subscription(TopicArn=topic, Token=token)
    server.advance(61)
    assert refusal(sns.confirm_subscription, TopicArn=topic, Token=token) == (
        "InvalidParameter", 400, "Invalid token")
    endpoint.close()


def test_a_restored_subscription_has_all_attributes(sns, topic, receiver):
    wanted = {"FilterPolicy": '{"a": ["b"]}', "FilterPolicyScope": "MessageBody",
              "RawMessageDelivery": "true",
              "DeliveryPolicy": FAST,
              "RedrivePolicy": json.dumps({
                  "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:q"})}
    arn = subscribe(sns, topic, receiver, **wanted)
    before = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.unsubscribe(SubscriptionArn=arn)
    urllib.request.urlopen(receiver.take()[0].json()["SubscribeURL"]).close()
    after = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert {name: after[name] for name in wanted} == {name: before[name] for name in wanted}
    assert after["Endpoint"] == before["Endpoint"]


def test_the_link_of_a_notification_unsubscribes_and_another_restores(sns, topic, receiver):
    arn = subscribe(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="hello")
    urllib.request.urlopen(receiver.take()[0].json()["UnsubscribeURL"]).close()
    [request] = receiver.take()
    message = request.json()
    assert request.type == message["Type"] == "UnsubscribeConfirmation"
    assert request.headers["x-amz-sns-subscription-arn"] == arn
    assert arn in message["Message"]
    verify(message)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    urllib.request.urlopen(message["SubscribeURL"]).close()
    sns.publish(TopicArn=topic, Message="again")
    assert receiver.take()[0].json()["Message"] == "again"


def unsubscribe_unsigned(server, arn):
    return server.http.get(server.url, timeout=30, params={
        "Action": "Unsubscribe", "SubscriptionArn": arn}).status_code


def test_a_stranger_unsubscribes_only_what_a_link_has_confirmed(private, receiver):
    signed = private("--auth", "required", "--deliver-to", "any")
    signed.read_credential()
    sns = signed.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    by_link = subscribe(sns, topic, receiver)
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url("/kept"))
    kept = sns.confirm_subscription(
        TopicArn=topic, Token=receiver.take()[0].json()["Token"],
        AuthenticateOnUnsubscribe="true")["SubscriptionArn"]
    queue = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic.replace(":sns:", ":sqs:"),
                          ReturnSubscriptionArn=True)["SubscriptionArn"]
    pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url("/pending"),
                            ReturnSubscriptionArn=True)["SubscriptionArn"]
    for arn in (kept, queue, pending, by_link[:-36] + 36 * "0"):
        assert unsubscribe_unsigned(signed, arn) == 403, arn
    assert unsubscribe_unsigned(signed, by_link) == 200
    left = {item["Endpoint"] for item in
            sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]}
    assert left == {topic.replace(":sns:", ":sqs:"), receiver.url("/kept"),
                    receiver.url("/pending")}


# ---- notifications ----

@pytest.mark.parametrize("version", ["1", "2"])
def test_a_notification_is_signed_and_has_all_members(sns, topic, receiver, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion",
                             AttributeValue=version)
    arn = subscribe(sns, topic, receiver)
    sent = sns.publish(TopicArn=topic, Message="a \"b\"\n\u00e9", Subject="s", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "5"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x01\x02\x03"}})
    [request] = receiver.take()
    message = request.json()
    assert list(message) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL", "UnsubscribeURL", "MessageAttributes"]
    assert message["MessageId"] == sent["MessageId"] == request.headers["x-amz-sns-message-id"]
    assert message["SignatureVersion"] == version
    assert message["Message"] == "a \"b\"\n\u00e9"
    assert message["MessageAttributes"] == {"n": {"Type": "Number", "Value": "5"},
                                            "b": {"Type": "Binary", "Value": "AQID"}}
    assert request.headers["x-amz-sns-subscription-arn"] == arn
    assert request.headers["content-type"] == "text/plain; charset=UTF-8"
    verify(message)


def test_a_raw_notification_is_the_message_alone(sns, topic, receiver):
    policy = json.dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    subscribe(sns, topic, receiver, RawMessageDelivery="true", DeliveryPolicy=policy)
    sns.publish(TopicArn=topic, Message="1;2")
    [request] = receiver.take()
    assert request.body == b"1;2"
    assert request.headers["x-amz-sns-rawdelivery"] == "true"
    assert request.headers["content-type"] == "text/csv"


def test_filters_and_bodies_of_protocols_count(sns, topic, receiver):
    subscribe(sns, topic, receiver, FilterPolicy=json.dumps({"color": ["red"]}))
    for color in ("blue", "red"):
        sns.publish(TopicArn=topic, MessageStructure="json",
                    Message=json.dumps({"default": "other", "http": color}),
                    MessageAttributes={"color": {"DataType": "String", "StringValue": color}})
    [request] = receiver.take()
    assert request.json()["Message"] == "red"
    verify(request.json())
    assert receiver.requests == []


def envelope_of(queue):
    found = []
    eventually(lambda: found or found.extend(queue.bodies(1)) or found, 30, "a message comes")
    return json.loads(found[0])


def test_envelopes_in_queues_are_signed_too(sns, topic, make_queue):
    queue = make_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.publish(TopicArn=topic, Message="hello")
    verify(envelope_of(queue))


def test_signatures_can_be_limited_to_http(private, receiver):
    server = private("--sns-signatures", "http")
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = Queue(server.client("sqs"), "q")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    subscribe(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="hello")
    verify(receiver.take()[0].json())
    message = envelope_of(queue)
    assert message["Message"] == "hello" and "Signature" not in message


def test_the_key_that_signs_survives_a_restart(private, receiver):
    server = private()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscribe(sns, topic, receiver)
    urls = []
    for _ in range(2):
        sns.publish(TopicArn=topic, Message="hello")
        message = receiver.take()[0].json()
        verify(message)
        urls.append(message["SigningCertURL"].rpartition("/")[2])
        server.stop()
        server.start()
        sns = server.client("sns")
    assert urls[0] == urls[1]


# ---- failures ----

def test_a_server_error_is_retried_until_it_is_over(sns, topic, receiver):
    subscribe(sns, topic, receiver)
    receiver.script = [500, 503]
    sns.publish(TopicArn=topic, Message="hello")
    bodies = {request.body for request in receiver.take(3)}
    assert len(bodies) == 1


@pytest.mark.parametrize("steps, code", [
    ([404], None), ([(302, {"Location": "/other"}, b"")], None), ([500] * 4, None),
    (["reset"] * 8, None), ([b"nonsense\r\n\r\n"] * 4, None)],
    ids=["404", "redirect", "500", "reset", "nonsense"])
def test_what_is_given_up_goes_to_the_dead_letter_queue(sns, topic, receiver, make_queue, steps,
                                                        code):
    letters = make_queue("-dlq")
    subscribe(sns, topic, receiver, **dead_letter(letters))
    receiver.script = list(steps)
    sent = sns.publish(TopicArn=topic, Message="hello")
    body, attributes = letter_of(letters)
    assert json.loads(body)["MessageId"] == sent["MessageId"]
    assert set(attributes) >= {"ErrorCode", "ErrorMessage", "RequestID"}
    assert all(request.path == "/" for request in receiver.requests)


def test_permanent_failures_are_tried_once(sns, topic, receiver, make_queue):
    letters = make_queue("-dlq")
    subscribe(sns, topic, receiver, RawMessageDelivery="true", **dead_letter(letters))
    receiver.script = [403]
    sns.publish(TopicArn=topic, Message="hello", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "5"}})
    body, attributes = letter_of(letters)
    assert body == "hello"
    assert attributes["n"] == "5"
    assert len(receiver.requests) == 1


def test_receives_are_limited_on_average(sns, topic, receiver):
    policy = {"throttlePolicy": {"maxReceivesPerSecond": 4}}
    subscribe(sns, topic, receiver, DeliveryPolicy=json.dumps(policy))
    started = time.monotonic()
    for number in range(12):
        sns.publish(TopicArn=topic, Message=str(number))
    assert len({request.body for request in receiver.take(12)}) == 12
    assert time.monotonic() - started > 1


def test_a_deleted_subscription_gets_no_retry(sns, topic, receiver, loop):
    arn = subscribe(sns, topic, receiver)
    receiver.script = [500]
    sns.publish(TopicArn=topic, Message="hello")
    receiver.take()
    sns.unsubscribe(SubscriptionArn=arn)
    other = Receiver(loop)
    subscribe(sns, topic, other)
    other.script = [500, 500]
    sns.publish(TopicArn=topic, Message="later")
    other.take(3)
    other.close()
    assert [request.type for request in receiver.requests] == ["UnsubscribeConfirmation"]


def test_a_huge_answer_does_no_harm(sns, topic, receiver):
    subscribe(sns, topic, receiver)
    receiver.script = [(200, {}, b"x" * 5_000_000)]
    for text in ("one", "two"):
        sns.publish(TopicArn=topic, Message=text)
    assert {request.json()["Message"] for request in receiver.take(2)} == {"one", "two"}


def test_a_hanging_endpoint_delays_no_other(sns, topic, receiver, loop):
    other = Receiver(loop, hosts=["127.0.0.2"])
    subscribe(sns, topic, receiver)
    subscribe(sns, topic, other)
    receiver.script = ["hang"] * 20
    for number in range(20):
        sns.publish(TopicArn=topic, Message=str(number))
    assert len(other.take(20, timeout=10)) == 20
    other.close()


def test_a_certificate_of_an_unknown_authority_is_refused(sns, topic, loop, tmp_path, make_queue,
                                                          receiver):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-keyout", key, "-out", certificate], check=True,
                   capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    wrong = Receiver(loop, context=context)
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=wrong.url())
    subscribe(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="hello")
    receiver.take()
    assert wrong.requests == []
    wrong.close()


def test_a_thousand_endpoints_get_a_message(private, loop):
    server = private("--durability", "os")
    sns = server.client("sns")
    topic = sns.create_topic(Name="many")["TopicArn"]
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    receiver = Receiver(loop, hosts=hosts)
    for host in hosts:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url(host=host))
    for request in receiver.take(1000):
        sns.confirm_subscription(TopicArn=topic, Token=request.json()["Token"])
    sns.publish(TopicArn=topic, Message="hello")
    arrived = {request.headers["host"] for request in receiver.take(1000, timeout=60)}
    assert len(arrived) == 1000
    receiver.close()


def test_deliveries_survive_a_crash(private, loop):
    server = private()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    receiver = Receiver(loop)
    subscribe(sns, topic, receiver, DeliveryPolicy=json.dumps({"healthyRetryPolicy": {
        "minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 100}}))
    receiver.close()
    sent = {sns.publish(TopicArn=topic, Message=str(number))["MessageId"] for number in range(50)}
    server.kill()
    receiver.open()
    server.start()
    arrived = set()
    eventually(lambda: arrived.update(request.json()["MessageId"] for request in
                                      receiver.requests) or arrived >= sent, 60,
               "all messages come")
    receiver.close()


def test_the_list_of_deliveries_hides_the_password_of_an_endpoint(server, sns, topic, loop):
    receiver = Receiver(loop)
    url = receiver.url("/hook").replace("http://", "http://somebody:rosebud@")
    port = url.split("@")[1].split("/")[0]
    receiver.script = [500]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    [request] = receiver.take()
    assert request.headers["authorization"].startswith("Basic ")
    listed = server.get("/_tern/deliveries").text
    assert f"http://{port}" in listed and "rosebud" not in listed
    receiver.close()


# ---- encryption ----

def test_what_waits_is_sealed_and_waits_for_a_disabled_key(private, loop):
    server = private("--durability", "os")
    sns, kms = server.client("sns"), server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    topic = sns.create_topic(Name="t", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    receiver = Receiver(loop)
    subscribe(sns, topic, receiver)
    receiver.script = [500]
    secret = "rosebud-1234567890"
    sns.publish(TopicArn=topic, Message=secret)
    receiver.take()
    kms.disable_key(KeyId=key)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sns.publish(TopicArn=topic, Message="more")
    assert caught.value.response["Error"]["Code"] == "KMSDisabled"
    # The retry was due after a second; those of another topic take three.
    other, witness = sns.create_topic(Name="other")["TopicArn"], Receiver(loop)
    subscribe(sns, other, witness)
    witness.script = [500] * 3
    sns.publish(TopicArn=other, Message="hello")
    witness.take(4)
    witness.close()
    assert receiver.requests == []
    kms.enable_key(KeyId=key)
    [request] = receiver.take()
    assert request.json()["Message"] == secret
    server.stop()
    for path in server.data.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    server.start()
    receiver.close()


# ---- e-mail, SMS ----

def body_of(mail):
    return mail.get_payload(decode=True).decode()


def test_mail_goes_through_the_relay(private, loop):
    relay = MailServer(loop)
    server = private("--smtp-relay", f"127.0.0.1:{relay.port}", "--smtp-from", "sns@example.com")
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    [(sender, recipient, mail)] = relay.take()
    assert sender == "MAIL FROM:<sns@example.com>" and recipient == "me@example.com"
    link = next(line for line in body_of(mail).splitlines() if "Action=ConfirmSubscription" in line)
    urllib.request.urlopen(link).close()
    sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint="json@example.com")
    token = json.loads(body_of(relay.take()[0][2]))["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    relay.script = ["451 later"]
    sns.publish(TopicArn=topic, Message="hello\u00e9", Subject="news")
    # One of the two is refused at first, and tried again after ten seconds.
    found = {recipient: mail for _, recipient, mail in relay.take(2)}
    mail = found["me@example.com"]
    assert mail["Subject"] == "news"
    assert body_of(mail).startswith("hello\u00e9\n")
    assert "Action=Unsubscribe" in body_of(mail)
    assert json.loads(body_of(found["json@example.com"]))["Message"] == "hello\u00e9"


@pytest.fixture
def mail_context(tmp_path):
    """The TLS of a mail server at 127.0.0.1, and the file of its authority."""
    key, certificate = tmp_path / "mail-key", tmp_path / "mail-certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("way, methods", [("start", "PLAIN LOGIN"), ("implicit", "LOGIN")])
def test_mail_goes_through_tls_after_a_login(private, loop, mail_context, password_file, way,
                                             methods):
    context, certificate = mail_context
    relay = MailServer(loop, context, way == "start", methods)
    server = private("--smtp-relay", f"127.0.0.1:{relay.port}", "--smtp-tls", way, "--smtp-user",
                     "me", "--smtp-password-file", password_file, "--deliver-ca", certificate)
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    assert relay.take()[0][1] == "me@example.com"
    assert relay.logins == [[b"me", b"s3cret"]]


@pytest.mark.parametrize("way", ["start", "implicit"])
def test_a_mail_server_that_the_authority_does_not_know_gets_nothing(private, loop, mail_context,
                                                                     password_file, way):
    relay = MailServer(loop, mail_context[0], way == "start")
    server = private("--smtp-relay", f"127.0.0.1:{relay.port}", "--smtp-tls", way, "--smtp-user",
                     "me", "--smtp-password-file", password_file)
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    eventually(lambda: "certificate" in server.get("/_tern/deliveries").text)
    assert relay.mails == [] and relay.logins == []


def test_settings_of_the_mail_server_are_checked(tmp_path, password_file):
    shared = tmp_path / "shared"
    shared.write_text("x")
    shared.chmod(0o644)
    for flags, text in (
            (["--smtp-relay", "mail"], "no HOST:PORT"),
            (["--smtp-from", "nobody"], "no e-mail address"),
            (["--smtp-user", "me"], "set together"),
            (["--smtp-user", "me", "--smtp-password-file", password_file], "needs smtp-tls"),
            (["--smtp-tls", "start", "--smtp-user", "me", "--smtp-password-file", shared],
             "can be read by others")):
        said = ternd_refusal("--smtp-relay", "127.0.0.1:25", "--data", tmp_path / "data", *flags,
                             status=2)
        assert text in said, said


def test_sms_goes_to_the_webhook(private, loop):
    gateway = Receiver(loop)
    server = private("--sms-webhook", gateway.url("/sms"))
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+4912345678")
    sent = sns.publish(TopicArn=topic, Message="hello")
    [request] = gateway.take()
    assert request.path == "/sms"
    message = request.json()
    assert message["Endpoint"] == "+4912345678" and message["Message"] == "hello"
    assert message["MessageId"] == sent["MessageId"]
    gateway.close()


def test_messages_to_telephones_go_to_the_webhook(private, loop):
    gateway = Receiver(loop)
    server = private("--sms-webhook", gateway.url("/sms"))
    sns = server.client("sns")
    sent = sns.publish(PhoneNumber="+4912345678", Message="hello", MessageAttributes={
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "tern"}})
    [request] = gateway.take()
    assert request.json() == {
        "Protocol": "sms", "Endpoint": "+4912345678", "MessageId": sent["MessageId"],
        "Message": "hello",
        "MessageAttributes": {"AWS.SNS.SMS.SenderID": {"Type": "String", "Value": "tern"}}}
    for number in ("+123", "12345678901234567", "+49 123", ""):
        assert refusal(sns.publish, PhoneNumber=number, Message="x") == invalid(
            f"PhoneNumber Reason: {number} is not valid to publish to")
    assert refusal(sns.publish, PhoneNumber="+4912345678", Message="x" * 1601) == invalid(
        "Message too long")
    sns.publish(PhoneNumber="+4912345678", Message="x" * 1600)
    gateway.take()
    gateway.close()


def test_operations_of_telephones_are_unknown(server):
    sns = server.client("sns")
    for call in (sns.list_phone_numbers_opted_out, sns.get_sms_attributes):
        assert refusal(call)[:2] == ("InvalidAction", 400)
