# SPDX-License-Identifier: MIT
"""The README's tour on real input, with its counts added up.

329 GitHub events go in by batches from boto3, survive a SIGKILL of the server, are consumed by the
JavaScript SDK with some refused on purpose, arrive in the dead-letter queue after three receives,
are looked at, moved back and consumed. Each body is followed by its digest through all of it. Five
of the events come twice with the same body, hence counters and not sets.
"""
import collections
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from ternd import BUILD, ROOT

TOUR = ROOT / "examples" / "tour"
PACKAGES = ROOT / "tests" / "js" / "node_modules"
EVENTS = PACKAGES / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json"
REFUSED = ("push", "release")
RECEIVES = 3


def digest(body):
    return hashlib.sha256(body.encode()).hexdigest()


def events():
    """The digests of the events that are handled at once, and of those refused at first."""
    handled, refused = collections.Counter(), collections.Counter()
    for kind in json.loads(EVENTS.read_text()):
        bodies = (json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
                  for payload in kind["examples"])
        (refused if kind["name"] in REFUSED else handled).update(map(digest, bodies))
    return handled, refused


@pytest.fixture
def tour(private, tmp_path):
    """A folder as the README makes it, and a server with the default durability."""
    for file in TOUR.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    return Tour(private(), tmp_path)


class Tour:
    def __init__(self, server, directory):
        self.server, self.directory = server, directory

    def run(self, *command):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("AWS_", "TERN_"))} | {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        done = subprocess.run([str(part) for part in command], cwd=self.directory, text=True,
                              env=environment, capture_output=True, timeout=100)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tern(self, *arguments):
        return self.run(BUILD / "tern", *arguments)

    def tern_json(self, *arguments):
        return [json.loads(line) for line in
                self.tern(*arguments, "--output", "json").splitlines()]

    def consume(self, *arguments):
        """What consume.mjs says, and its receives as {(action, receive count): digests}."""
        log = self.directory / "receives"
        log.unlink(missing_ok=True)
        output = self.run("node", "consume.mjs", "webhooks", "--log", log, *arguments)
        receives = collections.defaultdict(collections.Counter)
        for line in log.read_text().splitlines():
            action, count, body = line.split()
            receives[action, int(count)][body] += 1
        return output, dict(receives)

    def messages(self, queue):
        """All messages of a queue, looked at without receiving."""
        found, after = [], 0
        while after is not None:
            page = self.server.get(
                f"/_tern/queues/000000000000/{queue}/messages", params={"after": after}).json()
            found += [entry["message"] for entry in page["messages"]]
            after = page.get("next")
        return found

    def digests(self, queue):
        return collections.Counter(digest(message["Body"]) for message in self.messages(queue))


def test_the_tour(tour):
    handled, refused = events()
    assert (handled.total(), refused.total()) == (309, 20)
    tour.tern("queue", "create", "webhooks-failed")
    tour.tern("queue", "create", "webhooks", "--dlq", "webhooks-failed", "--receives", RECEIVES)

    output = tour.run(sys.executable, "send.py", "webhooks")
    assert output == "sent 329 events to webhooks in 33 requests\n"
    tour.server.kill()
    tour.server.start()
    assert tour.digests("webhooks") == handled + refused

    output, receives = tour.consume("--refuse", ",".join(REFUSED))
    assert output == "handled 309 events, refused 60 receives\n"
    assert receives == {("handled", 1): handled, ("refused", 1): refused, ("refused", 2): refused,
                        ("refused", 3): refused}
    assert tour.digests("webhooks") == collections.Counter()
    assert tour.digests("webhooks-failed") == refused

    [queue] = tour.tern_json("dlq", "ls")
    assert queue["ApproximateNumberOfMessages"] == refused.total()
    failed = tour.tern_json("dlq", "peek", "webhooks-failed", "--max", "100", "--full")
    assert collections.Counter(digest(message["Body"]) for message in failed) == refused
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in failed} == {"3"}
    assert "20 messages moved" in tour.tern("dlq", "redrive", "webhooks-failed")
    assert tour.digests("webhooks-failed") == collections.Counter()
    assert tour.digests("webhooks") == refused

    output, receives = tour.consume()
    assert output == "handled 20 events, refused 0 receives\n"
    assert receives == {("handled", 1): refused}
    assert tour.digests("webhooks") == tour.digests("webhooks-failed") == collections.Counter()
