# SPDX-License-Identifier: MIT
"""Files of the log that are gone: the start names them and serves the rest."""
import pytest

from ternd import Server

SMALL = ("--segment-mib", 2)
BODY_SIZE = 100_000


def filled(path, stops):
    """A server with some segments of messages that was stopped in order, or killed."""
    server = Server(path, *SMALL)
    with server:
        url = server.client().create_queue(QueueName="q")["QueueUrl"]
        for i in range(60):
            server.client().send_message(QueueUrl=url, MessageBody=f"{i}-".ljust(BODY_SIZE, "x"))
        if not stops:
            server.kill()
    return server, url


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("which", ["first", "last"])
def test_a_missing_segment_is_named_at_the_start(tmp_path, which, stops):
    server, url = filled(tmp_path, stops)
    segments = sorted((server.data / "log").glob("segment-*.log"))
    assert len(segments) >= 3
    gone = segments[0 if which == "first" else -1]
    aside = tmp_path / gone.name
    gone.rename(aside)
    if which == "first" and not stops:
        # Without a checkpoint nothing tells what the log begins with.
        server.spawn()
        assert server.wait() == 1
        assert gone.name in server.log() and "missing" in server.log()
    else:
        server.start()
        line = next(line for line in server.log().splitlines() if "log is damaged" in line)
        assert "level=error" in line and gone.name in line and "missing" in line
        # Messages that cannot be read make some answers empty.
        bodies = []
        for _ in range(60):
            bodies += server.client().receive_message(
                QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        assert 0 < len(bodies) < 60
        server.kill()
