# SPDX-License-Identifier: MIT
"""Parts of data directories that do not belong together: what is refused, and what is never shown.

A data directory is log/, catalog/ and root.key. Whoever puts back one part of a backup must not see
messages of others, and must learn what is wrong.
"""
import re
import shutil
import subprocess

import pytest

from ternd import Server

SMALL = ("--segment-mib", 2)
A, B = "111111111111", "222222222222"


def run(server, *flags):
    """Runs ternd for a task after which it ends."""
    return subprocess.run(
        [str(server.binary), "--data", str(server.data), *map(str, flags)],
        capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"})


def refused_start(server):
    server.spawn()
    assert server.wait() == 1
    return server.log().splitlines()[-1]


def send(server, account, name, body, **attributes):
    sqs = server.client(account=account)
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)


def receive(server, account, name):
    sqs = server.client(account=account)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in answer.get("Messages", [])]


def copy(server, part, to):
    source, target = server.data / part, to / part
    to.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def put_back(server, part, source):
    remove(server, part)
    if (source / part).is_dir():
        shutil.copytree(source / part, server.data / part)
    else:
        shutil.copy2(source / part, server.data / part)


def remove(server, part):
    path = server.data / part
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


@pytest.fixture
def server(tmp_path):
    """A stopped server with a queue of account A, whose empty data directory was copied before."""
    made = Server(tmp_path / "server", *SMALL)
    with made:
        made.client(account=B).create_queue(QueueName="before")
    for part in ("catalog", "log", "root.key"):
        copy(made, part, tmp_path / "old")
    made.old = tmp_path / "old"
    with made:
        # Not encrypted, so that nothing but its number keeps others from it.
        send(made, A, "secret", "of A", SqsManagedSseEnabled="false")
    yield made
    made.kill()


# ---- what does not fit together ----


def test_an_older_catalog_is_refused(server):
    put_back(server, "catalog", server.old)
    problem = refused_start(server)
    assert "catalog/" in problem and "older" in problem and "--repair join" in problem
    # It was not touched.
    assert "older" in refused_start(server)


def test_an_older_log_is_refused(server):
    put_back(server, "log", server.old)
    problem = refused_start(server)
    assert "log/" in problem and "older" in problem and "--repair join" in problem


def test_both_parts_of_a_backup_are_served(server):
    put_back(server, "catalog", server.old)
    put_back(server, "log", server.old)
    with server:
        assert server.get("/_tern/queues").json()["queues"][0]["name"] == "before"


@pytest.mark.parametrize("part", ["catalog", "log"])
def test_a_part_of_another_server_is_refused(server, tmp_path, part):
    with Server(tmp_path / "other", *SMALL) as other:
        send(other, B, "q", "of another server")
    put_back(server, part, other.data)
    problem = refused_start(server)
    assert "different data directories" in problem and "--repair join" in problem


def test_a_log_without_catalog_and_root_key_is_refused(server):
    remove(server, "catalog")
    remove(server, "root.key")
    problem = refused_start(server)
    assert "no catalog" in problem and "root.key" in problem
    assert not (server.data / "root.key").exists()
    assert not (server.data / "catalog" / "data.mdb").exists()


def test_an_empty_catalog_file_is_no_catalog(server):
    (server.data / "catalog" / "data.mdb").write_bytes(b"")
    assert "no catalog" in refused_start(server)


def test_a_catalog_without_log_is_refused(server):
    remove(server, "log")
    problem = refused_start(server)
    assert "no log" in problem and "--repair join" in problem
    assert "no log" in refused_start(server)


def test_the_identity_file_is_checked(server):
    path = server.data / "log" / "identity"
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + b"\xff" + whole[21:])
    assert "identity" in refused_start(server)
    path.unlink()
    assert "--repair join" in refused_start(server)
    path.write_bytes(whole)
    with server:
        assert receive(server, A, "secret") == ["of A"]


# ---- new directories ----


def test_a_new_data_directory_is_logged(tmp_path):
    server = Server(tmp_path / "server", *SMALL)
    with server:
        assert server.log().count("new data directory") == 1
    with server:
        assert server.log().count("new data directory") == 1


@pytest.mark.parametrize("makes", [True, False])
def test_a_data_directory_that_must_exist_is_not_made(tmp_path, makes):
    """As where the file system that holds it is not mounted."""
    server = Server(tmp_path / "server", *SMALL, "--data-must-exist")
    if makes:
        server.data.mkdir()
    problem = refused_start(server)
    assert str(server.data) in problem and "--data-must-exist" in problem and "mounted" in problem
    assert not server.data.exists() or list(server.data.iterdir()) == []


