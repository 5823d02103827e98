# SPDX-License-Identifier: MIT
"""Full and failing disks, damage, newer versions, a second server: what ternd does and says."""
import errno
import re
import struct
import subprocess

import botocore.exceptions
import pytest

from catalog import crc32c
from ternd import Server, eventually

SMALL = ("--segment-mib", 2)
BODY_SIZE = 100_000
CHECKPOINT_HEADER_SIZE = 48


def send(server, url, *bodies):
    for body in bodies:
        server.client().send_message(QueueUrl=url, MessageBody=body)


def create(server, name="q", **attributes):
    return server.client().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def receive(server, url, most=10):
    return server.client().receive_message(
        QueueUrl=url, MaxNumberOfMessages=most).get("Messages", [])


def drain(server, url):
    """Receives and deletes until nothing comes; gives the bodies."""
    bodies = []
    while batch := receive(server, url):
        bodies += [message["Body"] for message in batch]
        server.client().delete_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(batch)])
    return bodies


def refusal(call, *arguments):
    """The status and the text of the fault that the call must meet."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def status(server):
    return server.get("/_tern/health").json()["status"]


def refused_start(server):
    """Starts a server that must give up; what it says last."""
    server.spawn()
    assert server.wait() == 1
    return server.log().splitlines()[-1]


# ---- full ----


def fill(server, url):
    """Sends until the disk is full; gives the bodies that were taken."""
    bodies = []
    while len(bodies) < 1000:
        body = f"{len(bodies)}-".ljust(BODY_SIZE, "x")
        try:
            send(server, url, body)
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            assert "disk is full" in error.response["Error"]["Message"]
            return bodies
        bodies.append(body)
    raise AssertionError("the disk is never full")


def test_a_full_disk_refuses_sends_and_serves_the_rest(small):
    url = create(small)
    bodies = fill(small, url)
    assert len(bodies) > 50
    assert status(small) == "disk-full"
    for _ in range(5):
        message, = receive(small, url, 1)
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        small.client().change_message_visibility(**handle, VisibilityTimeout=60)
        small.client().delete_message(**handle)
        bodies.remove(message["Body"])
    small.kill()
    small.start()
    assert sorted(drain(small, url)) == sorted(bodies)


def test_a_full_disk_goes_on_when_messages_are_deleted(small):
    url = create(small)
    bodies = fill(small, url)
    assert sorted(drain(small, url)) == sorted(bodies)
    eventually(lambda: status(small) == "ok", 20, "the disk has room again")
    assert len(fill(small, url)) >= len(bodies) // 2
    assert small.log().count("the disk has room again") == 1
    assert small.log().count("the disk is full") == 2


def test_a_full_disk_goes_on_when_others_make_room(small):
    url = create(small)
    filler = small.data / "filler"
    filler.write_bytes(bytes(8 << 20))
    bodies = fill(small, url)
    filler.unlink()
    # Nobody asks for anything but its health meanwhile.
    eventually(lambda: status(small) == "ok", 20, "the disk has room again")
    send(small, url, "goes on")
    assert len(drain(small, url)) == len(bodies) + 1


def test_a_server_stops_and_starts_on_a_full_disk(small):
    url = create(small)
    bodies = fill(small, url)
    small.restart()
    assert sorted(drain(small, url)) == sorted(bodies)
    small.stop()


def batch_of(*bodies):
    return [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]


def test_an_alarm_about_a_full_disk_can_fire(small):
    """Batches answer 200, with entries that failed: they count as the server's faults."""
    url = create(small)
    fill(small, url)
    name = 'tern_faults_total{operation="SendMessageBatch",fault="receiver"}'
    answer = small.client().send_message_batch(
        QueueUrl=url, Entries=batch_of("x" * BODY_SIZE, "x" * BODY_SIZE))
    assert len(answer["Failed"]) == 2 and not answer["Failed"][0]["SenderFault"]
    assert small.metrics()[name] == 2


# ---- failing ----


@pytest.mark.parametrize("call", ["fdatasync", "pwrite"])
def test_a_disk_that_fails_ends_all_acknowledging(failing, call):
    url = create(failing)
    send(failing, url, "before")
    failing.fail(f"{call} {errno.EIO}")
    code, text = refusal(send, failing, url, "during")
    assert code == 503 and "The log cannot be written" in text
    # It may be healthy again, but what it lost nobody knows.
    failing.fail("")
    assert refusal(send, failing, url, "after")[0] == 503
    assert refusal(receive, failing, url)[0] == 503
    health = failing.get("/_tern/health")
    assert (health.status_code, health.json()["status"]) == (503, "failed")
    line = next(line for line in failing.log().splitlines() if "the disk refuses" in line)
    assert "file=" in line and "Input/output error" in line
    failing.kill()
    failing.start()
    bodies = drain(failing, url)
    assert "before" in bodies and "after" not in bodies


