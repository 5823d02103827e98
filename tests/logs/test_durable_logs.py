# SPDX-License-Identifier: MIT
"""Log events after restarts and kills, and what lies on the disk."""
import threading
import time

import pytest

from ternd import eventually


def make(logs, **members):
    logs.create_log_group(logGroupName="g", **members)
    logs.create_log_stream(logGroupName="g", logStreamName="s")


def read_all(logs, group="g"):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def put(logs, *lines, at=None):
    now = at or int(time.time() * 1000)
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[
        {"timestamp": now, "message": line} for line in lines])


@pytest.mark.parametrize("rounds", [6])
def test_what_was_acknowledged_survives_kill(private, rounds):
    """Events of several writers, with rotations of the write-ahead log between."""
    server = private()
    make(server.client("logs"))
    acked, unknown = [], set()
    for number in range(rounds):
        stop = threading.Event()

        def write(writer, logs=server.client("logs"), number=number, stop=stop):
            for i in range(10000):
                lines = [f"{number}-{writer}-{i}-{j} " + "x" * 3000 for j in range(40)]
                try:
                    put(logs, *lines)
                except Exception:  # pylint: disable=broad-except
                    unknown.update(line.split()[0] for line in lines)
                    return
                acked.extend(line.split()[0] for line in lines)
                if stop.is_set():
                    return

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
        for writer in writers:
            writer.start()
        before = len(acked)
        eventually(lambda before=before: len(acked) >= before + 3000, what="3,000 events")
        server.kill()
        for writer in writers:
            writer.join()
        server.start()
    found = [line.split()[0] for line in read_all(server.client("logs"))]
    assert len(found) == len(set(found)), "an event is there twice"
    assert set(acked) <= set(found)
    assert set(found) <= set(acked) | unknown


def test_order_of_events_with_the_same_time_survives_a_restart(private):
    server = private()
    make(server.client("logs"))
    lines = [str(i) for i in range(200)]
    put(server.client("logs"), *lines)
    server.restart()
    put(server.client("logs"), *lines, at=1 + int(time.time() * 1000))
    assert read_all(server.client("logs")) == lines + lines


def test_groups_streams_policies_and_figures_survive_a_restart(private):
    server = private()
    logs = server.client("logs")
    make(logs, tags={"a": "1"})
    logs.put_retention_policy(logGroupName="g", retentionInDays=30)
    put(logs, "m")
    before = (logs.describe_log_groups(), logs.describe_log_streams(logGroupName="g"))
    server.kill()
    server.start()
    logs = server.client("logs")
    after = (logs.describe_log_groups(), logs.describe_log_streams(logGroupName="g"))
    for one, other in zip(before, after):
        one.pop("ResponseMetadata")
        other.pop("ResponseMetadata")
        for stream in one.get("logStreams", []) + other.get("logStreams", []):
            assert abs(stream.pop("lastIngestionTime") - time.time() * 1000) < 60000
        assert one == other


def files_of(server):
    return [path for path in (server.data / "logs").rglob("*") if path.is_file()]


def test_no_text_is_on_the_disk_in_clear(private):
    server = private()
    make(server.client("logs"))
    put(server.client("logs"), "a-very-secret-text " * 50)
    server.restart()  # flushes
    put(server.client("logs"), "a-very-secret-text " * 50)
    contents = [path.read_bytes() for path in files_of(server)]
    assert contents and not any(b"very-secret" in content for content in contents)


def test_events_are_compressed(private):
    server = private()
    make(server.client("logs"))
    for i in range(40):
        put(server.client("logs"), *[
            f"2026-11-30T12:00:{i:02} INFO request {i * 1000 + j} took {j} ms"
            for j in range(1000)])
    server.restart()
    size = eventually(lambda: sum(path.stat().st_size for path in files_of(server)
                                  if not path.name.startswith("wal-")))
    stored = server.client("logs").describe_log_groups()["logGroups"][0]["storedBytes"]
    assert stored > 40000 * 60
    assert size < stored / 5


def test_retention_hides_and_then_deletes_events(private):
    server = private("--test-clock")
    logs = server.client("logs")
    make(logs)
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    put(logs, "old " + "x" * 5000)
    assert len(read_all(logs)) == 1
    server.advance(86400 + 60)
    assert read_all(logs) == []
    put(logs, "new", at=int(time.time() * 1000) + 86400000 + 60000)
    for _ in range(4):
        server.advance(86400)

    def is_small():
        server.advance(86400)
        return sum(path.stat().st_size for path in files_of(server)) < 2000

    eventually(is_small, what="the deletion of expired events")
    assert read_all(logs) == []


def test_a_deleted_group_leaves_no_files(private):
    server = private()
    logs = server.client("logs")
    make(logs)
    put(logs, "m")
    server.restart()
    logs = server.client("logs")
    assert [path for path in files_of(server) if not path.name.startswith("wal-")]
    logs.delete_log_group(logGroupName="g")
    eventually(lambda: not [path for path in files_of(server)
                            if not path.name.startswith("wal-")])
    make(logs)
    assert read_all(logs) == []


def test_with_durability_memory_nothing_is_left(private):
    server = private("--durability", "memory")
    logs = server.client("logs")
    make(logs)
    put(logs, *[f"{i} " + "x" * 1000 for i in range(900)])
    for _ in range(10):
        put(logs, *["y" * 1000 for _ in range(900)])
    assert len(read_all(logs)) == 9900
    server.stop()
    assert not (server.data / "logs").exists()
