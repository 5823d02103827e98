# SPDX-License-Identifier: MIT
"""The root key: where it may come from, and how it is changed without losing anything."""
import os
import pathlib
import shutil
import subprocess

import pytest

from ternd import Server, eventually

BODY = "sealed under the first root key"


def failing(server, *flags):
    """The last line of a start that must not succeed."""
    server.flags += [str(flag) for flag in flags]
    server.spawn()
    assert server.wait() == 1
    return server.log().splitlines()[-1]


def fill(server):
    sqs = server.client()
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody=BODY)


def read(server, name="q"):
    return [message["Body"] for message in server.client().receive_message(
        QueueUrl=name, VisibilityTimeout=0, MaxNumberOfMessages=10)["Messages"]]


def environment_of(process):
    return pathlib.Path(f"/proc/{process.pid}/environ").read_bytes()


# -- sources --

def test_it_may_come_from_the_environment_which_forgets_it(private):
    key = os.urandom(32).hex()
    server = private("--durability", "os", environment={"TERN_ROOT_KEY": key, "OTHER": "stays"})
    fill(server)
    environment = environment_of(server.process)
    assert b"OTHER=stays" in environment
    assert key.encode() not in environment
    assert not (server.data / "root.key").exists()
    server.restart()
    assert read(server) == [BODY]


def test_one_of_the_environment_must_be_a_key(private):
    server = private("--durability", "os")
    server.stop()
    server.environment = {"TERN_ROOT_KEY": "00" * 33}
    assert "64 hex digits" in failing(server)


def test_it_may_be_a_credential_of_systemd(private, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "tern-root-key").write_text(os.urandom(32).hex() + "\n")
    # An access list of systemd looks like this.
    (credentials / "tern-root-key").chmod(0o440)
    server = private("--durability", "os",
                     environment={"CREDENTIALS_DIRECTORY": str(credentials)})
    fill(server)
    server.restart()
    assert read(server) == [BODY]
    assert not (server.data / "root.key").exists()


def test_other_credentials_do_not_matter(private, tmp_path):
    server = private("--durability", "os", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (server.data / "root.key").exists()


def test_two_sources_are_one_too_many(private, tmp_path):
    server = private("--durability", "os")
    server.stop()
    server.environment = {"TERN_ROOT_KEY": "00" * 32}
    problem = failing(server, "--root-key-file", tmp_path / "key")
    assert "more than one way" in problem
    assert "--root-key-file" in problem and "TERN_ROOT_KEY" in problem


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_use_is_refused(private, mode):
    server = private("--durability", "os")
    server.stop()
    key = server.data / "root.key"
    key.chmod(mode)
    assert f"chmod 600 {key}" in failing(server)
    key.chmod(0o400)
    server.start()


# -- changes --

def rotate(server, *flags, prefix=(), environment=None):
    return subprocess.run(
        [*prefix, str(server.binary), "--data", str(server.data), "--rotate-root-key",
         *map(str, flags)],
        capture_output=True, text=True, timeout=60, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("TERN_")}
        | (environment or {}))


def test_a_new_key_takes_the_old_ones_place(private):
    server = private("--durability", "os")
    fill(server)
    server.stop()
    key = server.data / "root.key"
    old = key.read_text()
    done = rotate(server)
    assert done.returncode == 0, done.stderr
    assert str(key) in done.stdout
    assert key.read_text() != old
    assert key.stat().st_mode & 0o777 == 0o600
    server.start()
    assert read(server) == [BODY]
    server.client().send_message(QueueUrl="q", MessageBody="later")
    server.restart()
    assert sorted(read(server)) == ["later", BODY]
    server.stop()
    key.write_text(old)
    assert "not the one that" in failing(server)


def test_changes_add_up(private):
    server = private("--durability", "os")
    sent = []
    for number in range(4):
        sent.append(f"message {number}")
        sqs = server.client()
        sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody=sent[-1])
        server.stop()
        assert rotate(server).returncode == 0
        server.start()
    found = set()
    eventually(lambda: found.update(read(server)) or found == set(sent))


