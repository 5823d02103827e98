# SPDX-License-Identifier: MIT
"""What the kernel says of a running ternd, what its build and its systemd unit say."""
import contextlib
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest

from ternd import BUILD, ROOT, Server, eventually, refusal

UNIT = ROOT / "packaging" / "ternd.service"
IS_ROOT = os.geteuid() == 0
COMMANDS = (BUILD / "compile_commands.json").read_text()
IS_SANITIZED = "-fsanitize" in COMMANDS
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
unsanitized = pytest.mark.skipif(IS_SANITIZED, reason="sanitizers work as debuggers do")


def statuses(server):
    """The kernel's view of each thread: {"Uid": ["0", ...], ...}."""
    views = []
    for path in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/status"):
        rows = (line.split(":", 1) for line in path.read_text().splitlines())
        views.append({name: value.split() for name, value in rows})
    assert len(views) > 1
    return views


def modes(directory):
    return {stat.S_IMODE(path.lstat().st_mode) for path in directory.rglob("*") if path.is_file()}


@contextlib.contextmanager
def open_to_others():
    """A directory that another user can reach; pytest's own are closed to all but their owner."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ternd-user-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def serve_as(user, directory, *flags):
    """A server that becomes `user`, who must be able to write the port file."""
    os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    return Server(directory, "--user", user, "--durability", "os", *flags)


# -- the process --

@pytest.mark.parametrize("flags, seccomp", [((), "2"), (("--seccomp", "off"), "0")])
def test_every_thread_is_confined(private, flags, seccomp):
    server = private("--durability", "os", "--threads", "2", *flags)
    server.client().create_queue(QueueName="q")
    for view in statuses(server):
        assert view["NoNewPrivs"] == ["1"]
        assert view["Seccomp"] == [seccomp]


@unsanitized
@pytest.mark.parametrize("flags, dumps", [((), False), (("--core-dumps",), True)])
def test_a_crash_leaves_no_core(tmp_path, flags, dumps):
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if dumps and pattern.startswith("|"):
        pytest.skip("this machine pipes cores to a program")
    where = tmp_path / "cwd"
    where.mkdir()
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("no cores for anybody here")
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    server = Server(tmp_path / "server", "--durability", "memory", *flags)
    home = os.getcwd()
    try:
        os.chdir(where)
        server.start()
    finally:
        os.chdir(home)
    server.process.send_signal(signal.SIGABRT)
    assert server.process.wait(30) == -signal.SIGABRT
    if not pattern.startswith(("|", "/")):
        assert bool(list(where.iterdir())) == dumps
    server.process = None


@unsanitized
@pytest.mark.parametrize("flags, owner", [((), "root"), (("--core-dumps",), "nobody")])
@as_root
def test_memory_is_hidden_from_the_same_user(flags, owner):
    with open_to_others() as directory, serve_as("nobody", directory, *flags) as server:
        path = pathlib.Path(f"/proc/{server.process.pid}/mem")
        assert path.owner() == owner
        seen = subprocess.run(["cat", f"/proc/{server.process.pid}/environ"], capture_output=True,
                              user="nobody", group="nogroup", extra_groups=[], check=False)
        assert (seen.returncode == 0) == (owner == "nobody")


# -- the user --

@as_root
def test_it_becomes_the_user_and_nothing_leads_back():
    with open_to_others() as directory, serve_as("nobody", directory) as server:
        nobody = pwd.getpwnam("nobody")
        for view in statuses(server):
            assert view["Uid"] == [str(nobody.pw_uid)] * 4
            assert view["Gid"] == [str(nobody.pw_gid)] * 4
            assert set(view["Groups"]) <= {str(nobody.pw_gid)}
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(view[kind][0], 16) == 0
        assert {path.owner() for path in server.data.rglob("*")} == {"nobody"}


@as_root
def test_a_root_key_changed_by_root_leaves_all_to_the_user():
    with open_to_others() as directory, serve_as("nobody", directory) as server:
        server.stop()
        (server.data / "catalog/lock.mdb").unlink()
        subprocess.run([BUILD / "ternd", "--data", server.data, "--rotate-root-key"], check=True,
                       capture_output=True, timeout=60)
        assert {path.owner() for path in server.data.rglob("*")} == {"nobody"}
        assert server.data.owner() == "nobody"


@as_root
def test_the_user_can_go_on_with_the_data():
    with open_to_others() as directory:
        server = serve_as("nobody", directory, "--segment-mib", "2").start()
        sqs = server.client()
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        for _ in range(8):  # more than the segments that were there at the start
            sqs.send_message(QueueUrl=url, MessageBody="x" * 900_000)
        server.restart()
        counts = server.client().get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "8"
        server.stop()


@as_root
def test_only_what_root_made_is_given_away():
    with open_to_others() as directory:
        server = serve_as("nobody", directory)
        server.start()
        server.stop()
        other = server.data / "of-another"
        other.write_text("x")
        os.chown(other, 1, 1)
        elsewhere = directory / "elsewhere"
        elsewhere.write_text("x")
        os.link(elsewhere, server.data / "second-name")
        outside = directory / "outside"
        outside.write_text("x")
        (server.data / "link").symlink_to(outside)
        plain = server.data / "of-root"
        plain.write_text("x")
        server.start()
        assert plain.owner() == "nobody"
        assert (other.stat().st_uid, elsewhere.owner(), outside.owner()) == (1, "root", "root")
        server.stop()


@as_root
def test_a_certificate_that_the_user_cannot_read_again_is_told_of(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key", "-out",
                    tmp_path / "certificate", "-days", "2", "-subj", "/CN=x"], check=True,
                   capture_output=True)
    flags = ("--listen", "tls:127.0.0.1:0", "--tls-cert", tmp_path / "certificate", "--tls-key",
             tmp_path / "key")
    with open_to_others() as directory, serve_as("nobody", directory, *flags) as server:
        assert re.search(r"level=warn .*SIGHUP.*file=\S*/key user=nobody", server.log())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "the old certificate stays in use" in server.log())


def test_a_user_that_is_not_there_is_named(tmp_path):
    text = refusal("--data", tmp_path / "data", "--user", "nobody-of-this-name", status=2)
    assert "nobody-of-this-name" in text and "no such user" in text
    assert not (tmp_path / "data").exists()


@as_root
def test_only_root_can_become_somebody(tmp_path):
    with open_to_others() as directory:
        binary = shutil.copy(BUILD / "ternd", directory)
        done = subprocess.run(
            [binary, "--listen", "127.0.0.1:0", "--durability", "memory", "--user", "daemon"],
            user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True,
            timeout=60, check=False)
    assert done.returncode == 2
    assert "only root can become daemon" in done.stderr


@as_root
def test_root_is_warned_of_itself(private):
    warning = 'msg="running as root; --user gives that up"'
    assert warning in private("--auth", "required", "--durability", "memory").log()
    assert warning not in private("--durability", "memory").log()


# -- files --

def test_files_are_for_their_owner_only(tmp_path):
    path = tmp_path / "socket"
    before = os.umask(0)
    try:
        server = Server(tmp_path / "server", "--listen", f"unix:{path}").start()
    finally:
        os.umask(before)
    sqs = server.client()
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="x")
    assert modes(server.data) == {0o600}
    directories = [server.data, *(path for path in server.data.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o700}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.port_file.stat().st_mode) == 0o644
    server.stop()


# -- the build --

@pytest.mark.parametrize("program", ["ternd", "tern"])
def test_programs_are_linked_hardened(program):
    told = subprocess.run(["readelf", "-W", "-h", "-l", "-d", BUILD / program], text=True,
                          capture_output=True, check=True).stdout
    assert re.search(r"Type:\s+DYN", told)
    assert "GNU_RELRO" in told
    assert re.search(r"\(FLAGS_1\).*\bNOW\b.*\bPIE\b", told)
    assert re.search(r"GNU_STACK\s.*\sRW\s", told)
    assert not re.search(r"RPATH|RUNPATH|TEXTREL", told)
    assert not re.search(r"LOAD\s.*\sRWE\s", told)


@pytest.mark.parametrize("program", ["ternd", "tern"])
@unsanitized
def test_programs_are_compiled_hardened(program):
    told = subprocess.run(["readelf", "-W", "--dyn-syms", BUILD / program], text=True,
                          capture_output=True, check=True).stdout
    assert "__stack_chk_fail" in told
    assert "__snprintf_chk" in told
    for entry in json.loads(COMMANDS):
        if "-fstack-clash-protection" not in entry["command"]:
            pytest.fail(entry["file"])
    assert "-D_FORTIFY_SOURCE=3" in COMMANDS
    if os.uname().machine == "x86_64":
        assert "-fcf-protection" in COMMANDS
        assert (BUILD / program).read_bytes().count(b"\xf3\x0f\x1e\xfa") > 100


# -- the unit --

def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], text=True, capture_output=True,
                          check=False).stdout


def members(name):
    """The system calls of a set of systemd's."""
    words = [line.strip() for line in analyze("syscall-filter", name).splitlines()]
    calls = set()
    for word in words:
        if word.startswith("@") and word != name:
            calls |= members(word)
        elif re.fullmatch(r"[a-z_0-9]+", word):
            calls.add(word)
    return calls


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")


