# SPDX-License-Identifier: MIT
"""SSE-KMS: queues whose messages are sealed under a KMS key."""
import json
import threading

import pytest
from botocore.exceptions import ClientError

from ternd import DEFAULT_ACCOUNT, DEFAULT_REGION, eventually

BODY = "a message under a key"
OTHER = "111122223333"


@pytest.fixture
def kms(server):
    return server.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


@pytest.fixture
def sealed(sqs, name, key):
    """The URL of a queue under `key`."""
    return make(sqs, name, key["KeyId"])


def make(sqs, name, key_id, **attributes):
    return sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key_id} | attributes)[
        "QueueUrl"]


def arn_of(url):
    return f"arn:aws:sqs:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:{url.rsplit('/', 1)[1]}"


def receive(sqs, url, **options):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options).get("Messages", [])


def bodies(sqs, url, **options):
    return [message["Body"] for message in receive(sqs, url, **options)]


def send(sqs, url, body=BODY):
    return sqs.send_message(QueueUrl=url, MessageBody=body)


def assert_refused(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Message"]


def assert_all_refused(sqs, url, code):
    """Sends and receives fail as a whole, everything else goes on."""
    assert_refused(code, sqs.send_message, QueueUrl=url, MessageBody=BODY)
    assert_refused(code, sqs.send_message_batch, QueueUrl=url, Entries=[
        {"Id": "1", "MessageBody": BODY}, {"Id": "2", "MessageBody": BODY}])
    assert_refused(code, sqs.receive_message, QueueUrl=url)
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


# -- names of keys --

@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias-arn"])
def test_a_key_has_many_names(sqs, kms, key, name, form):
    alias = f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    given = {"id": key["KeyId"], "arn": key["Arn"], "alias": alias,
             "alias-arn": f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:{alias}"}[form]
    url = make(sqs, name, given)
    send(sqs, url)
    assert bodies(sqs, url) == [BODY]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["KmsMasterKeyId"] == given
    assert attributes["SqsManagedSseEnabled"] == "false"


def test_the_managed_key_needs_no_making(sqs, kms, name):
    url = make(sqs, name, "alias/aws/sqs")
    sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(number), "MessageBody": str(number)} for number in range(10)])
    assert sorted(bodies(sqs, url)) == [str(number) for number in range(10)]
    assert kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]["KeyManager"] == "AWS"