def test_a_long_poll_ends_when_the_disk_fails(failing):
    url, other = create(failing), create(failing, "other")
    polls = subprocess.Popen(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", failing.url + "/",
         "-d", f"Action=ReceiveMessage&WaitTimeSeconds=20&QueueUrl={other}"],
        stdout=subprocess.PIPE, text=True)
    eventually(lambda: any("waiting" in name and value >= 1
                           for name, value in failing.metrics().items()), 10, "a poll waits")
    failing.fail(f"fdatasync {errno.EIO}")
    assert refusal(send, failing, url, "during")[0] == 503
    assert polls.communicate(timeout=60)[0] == "503"


def test_a_failed_server_stops_in_order(failing):
    url = create(failing)
    failing.fail(f"fdatasync {errno.EIO}")
    refusal(send, failing, url, "during")
    failing.fail("")
    failing.stop()


def test_a_catalog_whose_sync_fails_is_changed_no_more(failing):
    url = create(failing)
    failing.fail(f"catalog.fdatasync {errno.EIO}")
    assert refusal(create, failing, "during")[0] == 500
    health = failing.get("/_tern/health")
    assert (health.status_code, health.json()["status"]) == (503, "failed")
    assert failing.metrics()["tern_catalog_failed"] == 1
    # Later syncs may succeed, but what this one lost nobody knows.
    failing.fail("")
    assert refusal(create, failing, "after")[0] == 500
    assert failing.get("/_tern/health").status_code == 503
    line, = [line for line in failing.log().splitlines() if "catalog cannot be written" in line]
    assert "level=error" in line and "Input/output error" in line
    # The log's disk is well: messages go on.
    send(failing, url, "message")
    assert drain(failing, url) == ["message"]
    failing.restart()
    assert status(failing) == "ok"
    create(failing, "after")


def test_a_queue_whose_deletion_fails_keeps_its_messages(failing):
    url = create(failing)
    send(failing, url, "kept")
    failing.fail(f"catalog.fdatasync {errno.EIO}")
    assert refusal(lambda: failing.client().delete_queue(QueueUrl=url))[0] == 500
    failing.fail("")
    # Back at once, to be received again below.
    message, = failing.client().receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert message["Body"] == "kept"
    failing.restart()
    assert drain(failing, url) == ["kept"]


def test_a_deletion_that_the_log_does_not_take_is_ended_by_the_next_start(failing):
    url, other = create(failing), create(failing, "other")
    send(failing, url, "deleted")
    failing.fail(f"fdatasync {errno.EIO}")
    assert refusal(send, failing, other, "during")[0] == 503
    failing.client().delete_queue(QueueUrl=url)
    failing.fail("")
    failing.kill()
    failing.start()
    assert "does not know" not in failing.log()
    assert failing.metrics()["tern_unknown_queues"] == 0
    assert drain(failing, create(failing)) == []
    # Once and for all.
    failing.restart()
    assert failing.metrics()["tern_queues"] == 2