def test_a_key_of_another_place_is_changed_in_two_steps(private, tmp_path):
    old, key_file = os.urandom(32).hex(), tmp_path / "new.key"
    server = private("--durability", "os", environment={"TERN_ROOT_KEY": old})
    fill(server)
    server.stop()
    refused = rotate(server, environment={"TERN_ROOT_KEY": old})
    assert refused.returncode == 1 and "--new-root-key-file" in refused.stderr
    done = rotate(server, "--new-root-key-file", key_file, environment={"TERN_ROOT_KEY": old})
    assert done.returncode == 0, done.stderr
    assert key_file.stat().st_mode & 0o777 == 0o600
    # Both open, until the new one was used.
    server.start()
    assert read(server) == [BODY]
    server.stop()
    server.environment = {"TERN_ROOT_KEY": key_file.read_text().strip()}
    server.start()
    assert read(server) == [BODY]
    assert "the root key was changed" in server.log()
    server.stop()
    server.environment = {"TERN_ROOT_KEY": old}
    assert "not the one that" in failing(server)


def test_a_link_to_the_key_stays_a_link(private, tmp_path):
    kept = tmp_path / "kept.key"
    link = tmp_path / "link.key"
    link.symlink_to(kept)
    kept.write_text(os.urandom(32).hex())
    kept.chmod(0o600)
    server = private("--durability", "os", "--root-key-file", link)
    server.stop()
    old = kept.read_text()
    assert rotate(server, "--root-key-file", link).returncode == 0
    assert link.is_symlink() and kept.read_text() != old
    server.start()


def test_a_server_that_runs_is_left_alone(private):
    server = private("--durability", "os")
    old = (server.data / "root.key").read_text()
    done = rotate(server)
    assert done.returncode == 1 and "in use by another ternd" in done.stderr
    assert (server.data / "root.key").read_text() == old


def test_without_data_there_is_nothing_to_change(private, tmp_path):
    server = private("--durability", "os")
    nowhere = rotate(server, "--data", tmp_path / "nothing")
    assert nowhere.returncode == 1 and "does not exist" in nowhere.stderr
    assert not (tmp_path / "nothing").exists()


CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate",
         "chown", "msync"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("filled"), "--durability", "os")
    with server:
        fill(server)
    yield server
    server.forget()


def trace(server, call, *options):
    # A sanitizer cannot look for leaks in a process that is traced.
    return rotate(server, prefix=["strace", "-f", "-qq", "-y", "-e", f"trace={call}", *options],
                  environment={"ASAN_OPTIONS": "detect_leaks=0"})


@pytest.mark.parametrize("call", CALLS)
def test_a_change_may_be_killed_at_any_call(filled, tmp_path, call):
    """SIGKILL at the first, second, ... call of a kind that has to do with the data directory."""
    if not shutil.which("strace"):
        pytest.fail("strace is missing: tools/setup test")
    server = Server(tmp_path / "server", "--durability", "os")
    lines = tmp_path / "trace"

    def restore():
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.copytree(filled.data, server.data)

    restore()
    assert trace(server, call, "-o", lines).returncode == 0
    numbers = [number for number, line in enumerate(lines.read_text().splitlines(), 1)
               if str(server.data) in line]
    assert numbers or call in ("fdatasync", "ftruncate", "msync", "chown")
    for number in numbers:
        restore()
        done = trace(server, call, "-o", os.devnull, "-e",
                     f"inject={call}:signal=SIGKILL:when={number}")
        assert done.returncode != 0, f"not killed at {call} number {number}"
        with server:
            assert read(server) == [BODY], f"killed at {call} number {number}"
        # What the killed one left behind is no obstacle.
        again = rotate(server)
        assert again.returncode == 0, again.stderr
    with server:
        assert read(server) == [BODY]