@needs_systemd
def test_the_unit_is_rated_ok():
    told = analyze("security", "--offline=true", UNIT)
    found = re.search(r"Overall exposure level for ternd.service: ([\d.]+) (\w+)", told)
    assert float(found[1]) < 2.0
    assert found[2] == "OK"


@needs_systemd
@unsanitized
def test_the_unit_lets_pass_what_ternd_calls(tmp_path):
    text = UNIT.read_text()
    allowed = set()
    for sign, names in re.findall(r"^SystemCallFilter=(~?)(.*)$", text, re.M):
        calls = set().union(*(members(name) if name.startswith("@") else {name}
                              for name in names.split()))
        allowed = allowed - calls if sign else allowed | calls
    assert "read" in allowed and "ptrace" not in allowed
    trace = tmp_path / "trace"
    server = Server(tmp_path / "server", "--threads", "2", "--auth", "required",
                    "--root-key-command", "printf %064d 7")
    command = server.command()
    server.command = lambda: ["strace", "-f", "-qq", "-o", str(trace), *command]
    server.start()
    server.read_credential()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    os.kill(int(trace.read_text().split()[0]), signal.SIGTERM)
    assert server.wait() == 0
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
    assert "pwrite64" in called or "pwritev" in called
    assert called - allowed == set()
