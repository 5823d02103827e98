# SPDX-License-Identifier: MIT
"""The servers that are measured: each is started on 127.0.0.1 with data of its own, and stopped.

A server has a name, an endpoint (host:port), its durability in words, and pids(): all processes
whose CPU and memory are its. It runs on the server's cores only (machine.py).
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "build-bench"
START_S, STOP_S = 60, 20
ANSWER = ('{"MessageId":"7c9d2a10-5b1e-4c57-9d0c-000000000000",'
          '"MD5OfMessageBody":"0123456789abcdef0123456789abcdef"}')


class Missing(Exception):
    """A server that is not installed, and why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(*names):
    for name in names:
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/lib/rabbitmq/bin")
        if found:
            return found
    raise Missing(f"{names[0]} is not installed")


def family(pid):
    """A process and all that it started."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def usage(pids):
    """CPU seconds and resident bytes of processes together."""
    ticks, resident = 0, 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue  # it has ended
        ticks += int(fields[11]) + int(fields[12])
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                resident += int(line.split()[1]) * 1024
    return ticks / os.sysconf("SC_CLK_TCK"), resident


class Peer:
    name = ""
    durability = ""
    flags = ()  # of tern bench
    credentials = {}  # AWS's variables, where it matters which
    is_http = True
    verifies = False  # signatures

    def __init__(self, directory):
        self.directory = pathlib.Path(directory) / self.name.replace(" ", "-")
        self.directory.mkdir(parents=True)
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self):
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.directory, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=os.environ | self.environment(),
                preexec_fn=machine.pinned(machine.SERVER))
        deadline = time.monotonic() + START_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Missing(f"{self.name} does not start: {self.log_tail()}")
            time.sleep(0.005)
        return self

    def log_tail(self):
        text = (self.directory / "log").read_text(errors="replace").strip()
        return text.splitlines()[-1][:200] if text else "no message"

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                pass
            if self.is_http:
                urllib.request.urlopen(self.url, timeout=5).close()
        except urllib.error.HTTPError:
            return True  # it answers, if only with a fault
        except OSError:
            return False
        return True

    def pids(self):
        return family(self.process.pid)

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        started = self.pids()
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in started[1:]:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


class Nginx(Peer):
    name = "nginx"
    durability = "none: `return 200`"
    connections = 4096

    def addresses(self):
        return ["127.0.0.1"]

    def command(self):
        temporary = "".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        listens = " ".join(f"listen {one}:{self.port};" for one in self.addresses())
        (self.directory / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {self.directory}/pid; error_log stderr crit;\n"
            f"events {{ worker_connections {self.connections}; }}\n"
            "http { access_log off; server_tokens off; keepalive_requests 1000000000;\n"
            "keepalive_timeout 600; client_body_buffer_size 256k; client_max_body_size 10m;\n"
            f"default_type application/x-amz-json-1.0; {temporary}\n"
            f"server {{ {listens} location / {{\n"
            "add_header x-amzn-RequestId 7c9d2a10-5b1e-4c57-9d0c-000000000000;\n"
            f"return 200 '{ANSWER}'; }} }} }}\n")
        return [program("nginx"), "-p", str(self.directory), "-c", "nginx.conf"]


class Tern(Peer):
    name = "Tern"
    mode = "fsync"
    durability = "fdatasync before the answer"
    binary = ROOT / "build" / "ternd"
    more = ()

    def command(self):
        return [str(self.binary), "--listen", f"127.0.0.1:{self.port}", "--data",
                str(self.directory / "data"), "--durability", self.mode, "--log-level", "warn",
                *self.more]

    def is_ready(self):
        if "required" in self.more:
            # The first start prints the key as two shell commands, once it serves.
            words = (self.directory / "log").read_text().split()
            self.credentials = dict(word.split("=", 1) for word in words
                                    if word.startswith("AWS_"))
            if len(self.credentials) < 2:
                return False
        return super().is_ready()


class TernInMemory(Tern):
    name = "Tern, memory"
    mode = "memory"
    durability = "none: in memory"


class TernSigned(Tern):
    name = "Tern, signatures verified"
    more = ("--auth", "required")
    verifies = True


class TernThreads(Tern):
    """The engine has a thread of its own, as on a machine with many cores."""
    name = "Tern, two network threads"
    more = ("--threads", "2")


class ElasticMQ(Peer):
    name = "ElasticMQ"
    durability = "none: in memory"

    def command(self):
        if not (PEERS / "elasticmq" / ".installed").exists():
            raise Missing("ElasticMQ is not installed")
        (self.directory / "elasticmq.conf").write_text(
            'include classpath("application.conf")\n'
            f'node-address {{ host = "127.0.0.1", port = {self.port} }}\n'
            f'rest-sqs {{ bind-port = {self.port}, bind-hostname = "127.0.0.1" }}\n'
            "rest-stats { enabled = false }\n")
        return [program("java"), f"-Dconfig.file={self.directory}/elasticmq.conf", "-cp",
                f"{PEERS}/elasticmq/*", "org.elasticmq.server.Main"]


class GoAWS(Peer):
    name = "GoAWS"
    durability = "none: in memory"
    flags = ("--query",)  # 0.4.5 knows no JSON

    def command(self):
        found = sorted(PEERS.glob("goaws-*/cmd"))
        if not found:
            raise Missing("GoAWS is not installed")
        (self.directory / "goaws.yaml").write_text(
            f"Local:\n  Host: 127.0.0.1\n  Port: {self.port}\n  Region: us-east-1\n"
            '  AccountId: "100010001000"\n  LogToFile: false\n')
        return [str(found[-1]), "-config", "goaws.yaml"]


class Moto(Peer):
    name = "moto"
    durability = "none: in memory"

    def command(self):
        server = ROOT / ".venv-bench" / "bin" / "moto_server"
        if not server.exists():
            raise Missing("moto is not installed")
        return [str(server), "-H", "127.0.0.1", "-p", str(self.port)]


class RabbitMQ(Peer):
    name = "RabbitMQ"
    durability = "durable queue, persistent messages, publisher confirms"
    is_http = False

    def __init__(self, directory):
        super().__init__(directory)
        self.epmd_port, self.epmd = free_port(), None

    def environment(self):
        return {
            "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "bench@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{self.directory}/data", "HOME": str(self.directory),
            "RABBITMQ_LOG_BASE": f"{self.directory}/logs",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.directory}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{self.directory}/rabbitmq",
        }

    def command(self):
        found = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        if not found.exists():
            raise Missing("rabbitmq-server is not installed")
        self.epmd = subprocess.Popen(
            [program("epmd"), "-address", "127.0.0.1", "-port", str(self.epmd_port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [str(found)]

    def stop(self):
        super().stop()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()


class Nats(Peer):
    name = "NATS JetStream"
    durability = "file storage, synced every 2 minutes (its default)"
    is_http = False

    def command(self):
        return [program("nats-server"), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd",
                str(self.directory / "data")]


class Redis(Peer):
    name = "Redis streams"
    durability = "appendonly, appendfsync always"
    is_http = False

    def command(self):
        return [program("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--dir",
                str(self.directory), "--appendonly", "yes", "--appendfsync", "always", "--save",
                ""]


class Beanstalkd(Peer):
    name = "beanstalkd"
    durability = "binlog, fsync on every write (-f 0)"
    is_http = False

    def command(self):
        (self.directory / "data").mkdir(exist_ok=True)
        return [program("beanstalkd"), "-l", "127.0.0.1", "-p", str(self.port), "-b",
                str(self.directory / "data"), "-f", "0"]


SQS = [Tern, TernSigned, TernInMemory, ElasticMQ, GoAWS, Moto]
OTHERS = [RabbitMQ, Nats, Redis, Beanstalkd]