def test_the_managed_key_may_come_later(sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    send(sqs, url, "before")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    send(sqs, url, "after")
    assert sorted(bodies(sqs, url)) == ["after", "before"]


@pytest.mark.parametrize("given", [
    "alias/of-nobody", "12345678-1234-1234-1234-123456789012", "no key at all",
    f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:key/12345678-1234-1234-1234-123456789012"])
def test_a_key_that_does_not_exist_shows_when_it_is_used(sqs, name, given):
    url = make(sqs, name, given)
    assert_all_refused(sqs, url, "KMS.NotFoundException")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    send(sqs, url)
    assert bodies(sqs, url) == [BODY]


def test_a_key_of_another_use_is_refused(sqs, kms, name):
    signs = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    assert_all_refused(sqs, make(sqs, name, signs["KeyId"]), "KMS.InvalidKeyUsageException")


def test_the_query_protocol_names_the_fault_alike(server, sqs, kms, key, sealed):
    kms.disable_key(KeyId=key["KeyId"])
    answer = server.post("/", data={"Action": "SendMessage", "QueueUrl": sealed,
                                    "MessageBody": BODY, "Version": "2012-11-05"})
    assert answer.status_code == 400
    assert "<Code>KMS.DisabledException</Code>" in answer.text


# -- state --

def test_a_disabled_key_counts_at_once_and_so_does_an_enabled_one(sqs, kms, key, sealed):
    send(sqs, sealed)
    first, = receive(sqs, sealed)
    kms.disable_key(KeyId=key["KeyId"])
    message = assert_refused("KMS.DisabledException", sqs.send_message, QueueUrl=sealed,
                             MessageBody=BODY)
    assert message == f"{key['Arn']} is disabled."
    assert_all_refused(sqs, sealed, "KMS.DisabledException")
    # What needs no key goes on.
    sqs.change_message_visibility(QueueUrl=sealed, ReceiptHandle=first["ReceiptHandle"],
                                  VisibilityTimeout=0)
    kms.enable_key(KeyId=key["KeyId"])
    again, = receive(sqs, sealed)
    assert again["Body"] == BODY
    kms.disable_key(KeyId=key["KeyId"])
    sqs.delete_message(QueueUrl=sealed, ReceiptHandle=again["ReceiptHandle"])
    kms.enable_key(KeyId=key["KeyId"])
    assert receive(sqs, sealed, VisibilityTimeout=0) == []
    send(sqs, sealed, "more")
    assert bodies(sqs, sealed) == ["more"]


def test_a_key_pending_deletion_counts_at_once(sqs, kms, key, sealed):
    send(sqs, sealed)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert_all_refused(sqs, sealed, "KMS.InvalidStateException")
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert_all_refused(sqs, sealed, "KMS.DisabledException")
    kms.enable_key(KeyId=key["KeyId"])
    assert bodies(sqs, sealed) == [BODY]


def test_a_refused_receive_takes_nothing(sqs, kms, key, sealed):
    send(sqs, sealed)
    kms.disable_key(KeyId=key["KeyId"])
    assert_refused("KMS.DisabledException", sqs.receive_message, QueueUrl=sealed)
    kms.enable_key(KeyId=key["KeyId"])
    message, = receive(sqs, sealed, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_a_message_that_comes_during_a_poll_obeys_the_key_of_then(clocked, name):
    """The key is asked when the message is opened, not only when the poll begins."""
    sqs, kms = clocked.client(), clocked.client("kms")
    keys = [kms.create_key()["KeyMetadata"] for _ in range(2)]
    url = make(sqs, name, keys[0]["KeyId"])
    caught = []

    def poll():
        try:
            caught.append(clocked.client().receive_message(QueueUrl=url, WaitTimeSeconds=20))
        except ClientError as error:
            caught.append(error.response["Error"]["Code"])

    other = make(sqs, name + "-source", keys[1]["KeyId"], RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn_of(url), "maxReceiveCount": 1}))
    send(sqs, other)
    assert bodies(sqs, other, VisibilityTimeout=0) == [BODY]
    thread = threading.Thread(target=poll)
    thread.start()
    kms.disable_key(KeyId=keys[1]["KeyId"])
    kms.enable_key(KeyId=keys[1]["KeyId"])
    # The dead letter, of the other key, comes to the poll once that one is disabled.
    assert sqs.get_queue_attributes(QueueUrl=other, AttributeNames=["QueueArn"])
    sqs.set_queue_attributes(QueueUrl=other, Attributes={"KmsMasterKeyId": keys[0]["KeyId"]})
    kms.disable_key(KeyId=keys[1]["KeyId"])
    assert bodies(sqs, other) == []
    thread.join()
    assert caught == ["KMS.DisabledException"]


# -- messages that outlive what they were sent under --

def test_a_change_of_the_key_leaves_each_message_its_own(sqs, kms, name):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    url = make(sqs, name, keys[0])
    send(sqs, url, "under the first")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": keys[1]})
    send(sqs, url, "under the second")
    assert sorted(bodies(sqs, url, VisibilityTimeout=0)) == ["under the first",
                                                             "under the second"]
    kms.disable_key(KeyId=keys[0])
    assert bodies(sqs, url, VisibilityTimeout=0) == ["under the second"]
    kms.enable_key(KeyId=keys[0])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    send(sqs, url, "under none")
    assert set(bodies(sqs, url, VisibilityTimeout=0)) == {
        "under the first", "under the second", "under none"}


def counts(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def test_what_cannot_be_opened_alone_fails_the_receive_and_is_given_back(sqs, kms, name):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    url = make(sqs, name, key, RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1}))
    send(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    kms.disable_key(KeyId=key)
    for _ in range(3):  # more often than the redrive policy allows: none of them counts
        assert_refused("KMS.DisabledException", sqs.receive_message, QueueUrl=url)
        assert counts(sqs, url) == (1, 0)
    kms.enable_key(KeyId=key)
    message, = receive(sqs, url, MessageSystemAttributeNames=["All"])
    assert message["Body"] == BODY
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert counts(sqs, dead) == (0, 0)


def test_what_cannot_be_opened_lets_others_pass(sqs, kms, name):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    url = make(sqs, name, keys[0])
    send(sqs, url, "under the first")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": keys[1]})
    send(sqs, url, "under the second")
    kms.disable_key(KeyId=keys[0])
    assert_refused("KMS.DisabledException", sqs.receive_message, QueueUrl=url)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "under the second"
    assert counts(sqs, url) == (1, 1)


def test_nothing_passes_what_cannot_be_opened_in_its_group(sqs, kms, name):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    url = make(sqs, name + ".fifo", keys[0], FifoQueue="true", ContentBasedDeduplication="true")

    def send_group(group, body):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)

    def attempt():
        return bodies(sqs, url, ReceiveRequestAttemptId="attempt")

    send_group("g1", "a")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": keys[1]})
    send_group("g1", "b")
    send_group("g2", "c")
    kms.disable_key(KeyId=keys[0])
    assert attempt() == ["c"]
    assert counts(sqs, url) == (2, 1)
    assert attempt() == ["c"], "the attempt repeats what it gave"
    kms.enable_key(KeyId=keys[0])
    assert bodies(sqs, url) == ["a", "b"]


def test_a_dead_letter_keeps_the_key_of_its_source(sqs, kms, name):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    dead = make(sqs, name + "-dead", keys[0])
    source = make(sqs, name, keys[1], RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 1}))
    send(sqs, source)
    assert bodies(sqs, source, VisibilityTimeout=0) == [BODY]
    # A letter moves without its key.
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"KmsMasterKeyId": keys[0]})
    kms.disable_key(KeyId=keys[1])
    assert bodies(sqs, source) == []
    assert_refused("KMS.DisabledException", sqs.receive_message, QueueUrl=dead,
                   VisibilityTimeout=0)
    kms.enable_key(KeyId=keys[1])
    assert bodies(sqs, dead, VisibilityTimeout=0) == [BODY]
    # And back.
    kms.disable_key(KeyId=keys[1])
    sqs.start_message_move_task(SourceArn=arn_of(dead))
    eventually(lambda: sqs.list_message_move_tasks(SourceArn=arn_of(dead))["Results"][0][
        "Status"] == "COMPLETED")
    kms.enable_key(KeyId=keys[1])
    assert bodies(sqs, source) == [BODY]


