# SPDX-License-Identifier: MIT
"""Fixtures of every Python test: a server shared by the session, servers of one's own, queues.

`server` and `clocked` are shared: use queue names of your own (`name`, `queue`); only `clocked`'s
time moves. `private` makes servers for one test, with any flags; they are stopped at its end,
which must go well.
"""
import itertools

import pytest

from ternd import Server

LOG_LINES = 60
numbers = itertools.count(1)
running = pytest.StashKey()


def share(request, directory, *flags):
    """Runs a server for the whole session; its data goes when it ended well."""
    with Server(directory, "--durability", "os", *flags) as shared:
        request.session.stash.setdefault(running, []).append(shared)
        yield shared
    shared.forget()


@pytest.fixture(scope="session")
def server(tmp_path_factory, request):
    yield from share(request, tmp_path_factory.mktemp("shared"), "--quick-purge",
                     "--host-name", "*.example.com", "--host-name", "queue")


@pytest.fixture(scope="session")
def signed(tmp_path_factory, request):
    """A shared server that wants every request signed by its root credential: key and secret."""
    for shared in share(request, tmp_path_factory.mktemp("signed"), "--quick-purge", "--auth",
                        "required", "--metrics-from", "127.0.0.1"):
        shared.read_credential()
        yield shared


@pytest.fixture
def private(tmp_path, request):
    """private(*flags, **options) starts a Server that only this test uses."""
    servers = request.node.stash.setdefault(running, [])

    def start(*flags, **options):
        made = Server(tmp_path / f"server{len(servers)}", *flags, **options)
        servers.append(made)
        return made.start()

    yield start
    failed = getattr(request.node, "has_failed", False)
    for made in servers:
        if failed:
            made.kill()
        else:
            made.stop()
            made.forget()


@pytest.fixture(scope="session")
def clocked(tmp_path_factory, request):
    """A shared server whose clock each test may move forward with clocked.advance(seconds)."""
    yield from share(request, tmp_path_factory.mktemp("clocked"), "--test-clock")


@pytest.fixture
def name():
    """A queue name that no other test uses."""
    return f"q{next(numbers)}"


@pytest.fixture
def sqs(server):
    return server.client("sqs")


@pytest.fixture
def queue(sqs, name):
    """The URL of a fresh standard queue on the shared server."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture
def fifo(sqs, name):
    """The URL of a fresh FIFO queue on the shared server."""
    return sqs.create_queue(QueueName=name + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.has_failed = True
        for made in item.session.stash.get(running, []) + item.stash.get(running, []):
            tail = "\n".join(made.log().splitlines()[-LOG_LINES:])
            report.sections.append((f"log of ternd in {made.directory}", tail))
    return report