def test_what_the_catalog_has_taken_is_so_though_the_log_has_failed(failing):
    """A change that ends in an error is the same before and after the next start."""
    url = create(failing)
    failing.fail(f"fdatasync {errno.EIO}")
    assert refusal(send, failing, url, "during")[0] == 503
    assert refusal(create, failing, "new")[0] == 500
    create(failing, "new")  # which is there by now
    refusal(lambda: failing.client().set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "77"}))

    def known():
        timeout = failing.client().get_queue_attributes(
            QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"]
        names = [found.rsplit("/", 1)[1] for found in failing.client().list_queues()["QueueUrls"]]
        return timeout, names

    before = known()
    failing.fail("")
    failing.kill()
    failing.start()
    assert known() == before
    assert before == ("77", ["new", "q"])


# ---- damaged ----


def log_file(server, pattern):
    return sorted((server.data / "log").glob(pattern))[-1]


def find(server, text):
    """The file of the log that holds the text, and where."""
    for path in sorted((server.data / "log").glob("segment-*.log")):
        place = path.read_bytes().find(text.encode())
        if place >= 0:
            return path, place
    raise AssertionError(f"{text} is in no segment")


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def stored(tmp_path, stops):
    """A server that holds five messages and was killed, or stopped in order."""
    server = Server(tmp_path, *SMALL)
    with server:
        # In the clear, so that the messages are found in the files.
        url = create(server, SqsManagedSseEnabled="false")
        send(server, url, *(f"message {i} of the log" for i in range(5)))
        if not stops:
            server.kill()
    return server, url


def test_a_torn_tail_is_cut_and_nothing_else(tmp_path):
    server, url = stored(tmp_path, stops=False)
    path, place = find(server, "message 4")
    overwrite(path, place, bytes(200))
    with server:
        assert "damaged" not in server.log()
        assert drain(server, url) == [f"message {i} of the log" for i in range(4)]


def test_damage_before_the_tail_is_named_and_the_rest_served(tmp_path):
    server, url = stored(tmp_path, stops=False)
    path, place = find(server, "message 2")
    overwrite(path, place, b"M")
    server.start()
    line = next(line for line in server.log().splitlines() if "log is damaged" in line)
    assert "level=error" in line and path.name in line and "offset" in line
    assert [body[8] for body in drain(server, url)] == ["0", "1", "3", "4"]
    server.stop()


def test_damage_found_when_reading_is_named_and_the_rest_served(tmp_path):
    # A checkpoint at the end: the message's record is not replayed at the next start.
    server, url = stored(tmp_path, stops=True)
    path, place = find(server, "message 2")
    overwrite(path, place, b"M")
    server.start()
    assert [body[8] for body in drain(server, url)] == ["0", "1", "3", "4"]
    line = next(line for line in server.log().splitlines() if "message cannot be read" in line)
    assert f"segment={int(path.name[8:18])}" in line and "offset=" in line
    server.stop()


def test_nothing_passes_a_damaged_message_of_its_fifo_group(tmp_path):
    with Server(tmp_path, *SMALL) as server:
        url = create(server, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true",
                     SqsManagedSseEnabled="false")
        for group, body in (("a", "first of a"), ("a", "second of a"), ("b", "first of b")):
            server.client().send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    path, place = find(server, "first of a")
    overwrite(path, place, b"F")
    server.start()
    assert [message["Body"] for message in receive(server, url)] == ["first of b"]
    assert receive(server, url) == []
    server.stop()


def test_a_damaged_checkpoint_is_named_and_the_whole_log_replayed(tmp_path):
    server, url = stored(tmp_path, stops=True)
    path = log_file(server, "checkpoint-*")
    overwrite(path, CHECKPOINT_HEADER_SIZE + 4, b"\xff\xff\xff\xff")
    server.start()
    line = next(line for line in server.log().splitlines() if "log is damaged" in line)
    assert "level=error" in line and path.name in line
    assert len(drain(server, url)) == 5
    server.stop()


def test_without_checkpoint_and_log_the_start_is_refused(tmp_path):
    server, _ = stored(tmp_path, stops=True)
    path = log_file(server, "checkpoint-*")
    overwrite(path, CHECKPOINT_HEADER_SIZE + 4, b"\xff\xff\xff\xff")
    log_file(server, "segment-*").unlink()
    problem = refused_start(server)
    assert "is damaged and cannot be opened" in problem and str(server.data) in problem
    assert path.name in server.log()


def damage_catalog(server, change):
    path = server.data / "catalog" / "data.mdb"
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def make_queues(tmp_path, count=30):
    server = Server(tmp_path, *SMALL)
    with server:
        for i in range(count):
            create(server, f"queue-{i}")
    return server


@pytest.mark.parametrize("pages", [1, 2, 4, 7])
def test_a_catalog_cut_short_is_refused(tmp_path, pages):
    server = make_queues(tmp_path)

    def cut(data):
        del data[pages * 4096 - 100:]

    damage_catalog(server, cut)
    problem = refused_start(server)
    assert "catalog is damaged" in problem and str(server.data) in problem
    assert "restore" in problem
    assert "data.mdb" in server.log() and "cut short" in server.log()


def test_zero_bytes_in_the_catalog_are_refused(tmp_path):
    server = make_queues(tmp_path)
    whole = (server.data / "catalog" / "data.mdb").read_bytes()
    # With its size before it; pages that are no longer used may have the name too.
    places = [match.start() for match in re.finditer(rb"\x07queue-7", whole)]
    pages = [place // 4096 * 4096 for place in places]
    for starts in (pages, [page + 16 for page in pages], places):

        def clear(data, starts=starts):
            data[:] = whole
            for start in starts:
                data[start:start + 200] = bytes(200)

        damage_catalog(server, clear)
        assert "catalog is damaged" in refused_start(server)
    damage_catalog(server, lambda data: data.__setitem__(slice(None), whole))
    with server:
        assert server.metrics()["tern_queues"] == 30


def test_a_newer_format_is_refused_and_left_alone(tmp_path):
    server, url = stored(tmp_path, stops=True)
    path = log_file(server, "journal.meta")
    before = path.read_bytes()
    overwrite(path, 4, struct.pack("<I", 99))
    newer = path.read_bytes()
    problem = refused_start(server)
    assert "was written by another version of Tern" in problem and str(server.data) in problem
    assert path.read_bytes() == newer
    path.write_bytes(before)
    with server:
        assert len(drain(server, url)) == 5


def test_a_newer_batch_is_refused(tmp_path):
    server, _ = stored(tmp_path, stops=False)
    path, _ = find(server, "message 0")
    data = path.read_bytes()
    start = data.rfind(b"TnB1", 0, data.find(b"message 0"))
    header = data[start:start + 4] + struct.pack("<I", 99) + data[start + 8:start + 44]
    overwrite(path, start, header + struct.pack("<I", crc32c(header)))
    assert "was written by another version of Tern" in refused_start(server)


def test_a_second_server_on_the_same_data_is_refused(tmp_path):
    with Server(tmp_path / "first") as first:
        second = Server(tmp_path / "second")
        second.data = first.data
        problem = refused_start(second)
        assert "in use by another ternd" in problem and str(first.data) in problem
        url = create(first)
        send(first, url, "still served")
        assert drain(first, url) == ["still served"]