def test_messages_survive_restarts(private, name):
    server = private("--durability", "os")
    sqs, kms = server.client(), server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    url = make(sqs, name, key)
    managed = make(sqs, name + "-managed", "alias/aws/sqs")
    send(sqs, url, "first life")
    send(sqs, managed, "managed")
    server.restart()
    sqs = server.client()
    send(sqs, name, "second life")
    server.kill()
    server.start()
    sqs = server.client()
    assert sorted(bodies(sqs, name, VisibilityTimeout=0)) == ["first life", "second life"]
    assert bodies(sqs, name + "-managed") == ["managed"]
    server.client("kms").disable_key(KeyId=key)
    server.restart()
    assert_refused("KMS.DisabledException", server.client().receive_message, QueueUrl=name)


def test_fifo_queues_have_keys_too(sqs, key, name):
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true",
        "KmsMasterKeyId": key["KeyId"]})["QueueUrl"]
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="g")
        sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="g")
    assert bodies(sqs, url) == ["0", "1", "2"]


def test_the_largest_message_has_room(sqs, sealed):
    body = "x" * (1024 * 1024)
    send(sqs, sealed, body)
    message, = receive(sqs, sealed)
    assert message["Body"] == body


# -- calls to KMS --

def calls(server, operation):
    return server.metrics()[f'tern_kms_service_calls_total{{operation="{operation}"}}']


def test_kms_is_called_once_a_reuse_period(clocked, name):
    sqs, kms = clocked.client(), clocked.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    url = make(sqs, name, key, KmsDataKeyReusePeriodSeconds="60")
    generated, decrypted = calls(clocked, "GenerateDataKey"), calls(clocked, "Decrypt")
    for _ in range(20):
        send(sqs, url)
    # A sender decrypts its new data key, as with AWS.
    assert calls(clocked, "GenerateDataKey") == generated + 1
    assert calls(clocked, "Decrypt") == decrypted + 1
    for _ in range(5):
        receive(sqs, url, VisibilityTimeout=0)
    assert calls(clocked, "Decrypt") == decrypted + 2
    clocked.advance(61)
    send(sqs, url)
    send(sqs, url)
    assert calls(clocked, "GenerateDataKey") == generated + 2


# -- looking --

def test_looking_says_what_cannot_be_opened(server, sqs, kms, key, sealed, name):
    send(sqs, sealed)
    path = f"/_tern/queues/{DEFAULT_ACCOUNT}/{name}/messages"
    assert server.get(path).json()["messages"][0]["message"]["Body"] == BODY
    kms.disable_key(KeyId=key["KeyId"])
    message, = server.get(path).json()["messages"]
    assert message["sealed"] == {"code": "KMS.DisabledException",
                                 "message": f"{key['Arn']} is disabled."}
    assert "Body" not in message["message"]
    assert message["message"]["MessageId"]
    shown = server.get(f"/_aws/sqs/messages?QueueUrl={sealed}",
                       headers={"Accept": "application/json"})
    assert shown.status_code == 200 and BODY not in shown.text


# -- permission --

def statement(effect, principal, actions, **conditions):
    made = {"Effect": effect, "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"}
    return made | ({"Condition": conditions} if conditions else {})


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def root_of(account):
    return f"arn:aws:iam::{account}:root"