def test_a_data_directory_that_exists_is_served(server):
    server.flags.append("--data-must-exist")
    with server:
        assert receive(server, A, "secret") == ["of A"]


def test_a_first_start_that_was_killed_is_begun_again(tmp_path):
    """SIGKILL at each rename of the first start, which is what makes each step last."""
    server = Server(tmp_path / "server", *SMALL)
    for number in range(1, 20):
        shutil.rmtree(server.data, ignore_errors=True)
        command = server.command
        server.command = lambda command=command, number=number: [
            "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat", "-e",
            f"inject=rename,renameat:signal=SIGKILL:when={number}", *command()]
        server.environment = {"ASAN_OPTIONS": "detect_leaks=0"}
        try:
            server.start()
        except AssertionError:
            server.command = command
            with server:
                assert server.client().list_queues()
            continue
        server.command = command
        server.kill()
        assert number > 3
        return
    raise AssertionError("the first start never ends")


def test_the_log_is_never_ahead_of_a_catalog_that_commits_without_sync(tmp_path):
    """A power cut after the start must not leave a catalog that looks older than its log."""
    server = Server(tmp_path / "server", *SMALL, "--durability", "os")
    trace = tmp_path / "trace"
    command = server.command
    server.command = lambda: ["strace", "-D", "-f", "-qq", "-y", "-o", str(trace), "-e",
                              "trace=rename,renameat,fsync,fdatasync,msync", *command()]
    server.environment = {"ASAN_OPTIONS": "detect_leaks=0"}
    with server:
        pass
    lines = trace.read_text().splitlines()
    renames = [i for i, line in enumerate(lines) if "identity.new" in line and "rename" in line]
    between = "\n".join(lines[renames[-2]:renames[-1]])
    assert re.search("sync.*catalog/data.mdb", between), between


# ---- joining ----


def test_parts_are_joined_when_somebody_says_so(server):
    put_back(server, "catalog", server.old)
    done = run(server, "--repair", "join")
    assert done.returncode == 0, done.stderr
    assert "belong together" in done.stdout
    with server:
        assert "does not know" in server.log()
        assert server.metrics()["tern_unknown_queues"] == 1
        for i in range(20):
            server.client(account=B).create_queue(
                QueueName=f"q{i}", Attributes={"SqsManagedSseEnabled": "false"})
            assert receive(server, B, f"q{i}") == []
    # They are still there for the catalog that knows them.
    with server:
        assert server.metrics()["tern_unknown_queues"] == 1


def test_unknown_queues_are_dropped_when_somebody_says_so(server):
    put_back(server, "catalog", server.old)
    assert run(server, "--repair", "join").returncode == 0
    server.flags.append("--drop-unknown-queues")
    with server:
        assert server.metrics()["tern_unknown_queues"] == 0
        assert re.search("messages of unknown queues.*dropped", server.log())
    server.flags.pop()
    with server:
        assert server.metrics()["tern_unknown_queues"] == 0


def test_a_catalog_without_log_is_joined_with_an_empty_one(server):
    remove(server, "log")
    assert run(server, "--repair", "join").returncode == 0
    with server:
        assert receive(server, A, "secret") == []
        send(server, A, "secret", "later")
    with server:
        assert receive(server, A, "secret") == ["later"]


@pytest.mark.parametrize("damage", [lambda text: text[:-1] + b"\0", lambda text: text[:10]],
                         ids=["changed", "cut"])
def test_a_damaged_identity_is_joined(server, damage):
    identity = server.data / "log" / "identity"
    identity.write_bytes(damage(identity.read_bytes()))
    assert "--repair join" in refused_start(server)
    done = run(server, "--repair", "join")
    assert done.returncode == 0, done.stderr
    with server:
        assert receive(server, A, "secret") == ["of A"]


def test_a_log_without_catalog_cannot_be_joined(server):
    remove(server, "catalog")
    done = run(server, "--repair", "join")
    assert done.returncode == 1 and "no catalog" in done.stderr


def test_a_server_that_runs_is_not_repaired(server):
    with server:
        done = run(server, "--repair", "join")
        assert done.returncode == 1 and "in use by another ternd" in done.stderr


def test_a_number_is_never_used_again(server):
    """Also by a copy of the catalog from the middle of a run, which looks like the present one."""
    with server:
        copy(server, "catalog", server.old.parent / "middle")
        send(server, A, "later", "of A too", SqsManagedSseEnabled="false")
        server.kill()
    put_back(server, "catalog", server.old.parent / "middle")
    with server:
        assert server.metrics()["tern_unknown_queues"] == 1
        for i in range(5):
            server.client(account=B).create_queue(
                QueueName=f"q{i}", Attributes={"SqsManagedSseEnabled": "false"})
            assert receive(server, B, f"q{i}") == []
