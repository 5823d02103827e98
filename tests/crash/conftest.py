# SPDX-License-Identifier: MIT
"""Options and servers of the crash tests: --rounds N kills the server N times in each of them."""
import os
import subprocess

import pytest

from ternd import BUILD, Server

SMALL = ("--segment-mib", 2)


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=int(os.environ.get("TERN_CRASH_ROUNDS", "0")),
                     help="how often the crash tests kill their server; 0: as marked")


def pytest_generate_tests(metafunc):
    if "rounds" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("rounds")
        metafunc.parametrize("rounds", [metafunc.config.getoption("--rounds", 0) or marker.args[0]])


@pytest.fixture
def small(tmp_path):
    """A server whose data, and nothing else, is on a file system of 32 MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tern-test", path],
                          check=False, capture_output=True)
    if made.returncode:
        pytest.skip("no right to mount")
    server = Server(tmp_path / "server", *SMALL)
    server.data = path / "data"
    server.start()
    yield server
    server.kill()
    subprocess.run(["umount", path], check=True)


@pytest.fixture(params=["direct", "buffered"])
def faulty(request, start_faulty):
    """faulty(*flags) starts a server of start_faulty that commits in one of the ways."""
    return lambda *flags: start_faulty("--commits", request.param, *flags)


@pytest.fixture
def start_faulty(tmp_path):
    """start_faulty(*flags) starts a server; its fail(text) lets calls fail as faults.c says."""
    library = BUILD / "tests" / "crash" / "faults.so"
    faults = tmp_path / "faults"
    servers = []

    def fail(text):
        if not text:
            faults.unlink(missing_ok=True)
            return
        # Renamed, so that no call reads half of it.
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(faults)

    def start(*flags):
        server = Server(tmp_path / "server", *SMALL, *flags, environment={
            "LD_PRELOAD": str(library), "FAULTS_FILE": str(faults)})
        servers.append(server)
        server.fail = fail
        return server.start()

    yield start
    fail("")
    for server in servers:
        server.kill()


@pytest.fixture
def failing(faulty):
    return faulty()