def test_a_key_of_another_account_needs_its_policy(server, sqs, name):
    """The key's owner allows, to be used through SQS only."""
    theirs = server.client("kms", account=OTHER)
    key = theirs.create_key()["KeyMetadata"]
    url = make(sqs, name, key["Arn"])
    assert_all_refused(sqs, url, "KMS.AccessDeniedException")
    allows_all = statement("Allow", root_of(OTHER), "kms:*")
    through = {"StringEquals": {"kms:ViaService": f"sqs.{DEFAULT_REGION}.amazonaws.com",
                                "kms:EncryptionContext:aws:sqs:arn": arn_of(url)}}
    theirs.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy(
        allows_all, statement("Allow", root_of(DEFAULT_ACCOUNT),
                              ["kms:GenerateDataKey", "kms:Decrypt"], **through)))
    send(sqs, url)
    assert bodies(sqs, url, VisibilityTimeout=0) == [BODY]
    # Through another queue it is not allowed.
    other = make(sqs, name + "-other", key["Arn"])
    assert_all_refused(sqs, other, "KMS.AccessDeniedException")
    # To send one needs both, to receive kms:Decrypt.
    theirs.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy(
        allows_all, statement("Allow", root_of(DEFAULT_ACCOUNT), "kms:Decrypt", **through)))
    assert_refused("KMS.AccessDeniedException", sqs.send_message, QueueUrl=url, MessageBody=BODY)
    assert bodies(sqs, url, VisibilityTimeout=0) == [BODY]
    theirs.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy(
        allows_all, statement("Allow", root_of(DEFAULT_ACCOUNT), "kms:GenerateDataKey", **through)))
    assert_refused("KMS.AccessDeniedException", sqs.send_message, QueueUrl=url, MessageBody=BODY)
    assert_refused("KMS.AccessDeniedException", sqs.receive_message, QueueUrl=url)


def user_of(signed, name, *statements):
    """A client of a new user who may do that."""
    iam = signed.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return signed.client(account=made["AccessKeyId"], secret=made["SecretAccessKey"])


def allow(*actions):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def test_a_user_needs_permission_for_the_key_as_well(signed, name):
    root = signed.client()
    key = signed.client("kms").create_key()["KeyMetadata"]
    url = make(root, name, key["KeyId"])
    send(root, url)
    without = user_of(signed, name + "-a", allow("sqs:*"))
    assert_refused("KMS.AccessDeniedException", without.send_message, QueueUrl=url,
                   MessageBody=BODY)
    text = assert_refused("KMS.AccessDeniedException", without.receive_message, QueueUrl=url)
    assert "is not authorized to perform: kms:Decrypt on resource: " + key["Arn"] in text
    reader = user_of(signed, name + "-b", allow("sqs:*", "kms:Decrypt"))
    assert bodies(reader, url, VisibilityTimeout=0) == [BODY]
    assert_refused("KMS.AccessDeniedException", reader.send_message, QueueUrl=url,
                   MessageBody=BODY)
    writer = user_of(signed, name + "-c", allow("sqs:*", "kms:GenerateDataKey", "kms:Decrypt"))
    send(writer, url, "of the writer")
    assert sorted(bodies(reader, url)) == [BODY, "of the writer"]


# -- all at once --

def test_a_key_that_comes_and_goes_loses_nothing(private, name):
    """Threads send and receive while the key is disabled and enabled: each call either works or
    says so, and what was acknowledged is there in the end."""
    server = private("--durability", "os", "--threads", "4")
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    url = make(server.client(), name, key, KmsDataKeyReusePeriodSeconds="60")
    sent, received, refused, wrong = set(), set(), [], []
    ends = threading.Event()

    def worker(number):
        sqs = server.client(account=DEFAULT_ACCOUNT)
        count = 0
        while not ends.is_set():
            count += 1
            body = f"{number}-{count}"
            try:
                send(sqs, url, body)
                sent.add(body)
                for message in receive(sqs, url):
                    received.add(message["Body"])
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            except ClientError as error:
                code = error.response["Error"]["Code"]
                (refused if code == "KMS.DisabledException" else wrong).append(code)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        before = len(refused)
        kms.disable_key(KeyId=key)
        eventually(lambda: len(refused) > before or wrong)
        before = len(sent)
        kms.enable_key(KeyId=key)
        eventually(lambda: len(sent) > before or wrong)
    ends.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    # What a receive took while the key went away comes back after its visibility timeout.
    left = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}/{name}/messages").json()["messages"]
    assert sent == received | {message["message"]["Body"] for message in left}
