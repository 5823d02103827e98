# SPDX-License-Identifier: MIT
"""Nothing in the clear leaves the process by our hand: not to disk, not to a log, not to a core."""
import base64
import os
import resource
import signal

import pytest

BODY = "a-body-that-nobody-else-would-write"
ATTRIBUTE = "an-attribute-that-nobody-else-has"
GROUP = "a-group-of-nobody-else"
DEDUP = "an-id-of-nobody-else"


def forms(secret):
    """A secret as it might be written: as it is, in hex, in base64 at any offset."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + secret)
        # What stands beside it changes the ends.
        yield text[4:-4] if len(secret) > 12 else text


def assert_nowhere(directory, secrets, but=()):
    """No file below the directory holds any of the secrets, in any form."""
    for path in directory.rglob("*"):
        if not path.is_file() or path in but:
            continue
        content = path.read_bytes()
        for secret in secrets:
            for form in forms(secret):
                assert form not in content, f"{form[:40]!r} is in {path}"


def talk(server, name="q.fifo", **attributes):
    """Sends what must not be seen, receives it, and makes mistakes with it."""
    sqs = server.client()
    url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} | attributes)[
        "QueueUrl"]
    sqs.send_message(
        QueueUrl=url, MessageBody=BODY, MessageGroupId=GROUP, MessageDeduplicationId=DEDUP,
        MessageAttributes={"note": {"DataType": "String", "StringValue": ATTRIBUTE}})
    message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert message["Body"] == BODY
    for _ in range(2):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
                                      VisibilityTimeout=60)
    for bad in ({"QueueUrl": url, "MessageBody": BODY},
                {"QueueUrl": url + "x", "MessageBody": BODY, "MessageGroupId": GROUP},
                {"QueueUrl": url, "MessageBody": BODY, "MessageGroupId": GROUP + " "}):
        with pytest.raises(Exception):
            sqs.send_message(**bad)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_disk_and_logs_hold_nothing_in_the_clear(private, tmp_path, log_format):
    server = private("--log-level", "debug", "--log-format", log_format, "--audit", "all")
    talk(server)
    server.restart()
    talk(server, "another.fifo")
    server.stop()
    root = server.data / "root.key"
    secrets = [BODY.encode(), ATTRIBUTE.encode(), bytes.fromhex(root.read_text().strip())]
    assert_nowhere(tmp_path, secrets, but=[root])
    # The audit log names groups, as CloudTrail does.
    audit = server.data / "audit" / "audit.jsonl"
    assert audit.exists()
    assert_nowhere(tmp_path, [GROUP.encode(), DEDUP.encode()], but=[audit])
    # The search finds what is there.
    with pytest.raises(AssertionError):
        assert_nowhere(tmp_path, [b"another.fifo"])


@pytest.fixture
def crash(private, monkeypatch, tmp_path):
    """crash(signal, *flags) ends a server that may write cores; whether one was written."""
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard != resource.RLIM_INFINITY:
        pytest.skip("processes may not write cores here")

    def run(number, *flags):
        # Servers inherit the limit, and lower it themselves or not.
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        try:
            server = private("--durability", "os", *flags)
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
        talk(server)
        server.process.send_signal(number)
        end = os.waitid(os.P_PID, server.process.pid, os.WEXITED | os.WNOWAIT)
        server.kill()
        assert end.si_code in (os.CLD_KILLED, os.CLD_DUMPED) and end.si_status == number
        return end.si_code == os.CLD_DUMPED

    return run


def test_a_crash_leaves_no_core(crash, tmp_path):
    if not crash(signal.SIGABRT, "--core-dumps"):
        pytest.skip("this system writes no cores at all")
    # With a plain file in the working directory: a core has what the search is for.
    cores = [path for path in tmp_path.glob("core*") if path.is_file()]
    assert not cores or any(BODY.encode() in path.read_bytes() for path in cores)
    for path in cores:
        path.unlink()
    for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT):
        assert not crash(number)
    assert not list(tmp_path.glob("core*"))
